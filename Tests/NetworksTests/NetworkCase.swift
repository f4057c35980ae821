import Crystal
import CrystalGraphs
import Networks
import TestSupport
import Testing
import Training

/// A network of some shape, with graphs as it asks for, for laws that all networks obey.
struct NetworkCase: CustomTestStringConvertible, Sendable {
  let name: String
  let configuration: NetworkConfiguration
  /// Tensors whose gradient is zero: biases that a normalization takes out again.
  var constant: @Sendable (String) -> Bool = { _ in false }

  /// What of its crystals is marked, and whether marked sites lose their element; nil for nothing.
  var hiding: (parts: PartHiding, hidesElements: Bool)?

  /// Sites of its smallest crystals. Where there is one alone, all that a gate weighs is equal.
  var smallest = 1

  var testDescription: String { name }

  /// Whether a tensor stays as it is in training.
  func isFrozen(_ tensor: String) -> Bool {
    configuration.nodes.map { !$0.isTrained } == true && tensor.hasPrefix(NodeSource.prefix)
  }

  /// Parameters in double precision with every kind of number away from its initial value, running statistics too.
  func parameters(seed: UInt64) throws -> Weights<Double> {
    var generator = SeededRandom(seed: seed)
    let drawn = try NetworkParameters(configuration, using: &generator)
    let values = drawn.values.map { value in
      // The shifts of normalizations begin at 0.
      value == 0
        ? Double.random(in: -0.3...0.3, using: &generator)
        : Double(value) * Double.random(in: 0.5...2, using: &generator)
    }
    let statistics = drawn.statistics.map { Double($0) + Double.random(in: 0.1...0.5, using: &generator) }
    return Weights(values: values, statistics: statistics)
  }

  /// The same in single precision.
  func singleParameters(seed: UInt64) throws -> NetworkParameters {
    var generator = SeededRandom(seed: 0)
    let weights = try parameters(seed: seed)
    return try NetworkParameters(configuration, using: &generator).replacing(
      values: weights.values.map { Float($0) }, statistics: weights.statistics.map { Float($0) })
  }

  /// Whole graphs of small random crystals; with `isolated`, the first one's sites have no neighbors.
  func graphs(_ count: Int, largest: Int = 3, seed: UInt64, isolated: Bool = false) throws -> GraphCollection
  {
    var generator = SeededGenerator(seed: seed)
    var collection = GraphCollection()
    let encoder = InputEncoder(configuration.requirements)
    let scratch = InputEncoder.Scratch()
    for index in 0..<count {
      let sites = Int.random(in: smallest...max(smallest, largest), using: &generator)
      let structure = try randomStructure(siteCount: sites, using: &generator)
      let graph =
        isolated && index == 0
        ? .nearest(CrystalGraph(withoutEdges: structure.elements))
        : try encoder.graph(of: structure, scratch: scratch)
      collection.append(
        graph, orbitalFields: try encoder.orbitalFields(of: structure, scratch: scratch),
        for: configuration.requirements)
    }
    guard let hiding else { return collection }
    var marked = GraphCollection()
    for index in 0..<collection.count {
      var generator = hiding.parts.generator(key: UInt64(index), epoch: 0, view: 0, seed: seed)
      let sites = hiding.parts.hiddenSites(of: index, in: collection, using: &generator)
      let edges = hiding.parts.hiddenEdges(of: index, in: collection, at: sites, using: &generator)
      marked.append(
        contentsOf: collection, structure: index, markingSites: sites, edges: edges,
        hidesElements: hiding.hidesElements)
    }
    return marked
  }

  private static func cgcnn(
    _ name: String, task: PredictionTask = .regression, outputs: Int? = nil,
    _ change: (inout CGCNN) -> Void = { _ in }
  ) -> NetworkCase {
    var network = CGCNN()
    network.nodeWidth = 16
    network.hiddenWidth = 16
    network.convolutionCount = 2
    network.neighborCount = 5
    network.cutoff = 5
    change(&network)
    return NetworkCase(
      name: "CGCNN, \(name)", configuration: NetworkConfiguration(network, task: task, outputs: outputs),
      constant: { $0.hasSuffix("fc_full.bias") })
  }

  private static func ogcnn(_ name: String, _ change: (inout OGCNN) -> Void = { _ in }) -> NetworkCase {
    var network = OGCNN()
    (network.encoderWidth, network.nodeWidth, network.hiddenWidth) = (16, 32, 16)
    (network.convolutionCount, network.neighborCount, network.cutoff) = (2, 5, 5)
    change(&network)
    return NetworkCase(
      name: "OGCNN, \(name)", configuration: NetworkConfiguration(network),
      constant: { $0.hasSuffix("fc_full.bias") })
  }

  private static func icgcnn(_ name: String, _ change: (inout ICGCNN) -> Void = { _ in }) -> NetworkCase {
    var network = ICGCNN()
    network.nodeWidth = 16
    network.edgeWidth = 16
    network.hiddenWidth = 16
    network.convolutionCount = 2
    network.minimumSolidAngleFraction = 0.3
    change(&network)
    let updatesEdges = network.updatesEdges && network.convolutionCount > 1
    return NetworkCase(
      name: "iCGCNN, \(name)", configuration: NetworkConfiguration(network),
      constant: {
        $0.hasSuffix("pair.bias") || $0.hasSuffix("triplet.bias")
          || $0 == "edge_embedding.bias" && !updatesEdges
      })
  }

  private static func alignn(_ name: String, _ change: (inout ALIGNN) -> Void = { _ in }) -> NetworkCase {
    var network = ALIGNN()
    (network.width, network.embeddingWidth, network.neighborCount) = (16, 16, 6)
    (network.angleConvolutionCount, network.bondConvolutionCount) = (2, 1)
    change(&network)
    return NetworkCase(
      name: "ALIGNN, \(name)", configuration: NetworkConfiguration(network),
      // A mean of values that all have one number more has it too, but for 1e-6 in the denominator.
      constant: {
        $0.hasSuffix("src_update.bias") || $0.hasSuffix("dst_update.bias") || $0.hasSuffix("layer.0.bias")
      }, smallest: 3)
  }

  private static func schnet(_ name: String, _ change: (inout SchNet) -> Void = { _ in }) -> NetworkCase {
    var network = SchNet()
    (network.width, network.elementWidth, network.blockCount) = (16, 16, 2)
    (network.readoutWidth, network.lastReadoutWidth) = (16, 16)
    (network.neighborCount, network.cutoff, network.gaussianCount) = (6, 5, 12)
    change(&network)
    return NetworkCase(name: "SchNet, \(name)", configuration: NetworkConfiguration(network))
  }

  private static func cogn(_ name: String, _ change: (inout CoGN) -> Void = { _ in }) -> NetworkCase {
    var network = CoGN()
    (network.width, network.elementWidth, network.blockCount, network.messageDepth) = (16, 32, 2, 3)
    (network.neighborCount, network.cutoff, network.gaussianCount) = (6, 5, 12)
    network.minimumSolidAngleFraction = 0.3
    change(&network)
    return NetworkCase(name: "coGN, \(name)", configuration: NetworkConfiguration(network))
  }

  /// Sites that begin with what a CGConv knows of them.
  private static func nodes(_ layers: [String], _ use: NodeSource.Use, isTrained: Bool) -> NodeSource {
    var network = CGConv()
    (network.nodeWidth, network.convolutionCount, network.neighborCount, network.cutoff) = (32, 2, 5, 5)
    network.messages = .fromNeighbors
    return NodeSource(network, layers: layers, use: use, isTrained: isTrained)
  }

  private static func cgcnn(_ name: String, on nodes: NodeSource) -> NetworkCase {
    var network = CGCNN()
    (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (16, 16, 1)
    (network.neighborCount, network.cutoff) = (5, 5)
    return NetworkCase(
      name: "CGCNN on nodes, \(name)", configuration: NetworkConfiguration(network, nodes: nodes),
      constant: { $0.hasSuffix("fc_full.bias") })
  }

  private static func cgconv(
    _ name: String, outputs: Int? = nil, _ change: (inout CGConv) -> Void = { _ in }
  ) -> NetworkCase {
    var network = CGConv()
    (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (16, 16, 2)
    (network.neighborCount, network.cutoff, network.messages) = (5, 5, .toNeighbors)
    change(&network)
    return NetworkCase(
      name: "CGConv, \(name)", configuration: NetworkConfiguration(network, outputs: outputs))
  }

  /// Networks of all architectures in the shapes that take different ways through the code.
  static let all: [NetworkCase] = [
    cgcnn("two convolutions"),
    cgcnn("wide, padded") {
      ($0.nodeWidth, $0.hiddenWidth, $0.convolutionCount, $0.padding) = (64, 32, 3, .firstAtom)
    },
    cgcnn("three hidden layers") {
      ($0.nodeWidth, $0.hiddenWidth, $0.convolutionCount, $0.hiddenLayerCount) = (48, 48, 1, 3)
    },
    cgcnn("two classes", task: .classification) { $0.padding = .firstAtom },
    cgcnn("one logit", task: .classification, outputs: 1),
    cgcnn("three targets", outputs: 3),
    cgcnn("additive, three targets", outputs: 3) { ($0.readout, $0.hiddenLayerCount) = (.additive, 2) },
    cgcnn("additive, two classes", task: .classification) {
      ($0.readout, $0.padding) = (.additive, .firstAtom)
    },
    cgcnn("dropout") { ($0.dropout, $0.hiddenLayerCount) = (0.4, 2) },
    icgcnn("default"),
    icgcnn("no facets, three convolutions") { ($0.usesFacets, $0.convolutionCount) = (false, 3) },
    icgcnn("edges left alone") { $0.updatesEdges = false },
    icgcnn("two-body") { $0.hasTriplets = false },
    icgcnn("plain sum, two hidden layers") { ($0.normalizesTriplets, $0.hiddenLayerCount) = (false, 2) },
    icgcnn("bare") {
      ($0.usesFacets, $0.updatesEdges, $0.hasTriplets, $0.convolutionCount) = (false, false, false, 1)
    },
    icgcnn("Gaussians, moments, weights") {
      ($0.facetEncoding, $0.usesAngularMoments, $0.weighsBySolidAngle) = (.gaussians, true, true)
      $0.hasTriplets = false
    },
    icgcnn("Gaussians, weights, triplets") { ($0.facetEncoding, $0.weighsBySolidAngle) = (.gaussians, true) },
    icgcnn("saturating weights") {
      ($0.facetEncoding, $0.usesAngularMoments, $0.weighsBySolidAngle) = (.gaussians, true, true)
      ($0.saturatesWeights, $0.hasTriplets) = (true, false)
    },
    icgcnn("moments alone") {
      ($0.usesFacets, $0.usesAngularMoments, $0.hasTriplets, $0.convolutionCount) = (false, true, false, 1)
    },
    icgcnn("nearest neighbors") { ($0.usesFacets, $0.nearestNeighborCount) = (false, 6) },
    icgcnn("additive") { $0.readout = .additive },
    ogcnn("default"),
    ogcnn("additive") { $0.readout = .additive },
    ogcnn("published orbitals, padded, dropout") {
      ($0.orbitals, $0.padding, $0.dropout) = (.published, .firstAtom, 0.4)
    },
    ogcnn("slow decay, one wide convolution") {
      ($0.distancePower, $0.nodeWidth, $0.convolutionCount, $0.hiddenLayerCount) = (1, 64, 1, 2)
    },
    alignn("bonds first"),
    alignn("angles first, doubled images") { ($0.updateOrder, $0.doublesOwnImages) = (.anglesFirst, true) },
    schnet("two blocks"),
    schnet("nearest neighbors, smooth cutoff") { ($0.takesWholeShells, $0.endsSmoothly) = (false, true) },
    schnet("wide") {
      ($0.width, $0.elementWidth, $0.readoutWidth, $0.blockCount) = (80, 32, 48, 1)
    },
    schnet("element features, facets") {
      ($0.usesElementFeatures, $0.usesFacets, $0.minimumSolidAngleFraction) = (true, true, 0.3)
    },
    schnet("facets") { ($0.usesFacets, $0.minimumSolidAngleFraction) = (true, 0.3) },
    cogn("two blocks"),
    cogn("one wide layer a message, edge updates") {
      ($0.width, $0.blockCount, $0.messageDepth, $0.updatesEdges) = (48, 3, 1, true)
    },
    cogn("facets") { $0.usesFacets = true },
    cogn("moments, weights, edge updates") {
      ($0.usesFacets, $0.usesAngularMoments, $0.weighsBySolidAngle) = (true, true, true)
      ($0.updatesEdges, $0.messageDepth) = (true, 2)
    },
    cgconv("two convolutions"),
    cgconv("from neighbors, three convolutions") { ($0.messages, $0.convolutionCount) = (.fromNeighbors, 3) },
    cgconv("wide, padded") { ($0.nodeWidth, $0.convolutionCount, $0.padding) = (64, 3, .firstAtom) },
    cgconv("additive, two targets", outputs: 2) { ($0.readout, $0.hiddenLayerCount) = (.additive, 2) },
    cgcnn("frozen", on: nodes(["embedding1", "convs.0"], .replace, isTrained: false)),
    cgcnn("frozen, beside elements", on: nodes(["convs.1"], .concatenate, isTrained: false)),
    cgcnn("trained", on: nodes(["convs.0"], .replace, isTrained: true)),
    cgcnn("trained, beside elements", on: nodes(["convs.0", "embedding1"], .concatenate, isTrained: true)),
    NetworkCase(name: "GCN", configuration: gcn(nil)),
    NetworkCase(name: "GCN, nearest neighbors", configuration: gcn(nil, takesWholeShells: false)),
    NetworkCase(name: "GCN, additive", configuration: gcn(.additive)),
    NetworkCase(name: "MLP, fractions", configuration: mlp(.fractions)),
    NetworkCase(name: "MLP, wide", configuration: mlp(.fractions, width: 768)),
    NetworkCase(name: "MLP, pooled features", configuration: mlp(.pooled)),
    NetworkCase(name: "MLP, additive", configuration: mlp(.pooled, readout: .additive)),
  ]

  /// Networks as they are pretrained, with what the task alone needs.
  static let pretrained: [NetworkCase] = [
    NetworkCase(
      name: "SimSiam", configuration: NetworkConfiguration(SiameseNetwork(twins), outputs: 32),
      constant: { $0.hasSuffix("fc_full.bias") }),
    NetworkCase(
      name: "hidden parts",
      configuration: NetworkConfiguration(
        HiddenPartNetwork(encoder(padding: .none)), outputs: HiddenPart.columnCount),
      hiding: (PartHiding(sites: 0.15, edges: nil), true)),
    NetworkCase(
      name: "hidden parts, padded",
      configuration: NetworkConfiguration(
        HiddenPartNetwork(encoder(padding: .firstAtom)), outputs: HiddenPart.columnCount),
      hiding: (PartHiding(sites: 0.4, edges: nil), true)),
    NetworkCase(
      name: "contrastive",
      configuration: NetworkConfiguration(ContrastiveNetwork(encoder(padding: .none)), outputs: 16),
      hiding: (PartHiding(sites: 0.3, edges: 0.3), false)),
    NetworkCase(
      name: "contrastive, padded",
      configuration: NetworkConfiguration(ContrastiveNetwork(encoder(padding: .firstAtom)), outputs: 6),
      hiding: (PartHiding(sites: 0.2, edges: 0.6), false)),
  ]

  private static var twins: CGCNN {
    var network = CGCNN()
    (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (16, 16, 2)
    (network.neighborCount, network.cutoff, network.hiddenLayerCount) = (5, 5, 2)
    return network
  }

  private static func encoder(padding: NeighborPadding) -> CGConv {
    var network = CGConv()
    (network.nodeWidth, network.convolutionCount, network.padding) = (16, 2, padding)
    (network.neighborCount, network.cutoff, network.messages) = (5, 5, .toNeighbors)
    return network
  }

  private static func gcn(_ readout: Readout?, takesWholeShells: Bool = true) -> NetworkConfiguration {
    var network = GCN()
    network.takesWholeShells = takesWholeShells
    (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (16, 16, 2)
    network.readout = readout
    return NetworkConfiguration(network)
  }

  private static func mlp(
    _ features: MLP.Features, width: Int = 16, readout: Readout? = nil
  ) -> NetworkConfiguration {
    var network = MLP()
    network.readout = readout
    (network.features, network.hiddenWidth, network.hiddenLayerCount) = (features, width, 2)
    return NetworkConfiguration(network)
  }

  /// Those whose predictions are means over sites.
  static let additive = all.filter { (try? $0.configuration.program())?.isAdditive == true }

  /// Those whose graphs have edges.
  static let withEdges = all.filter { $0.configuration.requirements.neighbors != .noNeighbors }
}

extension NeighborRule {
  /// Whether neighbors are the nearest ones.
  var isNearest: Bool { if case .nearest = self { true } else { false } }
}
