import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import Networks
import TestSupport
import Testing
import Training

@Suite struct ObjectiveTests {
  @Test func `the binary cross-entropy of one output and its slopes are those of numpy`() {
    // mean(logaddexp(0, -x)[y] + logaddexp(0, x)[1 - y]), (1 / (1 + exp(-x)) - y) / 5
    let objective = BinaryCrossEntropyObjective(classes: [1, 0, 0, 1, 1])
    let (loss, slopes) = objective.loss(of: [0.3, -2, 5, -40, 0], for: [0, 1, 2, 3, 4])
    #expect(abs(loss - 9.276229156912112) < 1e-12)
    for (found, expected) in zip(slopes, [-0.0851115, 0.02384058, 0.19866143, -0.2, -0.1]) {
      #expect(abs(found - expected) < 1e-7)
    }
    // Far out nothing overflows.
    let (far, farSlopes) = objective.loss(of: [-1000], for: [0])
    #expect(far == 1000 && farSlopes == [-1])
  }

  @Test func `it is the negative log-likelihood of two outputs whose first is zero`() {
    var generator = SeededGenerator(seed: 3)
    let classes = (0..<20).map { _ in Int.random(in: 0...1, using: &generator) }
    let outputs = classes.map { _ in Double.random(in: -6...6, using: &generator) }
    let one = BinaryCrossEntropyObjective(classes: classes).loss(of: outputs, for: Array(0..<20))
    let two = ClassificationObjective(classes: classes).loss(
      of: outputs.flatMap { [0, $0] }, for: Array(0..<20))
    #expect(abs(one.value - two.value) < 1e-14)
    for (index, slope) in one.slopes.enumerated() {
      #expect(abs(slope - two.slopes[2 * index + 1]) < 1e-16)
    }
  }

  @Test(arguments: RegressionLoss.allCases)
  func `several targets are one after the other, and missing ones are in no mean`(loss: RegressionLoss) {
    let targets: [Float] = [0.5, .nan, 1, .nan, -2, 0.25]
    let outputs = [0.1, 9, 3, 8, -2.5, 0.75]
    let several = RegressionObjective(targets: targets, count: 2, loss: loss)
    let known = targets.indices.filter { !targets[$0].isNaN }
    let single = RegressionObjective(targets: known.map { targets[$0] }, loss: loss)
    let (value, slopes) = several.loss(of: outputs, for: [0, 1, 2])
    let (expected, own) = single.loss(of: known.map { outputs[$0] }, for: [0, 1, 2, 3])
    #expect(value == expected)
    #expect(known.map { slopes[$0] } == own)
    #expect(slopes[1] == 0 && slopes[3] == 0)
    // The batch may have the structures in any order.
    let (other, _) = several.loss(of: [-2.5, 0.75, 0.1, 9], for: [2, 0])
    let (alone, _) = single.loss(of: [0.1, -2.5, 0.75], for: [0, 2, 3])
    #expect(abs(other - alone) < 1e-15)
  }

  @Test func `a batch without a label teaches nothing`() {
    let (value, slopes) = RegressionObjective(targets: [.nan, .nan], count: 2, loss: .huber)
      .loss(of: [3, -1], for: [0])
    #expect(value == 0 && slopes == [0, 0])
  }
}

@Suite struct SeveralTargetsTrainerTests {
  private func graphs(_ count: Int, seed: UInt64) -> GraphCollection {
    var graphs = GraphCollection()
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<count {
      let elements = [
        UInt8.random(in: 1...90, using: &generator), UInt8.random(in: 1...90, using: &generator),
      ]
      graphs.append(CrystalGraph(withoutEdges: elements.compactMap { Element(rawValue: $0) }))
    }
    return graphs
  }

  private func options(outputs: Int) -> TrainingOptions {
    var network = MLP()
    (network.hiddenWidth, network.hiddenLayerCount) = (16, 2)
    var options = TrainingOptions()
    options.configuration = NetworkConfiguration(network, outputs: outputs)
    (options.epochs, options.batchSize) = (3, 8)
    return options
  }

  private func trainer(
    _ options: TrainingOptions, _ targets: (Int) -> [Double], initial: NetworkParameters? = nil
  ) throws -> Trainer {
    func data(_ count: Int, seed: UInt64) -> LabelledGraphs {
      LabelledGraphs(
        graphs: graphs(count, seed: seed), targets: (0..<count).flatMap(targets),
        targetCount: options.configuration.outputCount)
    }
    return try Trainer(
      options: options, training: data(24, seed: 1), validation: data(8, seed: 2), initial: initial, jobs: 1)
  }

  private func run(_ trainer: Trainer) throws -> Trainer {
    while !trainer.isFinished { _ = try trainer.runEpoch { _, _, _ in true } }
    return trainer
  }

  @Test(arguments: [0, 1])
  func `where all labels of another target are missing, a target is learned as if it were alone, bit for bit`(
    place: Int
  ) throws {
    let single = try run(trainer(options(outputs: 1)) { [Double($0 % 5)] })
    // The same start, with another output beside.
    let two = options(outputs: 2)
    let own = try options(outputs: 1).drawnParameters().namedTensors
    let beside = try two.drawnParameters().namedTensors
    let start = try NetworkParameters(
      two.configuration,
      tensors: zip(own, beside).map { one, pair in
        guard one.name.hasPrefix("output") else { return one }
        var values = pair.values
        values.replaceSubrange(place * one.values.count..<(place + 1) * one.values.count, with: one.values)
        return NamedTensor(name: pair.name, shape: pair.shape, values: values)
      })
    let several = try run(
      trainer(two, { place == 0 ? [Double($0 % 5), .nan] : [.nan, Double($0 % 5)] }, initial: start))
    #expect(several.normalizers[place] == single.normalizers[0])
    #expect(several.history.map(\.trainingLoss) == single.history.map(\.trainingLoss))
    #expect(several.history.map { $0.figures[1 + place] } == single.history.map(\.validationFigure))
    #expect(several.history.allSatisfy { $0.figures[2 - place].isNaN })
    for tensor in single.best.namedTensors {
      let found = try #require(several.best.namedTensors.first { $0.name == tensor.name }).values
      let isOutput = tensor.name.hasPrefix("output")
      let count = tensor.values.count
      #expect((isOutput ? Array(found[place * count..<(place + 1) * count]) : found) == tensor.values)
    }
  }

  @Test func `a training of several targets that is restored goes on as it would have`() throws {
    let targets = { (index: Int) in [Double(index % 5), index % 3 == 0 ? .nan : Double(index % 4)] }
    let whole = try run(trainer(options(outputs: 2), targets))
    let first = try trainer(options(outputs: 2), targets)
    _ = try first.runEpoch { _, _, _ in true }
    let second = try trainer(options(outputs: 2), targets)
    try second.restore(first.checkpoint())
    #expect(try run(second).best.values == whole.best.values)
    #expect(second.history == whole.history)
    #expect(whole.history.allSatisfy { $0.figures.count == 3 })
    // The figure that chooses the epoch is the mean of the errors in standard deviations.
    for record in whole.history {
      let errors = zip(record.figures.dropFirst(), whole.normalizers).map { $0 / $1.standardDeviation }
      #expect(abs(errors.reduce(0, +) / 2 - record.validationFigure) < 1e-14)
    }
  }
}
