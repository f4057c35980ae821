internal import Networks
internal import TensorKernels

/// ln Γ(x) for x > 0, within about 10⁻¹⁵ of it, relative or absolute.
///
/// Stirling's series at an argument of at least 10, where its first dropped term is below 10⁻¹⁵; smaller arguments go
/// up by Γ(x + 1) = x Γ(x). Own code, because the C library's function also writes a global variable, the sign.
///
/// Source: NIST Digital Library of Mathematical Functions, 5.11.1.
func logGamma(_ x: Double) -> Double {
  var (argument, product) = (x, 1.0)
  while argument < 10 {
    product *= argument
    argument += 1
  }
  let inverse = 1 / argument
  let square = inverse * inverse
  // Coefficients B₂ₖ / 2k(2k − 1) of the Bernoulli numbers.
  let series =
    inverse
    * (1 / 12
      + square
      * (-1 / 360 + square * (1 / 1260 + square * (-1 / 1680 + square * (1 / 1188 - square * 691 / 360_360)))))
  let halfLogTwoPi = 0.918938533204672742
  return (argument - 0.5) * logarithm(argument) - argument + halfLogTwoPi + series - logarithm(product)
}

/// The regularized incomplete beta function I_x(a, b) for a, b > 0.
///
/// - Parameters:
///   - x: upper limit of the integral, 0 to 1.
///   - complement: 1 − x; given apart, since the difference loses digits where x is close to 1.
///   - a: first parameter.
///   - b: second parameter.
/// - Returns: ∫ t^(a−1) (1−t)^(b−1) dt from 0 to x over the same from 0 to 1.
/// - Complexity: O(√max(a, b)).
///
/// The continued fraction converges fast below (a + 1) / (a + b + 2); beyond, I_x(a, b) = 1 − I_(1−x)(b, a).
/// Source: NIST Digital Library of Mathematical Functions, 8.17.22, evaluated by the method of Lentz (Appl. Opt. 15,
/// 668 (1976)).
func regularizedIncompleteBeta(_ x: Double, complement: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if complement <= 0 { return 1 }
  if x > (a + 1) / (a + b + 2) { return 1 - regularizedIncompleteBeta(complement, complement: x, b, a) }
  let front =
    a * logarithm(x) + b * logarithm(complement) + logGamma(a + b) - logGamma(a) - logGamma(b) - logarithm(a)
  return exponential(front) / incompleteBetaFraction(x, a, b)
}

/// The continued fraction 1 + d₁/(1 + d₂/(1 + …)) of the incomplete beta function.
private func incompleteBetaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  // Stands for a denominator of 0.
  let tiny = 1e-300
  func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var (fraction, numerator, denominator) = (1.0, 1.0, 0.0)
  var step = 1
  while step < 1_000_000 {
    let m = Double(step / 2)
    let coefficient =
      step % 2 == 0
      ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    denominator = 1 / kept(1 + coefficient * denominator)
    numerator = kept(1 + coefficient / numerator)
    let change = numerator * denominator
    fraction *= change
    if abs(change - 1) < 1e-16 { break }
    step += 1
  }
  return fraction
}
