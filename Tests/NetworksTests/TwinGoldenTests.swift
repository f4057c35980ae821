import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import TestSupport
import Testing
import Training

@testable import Networks

/// The published network of Crystal Twins under its own names, also in widths that no CGCNN here has.
private struct TwinNetwork: Architecture {
  /// What follows the crystal's vector h.
  enum Head: String, Codable, CaseIterable {
    /// Nothing: the outputs are h.
    case vector
    /// The projection of pretraining.
    case projection
    /// The two layers of fine-tuning, the first half as wide as h.
    case prediction
  }

  var nodeWidth = 64
  var hiddenWidth = 128
  var convolutionCount = 3
  var head = Head.projection

  static let key = "twins"
  static let title = "Twins"
  static let summary = "The network of Crystal Twins."
  static let options: [ArchitectureOption<TwinNetwork>] = []

  var requirements: InputRequirements {
    InputRequirements(neighbors: .nearest(count: 12, cutoff: 8), neighborLimit: 12, paddingDistance: 9)
  }

  func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let lengths = network.radialBasis(reach: 8, spacing: 0.2)
    var nodes = network.elementEmbedding("embedding", width: nodeWidth)
    for number in 0..<convolutionCount {
      nodes = network.crystalGraphConvolution("convs.\(number)", nodes, lengths: lengths)
    }
    let pooled = network.activation(.softplus, network.meanPooling(nodes))
    let h = network.linear("conv_to_fc", pooled, to: hiddenWidth, activation: .softplus)
    switch head {
    case .vector: return h
    case .projection:
      let inner = network.linear("fc_head.0", h, to: hiddenWidth, activation: .softplus)
      return network.linear("fc_head.2", inner, to: outputs)
    case .prediction:
      let inner = network.linear("fc_out.0", h, to: hiddenWidth / 2, activation: .softplus)
      return network.linear("fc_out.2", inner, to: outputs)
    }
  }
}

/// What the code of Crystal Twins gives, from the shared data folder: two views of 26 crystals, the losses, and networks.
@Suite("Crystal Twins beside the published code", .enabled(if: Fixtures.sharedData != nil))
struct TwinGoldenTests {
  private struct Reference: Decodable {
    let losses: [Loss]
    let small: Network
    let siamese: Network
    let pretrained: Network
    let finetune: FineTuning

    private enum CodingKeys: String, CodingKey {
      case losses, finetune
      case small = "small_barlow"
      case siamese = "small_simsiam"
      case pretrained = "pretrained_barlow"
    }
  }

  private struct Loss: Decodable {
    let batch: Int
    let dim: Int
    let lambda: Double
    let z1: [[Double]]
    let z2: [[Double]]
    let barlow: Double
    let unscaled: Double
    let gradient1: [[Double]]
    let gradient2: [[Double]]
    let p1: [[Double]]
    let p2: [[Double]]
    let simSiam: Double
    let simSiamGradient1: [[Double]]
    let simSiamGradient2: [[Double]]

    private enum CodingKeys: String, CodingKey {
      case batch, dim, lambda, z1, z2, barlow, p1, p2
      case simSiam = "simsiam"
      case simSiamGradient1 = "simsiam_gradient_p1"
      case simSiamGradient2 = "simsiam_gradient_p2"
      case unscaled = "barlow_without_row_normalisation"
      case gradient1 = "barlow_gradient_z1"
      case gradient2 = "barlow_gradient_z2"
    }
  }

  private struct Network: Decodable {
    let eval: [String: [View]]
    let step: Step

    private enum CodingKeys: String, CodingKey {
      case eval
      case step = "train_step"
    }
  }

  private struct View: Decodable {
    /// Mean and norm.
    let h: [Double]
    let z: [Double]
    let first: [Double]

    private enum CodingKeys: String, CodingKey {
      case h, z
      case first = "z_first"
    }
  }

  private struct Step: Decodable {
    let ids: [String]
    let loss: Double
    let gradientNorms: [String: Double]
    /// Mean and norm of each running statistic.
    let running: [String: [Double]]

    private enum CodingKeys: String, CodingKey {
      case ids, loss
      case gradientNorms = "gradient_norms"
      case running = "running_after"
    }
  }

  private struct FineTuning: Decodable {
    let copied: [String]
    let new: [String: [Int]]
    let outputs: [String: Double]

    private enum CodingKeys: String, CodingKey {
      case copied, new
      case outputs = "view1_output"
    }
  }

  private struct Views: Decodable {
    let id: String
    /// By view.
    let masked: [[Int]]
    /// By view and site.
    let kept: [[[Int]]]
    let neighbors: [[[Int32]]]
    let distances: [[[Double]]]

    private enum CodingKeys: String, CodingKey {
      case id, distances
      case masked = "masked_sites"
      case kept = "kept_slots"
      case neighbors = "neighbours"
    }
  }

  private let reference: Reference
  private let views: [Views]
  /// Whole graphs, a collection a crystal, without what stands in for missing neighbors.
  private let wholes: [String: GraphCollection]

  init() throws {
    reference = try JSONDecoder().decode(
      Reference.self, from: Data(try SharedNetworks.bytes("ct.json.zst")))
    views = try JSONDecoder().decode([Views].self, from: Data(try SharedNetworks.bytes("ct_views.json.zst")))
    wholes = try SharedNetworks.graphs { $0 < 9 }.mapValues { graph in
      var collection = GraphCollection()
      collection.append(graph)
      return collection
    }
  }

  /// A view of some crystals.
  private func graphs(_ ids: [String], view: Int) throws -> GraphCollection {
    var collection = GraphCollection()
    for id in ids {
      let own = try #require(views.first { $0.id == id })
      collection.append(
        viewOf: try #require(wholes[id]), structure: 0, masking: own.masked[view], keeping: own.kept[view],
        limit: 12, paddingDistance: 9)
    }
    return collection
  }

  private func small(_ head: TwinNetwork.Head) -> NetworkConfiguration {
    let network = TwinNetwork(nodeWidth: 32, hiddenWidth: 24, convolutionCount: 2, head: head)
    return NetworkConfiguration(network, outputs: 24)
  }

  private func large(_ head: TwinNetwork.Head) -> NetworkConfiguration {
    NetworkConfiguration(TwinNetwork(head: head), outputs: [.vector: 128, .projection: 256][head] ?? 1)
  }

  private func weights(_ configuration: NetworkConfiguration, _ file: String) throws -> Weights<Double> {
    let tensors = try SafeTensors.decode(try SharedNetworks.bytes(file)).tensors
    return try filled(configuration) { tensor in
      let given = try #require(tensors.first { $0.name == tensor.name }, "\(tensor.name)")
      #expect(given.shape == tensor.shape)
      return given.doubles ?? given.values.map { Double($0) }
    }
  }

  private func filled(
    _ configuration: NetworkConfiguration, _ numbers: (ParameterTensor) throws -> [Double]
  ) throws -> Weights<Double> {
    let layout = try configuration.program().parameters
    var weights = Weights(
      values: [Double](repeating: 0, count: layout.count),
      statistics: [Double](repeating: 0, count: layout.statisticCount))
    for tensor in layout.tensors {
      for (index, number) in zip(tensor.indices, try numbers(tensor)) {
        if tensor.isStatistic { weights.statistics[index] = number } else { weights.values[index] = number }
      }
    }
    return weights
  }

  private func digest(_ numbers: [Double]) -> [Double] {
    [
      numbers.reduce(0, +) / Double(numbers.count),
      numbers.reduce(0) { $0 + $1 * $1 }.squareRoot(),
    ]
  }

  @Test func `a view is the published one, site by site and slot by slot`() throws {
    #expect(views.count == 26)
    for own in views {
      for view in 0..<2 {
        let graphs = try graphs([own.id], view: view)
        #expect(graphs.neighbors == own.neighbors[view].flatMap { $0 }, "\(own.id)")
        #expect(relativeError(graphs.distances, own.distances[view].flatMap { $0 }) < 1e-12)
        let masked = graphs.atomicNumbers.indices.filter {
          graphs.atomicNumbers[$0] == GraphCollection.maskedElement
        }
        #expect(masked == own.masked[view].sorted())
      }
    }
  }

  @Test func `as many sites are masked and edges kept as in the published views`() throws {
    let drawn = TwinViews()
    for (index, own) in views.enumerated() {
      var generator = drawn.generator(index: index, epoch: 0, view: 0, seed: 0)
      let whole = try #require(wholes[own.id])
      let masked = drawn.masked(whole.siteCount(of: 0), using: &generator)
      #expect(masked.count == own.masked[0].count && Set(masked).count == masked.count)
      for site in 0..<whole.siteCount(of: 0) {
        let kept = drawn.kept(whole.edgeOffsets[site + 1] - whole.edgeOffsets[site], using: &generator)
        #expect(kept.count == own.kept[0][site].count && Set(kept).count == kept.count, "\(own.id)")
      }
    }
  }

  @Test func `losses and their gradients are the published ones`() {
    for loss in reference.losses {
      let outputs = (loss.z1 + loss.z2).flatMap { $0 }
      let batch = Array(0..<loss.batch)
      let found = BarlowTwins(outputCount: loss.dim, redundancy: loss.lambda).loss(of: outputs, for: batch)
      #expect(abs(found.value - loss.barlow) < 1e-10 * loss.barlow)
      #expect(relativeError(found.slopes, (loss.gradient1 + loss.gradient2).flatMap { $0 }) < 1e-10)
      let unscaled = BarlowTwins(outputCount: loss.dim, redundancy: loss.lambda, scalesRows: false)
      #expect(abs(unscaled.loss(of: outputs, for: batch).value - loss.unscaled) < 1e-10 * loss.unscaled)
    }
  }

  @Test func `SimSiam and its gradients are the published ones, and nothing is learned through the targets`()
  {
    for loss in reference.losses {
      // Rows of p, and behind it z.
      func rows(_ p: [[Double]], _ z: [[Double]]) -> [Double] { zip(p, z).flatMap { $0 + $1 } }
      let found = SimSiam(width: loss.dim).loss(
        of: rows(loss.p1, loss.z1) + rows(loss.p2, loss.z2), for: Array(0..<loss.batch))
      #expect(abs(found.value - loss.simSiam) < 1e-10 * abs(loss.simSiam))
      let nothing = loss.z1.map { $0.map { _ in 0.0 } }
      let expected = rows(loss.simSiamGradient1, nothing) + rows(loss.simSiamGradient2, nothing)
      #expect(relativeError(found.slopes, expected) < 1e-10)
      #expect(zip(found.slopes, expected).allSatisfy { $1 != 0 || $0 == 0 })
    }
  }

  /// The small network of SimSiam, whose head is called otherwise in the published code.
  private func siamese() throws -> (shape: NetworkConfiguration, weights: Weights<Double>) {
    var encoder = CGCNN()
    (encoder.nodeWidth, encoder.hiddenWidth, encoder.convolutionCount) = (32, 24, 2)
    (encoder.hiddenLayerCount, encoder.padding) = (2, .firstAtom)
    let network = SiameseNetwork(encoder)
    let shape = NetworkConfiguration(network, outputs: network.outputCount)
    let tensors = try SafeTensors.decode(try SharedNetworks.bytes("ct_small.safetensors")).tensors
    return (
      shape,
      try filled(shape) { tensor in
        let name = Self.published(tensor.name)
        return try #require(tensors.first { $0.name == name }?.doubles, "\(name)")
      }
    )
  }

  private static func published(_ name: String) -> String {
    name.replacing("fcs.0", with: "fc_head.0").replacing("fc_out", with: "fc_head.2")
  }

  @Test func `vectors and predictions of SimSiam are those of the published code`() throws {
    let (shape, weights) = try siamese()
    let (golden, width) = (reference.siamese, shape.outputCount / 2)
    let ids = golden.eval.keys.sorted()
    for view in 0..<2 {
      let graphs = try graphs(ids, view: view)
      let rows = try plain(shape, weights, graphs)
      let fast = try shape.program().doubleOutputs(
        values: weights.values, statistics: weights.statistics, graphs)
      for (index, id) in ids.enumerated() {
        let own = try #require(golden.eval[id])[view]
        #expect(relativeError(digest(Array(rows[index][width...])), own.h) < 1e-10, "\(id)")
        #expect(relativeError(digest(Array(rows[index][..<width])), own.z) < 1e-10, "\(id)")
        #expect(relativeError(Array(rows[index].prefix(own.first.count)), own.first) < 1e-10, "\(id)")
        #expect(relativeError(fast[index], rows[index]) < 1e-5)
      }
    }
  }

  @Test func `a step of SimSiam is that of the published code`() throws {
    let (shape, weights) = try siamese()
    try expectStep(
      reference.siamese.step, shape, weights, SimSiam(width: shape.outputCount / 2), Self.published)
  }

  /// Outputs in plain loops, a row a crystal.
  private func plain(
    _ configuration: NetworkConfiguration, _ weights: Weights<Double>, _ graphs: GraphCollection,
    _ normalization: PlainReference.Normalization = .running
  ) throws -> [[Double]] {
    PlainReference(
      try configuration.program(), values: weights.values, statistics: weights.statistics
    ).outputs(graphs, normalization: normalization)
  }

  @Test(arguments: [true, false])
  func `vectors and projections of both views are those of the published code`(isSmall: Bool) throws {
    let (file, golden) =
      isSmall
      ? ("ct_small.safetensors", reference.small)
      : ("ct_barlow_pretrained.safetensors", reference.pretrained)
    // The plain loops are slow: some crystals are enough for the large one.
    let ids = Array(golden.eval.keys.sorted().prefix(isSmall ? 26 : 6))
    for view in 0..<2 {
      let graphs = try graphs(ids, view: view)
      for head in [TwinNetwork.Head.vector, .projection] {
        let shape = isSmall ? small(head) : large(head)
        let weights = try weights(shape, file)
        let rows = try plain(shape, weights, graphs)
        let fast = try shape.program().doubleOutputs(
          values: weights.values, statistics: weights.statistics, graphs)
        for (index, id) in ids.enumerated() {
          let own = try #require(golden.eval[id])[view]
          let expected = head == .vector ? own.h : own.z
          #expect(relativeError(digest(rows[index]), expected) < 1e-10, "\(id), \(head)")
          if head == .projection {
            #expect(relativeError(Array(rows[index].prefix(own.first.count)), own.first) < 1e-10)
          }
          // It leaves out Gaussians below e⁻¹⁶.
          #expect(relativeError(fast[index], rows[index]) < 1e-5)
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func `a step's loss, gradients and running statistics are those of the published code`(isSmall: Bool) throws
  {
    let (file, golden) =
      isSmall
      ? ("ct_small.safetensors", reference.small.step)
      : ("ct_barlow_pretrained.safetensors", reference.pretrained.step)
    let shape = isSmall ? small(.projection) : large(.projection)
    try expectStep(
      golden, shape, try weights(shape, file), BarlowTwins(outputCount: shape.outputCount)
    ) { $0 }
  }

  private func expectStep(
    _ golden: Step, _ shape: NetworkConfiguration, _ weights: Weights<Double>, _ objective: any Objective,
    _ published: (String) -> String
  ) throws {
    let program = try shape.program()
    let batch = Array(0..<golden.ids.count)
    let parts = try (0..<2).map { try graphs(golden.ids, view: $0) }
    let outputs = try parts.flatMap { try plain(shape, weights, $0, .batch) }.flatMap { $0 }
    #expect(abs(objective.loss(of: outputs, for: batch).value - golden.loss) < 1e-10 * golden.loss)
    var both = parts[0]
    for structure in 0..<parts[1].count { both.append(contentsOf: parts[1], structure: structure) }
    let found = program.doubleBatch(
      values: weights.values, statistics: weights.statistics, Array(0..<2 * batch.count), of: both, views: 2
    ) { objective.loss(of: $0, for: batch) }
    #expect(abs(found.loss - golden.loss) < 1e-5 * golden.loss)
    let largest = golden.gradientNorms.values.max() ?? 0
    for tensor in program.parameters.tensors where !tensor.isStatistic {
      let norm = try #require(golden.gradientNorms[published(tensor.name)])
      let scale = tensor.name.hasSuffix("fc_full.bias") ? largest : norm
      let own = digest(tensor.indices.map { found.gradient[$0] })[1]
      #expect(abs(own - norm) < 1e-5 * scale, "\(tensor.name): \(own), \(norm)")
    }
    for (name, expected) in golden.running where !name.hasSuffix("num_batches_tracked") {
      let tensor = try #require(program.parameters.tensors.first { $0.name == name })
      let own = digest(tensor.indices.map { found.statistics[$0] })
      #expect(relativeError(own, expected) < 1e-5, "\(name)")
    }
  }

  @Test func `fine-tuning takes over what the published code copies, and gives its outputs`() throws {
    let golden = reference.finetune
    let shape = large(.prediction)
    let program = try shape.program()
    let own = Set(program.parameters.tensors.map(\.name))
    let copied = Set(golden.copied.filter { !$0.hasSuffix("num_batches_tracked") })
    #expect(own == copied.union(golden.new.keys))
    // What our files name is that.
    let prefixes = ["embedding", "convs.", "conv_to_fc"]
    #expect(Set(own.filter { name in prefixes.contains { name.hasPrefix($0) } }) == copied)
    let given = try SafeTensors.decode(try SharedNetworks.bytes("ct_barlow_pretrained.safetensors")).tensors
    let weights = try filled(shape) { tensor in
      if let shape = golden.new[tensor.name] {
        #expect(tensor.shape == shape)
        // A bias has the bound of its weight.
        let weight = tensor.name.replacing("bias", with: "weight")
        let inputs = Double(try #require(golden.new[weight])[1])
        var numbers = FormulaNumbers(tensor.name)
        return tensor.indices.map { _ in (2 * numbers.next() - 1) / inputs.squareRoot() }
      }
      return try #require(given.first { $0.name == tensor.name }).values.map { Double($0) }
    }
    let ids = Array(golden.outputs.keys.sorted().prefix(8))
    for (id, row) in zip(ids, try plain(shape, weights, try graphs(ids, view: 0))) {
      let expected = try #require(golden.outputs[id])
      #expect(abs(row[0] - expected) < 1e-10 * max(1, abs(expected)), "\(id): \(row[0])")
    }
  }
}
