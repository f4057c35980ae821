import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import StructureArchive
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
      let folder = try #require(Fixtures.sharedData).appending(path: "reference/networks")
      func bytes(_ name: String) throws -> [UInt8] {
        try readWholeFile(path: folder.appending(path: name).path)
      }
      struct Line: Decodable {
        let id: String
        let species: [String]
      }
      // id, site, slot, neighbor, distance; a neighbor that is missing stands at 9 Å.
      var edges: [String: [(site: Int, neighbor: Int32)]] = [:]
      for row in String(decoding: try bytes("knn12.csv.zst"), as: UTF8.self).split(separator: "\n")
        .dropFirst()
      {
        let fields = row.split(separator: ",").map { String($0) }
        guard try #require(Double(fields[4])) < 8.5 else { continue }
        edges[fields[0], default: []].append(
          (try #require(Int(fields[1])), try #require(Int32(fields[3]))))
      }
      var graphs: [String: CrystalGraph] = [:]
      for line in try bytes("crystals.jsonl.zst").split(separator: 10) {
        let crystal = try JSONDecoder().decode(Line.self, from: Data(line))
        let elements = try crystal.species.map { try #require(Element(symbol: $0)) }
        let own = edges[crystal.id] ?? []
        let offsets = (0...elements.count).map { site in Int32(own.count { $0.site < site }) }
        graphs[crystal.id] = CrystalGraph(
          elements: elements, edgeOffsets: offsets, neighbors: own.map(\.neighbor),
          distances: own.map { _ in 1 }, images: own.map { _ in SIMD3(0, 0, 0) },
          tiedCuts: elements.map { _ in false })
      }
      let tensors = try SafeTensors.decode(try bytes("gcn.safetensors")).tensors
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
