/// The cube root of a positive number, by Newton's method; the target has no C library to ask.
func cubeRoot(_ value: Double) -> Double {
  guard value > 0, value.isFinite else { return value }
  var root = Double(sign: .plus, exponent: value.exponent / 3, significand: 1)
  for _ in 0..<12 { root -= (root - value / (root * root)) / 3 }
  return root
}
