import Crystal
import TestSupport
import Testing

@testable import CrystalGraphs

@Suite("Environments of sites, which tell structures apart") struct SiteEnvironmentsTests {
  private func match(_ left: Structure, _ right: Structure) throws -> Bool {
    let (one, other) = (
      try #require(SiteEnvironments(of: left)), try #require(SiteEnvironments(of: right))
    )
    let result = one.matches(other)
    #expect(other.matches(one) == result)
    return result
  }

  private func scaled(_ structure: Structure, by factor: Double) throws -> Structure {
    let lattice = structure.lattice
    return try Structure(
      lattice: Lattice(a: factor * lattice.a, b: factor * lattice.b, c: factor * lattice.c),
      elements: structure.elements, fractionalPositions: structure.fractionalPositions)
  }

  private func exchanged(_ structure: Structure, _ first: String, _ second: String) throws -> Structure {
    try Structure(
      lattice: structure.lattice,
      elements: try structure.elements.map { element in
        let symbol = element.symbol == first ? second : element.symbol == second ? first : element.symbol
        return try #require(Element(symbol: symbol))
      }, fractionalPositions: structure.fractionalPositions)
  }

  @Test func `a crystal is itself in any cell, orientation, order and size`() throws {
    var generator = SeededGenerator(seed: 21)
    for count in [2, 3, 5, 8] {
      let crystal = try randomStructure(siteCount: count, using: &generator)
      let shift = SIMD3(0.3, -0.7, 0.11)
      let others = try [
        crystal.supercell(SIMD3(2, 1, 3)), crystal.rotated(using: &generator), crystal.translated(by: shift),
        crystal.reordered(using: &generator), crystal.inOtherBasis(using: &generator),
        scaled(crystal, by: 1.05),
      ]
      for other in others { #expect(try match(crystal, other)) }
      // Two supercells, neither of which is a multiple of the other.
      #expect(try match(crystal.supercell(SIMD3(2, 1, 1)), crystal.supercell(SIMD3(1, 3, 1))))
    }
  }

  @Test func `sites moved a little leave it what it is, moved far make it another`() throws {
    var generator = SeededGenerator(seed: 22)
    for _ in 0..<10 {
      let crystal = try randomStructure(siteCount: 6, using: &generator)
      func shaken(_ size: Double) throws -> Structure {
        try Structure(
          lattice: crystal.lattice, elements: crystal.elements,
          fractionalPositions: crystal.fractionalPositions.map { position in
            let step = SIMD3(
              Double.random(in: -1...1, using: &generator), Double.random(in: -1...1, using: &generator),
              Double.random(in: -1...1, using: &generator))
            return position + crystal.lattice.fractional(size * step)
          })
      }
      #expect(try match(crystal, shaken(0.005)))
      #expect(try !match(crystal, shaken(0.5)))
    }
  }

  @Test func `random crystals of one composition are different structures`() throws {
    var generator = SeededGenerator(seed: 23)
    for _ in 0..<20 {
      let first = try randomStructure(siteCount: 5, using: &generator)
      let second = try randomStructure(siteCount: 5, using: &generator)
      let renamed = try Structure(
        lattice: second.lattice, elements: first.elements, fractionalPositions: second.fractionalPositions)
      #expect(try !match(first, renamed))
    }
  }

  /// Close packings of spheres by their layers, A, B or C.
  private func packing(_ layers: String) throws -> Structure {
    let (a, height) = (3.0, 3.0 * (2.0 / 3).squareRoot())
    let places: [Character: SIMD3<Double>] = [
      "A": SIMD3(0, 0, 0), "B": SIMD3(1.0 / 3, 2.0 / 3, 0), "C": SIMD3(2.0 / 3, 1.0 / 3, 0),
    ]
    let count = Double(layers.count)
    return try SpecialCrystals.crystal(
      (SIMD3(a, 0, 0), SIMD3(-a / 2, a * 0.75.squareRoot(), 0), SIMD3(0, 0, height * count)),
      try layers.enumerated().map { index, layer in
        (29, try #require(places[layer]) + SIMD3(0, 0, Double(index) / count))
      })
  }

  @Test func `polytypes and exchanged sites are told apart`() throws {
    let packings = try ["AB", "ABC", "ABAC", "ABCACB"].map { try packing($0) }
    for (left, first) in packings.enumerated() {
      for (right, second) in packings.enumerated() { #expect(try match(first, second) == (left == right)) }
    }
    #expect(try match(packing("ABC"), SpecialCrystals.faceCentered()) == false, "other volumes")
    #expect(try match(packing("ABC"), SpecialCrystals.faceCentered(3 * 2.0.squareRoot())))
    let perovskite = try SpecialCrystals.perovskite()
    #expect(try !match(perovskite, exchanged(perovskite, "Sr", "Ti")))
    #expect(try match(SpecialCrystals.rockSalt(), exchanged(SpecialCrystals.rockSalt(), "Na", "Cl")))
  }

  @Test func `another composition or a volume a fourth larger is another structure`() throws {
    let perovskite = try SpecialCrystals.perovskite()
    #expect(try !match(perovskite, scaled(perovskite, by: 1.08)))
    let other = try Structure(
      lattice: perovskite.lattice,
      elements: try ["Ba", "Ti", "O", "O", "O"].map { try #require(Element(symbol: $0)) },
      fractionalPositions: perovskite.fractionalPositions)
    #expect(try !match(perovskite, other))
  }

  @Test func `what is no crystal has no environments`() throws {
    let close = try SpecialCrystals.box(4, 4, 4, [(11, SIMD3(0, 0, 0)), (17, SIMD3(0, 0, 0.001))])
    #expect(SiteEnvironments(of: close) == nil)
  }
}
