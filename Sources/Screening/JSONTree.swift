/// A JSON value whose numbers keep the digits they were written with.
///
/// Own code because energies are taken as the decimal numbers they are written as, and Foundation's reader gives
/// binary numbers, some of them off by a unit in the last place.
enum JSONTree {
  case object([String: JSONTree])
  case array([JSONTree])
  case string(String)
  case number(String)
  case boolean(Bool)
  case null

  /// The one value of a text, or nil where it is no JSON (RFC 8259; of repeated names the last counts).
  init?(_ bytes: [UInt8]) {
    let tree = bytes.withUnsafeBufferPointer { buffer -> JSONTree? in
      var reader = JSONTreeReader(bytes: buffer)
      guard let value = reader.value(depth: 0), reader.isAtEnd() else { return nil }
      return value
    }
    guard let tree else { return nil }
    self = tree
  }

  /// The value under a name of an object.
  subscript(name: String) -> JSONTree? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var members: [String: JSONTree]? { if case .object(let members) = self { members } else { nil } }
  var elements: [JSONTree]? { if case .array(let elements) = self { elements } else { nil } }
  var isNull: Bool { if case .null = self { true } else { false } }
}

private struct JSONTreeReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func take(_ word: StaticString) -> Bool {
    guard bytes.count - position >= word.utf8CodeUnitCount else { return false }
    for offset in 0..<word.utf8CodeUnitCount where bytes[position + offset] != word.utf8Start[offset] {
      return false
    }
    position += word.utf8CodeUnitCount
    return true
  }

  mutating func isAtEnd() -> Bool {
    skipBlanks()
    return position == bytes.count
  }

  mutating func value(depth: Int) -> JSONTree? {
    guard depth < 64 else { return nil }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "t"): return take("true") ? .boolean(true) : nil
    case UInt8(ascii: "f"): return take("false") ? .boolean(false) : nil
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    default: return number()
    }
  }

  private mutating func object(depth: Int) -> JSONTree? {
    position += 1
    var members: [String: JSONTree] = [:]
    skipBlanks()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\""), let name = string() else { return nil }
      skipBlanks()
      guard take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
      members[name] = value
      skipBlanks()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { return nil }
    }
  }

  private mutating func array(depth: Int) -> JSONTree? {
    position += 1
    var elements: [JSONTree] = []
    skipBlanks()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      guard let value = value(depth: depth + 1) else { return nil }
      elements.append(value)
      skipBlanks()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { return nil }
    }
  }

  private mutating func number() -> JSONTree? {
    let start = position
    func digits() -> Int {
      let first = position
      while let byte = next, byte >= 48, byte <= 57 { position += 1 }
      return position - first
    }
    _ = take(UInt8(ascii: "-"))
    let isZero = next == UInt8(ascii: "0")
    let count = digits()
    guard count == 1 || (count > 1 && !isZero) else { return nil }
    if take(UInt8(ascii: ".")) { guard digits() > 0 else { return nil } }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard digits() > 0 else { return nil }
    }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func string() -> String? {
    position += 1
    let start = position
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 {
      position += 1
    }
    var text = String(decoding: bytes[start..<position], as: UTF8.self)
    while !take(UInt8(ascii: "\"")) {
      if take(UInt8(ascii: "\\")) {
        guard let scalar = escape() else { return nil }
        text.unicodeScalars.append(scalar)
      } else {
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 {
          position += 1
        }
        guard position > start else { return nil }
        text += String(decoding: bytes[start..<position], as: UTF8.self)
      }
    }
    return text
  }

  private mutating func escape() -> Unicode.Scalar? {
    guard let byte = next else { return nil }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      guard let high = codeUnit() else { return nil }
      guard high >= 0xD800, high < 0xDC00 else { return Unicode.Scalar(high) }
      guard take("\\u"), let low = codeUnit(), low >= 0xDC00, low < 0xE000 else { return nil }
      return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    default: return nil
    }
  }

  private mutating func codeUnit() -> UInt32? {
    guard bytes.count - position >= 4 else { return nil }
    defer { position += 4 }
    return UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
  }
}
