internal import Networks
internal import Training

/// A 95 % interval.
public struct ConfidenceInterval: Hashable, Sendable {
  /// Lower end.
  public let low: Double
  /// Upper end; infinite where a ratio has no bound.
  public let high: Double

  /// The interval between two ends.
  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// Percentile interval of resampled values: between the values at 2.5 and 97.5 % of their order, the outer neighbor
  /// where that falls between two.
  ///
  /// - Returns: nil without values.
  init?(percentilesOf values: [Double]) {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let last = Double(sorted.count - 1)
    low = sorted[Int((0.025 * last).rounded(.down))]
    high = sorted[Int((0.975 * last).rounded(.up))]
  }
}

/// Hits of rankings on resampled pools.
///
/// Each resample draws as many candidates as there are, with replacement, and every model ranks them anew: copies of a
/// candidate stand side by side. Resample r uses stream r of the seed, so that intervals follow from seed and number
/// of resamples alone. Source: B. Efron, Ann. Stat. 7, 1 (1979).
struct ComparisonBootstrap {
  /// Hits by ranking, budget and resample.
  private(set) var hits: [[[Int32]]]

  /// Resamples a pool.
  ///
  /// - Parameters:
  ///   - rankings: the candidates, best first, by each model.
  ///   - isStable: whether each candidate is truly stable.
  ///   - budgets: lengths of the top lists, ascending, 1 to the number of candidates.
  /// - Complexity: O(resamples · candidates).
  init(rankings: [[Int]], isStable: [Bool], budgets: [Int], seed: UInt64, resamples: Int) {
    precondition(budgets == budgets.sorted() && (budgets.last ?? 0) <= isStable.count, "budgets ascend")
    let stableInOrder = rankings.map { $0.map { isStable[$0] } }
    hits = rankings.map { _ in budgets.map { _ in [Int32](repeating: 0, count: resamples) } }
    var copies = [Int32](repeating: 0, count: isStable.count)
    for resample in 0..<resamples {
      for index in copies.indices { copies[index] = 0 }
      var generator = SeededRandom(seed: seed, stream: UInt64(resample))
      let bound = UInt64(isStable.count)
      for _ in isStable.indices { copies[Int(generator.next().multipliedFullWidth(by: bound).high)] += 1 }
      for model in rankings.indices {
        Self.count(rankings[model], stableInOrder[model], copies, budgets) {
          hits[model][$0][resample] = $1
        }
      }
    }
  }

  private static func count(
    _ ranking: [Int], _ isStable: [Bool], _ copies: [Int32], _ budgets: [Int],
    _ record: (_ budget: Int, _ hits: Int32) -> Void
  ) {
    var next = 0
    var (listed, found): (Int32, Int32) = (0, 0)
    for (position, candidate) in ranking.enumerated() {
      let count = copies[candidate]
      // A budget may end among the copies of one candidate.
      while next < budgets.count, listed + count >= budgets[next] {
        record(next, found + (isStable[position] ? Int32(budgets[next]) - listed : 0))
        next += 1
      }
      guard next < budgets.count else { return }
      listed += count
      if isStable[position] { found += count }
    }
  }

  /// Interval of a model's hits at a budget, by its position.
  func hits(of model: Int, at budget: Int) -> ConfidenceInterval? {
    ConfidenceInterval(percentilesOf: hits[model][budget].map { Double($0) })
  }

  /// Interval of the second model's hits minus the first's.
  func difference(at budget: Int) -> ConfidenceInterval? {
    ConfidenceInterval(percentilesOf: zip(hits[0][budget], hits[1][budget]).map { Double($1 - $0) })
  }

  /// Interval of the second model's hits over the first's. Resamples in which neither has one say nothing; one in
  /// which only the first has none counts as infinite.
  func ratio(at budget: Int) -> ConfidenceInterval? {
    var ratios: [Double] = []
    for (first, second) in zip(hits[0][budget], hits[1][budget]) where first > 0 || second > 0 {
      ratios.append(Double(second) / Double(first))
    }
    return ConfidenceInterval(percentilesOf: ratios)
  }
}
