#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The bytes of a file, as they lie on disk.
final class FileSource: ByteSource {
  private let path: String
  private let descriptor: Int32
  private let buffer: UnsafeMutableRawBufferPointer
  private var position = 0

  /// Opens `path` for reading.
  init(path: String, bufferSize: Int = 1 << 18) throws(ArchiveError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(archive: path, detail: systemMessage(errno)) }
    buffer = .allocate(byteCount: bufferSize, alignment: 64)
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 {
        position += count
        return UnsafeRawBufferPointer(rebasing: buffer[..<count])
      }
      if count == 0 { return nil }
      if errno != EINTR {
        throw .damaged(archive: path, member: path, byteOffset: position, detail: systemMessage(errno))
      }
    }
  }
}

/// The last `count` bytes of a file, or all of a smaller one.
func fileTail(_ path: String, count: Int) throws(ArchiveError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw .cannotOpen(archive: path, detail: systemMessage(errno)) }
  defer { close(descriptor) }
  let size = lseek(descriptor, 0, SEEK_END)
  lseek(descriptor, max(0, size - count), SEEK_SET)
  var bytes = [UInt8](repeating: 0, count: count)
  let held = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, count) }
  return Array(bytes.prefix(max(0, held)))
}

extension [UInt8] {
  /// Where `pattern` stands last.
  func lastRange(of pattern: [UInt8]) -> Range<Int>? {
    guard count >= pattern.count else { return nil }
    for start in stride(from: count - pattern.count, through: 0, by: -1)
    where self[start...].starts(with: pattern) {
      return start..<(start + pattern.count)
    }
    return nil
  }
}

/// The system's text for an error number.
func systemMessage(_ number: Int32) -> String { String(cString: strerror(number)) }

/// What lies at `path`.
enum FileKind {
  case folder
  case file

  init(path: String, followingLinks: Bool = true) throws(ArchiveError) {
    var status = stat()
    guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
      throw .cannotOpen(archive: path, detail: systemMessage(errno))
    }
    self = status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }
}

/// Names in a folder, sorted by their bytes, hidden ones left out.
func folderEntries(_ path: String) throws(ArchiveError) -> [String] {
  guard let folder = opendir(path) else { throw .cannotOpen(archive: path, detail: systemMessage(errno)) }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
