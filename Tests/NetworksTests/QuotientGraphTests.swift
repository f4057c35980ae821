import Crystal
import CrystalGraphs
import Networks
import TensorKernels
import TestSupport
import Testing
import Training

/// Crystals with equivalent sites (supercells of a small crystal) and without.
private func crystals(_ count: Int, largest: Int, seed: UInt64) throws -> [Structure] {
  var generator = SeededGenerator(seed: seed)
  return try (0..<count).flatMap { index -> [Structure] in
    let cell = try randomStructure(siteCount: 1 + index % largest, using: &generator)
    let lattice = cell.lattice
    let double = try Lattice(a: 2 * lattice.a, b: lattice.b, c: lattice.c)
    let copies = cell.fractionalPositions.flatMap { position in
      [0.0, 1.0].map { SIMD3((position.x + $0) / 2, position.y, position.z) }
    }
    let supercell = try Structure(
      lattice: double, elements: cell.elements.flatMap { [$0, $0] }, fractionalPositions: copies)
    return [cell, supercell]
  }
}

/// The graphs of crystals whole and as quotients.
private func graphs(
  _ crystals: [Structure], for configuration: NetworkConfiguration
) throws -> (whole: GraphCollection, merged: GraphCollection) {
  let encoder = InputEncoder(configuration.requirements)
  let scratch = InputEncoder.Scratch()
  var (whole, merged) = (GraphCollection(), GraphCollection())
  var quotient = QuotientGraph()
  for crystal in crystals {
    let graph = try encoder.graph(of: crystal, scratch: scratch)
    let fields = try encoder.orbitalFields(of: crystal, scratch: scratch)
    whole.append(graph, orbitalFields: fields, for: configuration.requirements)
    merged.appendQuotient(
      of: graph, orbitalFields: fields, for: configuration.requirements, scratch: &quotient)
  }
  return (whole, merged)
}

private func cgcnn(_ padding: NeighborPadding = .none) -> NetworkConfiguration {
  var network = CGCNN()
  network.nodeWidth = 32
  network.hiddenWidth = 32
  network.padding = padding
  network.cutoff = 4
  return NetworkConfiguration(network)
}

private func icgcnn(_ change: (inout ICGCNN) -> Void = { _ in }) -> NetworkConfiguration {
  var network = ICGCNN()
  network.nodeWidth = 16
  network.edgeWidth = 16
  network.hiddenWidth = 16
  network.convolutionCount = 2
  change(&network)
  return NetworkConfiguration(network)
}

private func gcn() -> NetworkConfiguration {
  var network = GCN()
  network.nodeWidth = 32
  network.hiddenWidth = 32
  network.cutoff = 4
  return NetworkConfiguration(network)
}

private func schnet(_ change: (inout SchNet) -> Void = { _ in }) -> NetworkConfiguration {
  var network = SchNet()
  (network.width, network.elementWidth, network.blockCount) = (32, 16, 2)
  (network.readoutWidth, network.lastReadoutWidth, network.cutoff) = (32, 16, 4)
  change(&network)
  return NetworkConfiguration(network)
}

private func ogcnn(_ change: (inout OGCNN) -> Void = { _ in }) -> NetworkConfiguration {
  var network = OGCNN()
  (network.encoderWidth, network.nodeWidth, network.hiddenWidth, network.cutoff) = (16, 32, 32, 4)
  change(&network)
  return NetworkConfiguration(network)
}

private func alignn(_ order: ALIGNN.UpdateOrder = .bondsFirst) -> NetworkConfiguration {
  var network = ALIGNN()
  (network.width, network.embeddingWidth) = (32, 16)
  (network.angleConvolutionCount, network.bondConvolutionCount) = (2, 2)
  network.updateOrder = order
  network.doublesOwnImages = order == .anglesFirst
  return NetworkConfiguration(network)
}

private func cgconv(_ change: (inout CGConv) -> Void = { _ in }) -> NetworkConfiguration {
  var network = CGConv()
  (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (32, 32, 3)
  (network.cutoff, network.messages) = (4, .toNeighbors)
  change(&network)
  return NetworkConfiguration(network)
}

private func onNodes(isTrained: Bool) -> NetworkConfiguration {
  var network = CGConv()
  (network.nodeWidth, network.hiddenWidth, network.convolutionCount) = (32, 32, 1)
  (network.cutoff, network.messages) = (4, .toNeighbors)
  let nodes = NodeSource(
    cgconv().architecture, layers: ["embedding1", "convs.1"], use: .concatenate, isTrained: isTrained)
  return NetworkConfiguration(network, nodes: nodes)
}

private let configurations: [NetworkConfiguration] = [
  cgcnn(), cgcnn(.firstAtom), icgcnn(), icgcnn { $0.normalizesTriplets = false },
  icgcnn { $0.updatesEdges = false }, icgcnn { $0.hasTriplets = false },
  icgcnn {
    $0.facetEncoding = .gaussians
    $0.usesAngularMoments = true
    $0.weighsBySolidAngle = true
  },
  icgcnn {
    $0.weighsBySolidAngle = true
    $0.saturatesWeights = true
  },
  icgcnn {
    $0.usesFacets = false
    $0.nearestNeighborCount = 12
  }, gcn(), ogcnn(), ogcnn { ($0.distancePower, $0.padding) = (1, .firstAtom) }, schnet(),
  schnet { $0.endsSmoothly = true }, schnet { $0.usesFacets = true }, alignn(), alignn(.anglesFirst),
  onNodes(isTrained: false), onNodes(isTrained: true), cgconv(), cgconv { $0.padding = .firstAtom },
  cgconv { $0.messages = .fromNeighbors },
]

/// Parameters with every kind of number away from its initial value.
private func parameters(_ configuration: NetworkConfiguration) throws -> NetworkParameters {
  var generator = SeededRandom(seed: 3)
  let drawn = try NetworkParameters(configuration, using: &generator)
  return drawn.replacing(
    values: drawn.values.map { $0 * Float.random(in: 0.5...2, using: &generator) },
    statistics: drawn.statistics.map { $0 + Float.random(in: 0.1...0.5, using: &generator) })
}

@Suite struct QuotientGraphTests {
  @Test(arguments: configurations.indices)
  func `a quotient graph predicts what the whole graph does`(index: Int) throws {
    let configuration = configurations[index]
    let (whole, merged) = try graphs(try crystals(12, largest: 4, seed: 41), for: configuration)
    // Each supercell has twice the sites of its cell, and no more kinds of them, unless one alone has the edges of all those
    // that lack neighbors.
    let requirements = configuration.requirements
    let isFirstApart = requirements.reversesEdges && requirements.paddingDistance != nil
    for index in stride(from: 0, to: whole.count, by: 2) {
      #expect(whole.siteCount(of: index + 1) == 2 * whole.siteCount(of: index))
      #expect(isFirstApart || merged.siteCount(of: index + 1) <= whole.siteCount(of: index))
    }
    #expect(merged.neighbors.count < whole.neighbors.count)
    let predictor = NetworkPredictor([try parameters(configuration)])
    let (a, b) = (predictor.predictions(whole, jobs: 1), predictor.predictions(merged, jobs: 1))
    // Both are rounded to single precision in every layer; training below compares in double precision.
    for (a, b) in zip(a, b) { #expect(abs(a - b) < 5e-6 * max(1, abs(a))) }
  }

  /// Crystals of space group R-3 with edges of equal length and facets that differ in their angular moments only, some
  /// of them in ways that cancel in a sum. Source: Materials Project, CC BY 4.0, mp-23472 and mp-1387328.
  @Test func `edges are told apart by each of their angular moments`() throws {
    let crystals = [
      try rhombohedral(
        [SIMD3(5.9461, 0, 4.00103), SIMD3(2.13025, 5.5514, 4.00103), SIMD3(0, 0, 7.16689)],
        fixed: [("Re", 0.5), ("Ag", 0.76571), ("Ag", 0.23429)],
        general: ("Cl", SIMD3(0.39246, 0.15241, 0.72519))),
      try rhombohedral(
        [SIMD3(4.9466, 0, 3.58596), SIMD3(1.82952, 4.59583, 3.58596), SIMD3(0, 0, 6.10966)],
        fixed: [("Ca", 0.5), ("Bi", 0)], general: ("F", SIMD3(0.6199, 0.89558, 0.24228))),
    ]
    let configuration = icgcnn {
      $0.facetEncoding = .gaussians
      $0.usesAngularMoments = true
      $0.hasTriplets = false
    }
    let (whole, merged) = try graphs(crystals, for: configuration)
    #expect(merged.neighbors.count < whole.neighbors.count)
    let predictor = NetworkPredictor([try parameters(configuration)])
    let (a, b) = (predictor.predictions(whole, jobs: 1), predictor.predictions(merged, jobs: 1))
    for (a, b) in zip(a, b) { #expect(abs(a - b) < 5e-6 * max(1, abs(a))) }
  }

  /// A crystal of space group R-3 in its primitive cell: sites (x, x, x), and the six images of a general position.
  private func rhombohedral(
    _ axes: [SIMD3<Double>], fixed: [(String, Double)], general: (String, SIMD3<Double>)
  ) throws -> Structure {
    let (element, p) = general
    let images = [p, SIMD3(p.y, p.z, p.x), SIMD3(p.z, p.x, p.y)].flatMap { [$0, 1 - $0] }
    return try Structure(
      lattice: try Lattice(a: axes[0], b: axes[1], c: axes[2]),
      elements: (fixed.map(\.0) + images.map { _ in element }).map { try #require(Element(symbol: $0)) },
      fractionalPositions: fixed.map { SIMD3(repeating: $0.1) } + images)
  }

  @Test
  func `edges that look alike are of one kind, whatever their ends, and every edge looks like its kind`()
    throws
  {
    let configuration = icgcnn()
    let cells = try crystals(8, largest: 4, seed: 47)
    let (whole, merged) = try graphs(cells, for: configuration)
    for structure in 0..<merged.count {
      let kinds = Set(merged.kinds(of: structure))
      #expect(kinds == Set(0..<Int32(merged.kindOffsets[structure + 1] - merged.kindOffsets[structure])))
      // Both ways along an edge have the same length and facet, and differ in their moments at most.
      #expect(kinds.count <= whole.kinds(of: structure).count)
      let edges = whole.looks(of: structure)
      for look in merged.looks(of: structure) {
        #expect(edges.contains { zip($0, look).allSatisfy { abs($0 - $1) < 2e-5 } })
      }
    }
    // One atom in a cubic cell: six alike edges in three pairs, which one kind stands for.
    let cubic = try Structure(
      lattice: try Lattice(a: SIMD3(3, 0, 0), b: SIMD3(0, 3, 0), c: SIMD3(0, 0, 3)),
      elements: [try #require(Element(symbol: "Fe"))],
      fractionalPositions: [SIMD3(0, 0, 0)])
    let one = try graphs([cubic], for: configuration).merged
    #expect(one.kinds(of: 0) == [0] && one.distances == [3])
  }

  @Test(arguments: configurations.indices)
  func `training on quotient graphs is training on the whole graphs`(index: Int) throws {
    let configuration = configurations[index]
    let (whole, merged) = try graphs(try crystals(4, largest: 2, seed: 43), for: configuration)
    let targets = (0..<whole.count).map { Float($0 % 5) - 2 }
    let batch = Array(0..<whole.count)
    let objective = RegressionObjective(targets: targets, loss: .squared)
    let own = try parameters(configuration)
    let results = [whole, merged].map { graphs in
      own.program.doubleBatch(
        values: own.values.map { Double($0) }, statistics: own.statistics.map { Double($0) }, batch,
        of: graphs
      ) { objective.loss(of: $0, for: batch) }
    }
    let (expected, found) = (results[0], results[1])
    // Lengths are kept in single precision, and rounded before or after the mean is taken.
    #expect(abs(expected.loss - found.loss) < 1e-6 * max(1, expected.loss))
    let scale = expected.gradient.map { abs($0) }.max() ?? 0
    #expect(scale > 0)
    for (a, b) in zip(expected.gradient, found.gradient) { #expect(abs(a - b) < 1e-5 * scale) }
    for (a, b) in zip(expected.statistics, found.statistics) { #expect(abs(a - b) < 1e-6 * max(1, abs(a))) }
  }

  @Test
  func `rounding in the positions does not keep equivalent sites apart, and hardly changes a prediction`()
    throws
  {
    var generator = SeededGenerator(seed: 47)
    let exact = try crystals(8, largest: 4, seed: 53)
    let shaken = try exact.map { crystal in
      try Structure(
        lattice: crystal.lattice, elements: crystal.elements,
        fractionalPositions: crystal.fractionalPositions.map { position in
          SIMD3(
            position.x + Double.random(in: -1e-8...1e-8, using: &generator),
            position.y + Double.random(in: -1e-8...1e-8, using: &generator),
            position.z + Double.random(in: -1e-8...1e-8, using: &generator))
        })
    }
    for configuration in [cgcnn(), icgcnn(), gcn(), ogcnn(), alignn(), schnet()] {
      let (_, ideal) = try graphs(exact, for: configuration)
      let (whole, merged) = try graphs(shaken, for: configuration)
      #expect(merged.neighbors.count == ideal.neighbors.count)
      let predictor = NetworkPredictor([try parameters(configuration)])
      let (a, b) = (predictor.predictions(whole, jobs: 1), predictor.predictions(merged, jobs: 1))
      // Both are rounded to single precision in every layer; training below compares in double precision.
      for (a, b) in zip(a, b) { #expect(abs(a - b) < 5e-6 * max(1, abs(a))) }
    }
  }
}

extension GraphCollection {
  fileprivate func edges(of structure: Int) -> Range<Int> {
    edgeOffsets[siteOffsets[structure]]..<edgeOffsets[siteOffsets[structure + 1]]
  }

  /// Kinds of a structure's edges.
  fileprivate func kinds(of structure: Int) -> [Int32] { Array(edgeKinds[edges(of: structure)]) }

  /// Length and facet of a structure's edges.
  fileprivate func looks(of structure: Int) -> [[Float]] {
    kinds(of: structure).map { kind in
      let kind = kindOffsets[structure] + Int(kind)
      let count = GraphCollection.facetMeasureCount
      return [Float(distances[kind])] + facets[count * kind..<count * (kind + 1)]
    }
  }
}
