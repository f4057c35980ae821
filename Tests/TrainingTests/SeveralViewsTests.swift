import Crystal
import CrystalGraphs
import ModelFormats
import Networks
import TestSupport
import Testing
import Training

/// Two strained copies of each crystal, other ones in each epoch.
private struct StrainedViews: ExampleSource {
  let structures: [Structure]
  let requirements: InputRequirements
  /// What each view takes the strain of; as many as views.
  var strains = [0, 1]
  private let augmentation = StrainAugmentation(strain: 0.2, shear: 0.05, displacement: 0.05, share: 1)

  init(_ structures: [Structure], _ requirements: InputRequirements) {
    (self.structures, self.requirements) = (structures, requirements)
  }

  var count: Int { structures.count }

  func graphs(epoch: Int, view: Int) throws -> GraphCollection? {
    var graphs = GraphCollection()
    let (encoder, scratch) = (InputEncoder(requirements), InputEncoder.Scratch())
    for (index, structure) in structures.enumerated() {
      let copy = augmentation.copy(
        of: structure, index: index, epoch: epoch, view: strains[view], seed: 4)
      try encoder.append(copy ?? structure, to: &graphs, scratch: scratch)
    }
    return graphs
  }
}

/// Keeps what it is given, and has nothing to be learned.
private final class Witness: Objective, @unchecked Sendable {
  let outputCount: Int
  let viewCount = 3
  let metrics = [Metric(name: "structures", direction: .higher)]
  private(set) var outputs: [Double] = []
  private(set) var batch: [Int] = []
  private(set) var predictions: [Float] = []

  init(outputCount: Int) { self.outputCount = outputCount }

  func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    (self.outputs, self.batch) = (outputs, batch)
    return (0, outputs.map { _ in 0 })
  }

  func figures(of predictions: [Float]) -> [Double] {
    self.predictions = predictions
    return [Double(predictions.count / viewCount / outputCount)]
  }
}

/// Compositions, other ones in each view.
private struct Compositions: ExampleSource {
  let count: Int

  func graphs(epoch: Int, view: Int) -> GraphCollection? {
    var graphs = GraphCollection()
    for index in 0..<count {
      let elements = [UInt8(index + 1), UInt8(30 * (view + 1) - index)].compactMap { Element(rawValue: $0) }
      graphs.append(CrystalGraph(withoutEdges: elements))
    }
    return graphs
  }
}

@Suite struct SeveralViewsTests {
  private let width = 4

  private func crystals(_ count: Int, seed: UInt64) throws -> [Structure] {
    var generator = SeededGenerator(seed: seed)
    return try (0..<count).map { _ in try randomStructure(siteCount: 3, using: &generator) }
  }

  private func options() -> TrainingOptions {
    var network = CGCNN()
    (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (16, 16, 1)
    (network.neighborCount, network.cutoff) = (6, 6)
    network.dropout = 0.1
    var options = TrainingOptions()
    options.configuration = NetworkConfiguration(network, outputs: width)
    (options.epochs, options.batchSize, options.seed) = (6, 12, 2)
    (options.learningRate, options.schedule) = (0.01, .constant)
    return options
  }

  private func trainer(jobs: Int = 1, strains: [Int] = [0, 1]) throws -> Trainer {
    let options = options()
    let requirements = options.configuration.requirements
    var examples = StrainedViews(try crystals(36, seed: 1), requirements)
    examples.strains = strains
    let validation = StrainedViews(try crystals(10, seed: 2), requirements)
    return try Trainer(
      options: options, objective: BarlowTwins(outputCount: width, redundancy: 0.1, scalesRows: false),
      examples: examples,
      validation: (0..<2).map { try #require(try validation.graphs(epoch: 0, view: $0)) }, jobs: jobs)
  }

  private func run(_ trainer: Trainer) throws -> Trainer {
    while !trainer.isFinished { _ = try trainer.runEpoch { _, _, _ in true } }
    return trainer
  }

  /// Objectives, and of an output's columns those through which something is learned.
  private static let coupling: [(objective: any Objective, columns: Range<Int>)] = [
    (BarlowTwins(outputCount: 3, redundancy: 0.1, scalesRows: true), 0..<3),
    (BarlowTwins(outputCount: 3, redundancy: 0.1, scalesRows: false), 0..<3),
    (SimSiam(width: 3), 0..<3), (ViewContrast(outputCount: 3), 0..<3),
    (ViewContrast(outputCount: 3, temperature: 2), 0..<3),
  ]

  @Test(arguments: coupling.indices)
  func `the slopes of a loss that couples views and structures are its central differences`(
    number: Int
  ) {
    var generator = SeededGenerator(seed: 6)
    let (objective, columns) = Self.coupling[number]
    let batch = Array(0..<5)
    let outputs = (0..<2 * 5 * objective.outputCount).map { _ in Double.random(in: -2...2, using: &generator)
    }
    let slopes = objective.loss(of: outputs, for: batch).slopes
    for place in outputs.indices {
      guard columns.contains(place % objective.outputCount) else {
        #expect(slopes[place] == 0)
        continue
      }
      func loss(_ step: Double) -> Double {
        var moved = outputs
        moved[place] += step
        return objective.loss(of: moved, for: batch).value
      }
      #expect(abs((loss(1e-5) - loss(-1e-5)) / 2e-5 - slopes[place]) < 1e-8)
    }
  }

  @Test func `views that are alike correlate fully, and unrelated ones cost the number of outputs`() {
    var generator = SeededGenerator(seed: 8)
    let (rows, width) = (4000, 6)
    let objective = BarlowTwins(outputCount: width, redundancy: 0, scalesRows: false)
    func view() -> [Double] {
      (0..<rows * width).map { _ in Double.random(in: -1...1, using: &generator) }
    }
    let batch = Array(0..<rows)
    let one = view()
    #expect(objective.loss(of: one + one, for: batch).value < 1e-6)
    #expect(abs(objective.loss(of: one + view(), for: batch).value - Double(width)) < 0.3)
    // The spread of even outputs is 1, and 0 where all structures are alike.
    let even = objective.figures(of: (one + one).map { Float($0) })
    #expect(abs(even[1] - 1) < 0.05)
    let same = (0..<2 * rows).flatMap { _ in [Float](repeating: 0.5, count: width) }
    #expect(objective.figures(of: same)[1] < 1e-6)
  }

  @Test func `SimSiam is least where predictions point where the other view does, whatever their lengths`() {
    var generator = SeededGenerator(seed: 3)
    let (rows, width) = (200, 8)
    let objective = SimSiam(width: width)
    func vectors() -> [[Double]] {
      (0..<rows).map { _ in (0..<width).map { _ in Double.random(in: -1...1, using: &generator) } }
    }
    let (first, second) = (vectors(), vectors())
    // p of one view is z of the other one times any positive number.
    func view(_ z: [[Double]], _ others: [[Double]], _ factor: Double) -> [Double] {
      var row: [Double] = []
      for (own, other) in zip(z, others) {
        row += other.map { factor * $0 }
        row += own
      }
      return row
    }
    func outputs(_ factor: Double) -> [Double] { view(first, second, factor) + view(second, first, factor) }
    let batch = Array(0..<rows)
    for factor in [0.2, 1, 30] {
      let found = objective.loss(of: outputs(factor), for: batch)
      #expect(abs(found.value + 1) < 1e-12)
      #expect(found.slopes.allSatisfy { abs($0) < 1e-12 })
    }
    #expect(abs(objective.loss(of: outputs(-1), for: batch).value - 1) < 1e-12)
    // The spread is that of z.
    #expect(abs(objective.figures(of: outputs(1).map { Float($0) })[1] - 1) < 0.1)
    // All z point the same way.
    var collapsed: [Float] = []
    for row in 0..<2 * rows {
      for _ in 0..<width { collapsed.append(Float.random(in: -1...1, using: &generator)) }
      for index in 0..<width { collapsed.append(Float(index + 1) * Float(row + 1)) }
    }
    #expect(objective.figures(of: collapsed)[1] < 1e-5)
  }

  @Test func `contrast falls as own views come closer and others go away, and lengths mean nothing`() throws {
    let objective = ViewContrast(outputCount: 2, temperature: 0.5)
    func loss(_ angles: [Double], _ others: [Double], length: Double = 1) -> Double {
      let outputs = (angles + others).flatMap { angle in
        // A point of the circle by its half angle's tangent.
        let square = 1 + angle * angle
        return [length * (1 - angle * angle) / square, length * 2 * angle / square]
      }
      return objective.loss(of: outputs, for: Array(angles.indices)).value
    }
    let close = loss([-1, 0, 1], [-0.9, 0.1, 0.9])
    #expect(close < loss([-1, 0, 1], [-0.5, 0.3, 0.6]))
    #expect(close < loss([-1, 0, 1], [0.1, 0.9, -0.9]))
    #expect(abs(close - loss([-1, 0, 1], [-0.9, 0.1, 0.9], length: 7)) < 1e-12)
    // Of two crystals whose four views are alike the one other is as alike as the own: ln 1.
    #expect(abs(loss([0, 0], [0, 0])) < 1e-12)
    #expect(objective.figures(of: [1, 0, 0, 1])[0].isNaN)
  }

  @Test func `what is hidden weighs by how often it is asked for, and what is not, nothing`() {
    let objective = HiddenPartObjective()
    func row(_ losses: [Double], _ counts: [Double], _ right: [Double]) -> [Double] {
      losses + counts + right
    }
    let outputs =
      row([2, 1, 6], [2, 2, 3], [1, 2, 0]) + row([4, 3, 0], [1, 1, 0], [0, 1, 0])
    let found = objective.loss(of: outputs, for: [0, 1])
    #expect(abs(found.value - (6.0 / 3 + 4.0 / 3 + 6.0 / 3)) < 1e-12)
    let third = 1.0 / 3
    #expect(
      found.slopes == [third, third, third, 0, 0, 0, 0, 0, 0] + [third, third, third, 0, 0, 0, 0, 0, 0])
    let figures = objective.figures(of: outputs.map { Float($0) })
    #expect(abs(figures[1] - (third + 1) / 2) < 1e-6 && figures[2] == 0)
    let none = objective.loss(of: row([5, 1, 0], [1, 1, 0], [0, 0, 0]), for: [0])
    #expect(none.value == 6 && none.slopes[2] == 0)
  }

  @Test func `a site is displaced by any length up to the largest, in any direction`() throws {
    var views = TwinViews()
    views.displacement = 0.05
    var generator = SeededGenerator(seed: 9)
    let crystal = try randomStructure(siteCount: 4, using: &generator)
    var (lengths, mean) = ([Double](), SIMD3<Double>.zero)
    for index in 0..<500 {
      var own = views.generator(index: index, epoch: 1, view: 0, seed: 2)
      let moved = try views.displaced(crystal, using: &own)
      for (old, new) in zip(crystal.fractionalPositions, moved.fractionalPositions) {
        var shift = new - old
        shift -= shift.rounded(.toNearestOrAwayFromZero)
        let cartesian = crystal.lattice.cartesian(shift)
        lengths.append((cartesian * cartesian).sum().squareRoot())
        mean += cartesian / 2000
      }
    }
    #expect((lengths.max() ?? 1) <= 0.05 + 1e-12)
    #expect(abs(lengths.reduce(0, +) / 2000 - 0.025) < 0.001)
    #expect((mean * mean).sum().squareRoot() < 0.003)
  }

  @Test func `a network learns from two views, and its weights depend neither on jobs nor on a stop`() throws
  {
    let whole = try run(trainer())
    let losses = whole.history.map(\.trainingLoss)
    #expect(losses[5] < 0.5 * losses[0])
    #expect(whole.metrics.map(\.name) == ["loss", "spread"])
    #expect(whole.bestFigure == whole.history.map(\.validationFigure).min())
    #expect(whole.bestFigure < whole.history[0].validationFigure)

    let parallel = try run(trainer(jobs: 3))
    #expect(parallel.best.values == whole.best.values && parallel.best.statistics == whole.best.statistics)
    #expect(parallel.history == whole.history)

    let first = try trainer()
    for _ in 0..<2 { _ = try first.runEpoch { _, _, _ in true } }
    let second = try trainer(jobs: 2)
    try second.restore(first.checkpoint())
    #expect(try run(second).checkpoint() == whole.checkpoint())

    // The second view is looked at.
    let twice = try run(trainer(strains: [0, 0]))
    #expect(twice.best.values != whole.best.values)
  }

  @Test func `an objective sees the outputs of one view after the other, of the batch that it is told`()
    throws
  {
    var network = MLP()
    (network.hiddenWidth, network.hiddenLayerCount) = (16, 1)
    var options = TrainingOptions()
    options.configuration = NetworkConfiguration(network, outputs: 2)
    (options.epochs, options.batchSize) = (1, 5)
    let (examples, validation) = (Compositions(count: 9), Compositions(count: 4))
    let witness = Witness(outputCount: 2)
    let initial = try options.drawnParameters()
    let trainer = try Trainer(
      options: options, objective: witness, examples: examples,
      validation: (0..<3).compactMap { validation.graphs(epoch: 0, view: $0) }, initial: initial, jobs: 2)
    let record = try #require(try trainer.runEpoch { _, _, _ in true })

    func outputs(_ source: Compositions, _ view: Int) throws -> [Float] {
      NetworkPredictor([initial]).predictions(try #require(source.graphs(epoch: 0, view: view)), jobs: 1)
    }
    #expect(witness.batch.count == 5 && Set(witness.batch).count == 5)
    let expected = try (0..<3).flatMap { view in
      let all = try outputs(examples, view)
      return witness.batch.flatMap { all[2 * $0..<2 * $0 + 2] }
    }
    #expect(witness.outputs.count == expected.count)
    for (found, value) in zip(witness.outputs, expected) { #expect(abs(found - Double(value)) < 1e-5) }
    // Weight decay has moved the weights, so what is validated differs from what was drawn.
    #expect(witness.predictions.count == 3 * 4 * 2)
    #expect(record.figures == [4] && trainer.bestFigure == 4)
  }

  @Test func `a checkpoint of other metrics is refused`() throws {
    let checkpoint = try run(trainer()).checkpoint().map { tensor in
      guard tensor.name == "history" else { return tensor }
      return NamedTensor(name: "history", shape: [3, 8], data: .double(tensor.doubles ?? []))
    }
    #expect(throws: ModelError.wrongShape(name: "history", expected: [-1, 4], found: [3, 8])) {
      try trainer().restore(checkpoint)
    }
  }
}
