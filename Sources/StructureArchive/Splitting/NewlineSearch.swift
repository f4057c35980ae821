#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension UnsafeRawBufferPointer {
  /// Position of the first newline at or after `start`.
  func firstNewline(from start: Int) -> Int? { firstPosition(of: 10, from: start) }

  /// Position of the first `byte` at or after `start`.
  func firstPosition(of byte: UInt8, from start: Int) -> Int? {
    guard start < count, let baseAddress else { return nil }
    guard let found = memchr(baseAddress + start, Int32(byte), count - start) else { return nil }
    return UnsafeRawPointer(found) - baseAddress
  }
}
