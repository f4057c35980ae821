import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import TensorKernels
import TestSupport
import Testing

@testable import Networks

/// The graph convolution beside PyTorch Geometric and dense algebra, which agree to 1e-12: adjacency matrices and the
/// features after three layers of small crystals, from the shared data folder.
@Suite struct GraphConvolutionTests {
  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `adjacency matrices are the larger of the two directions' bond counts`() throws {
    let golden = try Golden.read()
    for (id, graph) in golden.graphs {
      let bonds = graph.bondCounts(limit: .max)
      let count = graph.siteCount
      var matrix = [Double](repeating: 0, count: count * count)
      for site in 0..<count {
        for edge in bonds.edges(of: site) { matrix[site * count + Int(bonds.neighbors[edge])] += 1 }
      }
      #expect(matrix == (try golden.numbers("\(id)/adjacency")), "\(id)")
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `features of every site after three layers are those of the library, of kernels and plain loops`()
    throws
  {
    let golden = try Golden.read()
    let program = golden.program()
    let values = try golden.values(of: program, under: "W")
    let inference = BlockInference<Double>(program, members: [(values, [])])
    let scratch = inference.makeScratch()
    for (id, graph) in golden.graphs {
      var whole = GraphCollection()
      whole.append(graph.bondCounts(limit: .max))
      let expected = try golden.numbers("\(id)/H3")
      let scale = expected.reduce(0) { max($0, abs($1)) }
      var found: [Double] = []
      inference.run(0..<1, of: whole, scratch) { _, rows, _ in
        found = (0..<expected.count).map { rows[$0] }
      }
      let plain = PlainReference(program, values: values, statistics: []).outputs(
        whole, normalization: .running
      ).flatMap { $0 }
      for (place, value) in expected.enumerated() {
        #expect(abs(found[place] - value) < 1e-10 * scale, "\(id), kernels")
        #expect(abs(plain[place] - value) < 1e-10 * scale, "\(id), plain loops")
      }
    }
  }

  /// The node classifier of T. N. Kipf and M. Welling: two layers on features whose rows add up to 1, and the
  /// cross-entropy of every site's element block.
  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `a classifier of sites has the logarithms, the loss and the gradients of the library`() throws {
    let golden = try Golden.read()
    let expected = try NodeClassifier.read()
    let graph = try #require(golden.graphs[expected.id])
    var network = NetworkBuilder()
    let features = network.elementFeatures()
    let shares = network.add([features]) { _ in RowShares(width: features.width) }[0]
    let nodes = network.graphConvolution(
      "1", network.graphConvolution("0", shares, to: 16), to: 4, activation: nil)
    let program = network.program(ofSites: nodes)
    let values = try golden.values(of: program, under: "two/W")
    var whole = GraphCollection()
    whole.append(graph.bondCounts(limit: .max))
    func logarithms(_ rows: [Double]) -> [[Double]] {
      stride(from: 0, to: rows.count, by: 4).map { first in
        let row = Array(rows[first..<first + 4])
        let sum = log(row.reduce(0) { $0 + exp($1) })
        return row.map { $0 - sum }
      }
    }
    var found: [[Double]] = []
    let count = Double(expected.labels.count)
    let batch = program.doubleBatch(values: values, statistics: [], [0], of: whole) { outputs in
      found = logarithms(outputs)
      let loss = zip(found, expected.labels).reduce(0) { $0 - $1.0[$1.1] } / count
      return (
        loss,
        zip(found, expected.labels).flatMap { row, label in
          row.indices.map { (exp(row[$0]) - ($0 == label ? 1 : 0)) / count }
        }
      )
    }
    let plain = logarithms(
      PlainReference(program, values: values, statistics: []).outputs(whole, normalization: .batch)
        .flatMap { $0 })
    #expect(found.count == expected.logSoftmax.count)
    for (site, row) in expected.logSoftmax.enumerated() {
      for (place, number) in row.enumerated() {
        #expect(abs(found[site][place] - number) < 1e-10 * abs(number), "site \(site)")
        #expect(abs(plain[site][place] - number) < 1e-10 * abs(number), "site \(site), plain loops")
      }
    }
    #expect(abs(batch.loss - expected.loss) < 1e-10 * expected.loss)
    for (tensor, norm) in zip(program.parameters.tensors, expected.gradientNorms) {
      let own = tensor.indices.reduce(0) { $0 + batch.gradient[$1] * batch.gradient[$1] }.squareRoot()
      #expect(abs(own - norm) < 1e-8 * norm, "\(tensor.name): \(own)")
    }
  }

  private struct NodeClassifier: Decodable {
    let id: String
    let labels: [Int]
    let loss: Double
    let logSoftmax: [[Double]]
    let gradientNorms: [Double]

    private enum CodingKeys: String, CodingKey {
      case id, labels, loss
      case logSoftmax = "log_softmax"
      case gradientNorms = "gradient_norms"
    }

    static func read() throws -> NodeClassifier {
      struct File: Decodable {
        let nodeClassifier: NodeClassifier

        private enum CodingKeys: String, CodingKey {
          case nodeClassifier = "node_classifier"
        }
      }
      return try JSONDecoder().decode(
        File.self, from: Data(try SharedNetworks.bytes("gcn.json.zst"))
      ).nodeClassifier
    }
  }

  private struct Golden {
    let graphs: [String: CrystalGraph]
    private let tensors: [String: NamedTensor]

    static func read() throws -> Golden {
      // A neighbor that is missing stands at 9 Å.
      let graphs = try SharedNetworks.graphs { $0 < 8.5 }
      let tensors = try SafeTensors.decode(try SharedNetworks.bytes("gcn.safetensors")).tensors
      return Golden(graphs: graphs, tensors: tensors.reduce(into: [:]) { $0[$1.name] = $1 })
    }

    func numbers(_ name: String) throws -> [Double] { try #require(tensors[name]?.doubles) }

    /// The layers' weights, which lie under a prefix and the layer's number.
    func values(of program: NetworkProgram, under prefix: String) throws -> [Double] {
      var values = [Double](repeating: 0, count: program.parameters.count)
      for (layer, tensor) in program.parameters.tensors.enumerated() {
        // Stored (in, out) there, named (out, in) here.
        let numbers = try numbers("\(prefix)\(layer)")
        for (place, index) in tensor.indices.enumerated() {
          let (row, column) = (place / tensor.shape[1], place % tensor.shape[1])
          values[index] = numbers[column * tensor.shape[0] + row]
        }
      }
      return values
    }

    /// 92 → 16 → 16 → 8, ReLU but for the last, with a row a site as the result.
    func program() -> NetworkProgram {
      var network = NetworkBuilder()
      var nodes = network.elementFeatures()
      nodes = network.graphConvolution("0", nodes, to: 16)
      nodes = network.graphConvolution("1", nodes, to: 16)
      nodes = network.graphConvolution("2", nodes, to: 8, activation: nil)
      return network.program(ofSites: nodes)
    }
  }
}

extension NetworkBuilder {
  /// The program that gives a row a site.
  fileprivate func program(ofSites nodes: NetworkValue) -> NetworkProgram {
    var whole = self
    let pooled = whole.meanPooling(nodes)
    let program = whole.program(output: pooled, sitesPerBlock: 64)
    return NetworkProgram(
      parameters: program.parameters, steps: Array(program.steps.dropLast()),
      values: Array(program.values.dropLast()), output: nodes.index, sitesPerBlock: 64)
  }
}

/// Rows divided by their sums.
private struct RowShares: Layer {
  let width: Int

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width, needsGradient: false)] }
  var backwardStages: Int { 0 }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (x, y) = (context.input(0), context.output(0))
    for site in 0..<context.block.siteCount {
      let row = site * width..<(site + 1) * width
      let sum = row.reduce(Scalar(0)) { $0 + x[$1] }
      for index in row { y[index] = x[index] / sum }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [inputs[0].map { row in row.map { $0 / row.reduce(0, +) } }]
  }
}
