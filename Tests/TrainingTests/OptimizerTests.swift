import Foundation
import Networks
import TensorKernels
import TestSupport
import Testing
import Training

/// Optimizers and schedules beside those of PyTorch, entry by entry (`scripts/network-goldens`).
@Suite struct OptimizerTests {
  @Test func `every step from given gradients is that of PyTorch, with and without weight decay`() throws {
    let golden = try OptimizerGolden.read()
    #expect(Set(golden.runs.map(\.optimizer)) == Set(OptimizerKind.allCases))
    for run in golden.runs {
      var optimizer = Optimizer(
        run.optimizer, weightDecay: run.weightDecay, parameterCount: golden.start.count)
      var values = golden.start
      for (step, expected) in run.values.enumerated() {
        let rate = LearningRate(learningRate: golden.rates[step][0], momentum: golden.rates[step][1])
        optimizer.update(&values, gradient: golden.gradients[step], rate: rate)
        // Single precision; there 1 − 0.999 comes out 1.3e-5 too small, and Adam's steps half of that too long.
        let tolerance = run.optimizer == .sgd ? 1e-6 : 4e-6
        for (index, pair) in zip(values, expected).enumerated() {
          #expect(
            abs(Double(pair.0) - pair.1) < tolerance,
            "\(run.optimizer), decay \(run.weightDecay), step \(step), entry \(index): \(pair)")
        }
      }
      #expect(optimizer.step == run.values.count)
    }
  }

  @Test func `the rate and momentum of every step are those of PyTorch's schedules`() throws {
    let golden = try OptimizerGolden.read()
    for expected in golden.schedules {
      let schedule = try #require(expected.schedule)
      for (step, rate) in expected.rates.enumerated() {
        let found = schedule.rate(
          step: step, totalSteps: expected.rates.count, stepsPerEpoch: golden.stepsPerEpoch,
          peak: golden.peak, momentum: 0.9)
        #expect(abs(found.learningRate - rate[0]) < 1e-12 * golden.peak, "\(schedule), step \(step)")
        #expect(abs(found.momentum - rate[1]) < 1e-12, "\(schedule), step \(step)")
      }
    }
  }
}

/// `fixtures/goldens/optimizers.json`.
private struct OptimizerGolden: Decodable {
  /// Values before the first step.
  let start: [Float]
  /// Of each step.
  let gradients: [[Float]]
  /// Learning rate and momentum of each step.
  let rates: [[Double]]
  let runs: [Run]
  /// Largest learning rate of the schedules.
  let peak: Double
  let stepsPerEpoch: Int
  let schedules: [Scheduled]

  struct Run: Decodable {
    let optimizer: OptimizerKind
    let weightDecay: Double
    /// Values after each step.
    let values: [[Double]]
  }

  struct Scheduled: Decodable {
    /// nil for a name that is not known.
    let schedule: LearningRateSchedule?
    /// Learning rate and momentum of each step.
    let rates: [[Double]]

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      schedule =
        switch try values.decode(String.self, forKey: .schedule) {
        case "constant": .constant
        case "cosine": .cosine(end: 0)
        case "multistep":
          .multistep(
            epochs: try values.decode([Int].self, forKey: .epochs),
            factor: try values.decode(Double.self, forKey: .factor))
        case "oneCycle": .oneCycle(warmUp: try values.decode(Double.self, forKey: .warmUp))
        default: nil
        }
      rates = try values.decode([[Double]].self, forKey: .rates)
    }

    private enum Key: String, CodingKey {
      case schedule, rates, warmUp, epochs, factor
    }
  }

  static func read() throws -> Self {
    try JSONDecoder().decode(
      Self.self, from: Data(contentsOf: Fixtures.url("goldens/optimizers.json")))
  }
}
