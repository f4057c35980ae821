import Crystal
import Networks
import TensorKernels
import TestSupport
import Testing
import Training

@Suite struct WeightAverageTests {
  /// A network of compositions, trained by one step an epoch; without a validation split the last epoch is the result.
  private func trainer(average: Double?, epochs: Int) throws -> Trainer {
    var network = MLP()
    (network.hiddenWidth, network.hiddenLayerCount) = (16, 1)
    var options = TrainingOptions()
    options.configuration = NetworkConfiguration(network)
    (options.epochs, options.batchSize, options.seed) = (epochs, 12, 3)
    (options.learningRate, options.schedule, options.average) = (0.02, .constant, average)
    var generator = SeededGenerator(seed: 8)
    let encoder = InputEncoder(network.requirements)
    let scratch = InputEncoder.Scratch()
    var training = LabelledGraphs()
    for _ in 0..<12 {
      let structure = try randomStructure(siteCount: 3, using: &generator)
      try encoder.append(structure, to: &training.graphs, scratch: scratch)
      training.targets.append(Double.random(in: -1...1, using: &generator))
    }
    return try Trainer(options: options, training: training, validation: LabelledGraphs(), jobs: 1)
  }

  @Test func `the average follows the weights by its formula, and does not change them`() throws {
    let (decay, epochs) = (0.4, 9)
    let plain = try trainer(average: nil, epochs: epochs)
    let averaging = try trainer(average: decay, epochs: epochs)
    var expected = plain.best.values.map { Double($0) }
    for step in 1...epochs {
      _ = try plain.runEpoch { _, _, _ in true }
      _ = try averaging.runEpoch { _, _, _ in true }
      let own = min(decay, Double(1 + step) / Double(10 + step))
      for (index, value) in plain.best.values.enumerated() {
        expected[index] = own * expected[index] + (1 - own) * Double(value)
      }
      for (found, value) in zip(averaging.best.values, expected) {
        #expect(abs(Double(found) - value) < 1e-6)
      }
      #expect(averaging.best.values != plain.best.values)
    }
    #expect(averaging.history.map(\.trainingLoss) == plain.history.map(\.trainingLoss))
  }

  @Test func `a training with an average goes on from a checkpoint as if it had not stopped`() throws {
    let whole = try trainer(average: 0.9, epochs: 6)
    let first = try trainer(average: 0.9, epochs: 6)
    for _ in 0..<6 { _ = try whole.runEpoch { _, _, _ in true } }
    for _ in 0..<3 { _ = try first.runEpoch { _, _, _ in true } }
    let second = try trainer(average: 0.9, epochs: 6)
    try second.restore(first.checkpoint())
    for _ in 0..<3 { _ = try second.runEpoch { _, _, _ in true } }
    #expect(second.best.values == whole.best.values)
    let missing = first.checkpoint().filter { $0.name != "average_parameters" }
    #expect(throws: ModelError.missingTensor(name: "average_parameters")) {
      try trainer(average: 0.9, epochs: 6).restore(missing)
    }
  }

  @Test func `a cosine ends at its share of the rate`() {
    let schedule = LearningRateSchedule.cosine(end: 0.02)
    func rate(_ step: Int) -> Double {
      schedule.rate(step: step, totalSteps: 1000, stepsPerEpoch: 10, peak: 0.5, momentum: 0.9).learningRate
    }
    #expect(rate(0) == 0.5)
    #expect(abs(rate(500) - 0.255) < 1e-12)
    #expect(abs(rate(1000) - 0.01) < 1e-12)
  }
}
