internal import Networks
internal import TensorKernels

/// Student's t distribution: a bell with heavier tails the fewer its degrees of freedom; with infinitely many it is the
/// normal distribution.
///
///     f(t) = Γ((ν + 1)/2) / (√(νπ) Γ(ν/2)) · (1 + t²/ν)^(−(ν + 1)/2)
public struct StudentDistribution: Hashable, Sendable {
  /// Degrees of freedom ν: any number above 0, or infinity.
  public let degreesOfFreedom: Double
  /// ln f(0).
  private let peak: Double

  /// The distribution of `degreesOfFreedom` > 0.
  public init(degreesOfFreedom: Double) {
    precondition(degreesOfFreedom > 0, "degrees of freedom are positive")
    self.degreesOfFreedom = degreesOfFreedom
    let half = degreesOfFreedom / 2
    peak =
      degreesOfFreedom.isInfinite
      ? -logarithm(2 * .pi) / 2
      : logGamma(half + 0.5) - logGamma(half) - logarithm(degreesOfFreedom * .pi) / 2
  }

  /// ln f(t).
  public func logDensity(_ t: Double) -> Double {
    if degreesOfFreedom.isInfinite { return peak - t * t / 2 }
    return peak - (degreesOfFreedom + 1) / 2 * logarithm1p(t * t / degreesOfFreedom)
  }

  /// The probability of a value of at most `t`.
  ///
  /// With x = ν / (ν + t²) the tail beyond |t| is I_x(ν/2, 1/2) / 2.
  public func cumulative(_ t: Double) -> Double {
    if degreesOfFreedom.isInfinite { return complementaryErrorFunction(-t / 2.0.squareRoot()) / 2 }
    if t == 0 { return 0.5 }
    // One of the two ratios is at most 1, so that no square of a large number overflows.
    let ratio = t * t / degreesOfFreedom
    let x = ratio < 1 ? 1 / (1 + ratio) : (1 / ratio) / (1 + 1 / ratio)
    let complement = ratio < 1 ? ratio / (1 + ratio) : 1 / (1 + 1 / ratio)
    let tail = regularizedIncompleteBeta(x, complement: complement, degreesOfFreedom / 2, 0.5) / 2
    return t < 0 ? tail : 1 - tail
  }

  /// The value that is not exceeded with probability `probability`, by bisection.
  public func quantile(_ probability: Double) -> Double {
    precondition(probability > 0 && probability < 1, "a probability between 0 and 1")
    if probability < 0.5 { return -quantile(1 - probability) }
    var (low, high) = (0.0, 1.0)
    while cumulative(high) < probability, high < 1e300 { (low, high) = (high, 2 * high) }
    // Ends where no number lies between the two.
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return high }
      if cumulative(middle) < probability { low = middle } else { high = middle }
    }
  }
}
