import Crystal
import Dispatch
import Prototypes
import Symmetry
import Synchronization
import TestSupport
import Testing

@Suite struct SymmetryLawTests {
  private static let pool = ["Li", "Sr", "Ti", "Fe", "Si", "O", "F", "Te"].compactMap { Element(symbol: $0) }
  private static let names = Prototype.all.map(\.name)

  private func crystal(_ name: String) throws -> Structure {
    let prototype = try #require(Prototype.named(name))
    let lists = zip(prototype.labels, Self.pool).map { ($0, [$1]) }
    return try Decoration(prototype: prototype, elements: Dictionary(uniqueKeysWithValues: lists))
      .candidate(at: 0).structure
  }

  /// What every description of a crystal has in common: the space group, and for each set of equivalent sites its element
  /// and multiplicity.
  private func invariant(_ symmetry: CrystalSymmetry) -> [String] {
    ["\(symmetry.spaceGroup.number)"]
      + symmetry.wyckoffSites.map { "\($0.element.symbol) \($0.multiplicity)" }.sorted()
  }

  @Test(arguments: names)
  func `rotation, translation, order of sites, basis and supercell do not matter`(name: String) throws {
    let structure = try crystal(name)
    let expected = invariant(try CrystalSymmetry(of: structure, tolerance: 1e-3))
    var generator = SeededGenerator(seed: 5)
    let shift = SIMD3<Double>.random(in: -3...3, using: &generator)
    let others = [
      try structure.rotated(using: &generator), try structure.translated(by: shift),
      try structure.reordered(using: &generator), try structure.inOtherBasis(steps: 5, using: &generator),
      try structure.supercell(SIMD3(1, 2, 1)), try structure.supercell(SIMD3(3, 1, 2)),
      try structure.supercell(SIMD3(2, 1, 1)).inOtherBasis(using: &generator).rotated(using: &generator)
        .translated(by: shift).reordered(using: &generator),
    ]
    for other in others {
      #expect(invariant(try CrystalSymmetry(of: other, tolerance: 1e-3)) == expected)
    }
  }

  @Test(arguments: names)
  func `sites of an orbit have the same element and letter, and the first of them stands for it`(
    name: String
  ) throws {
    var generator = SeededGenerator(seed: 6)
    let structure = try crystal(name).supercell(SIMD3(2, 1, 1)).reordered(using: &generator)
    let symmetry = try CrystalSymmetry(of: structure, tolerance: 1e-3)
    #expect(Set(symmetry.wyckoffSites.map(\.firstSite)) == Set(symmetry.orbits))
    for (site, first) in symmetry.orbits.enumerated() {
      #expect(first <= site && symmetry.orbits[first] == first)
      #expect(structure.elements[first] == structure.elements[site])
      #expect(symmetry.wyckoffLetters[first] == symmetry.wyckoffLetters[site])
    }
  }

  @Test(arguments: names)
  func `a mirror image has the mirrored space group`(name: String) throws {
    let structure = try crystal(name)
    let lattice = structure.lattice
    func mirrored(_ vector: SIMD3<Double>) -> SIMD3<Double> { SIMD3(vector.x, vector.y, -vector.z) }
    let image = try Structure(
      lattice: Lattice(a: mirrored(lattice.a), b: mirrored(lattice.b), c: mirrored(lattice.c)),
      elements: structure.elements, fractionalPositions: structure.fractionalPositions)
    // No prototype is of a group that its mirror image is not.
    #expect(
      invariant(try CrystalSymmetry(of: image, tolerance: 1e-3))
        == invariant(try CrystalSymmetry(of: structure, tolerance: 1e-3)))
  }

  /// α-quartz, right- and left-handed: P3221 and P3121 by the sense of its screw axis.
  private func quartz(mirrored: Bool) throws -> Structure {
    let (a, c) = (4.9134, 5.4052 * (mirrored ? -1 : 1))
    let (u, x, y, z) = (0.4697, 0.4135, 0.2669, 0.7858)
    let silicon = [SIMD3(u, 0, 2.0 / 3), SIMD3(0, u, 1.0 / 3), SIMD3(-u, -u, 0)]
    let oxygen = [
      SIMD3(x, y, z), SIMD3(-y, x - y, z + 2.0 / 3), SIMD3(y - x, -x, z + 1.0 / 3), SIMD3(y, x, -z),
      SIMD3(x - y, -y, 1.0 / 3 - z), SIMD3(-x, y - x, 2.0 / 3 - z),
    ]
    let elements = ["Si", "Si", "Si", "O", "O", "O", "O", "O", "O"].compactMap { Element(symbol: $0) }
    return try Structure(
      lattice: Lattice(
        a: SIMD3(a, 0, 0), b: SIMD3(-a / 2, a * 3.0.squareRoot() / 2, 0), c: SIMD3(0, 0, c)),
      elements: elements, fractionalPositions: silicon + oxygen)
  }

  @Test func `the hand of a crystal shows, that of its basis does not`() throws {
    for (isMirrored, symbol) in [(false, "P3221"), (true, "P3121")] {
      let structure = try quartz(mirrored: isMirrored)
      let lattice = structure.lattice
      let otherHand = try Structure(
        lattice: Lattice(a: lattice.b, b: lattice.a, c: lattice.c), elements: structure.elements,
        fractionalPositions: structure.fractionalPositions.map { SIMD3($0.y, $0.x, $0.z) })
      for described in [structure, otherHand] {
        let symmetry = try CrystalSymmetry(of: described, tolerance: 1e-3)
        #expect(symmetry.spaceGroup.symbol == symbol)
        #expect(symmetry.wyckoffSites.map(\.multiplicity) == [3, 6])
      }
    }
  }

  @Test(arguments: names)
  func `displacements far below the tolerance change nothing, far above it leave no symmetry`(
    name: String
  ) throws {
    let structure = try crystal(name)
    let expected = invariant(try CrystalSymmetry(of: structure, tolerance: 1e-3))
    var generator = SeededGenerator(seed: 8)
    for (size, isSame) in [(1e-4, true), (0.1, false)] {
      let moved = try Structure(
        lattice: structure.lattice, elements: structure.elements,
        fractionalPositions: structure.fractionalPositions.map {
          let step = SIMD3<Double>.random(in: -size...size, using: &generator)
          return structure.lattice.fractional(structure.lattice.cartesian($0) + step)
        })
      let found = try CrystalSymmetry(of: moved, tolerance: 5e-3)
      #expect((invariant(found) == expected) == isSame || structure.siteCount < 3, "\(size)")
      if !isSame, structure.siteCount > 5 { #expect(found.spaceGroup.number == 1) }
    }
  }

  @Test func `random crystals are triclinic, each site its own orbit`() throws {
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<20 {
      let structure = try randomStructure(siteCount: 8, using: &generator)
      let symmetry = try CrystalSymmetry(of: structure, tolerance: 0.01)
      #expect(symmetry.spaceGroup.number == 1)
      #expect(symmetry.orbits == Array(0..<8))
      #expect(symmetry.wyckoffSites.allSatisfy { $0.letter == "a" && $0.multiplicity == 1 })
    }
  }

  @Test func `a finder says of each crystal what is said of it alone, whatever it has seen before`() throws {
    var generator = SeededGenerator(seed: 12)
    var crystals: [Structure] = []
    for name in Self.names {
      let prototype = try #require(Prototype.named(name))
      for _ in 0..<6 {
        // Few elements, so that labels often share one, which is another problem.
        let lists = prototype.labels.map { ($0, [Self.pool[Int.random(in: 0..<3, using: &generator)]]) }
        let decoration = try Decoration(
          prototype: prototype, elements: Dictionary(uniqueKeysWithValues: lists), distinctElements: false,
          volume: .estimated(factor: Double.random(in: 0.9...1.3, using: &generator)))
        crystals.append(decoration.candidate(at: 0).structure)
      }
    }
    crystals.shuffle(using: &generator)
    var finder = SymmetryFinder()
    for tolerance in [0.01, 0.02, 0.01] {
      for crystal in crystals {
        let expected = try CrystalSymmetry(of: crystal, tolerance: tolerance)
        #expect(try finder.symmetry(of: crystal, tolerance: tolerance) == expected)
      }
    }
  }

  @Test func `many threads at once find what one finds`() throws {
    var generator = SeededGenerator(seed: 10)
    var crystals = try Self.names.map { try crystal($0) }
    // Failures on other threads must not show either.
    crystals += try (0..<20).map { _ in
      let structure = try randomStructure(siteCount: 2, using: &generator)
      return try Structure(
        lattice: structure.lattice, elements: [Self.pool[0], Self.pool[0]],
        fractionalPositions: [.zero, SIMD3(1e-6, 0, 0)])
    }
    @Sendable func find(_ structure: Structure) -> Result<CrystalSymmetry, SymmetryError> {
      Result { () throws(SymmetryError) in try CrystalSymmetry(of: structure, tolerance: 1e-3) }
    }
    let expected = crystals.map(find)
    let differing = Mutex(0)
    let (all, rounds) = (crystals, 8)
    DispatchQueue.concurrentPerform(iterations: rounds * all.count) { index in
      let position = (index * 31) % all.count
      if find(all[position]) != expected[position] { differing.withLock { $0 += 1 } }
    }
    #expect(differing.withLock { $0 } == 0)
    #expect(expected.contains { if case .failure = $0 { true } else { false } })
  }
}
