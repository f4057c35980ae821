import CZstd

/// Writes records as JSON lines into a zstd file of many frames, with an index of them: a packed file.
///
/// Each frame holds `recordsPerFrame` records, the last one fewer, and can be decompressed on its own. After them stand
/// the number of records of each frame (`PackedIndex`) and the seek table of the zstd project's seekable format
/// (`SeekTable`), both in skippable frames, so every zstd decoder reads the file. The same lines give the same bytes.
/// The file grows under the name `path.partial` and takes its own name in `finish`. Not for use by two threads at once.
public final class PackedArchiveWriter {
  /// A frame ends early at this size (bytes, uncompressed), to keep memory flat whatever the records.
  private static let largestFrame = 64 << 20

  private let path: String
  private let recordsPerFrame: Int
  private let file: OutputFile
  private let context: OpaquePointer
  private var pending: [UInt8] = []
  private var pendingRecords = 0
  private var frames: [(packed: Int, size: Int, records: Int)] = []
  private var buffer: [UInt8] = []

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - path: where; it takes its name at the end.
  ///   - recordsPerFrame: at least 1.
  ///   - level: zstd's compression level, 1…19.
  /// - Throws: `ArchiveError.cannotWrite`.
  public init(path: String, recordsPerFrame: Int = 1000, level: Int = 3) throws(ArchiveError) {
    precondition(recordsPerFrame > 0, "a frame holds records")
    self.path = path
    self.recordsPerFrame = recordsPerFrame
    file = try OutputFile(path: path)
    guard let context = ZSTD_createCCtx() else { throw .cannotWrite(archive: path, detail: "out of memory") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(max(1, min(19, level))))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Number of frames written so far.
  public var frameCount: Int { frames.count }

  /// Adds a record: a line of JSON without line ends; the newline is added here.
  public func append(_ line: some Collection<UInt8>) throws(ArchiveError) {
    try file.checkOpen()
    pending.append(contentsOf: line)
    pending.append(10)
    pendingRecords += 1
    if pendingRecords == recordsPerFrame || pending.count >= Self.largestFrame { try endFrame() }
  }

  /// Adds a record; see above.
  public func append(_ line: String) throws(ArchiveError) { try append(line.utf8) }

  /// Completes the file and gives it its name.
  public func finish() throws(ArchiveError) {
    if pendingRecords > 0 { try endFrame() }
    let index = PackedIndex.bytes(records: frames.map(\.records))
    var table: [UInt8] = []
    table.append(littleEndian: SeekTable.tableMagic)
    table.append(littleEndian: UInt32(8 * (frames.count + 1) + 9))
    for frame in frames {
      table.append(littleEndian: UInt32(frame.packed))
      table.append(littleEndian: UInt32(frame.size))
    }
    // The index is a frame without content.
    table.append(littleEndian: UInt32(index.count))
    table.append(littleEndian: UInt32(0))
    table.append(littleEndian: UInt32(frames.count + 1))
    table.append(0)
    table.append(littleEndian: SeekTable.footerMagic)
    try write(index + table)
    try file.finish()
  }

  private func endFrame() throws(ArchiveError) {
    let bound = ZSTD_compressBound(pending.count)
    if buffer.count < bound { buffer = [UInt8](repeating: 0, count: bound) }
    let size = buffer.withUnsafeMutableBytes { target in
      pending.withUnsafeBytes {
        ZSTD_compress2(context, target.baseAddress, target.count, $0.baseAddress, $0.count)
      }
    }
    guard ZSTD_isError(size) == 0 else {
      throw .cannotWrite(archive: path, detail: String(cString: ZSTD_getErrorName(size)))
    }
    frames.append((packed: size, size: pending.count, records: pendingRecords))
    try write(buffer[..<size])
    pending.removeAll(keepingCapacity: true)
    pendingRecords = 0
  }

  private func write(_ bytes: some Sequence<UInt8>) throws(ArchiveError) {
    let array = Array(bytes)
    var failure: ArchiveError?
    array.withUnsafeBytes { pointer in
      do throws(ArchiveError) { try file.write(pointer) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
