/// Finds where a JSON value ends without reading what is in it: brackets and strings only.
struct JSONScanner {
  private(set) var depth = 0
  private var inString = false
  private var escaped = false
  private var started = false

  /// Scans `bytes` from `start`; the position after the value, or nil when it does not end in `bytes`.
  ///
  /// The value is an object, an array or a string; call again with the following bytes to go on.
  mutating func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
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
          if depth == 0 { return position }
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): inString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth <= 0 { return position }
      default: break
      }
    }
    return nil
  }

  /// Whether `bytes` begin an object or array that does not end in them.
  static func isCut(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let first = bytes.first { !TextLines.isBlank($0) }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return false }
    var scanner = JSONScanner()
    return scanner.scan(bytes, from: 0) == nil
  }
}
