import Crystal
import CrystalGraphs
import Networks
import TestSupport
import Testing

@Suite("Graphs of grown crystals") struct ScaledGraphTests {
  private static let rules: [NeighborRule] = [
    .voronoi(minimumSolidAngleFraction: 0.01), .symmetricShells(count: 12, doublesOwnImages: false),
    .nearest(count: 6, cutoff: 60), .nearestShells(count: 12, cutoff: 60),
  ]

  private func scaled(_ structure: Structure, by factor: Double) throws -> Structure {
    let old = structure.lattice
    return try Structure(
      lattice: Lattice(a: factor * old.a, b: factor * old.b, c: factor * old.c),
      elements: structure.elements, fractionalPositions: structure.fractionalPositions)
  }

  private static let requirements =
    rules.map { InputRequirements(neighbors: $0) } + [
      InputRequirements(neighbors: .nearest(count: 6, cutoff: 60), neighborLimit: 6, reversesEdges: true)
    ]

  @Test(arguments: requirements, [0.97, 1.04])
  func `the graph of a crystal in another size is its graph in that size`(
    requirements: InputRequirements, factor: Double
  ) throws {
    let encoder = InputEncoder(requirements)
    let scratch = InputEncoder.Scratch()
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<20 {
      let structure = try randomStructure(siteCount: 4, using: &generator)
      var (own, other, grown) = (GraphCollection(), GraphCollection(), GraphCollection())
      try encoder.append(structure, to: &own, scratch: scratch)
      try encoder.append(try scaled(structure, by: factor), to: &other, scratch: scratch)
      #expect(requirements.graphScales(0, of: own, by: factor))
      grown.append(contentsOf: own, structure: 0, scaledBy: factor)
      #expect(grown.atomicNumbers == other.atomicNumbers && grown.edgeOffsets == other.edgeOffsets)
      #expect(grown.neighbors == other.neighbors && grown.edgeKinds == other.edgeKinds)
      #expect(
        grown.edgeMultiplicities == other.edgeMultiplicities
          && grown.siteMultiplicities == other.siteMultiplicities)
      #expect(zip(grown.distances, other.distances).allSatisfy { abs($0 - $1) < 1e-6 * $1 })
      #expect(grown.facets.count == other.facets.count)
      #expect(zip(grown.facets, other.facets).allSatisfy { abs($0 - $1) < 1e-5 * max(1, abs($1)) })
    }
  }

  @Test func `where a cutoff may take edges away or let some in, a graph is made anew`() throws {
    let copper = try #require(Element(rawValue: 29))
    let structure = try Structure(
      lattice: Lattice(a: SIMD3(4, 0, 0), b: SIMD3(0, 4, 0), c: SIMD3(0, 0, 4)),
      elements: [copper], fractionalPositions: [SIMD3(0, 0, 0)])
    func scales(_ rule: NeighborRule, _ factor: Double) throws -> Bool {
      let requirements = InputRequirements(neighbors: rule)
      var graphs = GraphCollection()
      try InputEncoder(requirements).append(structure, to: &graphs, scratch: InputEncoder.Scratch())
      return requirements.graphScales(0, of: graphs, by: factor)
    }
    // Six neighbors at 4 Å, twelve at 5.66 Å.
    #expect(try scales(.nearest(count: 6, cutoff: 4.5), 1.1))
    #expect(try !scales(.nearest(count: 6, cutoff: 4.5), 1.2))
    #expect(try !scales(.nearest(count: 7, cutoff: 4.5), 0.9))
    #expect(try scales(.nearestShells(count: 7, cutoff: 6), 0.9))
    #expect(try !scales(.nearestShells(count: 7, cutoff: 6), 1.1))
    #expect(try !scales(.within(cutoff: 4.5), 1))
  }
}
