/// Why a text is no JSON; offsets are byte positions in what was given.
public enum JSONError: Error, Hashable, Sendable {
  /// Something else stands where a part of a value was expected.
  case syntax(String, offset: Int)
  /// An object has a name twice, and ends at this byte.
  case repeatedName(String, offset: Int)
}

extension JSONError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .syntax(let reason, let offset): "byte \(offset): \(reason)"
    case .repeatedName(let name, let offset): "byte \(offset): the name \"\(name)\" stands twice in an object"
    }
  }
}

extension JSONTree {
  /// How deep values may lie in each other.
  public static let maximumDepth = 64

  /// The one value of a text (RFC 8259), with NaN, Infinity and -Infinity as Python writes them.
  ///
  /// Bytes in a text that are not UTF-8 become U+FFFD, as a note in another encoding is no reason to refuse a number.
  ///
  /// - Parameters:
  ///   - bytes: the text, or what it is part of.
  ///   - range: where in `bytes` it stands; nil for all of them.
  /// - Throws: `JSONError`.
  public init(_ bytes: [UInt8], in range: Range<Int>? = nil) throws(JSONError) {
    self = try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
      var reader = JSONReader(bytes: buffer, range: range ?? buffer.indices)
      return try reader.document()
    }
  }
}

private struct JSONReader {
  let bytes: UnsafeBufferPointer<UInt8>
  let end: Int
  var position: Int

  init(bytes: UnsafeBufferPointer<UInt8>, range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func document() throws(JSONError) -> JSONTree {
    let value = try value(depth: 0)
    skipBlanks()
    guard position == end else { throw bad("text after the end") }
    return value
  }

  private func bad(_ reason: String) -> JSONError { .syntax(reason, offset: position) }

  private var next: UInt8? { position < end ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func take(_ word: StaticString) -> Bool {
    guard end - position >= word.utf8CodeUnitCount else { return false }
    for offset in 0..<word.utf8CodeUnitCount where bytes[position + offset] != word.utf8Start[offset] {
      return false
    }
    position += word.utf8CodeUnitCount
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONTree {
    guard depth < JSONTree.maximumDepth else { throw bad("nested too deep") }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): if take("true") { return .boolean(true) }
    case UInt8(ascii: "f"): if take("false") { return .boolean(false) }
    case UInt8(ascii: "n"): if take("null") { return .null }
    case UInt8(ascii: "N"): if take("NaN") { return .notFinite("NaN") }
    case UInt8(ascii: "I"): if take("Infinity") { return .notFinite("Infinity") }
    case UInt8(ascii: "-"):
      if take("-Infinity") { return .notFinite("-Infinity") }
      return try number()
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
    default: break
    }
    throw bad(position == end ? "the text ends where a value is expected" : "no value")
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONTree {
    position += 1
    var members: [JSONMembers.Member] = []
    skipBlanks()
    if take(UInt8(ascii: "}")) { return .object(JSONMembers([])) }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw bad("expected a name") }
      let name = try string()
      skipBlanks()
      guard take(UInt8(ascii: ":")) else { throw bad("expected a colon") }
      members.append(JSONMembers.Member(name, try value(depth: depth + 1)))
      skipBlanks()
      if take(UInt8(ascii: "}")) { break }
      guard take(UInt8(ascii: ",")) else { throw bad("expected a comma or closing brace") }
    }
    let whole = JSONMembers(members)
    if let name = whole.repeatedName { throw .repeatedName(name, offset: position - 1) }
    return .object(whole)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONTree {
    position += 1
    var elements: [JSONTree] = []
    skipBlanks()
    if take(UInt8(ascii: "]")) { return .array([]) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipBlanks()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw bad("expected a comma or closing bracket") }
    }
  }

  private mutating func number() throws(JSONError) -> JSONTree {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let isZero = next == UInt8(ascii: "0")
    let count = passDigits()
    guard count > 0 else { throw bad("a number without digits") }
    guard count == 1 || !isZero else { throw bad("a number with a leading zero") }
    if take(UInt8(ascii: ".")) {
      guard passDigits() > 0 else { throw bad("a number without digits behind its point") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard passDigits() > 0 else { throw bad("an exponent without digits") }
    }
    return .number(text(start..<position))
  }

  private mutating func passDigits() -> Int {
    let first = position
    while let byte = next, byte >= 48, byte <= 57 { position += 1 }
    return position - first
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    var text = plainText()
    while !take(UInt8(ascii: "\"")) {
      guard position < end else { throw bad("a text without end") }
      guard take(UInt8(ascii: "\\")) else { throw bad("a control character in a text") }
      text.unicodeScalars.append(try escape())
      text += plainText()
    }
    return text
  }

  /// The characters up to the next quote, escape or control character.
  private mutating func plainText() -> String {
    let start = position
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 {
      position += 1
    }
    return text(start..<position)
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard let byte = next else { throw bad("a text without end") }
    position += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": return Unicode.Scalar(byte)
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u":
      let high = try codeUnit()
      guard high & 0xFC00 == 0xD800, take("\\u") else { return try scalar(high) }
      let low = try codeUnit()
      guard low & 0xFC00 == 0xDC00 else { throw bad("half of a surrogate pair") }
      return try scalar(0x10000 + (high & 0x3FF) << 10 + (low & 0x3FF))
    default:
      position -= 1
      throw bad("an unknown escape")
    }
  }

  private func scalar(_ value: UInt32) throws(JSONError) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(value) else { throw bad("half of a surrogate pair") }
    return scalar
  }

  private mutating func codeUnit() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw bad("an escape without four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
