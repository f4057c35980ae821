import TensorKernels
import TestSupport
import Testing
import Training

@testable import Networks

/// A layer that is defined here: docs/extending.md shows it. The largest value of each channel over the sites of a
/// structure.
private struct LargestPooling: Layer {
  let width: Int

  var outputs: [ValueShape] { [ValueShape(space: .structures, width: width)] }

  /// Site of the largest value of each channel.
  private func largest<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ structure: Int, _ channel: Int
  ) -> Int {
    let (nodes, offsets) = (context.input(0), context.block.structureOffsets.pointer)
    let sites = Int(offsets[structure])..<Int(offsets[structure + 1])
    return sites.max { nodes[$0 * width + channel] < nodes[$1 * width + channel] } ?? sites.lowerBound
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (nodes, out) = (context.input(0), context.output(0))
    for structure in 0..<context.block.structureCount {
      for channel in 0..<width {
        out[structure * width + channel] = nodes[largest(context, structure, channel) * width + channel]
      }
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let out = context.clearedInputGradient(0) else { return }
    let g = context.outputGradient(0)
    for structure in 0..<context.block.structureCount {
      for channel in 0..<width {
        out[largest(context, structure, channel) * width + channel] += g[structure * width + channel]
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [
      context.structures.map { sites in
        (0..<width).map { channel in sites.map { inputs[0][$0][channel] }.max() ?? 0 }
      }
    ]
  }
}

extension NetworkBuilder {
  fileprivate mutating func largestPooling(_ nodes: NetworkValue) -> NetworkValue {
    add([nodes]) { _ in LargestPooling(width: nodes.width) }[0]
  }
}

/// A network that is defined here, with an option of its own.
private struct SampleNetwork: Architecture {
  var width = 16

  static let key = "sample"
  static let title = "Sample"
  static let summary = "The network of docs/extending.md."
  static let options: [ArchitectureOption<SampleNetwork>] = [
    .integer("width", \.width, 16...64, multipleOf: 16, "Width of the atom vectors.")
  ]

  var requirements: InputRequirements {
    InputRequirements(neighbors: .nearest(count: 6, cutoff: 5), neighborLimit: 6)
  }

  func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let lengths = network.radialBasis(reach: 5, spacing: 0.25)
    var nodes = network.elementEmbedding("embedding", width: width)
    nodes = network.crystalGraphConvolution("convolution", nodes, lengths: lengths)
    return network.linear("output", network.largestPooling(nodes), to: outputs)
  }
}

/// What docs/extending.md promises of a network and a layer in one file.
@Suite("A network in one file") struct SampleNetworkTests {
  private let sample = NetworkCase(
    name: "sample", configuration: NetworkConfiguration(SampleNetwork()),
    constant: { $0.hasSuffix("fc_full.bias") })

  @Test func `it is read from options, and what is wrong is named`() throws {
    #expect(try SampleNetwork(options: ["width": .integer(32)]).width == 32)
    #expect(
      throws: ModelError.unsupportedConfiguration("width 20 is not a multiple of 16 in 16 … 64")
    ) { try SampleNetwork(options: ["width": .integer(20)]) }
    #expect(
      throws: ModelError.unsupportedConfiguration("a network of architecture sample has no depth")
    ) { try SampleNetwork(options: ["depth": .integer(2)]) }
  }

  @Test func `it predicts what its plain loops do, and its gradients are central differences`() throws {
    let weights = try sample.parameters(seed: 3)
    let program = try sample.configuration.program()
    let graphs = try sample.graphs(4, seed: 5)
    let batch = Array(0..<graphs.count)
    let plain = PlainReference(
      program, values: weights.values, statistics: weights.statistics, gaussians: .nearestEight)
    let found = program.doubleOutputs(values: weights.values, statistics: weights.statistics, graphs)
    for (row, expected) in zip(found, plain.outputs(graphs, normalization: .running)) {
      #expect(abs(row[0] - expected[0]) < 1e-10 * max(1, abs(expected[0])))
    }
    let objective = RegressionObjective(targets: [0.3, -1, 0.5, 0.1], loss: .squared)
    let gradient = program.doubleBatch(
      values: weights.values, statistics: weights.statistics, batch, of: graphs
    ) { objective.loss(of: $0, for: batch) }.gradient
    try expectCentralDifferences(
      program.parameters.tensors.filter { !$0.isStatistic }.map { ($0.name, $0.indices) },
      gradient: gradient, isConstant: sample.constant, at: weights.values, random: 1, seed: 7
    ) { values in
      let outputs = PlainReference(
        program, values: values, statistics: weights.statistics, gaussians: .nearestEight
      ).outputs(graphs, normalization: .batch)
      return objective.loss(of: outputs.flatMap { $0 }, for: batch).value
    }
  }

  @Test func `it trains, and a training that is restored goes on as it would have`() throws {
    var options = TrainingOptions()
    options.configuration = sample.configuration
    (options.epochs, options.batchSize) = (3, 8)
    let graphs = try sample.graphs(24, seed: 9)
    // What a network can learn: a number for each element.
    let targets = (0..<24).map { Double(graphs.atomicNumbers[graphs.siteOffsets[$0]]) / 100 }
    let data = LabelledGraphs(graphs: graphs, targets: targets)
    func trainer() throws -> Trainer {
      try Trainer(options: options, training: data, validation: data, jobs: 1)
    }
    let whole = try trainer()
    while !whole.isFinished { _ = try whole.runEpoch { _, _, _ in true } }
    let first = try trainer()
    _ = try first.runEpoch { _, _, _ in true }
    let second = try trainer()
    try second.restore(first.checkpoint())
    while !second.isFinished { _ = try second.runEpoch { _, _, _ in true } }
    #expect(second.best.values == whole.best.values)
    let losses = whole.history.map(\.trainingLoss)
    #expect(try #require(losses.last) < losses[0])
  }
}
