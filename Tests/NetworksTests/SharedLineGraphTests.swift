import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import StructureArchive
import TestSupport
import Testing

@testable import Networks

/// ALIGNN beside the code of its authors (usnistgov/alignn, release 2021.11.16, DGL and PyTorch in double precision), from
/// the shared data folder: on the edges of that code, 26 crystals.
@Suite struct SharedLineGraphTests {
  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `line graphs have the pairs and angles of the published code`() throws {
    let golden = try PublishedGraphs.read()
    for row in golden.counts {
      let graph = try #require(golden.graphs[row.id])
      let collection = try golden.whole([row.id])
      #expect(graph.edgeCount == row.edges)
      #expect(collection.pairs.sources.count == row.pairs, "\(row.id)")
      let cosines = collection.pairs.cosines
      let (mean, norm) = (cosines.reduce(0, +) / Double(cosines.count), norm2(cosines))
      #expect(abs(mean - row.cosineMean) < 1e-12 && abs(norm - row.cosineNorm) < 1e-10 * norm, "\(row.id)")
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `graphs of whole shells are those of the published code but for edges that rounding cost it`() throws {
    let golden = try PublishedGraphs.read()
    for row in golden.counts {
      let graph = try CrystalGraph(
        symmetricShellsOf: 12, try #require(golden.structures[row.id]), doublesOwnImages: true)
      #expect(graph.edgeCount == row.wholeShellEdges, "\(row.id)")
      #expect(abs((graph.distances.max() ?? 0) - row.longest) < 1e-6)
      guard row.edges == row.wholeShellEdges else { continue }
      let published = try #require(golden.graphs[row.id])
      for site in 0..<graph.siteCount {
        let (own, theirs) = (graph.edges(of: site), published.edges(of: site))
        func key(_ graph: CrystalGraph, _ edge: Int) -> [Int] {
          let v = graph.vectors[edge]
          return [Int(graph.neighbors[edge])] + [v.x, v.y, v.z].map { Int(($0 * 1e4 + 0.123).rounded()) }
        }
        let a = own.map { key(graph, $0) }.sorted { $0.lexicographicallyPrecedes($1) }
        let b = theirs.map { key(published, $0) }.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(a == b, "\(row.id), site \(site)")
      }
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `outputs are those of the published code`() throws {
    let golden = try PublishedGraphs.read()
    let network = try PublishedNetwork.small()
    let ids = try network.evaluations().keys.sorted()
    let expected = try network.outputs(ids)
    let whole = try golden.whole(ids)
    let double = network.program.doubleOutputs(
      values: network.values, statistics: network.statistics, whole
    ).map { $0[0] }
    #expect(relativeError(double, expected) < 1e-10)
    let predictor = NetworkPredictor([try network.single()])
    #expect(relativeError(predictor.predictions(whole, jobs: 1).map { Double($0) }, expected) < 1e-5)
    // Equal edges and pairs merged: nothing else but rounding, and the mean of what is equal within tolerances.
    var merged = GraphCollection()
    for id in ids {
      merged.append(LineGraph(quotientOf: try #require(golden.graphs[id]), pairsEdgesWithThemselves: false))
    }
    #expect(merged.pairs.sources.count < whole.pairs.sources.count)
    let quotient = network.program.doubleOutputs(
      values: network.values, statistics: network.statistics, merged
    ).map { $0[0] }
    #expect(relativeError(quotient, expected) < 1e-6)
    #expect(relativeError(predictor.predictions(merged, jobs: 2).map { Double($0) }, expected) < 1e-5)
    // The plain loops are slow: the smallest crystals are enough for them.
    let few = ["made-cu", "mp-1253", "mp-24420"]
    let plain = PlainReference(network.program, values: network.values, statistics: network.statistics)
      .outputs(try golden.whole(few), normalization: .running).map { $0[0] }
    #expect(
      relativeError(plain, try network.outputs(few)) < 1e-10)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `what leaves each layer is what leaves it in the published code`() throws {
    let golden = try PublishedGraphs.read()
    let network = try PublishedNetwork.small()
    let nodes = try SafeTensors.decode(try SharedNetworks.bytes("alignn_small_nodes.safetensors")).tensors
      .reduce(into: [:]) { $0[$1.name] = $1.doubles }
    for (stage, value) in network.stages {
      let program = network.program.giving(value)
      let inference = BlockInference<Double>(program, members: [(network.values, network.statistics)])
      let scratch = inference.makeScratch()
      for (id, answer) in try network.evaluations() {
        // Angles that nobody reads are not computed.
        guard let expected = answer.stages[stage] else { continue }
        var found: [Double] = []
        inference.run(0..<1, of: try golden.whole([id]), scratch) { _, rows, _ in
          found = (0..<scratch.chunk.count(value)).map { rows[$0] }
        }
        let norm = norm2(found)
        let mean = found.reduce(0, +) / Double(found.count)
        #expect(abs(norm - expected[1]) < 1e-10 * norm, "\(id), \(stage)")
        #expect(abs(mean - expected[0]) < 1e-10 * norm, "\(id), \(stage)")
        if let features = nodes["\(id)/\(stage)"] {
          #expect(relativeError(found, features) < 1e-10, "\(id), \(stage)")
        }
      }
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `loss and gradients of a batch are those of the published code`() throws {
    let network = try PublishedNetwork.small()
    let found = try trainingStep(network)
    let gradients = try SafeTensors.decode(
      try SharedNetworks.bytes("alignn_small_gradients.safetensors")
    ).tensors
    let largest = gradients.map { norm2($0.doubles ?? []) }.max() ?? 0
    for tensor in gradients {
      let expected = try #require(tensor.doubles)
      let own = try #require(network.tensors[tensor.name], "\(tensor.name)").indices.map { found[$0] }
      let difference = norm2(zip(own, expected).map { $0 - $1 })
      // Biases before a normalization have no gradient but rounding.
      #expect(difference < 1e-8 * max(norm2(expected), 1e-5 * largest), "\(tensor.name)")
    }
    #expect(network.program.parameters.tensors.count { !$0.isStatistic } == gradients.count)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the classifier is that of the published code`() throws {
    let golden = try PublishedGraphs.read()
    let answers = try JSONDecoder().decode(
      PublishedNetwork.Classifier.self,
      from: Data(try SharedNetworks.bytes("alignn_classifier.json.zst")))
    let network = try PublishedNetwork(answers: nil, PublishedNetwork.smallShape, task: .classification) {
      FormulaNumbers.published($0, shape: $1, inputs: $2)
    }
    let ids = answers.eval.keys.sorted()
    let found = network.program.doubleOutputs(
      values: network.values, statistics: network.statistics, try golden.whole(ids))
    for (row, id) in zip(found, ids) {
      let sum = log(exp(row[0]) + exp(row[1]))
      #expect(relativeError(row.map { $0 - sum }, try #require(answers.eval[id])) < 1e-10, "\(id)")
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the network of the published size gives what the published code does`() throws {
    let golden = try PublishedGraphs.read()
    let network = try PublishedNetwork(
      answers: try PublishedNetwork.read("alignn_full.json.zst"), ALIGNN()
    ) { FormulaNumbers.published($0, shape: $1, inputs: $2) }
    // Besides parameters there are those of the two normalizations that nobody reads.
    #expect(network.values.count + 4 * 256 == 4_026_753)
    let ids = ["made-cu", "mp-1253", "mp-24420"]
    let expected = try network.outputs(ids)
    var merged = GraphCollection()
    for id in ids {
      merged.append(LineGraph(quotientOf: try #require(golden.graphs[id]), pairsEdgesWithThemselves: false))
    }
    let whole = try golden.whole(ids)
    let double = network.program.doubleOutputs(
      values: network.values, statistics: network.statistics, whole
    ).map { $0[0] }
    #expect(relativeError(double, expected) < 1e-10)
    let predictor = NetworkPredictor([try network.single()])
    for graphs in [whole, merged] {
      #expect(relativeError(predictor.predictions(graphs, jobs: 1).map { Double($0) }, expected) < 1e-5)
    }
  }

  /// The gradient of the published batch; expects outputs and loss.
  private func trainingStep(_ network: PublishedNetwork) throws -> [Double] {
    let step = try #require(network.answers).trainStep
    var outputs: [Double] = []
    let graphs = try PublishedGraphs.read().whole(step.ids)
    let result = network.program.doubleBatch(
      values: network.values, statistics: network.statistics, Array(0..<step.ids.count), of: graphs
    ) { found in
      outputs = found
      let errors = zip(found, step.target).map { $0 - $1 }
      let count = Double(errors.count)
      return (errors.reduce(0) { $0 + $1 * $1 } / count, errors.map { 2 * $0 / count })
    }
    #expect(relativeError(outputs, step.output) < 1e-10)
    #expect(abs(result.loss - step.loss) < 1e-10 * step.loss)
    return result.gradient
  }
}

private func norm2(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }

extension NetworkProgram {
  /// The same layers with another value as the result.
  fileprivate func giving(_ value: Int) -> NetworkProgram {
    NetworkProgram(
      parameters: parameters, steps: steps, values: values, output: value, sitesPerBlock: sitesPerBlock)
  }
}

extension FormulaNumbers {
  /// The entries of a tensor by the formula of the shared reference values, in double precision.
  fileprivate static func published(_ name: String, shape: [Int], inputs: Int) -> [Double] {
    var numbers = FormulaNumbers(name)
    let parts = name.split(separator: ".")
    let normalizes =
      ["bn_nodes", "bn_edges"].contains(parts.dropLast().last) || name.contains(".layer.1.")
    return (0..<shape.reduce(1, *)).map { _ in
      let u = numbers.next()
      return switch (parts.last, normalizes) {
      case ("running_mean", _): 0.6 * u - 0.3
      case ("running_var", _): 0.5 + 1.5 * u
      case ("weight", true): 0.5 + u
      case (_, true): 0.4 * u - 0.2
      default: (2 * u - 1) / Double(inputs).squareRoot()
      }
    }
  }
}

/// The crystals and the edges of the published code.
private struct PublishedGraphs {
  struct Counts {
    let id: String
    let edges: Int
    let pairs: Int
    let cosineMean: Double
    let cosineNorm: Double
    let longest: Double
    let wholeShellEdges: Int
  }

  private(set) var structures: [String: Structure] = [:]
  private(set) var graphs: [String: CrystalGraph] = [:]
  private(set) var counts: [Counts] = []

  static func read() throws -> PublishedGraphs {
    struct Line: Decodable {
      let id: String
      let species: [String]
      let lattice: [[Double]]
      let positions: [[Double]]

      private enum CodingKeys: String, CodingKey {
        case id, species, lattice
        case positions = "frac_coords"
      }
    }
    var result = PublishedGraphs()
    var edges: [String: [(source: Int, target: Int, vector: SIMD3<Double>)]] = [:]
    for fields in try rows("alignn_edges.csv.zst") {
      let vector = SIMD3<Double>(try (4..<7).map { try #require(Double(fields[$0])) })
      edges[fields[0], default: []].append(
        (try #require(Int(fields[2])), try #require(Int(fields[3])), vector))
    }
    for line in try SharedNetworks.bytes("crystals.jsonl.zst").split(separator: 10) {
      let crystal = try JSONDecoder().decode(Line.self, from: Data(line))
      let axes = crystal.lattice.map { SIMD3<Double>($0) }
      let structure = try Structure(
        lattice: try Lattice(a: axes[0], b: axes[1], c: axes[2]),
        elements: try crystal.species.map { try #require(Element(symbol: $0)) },
        fractionalPositions: crystal.positions.map { SIMD3<Double>($0) })
      result.structures[crystal.id] = structure
      // Edges stand at their targets, with the vector back.
      let own = (0..<structure.siteCount).map { site in
        (edges[crystal.id] ?? []).filter { $0.target == site }
      }
      let flat = own.flatMap { $0 }
      result.graphs[crystal.id] = CrystalGraph(
        elements: structure.elements,
        edgeOffsets: own.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1.count)) },
        neighbors: flat.map { Int32($0.source) },
        distances: flat.map { ($0.vector * $0.vector).sum().squareRoot() },
        images: flat.map { _ in SIMD3(0, 0, 0) }, tiedCuts: structure.elements.map { _ in false },
        vectors: flat.map { -$0.vector })
    }
    for fields in try rows("alignn_graphs.csv") {
      // What is no number fails where it is compared.
      func number(_ index: Int) -> Double { Double(fields[index]) ?? .nan }
      result.counts.append(
        Counts(
          id: fields[0], edges: try #require(Int(fields[2])), pairs: try #require(Int(fields[4])),
          cosineMean: number(5), cosineNorm: number(6), longest: number(9),
          wholeShellEdges: try #require(Int(fields[10]))))
    }
    return result
  }

  private static func rows(_ name: String) throws -> [[String]] {
    String(decoding: try SharedNetworks.bytes(name), as: UTF8.self).split(separator: "\n").dropFirst().map {
      $0.split(separator: ",").map { String($0) }
    }
  }

  func whole(_ ids: [String]) throws -> GraphCollection {
    var collection = GraphCollection()
    for id in ids {
      collection.append(LineGraph(of: try #require(graphs[id]), pairsEdgesWithThemselves: false))
    }
    return collection
  }
}

/// A network with the published code's answers.
private struct PublishedNetwork {
  struct Answers: Decodable {
    let eval: [String: Evaluation]
    let trainStep: TrainStep

    private enum CodingKeys: String, CodingKey {
      case eval
      case trainStep = "train_step"
    }
  }

  struct Evaluation: Decodable {
    let output: Double
    let stages: [String: [Double]]
  }

  struct TrainStep: Decodable {
    let ids: [String]
    let target: [Double]
    let output: [Double]
    let loss: Double
  }

  struct Classifier: Decodable {
    let eval: [String: [Double]]
  }

  static let smallShape: ALIGNN = {
    var network = ALIGNN()
    (network.width, network.embeddingWidth) = (32, 16)
    (network.angleConvolutionCount, network.bondConvolutionCount) = (2, 2)
    return network
  }()

  let configuration: NetworkConfiguration
  let program: NetworkProgram
  let answers: Answers?
  private(set) var values: [Double]
  private(set) var statistics: [Double]
  let tensors: [String: ParameterTensor]

  /// - Parameter numbers: the entries of a tensor of a name and a shape, and the width of what a linear layer sees.
  init(
    answers: Answers?, _ shape: ALIGNN, task: PredictionTask = .regression,
    numbers: (String, [Int], Int) throws -> [Double]
  ) throws {
    configuration = NetworkConfiguration(shape, task: task)
    program = try configuration.program()
    self.answers = answers
    values = [Double](repeating: 0, count: program.parameters.count)
    statistics = [Double](repeating: 0, count: program.parameters.statisticCount)
    tensors = program.parameters.tensors.reduce(into: [:]) { $0[$1.name] = $1 }
    for tensor in program.parameters.tensors {
      let owner = tensor.name.split(separator: ".").dropLast().joined(separator: ".")
      let inputs = tensors[owner + ".weight"]?.shape.last ?? 1
      for (index, number) in zip(tensor.indices, try numbers(tensor.name, tensor.shape, inputs)) {
        if tensor.isStatistic { statistics[index] = number } else { values[index] = number }
      }
    }
  }

  static func read(_ name: String) throws -> Answers {
    try JSONDecoder().decode(Answers.self, from: Data(try SharedNetworks.bytes(name)))
  }

  /// The small network with its weights.
  static func small() throws -> PublishedNetwork {
    let weights = try SafeTensors.decode(try SharedNetworks.bytes("alignn_small.safetensors")).tensors
      .reduce(into: [:]) { $0[$1.name] = $1.doubles }
    return try PublishedNetwork(answers: try read("alignn_small.json.zst"), smallShape) { name, _, _ in
      try #require(weights[name], "\(name)")
    }
  }

  /// What it gives crystals.
  func outputs(_ ids: [String]) throws -> [Double] {
    let all = try evaluations()
    return try ids.map { try #require(all[$0]).output }
  }

  /// By crystal.
  func evaluations() throws -> [String: Evaluation] { try #require(answers).eval }

  /// The same in single precision.
  func single() throws -> NetworkParameters {
    var generator = SystemRandomNumberGenerator()
    return try NetworkParameters(configuration, using: &generator).replacing(
      values: values.map { Float($0) }, statistics: statistics.map { Float($0) })
  }

  /// What the published code calls the values of the program.
  var stages: [(name: String, value: Int)] {
    program.steps.flatMap { step -> [(String, Int)] in
      if let layer = step.layer as? NormalizedLinear {
        let names = ["atom_embedding": "x", "edge_embedding.2": "y", "angle_embedding.2": "z"]
        return names[layer.name].map { [("embedding." + $0, step.outputs[0])] } ?? []
      }
      if step.layer is MeanPooling { return [("readout.h", step.outputs[0])] }
      guard let layer = step.layer as? EdgeGatedConvolution else { return [] }
      let parts = layer.name.split(separator: ".")
      if parts[0] == "gcn_layers" {
        return Array(zip(["gcn\(parts[1]).x", "gcn\(parts[1]).y"], step.outputs))
      }
      let ends = parts[2] == "node_update" ? ["x"] : ["y", "z"]
      return Array(zip(ends.map { "alignn\(parts[1]).\($0)" }, step.outputs))
    }
  }
}
