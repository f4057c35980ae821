import Crystal
import CrystalGraphs
import ModelFormats
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
    let program = try golden.program()
    var values = [Double](repeating: 0, count: program.parameters.count)
    for (layer, tensor) in program.parameters.tensors.enumerated() {
      // Stored (in, out) there, named (out, in) here.
      let numbers = try golden.numbers("W\(layer)")
      for (place, index) in tensor.indices.enumerated() {
        let (row, column) = (place / tensor.shape[1], place % tensor.shape[1])
        values[index] = numbers[column * tensor.shape[0] + row]
      }
    }
    let inference = BlockInference<Double>(program, members: [(values, [])])
    let scratch = inference.makeScratch()
    for (id, graph) in golden.graphs {
      var whole = GraphCollection()
      whole.append(graph.bondCounts(limit: .max))
      let expected = try golden.numbers("\(id)/H3")
      let scale = expected.reduce(0) { max($0, abs($1)) }
      var found: [Double] = []
      inference.run(0..<1, of: whole, scratch) { _, rows in
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

    /// 92 → 16 → 16 → 8, ReLU but for the last, with a row a site as the result.
    func program() throws -> NetworkProgram {
      var network = NetworkBuilder()
      var nodes = network.elementFeatures()
      nodes = network.graphConvolution("0", nodes, to: 16)
      nodes = network.graphConvolution("1", nodes, to: 16)
      nodes = network.graphConvolution("2", nodes, to: 8, activation: nil)
      let pooled = network.program(output: network.meanPooling(nodes), sitesPerBlock: 64)
      return NetworkProgram(
        parameters: pooled.parameters, steps: pooled.steps, values: pooled.values, output: nodes.index,
        sitesPerBlock: 64)
    }
  }
}
