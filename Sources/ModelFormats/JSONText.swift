/// The part of JSON that safetensors headers consist of: objects, lists, texts and whole numbers.
///
/// Own code rather than a library because duplicate names must be refused, where libraries keep one silently, and
/// because the order of the entries is part of the deterministic bytes.
indirect enum JSONText {
  case object([(String, JSONText)])
  case array([JSONText])
  case string(String)
  case integer(Int)

  /// Compact JSON, entries in the given order.
  var text: String {
    switch self {
    case .object(let entries):
      "{" + entries.map { Self.quoted($0.0) + ":" + $0.1.text }.joined(separator: ",") + "}"
    case .array(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
    case .string(let text): Self.quoted(text)
    case .integer(let number): String(number)
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A strict reader of `JSONText`; offsets in errors are positions in the whole file.
struct JSONParser {
  let bytes: [UInt8]
  let end: Int
  private var position: Int

  /// Headers nest three deep.
  private static let maximumDepth = 8

  init(bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The one value of the text; only white space may follow.
  mutating func document() throws(SafeTensorsError) -> JSONText {
    let value = try value(depth: 0)
    skipSpace()
    guard position == end else { throw bad("text after the end") }
    return value
  }

  private func bad(_ reason: String) -> SafeTensorsError { .badHeader(reason, offset: position) }

  private var next: UInt8? { position < end ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 32 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(SafeTensorsError) -> JSONText {
    guard depth < Self.maximumDepth else { throw bad("nested too deep") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .integer(try integer())
    default: throw bad("expected an object, list, text or whole number")
    }
  }

  private mutating func object(depth: Int) throws(SafeTensorsError) -> JSONText {
    position += 1
    var entries: [(String, JSONText)] = []
    var names: Set<String> = []
    skipSpace()
    if skip("}") { return .object([]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw bad("expected a name") }
      let name = try string()
      guard names.insert(name).inserted else { throw .duplicateName(name) }
      skipSpace()
      guard skip(":") else { throw bad("expected a colon") }
      entries.append((name, try value(depth: depth + 1)))
      skipSpace()
      if skip("}") { return .object(entries) }
      guard skip(",") else { throw bad("expected a comma or closing brace") }
    }
  }

  private mutating func array(depth: Int) throws(SafeTensorsError) -> JSONText {
    position += 1
    var items: [JSONText] = []
    skipSpace()
    if skip("]") { return .array([]) }
    while true {
      items.append(try value(depth: depth + 1))
      skipSpace()
      if skip("]") { return .array(items) }
      guard skip(",") else { throw bad("expected a comma or closing bracket") }
    }
  }

  private mutating func integer() throws(SafeTensorsError) -> Int {
    let start = position
    var value = 0
    while let byte = next, byte >= 48, byte <= 57 {
      let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = product.addingReportingOverflow(Int(byte - 48))
      guard !tooBig, !overflow else { throw bad("a number beyond 64 bits") }
      value = sum
      position += 1
    }
    guard bytes[start] != 48 || position == start + 1 else { throw bad("a number with a leading zero") }
    return value
  }

  private mutating func string() throws(SafeTensorsError) -> String {
    position += 1
    var content: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw bad("text that is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): content.append(contentsOf: String(try escape()).utf8)
      case 0..<32: throw bad("a control character in a text")
      default: content.append(byte)
      }
    }
    throw bad("a text without end")
  }

  private mutating func escape() throws(SafeTensorsError) -> Unicode.Scalar {
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
      guard high & 0xFC00 == 0xD800, skip("\\"), skip("u") else { return try scalar(high) }
      let low = try codeUnit()
      guard low & 0xFC00 == 0xDC00 else { throw bad("half of a surrogate pair") }
      return try scalar(0x10000 + (high & 0x3FF) << 10 + (low & 0x3FF))
    default: throw bad("an unknown escape")
    }
  }

  private func scalar(_ value: UInt32) throws(SafeTensorsError) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(value) else { throw bad("half of a surrogate pair") }
    return scalar
  }

  private mutating func codeUnit() throws(SafeTensorsError) -> UInt32 {
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
