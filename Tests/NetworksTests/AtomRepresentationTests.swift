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

  init(_ name: String) throws {
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
    network.convolutionCount = tensors.count { $0.name.hasSuffix("lin_f.weight") }
    network.padding = .firstAtom
    var generator = SeededRandom(seed: 0)
    let drawn = try NetworkParameters(NetworkConfiguration(network, outputs: 0), using: &generator)
    var weights = Weights(
      values: drawn.values.map { _ in 0.0 }, statistics: drawn.statistics.map { _ in 1.0 })
    for tensor in drawn.program.parameters.tensors {
      let own = try #require(tensors.first { $0.name == tensor.name })
      let numbers = own.doubles ?? own.values.map { Double($0) }
      for (index, number) in zip(Self.places(tensor, width, network.nodeWidth), numbers) {
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
    // Columns of a gate act on the center, the neighbor and the edge.
    let isGate = tensor.name.contains("lin_") && columns > 1
    return (0..<narrow).flatMap { row in
      (0..<columns).filter { !isGate || $0 % wide < narrow }.map { indices[row * columns + $0] }
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
