import Crystal
import Prototypes
import Symmetry
import TestSupport
import Testing

@Suite struct PrototypeSymmetryTests {
  private static let pool = ["Li", "Sr", "Ti", "Fe", "Si", "O", "F", "Te"].compactMap { Element(symbol: $0) }

  /// The prototype with another element on each label, and the labels by element.
  private func decorated(_ shape: Prototype) throws -> (structure: Structure, labels: [Element: String]) {
    let elements = Array(Self.pool.prefix(shape.labels.count))
    let decoration = try Decoration(
      prototype: shape, elements: Dictionary(uniqueKeysWithValues: zip(shape.labels, elements.map { [$0] })))
    return (
      decoration.candidate(at: 0).structure, Dictionary(uniqueKeysWithValues: zip(elements, shape.labels))
    )
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `a prototype has the space group and the Wyckoff positions it is documented with`(name: String) throws
  {
    let prototype = try #require(Prototype.named(name))
    let (structure, labels) = try decorated(prototype)
    let symmetry = try CrystalSymmetry(of: structure, tolerance: 1e-4)
    #expect(symmetry.spaceGroup == prototype.spaceGroup)
    // Letters may be exchanged by another choice of the origin; multiplicities may not.
    let found = symmetry.wyckoffSites.map { "\(labels[$0.element] ?? "?") \($0.multiplicity)" }
    let documented = prototype.sites.map { "\($0.label) \($0.wyckoff.filter(\.isNumber))" }
    #expect(found.sorted() == documented.sorted())
    #expect(symmetry.wyckoffLetters.count == structure.siteCount)
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `a prototype keeps its space group whatever its parameters are`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    var generator = SeededGenerator(seed: 31)
    for _ in 0..<(prototype.parameters.isEmpty ? 0 : 4) {
      let values = prototype.parameters.map {
        ($0.name, Double.random(in: $0.range, using: &generator))
      }
      let shape = try prototype.with(Dictionary(uniqueKeysWithValues: values))
      let symmetry = try CrystalSymmetry(of: try decorated(shape).structure, tolerance: 1e-4)
      #expect(symmetry.spaceGroup == prototype.spaceGroup, "\(values)")
    }
  }

  @Test func `one element on all labels raises the symmetry where the lattice allows it`() throws {
    let rockSalt = try #require(Prototype.named("rock-salt"))
    let structure = try Structure(
      lattice: rockSalt.lattice, elements: [Self.pool[0], Self.pool[0]],
      fractionalPositions: rockSalt.positions)
    let symmetry = try CrystalSymmetry(of: structure, tolerance: 1e-4)
    #expect(symmetry.spaceGroup.symbol == "Pm-3m")
    #expect(symmetry.wyckoffSites.text == "Li 1a")
    #expect(symmetry.orbits == [0, 0])
  }
}
