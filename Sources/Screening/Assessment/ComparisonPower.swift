/// How large two top lists have to be for a difference in hits to show.
///
/// Paired design: both models rank the same pool of N candidates, and a fixed share s = k / N of it is calculated for
/// each. Candidates are the pairs, and discordant are the stable ones that only one list finds, with probabilities that
/// add up to ψ and differ by δ. McNemar's test then needs
///
///     N = (z(α/2) · √ψ + z(β) · √(ψ − δ²))² / δ²
///
/// candidates. Source: R. J. Connor, Biometrics 43, 207 (1987).
///
/// Written in shares of the k calculations, ψ' = ψ / s and δ' = δ / s, this is
/// k = (z(α/2) · √ψ' + z(β) · √(ψ' − s δ'²))² / δ'². The first model's hits a / k stay as observed, the second's are
/// ratio times that, and of the smaller of the two the share that both find stays as observed. At the observed ratio
/// ψ and δ are those observed.
public struct PairedPower: Hashable, Sendable {
  /// Two-sided significance α of the test.
  public static let significance = 0.05
  /// Probability 1 − β that the difference shows.
  public static let power = 0.95
  /// Quantile of the normal distribution at 1 − α/2.
  private static let significanceQuantile = 1.959963984540054
  /// Quantile of the normal distribution at 1 − β.
  private static let powerQuantile = 1.6448536269514722

  private let firstRate: Double
  private let sharedPart: Double
  private let poolShare: Double
  private let prevalence: Double

  /// What was observed with top lists of `budget` out of `candidates`: hits of both, and of these those found by both.
  ///
  /// - Returns: nil where one of the models has no hit, so that nothing can be said of ratios.
  public init?(firstHits: Int, secondHits: Int, bothHits: Int, budget: Int, stable: Int, candidates: Int) {
    precondition(bothHits <= min(firstHits, secondHits) && budget <= candidates, "hits of two top lists")
    guard firstHits > 0, secondHits > 0 else { return nil }
    firstRate = Double(firstHits) / Double(budget)
    sharedPart = Double(bothHits) / Double(min(firstHits, secondHits))
    poolShare = Double(budget) / Double(candidates)
    prevalence = Double(stable) / Double(candidates)
  }

  /// Calculations for each model, as a real number.
  ///
  /// - Parameter ratio: hits of the second model over hits of the first.
  /// - Returns: nil where the ratio is 1, which no number of calculations shows, or where the second model would need
  ///   more hits than calculations or than there are stable candidates.
  public func exactCalculations(ratio: Double) -> Double? {
    let secondRate = ratio * firstRate
    // A list of all stable candidates is one that can be: rounding must not forbid it.
    let limit = min(1, prevalence / poolShare) * (1 + 1e-12)
    guard ratio > 0, ratio != 1, secondRate <= limit else { return nil }
    let discordance = firstRate + secondRate - 2 * sharedPart * min(firstRate, secondRate)
    let difference = secondRate - firstRate
    let spread = max(0, discordance - poolShare * difference * difference)
    let sum =
      Self.significanceQuantile * discordance.squareRoot() + Self.powerQuantile * spread.squareRoot()
    return sum * sum / (difference * difference)
  }

  /// The same as a whole number; nil also beyond 10⁹.
  public func calculations(ratio: Double) -> Int? {
    guard let count = exactCalculations(ratio: ratio)?.rounded(.up), count <= 1e9 else { return nil }
    return Int(count)
  }
}
