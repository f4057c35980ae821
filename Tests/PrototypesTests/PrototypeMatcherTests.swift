import Crystal
import Prototypes
import TestSupport
import Testing

@Suite struct PrototypeMatcherTests {
  private static let pool = ["Li", "Sr", "Ti", "Fe", "Si", "O", "F", "Te"].compactMap { Element(symbol: $0) }
  private static let matchers = Prototype.all.map { PrototypeMatcher($0) }

  /// A decoration with random elements and random parameters near the defaults.
  private func decorated(
    _ prototype: Prototype, using generator: inout SeededGenerator
  ) throws -> (structure: Structure, elements: [Element], values: [Double]) {
    let values = prototype.parameters.map { parameter in
      let width = 0.2 * (parameter.range.upperBound - parameter.range.lowerBound)
      let value = parameter.defaultValue + Double.random(in: -width...width, using: &generator)
      return min(max(value, parameter.range.lowerBound), parameter.range.upperBound)
    }
    let shape = try prototype.with(
      Dictionary(uniqueKeysWithValues: zip(prototype.parameters.map(\.name), values)))
    let elements = Array(Self.pool.shuffled(using: &generator).prefix(prototype.labels.count))
    let decoration = try Decoration(
      prototype: shape, elements: Dictionary(uniqueKeysWithValues: zip(shape.labels, elements.map { [$0] })))
    return (decoration.candidate(at: 0).structure, elements, values)
  }

  /// The same crystal, described otherwise.
  private func disguised(_ crystal: Structure, using generator: inout SeededGenerator) throws -> Structure {
    let counts = [SIMD3(1, 1, 1), SIMD3(2, 1, 1), SIMD3(1, 1, 2)].randomElement(using: &generator)
    let shift = SIMD3<Double>.random(in: -2...2, using: &generator)
    return try crystal.supercell(counts ?? SIMD3(1, 1, 1)).inOtherBasis(using: &generator)
      .rotated(using: &generator).translated(by: shift).reordered(using: &generator)
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `a decoration is recognized in any cell, with its elements and parameters`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    let matcher = PrototypeMatcher(prototype)
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<3 {
      let made = try decorated(prototype, using: &generator)
      let match = try #require(
        matcher.match(try disguised(made.structure, using: &generator)), "\(made.values)")
      #expect(abs(match.volume / made.structure.lattice.volume - 1) < 1e-6)
      #expect(match.deviation < 1e-3)
      // Labels that may be exchanged, or could be at other parameters, carry the same elements in some order.
      let same = match.elements == made.elements
      if same {
        for (found, value) in zip(match.values, made.values) { #expect(abs(found - value) < 1e-3) }
      } else {
        let mixes = ["elpasolite", "alpha-NaFeO2", "PbFCl", "ilmenite", "TiNiSi", "ZrCuSiAs"]
        #expect(!prototype.exchangeableLabels.isEmpty || mixes.contains(name), "\(match.elements)")
        #expect(Set(match.elements) == Set(made.elements))
      }
    }
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `a decoration is one of no other prototype`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    let elements = Dictionary(uniqueKeysWithValues: zip(prototype.labels, Self.pool.map { [$0] }))
    let crystal = try Decoration(prototype: prototype, elements: elements).candidate(at: 0).structure
    let matching = Self.matchers.filter { $0.match(crystal) != nil }
    #expect(matching.map(\.prototype.name) == [name])
  }

  @Test(arguments: ["perovskite", "ThCr2Si2", "rutile", "spinel", "TiNiSi"])
  func `a crystal with one site out of place, or in a sheared cell, is no member`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    let matcher = PrototypeMatcher(prototype)
    var generator = SeededGenerator(seed: 5)
    let crystal = try decorated(prototype, using: &generator).structure
    #expect(matcher.match(crystal) != nil)
    var positions = crystal.fractionalPositions
    positions[positions.count - 1] += crystal.lattice.fractional(SIMD3(0.15, 0.1, -0.12))
    let moved = try Structure(
      lattice: crystal.lattice, elements: crystal.elements, fractionalPositions: positions)
    #expect(matcher.match(moved) == nil)
    let lattice = crystal.lattice
    let sheared = try Structure(
      lattice: Lattice(
        a: lattice.a, b: lattice.b + 0.06 * length(lattice.b) / length(lattice.c) * lattice.c, c: lattice.c),
      elements: crystal.elements, fractionalPositions: crystal.fractionalPositions)
    #expect(matcher.match(sheared) == nil)
  }

  @Test(arguments: 0..<6)
  func `random crystals are no members, whatever their composition`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for matcher in Self.matchers {
      let prototype = matcher.prototype
      let site = try randomStructure(
        siteCount: prototype.siteCount, using: &generator, elements: [Self.pool[0]])
      let crystal = try Structure(
        lattice: site.lattice, elements: prototype.labelIndices.map { Self.pool[$0] },
        fractionalPositions: site.fractionalPositions)
      #expect(matcher.match(crystal) == nil)
    }
  }

  @Test func `a crystal file's prototype recognizes its own strained decorations`() throws {
    let lattice = try Lattice(a: SIMD3(3, 0, 0), b: SIMD3(0.3, 4, 0), c: SIMD3(0, 0.4, 5.5))
    let prototype = try Prototype(
      name: "own", lattice: lattice,
      positions: [SIMD3(0, 0, 0), SIMD3(0.5, 0.4, 0.3), SIMD3(0.1, 0.6, 0.7)], siteLabels: ["A", "B", "C"],
      volumeRatio: 1)
    let strained = try prototype.with(["strain_b": 0.08, "strain_c": -0.1])
    let elements = Dictionary(uniqueKeysWithValues: zip(["A", "B", "C"], Self.pool.map { [$0] }))
    let crystal = try Decoration(prototype: strained, elements: elements).candidate(at: 0).structure
    var generator = SeededGenerator(seed: 3)
    let match = try #require(PrototypeMatcher(prototype).match(try disguised(crystal, using: &generator)))
    #expect(match.elements == Array(Self.pool.prefix(3)))
    #expect(abs(match.values[0] - 0.08) < 0.01)
    #expect(abs(match.values[1] + 0.1) < 0.01)
  }
}
