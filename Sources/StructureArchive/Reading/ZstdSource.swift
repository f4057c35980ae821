import CZstd

/// The uncompressed bytes of a zstd stream: any number of frames, one after the other.
///
/// Used instead of libarchive's filter because that one drops what it has decoded when the input ends early.
final class ZstdSource: ByteSource {
  /// Logarithm of the largest window that a stream is granted: 128 MiB, what zstd's own program grants.
  private static let largestWindowLog: Int32 = 27

  private let archive: String
  private let input: any ByteSource
  private let file: FileSource?
  private let budget: ExpansionBudget?
  private let context: OpaquePointer
  private let output: UnsafeMutableRawBufferPointer
  private var pending = UnsafeRawBufferPointer(start: nil, count: 0)
  private var position = 0
  private var frameIsOpen = false
  private var produced = 0
  /// Where the frame being read began; used to go forward in files alone.
  private var frame = SeekTable.Frame(offset: 0, start: 0, size: 0)
  private lazy var table = file.flatMap { SeekTable($0) }

  /// Whether `bytes` begin a zstd frame or a skippable frame.
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 4 else { return false }
    let magic = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    return magic == 0xFD2F_B528 || magic & 0xFFFF_FFF0 == 0x184D_2A50
  }

  /// A decoder of `input`; `archive` names it in errors.
  convenience init(_ input: any ByteSource, archive: String, budget: ExpansionBudget? = nil)
    throws(ArchiveError)
  {
    try self.init(input, file: nil, archive: archive, budget: budget)
  }

  /// A decoder of `file` from its beginning, which can pass over frames without decompressing them.
  convenience init(file: FileSource, archive: String, budget: ExpansionBudget?) throws(ArchiveError) {
    try self.init(file, file: file, archive: archive, budget: budget)
  }

  private init(
    _ input: any ByteSource, file: FileSource?, archive: String, budget: ExpansionBudget?
  ) throws(ArchiveError) {
    guard let context = ZSTD_createDStream() else {
      throw .cannotOpen(archive: archive, detail: "out of memory")
    }
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZstdSource.largestWindowLog)
    self.context = context
    self.input = input
    self.file = file
    self.archive = archive
    self.budget = budget
    output = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 64)
  }

  deinit {
    ZSTD_freeDStream(context)
    output.deallocate()
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    while target.pos == 0 {
      if position == pending.count {
        guard let chunk = try input.nextChunk() else {
          guard frameIsOpen else { return nil }
          // What the decoder still holds comes out before the error.
          var nothing = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
          _ = ZSTD_decompressStream(context, &target, &nothing)
          if target.pos > 0 { break }
          throw .truncated(archive: archive, member: archive, byteOffset: produced)
        }
        pending = chunk
        position = 0
      }
      var source = ZSTD_inBuffer(src: pending.baseAddress, size: pending.count, pos: position)
      let status = ZSTD_decompressStream(context, &target, &source)
      position = source.pos
      guard ZSTD_isError(status) == 0 else {
        guard ZSTD_getErrorCode(status) != ZSTD_error_frameParameter_windowTooLarge else {
          throw .needsLargerWindow(
            archive: archive, member: archive, limit: 1 << Int(ZstdSource.largestWindowLog))
        }
        let isBetweenFrames =
          !frameIsOpen && ZSTD_getErrorCode(status) == ZSTD_error_prefix_unknown
        let detail =
          isBetweenFrames
          ? "bytes that are no zstd stream follow the last one" : String(cString: ZSTD_getErrorName(status))
        throw .damaged(archive: archive, member: archive, byteOffset: produced, detail: detail)
      }
      frameIsOpen = status != 0
      if status == 0, let file {
        frame = SeekTable.Frame(
          offset: file.position - (pending.count - position), start: produced + target.pos, size: 0)
      }
    }
    produced += target.pos
    try budget?.spend(target.pos)
    return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<target.pos])
  }

  func skip(_ count: Int) throws(ArchiveError) -> Int {
    guard let file else { return 0 }
    let target = produced + count
    let found = table?.frame(holding: target) ?? SeekTable.walk(file, from: frame, to: target)
    // Within the frame that is open nothing but decompressing leads on.
    guard found.offset > frame.offset, found.start >= produced else { return 0 }
    try file.seek(to: found.offset)
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    pending = UnsafeRawBufferPointer(start: nil, count: 0)
    position = 0
    frameIsOpen = false
    frame = found
    defer { produced = found.start }
    return found.start - produced
  }
}
