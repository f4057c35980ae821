import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import TestSupport
import Testing
import Training

@testable import Networks

/// SchNet as kgcnn computes it, from the shared data folder.
///
/// The small network there is 24 wide, which no network here is: it is put into one of width 32 whose other channels are
/// nothing but zeros. Lengths of edges are those of its code, √(d² + 1e-7 Å²).
@Suite struct SchNetGoldenTests {
  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"), arguments: Size.allCases)
  func `outputs are those of the published code, of plain loops in double and of tables in single precision`(
    size: Size
  ) throws {
    let golden = try Golden.read()
    let network = try golden.network(size)
    // The plain loops of the wide network are slow.
    let ids = golden.file[size].eval.keys.sorted().filter {
      size == .small || (golden.edges[$0]?.count ?? 0) < 200
    }
    try #require(ids.count > 4)
    for id in ids {
      let expected = try #require(golden.file[size].eval[id])
      let graph = try golden.graph(id)
      let plain = network.plain(.all).outputs(graph, normalization: .running)[0][0]
      #expect(abs(plain - expected) < 1e-10 * abs(expected), "\(id), plain loops: \(plain)")
      // The weights of the wide network make sites of hundreds, which cancel in the mean of some crystals.
      let scale = size == .small ? abs(expected) : max(abs(expected), 100)
      let interpolated =
        network.plain(.nearestEight).outputs(graph, normalization: .running)[0][0]
      #expect(abs(interpolated - plain) < 1e-6 * scale, "\(id), tables: \(interpolated - plain)")
      let single = NetworkPredictor([network.parameters]).predictions(graph, jobs: 1)
      #expect(abs(Double(single[0]) - expected) < 1e-5 * scale, "\(id), single precision")
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"), arguments: Size.allCases)
  func `loss and gradient norms of a batch are those of the published code`(size: Size) throws {
    let golden = try Golden.read()
    let network = try golden.network(size)
    let step = golden.file[size].step
    var graphs = GraphCollection()
    for id in step.ids { graphs.append(contentsOf: try golden.graph(id), structure: 0) }
    let objective = RegressionObjective(targets: step.target.map { Float($0) }, loss: .absolute)
    let batch = Array(0..<graphs.count)
    var outputs: [Double] = []
    let result = network.parameters.program.doubleBatch(
      values: network.values, statistics: [], batch, of: graphs
    ) {
      outputs = $0
      return objective.loss(of: $0, for: batch)
    }
    // Graphs hold lengths in single precision, and the tables are 1e-6 away from the filters.
    #expect(relativeError(outputs, step.output) < 1e-5)
    #expect(abs(result.loss - step.loss) < 1e-5 * step.loss)
    for (name, norm) in step.gradientNorms {
      let indices = try network.realIndices(name)
      let found = indices.reduce(0) { $0 + result.gradient[$1] * result.gradient[$1] }.squareRoot()
      #expect(abs(found - norm) < 1e-5 * norm, "\(name): \(found) against \(norm)")
    }
  }

  enum Size: String, CaseIterable {
    case small, full
  }

  /// A network of the golden file within one whose widths are multiples of 16.
  private struct Network {
    let parameters: NetworkParameters
    let values: [Double]
    /// Width in the golden file and here, by the name there.
    let widths: Widths
    private let tensors: [String: ParameterTensor]

    struct Widths {
      let element: Int
      let width: Int
      let last: Int
      let blocks: Int
    }

    init(_ widths: Widths, number: (_ name: String, _ shape: [Int]) throws -> [Double]) throws {
      func padded(_ width: Int) -> Int { (width + 15) / 16 * 16 }
      var network = SchNet()
      (network.width, network.elementWidth) = (padded(widths.width), padded(widths.element))
      (network.readoutWidth, network.lastReadoutWidth) = (network.width, padded(widths.last))
      (network.blockCount, network.cutoff, network.gaussianWidth) = (widths.blocks, 5, 0.4)
      var generator = SeededRandom(seed: 0)
      let frame = try NetworkParameters(NetworkConfiguration(network), using: &generator)
      self.widths = widths
      tensors = frame.program.parameters.tensors.reduce(into: [:]) { $0[$1.name] = $1 }
      var values = [Double](repeating: 0, count: frame.values.count)
      for name in Self.names(widths) {
        let indices = try Self.indices(name, tensors, widths)
        for (index, value) in zip(indices, try number(name, Self.shape(name, widths))) {
          values[index] = value
        }
      }
      self.values = values
      parameters = frame.replacing(values: values.map { Float($0) }, statistics: [])
    }

    func plain(_ gaussians: PlainGaussians) -> PlainReference {
      PlainReference(parameters.program, values: values, statistics: [], gaussians: gaussians)
    }

    func realIndices(_ name: String) throws -> [Int] { try Self.indices(name, tensors, widths) }

    /// The parts of a block: names in the golden file, and here.
    private static let paths = [
      "filter1": "filter.0", "filter2": "filter.1", "dense1": "input", "dense2": "hidden", "dense3": "output",
    ]

    static func names(_ widths: Widths) -> [String] {
      let blocks = (0..<widths.blocks).flatMap { block in
        paths.keys.sorted().flatMap { part in
          (part == "dense1" ? ["kernel"] : ["kernel", "bias"]).map { "block\(block).\(part).\($0)" }
        }
      }
      let heads = (0..<3).flatMap { ["head\($0).kernel", "head\($0).bias"] }
      return ["embedding", "input.kernel", "input.bias"] + blocks + heads
    }

    /// Shape in the golden file, (in, out) of a kernel.
    static func shape(_ name: String, _ widths: Widths) -> [Int] {
      let (w, last) = (widths.width, widths.last)
      switch name {
      case "embedding": return [95, widths.element]
      case "input.kernel": return [widths.element, w]
      case "head1.kernel": return [w, last]
      case "head1.bias": return [last]
      case "head2.kernel": return [last, 1]
      case "head2.bias": return [1]
      default:
        if name.hasSuffix(".bias") { return [w] }
        return [name.hasSuffix("filter1.kernel") ? 25 : w, w]
      }
    }

    /// Where the entries of a tensor of the golden file lie, row-major.
    static func indices(
      _ name: String, _ tensors: [String: ParameterTensor], _ widths: Widths
    ) throws -> [Int] {
      let shape = shape(name, widths)
      if name == "embedding" {
        let own = try #require(tensors["embedding.weight"])
        let (indices, columns) = (own.indices, own.shape[1])
        // Row Z there is row Z − 1 here; row 0 belongs to no element.
        return (1..<shape[0]).flatMap { row in (0..<shape[1]).map { indices[(row - 1) * columns + $0] } }
      }
      let parts = name.split(separator: ".").map { String($0) }
      let suffix = parts[parts.count - 1] == "kernel" ? "weight" : "bias"
      let path =
        switch parts[0] {
        case "input": "input"
        case "head0": "readout.0"
        case "head1": "readout.1"
        case "head2": "output"
        default:
          "blocks.\(parts[0].dropFirst("block".count)).\(paths[parts[1], default: ""])"
        }
      let own = try #require(tensors["\(path).\(suffix)"], "\(path).\(suffix)")
      let indices = own.indices
      guard shape.count == 2 else { return Array(indices.prefix(shape[0])) }
      // (in, out) there, (out, in) here.
      return (0..<shape[0]).flatMap { row in
        (0..<shape[1]).map { column in indices[column * own.shape[1] + row] }
      }
    }
  }

  private struct Golden {
    let file: File
    let edges: [String: [Edge]]
    private let elements: [String: [Element]]
    private let tensors: [String: NamedTensor]

    typealias Edge = (site: Int, neighbor: Int32, distance: Double)

    struct File: Decodable {
      let small: Part
      let full: Part

      subscript(_ size: Size) -> Part { size == .small ? small : full }
    }

    struct Part: Decodable {
      let eval: [String: Double]
      let step: Step

      private enum CodingKeys: String, CodingKey {
        case eval
        case step = "train_step"
      }
    }

    struct Step: Decodable {
      let ids: [String]
      let target: [Double]
      let output: [Double]
      let loss: Double
      let gradientNorms: [String: Double]

      private enum CodingKeys: String, CodingKey {
        case ids, target, output
        case loss = "mean_absolute_error"
        case gradientNorms = "gradient_norms"
      }
    }

    static func read() throws -> Golden {
      let file = try JSONDecoder().decode(
        File.self, from: Data(try SharedNetworks.bytes("schnet.json.zst")))
      var edges: [String: [Edge]] = [:]
      let table = String(decoding: try SharedNetworks.bytes("schnet_edges.csv.zst"), as: UTF8.self)
      for row in table.split(separator: "\n").dropFirst() {
        let fields = row.split(separator: ",").map { String($0) }
        let distance = try #require(Double(fields[6]))
        edges[fields[0], default: []].append(
          (
            try #require(Int(fields[1])), try #require(Int32(fields[2])),
            (distance * distance + 1e-7).squareRoot()
          ))
      }
      let tensors = try SafeTensors.decode(try SharedNetworks.bytes("schnet_small.safetensors")).tensors
      return Golden(
        file: file, edges: edges, elements: try SharedNetworks.graphs { _ in false }.mapValues(\.elements),
        tensors: tensors.reduce(into: [:]) { $0[$1.name] = $1 })
    }

    func graph(_ id: String) throws -> GraphCollection {
      let (elements, own) = (try #require(elements[id]), edges[id] ?? [])
      var graphs = GraphCollection()
      graphs.append(
        CrystalGraph(
          elements: elements,
          edgeOffsets: (0...elements.count).map { site in Int32(own.count { $0.site < site }) },
          neighbors: own.map(\.neighbor), distances: own.map(\.distance),
          images: own.map { _ in SIMD3(0, 0, 0) }, tiedCuts: elements.map { _ in false }))
      return graphs
    }

    /// The small network with the weights of its file, which follow from the same formula as those of the full one.
    func network(_ size: Size) throws -> Network {
      let widths =
        size == .small
        ? Network.Widths(element: 16, width: 24, last: 12, blocks: 2)
        : Network.Widths(element: 64, width: 128, last: 64, blocks: 4)
      return try Network(widths) { name, shape in
        let count = shape.reduce(1, *)
        let isKernel = name.hasSuffix("kernel")
        let bound = isKernel ? (3 / Double(shape[0])).squareRoot() : 0.5
        var formula = FormulaNumbers("schnet." + name)
        let numbers = (0..<count).map { _ in (2 * formula.next() - 1) * bound }
        if size == .small {
          let stored = try #require(tensors[name]?.doubles, "\(name)")
          for (a, b) in zip(numbers, stored) { #expect(abs(a - b) < 1e-15, "\(name)") }
        }
        // The embedding's first row belongs to no element.
        return name == "embedding" ? Array(numbers.dropFirst(shape[1])) : numbers
      }
    }
  }
}
