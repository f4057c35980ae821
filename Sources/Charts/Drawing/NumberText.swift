internal import TextFormats

/// Numbers as a chart writes them.
enum NumberText {
  /// mantissa · 10^exponent: plain where that is short, with as many decimals as `exponent` says so that the labels
  /// of an axis are alike, else like "2·10⁻⁷".
  static func decimal(mantissa: Int, exponent: Int) -> String {
    guard mantissa != 0 else { return "0" }
    let sign = mantissa < 0 ? "−" : ""
    let digits = String(mantissa.magnitude)
    if exponent >= 0, digits.count + exponent <= 6 {
      return sign + digits + String(repeating: "0", count: exponent)
    }
    if exponent < 0, exponent >= -4, digits.count <= 8 {
      let padded = String(repeating: "0", count: max(0, 1 - exponent - digits.count)) + digits
      return "\(sign)\(padded.dropLast(-exponent)).\(padded.suffix(-exponent))"
    }
    let significant = String(digits.reversed().drop { $0 == "0" }.reversed())
    let tail = significant.dropFirst()
    let factor = tail.isEmpty ? "\(significant)" : "\(significant.prefix(1)).\(tail)"
    let power = "10" + superscripted(exponent + digits.count - 1)
    return sign + (factor == "1" ? power : "\(factor)·\(power)")
  }

  /// A length or place in the picture (px), to a hundredth.
  static func coordinate(_ value: Double) -> String {
    // Far outside the picture nothing is visible, and the limit keeps the text short.
    var text = fixedPoint(min(max(value, -1e6), 1e6), decimals: 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private static func superscripted(_ number: Int) -> String {
    let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return String(String(number).map { $0 == "-" ? "⁻" : digits[$0.wholeNumberValue ?? 0] })
  }
}
