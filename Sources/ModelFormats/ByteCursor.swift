/// A position in a file's bytes; every read is checked against the end.
struct ByteCursor {
  let bytes: [UInt8]
  private(set) var offset: Int

  init(_ bytes: [UInt8], at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  mutating func byte() throws(LegacyTorchError) -> UInt8 {
    guard offset < bytes.count else { throw .truncated(offset: bytes.count) }
    offset += 1
    return bytes[offset - 1]
  }

  /// The range of the next `count` bytes, which are skipped.
  mutating func take(_ count: Int) throws(LegacyTorchError) -> Range<Int> {
    guard count >= 0, count <= bytes.count - offset else { throw .truncated(offset: bytes.count) }
    offset += count
    return offset - count..<offset
  }

  /// An unsigned little-endian number of `width` ≤ 8 bytes.
  mutating func unsigned(_ width: Int) throws(LegacyTorchError) -> UInt64 {
    let range = try take(width)
    return bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A text of `count` bytes.
  mutating func text(_ count: Int) throws(LegacyTorchError) -> String {
    let start = offset
    guard let text = String(validating: bytes[try take(count)], as: UTF8.self) else {
      throw .malformed("text that is not UTF-8", offset: start)
    }
    return text
  }

  /// A text up to, without, the next line feed.
  mutating func line() throws(LegacyTorchError) -> String {
    guard let end = bytes[offset...].firstIndex(of: 10) else { throw .truncated(offset: bytes.count) }
    let text = try text(end - offset)
    offset = end + 1
    return text
  }
}
