/// A labelled candidate of a comparison.
public struct ComparedCandidate: Hashable, Sendable {
  /// Its id.
  public let id: String
  /// True energy above hull (eV/atom).
  public let trueDistance: Double
  /// Predicted energy above hull (eV/atom), by model; nil where a model says nothing about it.
  public let predictedDistances: [Double?]

  /// A candidate. Predictions that are not finite count as absent.
  public init(id: String, trueDistance: Double, predictedDistances: [Double?]) {
    self.id = id
    self.trueDistance = trueDistance
    self.predictedDistances = predictedDistances.map { $0.flatMap { $0.isFinite ? $0 : nil } }
  }
}

/// Candidates whose truth is known, in the order of their records, with the threshold that makes them stable.
public struct ComparisonPool: Sendable {
  /// The candidates.
  public let candidates: [ComparedCandidate]
  /// Largest energy above hull that counts as stable (eV/atom), true or predicted. Nothing is rounded before it is
  /// compared with this.
  public let threshold: Double
  /// Whether each candidate is truly stable.
  public let isStable: [Bool]
  /// Number of truly stable candidates.
  public let stableCount: Int

  /// A pool; each candidate has a prediction, or nil, of each of the models.
  public init(_ candidates: [ComparedCandidate], threshold: Double) {
    self.candidates = candidates
    self.threshold = threshold
    isStable = candidates.map { $0.trueDistance <= threshold }
    stableCount = isStable.count { $0 }
  }

  /// Share of the candidates that are truly stable; NaN without candidates.
  public var prevalence: Double { Double(stableCount) / Double(candidates.count) }

  /// The candidates as a model ranks them, best first: by predicted distance, then id (by its UTF-8 bytes), then
  /// record, as a run's ranking; those without a prediction last.
  public func ranking(of model: Int) -> [Int] {
    let distances = candidates.map { $0.predictedDistances[model] ?? .infinity }
    return candidates.indices.sorted { left, right in
      if distances[left] != distances[right] { return distances[left] < distances[right] }
      let (first, second) = (candidates[left].id, candidates[right].id)
      if first.utf8.elementsEqual(second.utf8) { return left < right }
      return first.utf8.lexicographicallyPrecedes(second.utf8)
    }
  }
}
