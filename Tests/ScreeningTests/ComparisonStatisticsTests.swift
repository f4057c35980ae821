import Networks
import Screening
import Testing
import Training

/// A pool of 60 candidates that follows from whole numbers alone, so that other programs can make the same.
///
/// The goldens below were computed once by Python 3.11 with scipy 1.17.1, scikit-learn 1.9.1 and statsmodels 0.15.0:
/// `true = [((i*i*3 + 7*i) % 41 - 12) / 50 for i in range(60)]`, and likewise the models as in `pool()`; `roc_auc_score`
/// of the negative distances, `precision_score`, `recall_score` and `f1_score` of `distance <= 0.02` and of the first k
/// of `sorted(range(60), key=lambda i: (distance[i], "c%d" % i, i))`, `mean_absolute_error`, and
/// `mcnemar(..., exact=True)`.
private enum Golden {
  static let count = 60
  static let threshold = 0.02

  private static func number(_ index: Int, _ modulus: Int, _ factor: Int) -> Int {
    (index * index * factor + 7 * index) % modulus
  }

  /// Models: a spread one, a coarse one with 40 ties, and the coarse one without every seventh candidate.
  static func pool() -> ComparisonPool {
    ComparisonPool(
      (0..<count).map { index in
        let truth = Double(number(index, 41, 3) - 12) / 50
        let spread = Double(number(index, 37, 5) - 15) / 40
        let first = (truth * 0.5 * 100).rounded(.toNearestOrEven) / 100 + spread * 0.25
        let noise = truth + Double(number(index, 29, 11) - 14) / 100
        let second = (noise * 20).rounded(.toNearestOrEven) / 20
        let third = index.isMultiple(of: 7) ? Double.nan : second
        return ComparedCandidate(
          id: "c\(index)", trueDistance: truth, predictedDistances: [first, second, third])
      }, threshold: threshold)
  }
}

private func isClose(_ value: Double?, _ expected: Double, tolerance: Double = 1e-12) -> Bool {
  guard let value else { return false }
  return abs(value - expected) <= tolerance * max(1, abs(expected))
}

@Suite("Statistics of a comparison") struct ComparisonStatisticsTests {
  @Test func `areas, errors and verdicts agree with scikit-learn, ties and absent predictions included`() {
    let pool = Golden.pool()
    #expect(pool.stableCount == 20 && isClose(pool.prevalence, 1.0 / 3))
    #expect(isClose(pool.areaUnderCurve(of: 0), 0.9849999999999999))
    #expect(isClose(pool.areaUnderCurve(of: 1), 0.993125))
    #expect(isClose(pool.areaUnderCurve(of: 2), 0.7556250000000001))
    #expect(isClose(pool.meanAbsoluteError(of: 0), 0.12264583333333334))
    #expect(isClose(pool.meanAbsoluteError(of: 1), 0.07866666666666668))
    let first = StabilityClassification(pool, model: 0)
    #expect(
      [first.trueNegatives, first.falsePositives, first.falseNegatives, first.truePositives] == [
        38, 2, 2, 18,
      ])
    let second = StabilityClassification(pool, model: 1)
    #expect(isClose(second.precision, 0.9047619047619048))
    #expect(isClose(second.recall, 0.95))
    #expect(isClose(second.f1, 0.926829268292683))
  }

  @Test(arguments: [
    (0, 5, 5, 0.4), (0, 12, 12, 0.75), (0, 20, 18, 0.9), (0, 33, 20, 0.7547169811320755),
    (1, 20, 18, 0.9), (2, 12, 12, 0.75), (2, 20, 15, 0.75), (2, 33, 15, 0.5660377358490566),
  ])
  func `top lists agree with scikit-learn`(model: Int, budget: Int, hits: Int, f1: Double) {
    let pool = Golden.pool()
    let found = pool.ranking(of: model).prefix(budget).count { pool.isStable[$0] }
    #expect(found == hits)
    let table = StabilityClassification(
      hits: found, selected: budget, stable: pool.stableCount, candidates: Golden.count)
    #expect(isClose(table.f1, f1))
    #expect(isClose(table.precision, Double(hits) / Double(budget)))
    #expect(isClose(table.accelerationFactor, Double(hits) / Double(budget) * 3))
  }

  @Test(arguments: [
    (0, 0, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (7, 10, 0.629058837890625),
    (4, 18, 0.004343509674072266), (28, 59, 0.0011686374974383248), (72, 27, 6.900699085772487e-06),
    (500, 600, 0.0028195449914364284), (1200, 1300, 0.047681865221043444), (40, 40, 1.0),
  ])
  func `McNemar's test agrees with statsmodels`(onlyFirst: Int, onlySecond: Int, expected: Double) {
    let found = exactMcNemarTest(onlyFirst: onlyFirst, onlySecond: onlySecond)
    #expect(abs(found - expected) <= 1e-10 * expected)
    #expect(found == exactMcNemarTest(onlyFirst: onlySecond, onlySecond: onlyFirst))
  }

  @Test func `equal distances rank by the bytes of the id, then by record; absent ones last`() {
    let distances: [(String, Double?)] = [
      ("b", 0.1), ("ä", 0.1), ("a", 0.1), ("z", nil), ("a", 0.1), ("y", .infinity), ("B", 0.1), ("q", -1),
    ]
    let pool = ComparisonPool(
      distances.map { ComparedCandidate(id: $0, trueDistance: 0, predictedDistances: [$1]) }, threshold: 0)
    #expect(pool.ranking(of: 0) == [7, 6, 2, 4, 0, 1, 5, 3])
  }

  @Test func `nothing is rounded before it meets the threshold`() {
    let distances: [Double] = [0, 4e-10, -4e-10, .leastNonzeroMagnitude, -0.0]
    let pool = ComparisonPool(
      distances.map { ComparedCandidate(id: "x", trueDistance: $0, predictedDistances: [$0]) }, threshold: 0)
    #expect(pool.isStable == [true, false, true, false, true])
    #expect(StabilityClassification(pool, model: 0).truePositives == 3)
    #expect(StabilityClassification(pool, model: 0).trueNegatives == 2)
  }

  /// True distances −0.45 … 0.45 in steps of 0.1, or all on one side of the threshold.
  private func pool(_ transform: (Double) -> Double?, shift: Double = 0) -> ComparisonPool {
    ComparisonPool(
      (0..<10).map { index in
        let truth = Double(index) / 10 - 0.45 + shift
        return ComparedCandidate(
          id: "c\(index)", trueDistance: truth, predictedDistances: [transform(truth), truth])
      }, threshold: 0)
  }

  @Test func `a perfect model has area 1, a reversed one 0, a silent one ½`() {
    let perfect = pool { $0 }
    #expect(perfect.areaUnderCurve(of: 0) == 1 && perfect.meanAbsoluteError(of: 0) == 0)
    #expect(StabilityClassification(perfect, model: 0).f1 == 1)
    let reversed = pool { -$0 }
    #expect(reversed.areaUnderCurve(of: 0) == 0)
    #expect(StabilityClassification(reversed, model: 0).f1 == 0)
    let silent = pool { _ in nil }
    #expect(silent.areaUnderCurve(of: 0) == 0.5 && silent.meanAbsoluteError(of: 0) == nil)
    let table = StabilityClassification(silent, model: 0)
    #expect(table.precision == nil && table.recall == 0 && table.f1 == 0 && table.accelerationFactor == nil)
  }

  @Test func `what cannot be said of a pool without stable or unstable candidates is not said`() {
    let none = pool({ $0 }, shift: 1)
    #expect(none.areaUnderCurve(of: 0) == nil && none.stableCount == 0)
    let table = StabilityClassification(hits: 0, selected: 5, stable: 0, candidates: 10)
    #expect(table.precision == 0 && table.recall == nil && table.f1 == 0 && table.accelerationFactor == nil)
    #expect(StabilityClassification(hits: 0, selected: 0, stable: 0, candidates: 10).f1 == nil)
    let all = pool({ $0 }, shift: -1)
    #expect(all.areaUnderCurve(of: 0) == nil)
    #expect(StabilityClassification(all, model: 0).accelerationFactor == 1)
    let comparison = ModelComparison(none, ComparisonOptions(budgets: [5], resamples: 100))
    #expect(comparison.budgets[0].ratio == nil && comparison.budgets[0].ratioInterval == nil)
    #expect(comparison.budgets[0].power.allSatisfy { $0.calculations == nil })
  }
}

@Suite("Comparison of two rankings") struct ModelComparisonTests {
  /// A pool in which the first model is reversed and the second perfect.
  private func duel(_ count: Int = 40, stable: Int = 10) -> ComparisonPool {
    ComparisonPool(
      (0..<count).map { index in
        let truth = Double(index - stable) / 10 + 0.05
        return ComparedCandidate(id: "c\(index)", trueDistance: truth, predictedDistances: [-truth, truth])
      }, threshold: 0)
  }

  @Test func `a perfect model beats a reversed one, and both find all with the whole budget`() throws {
    let comparison = ModelComparison(duel(), ComparisonOptions(budgets: [40, 8, 1000, 50], resamples: 200))
    #expect(comparison.budgets.map(\.size) == [8, 40])
    #expect(comparison.clippedBudgets == [50, 1000])
    let short = comparison.budgets[0]
    #expect(short.lists.map(\.hits) == [0, 8] && short.difference == 8 && short.ratio == nil)
    #expect(short.foundOnlyBy == [[], (0..<8).map { "c\($0)" }] && short.foundByBoth == 0)
    #expect(short.mcNemarProbability == exactMcNemarTest(onlyFirst: 0, onlySecond: 8))
    let interval = try #require(short.ratioInterval)
    #expect(interval.low == .infinity && interval.high == .infinity)
    let whole = comparison.budgets[1]
    #expect(whole.lists.map(\.hits) == [10, 10] && whole.foundOnlyBy == [[], []])
    #expect(whole.differenceInterval == ConfidenceInterval(low: 0, high: 0))
    #expect(whole.ratioInterval == ConfidenceInterval(low: 1, high: 1) && whole.mcNemarProbability == 1)
    // Equal hits never show as different.
    #expect(whole.power.last?.isObserved == true && whole.power.last?.calculations == nil)
    #expect(comparison.curve.last?.hits == [10, 10])
    #expect(comparison.curve.map(\.size) == comparison.curve.map(\.size).sorted())
  }

  @Test func `a list of stable candidates alone has as many hits as places in every resample`() {
    let pool = ComparisonPool(
      (0..<30).map {
        ComparedCandidate(id: "c\($0)", trueDistance: -1, predictedDistances: [Double($0), nil])
      },
      threshold: 0)
    let comparison = ModelComparison(pool, ComparisonOptions(budgets: [1, 7, 30], resamples: 100))
    for point in comparison.curve {
      let exact = ConfidenceInterval(low: Double(point.size), high: Double(point.size))
      #expect(point.hits == [point.size, point.size] && point.intervals == [exact, exact])
    }
  }

  @Test func `intervals follow from the seed, and hold the figures of a real difference`() {
    let pool = Golden.pool()
    func intervals(_ seed: UInt64) -> [ConfidenceInterval?] {
      let comparison = ModelComparison(
        pool, ComparisonOptions(budgets: [12, 25], seed: seed, resamples: 300))
      return comparison.budgets.flatMap { [$0.differenceInterval, $0.ratioInterval] }
        + comparison.curve.flatMap(\.intervals)
    }
    #expect(intervals(3) == intervals(3))
    #expect(intervals(3) != intervals(4))
    for interval in intervals(3).compactMap({ $0 }) { #expect(interval.low <= interval.high) }
  }

  /// A pool drawn from a population in which the second model is the better one.
  private func sample(_ seed: UInt64, count: Int) -> ComparisonPool {
    var generator = SeededRandom(seed: seed, stream: 77)
    func noise() -> Double {
      (0..<4).reduce(-2.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) }
    }
    return ComparisonPool(
      (0..<count).map { index in
        let truth = noise() + 0.5
        return ComparedCandidate(
          id: "c\(index)", trueDistance: truth,
          predictedDistances: [truth + 1.2 * noise(), truth + 0.5 * noise()])
      }, threshold: 0)
  }

  @Test func `95 % intervals hold the expected difference of hits about that often`() {
    let (count, budget) = (120, 24)
    var sum = 0
    for seed in 0..<1000 as Range<UInt64> {
      let pool = sample(seed, count: count)
      let hits = (0..<2).map { pool.ranking(of: $0).prefix(budget).count { pool.isStable[$0] } }
      sum += hits[1] - hits[0]
    }
    let expected = Double(sum) / 1000
    #expect(expected > 2)
    var covered = 0
    for seed in 5000..<5120 as Range<UInt64> {
      let options = ComparisonOptions(budgets: [budget], seed: seed, resamples: 200)
      let interval = ModelComparison(sample(seed, count: count), options).budgets[0].differenceInterval
      if let interval, interval.low <= expected, expected <= interval.high { covered += 1 }
    }
    // Of 120 intervals, 114 in the mean. The percentile interval of a small pool is known to be a little off.
    #expect((102...120).contains(covered), "\(covered) of 120")
  }
}

@Suite("Power of a paired comparison") struct PairedPowerTests {
  /// Found with scipy 1.17.1: the number of candidates at which
  /// Φ((|δ|√N − z(α/2)√ψ) / √(ψ − δ²)) is 0.95 by `brentq`, times k / N.
  @Test(arguments: [
    (211, 242, 183, 500, 5678, 242.0 / 211, 587.6878025469924),
    (211, 242, 183, 500, 5678, 1.1, 1124.6683089514172),
    (211, 242, 183, 500, 5678, 2, 38.44148844794281),
    (113, 127, 109, 200, 5678, 1.25, 117.84149752578587),
    (40, 30, 25, 100, 392, 0.75, 258.37895953867724),
    (90, 87, 68, 100, 392, 0.9, 710.4571409212762),
  ])
  func `the number of calculations is that of the normal approximation`(
    first: Int, second: Int, both: Int, budget: Int, candidates: Int, ratio: Double, expected: Double
  ) throws {
    let power = try #require(
      PairedPower(
        firstHits: first, secondHits: second, bothHits: both, budget: budget, stable: candidates,
        candidates: candidates))
    #expect(isClose(power.exactCalculations(ratio: ratio), expected, tolerance: 1e-8))
    #expect(power.calculations(ratio: ratio) == Int(expected.rounded(.up)))
  }

  @Test func `a ratio that cannot show or cannot be is not given a number`() throws {
    let power = try #require(
      PairedPower(firstHits: 40, secondHits: 50, bothHits: 30, budget: 100, stable: 60, candidates: 500))
    #expect(power.calculations(ratio: 1) == nil)
    #expect(power.calculations(ratio: 1.5) != nil)
    // 64 of 60 stable candidates; 104 hits of 100 calculations.
    #expect(power.calculations(ratio: 1.6) == nil && power.calculations(ratio: 2.6) == nil)
    #expect(
      PairedPower(firstHits: 0, secondHits: 5, bothHits: 0, budget: 9, stable: 5, candidates: 20) == nil)
  }

  @Test func `McNemar's exact test on that many calculations finds the difference 19 times of 20`() throws {
    let (first, second, both, budget, candidates) = (40, 60, 30, 100, 400)
    let power = try #require(
      PairedPower(
        firstHits: first, secondHits: second, bothHits: both, budget: budget, stable: 80,
        candidates: candidates))
    let calculations = try #require(power.calculations(ratio: 1.5))
    let pool = calculations * candidates / budget
    let onlyFirst = Double(first - both) / Double(candidates)
    let onlySecond = Double(second - both) / Double(candidates)
    var generator = SeededRandom(seed: 1)
    var significant = 0
    for _ in 0..<500 {
      var counts = (first: 0, second: 0)
      for _ in 0..<pool {
        let draw = Double.random(in: 0..<1, using: &generator)
        if draw < onlyFirst {
          counts.first += 1
        } else if draw < onlyFirst + onlySecond {
          counts.second += 1
        }
      }
      if exactMcNemarTest(onlyFirst: counts.first, onlySecond: counts.second) < PairedPower.significance {
        significant += 1
      }
    }
    // The exact test is a little more careful than the formula supposes.
    #expect((450...490).contains(significant), "\(significant) of 500")
  }
}
