import Crystal
import CrystalGraphs
import TestSupport
import Testing
import Training

@testable import Networks

@Suite struct LineGraphTests {
  private let network: NetworkConfiguration = {
    var network = ALIGNN()
    (network.width, network.embeddingWidth) = (32, 16)
    (network.angleConvolutionCount, network.bondConvolutionCount) = (2, 2)
    return NetworkConfiguration(network)
  }()

  /// What the network gives crystals, in double precision, from their quotients.
  private func outputs(_ crystals: [Structure]) throws -> [Double] {
    var generator = SeededRandom(seed: 7)
    let parameters = try NetworkParameters(network, using: &generator)
    let encoder = InputEncoder(network.requirements)
    let scratch = InputEncoder.Scratch()
    var collection = GraphCollection()
    for crystal in crystals { try encoder.append(crystal, to: &collection, scratch: scratch) }
    return parameters.program.doubleOutputs(
      values: parameters.values.map { Double($0) },
      statistics: parameters.statistics.map { Double($0) }, collection
    ).map { $0[0] }
  }

  private func crystals() throws -> [Structure] {
    var generator = SeededGenerator(seed: 61)
    return try (0..<8).map { try randomStructure(siteCount: 1 + $0 % 4, using: &generator) }
  }

  @Test func `another order of sites, origin, cell or orientation of a crystal changes nothing`() throws {
    let crystals = try crystals()
    let expected = try outputs(crystals)
    let changes: [(Structure) throws -> Structure] = [
      // Sites the other way round.
      { crystal in
        try Structure(
          lattice: crystal.lattice, elements: crystal.elements.reversed(),
          fractionalPositions: crystal.fractionalPositions.reversed())
      },
      // Another origin.
      { crystal in
        try Structure(
          lattice: crystal.lattice, elements: crystal.elements,
          fractionalPositions: crystal.fractionalPositions.map { $0 + SIMD3(0.31, -0.47, 0.83) })
      },
      // A turn about two axes.
      { crystal in
        func turned(_ v: SIMD3<Double>) -> SIMD3<Double> {
          let (c, s) = (0.6, 0.8)
          let u = SIMD3(c * v.x - s * v.y, s * v.x + c * v.y, v.z)
          return SIMD3(u.x, s * u.y - c * u.z, c * u.y + s * u.z)
        }
        let lattice = crystal.lattice
        return try Structure(
          lattice: try Lattice(a: turned(lattice.a), b: turned(lattice.b), c: turned(lattice.c)),
          elements: crystal.elements, fractionalPositions: crystal.fractionalPositions)
      },
      // A cell three times as large.
      { crystal in
        let lattice = crystal.lattice
        return try Structure(
          lattice: try Lattice(a: lattice.a, b: 3 * lattice.b, c: lattice.c),
          elements: crystal.elements.flatMap { [$0, $0, $0] },
          fractionalPositions: crystal.fractionalPositions.flatMap { position in
            [0.0, 1, 2].map { SIMD3(position.x, (position.y + $0) / 3, position.z) }
          })
      },
    ]
    for change in changes {
      for (a, b) in zip(try outputs(try crystals.map(change)), expected) {
        #expect(abs(a - b) < 1e-8 * max(1, abs(b)))
      }
    }
  }

  @Test func `a mirror image is the same crystal, and another angle with the same lengths is not`() throws {
    let silicon = try #require(Element(symbol: "Si"))
    let (carbon, oxygen) = (try #require(Element(symbol: "C")), try #require(Element(symbol: "O")))
    // Chains of three sites far apart from each other: lengths are 2 and 2 Å, what is between them is the angle.
    func chain(_ cosine: Double, _ end: Element) throws -> Structure {
      let bond = SIMD3(2 * cosine, 2 * (1 - cosine * cosine).squareRoot(), 0.0)
      return try Structure(
        lattice: try Lattice(a: SIMD3(30, 0, 0), b: SIMD3(0, 30, 0), c: SIMD3(0, 0, 30)),
        elements: [silicon, carbon, end],
        fractionalPositions: [SIMD3(0, 0, 0), SIMD3(2, 0, 0) / 30, bond / 30])
    }
    let graph = try CrystalGraph(symmetricShellsOf: 1, try chain(0.3, carbon))
    let pairs = LineGraph(of: graph, pairsEdgesWithThemselves: true)
    // Two bonds both ways at the middle site: each comes back along itself, and meets the other.
    #expect(graph.edgeCount == 4)
    #expect(pairs.sources.count == 6)
    #expect(pairs.cosines.count { abs($0 - 1) < 1e-12 } == 4)
    #expect(pairs.cosines.count { abs($0 - 0.3) < 1e-12 } == 2)
    let quotient = LineGraph(quotientOf: graph, pairsEdgesWithThemselves: true)
    #expect(quotient.siteMultiplicities == [1, 2])
    #expect(quotient.sources.count == 3)
    #expect(quotient.cosines.count == 2)
    let (narrow, mirrored) = (try chain(0.3, oxygen), try mirror(try chain(0.3, oxygen)))
    let found = try outputs([narrow, mirrored, try chain(-0.3, oxygen)])
    #expect(abs(found[0] - found[1]) < 1e-10)
    #expect(abs(found[0] - found[2]) > 1e-7)
  }

  @Test func `sites of one edge each, which have their edges' numbers, stay apart`() throws {
    // Carbon monoxide: the classes of sites and of edges are 0 and 1 in both.
    let dimer = try Structure(
      lattice: try Lattice(a: SIMD3(9, 0, 0), b: SIMD3(0, 10, 0), c: SIMD3(0, 0, 11)),
      elements: [try #require(Element(symbol: "C")), try #require(Element(symbol: "O"))],
      fractionalPositions: [.zero, SIMD3(0.125, 0, 0)])
    let graph = try CrystalGraph(symmetricShellsOf: 1, dimer)
    let quotient = LineGraph(quotientOf: graph, pairsEdgesWithThemselves: true)
    #expect(quotient.siteClasses == [0, 1])
    #expect(quotient.siteMultiplicities == [1, 1])
    #expect(quotient.sources == [1, 0])
  }

  @Test func `positions with five decimals keep what symmetry merges, and hardly change a prediction`() throws
  {
    var generator = SeededGenerator(seed: 62)
    var (exact, rounded) = ([Structure](), [Structure]())
    for sites in [2, 3, 4] {
      // Each site with its image by inversion about a point that is none with few decimals.
      let half = try randomStructure(siteCount: sites, using: &generator)
      let center = SIMD3(0.123456789, 0.271828183, 0.314159265)
      func twice(_ change: (SIMD3<Double>) -> SIMD3<Double>) throws -> Structure {
        try Structure(
          lattice: half.lattice, elements: half.elements + half.elements,
          fractionalPositions: (half.fractionalPositions + half.fractionalPositions.map { 2 * center - $0 })
            .map(change))
      }
      exact.append(try twice { $0 })
      rounded.append(try twice { ($0 * 1e5).rounded(.toNearestOrEven) / 1e5 })
    }
    for (exact, rounded) in zip(exact, rounded) {
      func merged(_ crystal: Structure) throws -> LineGraph {
        LineGraph(
          quotientOf: try CrystalGraph(symmetricShellsOf: 12, crystal), pairsEdgesWithThemselves: true)
      }
      let (ideal, found) = (try merged(exact), try merged(rounded))
      #expect(2 * ideal.atomicNumbers.count == exact.siteCount)
      #expect(found.edgeOffsets == ideal.edgeOffsets && found.pairOffsets == ideal.pairOffsets)
    }
    var whole = GraphCollection()
    let encoder = InputEncoder(network.requirements)
    for crystal in rounded {
      let graph = try encoder.graph(of: crystal, scratch: InputEncoder.Scratch())
      whole.append(graph, for: network.requirements)
    }
    var random = SeededRandom(seed: 7)
    let parameters = try NetworkParameters(network, using: &random)
    let expected = parameters.program.doubleOutputs(
      values: parameters.values.map { Double($0) },
      statistics: parameters.statistics.map { Double($0) }, whole)
    for (found, expected) in zip(try outputs(rounded), expected) {
      #expect(abs(found - expected[0]) < 1e-8 * max(1, abs(expected[0])))
    }
  }

  private func mirror(_ crystal: Structure) throws -> Structure {
    try Structure(
      lattice: crystal.lattice, elements: crystal.elements,
      fractionalPositions: crystal.fractionalPositions.map { SIMD3($0.x, -$0.y, $0.z) })
  }

  @Test func `merged edges and pairs stand for all of the whole graph`() throws {
    for crystal in try crystals() {
      let graph = try CrystalGraph(symmetricShellsOf: 12, crystal)
      let (whole, merged) = (
        LineGraph(of: graph, pairsEdgesWithThemselves: true),
        LineGraph(quotientOf: graph, pairsEdgesWithThemselves: true)
      )
      var (edges, pairs) = (0.0, 0.0)
      for node in merged.atomicNumbers.indices {
        for edge in merged.edgeOffsets[node]..<merged.edgeOffsets[node + 1] {
          let count = Double(merged.siteMultiplicities[node] * merged.edgeMultiplicities[edge])
          edges += count
          for pair in merged.pairOffsets[edge]..<merged.pairOffsets[edge + 1] {
            pairs += count * Double(merged.pairMultiplicities[pair])
          }
        }
      }
      #expect(Int(edges) == graph.edgeCount)
      #expect(Int(pairs) == whole.sources.count)
      #expect(Int(merged.siteMultiplicities.reduce(0, +)) == crystal.siteCount)
      // Every edge is there both ways.
      for site in 0..<graph.siteCount {
        for edge in graph.edges(of: site) {
          let neighbor = Int(graph.neighbors[edge])
          let back = graph.edges(of: neighbor).count {
            Int(graph.neighbors[$0]) == site && graph.images[$0] == 0 &- graph.images[edge]
          }
          #expect(back == 1)
        }
      }
    }
  }
}
