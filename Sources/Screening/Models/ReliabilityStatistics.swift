internal import Foundation

/// What probabilities of an event are worth, by whether it happened.
public struct ReliabilityStatistics: Hashable, Sendable {
  /// The probabilities between two limits.
  public struct Bin: Hashable, Sendable {
    /// Its number, from 0.
    public let index: Int
    /// Number of probabilities.
    public let count: Int
    /// Mean of the probabilities.
    public let meanProbability: Double
    /// Share of the events that happened.
    public let rate: Double

    /// Probabilities of the bin are above this; the first bin holds 0 too.
    public var lower: Double { Double(index) / Double(binCount) }
    /// Probabilities of the bin are at most this.
    public var upper: Double { Double(index + 1) / Double(binCount) }
  }

  /// Number of probabilities.
  public let count: Int
  /// Brier score: mean of (p − y)², with y = 1 for an event that happened and else 0; 0 is best.
  ///
  /// Source: G. W. Brier, Mon. Weather Rev. 78, 1 (1950), for one of two outcomes.
  public let brierScore: Double
  /// Mean of −ln of the probability of what happened; 0 is best. Probabilities are first brought within
  /// 2⁻⁵² … 1 − 2⁻⁵²: a certainty that fails costs 36, not infinity.
  public let logLoss: Double
  /// Expected calibration error: mean over the bins, by their counts, of |mean probability − rate|.
  ///
  /// Source: M. P. Naeini, G. F. Cooper and M. Hauskrecht, Proc. AAAI 29, 2901 (2015).
  public let expectedCalibrationError: Double
  /// The bins that hold something, in ascending order.
  public let bins: [Bin]

  /// Number of bins of equal width.
  public static let binCount = 10

  /// The statistics of probabilities and what happened; nil without any.
  ///
  /// - Parameters:
  ///   - probabilities: each 0 to 1.
  ///   - happened: whether each event did.
  public init?(probabilities: [Double], happened: [Bool]) {
    precondition(probabilities.count == happened.count, "an outcome for each probability")
    precondition(probabilities.allSatisfy { $0 >= 0 && $0 <= 1 }, "probabilities")
    guard !probabilities.isEmpty else { return nil }
    let count = Double(probabilities.count)
    var (squares, logarithms) = (0.0, 0.0)
    var sums = [(count: Int, probability: Double, events: Int)](
      repeating: (0, 0, 0), count: Self.binCount)
    for (probability, event) in zip(probabilities, happened) {
      let error = probability - (event ? 1 : 0)
      squares += error * error
      let kept = min(max(probability, .ulpOfOne), 1 - .ulpOfOne)
      logarithms -= event ? log(kept) : log1p(-kept)
      let bin = max(0, Int((probability * Double(Self.binCount)).rounded(.up)) - 1)
      sums[bin].count += 1
      sums[bin].probability += probability
      if event { sums[bin].events += 1 }
    }
    self.count = probabilities.count
    brierScore = squares / count
    logLoss = logarithms / count
    bins = sums.enumerated().compactMap { index, sum in
      guard sum.count > 0 else { return nil }
      return Bin(
        index: index, count: sum.count, meanProbability: sum.probability / Double(sum.count),
        rate: Double(sum.events) / Double(sum.count))
    }
    expectedCalibrationError = bins.reduce(0) {
      $0 + abs($1.meanProbability - $1.rate) * Double($1.count) / count
    }
  }
}
