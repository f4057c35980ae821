#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension UnsafeRawBufferPointer {
  /// Position of the first newline at or after `start`.
  func firstNewline(from start: Int) -> Int? {
    guard start < count, let baseAddress else { return nil }
    guard let found = memchr(baseAddress + start, 10, count - start) else { return nil }
    return UnsafeRawPointer(found) - baseAddress
  }
}
