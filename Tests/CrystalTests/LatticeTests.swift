import Crystal
import TestSupport
import Testing

@Suite struct LatticeTests {
  @Test func `fractional and cartesian coordinates are inverse to each other`() throws {
    let lattice = try Lattice(a: SIMD3(3, 0.2, 0), b: SIMD3(-1, 4, 0.3), c: SIMD3(0.5, 0.1, 7))
    let point = SIMD3(0.3, -1.2, 5.5)
    let back = lattice.fractional(lattice.cartesian(point))
    #expect(length(back - point) < 1e-13)
  }

  @Test func `vectors without volume are refused`() {
    #expect(throws: LatticeError.self) {
      try Lattice(a: SIMD3(1, 0, 0), b: SIMD3(2, 0, 0), c: SIMD3(0, 0, 1))
    }
    #expect(throws: LatticeError.notFinite) {
      try Lattice(a: SIMD3(.nan, 0, 0), b: SIMD3(0, 1, 0), c: SIMD3(0, 0, 1))
    }
  }

  @Test(arguments: 0..<64)
  func `reduction keeps the lattice and yields the successive minima`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let crystal = try randomStructure(siteCount: 1, using: &generator, skew: seed % 4 == 0 ? 20 : 1)
    let reduced = try crystal.lattice.minkowskiReduced()
    let original = crystal.lattice
    #expect(abs(reduced.lattice.volume / original.volume - 1) < 1e-9)
    let rows = [reduced.transformation.0, reduced.transformation.1, reduced.transformation.2]
    let vectors = [reduced.lattice.a, reduced.lattice.b, reduced.lattice.c]
    for (row, vector) in zip(rows, vectors) {
      let rebuilt = original.cartesian(SIMD3(Double(row.x), Double(row.y), Double(row.z)))
      #expect(length(rebuilt - vector) < 1e-9)
    }
    // Minkowski conditions: no combination with small coefficients is shorter than the vector it would replace.
    for i in -2...2 {
      for j in -2...2 {
        for k in -2...2 {
          let norm = length(reduced.lattice.cartesian(SIMD3(Double(i), Double(j), Double(k))))
          if k != 0 { #expect(norm >= length(vectors[2]) * (1 - 1e-9)) }
          if j != 0 { #expect(norm >= length(vectors[1]) * (1 - 1e-9)) }
          if i != 0 { #expect(norm >= length(vectors[0]) * (1 - 1e-9)) }
        }
      }
    }
  }
}
