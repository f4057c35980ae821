import Crystal
import Foundation
import ModelFormats
import Networks
import TestSupport
import Testing
import Training

@testable import CrystalGraphs

/// What PyTorch says of one network: a file of `fixtures/goldens`, written by `scripts/network-goldens`.
struct Golden: Decodable {
  /// Graphs of one batch.
  let structures: [Graph]
  /// Target of each graph.
  let targets: [Float]
  /// The network in several shapes. The first is the one of `runs` and of the safetensors file.
  let cases: [Case]
  /// Ten steps of training each.
  let runs: [Run]

  struct Graph: Decodable {
    let atomicNumbers: [UInt8]
    let edgeOffsets: [Int32]
    let neighbors: [Int32]
    let distances: [Double]
    /// Ω/4π, A/10 Å², V/10 Å³, and eight angular moments an edge; absent where graphs have no facets.
    let solidAngles: [Double]?
    let areas: [Double]?
    let volumes: [Double]?
    let moments: [Float]?
  }

  struct Case: Decodable {
    let name: String
    let configuration: NetworkConfiguration
    let all: Answers
    let nearestEight: Answers
    /// Digests by loss, by tensor.
    let gradients: [String: [String: Digest]]
    /// After one batch in training mode.
    let statistics: [String: Digest]

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      name = try values.decode(String.self, forKey: .name)
      let title = try values.decode(String.self, forKey: .architecture)
      configuration = try NetworkConfiguration(
        try #require(Architectures.titled(title)), from: try values.superDecoder(forKey: .configuration))
      all = try values.decode(Answers.self, forKey: .all)
      nearestEight = try values.decode(Answers.self, forKey: .nearestEight)
      gradients = try values.decode([String: [String: Digest]].self, forKey: .gradients)
      statistics = try values.decode([String: Digest].self, forKey: .statistics)
    }

    private enum Key: String, CodingKey {
      case name, architecture, configuration, all, nearestEight, gradients, statistics
    }
  }

  /// Outputs and losses, with all Gaussians or with the eight nearest.
  struct Answers: Decodable {
    let inference: [Double]
    let training: [Double]
    let losses: [String: Double]
  }

  struct Run: Decodable {
    let optimizer: OptimizerKind
    let weightDecay: Double
    let schedule: String
    let peak: Double
    /// Learning rate and momentum of each step.
    let rates: [[Double]]
    let losses: [Double]
    let weights: [String: Digest]
    let statistics: [String: Digest]
  }

  /// The file of the network `name`.
  static func read(_ name: String) throws -> Self {
    try JSONDecoder().decode(Self.self, from: Data(contentsOf: Fixtures.url("goldens/\(name).json")))
  }

  /// The network of one case with its graphs.
  func network(_ number: Int) throws -> NetworkUnderTest {
    var graphs = GraphCollection()
    for structure in structures {
      let graph = structure.voronoi.map { NeighborGraph.voronoi($0) } ?? .nearest(structure.graph)
      graphs.append(graph, for: cases[number].configuration.requirements)
    }
    return try NetworkUnderTest(cases[number].configuration, graphs: graphs, targets: targets)
  }

  /// Gradients of the squared loss and running statistics of the first case, entry by entry.
  static func tensors(_ name: String) throws -> [String: [Double]] {
    let bytes = [UInt8](try Data(contentsOf: Fixtures.url("goldens/\(name).safetensors")))
    return try SafeTensors.decode(bytes).tensors.reduce(into: [:]) { $0[$1.name] = $1.doubles }
  }
}

/// Three sums over the entries x_k of a tensor in row-major order: Σ x_k, Σ |x_k| and Σ x_k (k mod 97) / 97.
struct Digest: Decodable {
  let sum: Double
  let magnitude: Double
  let placed: Double

  init(_ entries: [Double]) {
    sum = entries.reduce(0, +)
    magnitude = entries.reduce(0) { $0 + abs($1) }
    placed = entries.enumerated().reduce(0) { $0 + $1.element * Double($1.offset % 97) / 97 }
  }

  init(from decoder: any Decoder) throws {
    var numbers = try decoder.unkeyedContainer()
    sum = try numbers.decode(Double.self)
    magnitude = try numbers.decode(Double.self)
    placed = try numbers.decode(Double.self)
  }

  /// The largest difference of the three sums, relative to Σ |x_k| of `expected` or to `scale`, whichever is larger.
  func error(against expected: Digest, scale: Double = 0) -> Double {
    let difference = max(
      abs(sum - expected.sum), abs(magnitude - expected.magnitude), abs(placed - expected.placed))
    return difference / max(scale, expected.magnitude)
  }
}

/// The largest difference of two lists, relative to the largest entry of `expected` or to `scale`, whichever is larger.
func relativeError(_ found: [Double], _ expected: [Double], scale: Double = 0) -> Double {
  precondition(found.count == expected.count, "lists of one length")
  let largest = max(scale, expected.reduce(0) { max($0, abs($1)) })
  return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
}

extension Golden.Graph {
  /// The graph with its elements.
  var graph: CrystalGraph {
    let elements = atomicNumbers.compactMap { Element(rawValue: $0) }
    return CrystalGraph(
      elements: elements, edgeOffsets: edgeOffsets, neighbors: neighbors, distances: distances,
      images: neighbors.map { _ in SIMD3<Int32>(0, 0, 0) }, tiedCuts: elements.map { _ in false })
  }

  /// The graph with its facets; nil where it has none. Measures that were scaled come out as they are in the file.
  var voronoi: VoronoiGraph? {
    guard let solidAngles, let areas, let volumes, let moments else { return nil }
    return VoronoiGraph(
      graph: graph, areas: areas.map { $0 * 10 }, solidAngles: solidAngles.map { $0 * 4 * .pi },
      pyramidVolumes: volumes.map { $0 * 10 }, angularMoments: moments, minimumSolidAngleFraction: 0,
      droppedFacetCount: 0)
  }
}

/// Numbers that follow from a name: SplitMix64, started at the FNV-1a hash of the name.
struct FormulaNumbers {
  private var state: UInt64

  init(_ name: String) {
    state = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// The next number in 0 ..< 1.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// The entries of a tensor as `scripts/goldens/formula.py` makes them.
  ///
  /// - Parameters:
  ///   - name: name of the tensor.
  ///   - count: number of entries.
  ///   - inputs: width of what a linear layer sees; not used by normalizations.
  static func weights(_ name: String, count: Int, inputs: Int) -> [Double] {
    var numbers = FormulaNumbers(name)
    let parts = name.split(separator: ".")
    let normalizes = ["normalization", "bn1", "bn2"].contains(parts.dropLast().last)
    return (0..<count).map { _ in
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
