import BigInt

/// An exact fraction in lowest terms with a positive denominator.
struct Rational: Hashable, Sendable {
  let numerator: BigInt
  let denominator: BigInt

  init(_ integer: BigInt) {
    numerator = integer
    denominator = 1
  }

  /// `numerator / denominator`; the denominator is not zero.
  init(_ numerator: BigInt, over denominator: BigInt) {
    precondition(!denominator.isZero, "a fraction has a denominator")
    let divisor = numerator.greatestCommonDivisor(with: denominator)
    let sign: BigInt = denominator < 0 ? -1 : 1
    self.numerator = sign * numerator / divisor
    self.denominator = sign * denominator / divisor
  }

  /// The fraction written as "p/q" or "p", exactly as `description` would write it; nil for any other text.
  init?(_ text: String) {
    let terms = text.split(separator: "/", omittingEmptySubsequences: false)
    guard terms.count <= 2, text.utf8.count <= 20_000, let numerator = BigInt(String(terms[0])),
      let denominator = BigInt(terms.count == 2 ? String(terms[1]) : "1"), denominator > 0
    else { return nil }
    self.init(numerator, over: denominator)
    guard description == text else { return nil }
  }

  static func + (left: Rational, right: Rational) -> Rational {
    Rational(
      left.numerator * right.denominator + right.numerator * left.denominator,
      over: left.denominator * right.denominator)
  }

  static func - (left: Rational, right: Rational) -> Rational {
    Rational(
      left.numerator * right.denominator - right.numerator * left.denominator,
      over: left.denominator * right.denominator)
  }

  static func * (left: Rational, right: Rational) -> Rational {
    Rational(left.numerator * right.numerator, over: left.denominator * right.denominator)
  }
}

extension Rational: Comparable {
  static func < (left: Rational, right: Rational) -> Bool {
    left.numerator * right.denominator < right.numerator * left.denominator
  }
}

extension Rational: CustomStringConvertible {
  /// "p/q", or "p" for whole numbers.
  var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}
