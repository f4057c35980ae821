import CZstd

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes lines of text to a zstd file, such as `.jsonl.zst`, in constant memory.
///
/// The file grows under the name `path.partial` and takes its own name in `finish`. Not for use by two threads at
/// once.
public final class ZstdLineWriter {
  private let path: String
  private let partial: String
  private let context: OpaquePointer
  private let output: UnsafeMutableRawBufferPointer
  private var pending: [UInt8] = []
  private var descriptor: Int32

  /// Starts a file at `path`.
  ///
  /// - Parameter level: zstd's compression level, 1…19.
  /// - Throws: `ArchiveError.cannotWrite`.
  public init(path: String, level: Int = 3) throws(ArchiveError) {
    self.path = path
    partial = path + ".partial"
    guard let context = ZSTD_createCCtx() else { throw .cannotWrite(archive: path, detail: "out of memory") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(max(1, min(19, level))))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    output = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
    descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .cannotWrite(archive: path, detail: systemMessage(errno))
    }
  }

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(partial)
    }
    ZSTD_freeCCtx(context)
    output.deallocate()
  }

  /// Adds a line; the newline is added here.
  public func append(_ line: String) throws(ArchiveError) {
    guard descriptor >= 0 else { throw .cannotWrite(archive: path, detail: "the file is finished") }
    pending.append(contentsOf: line.utf8)
    pending.append(10)
    if pending.count >= 1 << 17 { try flush(ZSTD_e_continue) }
  }

  /// Completes the file and gives it its name.
  public func finish() throws(ArchiveError) {
    guard descriptor >= 0 else { throw .cannotWrite(archive: path, detail: "the file is finished") }
    try flush(ZSTD_e_end)
    let status = close(descriptor)
    descriptor = -1
    guard status == 0, rename(partial, path) == 0 else {
      let detail = systemMessage(errno)
      unlink(partial)
      throw .cannotWrite(archive: path, detail: detail)
    }
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
      try write(target.pos)
      if mode == ZSTD_e_end ? remaining == 0 : used == pending.count { break }
    }
    pending.removeAll(keepingCapacity: true)
  }

  private func write(_ count: Int) throws(ArchiveError) {
    var written = 0
    while written < count, let base = output.baseAddress {
      #if canImport(Darwin)
        let step = Darwin.write(descriptor, base + written, count - written)
      #elseif canImport(Musl)
        let step = Musl.write(descriptor, base + written, count - written)
      #else
        let step = Glibc.write(descriptor, base + written, count - written)
      #endif
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw .cannotWrite(archive: path, detail: systemMessage(errno)) }
      written += step
    }
  }
}
