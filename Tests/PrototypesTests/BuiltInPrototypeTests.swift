import Crystal
import Prototypes
import TestSupport
import Testing

/// What is known of the type compounds, independent of the table they are made from.
@Suite struct BuiltInPrototypeTests {
  struct Known: CustomTestStringConvertible {
    let name: String
    /// As spglib 2.8 finds it in the primitive cell (`scripts/check-prototypes`).
    let spaceGroup: Int
    let formula: String
    /// Sites of the primitive cell.
    let siteCount: Int
    /// From a label to another: neighbors within a tenth of the shortest distance, and that distance (Å) in the type
    /// compound.
    let bonds: [(from: String, to: String, count: Int, distance: Double)]

    init(
      _ name: String, _ spaceGroup: Int, _ formula: String, _ siteCount: Int,
      _ bonds: [(from: String, to: String, count: Int, distance: Double)]
    ) {
      self.name = name
      self.spaceGroup = spaceGroup
      self.formula = formula
      self.siteCount = siteCount
      self.bonds = bonds
    }

    var testDescription: String { name }
  }

  static let known = [
    Known("rock-salt", 225, "AX", 2, [("A", "X", 6, 2.820), ("X", "A", 6, 2.820)]),
    Known("zinc-blende", 216, "AX", 2, [("A", "X", 4, 2.342), ("X", "A", 4, 2.342)]),
    Known("CsCl", 221, "AX", 2, [("A", "X", 8, 3.571)]),
    Known("L12", 221, "AB3", 4, [("A", "B", 12, 2.650), ("B", "B", 8, 2.650)]),
    Known("CaF2", 225, "AX2", 3, [("A", "X", 8, 2.366), ("X", "A", 4, 2.366)]),
    Known("D03", 225, "AB3", 4, [("A", "B", 8, 2.534)]),
    Known("C15", 227, "AB2", 6, [("A", "A", 4, 3.052), ("A", "B", 12, 2.922), ("B", "B", 6, 2.492)]),
    Known("A15", 223, "AB3", 8, [("A", "B", 12, 2.546), ("B", "B", 2, 2.278)]),
    Known("pyrite", 205, "AX2", 12, [("A", "X", 6, 2.264), ("X", "X", 1, 2.158)]),
    Known("perovskite", 221, "ABX3", 5, [("A", "X", 12, 2.761), ("B", "X", 6, 1.953)]),
    Known("Heusler", 225, "X2YZ", 4, [("X", "Y", 4, 2.576), ("X", "Z", 4, 2.576), ("Y", "Z", 6, 2.975)]),
    Known(
      "inverse-Heusler", 216, "X2YZ", 4, [("Y", "X", 4, 2.641), ("Z", "X", 4, 2.641), ("X", "X", 4, 2.641)]),
    Known("half-Heusler", 216, "XYZ", 3, [("X", "Y", 4, 2.702), ("X", "Z", 4, 2.702), ("Y", "Z", 6, 3.120)]),
    Known("spinel", 227, "AB2X4", 14, [("A", "X", 4, 1.924), ("B", "X", 6, 1.926), ("X", "A", 1, 1.924)]),
    Known(
      "elpasolite", 225, "A2BCX6", 10, [("A", "X", 12, 2.883), ("B", "X", 6, 2.282), ("C", "X", 6, 1.779)]),
    Known("ThCr2Si2", 139, "AB2X2", 5, [("A", "X", 8, 3.154), ("B", "X", 4, 2.410), ("X", "X", 1, 2.665)]),
    Known("L10", 123, "AB", 2, [("A", "B", 8, 2.702), ("A", "A", 4, 2.804)]),
    Known("rutile", 136, "AX2", 6, [("A", "X", 6, 1.949), ("X", "A", 3, 1.949)]),
    Known("anatase", 141, "AX2", 6, [("A", "X", 6, 1.934), ("X", "A", 3, 1.934)]),
    Known("PbFCl", 129, "ABX", 6, [("B", "A", 4, 2.538), ("A", "B", 4, 2.538), ("A", "X", 5, 3.088)]),
    Known("ZrCuSiAs", 129, "ABCX", 8, [("A", "C", 4, 2.827), ("A", "X", 4, 2.759), ("B", "X", 4, 2.514)]),
    Known("K2NiF4", 139, "A2BX4", 7, [("B", "X", 6, 1.974), ("A", "X", 9, 2.628)]),
    Known("wurtzite", 186, "AX", 4, [("A", "X", 4, 2.342), ("X", "A", 4, 2.342)]),
    Known("NiAs", 194, "AX", 4, [("A", "X", 6, 2.439), ("X", "A", 6, 2.439), ("A", "A", 2, 2.517)]),
    Known("AlB2", 191, "AB2", 3, [("A", "B", 12, 2.383), ("B", "B", 3, 1.737)]),
    Known("CaCu5", 191, "AB5", 6, [("A", "B", 6, 2.934), ("B", "A", 3, 2.934)]),
    Known("C14", 194, "AB2", 12, [("A", "B", 12, 3.054), ("A", "A", 4, 3.196)]),
    Known("CdI2", 164, "AX2", 3, [("A", "X", 6, 2.982), ("X", "A", 3, 2.982)]),
    Known("MoS2", 194, "AX2", 6, [("A", "X", 6, 2.413), ("X", "A", 3, 2.413)]),
    Known("CaAl2Si2", 164, "AB2X2", 5, [("A", "X", 6, 3.069), ("B", "X", 4, 2.488)]),
    Known("Cr2AlC", 194, "M2AX", 8, [("M", "X", 3, 1.985), ("X", "M", 6, 1.985), ("A", "M", 6, 2.673)]),
    Known("ZrNiAl", 189, "ABX", 9, [("A", "B", 5, 2.717), ("X", "B", 4, 2.451)]),
    Known("delafossite", 166, "ABX2", 4, [("A", "X", 2, 1.829), ("B", "X", 6, 2.033), ("X", "A", 1, 1.829)]),
    Known("alpha-NaFeO2", 166, "ABX2", 4, [("A", "X", 6, 2.371), ("B", "X", 6, 2.051)]),
    Known("corundum", 167, "A2X3", 10, [("A", "X", 6, 1.852), ("X", "A", 4, 1.852)]),
    Known("ilmenite", 148, "ABX3", 10, [("A", "X", 6, 2.077), ("B", "X", 3, 1.873)]),
    Known("TiNiSi", 62, "ABX", 12, [("B", "X", 4, 2.310), ("A", "B", 6, 2.770)]),
  ]

  @Test func `every built-in prototype is among the known ones, and each has its own name`() {
    #expect(Prototype.all.map(\.name).sorted() == Self.known.map(\.name).sorted())
    #expect(Set(Prototype.all.map(\.name)).count == Prototype.all.count)
  }

  @Test(arguments: known)
  func `the type compound has the composition, space group, coordination and bonds it is known for`(
    known: Known
  ) throws {
    let prototype = try #require(Prototype.named(known.name))
    let type = try prototype.with(
      Dictionary(uniqueKeysWithValues: prototype.parameters.map { ($0.name, $0.typeValue) }))
    #expect(prototype.spaceGroup?.number == known.spaceGroup)
    #expect(prototype.formula == known.formula)
    #expect(prototype.siteCount == known.siteCount)
    for bond in known.bonds {
      let label = try #require(type.labels.firstIndex(of: bond.from))
      // Sites of one label may differ; those with the nearest neighbor show the shell.
      let shells = try type.positions.indices.filter { type.labelIndices[$0] == label }.map {
        try neighbors(of: $0, to: bond.to, in: type)
      }
      let nearest = try #require(shells.min { $0[0] < $1[0] })
      #expect(abs(nearest[0] - bond.distance) < 0.01, "\(bond.from)–\(bond.to): \(nearest[0])")
      #expect(
        nearest.count { $0 < nearest[0] * 1.1 } == bond.count,
        "\(bond.from)–\(bond.to): \(nearest.prefix(14))")
    }
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `sites keep apart and labels their number all over the range of the parameters`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    var generator = SeededGenerator(seed: 7)
    for round in 0..<6 {
      let values = prototype.parameters.map { parameter in
        let ends = [parameter.range.lowerBound, parameter.range.upperBound]
        return round < 4
          ? ends.randomElement(using: &generator) ?? 0 : .random(in: parameter.range, using: &generator)
      }
      let names = prototype.parameters.map(\.name)
      let shape = try prototype.with(Dictionary(uniqueKeysWithValues: zip(names, values)))
      #expect(shape.values == values)
      #expect(shape.multiplicities == prototype.multiplicities)
      let volume = shape.lattice.volume / Double(shape.siteCount)
      for site in shape.positions.indices {
        for label in shape.labels {
          let nearest = try neighbors(of: site, to: label, in: shape, images: 1)[0]
          #expect(nearest * nearest * nearest > 0.04 * volume, "\(values): \(nearest)")
        }
      }
    }
  }

  @Test(arguments: Prototype.all.map(\.name))
  func `values outside the range and unknown names are refused`(name: String) throws {
    let prototype = try #require(Prototype.named(name))
    let names = prototype.parameters.map(\.name)
    #expect(throws: PrototypeError.unknownParameter("novel", known: names)) {
      try prototype.with(["novel": 1])
    }
    for parameter in prototype.parameters {
      for value in [parameter.range.lowerBound.nextDown, parameter.range.upperBound.nextUp, .nan] {
        #expect(throws: PrototypeError.self) { try prototype.with([parameter.name: value]) }
      }
      #expect(parameter.range.contains(parameter.typeValue))
      #expect(prototype.value(of: parameter.name) == parameter.defaultValue)
    }
  }

  @Test func `labels that may be exchanged are those of equivalent sublattices`() {
    let exchanges = Prototype.all.filter { !$0.exchangeableLabels.isEmpty }.map { prototype in
      "\(prototype.name) \(prototype.exchangeableLabels.map { $0.joined(separator: "=") }.joined(separator: " "))"
    }
    #expect(
      Set(exchanges) == [
        "rock-salt A=X", "zinc-blende A=X", "CsCl A=X", "wurtzite A=X", "L10 A=B", "Heusler Y=Z",
        "inverse-Heusler Y=Z", "half-Heusler Y=Z",
      ])
  }

  @Test func `a crystal as prototype may be stretched along b and c, at constant volume`() throws {
    let lattice = try Lattice(a: SIMD3(3, 0, 0), b: SIMD3(0, 4, 0), c: SIMD3(0, 0, 5))
    let prototype = try Prototype(
      name: "box", lattice: lattice, positions: [SIMD3(0, 0, 0), SIMD3(0.5, 0.5, 0.4)],
      siteLabels: ["A", "B"])
    let long = try prototype.with(["strain_c": 0.21])
    #expect(abs(length(long.lattice.c) - 5 * 1.21) < 1e-12)
    #expect(abs(length(long.lattice.a) - 3 / 1.1) < 1e-12)
    #expect(abs(length(long.lattice.b) - 4 / 1.1) < 1e-12)
    #expect(long.positions == prototype.positions)
    let both = try long.with(["strain_b": 0.44])
    #expect(abs(length(both.lattice.b) - 4 * 1.44 / 1.1) < 1e-12)
    #expect(abs(length(both.lattice.c) - 5 * 1.21 / 1.2) < 1e-12)
    #expect(abs(both.lattice.volume - 60) < 1e-9)
    #expect(try both.with(["strain_b": 0, "strain_c": 0]).lattice == lattice)
  }

  @Test(arguments: 0..<8)
  func `in a leaning cell strains conserve the volume too`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let crystal = try randomStructure(siteCount: 3, using: &generator)
    let prototype = try Prototype(name: "own", structure: crystal, labels: ["A", "B", "C"])
    let strained = try prototype.with([
      "strain_b": .random(in: -0.3...0.5, using: &generator),
      "strain_c": .random(in: -0.3...0.5, using: &generator),
    ])
    #expect(abs(strained.lattice.volume / crystal.lattice.volume - 1) < 1e-9)
    #expect(strained.lattice != prototype.lattice)
  }

  /// The distances (Å) from a site to the images of the sites with a label, sorted.
  private func neighbors(
    of site: Int, to label: String, in prototype: Prototype, images: Int = 2
  ) throws -> [Double] {
    let reduced = try prototype.lattice.minkowskiReduced().lattice
    let start = prototype.lattice.cartesian(prototype.positions[site])
    var found: [Double] = []
    for (other, position) in prototype.positions.enumerated()
    where prototype.labels[prototype.labelIndices[other]] == label {
      let difference = reduced.fractional(prototype.lattice.cartesian(position) - start)
      let folded = difference - difference.rounded(.toNearestOrEven)
      for i in -images...images {
        for j in -images...images {
          for k in -images...images {
            found.append(length(reduced.cartesian(folded + SIMD3(Double(i), Double(j), Double(k)))))
          }
        }
      }
    }
    return found.filter { $0 > 1e-6 }.sorted()
  }
}
