import Crystal
import StructureArchive
import Testing

private func decode(
  _ text: String, _ format: RecordFormat = .json, occupancy: OccupancyPolicy = .reject,
  formula: FormulaPolicy = .check
) throws(RecordError) -> DecodedRecord {
  try StructureDecoder(takesAllProperties: true, occupancy: occupancy, formula: formula).decode(
    ArchiveRecord(member: "file", index: 0, byteOffset: 0, bytes: Array(text.utf8), format: format))
}

private func reason(
  _ text: String, _ format: RecordFormat = .json, occupancy: OccupancyPolicy = .reject,
  formula: FormulaPolicy = .check
) -> RejectionReason? {
  do throws(RecordError) {
    _ = try decode(text, format, occupancy: occupancy, formula: formula)
    return nil
  } catch {
    return error.reason
  }
}

/// An OPTIMADE record of C and Cl in a cube of 8 Å, with further attributes.
private func optimade(
  _ attributes: String = "", species: String = "", symbols: String = "\"C\",\"Cl\"",
  lattice: String = "[[8,0,0],[0,8,0],[0,0,8]]", positions: String = "[[0,0,0],[4,4,4]]"
) -> String {
  let list =
    species.isEmpty
    ? """
    {"name":"C","chemical_symbols":["C"],"concentration":[1.0]},
    {"name":"Cl","chemical_symbols":["Cl"],"concentration":[1.0]}
    """ : species
  return """
    {"id":"s","attributes":{"lattice_vectors":\(lattice),"cartesian_site_positions":\(positions),
    "species_at_sites":[\(symbols)],"species":[\(list)]\(attributes.isEmpty ? "" : ",")\(attributes)}}
    """
}

/// A pymatgen structure of a site with `species` at the origin and an oxygen, with further fields beside it.
private func pymatgen(_ species: String, lattice: String = "", beside: String = "") -> String {
  """
  {"structure":{"lattice":{"matrix":[[4.2,0,0],[0,4.2,0],[0,0,4.2]]\(lattice)},"sites":[
  {"species":\(species),"abc":[0,0,0]},{"species":[{"element":"O","occu":1}],"abc":[0.5,0.5,0.5]}]}\(beside)}
  """
}

private func flat(_ species: String, beside: String = "") -> String {
  """
  {"lattice":[[4.2,0,0],[0,4.2,0],[0,0,4.2]],"species":[\(species)],"frac_coords":[[0,0,0],[0.5,0.5,0.5]]\(beside)}
  """
}

private let magnesium = "[{\"element\":\"Mg\",\"occu\":1}]"

@Suite("What a JSON record states of its crystal") struct StatedFactsTests {
  @Test(arguments: [
    (optimade("\"structure_features\":[\"implicit_atoms\"]"), RejectionReason.atomsNotListed),
    (optimade("\"structure_features\":[\"disorder\",\"site_attachments\"]"), .atomsNotListed),
    (optimade("\"structure_features\":[\"assemblies\"]"), .atomsNotListed),
    (
      optimade("\"assemblies\":[{\"sites_in_groups\":[[0],[1]],\"group_probabilities\":[0.7,0.3]}]"),
      .atomsNotListed
    ),
    (optimade("\"nsites\":5"), .atomsNotListed),
    (optimade("\"nsites\":1"), .formulaContradicted),
    (optimade(positions: "[[0,0,0],[null,null,null]]"), .atomsNotListed),
    (optimade(positions: "[[0,0,0],null]"), .atomsNotListed),
    (
      optimade(
        species: """
          {"name":"C","chemical_symbols":["C"],"concentration":[1.0],"attached":["H"],"nattached":[3]},
          {"name":"Cl","chemical_symbols":["Cl"]}
          """), .atomsNotListed
    ),
    (
      optimade(
        species: "{\"name\":\"C\",\"chemical_symbols\":[\"C\"],\"attached\":[\"H\"]},"
          + "{\"name\":\"Cl\",\"chemical_symbols\":[\"Cl\"]}"), .atomsNotListed
    ),
    (pymatgen(magnesium, beside: ",\"nsites\":3"), .atomsNotListed),
  ])
  func `atoms that a record declares must be listed`(text: String, expected: RejectionReason) {
    #expect(reason(text) == expected)
  }

  @Test(arguments: [
    optimade("\"structure_features\":[],\"assemblies\":null,\"nsites\":2,\"nperiodic_dimensions\":3"),
    optimade("\"structure_features\":null,\"assemblies\":[],\"dimension_types\":[1,1,1]"),
    optimade("\"structure_features\":[\"disorder\"],\"nsites\":null"),
    optimade(
      species: "{\"name\":\"C\",\"chemical_symbols\":[\"C\"],\"attached\":[],\"nattached\":[]},"
        + "{\"name\":\"Cl\",\"chemical_symbols\":[\"Cl\"],\"attached\":[\"H\"],\"nattached\":[0]}"),
  ])
  func `a record that declares nothing else is read`(text: String) throws {
    let decoded = try decode(text)
    #expect(decoded.structure.composition.formula == "CCl")
    #expect(decoded.notes.isEmpty)
  }

  @Test(arguments: [
    (flat("\"Mg\",\"O\"", beside: ",\"formula\":\"MgO2\""), "Mg"),
    (flat("\"Mg\",\"O\"", beside: ",\"formula\":\"Ca O\""), "Ca O"),
    (flat("\"Mg\",\"O\"", beside: ",\"composition\":{\"Mg\":1,\"O\":2}"), "MgO2"),
    (flat("\"Mg\",\"O\"", beside: ",\"formula_pretty\":\"Mg(OF)2\""), "Mg(OF)2"),
    (flat("\"Mg\",\"O\"", beside: ",\"formula\":\"Mg0.9O\""), "Mg0.9O"),
    (pymatgen(magnesium, beside: ",\"data\":{\"pretty_formula\":\"MgO2\"}"), "MgO2"),
    (pymatgen(magnesium, beside: ",\"composition\":{\"Mg2+\":1,\"O2-\":2}"), "MgO2"),
    (optimade("\"chemical_formula_reduced\":\"CCl4\""), "CCl4"),
    (optimade("\"chemical_formula_descriptive\":\"C2Cl\""), "C2Cl"),
    (optimade("\"elements\":[\"C\",\"Br\"]"), "C, Br"),
    (optimade("\"elements\":[\"C\"]"), "C"),
  ])
  func `a crystal that contradicts the stated formula is refused, or noted, with both`(
    text: String, stated: String
  ) throws {
    do throws(RecordError) {
      _ = try decode(text)
      Issue.record("accepted: \(text)")
    } catch {
      #expect(error.reason == .formulaContradicted)
      #expect(error.message.contains("says \(stated)"), "\(error)")
    }
    let noted = try decode(text, formula: .note)
    #expect(noted.notes.map(\.rule) == [.formulaContradicted])
    #expect(noted.structure.siteCount == 2)
  }

  @Test(arguments: [
    "\"MgO\"", "\"Mg4 O4\"", "\"O2Mg2\"", "\"Mg1.0O1.0\"", "\"(MgO)3\"", "\"[Mg]2[O]2\"",
    "{\"Mg\":4.0,\"O\":4.0}",
    "\"\"", "null", "7", "\"AB\"", "\"periclase\"", "\"A2B\"", "\"MgO * 2 H2O\"", "\"Mg(O\"", "\"Mg)O\"",
    "{}",
    "{\"Mg\":\"one\"}", "[\"MgO\"]",
  ])
  func `a formula that agrees, or is none, changes nothing`(formula: String) throws {
    let decoded = try decode(flat("\"Mg\",\"O\"", beside: ",\"formula\":\(formula)"))
    #expect(decoded.notes.isEmpty)
    #expect(decoded.structure.composition.formula == "MgO")
  }

  @Test func `every element counts in a formula`() {
    for element in Element.all where element.symbol != "Mg" {
      let text = flat("\"Mg\",\"\(element.symbol)\"", beside: ",\"formula\":\"Mg\(element.symbol)2\"")
      let expected: RejectionReason? = element.symbol == "H" ? nil : .formulaContradicted
      #expect(reason(text) == expected, "\(element)")
      #expect(
        reason(text.replacing("\(element.symbol)2\"", with: "\(element.symbol)\"")) == nil, "\(element)")
    }
  }

  @Test func `hydrogens that only the formula counts are noted`() throws {
    for text in [
      optimade("\"chemical_formula_reduced\":\"CClH3\",\"elements\":[\"C\",\"Cl\",\"H\"]"),
      flat("\"C\",\"Cl\"", beside: ",\"formula\":\"CH3Cl\""),
    ] {
      let decoded = try decode(text)
      #expect(decoded.notes.map(\.rule) == [.formulaWithoutHydrogen])
      #expect(decoded.structure.composition.formula == "CCl")
    }
    // More hydrogen than is stated, or another difference beside it, is a contradiction.
    #expect(reason(flat("\"C\",\"H\"", beside: ",\"formula\":\"C\"")) == .formulaContradicted)
    #expect(reason(flat("\"C\",\"Cl\"", beside: ",\"formula\":\"CH2Cl2\"")) == .formulaContradicted)
  }

  @Test func `cells of other sizes agree in their number of sites where one divides the other`() throws {
    for count in [1, 2, 4, 8] {
      #expect(reason(pymatgen(magnesium, beside: ",\"nsites\":\(count)")) == nil, "\(count)")
    }
    #expect(reason(pymatgen(magnesium, beside: ",\"nsites\":5")) == .atomsNotListed)
  }

  @Test(arguments: [
    pymatgen("[{\"element\":\"Fe\",\"occu\":0.5,\"oxidation_state\":2},{\"element\":\"Fe\",\"occu\":0.5}]"),
    pymatgen("{\"Fe2+\":0.4,\"Fe3+\":0.6}"),
    pymatgen(
      "[{\"element\":\"Fe2+\",\"occu\":0.3},{\"element\":\"Fe3+\",\"occu\":0.3},{\"element\":\"Fe\",\"occu\":0.4}]"
    ),
    flat("\"Fe2+:0.5, Fe3+:0.5\",\"O2-\""),
    optimade(
      species: "{\"name\":\"Fe\",\"chemical_symbols\":[\"Fe\",\"Fe\"],\"concentration\":[0.25,0.75]},"
        + "{\"name\":\"O\",\"chemical_symbols\":[\"O\"],\"concentration\":[1]}", symbols: "\"Fe\",\"O\""),
  ])
  func `shares of one element fill its site`(text: String) throws {
    let decoded = try decode(text)
    #expect(decoded.structure.elements.map(\.symbol) == ["Fe", "O"])
    #expect(decoded.notes.map(\.rule) == [.sharesAdded])
  }

  @Test(arguments: [
    pymatgen(
      "[{\"element\":\"Fe\",\"occu\":0.35},{\"element\":\"Fe\",\"occu\":0.25},{\"element\":\"Mg\",\"occu\":0.4}]"
    ),
    pymatgen("{\"Mg2+\":0.4,\"Fe2+\":0.35,\"Fe3+\":0.25}"),
    flat("\"Mg:0.4, Fe2+:0.35, Fe3+:0.25\",\"O\""),
    optimade(
      species:
        "{\"name\":\"M\",\"chemical_symbols\":[\"Mg\",\"Fe\",\"Fe\"],\"concentration\":[0.4,0.35,0.25]},"
        + "{\"name\":\"O\",\"chemical_symbols\":[\"O\"],\"concentration\":[1]}", symbols: "\"M\",\"O\""),
    // The formula tells of shares that the crystal of the majority does not have.
    pymatgen("{\"Mg\":0.4,\"Fe\":0.6}", beside: ",\"formula\":\"Fe0.6Mg0.4O\""),
  ])
  func `the largest share is that of an element, not of a charge`(text: String) throws {
    #expect(reason(text) == .partialOccupancy)
    let decoded = try decode(text, occupancy: .majority)
    #expect(decoded.structure.elements.map(\.symbol) == ["Fe", "O"])
    #expect(decoded.notes.map(\.rule) == [.majorityOccupancy])
    #expect(decoded.notes[0].message.contains("Fe 0.6"))
  }

  @Test func `sites left out as empty keep the others in their places`() throws {
    let text = """
      {"lattice":[[4,0,0],[0,4,0],[0,0,4]],"species":["Li:0.1","Mg","O"],
      "frac_coords":[[0,0,0],[0.25,0.25,0.25],[0.5,0.5,0.5]]}
      """
    let structure = try decode(text, occupancy: .majority).structure
    #expect(structure.elements.map(\.symbol) == ["Mg", "O"])
    #expect(structure.fractionalPositions == [SIMD3(repeating: 0.25), SIMD3(repeating: 0.5)])
  }

  @Test(arguments: [
    pymatgen("\"Mg2+\""), pymatgen("[\"Mg\"]"), pymatgen("{\"Mg\":1.0}"),
    pymatgen(magnesium, lattice: ",\"pbc\":[true,true,true]"),
    pymatgen(magnesium).replacing("\"abc\":[0,0,0]", with: "\"xyz\":[0,0,0]")
      .replacing("\"abc\":[0.5,0.5,0.5]", with: "\"abc\":[0.5,0.5,0.5],\"xyz\":[2.1,2.1,2.1]"),
    flat("\"Mg2+,spin=5\",\"O\""),
    flat("\"Mg\",\"O\"", beside: ",\"unused\":NaN,\"other\":[Infinity,-Infinity],\"unused\":1"),
  ])
  func `species and positions may be written in several ways`(text: String) throws {
    let structure = try decode(text).structure
    #expect(structure.elements.map(\.symbol) == ["Mg", "O"])
    let origin = structure.fractionalPositions[0]
    let center = structure.fractionalPositions[1]
    #expect(length(origin) < 1e-12 && length(center - SIMD3(repeating: 0.5)) < 1e-12)
  }

  @Test func `a species that is only a label is noted`() throws {
    let text = pymatgen(magnesium).replacing("\"species\":\(magnesium)", with: "\"label\":\"Mg1\"")
    let decoded = try decode(text)
    #expect(decoded.structure.composition.formula == "MgO")
    #expect(decoded.notes.map(\.rule) == [.elementByLabel])
    #expect(reason(text.replacing("Mg1", with: "Metal")) == .unknownElement)
  }

  @Test(arguments: [
    (flat("\"Mg\",\"O\"", beside: ",\"species\":[\"Ca\",\"O\"]"), RejectionReason.unreadable),
    (flat("\"Mg\",\"O\"", beside: ",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]]"), .unreadable),
    (optimade(symbols: "\"C\",\"Br\""), .unreadable),
    (
      optimade(
        species:
          "{\"name\":\"C\",\"chemical_symbols\":[\"C\"]},{\"name\":\"C\",\"chemical_symbols\":[\"Cl\"]}"),
      .unreadable
    ),
    (pymatgen("[{\"element\":\"Mg\",\"occu\":-1}]"), .unreadable),
    (pymatgen("[]"), .partialOccupancy),
    (flat("\"Mg:x\",\"O\""), .unknownElement),
    ("{\"@class\":\"Molecule\",\"sites\":[{\"species\":\(magnesium),\"xyz\":[0,0,0]}]}", .notACrystal),
  ])
  func `what contradicts itself is refused`(text: String, expected: RejectionReason) {
    #expect(reason(text) == expected)
  }

  @Test func `structures that are passed over are noted`() throws {
    let other = flat("\"Ca\",\"O\"")
    for text in [
      pymatgen(magnesium, beside: ",\"initial_structure\":\(other)"),
      pymatgen(magnesium, beside: ",\"primitive_structure\":\(other)"),
      pymatgen(magnesium, beside: ",\"structures\":[\(other),\(other)]"),
      flat("\"Mg\",\"O\"", beside: ",\"supercell\":\(other)"),
    ] {
      let decoded = try decode(text)
      #expect(decoded.structure.composition.formula == "MgO")
      #expect(decoded.notes.map(\.rule) == [.structuresPassedOver], "\(text)")
    }
    let row = "[1,\(other),\(flat("\"Mg\",\"O\""))]"
    let decoded = try decode(row, .tableRow(columns: ["e", "initial", "structure"]))
    #expect(decoded.structure.composition.formula == "MgO")
    #expect(decoded.notes.map(\.rule) == [.structuresPassedOver])
    #expect(decoded.notes.first?.message.contains("initial") == true)
  }
}

@Suite("Isotopes of hydrogen") struct IsotopeTests {
  static let forms: [(String, RecordFormat)] = [
    (flat("\"Li\",\"X\""), .json),
    (pymatgen("[{\"element\":\"Li\",\"occu\":1}]").replacing("\"O\"", with: "\"X\""), .json),
    (
      optimade(
        species:
          "{\"name\":\"Li\",\"chemical_symbols\":[\"Li\"]},{\"name\":\"h\",\"chemical_symbols\":[\"X\"]}",
        symbols: "\"Li\",\"h\""), .json
    ),
    ("t\n1\n4 0 0\n0 4 0\n0 0 4\nLi X\n1 1\nDirect\n0 0 0\n.5 .5 .5\n", .poscar),
    ("2\nLattice=\"4 0 0 0 4 0 0 0 4\"\nLi 0 0 0\nX 2 2 2\n", .extendedXYZ),
  ]

  @Test(arguments: [
    ("\"nelements\":2", nil), ("\"nelements\":3", RejectionReason.formulaContradicted),
    ("\"nelements\":1", .formulaContradicted), ("\"nelements\":\"three\"", nil), ("\"nelements\":null", nil),
    // The note of the missing hydrogen says it.
    ("\"nelements\":3,\"chemical_formula_reduced\":\"CClH2\"", nil),
  ])
  func `the number of elements is the crystal's`(fields: String, expected: RejectionReason?) {
    #expect(reason(optimade(fields)) == expected)
    #expect(reason(optimade(fields), formula: .note) == nil)
  }

  @Test(arguments: [
    ("true", "2.1", nil), ("1", "2.1", nil), ("false", "0.5", nil), ("0", "0.5", nil), ("null", "0.5", nil),
    ("\"True\"", "2.1", RejectionReason.unreadable), ("2", "2.1", .unreadable),
  ])
  func `whether coordinates of JARVIS are Cartesian is said clearly`(
    flag: String, half: String, expected: RejectionReason?
  ) throws {
    let text =
      "{\"lattice_mat\":[[4.2,0,0],[0,4.2,0],[0,0,4.2]],\"elements\":[\"Mg\",\"O\"],\"abc\":[4.2,4.2,4.2],"
      + "\"coords\":[[0,0,0],[\(half),\(half),\(half)]],\"cartesian\":\(flag)}"
    #expect(reason(text) == expected)
    guard expected == nil else { return }
    #expect(length(try decode(text).structure.fractionalPositions[1] - SIMD3(repeating: 0.5)) < 1e-12)
    #expect(reason(text.replacing("[4.2,4.2,4.2]", with: "[4.2,4.2,5]")) == .unreadable)
  }

  @Test func `edges stated beside a lattice are those of its matrix`() {
    #expect(reason(pymatgen(magnesium, lattice: ",\"a\":4.2,\"b\":4.2001,\"c\":4.2,\"alpha\":90")) == nil)
    #expect(reason(pymatgen(magnesium, lattice: ",\"a\":4.2,\"b\":4.3,\"c\":4.2")) == .unreadable)
  }

  @Test(arguments: forms.indices)
  func `deuterium and tritium count as hydrogen, with a note`(index: Int) throws {
    let (text, format) = IsotopeTests.forms[index]
    for (symbol, rules) in [("D", [ReadingRule.isotopeAsHydrogen]), ("T", [.isotopeAsHydrogen]), ("H", [])] {
      let decoded = try decode(text.replacing("X", with: symbol), format)
      #expect(decoded.structure.elements.map(\.symbol) == ["Li", "H"])
      #expect(decoded.notes.map(\.rule) == rules, "\(symbol)")
    }
    #expect(reason(text.replacing("X", with: "Dd"), format) == .unknownElement)
  }

  @Test func `shares of hydrogen and deuterium fill a site`() throws {
    let decoded = try decode(pymatgen("{\"H\":0.02,\"D\":0.98}", beside: ",\"formula\":\"D2O2\""))
    #expect(decoded.structure.composition.formula == "HO")
    #expect(Set(decoded.notes.map(\.rule)) == [.sharesAdded, .isotopeAsHydrogen])
  }
}

@Suite("Slabs, chains and molecules") struct PeriodicityTests {
  /// MgO in a box of 4.2 x 4.2 x 30 Å that does not repeat along c.
  static func slab(_ flags: String, height: Int = 30) -> String {
    """
    2
    Lattice="4.2 0 0 0 4.2 0 0 0 \(height)" Properties=species:S:1:pos:R:3 pbc=\(flags)
    Mg 0 0 10
    O 0 0 12.1

    """
  }

  @Test(arguments: [
    "\"T T F\"", "[T, T, F]", "{T T F}", "\"true true false\"", "\"1 1 0\"", "[True, True, False]", "'T T F'",
  ])
  func `a slab with vacuum is read, with a note`(flags: String) throws {
    let decoded = try decode(PeriodicityTests.slab(flags), .extendedXYZ)
    #expect(decoded.structure.siteCount == 2)
    #expect(decoded.notes.map(\.rule) == [.partlyPeriodic])
    // 30 Å of box less 2.1 Å of slab.
    #expect(decoded.notes[0].message.contains("27.9 Å"))
  }

  @Test(arguments: [
    "\"F F F\"", "[F, F, F]", "F", "\"false false false\"", "{0 0 0}", "\"False False False\"",
  ])
  func `what repeats in no direction is no crystal`(flags: String) {
    #expect(reason(PeriodicityTests.slab(flags), .extendedXYZ) == .notACrystal)
  }

  @Test(arguments: ["\"T T T\"", "T", "[true, true, true]", "{T T T}"])
  func `a crystal that says so has no note`(flags: String) throws {
    #expect(try decode(PeriodicityTests.slab(flags), .extendedXYZ).notes.isEmpty)
  }

  @Test func `too little vacuum, or flags that are none, are refused`() {
    // 2.1 Å of slab in 12 Å leave 9.9 Å.
    #expect(reason(PeriodicityTests.slab("\"T T F\"", height: 12), .extendedXYZ) == .notACrystal)
    #expect(reason(PeriodicityTests.slab("\"T T F\"", height: 13), .extendedXYZ) == nil)
    #expect(reason(PeriodicityTests.slab("\"F T T\""), .extendedXYZ) == .notACrystal)
    #expect(reason(PeriodicityTests.slab("\"xyz\""), .extendedXYZ) == .unreadable)
    #expect(reason(PeriodicityTests.slab("\"T T\""), .extendedXYZ) == .unreadable)
  }

  @Test func `JSON forms say it too`() throws {
    let high = "[[8,0,0],[0,8,0],[0,0,40]]"
    for text in [
      optimade("\"dimension_types\":[1,1,0]", lattice: high),
      optimade("\"nperiodic_dimensions\":2", lattice: high),
      pymatgen(magnesium, lattice: ",\"pbc\":[true,true,false]").replacing("[0,0,4.2]", with: "[0,0,42]"),
      flat("\"Mg\",\"O\"", beside: ",\"pbc\":[1,1,0]").replacing("[0,0,4.2]", with: "[0,0,42]"),
    ] {
      let decoded = try decode(text)
      #expect(decoded.notes.map(\.rule) == [.partlyPeriodic], "\(text)")
      #expect(decoded.notes[0].message.contains("along c:"))
    }
    for text in [
      optimade("\"dimension_types\":[0,0,0]", lattice: high), optimade("\"nperiodic_dimensions\":0"),
      optimade("\"dimension_types\":[1,1,0]"), optimade("\"nperiodic_dimensions\":1", lattice: high),
      optimade("\"dimension_types\":[1,1,0]", lattice: "[[8,0,0],[0,8,0],[null,null,null]]"),
      pymatgen(magnesium, lattice: ",\"pbc\":[false,false,false]"),
      flat("\"Mg\",\"O\"", beside: ",\"pbc\":false"),
    ] {
      #expect(reason(text) == .notACrystal, "\(text)")
    }
    #expect(reason(flat("\"Mg\",\"O\"", beside: ",\"pbc\":\"some\"")) == .unreadable)
    #expect(reason(optimade("\"nperiodic_dimensions\":7")) == .unreadable)
    #expect(reason(optimade("\"nperiodic_dimensions\":2.5", lattice: high)) == .unreadable)
    #expect(reason(optimade("\"nperiodic_dimensions\":\"0\"")) == .unreadable)
    #expect(reason(optimade("\"nperiodic_dimensions\":3.0,\"dimension_types\":[1,1,1]")) == nil)
    #expect(reason(optimade("\"nperiodic_dimensions\":null,\"dimension_types\":null")) == nil)
  }

  @Test(arguments: [(0, "1,1,1", 3), (2, "1,1,1", 3), (3, "1,1,0", 2), (1, "0,0,0", 0), (0, "0,1,0", 1)])
  func `numbers of directions that contradict each other are refused with both`(
    stated: Int, flags: String, found: Int
  ) {
    let lattice = "[[40,0,0],[0,40,0],[0,0,40]]"
    for fields in [
      "\"nperiodic_dimensions\":\(stated),\"dimension_types\":[\(flags)]",
      "\"dimension_types\":[\(flags)],\"nperiodic_dimensions\":\(stated)",
    ] {
      let error = #expect(throws: RecordError.self) { try decode(optimade(fields, lattice: lattice)) }
      #expect(error?.reason == .unreadable)
      let words = "'nperiodic_dimensions' says \(stated) where 'dimension_types' has \(found)"
      #expect(error?.message.contains(words) == true)
    }
  }

  @Test func `flags of a structure are those of its lattice, or stand alone`() throws {
    func text(_ lattice: String, _ beside: String) -> String {
      pymatgen(magnesium, lattice: lattice).replacing("[0,0,4.2]", with: "[0,0,42]")
        .replacing("{\"lattice\"", with: "{\(beside)\"lattice\"")
    }
    let (slab, crystal) = ("\"pbc\":[true,true,false]", "\"pbc\":[true,true,true]")
    #expect(try decode(text("", "\(slab),")).notes.map(\.rule) == [.partlyPeriodic])
    #expect(try decode(text(",\(slab)", "\(slab),")).notes.map(\.rule) == [.partlyPeriodic])
    #expect(reason(text(",\(crystal)", "\(slab),")) == .unreadable)
    #expect(reason(text(",\(slab)", "\(crystal),")) == .unreadable)
  }
}
