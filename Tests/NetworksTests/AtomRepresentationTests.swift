import Crystal
import Foundation
import ModelFormats
import TestSupport
import Testing
import Training

@testable import CrystalGraphs
@testable import Networks

/// The encoder of self-supervised atomic representations beside its authors' code, from the shared data folder: a small one
/// of a formula and the two published checkpoints.
///
/// The small one is 24 wide, which no network here is. It is put into one of width 32 whose other channels the
/// normalizations multiply by zero.
@Suite struct AtomRepresentationTests {
  static let networks = ["small", "pred", "contra"]

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"), arguments: networks)
  func `what every site knows behind every layer is what the published code says, in plain loops`(
    name: String
  ) throws {
    let golden = try PublishedEncoder(name)
    for (id, graph) in try SharedNetworks.graphs(where: { $0 < 8.5 }) {
      let layers = try golden.plainLayers(graph)
      try golden.expect(layers, of: id, tolerance: 1e-10)
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"), arguments: networks)
  func `the kernels say the same in single precision, of whole graphs and of quotients`(name: String) throws {
    let golden = try PublishedEncoder(name)
    let embedder = NetworkEmbedder(golden.parameters, layers: golden.parameters.program.representations)
    let scratch = NetworkEmbedder.Scratch()
    var quotient = QuotientGraph()
    var merged = 0
    for (id, graph) in try SharedNetworks.graphs(where: { $0 < 8.5 }) {
      let requirements = golden.parameters.configuration.requirements
      var (whole, classes) = (GraphCollection(), GraphCollection())
      whole.append(.nearest(graph), for: requirements)
      classes.appendQuotient(of: .nearest(graph), for: requirements, scratch: &quotient)
      merged += graph.siteCount - quotient.nodeCount
      func layers(_ collection: GraphCollection, _ node: (Int) -> Int) -> [[[Double]]] {
        let rows = embedder.rows(collection, scratch: scratch)
        return embedder.layers.indices.map { layer in
          let first = embedder.layers[..<layer].reduce(0) { $0 + $1.width }
          return (0..<graph.siteCount).map { site in
            (0..<golden.width).map { Double(rows[node(site) * embedder.width + first + $0]) }
          }
        }
      }
      try golden.expect(layers(whole) { $0 }, of: id, tolerance: 1e-5)
      let nodes = Array(quotient.siteClasses)
      try golden.expect(layers(classes) { Int(nodes[$0]) }, of: id, tolerance: 1e-5)
    }
    #expect(merged > 20)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the edges at hidden atoms that are asked for are those of the published code`() throws {
    let task = try PublishedTasks(of: "small").predictive
    let hiding = PartHiding(sites: 0.15, edges: nil)
    let graphs = try SharedNetworks.graphs { $0 < 8.5 }
    for id in task.ids {
      var (collection, generator) = (GraphCollection(), SeededGenerator(seed: 1))
      // Centers first, as the published code stores edges.
      collection.append(try #require(graphs[id]))
      let sites = try #require(task.sites[id])
      let edges = hiding.hiddenEdges(of: 0, in: collection, at: sites, using: &generator)
      #expect(edges == task.edges[id], "\(id)")
      #expect(hiding.hiddenSites(of: 0, in: collection, using: &generator).count == sites.count)
    }
  }

  @Test(
    .enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"),
    arguments: [("small", false), ("pred", false), ("pred", true)])
  func `a step on what is hidden is that of the published code`(name: String, hasOwnHeads: Bool) throws {
    let tasks = try PublishedTasks(of: name)
    let task = hasOwnHeads ? try #require(tasks.predictiveWithOwnHeads) : tasks.predictive
    let own =
      try hasOwnHeads
      ? SafeTensors.decode(try SharedNetworks.bytes("kong_pred_heads.safetensors")).tensors : []
    let golden = try PublishedEncoder(name, own) {
      NetworkConfiguration(HiddenPartNetwork($0), outputs: HiddenPart.columnCount)
    }
    let graphs = try task.graphs(
      golden.parameters.configuration.requirements, sites: task.sites, edges: task.edges, hidesElements: true)
    let batch = Array(0..<task.ids.count)
    let rows = golden.plainOutputs(graphs)
    let parts: [(HiddenPart, Double)] = [
      (.group, task.group), (.period, task.period), (.length, task.length),
    ]
    for (part, expected) in parts {
      let count = rows.reduce(0) { $0 + $1[part.countColumn] }
      let mean = rows.reduce(0) { $0 + $1[part.lossColumn] } / count
      #expect(abs(mean - expected) < 1e-10 * expected, "\(part)")
    }
    let objective = HiddenPartObjective()
    let outputs = rows.flatMap { $0 }
    #expect(abs(objective.loss(of: outputs, for: batch).value - task.loss) < 1e-10 * task.loss)
    let figures = objective.figures(of: outputs.map { Float($0) })
    #expect(abs(figures[1] - task.elementAccuracy) < 1e-6 && abs(figures[2] - task.lengthAccuracy) < 1e-6)
    try golden.expectStep(graphs, views: 1, objective, loss: task.loss, norms: task.gradientNorms)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `contrast and its gradients are the published ones`() throws {
    let matrices = try PublishedTasks(of: "small").contrasts
    #expect(matrices.count == 2)
    for matrix in matrices {
      let found = ViewContrast(outputCount: matrix.x1[0].count).loss(
        of: (matrix.x1 + matrix.x2).flatMap { $0 }, for: Array(matrix.x1.indices))
      #expect(abs(found.value - matrix.loss) < 1e-10 * matrix.loss)
      #expect(
        relativeError(found.slopes, (matrix.gradient1 + matrix.gradient2).flatMap { $0 }) < 1e-10)
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `a step of contrast is that of the published code`() throws {
    let task = try #require(try PublishedTasks(of: "small").contrastive)
    let golden = try PublishedEncoder("small") {
      NetworkConfiguration(ContrastiveNetwork($0), outputs: $0.nodeWidth)
    }
    let requirements = golden.parameters.configuration.requirements
    let views = try (0..<2).map { view in
      try task.graphs(
        requirements, sites: task.views[view].mapValues(\.nodes), edges: task.views[view].mapValues(\.edges),
        hidesElements: false)
    }
    let batch = Array(0..<task.ids.count)
    let objective = ViewContrast(outputCount: golden.parameters.configuration.outputCount)
    let outputs = views.flatMap { golden.plainOutputs($0) }.flatMap { $0 }
    #expect(abs(objective.loss(of: outputs, for: batch).value - task.loss) < 1e-10 * task.loss)
    var both = views[0]
    for structure in batch { both.append(contentsOf: views[1], structure: structure) }
    try golden.expectStep(both, views: 2, objective, loss: task.loss, norms: task.gradientNorms)
  }

  @Test func `an encoder does not see what is hidden from it`() throws {
    let network = try #require(NetworkCase.pretrained.first { $0.hiding?.hidesElements == true })
    let weights = try network.parameters(seed: 2)
    let program = try network.configuration.program()
    let encoder = InputEncoder(network.configuration.requirements)
    /// How well it does where a site has the element.
    func outputs(_ element: Element, isHidden: Bool) throws -> [Double] {
      var generator = SeededGenerator(seed: 12)
      let drawn = try randomStructure(siteCount: 3, using: &generator)
      let structure = try Structure(
        lattice: drawn.lattice, elements: [element] + drawn.elements.dropFirst(),
        fractionalPositions: drawn.fractionalPositions)
      var collection = GraphCollection()
      collection.append(
        contentsOf: try encoder.seenGraph(of: structure, scratch: InputEncoder.Scratch()), structure: 0,
        markingSites: [isHidden ? 0 : 1], edges: [0, 2], hidesElements: true)
      return program.doubleOutputs(values: weights.values, statistics: weights.statistics, collection)[0]
    }
    let (neodymium, promethium) = (try #require(Element(symbol: "Nd")), try #require(Element(symbol: "Pm")))
    // Both are of one group and period, so that the right answers are the same.
    #expect(try outputs(neodymium, isHidden: true) == outputs(promethium, isHidden: true))
    #expect(try outputs(neodymium, isHidden: false) != outputs(promethium, isHidden: false))
  }

  @Test func `means hide nothing where all sites and edges of a crystal are alike`() throws {
    let network = try #require(NetworkCase.pretrained.first { $0.hiding?.hidesElements == false })
    let weights = try network.parameters(seed: 2)
    let program = try network.configuration.program()
    // Simple cubic with two sites a cell: six neighbors at one distance, of which five count.
    let silver = try #require(Element(symbol: "Ag"))
    let structure = try Structure(
      lattice: try Lattice(a: SIMD3(3, 0, 0), b: SIMD3(0, 3, 0), c: SIMD3(0, 0, 6)),
      elements: [silver, silver], fractionalPositions: [SIMD3(0, 0, 0), SIMD3(0, 0, 0.5)])
    let encoder = InputEncoder(network.configuration.requirements)
    func outputs(_ structure: Structure, sites: [Int], edges: [Int]) throws -> [Double] {
      var collection = GraphCollection()
      collection.append(
        contentsOf: try encoder.seenGraph(of: structure, scratch: InputEncoder.Scratch()), structure: 0,
        markingSites: sites, edges: edges, hidesElements: false)
      return program.doubleOutputs(values: weights.values, statistics: weights.statistics, collection)[0]
    }
    let whole = try outputs(structure, sites: [], edges: [])
    #expect(relativeError(try outputs(structure, sites: [1], edges: [0, 3, 7]), whole) < 1e-12)
    let other = try Structure(
      lattice: structure.lattice, elements: [silver, try #require(Element(symbol: "O"))],
      fractionalPositions: [SIMD3(0, 0, 0), SIMD3(0.1, 0.2, 0.4)])
    let seen = try outputs(other, sites: [], edges: [])
    #expect(relativeError(try outputs(other, sites: [1], edges: []), seen) > 1e-3)
    #expect(relativeError(try outputs(other, sites: [], edges: [0, 3, 7]), seen) > 1e-3)
  }

  @Test func `an edge turned round joins the same sites at the same distance the other way`() throws {
    let network = try #require(NetworkCase.all.first { $0.name.hasPrefix("CGConv") })
    var requirements = network.configuration.requirements
    #expect(requirements.reversesEdges)
    let graphs = try network.graphs(5, largest: 4, seed: 3)
    requirements.reversesEdges = false
    var forward = CGConv()
    (forward.neighborCount, forward.cutoff, forward.messages) = (5, 5, .fromNeighbors)
    let other = NetworkCase(name: "", configuration: NetworkConfiguration(forward))
    #expect(other.configuration.requirements == requirements)
    let plain = try other.graphs(5, largest: 4, seed: 3)
    func ends(_ collection: GraphCollection, turned: Bool) -> [[Double]] {
      (0..<collection.count).flatMap { structure in
        (collection.siteOffsets[structure]..<collection.siteOffsets[structure + 1]).flatMap { site in
          (collection.edgeOffsets[site]..<collection.edgeOffsets[site + 1]).map { edge in
            let kind = collection.kindOffsets[structure] + Int(collection.edgeKinds[edge])
            let own = Double(site - collection.siteOffsets[structure])
            let far = Double(collection.neighbors[edge])
            return [Double(structure)] + (turned ? [far, own] : [own, far]) + [collection.distances[kind]]
          }
        }
      }.sorted { $0.lexicographicallyPrecedes($1) }
    }
    #expect(ends(graphs, turned: true) == ends(plain, turned: false))
    #expect(graphs.edgeOffsets != plain.edgeOffsets)
  }
}

/// One of the encoders of the shared file, with what it says of the crystals.
private struct PublishedEncoder {
  let name: String
  let parameters: NetworkParameters
  /// The same numbers in double precision.
  let weights: Weights<Double>
  /// Channels that are the encoder's.
  let width: Int
  /// By crystal and layer the mean and the norm of all numbers.
  private let digests: [String: [[Double]]]
  private let nodes: [String: NamedTensor]
  private let wideWidth: Int

  /// The encoder as a network of its own, or as part of one with heads, which are `heads` or of the formula.
  init(
    _ name: String, _ heads: [NamedTensor] = [],
    shape: (CGConv) -> NetworkConfiguration = { NetworkConfiguration($0, outputs: 0) }
  ) throws {
    self.name = name
    struct File: Decodable {
      struct Network: Decodable { let eval: [String: [[Double]]] }
      let small: Network
      let pred: Network
      let contra: Network
    }
    let file = try JSONDecoder().decode(File.self, from: Data(try SharedNetworks.bytes("kong.json.zst")))
    digests = ["small": file.small, "pred": file.pred, "contra": file.contra][name]?.eval ?? [:]
    nodes = try SafeTensors.decode(try SharedNetworks.bytes("kong_nodes.safetensors")).tensors.reduce(
      into: [:]
    ) { $0[$1.name] = $1 }
    let tensors = try SafeTensors.decode(
      try SharedNetworks.bytes("kong_\(name)\(name == "small" ? "" : "_pretrained").safetensors")
    ).tensors
    width = try #require(tensors.first { $0.name == "embedding1.bias" }).shape[0]
    var network = CGConv()
    network.nodeWidth = (width + 15) / 16 * 16
    wideWidth = network.nodeWidth
    network.convolutionCount = tensors.count { $0.name.hasSuffix("lin_f.weight") }
    (network.padding, network.messages) = (.firstAtom, .toNeighbors)
    var generator = SeededRandom(seed: 0)
    let drawn = try NetworkParameters(shape(network), using: &generator)
    var weights = Weights(
      values: drawn.values.map { _ in 0.0 }, statistics: drawn.statistics.map { _ in 1.0 })
    for tensor in drawn.program.parameters.tensors {
      let places = Self.places(tensor, width, network.nodeWidth)
      let numbers: [Double]
      if let own = (tensors + heads).first(where: { $0.name == tensor.name }) {
        numbers = own.doubles ?? own.values.map { Double($0) }
      } else {
        #expect(tensor.name.contains("_pred_") || tensor.name.hasPrefix("projection_head."), "\(tensor.name)")
        var formula = FormulaNumbers(tensor.name)
        let root = Double(width).squareRoot()
        numbers = places.map { _ in (2 * formula.next() - 1) / root }
      }
      for (index, number) in zip(places, numbers) {
        if tensor.isStatistic { weights.statistics[index] = number } else { weights.values[index] = number }
      }
    }
    self.weights = weights
    parameters = drawn.replacing(
      values: weights.values.map { Float($0) }, statistics: weights.statistics.map { Float($0) })
  }

  /// Where the entries of the narrow network's tensor lie, row-major.
  private static func places(_ tensor: ParameterTensor, _ narrow: Int, _ wide: Int) -> [Int] {
    let (indices, columns) = (tensor.indices, tensor.shape.count > 1 ? tensor.shape[1] : 1)
    // Columns of a gate act on the center, the neighbor and the edge, those of a head on the site.
    let isInner = columns % wide == 0
    return (0..<(tensor.shape[0] == wide ? narrow : tensor.shape[0])).flatMap { row in
      (0..<columns).filter { !isInner || $0 % wide < narrow }.map { indices[row * columns + $0] }
    }
  }

  /// Outputs of a batch in training, in plain loops with all Gaussians.
  func plainOutputs(_ graphs: GraphCollection) -> [[Double]] {
    PlainReference(parameters.program, values: weights.values, statistics: weights.statistics).outputs(
      graphs, normalization: .batch)
  }

  /// Expects a step of the kernels, which leave out Gaussians below e⁻¹⁶, to be that of the file.
  func expectStep(
    _ graphs: GraphCollection, views: Int, _ objective: any Objective, loss: Double, norms: [String: Double]
  ) throws {
    let batch = Array(0..<graphs.count / views)
    let found = parameters.program.doubleBatch(
      values: weights.values, statistics: weights.statistics, Array(0..<graphs.count), of: graphs, jobs: 2,
      views: views
    ) { objective.loss(of: $0, for: batch) }
    #expect(abs(found.loss - loss) < 1e-6 * loss)
    for tensor in parameters.program.parameters.tensors where !tensor.isStatistic {
      let expected = try #require(norms[tensor.name], "\(tensor.name)")
      let own = Self.places(tensor, width, wideWidth).reduce(0) {
        $0 + found.gradient[$1] * found.gradient[$1]
      }.squareRoot()
      #expect(abs(own - expected) < 1e-6 * expected, "\(tensor.name): \(own), \(expected)")
    }
  }

  /// The representations in plain loops with all Gaussians, by layer and site.
  func plainLayers(_ graph: CrystalGraph) throws -> [[[Double]]] {
    var collection = GraphCollection()
    collection.append(.nearest(graph), for: parameters.configuration.requirements)
    let context = PlainReference(
      parameters.program, values: weights.values, statistics: weights.statistics
    ).context(collection, normalization: .running)
    var values: [Int: [[Double]]] = [:]
    for step in parameters.program.steps {
      let made = step.layer.plain(step.inputs.map { values[$0] ?? [] }, context)
      for (output, rows) in zip(step.outputs, made) { values[output] = rows }
    }
    return try parameters.program.representations.map { layer in
      try #require(values[layer.value]).map { Array($0.prefix(width)) }
    }
  }

  /// Expects the layers of a crystal to be those of the file.
  func expect(_ layers: [[[Double]]], of id: String, tolerance: Double) throws {
    let expected = try #require(digests[id])
    #expect(layers.count == expected.count)
    for (number, rows) in layers.enumerated() {
      let numbers = rows.flatMap { $0 }
      let norm = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let mean = numbers.reduce(0, +) / Double(numbers.count)
      let scale = expected[number][1]
      #expect(abs(norm - scale) < tolerance * scale, "\(name), \(id), x\(number): norm \(norm)")
      #expect(abs(mean - expected[number][0]) < tolerance * scale, "\(name), \(id), x\(number): mean \(mean)")
      guard let own = nodes["\(name)/\(id)/x\(number)"] else { continue }
      let error = relativeError(numbers, try #require(own.doubles))
      #expect(error < tolerance, "\(name), \(id), x\(number): \(error)")
    }
  }
}

/// What the shared file says of the tasks that the encoders are pretrained by.
private struct PublishedTasks: Decodable {
  /// Hidden atoms and lengths.
  struct Predictive: Decodable {
    let ids: [String]
    let sites: [String: [Int]]
    let edges: [String: [Int]]
    let group: Double
    let period: Double
    let length: Double
    let loss: Double
    let gradientNorms: [String: Double]
    private let accuracy: [String: Double]

    var elementAccuracy: Double { accuracy["train_acc_atom"] ?? .nan }
    var lengthAccuracy: Double { accuracy["train_acc_bond"] ?? .nan }

    private enum CodingKeys: String, CodingKey {
      case ids, accuracy
      case sites = "masked_atoms"
      case edges = "masked_edges"
      case group = "loss_group"
      case period = "loss_period"
      case length = "loss_edge"
      case loss = "loss_total"
      case gradientNorms = "gradient_norms"
    }
  }

  /// The loss of fixed matrices.
  struct Contrast: Decodable {
    let x1: [[Double]]
    let x2: [[Double]]
    let loss: Double
    let gradient1: [[Double]]
    let gradient2: [[Double]]

    private enum CodingKeys: String, CodingKey {
      case x1, x2, loss
      case gradient1 = "gradient_x1"
      case gradient2 = "gradient_x2"
    }
  }

  /// A step from two views.
  struct Contrastive: Decodable {
    struct View: Decodable {
      let nodes: [Int]
      let edges: [Int]
    }

    let ids: [String]
    /// By view and crystal.
    let views: [[String: View]]
    let loss: Double
    private let norms: [String: Double]

    var gradientNorms: [String: Double] {
      norms.reduce(into: [:]) {
        $0[$1.key.hasPrefix("gnn.") ? String($1.key.dropFirst(4)) : $1.key] = $1.value
      }
    }

    private enum CodingKeys: String, CodingKey {
      case ids, views, loss
      case norms = "gradient_norms"
    }
  }

  private struct ContrastiveTask: Decodable {
    let matrices: [Contrast]
    let step: Contrastive
  }

  let predictive: Predictive
  let predictiveWithOwnHeads: Predictive?
  private let contrast: ContrastiveTask?

  var contrasts: [Contrast] { contrast?.matrices ?? [] }
  var contrastive: Contrastive? { contrast?.step }

  private enum CodingKeys: String, CodingKey {
    case predictive
    case predictiveWithOwnHeads = "predictive_own_heads"
    case contrast = "contrastive"
  }

  init(of name: String) throws {
    struct File: Decodable {
      let small: PublishedTasks
      let pred: PublishedTasks
    }
    let file = try JSONDecoder().decode(File.self, from: Data(try SharedNetworks.bytes("kong.json.zst")))
    self = name == "small" ? file.small : file.pred
  }
}

/// A batch of crystals in which sites and edges are marked; these by their place in the published code's list, that of a center
/// after the other.
private protocol MarkedBatch {
  var ids: [String] { get }
}

extension PublishedTasks.Predictive: MarkedBatch {}
extension PublishedTasks.Contrastive: MarkedBatch {}

extension MarkedBatch {
  fileprivate func graphs(
    _ requirements: InputRequirements, sites: [String: [Int]], edges: [String: [Int]], hidesElements: Bool
  ) throws -> GraphCollection {
    let known = try SharedNetworks.graphs { $0 < 8.5 }
    var marked = GraphCollection()
    for id in ids {
      let graph = try #require(known[id])
      var seen = GraphCollection()
      seen.append(.nearest(graph), for: requirements)
      // Turned round, an edge is one of its neighbor's, among which centers keep their order.
      var taken = Array(seen.edgeOffsets.dropLast())
      let places = graph.neighbors.map { neighbor in
        defer { taken[Int(neighbor)] += 1 }
        return taken[Int(neighbor)]
      }
      marked.append(
        contentsOf: seen, structure: 0, markingSites: try #require(sites[id]),
        edges: try #require(edges[id]).map { places[$0] }, hidesElements: hidesElements)
    }
    return marked
  }
}
