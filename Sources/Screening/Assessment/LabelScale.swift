internal import Foundation

/// Whether labels stand on the energy scale of the references, as far as compositions that both have can tell.
///
/// Of each such composition the lowest label less the reference's lowest phase (eV/atom). On one scale that is 0 where the
/// label is of the reference's phase, above 0 where it is of a metastable polymorph, and rarely below. So the median says
/// little, and the lower quartile is looked at: near 0 on one scale where about half of the labels, or more, are of the
/// reference's own phases. Where fewer are, it is above 0 on one scale too.
public struct LabelScale: Hashable, Sendable {
  /// Compositions that labels and references share; elements, which stand at 0, not counted.
  public let compositions: Int
  /// Lower quartile of label − reference (eV/atom).
  public let lowerQuartile: Double
  /// Its 95 % interval, by the ranks that the binomial distribution gives: no assumption on how differences spread.
  public let interval: ConfidenceInterval

  /// Lower quartiles of at most this size (eV/atom) are no matter: calculations with one functional differ as much.
  public static let largestAgreement = 0.02
  /// Fewer compositions say nothing.
  public static let leastCompositions = 20

  /// Whether the scales differ: the interval lies beyond the largest agreement on one side of 0.
  public var differs: Bool {
    interval.low > Self.largestAgreement || interval.high < -Self.largestAgreement
  }

  /// - Parameter differences: label less reference of each shared composition, in any order.
  /// - Returns: nil where there are too few.
  init?(_ differences: [Double]) {
    guard differences.count >= Self.leastCompositions else { return nil }
    let sorted = differences.sorted()
    compositions = sorted.count
    lowerQuartile = sorted[(sorted.count - 1) / 4]
    let ranks = Self.ranks(of: sorted.count)
    interval = ConfidenceInterval(low: sorted[ranks.low], high: sorted[ranks.high])
  }

  /// Positions, from 0, of the values between which the quartile lies with 95 % probability at least.
  private static func ranks(of count: Int) -> (low: Int, high: Int) {
    // P(X = k) of X ~ Binomial(n, 1/4), the number of values below the quartile, in logarithms.
    var logarithm = Double(count) * log(0.75)
    var (sum, low, high) = (0.0, 0, count - 1)
    for below in 0..<count {
      let before = sum
      sum += exp(logarithm)
      if before <= 0.025 { low = below }
      if sum >= 0.975 {
        high = below
        break
      }
      logarithm += log(Double(count - below)) - log(Double(below + 1)) + log(0.25 / 0.75)
    }
    return (max(0, low - 1), high)
  }
}
