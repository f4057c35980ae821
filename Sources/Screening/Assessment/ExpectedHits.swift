internal import Networks
internal import Training

/// How many candidates of a list are stable, by the probability of each.
///
/// The number is taken for a sum of independent events (Poisson-binomial distribution). Errors of candidates that share
/// elements, a prototype or a gap in the references are not independent, so the true number strays farther from the
/// mean than the interval says; the mean needs no independence.
public struct ExpectedHits: Hashable, Sendable {
  /// Length of the list.
  public let count: Int
  /// Mean of the number: the sum of the probabilities.
  public let mean: Double
  /// Probability that the interval claims.
  public let level: Double
  /// Smallest and largest number of the interval: the quantiles of (1 − level)/2 and (1 + level)/2, if candidates are
  /// independent.
  public let interval: ClosedRange<Int>

  /// Longest list whose distribution is computed exactly, by one convolution a candidate; that of a longer one is taken
  /// for normal, with its mean and variance Σ p (1 − p), which is then good to a fraction of a candidate.
  public static let exactCount = 5000

  /// The hits among candidates with these probabilities, each 0 to 1.
  ///
  /// - Complexity: O(n²) up to `exactCount`, then O(n).
  public init(_ probabilities: [Double], level: Double = 0.9) {
    precondition(probabilities.allSatisfy { $0 >= 0 && $0 <= 1 }, "probabilities")
    precondition(level > 0 && level < 1, "a level between 0 and 1")
    count = probabilities.count
    mean = probabilities.reduce(0, +)
    self.level = level
    let tail = (1 - level) / 2
    if probabilities.count <= Self.exactCount {
      let distribution = Self.distribution(probabilities)
      interval = Self.quantile(tail, distribution)...Self.quantile(1 - tail, distribution)
    } else {
      let deviation = probabilities.reduce(0) { $0 + $1 * (1 - $1) }.squareRoot()
      let reach = StudentDistribution(degreesOfFreedom: .infinity).quantile(1 - tail) * deviation
      let limits = [mean - reach, mean + reach].map {
        Int(min(max($0.rounded(), 0), Double(probabilities.count)))
      }
      interval = limits[0]...limits[1]
    }
  }

  /// The probabilities of 0, 1, … n stable candidates.
  static func distribution(_ probabilities: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: probabilities.count + 1)
    result[0] = 1
    for (index, probability) in probabilities.enumerated() {
      for hits in stride(from: index + 1, to: 0, by: -1) {
        result[hits] = result[hits] * (1 - probability) + result[hits - 1] * probability
      }
      result[0] *= 1 - probability
    }
    return result
  }

  /// The smallest number that is not exceeded with at least `probability`.
  private static func quantile(_ probability: Double, _ distribution: [Double]) -> Int {
    var sum = 0.0
    // Rounding of the sum must not move a quantile that it meets exactly.
    let index = distribution.firstIndex {
      sum += $0
      return sum >= probability - 1e-12
    }
    return index ?? distribution.count - 1
  }
}
