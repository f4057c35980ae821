import Crystal
import Foundation
import Prototypes
import TestSupport
import Testing

@Suite struct PrototypeTests {
  private func element(_ symbol: String) throws -> Element { try #require(Element(symbol: symbol)) }

  private func named(_ name: String) throws -> Prototype { try #require(Prototype.named(name)) }

  private func structure(
    _ prototype: Prototype, _ elements: [String: String], volume: CellVolume = .estimated()
  ) throws -> Structure {
    let lists = try elements.mapValues { [try element($0)] }
    return try Decoration(prototype: prototype, elements: lists, volume: volume).candidate(at: 0).structure
  }

  /// The distances (Å) from a site to its nearest images of the sites with one element, sorted.
  private func distances(_ structure: Structure, from site: Int, to element: Element) throws -> [Double] {
    let reduced = try structure.lattice.minkowskiReduced().lattice
    let start = structure.lattice.cartesian(structure.fractionalPositions[site])
    var found: [Double] = []
    for (other, position) in structure.fractionalPositions.enumerated()
    where structure.elements[other] == element {
      let difference = reduced.fractional(structure.lattice.cartesian(position) - start)
      for i in -3...3 {
        for j in -3...3 {
          for k in -3...3 {
            let image =
              difference - difference.rounded(.toNearestOrEven) + SIMD3(Double(i), Double(j), Double(k))
            found.append(length(reduced.cartesian(image)))
          }
        }
      }
    }
    return found.filter { $0 > 1e-6 }.sorted()
  }

  private func coordination(_ distances: [Double]) -> Int {
    distances.count { $0 < (distances.first ?? 0) * 1.001 }
  }

  @Test func `a perovskite's estimate comes within 5 percent of the bond lengths of SrTiO3`() throws {
    let crystal = try structure(named("perovskite"), ["A": "Sr", "B": "Ti", "X": "O"])
    let oxygen = try element("O")
    let (inner, outer) = (
      try distances(crystal, from: 1, to: oxygen), try distances(crystal, from: 0, to: oxygen)
    )
    #expect(abs(inner[0] / 1.95 - 1) < 0.05)
    #expect(coordination(inner) == 6)
    #expect(abs(outer[0] / 2.76 - 1) < 0.05)
    #expect(coordination(outer) == 12)
  }

  @Test func `ThCr2Si2 has the cell and the bonds of the crystal it is named after`() throws {
    let type = try named("ThCr2Si2").with(["axial_ratio": 10.577 / 4.0435, "z": 0.374])
    let crystal = try structure(type, ["A": "Th", "B": "Cr", "X": "Si"], volume: .lengthScale(1))
    #expect(abs(crystal.lattice.volume - 4.0435 * 4.0435 * 10.577 / 2) < 1e-9)
    let (chromium, silicon) = (try element("Cr"), try element("Si"))
    // Cr forms a square net of edge a/√2, Si sits above and below its squares, and pairs across the Th layer's gap.
    let net = try distances(crystal, from: 1, to: chromium)
    #expect(abs(net[0] - 4.0435 / 2.0.squareRoot()) < 1e-9)
    #expect(coordination(net) == 4)
    let bonds = try distances(crystal, from: 1, to: silicon)
    #expect(abs(bonds[0] - (2.02175 * 2.02175 + 1.311548 * 1.311548).squareRoot()) < 1e-5)
    #expect(coordination(bonds) == 4)
    let pair = try distances(crystal, from: 3, to: silicon)
    #expect(abs(pair[0] - (1 - 2 * 0.374) * 10.577) < 1e-9)
    #expect(coordination(pair) == 1)
    #expect(coordination(try distances(crystal, from: 0, to: silicon)) == 8)
  }

  @Test func `half-Heusler's X has four Y and four Z at one distance, rock salt six neighbors`() throws {
    let heusler = try structure(named("half-Heusler"), ["X": "Ni", "Y": "Ti", "Z": "Sn"])
    let (titanium, tin) = (
      try distances(heusler, from: 0, to: try element("Ti")),
      try distances(heusler, from: 0, to: try element("Sn"))
    )
    #expect(coordination(titanium) == 4)
    #expect(coordination(tin) == 4)
    #expect(abs(titanium[0] - tin[0]) < 1e-9)
    // TiNiSn: a = 5.93 Å, bond a √3 / 4.
    #expect(abs(tin[0] / (5.93 * 3.0.squareRoot() / 4) - 1) < 0.05)
    let salt = try structure(named("rock-salt"), ["A": "Na", "X": "Cl"])
    let bonds = try distances(salt, from: 0, to: try element("Cl"))
    #expect(coordination(bonds) == 6)
    #expect(abs(bonds[0] / 2.82 - 1) < 0.05)
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `the shape is kept whatever the volume, and no two atoms come close`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    let elements = Element.all.filter { elementalVolume(of: $0) != nil }
    let lists = Dictionary(uniqueKeysWithValues: prototype.labels.map { ($0, elements) })
    let decoration = try Decoration(prototype: prototype, elements: lists)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<20 {
      let crystal = decoration.candidate(at: Int.random(in: 0..<decoration.count, using: &generator))
        .structure
      let (cell, shape) = (crystal.lattice, prototype.lattice)
      let scale = length(cell.a) / length(shape.a)
      for (scaled, original) in [(cell.a, shape.a), (cell.b, shape.b), (cell.c, shape.c)] {
        #expect(length(scaled - original * scale) < 1e-9)
      }
      let sum = crystal.elements.compactMap { elementalVolume(of: $0) }.reduce(0, +)
      #expect(abs(cell.volume - sum * (prototype.volumeRatio ?? 0)) < 1e-9 * cell.volume)
      for site in 0..<crystal.siteCount {
        for other in crystal.elements { #expect(try distances(crystal, from: site, to: other)[0] > 1.2) }
      }
    }
  }

  @Test func `an explicit volume is met, and needs no table`() throws {
    let elements = ["A": "Po", "X": "Rn"]
    #expect(elementalVolume(of: try element("Po")) == nil)
    #expect(throws: PrototypeError.noVolume(try element("Po"))) {
      try structure(named("rock-salt"), elements)
    }
    let crystal = try structure(named("rock-salt"), elements, volume: .perAtom(30))
    #expect(abs(crystal.lattice.volume - 60) < 1e-9)
    let factor = try structure(named("rock-salt"), ["A": "Na", "X": "Cl"], volume: .estimated(factor: 1.331))
    let plain = try structure(named("rock-salt"), ["A": "Na", "X": "Cl"])
    #expect(abs(factor.lattice.volume / plain.lattice.volume - 1.331) < 1e-12)
  }

  @Test(arguments: [
    CellVolume.perAtom(0), .perAtom(-1), .perAtom(.nan), .perAtom(.infinity), .perAtom(1e-300),
    .perAtom(1e308),
    .lengthScale(1e200), .lengthScale(-1), .estimated(factor: 0), .estimated(factor: 1e308),
  ])
  func `an absurd volume is refused`(volume: CellVolume) {
    #expect(throws: PrototypeError.self) {
      try structure(named("rock-salt"), ["A": "Na", "X": "Cl"], volume: volume)
    }
  }

  @Test(arguments: 0..<16)
  func `any labeled crystal decorated with its own elements is that crystal`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let pool = Element.all.filter { elementalVolume(of: $0) != nil }.shuffled(using: &generator)
    let crystal = try randomStructure(siteCount: 6, using: &generator, elements: Array(pool.prefix(3)))
    let prototype = try Prototype(
      name: "own", structure: crystal, labels: crystal.elements.map { "on\($0.symbol)" })
    let lists = Dictionary(crystal.elements.map { ("on\($0.symbol)", [$0]) }) { first, _ in first }
    let copy = try Decoration(prototype: prototype, elements: lists).candidate(at: 0).structure
    #expect(copy.elements == crystal.elements)
    #expect(copy.fractionalPositions == crystal.fractionalPositions)
    #expect(length(copy.lattice.a - crystal.lattice.a) < 1e-9)
    #expect(length(copy.lattice.c - crystal.lattice.c) < 1e-9)
  }

  @Test func `labels and parameters that make no prototype are refused`() throws {
    var generator = SeededGenerator(seed: 9)
    let crystal = try randomStructure(siteCount: 9, using: &generator)
    #expect(throws: PrototypeError.labelCountMismatch(sites: 9, labels: 1)) {
      try Prototype(name: "x", structure: crystal, labels: ["A"])
    }
    #expect(throws: PrototypeError.tooManyLabels(9)) {
      try Prototype(name: "x", structure: crystal, labels: (0..<9).map { "L\($0)" })
    }
    #expect(throws: PrototypeError.badLabel("A-B")) {
      try Prototype(name: "x", structure: crystal, labels: [String](repeating: "A-B", count: 9))
    }
    let bare = try Prototype(
      name: "bare", lattice: crystal.lattice, positions: [SIMD3(0, 0, 0)], siteLabels: ["A"])
    #expect(throws: PrototypeError.noVolumeRatio(prototype: "bare")) { try structure(bare, ["A": "Na"]) }
  }
}
