internal import Foundation

/// Size and time of the last change of a file: what shows that it has been written to.
struct FileStamp: Hashable, Sendable {
  let size: Int
  let seconds: Int
  let nanoseconds: Int

  /// The stamp of a file; nil for a folder and for what is not there.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    size = Int(status.st_size)
    #if canImport(Darwin)
      let changed = status.st_mtimespec
    #else
      let changed = status.st_mtim
    #endif
    (seconds, nanoseconds) = (Int(changed.tv_sec), Int(changed.tv_nsec))
  }
}

/// Whether two paths lead to one file or folder that is there.
func namesSameFile(_ first: String, _ second: String) -> Bool {
  var (one, other) = (stat(), stat())
  guard stat(first, &one) == 0, stat(second, &other) == 0, one.st_mode & S_IFMT != S_IFCHR else {
    return false
  }
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino
}
