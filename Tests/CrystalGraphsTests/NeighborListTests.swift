import Crystal
import CrystalGraphs
import TestSupport
import Testing

struct NeighborListTests {
  @Test(arguments: 0..<12)
  func `the list is what plain loops over all images find`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 5000 + seed)
    let structure = try randomStructure(
      siteCount: Int.random(in: 1...8, using: &generator), using: &generator, skew: seed < 6 ? 0.5 : 8)
    let cutoff = Double.random(in: 2...6, using: &generator)
    let list = try NeighborList(of: structure, cutoff: cutoff)
    let search = PlainNeighborSearch(cutoff: cutoff)
    for site in 0..<structure.siteCount {
      let expected = search.neighbors(of: site, in: structure).sorted {
        ($0.roundedDistance, $0.site, $0.image.x, $0.image.y, $0.image.z)
          < ($1.roundedDistance, $1.site, $1.image.x, $1.image.y, $1.image.z)
      }
      let entries = list.entries(of: site)
      #expect(Array(list.neighbors[entries]) == expected.map { Int32($0.site) })
      #expect(Array(list.images[entries]) == expected.map(\.image))
      #expect(zip(list.distances[entries], expected).allSatisfy { abs($0 - $1.distance) < 1e-9 })
    }
  }

  @Test(arguments: 0..<6)
  func `every pair is listed both ways`(seed: UInt64) throws {
    struct Pair: Hashable {
      let center: Int32, neighbor: Int32, image: SIMD3<Int32>
    }
    var generator = SeededGenerator(seed: 6000 + seed)
    let structure = try randomStructure(siteCount: 6, using: &generator)
    let list = try NeighborList(of: structure, cutoff: 5)
    var pairs: Set<Pair> = []
    for site in 0..<6 {
      for entry in list.entries(of: site) {
        pairs.insert(Pair(center: Int32(site), neighbor: list.neighbors[entry], image: list.images[entry]))
      }
    }
    #expect(pairs.count == list.count)
    #expect(
      pairs.allSatisfy {
        pairs.contains(Pair(center: $0.neighbor, neighbor: $0.center, image: 0 &- $0.image))
      })
  }

  @Test func `sites that are too close are refused even below the cutoff`() throws {
    let structure = try SpecialCrystals.box(5, 5, 5, [(8, SIMD3(0, 0, 0)), (8, SIMD3(0.01, 0, 0))])
    #expect(throws: GraphError.self) { try NeighborList(of: structure, cutoff: 0.01) }
  }
}
