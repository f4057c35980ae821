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
  /// Position in the file of what comes next.
  private(set) var position = 0
  /// Number of bytes in the file when it was opened.
  let size: Int

  /// Opens `path` for reading.
  init(path: String, bufferSize: Int = 1 << 18) throws(ArchiveError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(archive: path, detail: systemMessage(errno)) }
    var status = stat()
    size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    buffer = .allocate(byteCount: bufferSize, alignment: 64)
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? { try nextChunk(atMost: buffer.count) }

  /// The next piece, of at most `limit` bytes.
  func nextChunk(atMost limit: Int) throws(ArchiveError) -> UnsafeRawBufferPointer? {
    while true {
      let count = read(descriptor, buffer.baseAddress, min(limit, buffer.count))
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

  func skip(_ count: Int) throws(ArchiveError) -> Int {
    let step = min(count, max(0, size - position))
    try seek(to: position + step)
    return step
  }

  /// Goes on reading at `target`.
  func seek(to target: Int) throws(ArchiveError) {
    guard lseek(descriptor, off_t(target), SEEK_SET) == target else {
      throw .damaged(archive: path, member: path, byteOffset: position, detail: systemMessage(errno))
    }
    position = target
  }

  /// The bytes at `offset`, fewer at the end of the file; the place of reading stays.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard count > 0, offset >= 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, held in
      while held < count, let base = buffer.baseAddress {
        let step = pread(descriptor, base + held, count - held, off_t(offset + held))
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { break }
        held += step
      }
    }
  }
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
  /// A pipe, a socket or a device: nothing that is read twice.
  case other

  init(path: String, followingLinks: Bool = true) throws(ArchiveError) {
    var status = stat()
    guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
      throw .cannotOpen(archive: path, detail: systemMessage(errno))
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: self = .folder
    case S_IFREG, S_IFLNK: self = .file
    default: self = .other
    }
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
