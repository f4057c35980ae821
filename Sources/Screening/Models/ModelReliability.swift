internal import Networks
internal import Training

/// What a model's probabilities to be stable are worth on labelled candidates.
public struct ModelReliability: Hashable, Sendable {
  /// What a run knows of the error of a predicted distance.
  struct Odds: Hashable, Sendable {
    /// Scale σ by the calibration (eV/atom); nil without one.
    let sigma: Double?
    /// Standard deviation over the members (eV/atom); nil for a single network.
    let spread: Double?
  }

  /// The calibrated probabilities; nil where the model has none.
  public let calibrated: ReliabilityStatistics?
  /// What the probabilities would be with the members' spread as the standard deviation of a normal distribution; nil
  /// where the model has no spread.
  public let rawSpread: ReliabilityStatistics?
  /// Candidates that are left out of the calibrated figures: rejected ones, and those of a model without calibration.
  public let withoutProbability: Int

  /// The reliability of one model.
  ///
  /// - Parameters:
  ///   - pool: the candidates with their truth.
  ///   - model: position of the model among the predictions of the pool.
  ///   - odds: for each candidate; nil where it has no prediction.
  ///   - errors: distribution of the model's errors; nil without a calibration.
  init(_ pool: ComparisonPool, model: Int, odds: [Odds?], errors: ErrorModel?) {
    func statistics(_ errors: ErrorModel?, _ scale: (Odds) -> Double?) -> ReliabilityStatistics? {
      guard let errors else { return nil }
      var (probabilities, happened): ([Double], [Bool]) = ([], [])
      for (index, candidate) in pool.candidates.enumerated() {
        guard let distance = candidate.predictedDistances[model], let scale = odds[index].flatMap(scale)
        else { continue }
        probabilities.append(
          errors.probability(atMost: pool.threshold, prediction: distance, scale: scale))
        happened.append(pool.isStable[index])
      }
      return ReliabilityStatistics(probabilities: probabilities, happened: happened)
    }
    calibrated = statistics(errors, \.sigma)
    rawSpread = statistics(.rawSpread, \.spread)
    withoutProbability = pool.candidates.count - (calibrated?.count ?? 0)
  }
}
