import Crystal
import Symmetry
import TestSupport
import Testing

@Suite struct HostileCellTests {
  private let iron = Element.all[25]

  private func structure(
    edges: SIMD3<Double> = SIMD3(4, 4, 4), _ positions: [SIMD3<Double>], _ elements: [Element]? = nil
  ) throws -> Structure {
    try Structure(
      lattice: Lattice(
        a: SIMD3(edges.x, 0, 0), b: SIMD3(0, edges.y, 0), c: SIMD3(0, 0, edges.z)),
      elements: elements ?? [Element](repeating: iron, count: positions.count),
      fractionalPositions: positions)
  }

  private func error(_ structure: Structure, tolerance: Double = 0.01) -> SymmetryError? {
    do throws(SymmetryError) {
      _ = try CrystalSymmetry(of: structure, tolerance: tolerance)
      return nil
    } catch { return error }
  }

  @Test func `coincident sites of one element are named, through the cell's faces too`() throws {
    let found = error(try structure([.zero, SIMD3(0.5, 0.5, 0.5), SIMD3(0.9999, 1, -3)]))
    guard case .coincidentSites(let siteA, let siteB, let distance) = found else {
      Issue.record("\(String(describing: found))")
      return
    }
    #expect((siteA, siteB) == (0, 2))
    #expect(abs(distance - 4e-4) < 1e-9)
    #expect(found?.code == "coincident_sites")
    #expect(found?.description.contains("sites 1 and 3") == true)
  }

  @Test func `sites of different elements may coincide`() throws {
    let both = try structure([.zero, .zero], [iron, Element.all[7]])
    #expect(try CrystalSymmetry(of: both, tolerance: 0.01).spaceGroup.symbol == "Pm-3m")
  }

  @Test(arguments: [0, -1, 1e-6, 1.5, .nan, .infinity])
  func `a tolerance that is none is refused`(tolerance: Double) throws {
    let found = error(try structure([.zero]), tolerance: tolerance)
    guard case .badTolerance = found else {
      Issue.record("\(String(describing: found))")
      return
    }
  }

  @Test func `a cell at the limit of sites is looked at, a larger one is not`() throws {
    let limit = CrystalSymmetry.maximumSiteCount
    func row(_ count: Int) throws -> Structure {
      try structure(
        edges: SIMD3(4 * Double(count), 4, 4),
        (0..<count).map { SIMD3(Double($0) / Double(count), 0, 0) })
    }
    #expect(error(try row(limit + 1)) == .tooManySites(count: limit + 1, limit: limit))
    #expect(try CrystalSymmetry(of: try row(limit), tolerance: 0.01).spaceGroup.symbol == "Pm-3m")
  }

  @Test func `coordinates far outside the cell are those inside`() throws {
    let far = try structure([SIMD3(1e6, -1e6, 999_999), SIMD3(-999_999.5, 0.5, 1.5)])
    #expect(try CrystalSymmetry(of: far, tolerance: 0.01).spaceGroup.symbol == "Im-3m")
  }

  /// Cells that no file of a sane program holds: from 0.002 Å to 1e100 Å, leaning, sites on top of each other or anywhere.
  @Test(arguments: 0..<20)
  func `hostile cells have a symmetry or a reason why not`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 700 + seed)
    var outcomes = (found: 0, refused: 0)
    for _ in 0..<20 {
      func size() -> Double {
        let sizes = [2e-3, 0.05, 1, 3, 5, 40, 1e3, 1e6, 1e12, 1e50, 1e100]
        return sizes[Int.random(in: 0..<sizes.count, using: &generator)]
          * Double.random(in: 0.5...2, using: &generator)
      }
      let isWild = Bool.random(using: &generator)
      let common = size()
      let edges = (0..<3).map { _ in
        isWild ? size() : common * Double.random(in: 0.5...2, using: &generator)
      }
      let lean = [0, 1, 300, 1e5][Int.random(in: 0..<4, using: &generator)]
      func tilt(_ edge: Double) -> Double { edge * lean * Double.random(in: -1...1, using: &generator) }
      guard
        let lattice = try? Lattice(
          a: SIMD3(edges[0], 0, 0), b: SIMD3(tilt(edges[0]), edges[1], 0),
          c: SIMD3(tilt(edges[0]), tilt(edges[1]), edges[2]))
      else { continue }
      let count = [1, 2, 3, 40][Int.random(in: 0..<4, using: &generator)]
      let spread = [0, 1e-9, 1e-3, 1, 1e6][Int.random(in: 0..<5, using: &generator)]
      let elements = (0..<count).map { _ in Element.all[Int.random(in: 0..<2, using: &generator)] }
      let hostile = try Structure(
        lattice: lattice, elements: elements,
        fractionalPositions: (0..<count).map { _ in
          SIMD3<Double>.random(in: -1...1, using: &generator) * spread
        })
      for tolerance in [1e-5, 0.01, 0.2] {
        do {
          let symmetry = try CrystalSymmetry(of: hostile, tolerance: tolerance)
          #expect(symmetry.orbits.count == count && symmetry.wyckoffLetters.count == count)
          #expect(symmetry.orbits.allSatisfy { (0..<count).contains($0) })
          outcomes.found += 1
        } catch { outcomes.refused += 1 }
      }
    }
    #expect(outcomes.found + outcomes.refused > 20 && outcomes.refused > 0)
  }
}
