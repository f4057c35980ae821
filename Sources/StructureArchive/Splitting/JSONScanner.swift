/// Finds where a JSON value ends without reading what is in it: brackets and strings only.
struct JSONScanner {
  /// How far a scan came; positions count from the start of the bytes.
  enum Result {
    /// The value ends before this position.
    case end(Int)
    /// The bytes end within the value.
    case more
    /// The bytes before this position are the beginning of no value: brackets that do not match, a value without a
    /// key, a line end in a string, two strings side by side.
    case damaged(Int)
  }

  private var depth = 0
  // One bit for each open bracket, 1 for an array; brackets deeper than 64 are counted but not compared.
  private var arrays: UInt64 = 0
  private var inString = false
  private var escaped = false
  private var last: UInt8 = 0

  /// Scans `bytes` from `start`; after `.more` call again with the following bytes to go on.
  ///
  /// The value is an object, an array or a string.
  mutating func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Result {
    var position = start
    let count = bytes.count
    while position < count {
      let byte = bytes[position]
      position += 1
      if inString {
        if escaped {
          escaped = false
        } else if byte == UInt8(ascii: "\\") {
          escaped = true
        } else if byte == UInt8(ascii: "\"") {
          inString = false
          if depth == 0 { return .end(position) }
        } else if byte == 10 {
          return .damaged(position)
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""):
        if last == byte { return .damaged(position) }
        inString = true
        last = byte
      case UInt8(ascii: ","), UInt8(ascii: ":"): last = byte
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        if depth > 0, depth <= 64, arrays & 1 == 0, last != UInt8(ascii: ":") { return .damaged(position) }
        depth += 1
        if depth <= 64 { arrays = arrays << 1 | (byte == UInt8(ascii: "[") ? 1 : 0) }
        last = byte
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth <= 64 {
          if depth == 0 || (arrays & 1 == 1) != (byte == UInt8(ascii: "]")) { return .damaged(position) }
          arrays >>= 1
        }
        depth -= 1
        last = byte
        if depth == 0 { return .end(position) }
      default: break
      }
    }
    return .more
  }

  /// Whether `bytes` begin an object or array that does not end in them.
  static func isCut(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let first = bytes.first { !TextLines.isBlank($0) }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return false }
    var scanner = JSONScanner()
    if case .more = scanner.scan(bytes, from: 0) { return true }
    return false
  }
}
