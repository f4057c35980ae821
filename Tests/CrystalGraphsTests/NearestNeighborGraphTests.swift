import Crystal
import CrystalGraphs
import Foundation
import TestSupport
import Testing

/// Compares a graph with the plain search, edge by edge; distances to 1e-9 Å.
func expectPlain(_ graph: CrystalGraph, of structure: Structure, neighborCount: Int, cutoff: Double) {
  let search = PlainNeighborSearch(cutoff: cutoff)
  for site in 0..<structure.siteCount {
    let all = search.neighbors(of: site, in: structure)
    let expected = all.prefix(neighborCount)
    let edges = graph.edges(of: site)
    #expect(edges.count == expected.count, "site \(site)")
    guard edges.count == expected.count else { return }
    for (edge, neighbor) in zip(edges, expected) {
      #expect(Int(graph.neighbors[edge]) == neighbor.site, "site \(site)")
      #expect(graph.images[edge] == neighbor.image, "site \(site)")
      #expect(abs(graph.distances[edge] - neighbor.distance) < 1e-9, "site \(site)")
    }
    let isTied =
      all.count > neighborCount
      && all[neighborCount].roundedDistance == all[neighborCount - 1].roundedDistance
    #expect(graph.tiedCuts[site] == isTied, "site \(site)")
  }
}

struct NearestNeighborGraphTests {
  @Test(arguments: 0..<24)
  func `the graph is what plain loops over all images find`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...9, using: &generator)
    let structure = try randomStructure(siteCount: count, using: &generator)
    let cutoff = Double.random(in: 3...8, using: &generator)
    let neighborCount = Int.random(in: 1...20, using: &generator)
    let graph = try NearestNeighborGraphBuilder(neighborCount: neighborCount, cutoff: cutoff).graph(
      of: structure)
    expectPlain(graph, of: structure, neighborCount: neighborCount, cutoff: cutoff)
  }
}
