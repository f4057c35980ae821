import BigInt

/// An exact decimal number as it stands in a file: significand · 10^exponent.
///
/// Formation energies are written in decimal; verdicts and certificates take them at their word instead of at the
/// nearest `Double`.
public struct DecimalNumber: Hashable, Sendable {
  /// The number in plain notation, without superfluous zeros: "-0.05", "12", "0".
  public let text: String
  let rational: Rational

  /// The longest text that is read, and the largest power of ten: far beyond any energy, and short enough that exact
  /// arithmetic with it stays cheap.
  static let maximumLength = 400

  /// The number written as `text` (sign, digits, point, exponent), or nil when it is none.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.maximumLength, isDecimal(bytes) else { return nil }
    var digits: [UInt8] = []
    var exponent = 0
    var sawPoint = false
    var index = 0
    while index < bytes.count, bytes[index] != 101, bytes[index] != 69 {
      if bytes[index] == 46 { sawPoint = true }
      if bytes[index] >= 48 {
        digits.append(bytes[index])
        if sawPoint { exponent -= 1 }
      }
      index += 1
    }
    if index < bytes.count {
      guard let power = Int(String(decoding: bytes[(index + 1)...], as: UTF8.self)),
        abs(power) <= Self.maximumLength
      else { return nil }
      exponent += power
    }
    let isNegative = bytes.first == 45
    while digits.last == 48 {
      digits.removeLast()
      exponent += 1
    }
    let significant = Array(digits.drop { $0 == 48 })
    self.text = Self.plain(significant, exponent: exponent, isNegative: isNegative)
    guard let magnitude = BigInt(significant.isEmpty ? "0" : String(decoding: significant, as: UTF8.self))
    else {
      return nil
    }
    let power = BigInt(10).power(abs(exponent))
    let value = isNegative ? -magnitude : magnitude
    rational = exponent >= 0 ? Rational(value * power) : Rational(value, over: power)
  }

  /// The shortest decimal number that reads back as `value`, or nil when `value` is not finite.
  public init?(_ value: Double) { self.init(value.description) }

  /// The nearest `Double`.
  public var doubleValue: Double { Double(text) ?? .nan }

  private static func plain(_ digits: [UInt8], exponent: Int, isNegative: Bool) -> String {
    if digits.isEmpty { return "0" }
    let sign = isNegative ? "-" : ""
    let shown = String(decoding: digits, as: UTF8.self)
    if exponent >= 0 { return sign + shown + String(repeating: "0", count: exponent) }
    let point = digits.count + exponent
    if point <= 0 { return "\(sign)0.\(String(repeating: "0", count: -point))\(shown)" }
    return "\(sign)\(shown.prefix(point)).\(shown.dropFirst(point))"
  }
}

extension DecimalNumber: CustomStringConvertible {
  /// The number in plain notation.
  public var description: String { text }
}

/// Whether a text is a plain decimal number: sign, digits with at most one point, exponent of at most
/// `DecimalNumber.maximumLength`. Rejects the "inf", "nan" and hexadecimal forms that `Double` would read.
func isDecimal(_ text: some Sequence<UInt8>) -> Bool {
  var digits = 0
  var exponent: Int?
  var exponentDigits = 0
  var points = 0
  var previous: UInt8 = 0
  for byte in text {
    switch byte {
    case 48...57:
      if let value = exponent {
        exponent = value * 10 + Int(byte - 48)
        exponentDigits += 1
        if value > DecimalNumber.maximumLength { return false }
      } else {
        digits += 1
      }
    case 43, 45:
      guard previous == 0 || previous == 101 || previous == 69 else { return false }
    case 46:
      points += 1
      guard points == 1, exponent == nil else { return false }
    case 101, 69:
      guard exponent == nil, digits > 0 else { return false }
      exponent = 0
    default: return false
    }
    previous = byte
  }
  guard digits > 0, let exponent else { return digits > 0 }
  return exponentDigits > 0 && exponent <= DecimalNumber.maximumLength
}
