#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that grows under the name `path.partial` and takes its own name in `finish`. A device is written to as it is.
public final class OutputFile {
  private let path: String
  private let partial: String
  private var descriptor: Int32

  /// Starts a file at `path`.
  ///
  /// - Throws: `ArchiveError.cannotWrite` for a place that cannot be written.
  public init(path: String) throws(ArchiveError) {
    self.path = path
    var status = stat()
    let isDevice = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    partial = isDevice ? path : path + ".partial"
    descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotWrite(archive: path, detail: systemMessage(errno)) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if partial != path { unlink(partial) }
  }

  /// Throws where the file has been finished.
  func checkOpen() throws(ArchiveError) {
    guard descriptor >= 0 else { throw .cannotWrite(archive: path, detail: "the file is finished") }
  }

  /// Appends bytes.
  ///
  /// - Throws: `ArchiveError.cannotWrite` when the disk is full or fails.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
    try checkOpen()
    var written = 0
    while written < bytes.count, let base = bytes.baseAddress {
      #if canImport(Darwin)
        let step = Darwin.write(descriptor, base + written, bytes.count - written)
      #elseif canImport(Musl)
        let step = Musl.write(descriptor, base + written, bytes.count - written)
      #else
        let step = Glibc.write(descriptor, base + written, bytes.count - written)
      #endif
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw .cannotWrite(archive: path, detail: systemMessage(errno)) }
      written += step
    }
  }

  /// Completes the file and gives it its name.
  ///
  /// - Throws: `ArchiveError.cannotWrite` when the disk is full or fails.
  public func finish() throws(ArchiveError) {
    try checkOpen()
    let status = close(descriptor)
    descriptor = -1
    guard status == 0, partial == path || rename(partial, path) == 0 else {
      let detail = systemMessage(errno)
      if partial != path { unlink(partial) }
      throw .cannotWrite(archive: path, detail: detail)
    }
  }
}
