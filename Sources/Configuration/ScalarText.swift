/// How a plain (unquoted) YAML scalar is understood, and how a text must be quoted to be understood as text.
///
/// The rules are those of the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema), under which `no`,
/// `y` and `on` are words: chemistry needs N, Y and No. Octal and hexadecimal numbers are not accepted as numbers.
enum ScalarText {
  /// What a plain scalar says.
  enum Meaning: Equatable {
    case null
    case boolean(Bool)
    /// A whole number that fits.
    case integer(Int)
    /// A number with fraction or exponent.
    case number(Double)
    /// Reads as a number but no finite value can be had: .inf, .nan, overflow, too many digits for `Int`.
    case unusableNumber
    case string
  }

  static func meaning(ofPlain text: String) -> Meaning {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    default: break
    }
    if isSpecialNumber(text) { return .unusableNumber }
    switch numberShape(text) {
    case .none: return .string
    case .whole:
      if let value = Int(text) { return .integer(value) }
      return .unusableNumber
    case .real:
      guard let value = Double(text), value.isFinite else { return .unusableNumber }
      return .number(value)
    }
  }

  /// The text as a plain scalar where that is read back as this text, else in double quotes.
  static func quotedIfNeeded(_ text: String) -> String {
    isSafePlain(text) ? text : doubleQuoted(text)
  }

  static func doubleQuoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        // Outside printable ASCII and ordinary letters everything is escaped, so that no reader folds or drops it.
        if scalar.value < 32 || (127...160).contains(scalar.value) || scalar.value == 0xFEFF
          || (0x2028...0x2029).contains(scalar.value) || (0xD800...0xF8FF).contains(scalar.value)
          || scalar.value >= 0xFFF0
        {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  private static func isSafePlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, meaning(ofPlain: text) == .string else { return false }
    // YAML 1.1 readers take these words for booleans; quoting keeps the text unambiguous everywhere.
    let words: Set<String> = ["y", "n", "yes", "no", "on", "off"]
    guard !words.contains(text.lowercased()) else { return false }
    let isLetter = (65...90).contains(first) || (97...122).contains(first)
    guard isLetter || first == 47 || (first == 46 && text.utf8.contains { $0 != 46 }) else { return false }
    return text.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        || $0 == 95 || $0 == 45 || $0 == 46 || $0 == 47
    }
  }

  private static func isSpecialNumber(_ text: String) -> Bool {
    let body = text.hasPrefix("+") || text.hasPrefix("-") ? String(text.dropFirst()) : text
    return [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(body)
  }

  private enum NumberShape { case none, whole, real }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
  private static func numberShape(_ text: String) -> NumberShape {
    let bytes = Array(text.utf8)
    var position = 0
    func digits() -> Int {
      let start = position
      while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
      return position - start
    }
    if position < bytes.count, bytes[position] == 43 || bytes[position] == 45 { position += 1 }
    var shape = NumberShape.whole
    let leading = digits()
    if position < bytes.count, bytes[position] == 46 {
      position += 1
      shape = .real
      guard digits() + leading > 0 else { return .none }
    } else if leading == 0 {
      return .none
    }
    if position < bytes.count, bytes[position] | 0x20 == 101 {
      position += 1
      shape = .real
      if position < bytes.count, bytes[position] == 43 || bytes[position] == 45 { position += 1 }
      guard digits() > 0 else { return .none }
    }
    return position == bytes.count ? shape : .none
  }
}
