import CZstd

/// Writes lines of text to a zstd file, such as `.jsonl.zst`, in constant memory.
///
/// The file grows under the name `path.partial` and takes its own name in `finish`. Not for use by two threads at
/// once.
public final class ZstdLineWriter {
  private let path: String
  private let file: OutputFile
  private let context: OpaquePointer
  private let output: UnsafeMutableRawBufferPointer
  private var pending: [UInt8] = []

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - path: where.
  ///   - level: zstd's compression level, 1…19.
  /// - Throws: `ArchiveError.cannotWrite`.
  public init(path: String, level: Int = 3) throws(ArchiveError) {
    self.path = path
    file = try OutputFile(path: path)
    guard let context = ZSTD_createCCtx() else { throw .cannotWrite(archive: path, detail: "out of memory") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(max(1, min(19, level))))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    output = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
  }

  deinit {
    ZSTD_freeCCtx(context)
    output.deallocate()
  }

  /// Adds a line; the newline is added here.
  public func append(_ line: String) throws(ArchiveError) {
    try file.checkOpen()
    pending.append(contentsOf: line.utf8)
    pending.append(10)
    if pending.count >= 1 << 17 { try flush(ZSTD_e_continue) }
  }

  /// Completes the file and gives it its name.
  public func finish() throws(ArchiveError) {
    try file.checkOpen()
    try flush(ZSTD_e_end)
    try file.finish()
  }

  private func flush(_ mode: ZSTD_EndDirective) throws(ArchiveError) {
    var used = 0
    while true {
      var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      let remaining = pending.withUnsafeBytes { bytes in
        var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: used)
        defer { used = source.pos }
        return ZSTD_compressStream2(context, &target, &source, mode)
      }
      guard ZSTD_isError(remaining) == 0 else {
        throw .cannotWrite(archive: path, detail: String(cString: ZSTD_getErrorName(remaining)))
      }
      try file.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<target.pos]))
      if mode == ZSTD_e_end ? remaining == 0 : used == pending.count { break }
    }
    pending.removeAll(keepingCapacity: true)
  }
}
