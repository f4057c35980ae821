import TestSupport
import Testing

@testable import Screening

@Suite("Reliability") struct ReliabilityTests {
  private func fraction(_ x: Double) -> Double { x - x.rounded(.down) }

  /// 200 probabilities and outcomes that are the same everywhere, certainties and limits of bins among them.
  private var sample: (probabilities: [Double], happened: [Bool]) {
    var probabilities = (1...200).map { fraction(Double($0) * 0.6180339887498949) }
    var happened = zip(1..., probabilities).map { index, probability in
      fraction(Double(index) * 0.7548776662466927) < probability * probability * 0.8 + 0.1
    }
    probabilities.replaceSubrange(3...6, with: [0, 1, 0.1, 0.7])
    happened.replaceSubrange(3...4, with: [false, false])
    return (probabilities, happened)
  }

  @Test func `scores agree with scikit-learn, and bins with numpy`() throws {
    let (probabilities, happened) = sample
    let statistics = try #require(
      ReliabilityStatistics(probabilities: probabilities, happened: happened))
    #expect(happened.count { $0 } == 71)
    // By scikit-learn 1.9.1: brier_score_loss and log_loss; the error by numpy 2, mean over ceil(10 p) of what follows
    // from its definition.
    #expect(abs(statistics.brierScore - 0.19235419706774642) < 1e-14)
    #expect(abs(statistics.logLoss - 0.7316165332299982) < 1e-13)
    #expect(abs(statistics.expectedCalibrationError - 0.1484321306019493) < 1e-14)
    #expect(statistics.bins.map(\.count) == [20, 21, 19, 19, 19, 20, 21, 20, 20, 21])
    #expect(statistics.bins.map(\.lower).first == 0 && statistics.bins.map(\.upper).last == 1)
  }

  @Test func `certainties that come true are perfect, and nothing is known of no events`() throws {
    let perfect = try #require(
      ReliabilityStatistics(probabilities: [1, 0, 0, 1], happened: [true, false, false, true]))
    #expect(perfect.brierScore == 0 && perfect.logLoss < 1e-15 && perfect.expectedCalibrationError == 0)
    #expect(perfect.bins.map(\.count) == [2, 2])
    #expect(ReliabilityStatistics(probabilities: [], happened: []) == nil)
    let wrong = try #require(ReliabilityStatistics(probabilities: [1], happened: [false]))
    #expect(abs(wrong.logLoss - 36.04365338911715) < 1e-12)
  }

  @Test func `the order of events does not matter`() throws {
    let (probabilities, happened) = sample
    let forward = try #require(ReliabilityStatistics(probabilities: probabilities, happened: happened))
    let backward = try #require(
      ReliabilityStatistics(probabilities: probabilities.reversed(), happened: happened.reversed()))
    #expect(abs(forward.logLoss - backward.logLoss) < 1e-13)
    #expect(abs(forward.expectedCalibrationError - backward.expectedCalibrationError) < 1e-14)
  }
}

@Suite("Expected hits") struct ExpectedHitsTests {
  private func probabilities(_ count: Int) -> [Double] {
    (1...count).map { (Double($0) * 0.6180339887498949).truncatingRemainder(dividingBy: 1) }
  }

  @Test func `the distribution is that of all outcomes added up`() {
    var generator = SeededGenerator(seed: 5)
    for count in 0...10 {
      let probabilities = (0..<count).map { _ in
        [0, 1, Double.random(in: 0...1, using: &generator)][Int.random(in: 0..<3, using: &generator)]
      }
      var sums = [Double](repeating: 0, count: count + 1)
      for outcome in 0..<(1 << count) {
        var product = 1.0
        for (index, probability) in probabilities.enumerated() {
          product *= outcome >> index & 1 == 1 ? probability : 1 - probability
        }
        sums[outcome.nonzeroBitCount] += product
      }
      for (one, other) in zip(ExpectedHits.distribution(probabilities), sums) {
        #expect(abs(one - other) < 1e-14)
      }
    }
  }

  @Test func `sixty candidates give the mean and the interval that scipy gives`() {
    let hits = ExpectedHits(probabilities(60))
    // By scipy 1.17.1: stats.poisson_binom.
    #expect(abs(hits.mean - 30.002199412307675) < 1e-12)
    #expect(hits.interval == 25...35)
    #expect(ExpectedHits(probabilities(60), level: 0.5).interval == 28...32)
    let distribution = ExpectedHits.distribution(probabilities(60))
    #expect(abs(distribution[30] - 0.125608744718473) < 1e-14)
    #expect(abs(distribution[25] - 0.036384003339419706) < 1e-14)
  }

  @Test func `certain candidates leave nothing open`() {
    let hits = ExpectedHits([1, 1, 0, 1, 0])
    #expect(hits.mean == 3 && hits.interval == 3...3 && hits.count == 5)
    #expect(ExpectedHits([]).interval == 0...0)
  }

  @Test func `where the normal distribution takes over, the interval stays within a candidate`() {
    let exact = ExpectedHits(probabilities(ExpectedHits.exactCount))
    let longer = ExpectedHits(probabilities(ExpectedHits.exactCount) + [0])
    #expect(longer.mean == exact.mean)
    #expect(abs(longer.interval.lowerBound - exact.interval.lowerBound) <= 1)
    #expect(abs(longer.interval.upperBound - exact.interval.upperBound) <= 1)
    #expect(exact.interval.contains(Int(exact.mean)))
  }
}
