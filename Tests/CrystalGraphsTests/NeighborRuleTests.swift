import Crystal
import CrystalGraphs
import TestSupport
import Testing

@Suite struct NeighborRuleTests {
  private func graph(_ rule: NeighborRule, _ structure: Structure) throws -> CrystalGraph {
    try NeighborGraphBuilder(rule).graph(of: structure, scratch: NeighborGraphBuilder.Scratch()).graph
  }

  private func cubic(_ a: Double) throws -> Lattice {
    try Lattice(a: SIMD3(a, 0, 0), b: SIMD3(0, a, 0), c: SIMD3(0, 0, a))
  }

  @Test(arguments: [(1, 6), (6, 6), (7, 18), (18, 18), (19, 26), (27, 32)])
  func `shells of the simple cubic lattice are taken whole`(count: Int, expected: Int) throws {
    // 6 at a, 12 at √2 a, 8 at √3 a, 6 at 2 a.
    let polonium = try Structure(
      lattice: try cubic(3.3), elements: [try #require(Element(symbol: "Po"))],
      fractionalPositions: [SIMD3(0, 0, 0)])
    #expect(try graph(.nearestShells(count: count, cutoff: 8), polonium).edgeCount == expected)
  }

  @Test(arguments: 0..<12)
  func `whole shells begin with the nearest neighbors, and end before a gap`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let structure = try randomStructure(siteCount: 1 + Int(seed % 4), using: &generator)
    let (count, cutoff) = (8, 9.0)
    let shells = try graph(.nearestShells(count: count, cutoff: cutoff), structure)
    let nearest = try graph(.nearest(count: count, cutoff: cutoff), structure)
    let all = try graph(.within(cutoff: cutoff), structure)
    for site in 0..<structure.siteCount {
      let own = shells.edges(of: site).map { shells.distances[$0] }
      let first = nearest.edges(of: site).map { nearest.distances[$0] }
      #expect(own.count >= first.count)
      for (a, b) in zip(own, first) { #expect(abs(a - b) < 1e-7) }
      let every = all.edges(of: site).map { all.distances[$0] }
      #expect(every.count >= own.count)
      #expect(Array(every.prefix(own.count)) == own)
      if every.count > own.count {
        #expect(every[own.count] - own[own.count - 1] > NeighborRule.shellTolerance)
      }
    }
  }

  @Test func `whole shells are those of the list of all neighbors within the cutoff`() throws {
    var generator = SeededGenerator(seed: 12)
    var crystals = try SpecialCrystals.all().map(\.1)
    for count in 1...20 { crystals.append(try randomStructure(siteCount: count, using: &generator)) }
    for structure in crystals {
      for (count, cutoff) in [(1, 3.0), (12, 5), (24, 6), (64, 9)] {
        let list = try NeighborList(of: structure, cutoff: cutoff)
        let expected = CrystalGraph(list, of: structure.elements, wholeShellsOf: count)
        #expect(try graph(.nearestShells(count: count, cutoff: cutoff), structure) == expected)
      }
    }
  }

  @Test func `symmetric shells are those of the list of all neighbors, both ways`() throws {
    var generator = SeededGenerator(seed: 13)
    var crystals = try SpecialCrystals.all().map(\.1)
    for count in 1...12 { crystals.append(try randomStructure(siteCount: count, using: &generator)) }
    for structure in crystals {
      for count in [1, 12, 40] {
        let list = try NeighborList(of: structure, cutoff: reach(count, structure))
        let shells = CrystalGraph(list, of: structure.elements, wholeShellsOf: count)
        var expected: Set<DirectedEdge> = []
        for site in 0..<structure.siteCount {
          for edge in shells.edges(of: site) {
            let (neighbor, image) = (Int(shells.neighbors[edge]), shells.images[edge])
            expected.insert(DirectedEdge(site: site, neighbor: neighbor, image: image))
            expected.insert(DirectedEdge(site: neighbor, neighbor: site, image: 0 &- image))
          }
        }
        let found = try graph(.symmetricShells(count: count, doublesOwnImages: false), structure)
        let edges = (0..<structure.siteCount).flatMap { site in
          found.edges(of: site).map {
            DirectedEdge(site: site, neighbor: Int(found.neighbors[$0]), image: found.images[$0])
          }
        }
        #expect(edges.count == expected.count && Set(edges) == expected)
        for (vector, distance) in zip(found.vectors, found.distances) {
          #expect(abs((vector * vector).sum().squareRoot() - distance) < 1e-8)
        }
      }
    }
  }

  private struct DirectedEdge: Hashable {
    let site: Int
    let neighbor: Int
    let image: SIMD3<Int32>
  }

  /// A distance (Å) within which every site has more than `count` neighbors, and the last one's shell.
  private func reach(_ count: Int, _ structure: Structure) throws -> Double {
    var reach = 3.0
    while true {
      let offsets = try NeighborList(of: structure, cutoff: reach).offsets
      if zip(offsets, offsets.dropFirst()).allSatisfy({ $1 - $0 > count }) { return reach + 1 }
      reach *= 1.25
    }
  }

  @Test func `a site without neighbors is one without edges`() throws {
    var generator = SeededGenerator(seed: 3)
    let structure = try randomStructure(siteCount: 3, using: &generator)
    let none = try graph(.noNeighbors, structure)
    #expect(none.siteCount == 3 && none.edgeCount == 0)
  }
}
