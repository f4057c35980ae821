import Crystal
import CrystalGraphs
import TestSupport
import Testing

struct VoronoiInvarianceTests {
  /// What must not change: per site, in order of the sites, sorted measures of the facets.
  private func signature(_ structure: Structure, scale: Double = 1) throws -> [[SIMD4<Double>]] {
    try VoronoiTessellation(of: structure).cells.map { cell in
      cell.faces
        .filter { $0.solidAngle > 1e-7 }
        .map { face in
          let (area, volume) = (face.area / (scale * scale), face.pyramidVolume / (scale * scale * scale))
          return SIMD4(face.distance / scale, area, face.solidAngle, volume)
        }
        .sorted { ($0.x.rounded(to: 1e-7), $0.y) < ($1.x.rounded(to: 1e-7), $1.y) }
    }
  }

  private func expectSame(_ left: [[SIMD4<Double>]], _ right: [[SIMD4<Double>]], _ name: String) {
    #expect(left.map(\.count) == right.map(\.count), "\(name)")
    for (first, second) in zip(left, right) {
      for (one, other) in zip(first, second) {
        let difference = one - other
        #expect((difference * difference).sum().squareRoot() < 1e-7, "\(name)")
      }
    }
  }

  private func samples() throws -> [(String, Structure)] {
    var generator = SeededGenerator(seed: 41)
    var structures = try SpecialCrystals.all().filter { $0.1.siteCount > 1 || $0.0 != "skewed fcc" }
    for count in [1, 2, 5, 9] {
      structures.append(("random \(count)", try randomStructure(siteCount: count, using: &generator)))
    }
    return structures
  }

  @Test func `moving all atoms together changes nothing`() throws {
    for (name, structure) in try samples() {
      let moved = try Structure(
        lattice: structure.lattice, elements: structure.elements,
        fractionalPositions: structure.fractionalPositions.map { $0 + SIMD3(0.3137, -1.271, 5.77) })
      expectSame(try signature(structure), try signature(moved), name)
    }
  }

  @Test func `turning the crystal changes nothing`() throws {
    // A rotation by the unit quaternion (1, 2, 3, 4)/√30.
    func turned(_ v: SIMD3<Double>) -> SIMD3<Double> {
      let q = SIMD3(2.0, 3, 4) / 30.0.squareRoot()
      let w = 1 / 30.0.squareRoot()
      return v + 2 * w * cross(q, v) + 2 * cross(q, cross(q, v))
    }
    for (name, structure) in try samples() {
      let lattice = structure.lattice
      let rotated = try Structure(
        lattice: Lattice(a: turned(lattice.a), b: turned(lattice.b), c: turned(lattice.c)),
        elements: structure.elements, fractionalPositions: structure.fractionalPositions)
      expectSame(try signature(structure), try signature(rotated), name)
    }
  }

  @Test func `a mirror image has the same cells`() throws {
    for (name, structure) in try samples() {
      let lattice = structure.lattice
      let mirrored = try Structure(
        lattice: Lattice(a: -lattice.a, b: -lattice.b, c: -lattice.c), elements: structure.elements,
        fractionalPositions: structure.fractionalPositions)
      expectSame(try signature(structure), try signature(mirrored), name)
    }
  }

  @Test func `the order of the sites changes nothing`() throws {
    for (name, structure) in try samples() {
      let reversed = try Structure(
        lattice: structure.lattice, elements: structure.elements.reversed(),
        fractionalPositions: structure.fractionalPositions.reversed())
      expectSame(try signature(structure), try signature(reversed).reversed(), name)
    }
  }

  @Test func `another basis of the same lattice changes nothing`() throws {
    for (name, structure) in try samples() {
      expectSame(
        try signature(structure), try signature(SpecialCrystals.skewed(structure, by: 3)), name)
    }
  }

  @Test func `a supercell repeats the cells`() throws {
    for (name, structure) in try samples() {
      let lattice = structure.lattice
      let tripled = try Structure(
        lattice: Lattice(a: lattice.a, b: 3 * lattice.b, c: lattice.c),
        elements: (0..<3).flatMap { _ in structure.elements },
        fractionalPositions: (0..<3).flatMap { shift in
          structure.fractionalPositions.map { SIMD3($0.x, ($0.y + Double(shift)) / 3, $0.z) }
        })
      let expected = try signature(structure)
      expectSame(expected + expected + expected, try signature(tripled), name)
    }
  }

  @Test func `lengths, areas and volumes scale, solid angles do not`() throws {
    for (name, structure) in try samples() {
      let lattice = structure.lattice
      let scaled = try Structure(
        lattice: Lattice(a: 1.7 * lattice.a, b: 1.7 * lattice.b, c: 1.7 * lattice.c),
        elements: structure.elements, fractionalPositions: structure.fractionalPositions)
      expectSame(try signature(structure), try signature(scaled, scale: 1.7), name)
    }
  }
}

extension Double {
  fileprivate func rounded(to step: Double) -> Double { (self / step).rounded() }
}
