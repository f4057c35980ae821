import Crystal
import CrystalGraphs
import TestSupport
import Testing

struct HostileCrystalTests {
  /// A crystal that no file of a sane program holds: cells from 0.001 Å to 1e100 Å, leaning, atoms far outside.
  private func hostile(_ generator: inout SeededGenerator) throws -> Structure? {
    func size() -> Double {
      let sizes = [2e-3, 0.05, 1, 3, 5, 40, 1e3, 1e6, 1e12, 1e50, 1e100]
      return sizes[Int.random(in: 0..<sizes.count, using: &generator)]
        * Double.random(in: 0.5...2, using: &generator)
    }
    let isWild = Bool.random(using: &generator)
    let common = size()
    let edges = (0..<3).map { _ in isWild ? size() : common * Double.random(in: 0.5...2, using: &generator) }
    let lean = [0, 1, 300, 1e5][Int.random(in: 0..<4, using: &generator)]
    func tilt(_ edge: Double) -> Double { edge * lean * Double.random(in: -1...1, using: &generator) }
    guard
      let lattice = try? Lattice(
        a: SIMD3(edges[0], 0, 0), b: SIMD3(tilt(edges[0]), edges[1], 0),
        c: SIMD3(tilt(edges[0]), tilt(edges[1]), edges[2]))
    else { return nil }
    let count = [1, 2, 3, 40][Int.random(in: 0..<4, using: &generator)]
    let spread = [0, 1e-9, 1, 1e6][Int.random(in: 0..<4, using: &generator)]
    let positions = (0..<count).map { _ in
      SIMD3<Double>.random(in: -1...1, using: &generator) * spread
    }
    return try Structure(
      lattice: lattice, elements: [Element](repeating: Element.all[25], count: count),
      fractionalPositions: positions)
  }

  @Test(arguments: 0..<10)
  func `hostile crystals have graphs and cells or a reason why not`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 900 + seed)
    var outcomes = (graphs: 0, cells: 0, refused: 0)
    for _ in 0..<30 {
      guard let structure = try hostile(&generator) else { continue }
      do {
        let graph = try NearestNeighborGraphBuilder(cutoff: 4).graph(of: structure)
        #expect(graph.distances.allSatisfy { $0 > 0 && $0 < 4.000001 })
        outcomes.graphs += 1
      } catch { outcomes.refused += 1 }
      do {
        let tessellation = try VoronoiTessellation(of: structure)
        let volume = tessellation.cells.reduce(0) { $0 + $1.volume }
        #expect(abs(volume / structure.lattice.volume - 1) < 1e-5)
        outcomes.cells += 1
      } catch { outcomes.refused += 1 }
    }
    #expect(outcomes.graphs + outcomes.cells > 0 && outcomes.refused > 0)
  }
}
