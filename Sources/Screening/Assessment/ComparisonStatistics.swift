internal import Foundation

/// What a list of candidates taken for stable is worth: the four cells of its table of truth.
public struct StabilityClassification: Hashable, Sendable {
  /// Stable candidates taken for stable.
  public let truePositives: Int
  /// Unstable candidates taken for stable.
  public let falsePositives: Int
  /// Stable candidates not taken for stable.
  public let falseNegatives: Int
  /// Unstable candidates not taken for stable.
  public let trueNegatives: Int

  /// The table of a list of `selected` candidates that holds `hits` of the `stable` ones among `candidates`.
  public init(hits: Int, selected: Int, stable: Int, candidates: Int) {
    precondition(hits <= min(selected, stable) && max(selected, stable) <= candidates, "a list of candidates")
    truePositives = hits
    falsePositives = selected - hits
    falseNegatives = stable - hits
    trueNegatives = candidates - selected - stable + hits
  }

  /// The table of the candidates whose predicted distance is at most the threshold; one without a prediction is not
  /// taken for stable.
  public init(_ pool: ComparisonPool, model: Int) {
    var (hits, selected) = (0, 0)
    for (candidate, isStable) in zip(pool.candidates, pool.isStable) {
      guard let distance = candidate.predictedDistances[model], distance <= pool.threshold else { continue }
      selected += 1
      if isStable { hits += 1 }
    }
    self.init(
      hits: hits, selected: selected, stable: pool.stableCount, candidates: pool.candidates.count)
  }

  /// Share of the list that is stable; nil for an empty list.
  public var precision: Double? { Self.ratio(truePositives, truePositives + falsePositives) }

  /// Share of the stable candidates that is on the list; nil where nothing is stable.
  public var recall: Double? { Self.ratio(truePositives, truePositives + falseNegatives) }

  /// Harmonic mean of precision and recall, 2·TP / (2·TP + FP + FN); nil where nothing is stable and nothing listed.
  public var f1: Double? {
    Self.ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives)
  }

  /// Discovery acceleration factor: precision over prevalence, 1 for a list drawn blindly; nil where either is
  /// undefined or nothing is stable.
  ///
  /// Source: J. Riebesell et al., Nat. Mach. Intell. 7, 836 (2025).
  public var accelerationFactor: Double? {
    let stable = truePositives + falseNegatives
    guard let precision, stable > 0 else { return nil }
    return precision * Double(stable + falsePositives + trueNegatives) / Double(stable)
  }

  private static func ratio(_ part: Int, _ whole: Int) -> Double? {
    whole > 0 ? Double(part) / Double(whole) : nil
  }
}

extension ComparisonPool {
  /// Area under the receiver operating characteristic: the probability that a stable candidate drawn at random lies
  /// lower than an unstable one by this model, ties counting half. A candidate without a prediction lies above all
  /// others and ties with its like.
  ///
  /// - Returns: nil where all candidates are stable or none is.
  /// - Complexity: O(n log n).
  public func areaUnderCurve(of model: Int) -> Double? {
    let unstableCount = candidates.count - stableCount
    guard stableCount > 0, unstableCount > 0 else { return nil }
    let distances = candidates.map { $0.predictedDistances[model] ?? .infinity }
    let order = candidates.indices.sorted { distances[$0] < distances[$1] }
    // Twice the number of pairs in the right order, so that half pairs stay whole numbers.
    var doubled = 0
    var stableBelow = 0
    var start = 0
    while start < order.count {
      var end = start
      var (stable, unstable) = (0, 0)
      while end < order.count, distances[order[end]] == distances[order[start]] {
        if isStable[order[end]] { stable += 1 } else { unstable += 1 }
        end += 1
      }
      doubled += unstable * (2 * stableBelow + stable)
      stableBelow += stable
      start = end
    }
    return Double(doubled) / 2 / (Double(stableCount) * Double(unstableCount))
  }

  /// Mean absolute difference of predicted and true distance (eV/atom) over the candidates with a prediction; nil where
  /// there is none.
  public func meanAbsoluteError(of model: Int) -> Double? {
    ErrorStatistics(
      errors: candidates.compactMap { candidate in
        candidate.predictedDistances[model].map { $0 - candidate.trueDistance }
      })?.meanAbsoluteError
  }
}

/// McNemar's exact test: whether what only one of two paired lists finds is split evenly.
///
///     p = min(1, 2 · P(X ≤ min(b, c))),   X ~ Binomial(b + c, ½)
///
/// Source: Q. McNemar, Psychometrika 12, 153 (1947), with the binomial distribution in place of its approximation.
///
/// - Parameters:
///   - onlyFirst: number of finds of the first list alone, b.
///   - onlySecond: number of finds of the second list alone, c.
/// - Returns: the two-sided p-value; 1 where there is no discordant find.
/// - Complexity: O(min(b, c)).
public func exactMcNemarTest(onlyFirst: Int, onlySecond: Int) -> Double {
  precondition(onlyFirst >= 0 && onlySecond >= 0, "counts")
  let count = onlyFirst + onlySecond
  // Terms C(n, i) / 2ⁿ one after the other in logarithms: 2ⁿ has no place in a Double from n = 1024 on.
  var logarithm = -Double(count) * log(2)
  var sum = 0.0
  for index in 0...min(onlyFirst, onlySecond) {
    sum += exp(logarithm)
    logarithm += log(Double(count - index)) - log(Double(index + 1))
  }
  return min(1, 2 * sum)
}
