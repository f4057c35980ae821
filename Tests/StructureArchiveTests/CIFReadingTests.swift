import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

/// What a CIF leaves open is settled by evidence or refused; it is never guessed.
@Suite struct CIFReadingTests {
  /// What a file holds: a cell's formula, or why it is refused.
  enum Answer: CustomStringConvertible {
    case crystal(String)
    case refused(RejectionReason)

    var description: String {
      switch self {
      case .crystal(let formula): formula
      case .refused(let reason): reason.rawValue
      }
    }
  }

  /// A block of CIF, in parts that have defaults.
  struct Block {
    var cell = "4.2 4.2 4.2 90 90 90"
    var header = ""
    var columns = "label type_symbol fract_x fract_y fract_z"
    var sites: [String]

    var text: String {
      let names = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"]
      let cellText = zip(names, cell.split(separator: " ")).map { "_cell_\($0) \($1)\n" }.joined()
      let tags = columns.split(separator: " ").map { "_atom_site_\($0)\n" }.joined()
      return "data_x\n\(cellText)\(header)\nloop_\n\(tags)\(sites.joined(separator: "\n"))\n"
    }
  }

  static func decode(
    _ text: String, occupancy: OccupancyPolicy = .reject, formula: FormulaPolicy = .check
  ) throws(RecordError) -> DecodedRecord {
    try StructureDecoder(occupancy: occupancy, formula: formula).decode(
      ArchiveRecord(member: "x.cif", index: 0, byteOffset: 0, bytes: Array(text.utf8), format: .cif))
  }

  static func expect(
    _ answer: Answer, of text: String, occupancy: OccupancyPolicy = .reject, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    do throws(RecordError) {
      let structure = try decode(text, occupancy: occupancy).structure
      guard case .crystal(let formula) = answer else {
        Issue.record(
          "\(what): read as \(structure.composition.formula), not refused", sourceLocation: sourceLocation)
        return
      }
      let wanted = try? Composition(formula: formula)
      #expect(
        structure.composition == wanted, "\(what): \(structure.composition.formula)",
        sourceLocation: sourceLocation)
    } catch {
      guard case .refused(let reason) = answer else {
        Issue.record("\(what): \(error)", sourceLocation: sourceLocation)
        return
      }
      #expect(error.reason == reason, "\(what): \(error)", sourceLocation: sourceLocation)
    }
  }

  static let files: [(name: String, answer: Answer)] = [
    ("water-label.cif", .crystal("MgCl2O6")),
    ("label-va.cif", .refused(.unknownElement)),
    ("label-hoh.cif", .crystal("MgO")),
    ("label-sit.cif", .refused(.formulaContradicted)),
    ("label-cm1.cif", .refused(.formulaContradicted)),
    ("label-PO4.cif", .refused(.unknownElement)),
    ("label-CO3.cif", .refused(.unknownElement)),
    // Its label is platinum, its formula has none.
    ("label-pt1.cif", .refused(.formulaContradicted)),
    ("label-ow.cif", .crystal("MgO")),
    ("label-NaM4.cif", .crystal("MgNa")),
    ("label-OA1.cif", .crystal("MgO")),
    ("label-ca1.cif", .refused(.formulaContradicted)),
    ("label-os1.cif", .crystal("MgO")),
    ("label-comma.cif", .refused(.partialOccupancy)),
    ("label-slash.cif", .refused(.partialOccupancy)),
    ("label-of-hydroxide.cif", .crystal("CaH2O2")),
    ("magnetic.mcif", .crystal("Mn4O4")),
    ("origin-o2_hm_plain.cif", .crystal("Mg8Al16O32")),
    ("origin-o2_zicsd.cif", .crystal("Mg8Al16O32")),
    ("origin-o2_mult.cif", .crystal("Mg8Al16O32")),
    ("origin-anatase_hm.cif", .crystal("Ti4O8")),
    ("origin-o1_colon1.cif", .crystal("Mg8Al16O32")),
    ("origin-o2_colon2.cif", .crystal("Mg8Al16O32")),
    ("rhombohedral-calcite_num.cif", .crystal("C2Ca2O6")),
    ("rhombohedral-calcite_hmRSnum.cif", .crystal("C2Ca2O6")),
    ("rhombohedral-calcite_hmR.cif", .crystal("C2Ca2O6")),
    ("rhombohedral-hex_num.cif", .crystal("C6Ca6O18")),
    ("setting-shelx_num.cif", .crystal("Zr4S4O4")),
    ("setting-std.cif", .crystal("Zr4S4O4")),
    ("setting-badhm_num.cif", .refused(.symmetryNotSettled)),
    ("setting-pbnm_us_num.cif", .crystal("Ca4Ti4O12")),
    ("occupancy-iron-magnesium.cif", .refused(.partialOccupancy)),
    ("near-an-inversion-centre.cif", .refused(.formulaContradicted)),
    ("disorder-groups-without-occupancy.cif", .refused(.partialOccupancy)),
    ("images-listed-again.cif", .crystal("Ca2O2")),
    ("latin1-unquoted.cif", .crystal("CsCl")),
    ("no-angles.cif", .crystal("MgO")),
    ("share-in-type-symbol.cif", .refused(.partialOccupancy)),
  ]

  @Test(arguments: files)
  func `a file that other programs read wrongly is read right or refused`(name: String, answer: Answer) throws
  {
    let bytes = try readWholeFile(path: Fixtures.url("reading/cif/\(name)").path)
    // Latin-1 bytes are no text in Swift: the record's bytes go to the decoder as they are.
    let record = ArchiveRecord(member: name, index: 0, byteOffset: 0, bytes: bytes, format: .cif)
    do throws(RecordError) {
      let formula = try StructureDecoder().decode(record).structure.composition
      guard case .crystal(let wanted) = answer else {
        Issue.record("read as \(formula.formula)")
        return
      }
      #expect(formula == (try? Composition(formula: wanted)), "\(formula.formula)")
    } catch {
      guard case .refused(let reason) = answer else {
        Issue.record("\(error)")
        return
      }
      #expect(error.reason == reason, "\(error)")
    }
  }

  @Test func `the spelling of a symbol does not change the crystal`() throws {
    let monoclinic = [
      "P 1 21/n 1", "P 21/n", "P21/n", "P2(1)/n", "P 2(1)/n", "P2_1/n", "P_21/n", "P 1 21/n 1 (No. 14)",
      "P121/n1", "p 21/N", "P 21/n (14)", "P 1 21/n 1 :b2", "P 21/n (a,b,c)", "P2_{1}/n",
      "P 21/n (non-standard setting)",
    ]
    let wanted = try Self.decode(monoclinicText(monoclinic[0])).structure
    for symbol in monoclinic {
      let structure = try Self.decode(monoclinicText(symbol)).structure
      #expect(structure == wanted, "\(symbol)")
    }
    for symbol in [
      "P 21/n (b,c,a)", "P 21/q", "C 21/n", "monoclinic", "P 21/c?", "P 2(1", "P 21/n (x+1/4,y,z)",
    ] {
      try Self.expect(.refused(.symmetryNotSettled), of: monoclinicText(symbol), symbol)
    }
  }

  private func monoclinicText(_ symbol: String) -> String {
    Block(
      cell: "5.3 6.1 7.2 90 98.4 90",
      header: "_symmetry_space_group_name_H-M '\(symbol)'\n_symmetry_Int_Tables_number 14",
      sites: ["Zr1 Zr .12 .21 .33", "S1 S .4 .1 .05"]
    ).text
  }

  @Test func `origin choices are told by their many names`() throws {
    let first = [
      "F d -3 m :1", "F d -3 m S", "Fd-3m:1", "F d -3 m (origin choice 1)", "Fd-3mS", "F 41/d -3 2/m :1",
      "F d 3 m :1",
    ]
    let second = [
      "F d -3 m :2", "F d -3 m Z", "Fd-3mZ", "F d -3 m, origin choice 2", "F d -3 m (2)", "Fd3m O2",
    ]
    for (symbols, oxygen, magnesium) in [(first, ".3865", "0"), (second, ".2624", ".125")] {
      for symbol in symbols {
        let aluminium = magnesium == "0" ? ".625" : ".5"
        let text = Block(
          cell: "8.083 8.083 8.083 90 90 90", header: "_space_group_name_H-M_alt '\(symbol)'",
          sites: [
            "Mg1 Mg \(magnesium) \(magnesium) \(magnesium)", "Al1 Al \(aluminium) \(aluminium) \(aluminium)",
            "O1 O \(oxygen) \(oxygen) \(oxygen)",
          ]
        ).text
        try Self.expect(.crystal("Mg8Al16O32"), of: text, symbol)
      }
    }
    let code = Block(
      cell: "8.083 8.083 8.083 90 90 90",
      header: "_space_group_IT_number 227\n_space_group.IT_coordinate_system_code 2",
      sites: ["Mg1 Mg .125 .125 .125", "Al1 Al .5 .5 .5", "O1 O .2624 .2624 .2624"])
    try Self.expect(.crystal("Mg8Al16O32"), of: code.text, "coordinate-system code")
  }

  @Test func `an origin that nothing settles is refused, with multiplicities or a formula it is read`() throws
  {
    var block = Block(
      cell: "8.083 8.083 8.083 90 90 90", header: "_symmetry_space_group_name_H-M 'F d -3 m'",
      sites: ["Mg1 Mg .125 .125 .125", "Al1 Al .5 .5 .5", "O1 O .2624 .2624 .2624"])
    try Self.expect(.refused(.symmetryNotSettled), of: block.text, "nothing")
    let bare = block
    block.header += "\n_chemical_formula_sum 'Mg Al2 O4'"
    try Self.expect(.crystal("Mg8Al16O32"), of: block.text, "formula without Z")
    #expect(try Self.decode(block.text).notes.map(\.rule) == [.settingByFormula])
    block.header += "\n_cell_formula_units_Z 8"
    try Self.expect(.crystal("Mg8Al16O32"), of: block.text, "formula with Z")
    block.header = block.header.replacingOccurrences(of: "Al2", with: "Al3")
    try Self.expect(.refused(.symmetryNotSettled), of: block.text, "a formula of neither choice")
    var counted = bare
    counted.columns += " site_symmetry_multiplicity"
    counted.sites = zip(bare.sites, ["8", "16", "32"]).map { "\($0) \($1)" }
    #expect(try Self.decode(counted.text).notes.map(\.rule) == [.settingByMultiplicity])
    // The order of the site's symmetry under the name of the multiplicity, as some programs write it.
    counted.sites = zip(bare.sites, ["24", "12", "6"]).map { "\($0) \($1)" }
    try Self.expect(.crystal("Mg8Al16O32"), of: counted.text, "orders of site symmetry")
    counted.sites = zip(bare.sites, ["8", "16", "16"]).map { "\($0) \($1)" }
    try Self.expect(.refused(.symmetryNotSettled), of: counted.text, "multiplicities of neither choice")
  }

  @Test func `axes are told by the cell`() throws {
    let hexagonal = Block(
      cell: "4.99 4.99 17.06 90 90 120", header: "_symmetry_space_group_name_H-M 'R -3 c'",
      sites: ["Ca1 Ca 0 0 0", "C1 C 0 0 .25", "O1 O .257 0 .25"])
    try Self.expect(.crystal("Ca6C6O18"), of: hexagonal.text, "hexagonal")
    #expect(try Self.decode(hexagonal.text).notes.map(\.rule) == [.settingByCell])
    for symbol in ["R -3 c :R", "R -3 c R", "R-3cR", "R -3 c (rhombohedral axes)"] {
      var wrong = hexagonal
      wrong.header = "_symmetry_space_group_name_H-M '\(symbol)'"
      try Self.expect(.refused(.symmetryNotSettled), of: wrong.text, symbol)
    }
    // The unique axis c, by an angle gamma that is no right one.
    let axis = Block(
      cell: "5.3 6.1 7.2 90 90 98", header: "_symmetry_space_group_name_H-M 'P 2/m'",
      sites: ["Na1 Na .1 .2 .3"])
    let structure = try Self.decode(axis.text).structure
    #expect(structure.fractionalPositions.contains { abs($0.z - 0.3) < 1e-9 && abs($0.x - 0.9) < 1e-9 })
    var number = axis
    number.header = "_symmetry_Int_Tables_number 10"
    try Self.expect(.refused(.symmetryNotSettled), of: number.text, "the number alone means the usual axes")
  }

  @Test func `operations that do not fit the cell are refused`() throws {
    let fourfold = "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-y,x,z\n-x,-y,z\ny,-x,z"
    for (cell, answer) in [
      ("4 4 5 90 90 90", Answer.crystal("Na4")), ("4 4.01 5 90 90 90", .crystal("Na4")),
      ("4 4.2 5 90 90 90", .refused(.symmetryNotSettled)), ("4 4 5 90 90 120", .refused(.symmetryNotSettled)),
      ("4 4 5 80 90 90", .refused(.symmetryNotSettled)),
    ] {
      try Self.expect(answer, of: Block(cell: cell, header: fourfold, sites: ["Na1 Na .1 .2 .3"]).text, cell)
    }
    for symbol in ["F m -3 m", "P 4/m m m", "P 6/m m m", "R 3 :H"] {
      let text = Block(
        cell: "4 4.4 5 90 90 90", header: "_symmetry_space_group_name_H-M '\(symbol)'",
        sites: ["Na1 Na 0 0 0"]
      ).text
      try Self.expect(.refused(.symmetryNotSettled), of: text, symbol)
    }
  }

  @Test func `a list of operations that lost some is refused, unless the formula needs no more`() throws {
    let screw = ["x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2"]
    func text(_ operations: [String], _ header: String = "") -> String {
      Block(
        header: header + "\nloop_\n_symmetry_equiv_pos_as_xyz\n" + operations.joined(separator: "\n"),
        sites: ["Na1 Na .1 .2 .3"]
      ).text
    }
    for operations in [screw, Array(screw.dropFirst()), screw + screw, Array(screw.prefix(2))] {
      let count = Set(operations + ["x,y,z"]).count
      try Self.expect(.crystal("Na\(count)"), of: text(operations), "\(operations)")
    }
    for operations in [
      Array(screw.prefix(3)), [screw[0], screw[1], screw[3]], ["x,y,z", "x+1/3,y,z"],
      ["x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/4"],
    ] {
      try Self.expect(.refused(.symmetryNotSettled), of: text(operations), "\(operations)")
    }
    let confirmed = text(["x,y,z", "x+1/3,y,z"], "_chemical_formula_sum Na\n_cell_formula_units_Z 2")
    try Self.expect(.crystal("Na2"), of: confirmed, "the formula counts as many")
    // The largest group, and centrings that stand as rounded decimals.
    let centered = ["x,y,z", "x+.3333,y+.6667,z+.6667", "x+.6667,y+.3333,z+.3333"]
    try Self.expect(.crystal("Na3"), of: text(centered), "decimals")
  }

  @Test func `a number of the cell that is given twice is the same both times`() throws {
    for (header, answer) in [
      ("_cell_length_a 4.2", Answer.crystal("Na")), ("_cell.length_a 4.20(1)", .crystal("Na")),
      ("_cell_length_a ?", .crystal("Na")), ("_cell_length_a 5", .refused(.unreadable)),
      ("_cell.angle_beta 91", .refused(.unreadable)),
      ("_symmetry_Int_Tables_number 1\n_space_group_IT_number 2", .refused(.unreadable)),
    ] {
      try Self.expect(answer, of: Block(header: header, sites: ["Na1 Na 0 0 0"]).text, header)
    }
  }

  @Test func `symmetry that stands where nobody looks is not read as none`() throws {
    for header in [
      "_space_group_name_Schoenflies 'O_h.5'", "_symmetry_cell_setting cubic",
      "_space_group_crystal_system trigonal",
      "_space_group_ssg_name 'P21/c(a0g)'", "_space_group_symop_ssg_operation_algebraic 'x1,x2,x3,x4'",
      "_cell_modulation_dimension 1", "_space_group_magn.name_BNS \"I4/mm'm'\"",
      "_space_group.Bravais_type tP",
      "_symmetry_space_group_name_H-M 'P 1'\n_symmetry_Int_Tables_number 225",
      "_space_group_name_Hall '-F 4 2 3'\n_symmetry_space_group_name_H-M 'P m -3 m'",
      "_space_group_name_Hall 'rubbish'", "_cell_subsystems_number 2",
      "_space_group_name_Hall '-P 2ybc'\n_symmetry_space_group_name_H-M 'P 1 21/n 1'",
      "_space_group_IT_number 231", "_symmetry_Int_Tables_number two",
    ] {
      try Self.expect(
        .refused(.symmetryNotSettled), of: Block(header: header, sites: ["Na1 Na 0 0 0"]).text, header)
    }
    for header in [
      "", "_symmetry_space_group_name_H-M '?'", "_symmetry_cell_setting triclinic",
      "_symmetry_space_group_name_H-M ?", "_space_group_IT_number .",
      "_space_group_crystal_system triclinic\n_space_group_IT_number 1", "_space_group_name_Schoenflies ?",
    ] {
      try Self.expect(.crystal("Na"), of: Block(header: header, sites: ["Na1 Na 0 0 0"]).text, header)
    }
  }

  @Test func `magnetic operations times their centrings make the crystal`() throws {
    let centring = "loop_\n_space_group_symop_magn_centering.xyz\nx,y,z,+1\nx+1/2,y+1/2,z+1/2,-1\n"
    for (header, count) in [
      ("loop_\n_space_group_symop_magn_operation.xyz\nx,y,z,+1\n-x,-y,-z,-1", 2),
      ("loop_\n_space_group_symop_magn_operation.xyz\nx,y,z,+1\n-x,-y,-z,-1\n" + centring, 4),
      ("loop_\n_space_group_symop.magn_operation_xyz\n'x,y,z,mx,my,mz,+1'\n'-x,-y,-z,mx,my,mz,-1'", 2),
      ("loop_\n_space_group_symop_magn_operation_xyz\nx,y,z,1\n-x,-y,z,1\n" + centring, 4),
      // The operations of the parent structure are not those of the magnetic cell.
      (
        "loop_\n_space_group_symop_magn_operation.xyz\nx,y,z,+1\nloop_\n_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z",
        1
      ),
    ] {
      let structure = try Self.decode(Block(header: header, sites: ["Mn1 Mn .1 .2 .3"]).text).structure
      #expect(structure.siteCount == count, "\(header)")
    }
  }

  @Test func `a label names an element as a whole or not at all`() throws {
    let alone: [(String, Answer)] = [
      ("Fe1", .crystal("MgFe")), ("O", .crystal("MgO")), ("O1W", .crystal("MgO")), ("OW2", .crystal("MgO")),
      ("Hw1", .crystal("MgH")), ("NaM4", .crystal("MgNa")), ("SiT1", .crystal("MgSi")),
      ("CL2", .crystal("MgCl")),
      ("fe3", .crystal("MgFe")), ("Cl1'", .crystal("MgCl")), ("Pt(2)", .crystal("MgPt")),
      ("U1_2", .crystal("MgU")),
      ("D3", .crystal("MgH")), ("Wat1", .refused(.unknownElement)), ("Va1", .refused(.unknownElement)),
      ("Vac2", .refused(.unknownElement)), ("Sit2", .refused(.unknownElement)),
      ("SO4", .refused(.unknownElement)),
      ("NO3", .refused(.unknownElement)), ("NH4", .refused(.unknownElement)),
      ("H2O1", .refused(.unknownElement)),
      ("OH1", .refused(.unknownElement)), ("X1", .refused(.unknownElement)),
      ("M2", .refused(.unknownElement)),
      ("T1", .refused(.unknownElement)), ("Cent", .refused(.unknownElement)),
      ("Dum1", .refused(.unknownElement)),
      ("Fe,Ni1", .refused(.partialOccupancy)), ("Al/Si2", .refused(.partialOccupancy)),
      ("Si0.5Al0.5", .refused(.partialOccupancy)), ("(Fe,Mg)1", .refused(.partialOccupancy)),
      ("Na+K", .refused(.partialOccupancy)), ("Fe-Ni", .refused(.unknownElement)),
      ("Fe_Ni", .refused(.unknownElement)), ("Fe1Ni1", .refused(.unknownElement)),
      ("Fe1A", .crystal("MgFe")), ("C.3", .crystal("MgC")), ("'Fe1 '", .crystal("MgFe")),
      ("SiAl1", .refused(.unknownElement)), ("1", .refused(.unknownElement)),
      ("?", .refused(.unknownElement)),
    ]
    for (label, answer) in alone {
      let block = Block(columns: "label fract_x fract_y fract_z", sites: ["Mg1 0 0 0", "\(label) .5 .5 .5"])
      try Self.expect(answer, of: block.text, label)
    }
  }

  @Test func `upper case alone does not tell an element from another one that is there`() throws {
    for (first, second, answer) in [
      ("CA1", "O1", Answer.crystal("CaO")), ("CA1", "C1", .refused(.unknownElement)),
      ("ND1", "N1", .refused(.unknownElement)), ("OS1", "O1", .refused(.unknownElement)),
      ("Ca1", "C1", .crystal("CaC")), ("CA1", "CL1", .crystal("CaCl")),
    ] {
      let block = Block(
        columns: "label fract_x fract_y fract_z", sites: ["\(first) 0 0 0", "\(second) .5 .5 .5"])
      try Self.expect(answer, of: block.text, "\(first) beside \(second)")
    }
  }

  @Test func `a formula or a list of atom types settles what a label leaves open`() throws {
    let cases: [(String, String, Answer)] = [
      ("CA1", "'Mg Ca'", .crystal("MgCa")), ("CA1", "'Mg C'", .crystal("MgC")),
      ("OS1", "'Mg Os'", .crystal("MgOs")),
      ("Ho1", "'Mg Ho'", .crystal("MgHo")), ("Ho1", "'Mg H'", .crystal("MgH")),
      ("Wat1", "'Mg O'", .crystal("MgO")),
      ("OH1", "'Mg O'", .crystal("MgO")), ("CO3", "'Mg Co'", .crystal("MgCo")),
      ("T1", "'Mg Si'", .crystal("MgSi")),
      ("W1", "'Mg O'", .crystal("MgO")), ("Fe1", "'Mg O'", .refused(.formulaContradicted)),
      ("Wat1", "'Mg O2'", .refused(.unknownElement)), ("Wat1", "'Mg O H2'", .refused(.unknownElement)),
      ("Va1", "'Mg V'", .refused(.unknownElement)), ("FeNi1", "'Mg O'", .refused(.unknownElement)),
      ("FeNi1", "'Mg Ni'", .crystal("MgNi")), ("ClW1", "'Mg Cl'", .crystal("MgCl")),
    ]
    for (label, formula, answer) in cases {
      let block = Block(
        header: "_chemical_formula_sum \(formula)", columns: "label fract_x fract_y fract_z",
        sites: ["Mg1 0 0 0", "\(label) .5 .5 .5"])
      try Self.expect(answer, of: block.text, "\(label) in \(formula)")
    }
    let both = Block(
      header: "_chemical_formula_sum 'C Ca Mg2'", columns: "label fract_x fract_y fract_z",
      sites: ["Mg1 0 0 0", "Mg2 0 0 .5", "CA1 .5 .5 .5", "CB .5 .5 0"])
    try Self.expect(.crystal("CCaMg2"), of: both.text, "each label its own element")
    let types = Block(
      header: "loop_\n_atom_type_symbol\nMg2+\nC4-", columns: "label fract_x fract_y fract_z",
      sites: ["Mg1 0 0 0", "CA1 .5 .5 .5"])
    try Self.expect(.crystal("MgC"), of: types.text, "atom types")
    #expect(try Self.decode(types.text).notes.map(\.rule).contains(.elementByFormula))
  }

  @Test func `the composition is that of the formula, of the cell or times Z, or the record is refused`()
    throws
  {
    let rockSalt = "_symmetry_space_group_name_H-M 'F m -3 m'\n"
    let cases: [(String, Answer)] = [
      ("_chemical_formula_sum 'Na Cl'", .crystal("Na4Cl4")),
      ("_chemical_formula_sum 'Na4 Cl4'", .crystal("Na4Cl4")),
      ("_chemical_formula_sum NaCl\n_cell_formula_units_Z 4", .crystal("Na4Cl4")),
      ("_chemical_formula_sum 'Cl4 Na4'\n_cell_formula_units_Z 4", .crystal("Na4Cl4")),
      ("_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z 2", .refused(.formulaContradicted)),
      ("_chemical_formula_sum 'Na2 Cl'", .refused(.formulaContradicted)),
      ("_chemical_formula_sum 'K Cl'", .refused(.formulaContradicted)),
      ("_chemical_formula_sum 'Na Cl H2'", .refused(.atomsNotListed)),
      ("_chemical_formula_sum ?", .crystal("Na4Cl4")),
      ("_chemical_formula_sum 'rock salt'", .crystal("Na4Cl4")),
      ("_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z ?", .crystal("Na4Cl4")),
    ]
    for (header, answer) in cases {
      let block = Block(
        cell: "5.64 5.64 5.64 90 90 90", header: rockSalt + header,
        sites: ["Na1 Na 0 0 0", "Cl1 Cl .5 .5 .5"])
      try Self.expect(answer, of: block.text, header)
    }
    let wrong = Block(header: "_chemical_formula_sum 'Mg O2'", sites: ["Mg1 Mg 0 0 0", "O1 O .5 .5 .5"]).text
    let noted = try Self.decode(wrong, formula: .note)
    #expect(noted.structure.composition.formula == "MgO")
    #expect(noted.notes.map(\.rule) == [.formulaContradicted])
    #expect(noted.notes[0].message.contains("Mg O2"))
    let bare = Block(header: "_chemical_formula_sum 'Mg O H2'", sites: ["Mg1 Mg 0 0 0", "O1 O .5 .5 .5"]).text
    #expect(try Self.decode(bare, formula: .note).notes.map(\.rule) == [.formulaWithoutHydrogen])
  }

  @Test func `images near a symmetry element are one atom where nothing contradicts, and the record says so`()
    throws
  {
    let inversion = "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z\n"
    func block(_ header: String, _ x: String, _ multiplicity: String = "") -> String {
      Block(
        cell: "10 10 10 90 90 90", header: inversion + header,
        columns: "label type_symbol fract_x fract_y fract_z"
          + (multiplicity.isEmpty ? "" : " site_symmetry_multiplicity"),
        sites: ["Ca1 Ca .3 .3 .3" + (multiplicity.isEmpty ? "" : " 2"), "O1 O \(x) .5 .5 \(multiplicity)"]
      ).text
    }
    #expect(try Self.decode(block("", ".515")).notes.map(\.rule) == [.imagesMerged])
    #expect(try Self.decode(block("", ".5001")).notes.isEmpty)
    try Self.expect(.crystal("Ca2O2"), of: block("", ".53"), "0.6 Å apart")
    try Self.expect(.crystal("Ca2O"), of: block("_chemical_formula_sum 'Ca2 O'", ".515"), "formula of one")
    try Self.expect(
      .refused(.formulaContradicted), of: block("_chemical_formula_sum 'Ca O'", ".515"), "formula of two")
    try Self.expect(.crystal("Ca2O"), of: block("", ".515", "1"), "multiplicity of one")
    try Self.expect(.refused(.symmetryNotSettled), of: block("", ".515", "2"), "multiplicity of two")
  }

  @Test func `atoms that symmetry makes of others count once, though listed`() throws {
    let inversion = "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z\n"
    for (sites, answer) in [
      (["O1 O .1 .2 .3", "O2 O .9 .8 .7"], "O2"),
      (["O1 O .1 .2 .3", "O2 O -.1 -.2 -.3", "O3 O .1 .2 .3"], "O2"),
      (["O1 O .1 .2 .3", "O2 O .9 .8 .2"], "O4"), (["O1 O 0 0 0", "O2 O 1 1 1", "O3 O .5 0 0"], "O2"),
      (["O1 O .1 .2 .3", "N2 N .9 .8 .3"], "O2N2"),
    ] {
      try Self.expect(.crystal(answer), of: Block(header: inversion, sites: sites).text, "\(sites)")
    }
    let twice = Block(sites: ["O1 O .1 .2 .3", "O2 O .1 .2 .3"]).text
    #expect(try Self.decode(twice).notes.map(\.rule) == [.imagesListedAgain])
  }

  @Test func `shares of a site add up by element before anything is decided`() throws {
    let columns = "label type_symbol fract_x fract_y fract_z occupancy"
    let cases: [([String], Answer, Answer)] = [
      (["A Fe2+ 0 0 0 .5", "B Fe3+ 0 0 0 .5"], .crystal("Fe"), .crystal("Fe")),
      (
        ["A Fe2+ 0 0 0 .35", "B Fe3+ 0 0 0 .25", "C Mg 0 0 0 .4"], .refused(.partialOccupancy), .crystal("Fe")
      ),
      (["A Fe 0 0 0 .35", "C Mg 0 0 0 .4", "B Fe3+ 0 0 0 .25"], .refused(.partialOccupancy), .crystal("Fe")),
      (["A Fe2+ 0 0 0 .5", "B Fe3+ 0 0 0 .4"], .refused(.partialOccupancy), .crystal("Fe")),
      (["A Fe 0 0 0 1", "B Mg .5 0 0 .2", "C Ca .5 0 0 .2"], .refused(.partialOccupancy), .crystal("Fe")),
      (["A '0.75Si + 0.25Al' 0 0 0 1", "B O .5 .5 .5 1"], .refused(.partialOccupancy), .crystal("SiO")),
      (["A Si0.3Al0.7 0 0 0 1", "B O .5 .5 .5 1"], .refused(.partialOccupancy), .crystal("AlO")),
      (["A Fe,Mg 0 0 0 1", "B O .5 .5 .5 1"], .refused(.partialOccupancy), .refused(.partialOccupancy)),
    ]
    for (sites, strict, majority) in cases {
      let text = Block(columns: columns, sites: sites).text
      try Self.expect(strict, of: text, "\(sites)")
      try Self.expect(majority, of: text, occupancy: .majority, "\(sites), majority")
    }
    // A share that is listed again at an image is the same share.
    let again = Block(
      header: "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z", columns: columns,
      sites: ["A Fe .1 .2 .3 .5", "B Fe .9 .8 .7 .5"]
    ).text
    try Self.expect(.refused(.partialOccupancy), of: again, "half an atom, twice listed")
  }

  @Test func `alternatives in groups of disorder are partial occupancy`() throws {
    let columns = "label type_symbol fract_x fract_y fract_z disorder_assembly disorder_group"
    let pair = ["Na1 Na 0 0 0 . .", "ClA Cl .5 .5 .5 A 1", "ClB Cl .57 .5 .5 A 2"]
    for sites in [
      pair, ["Na1 Na 0 0 0 . .", "ClA Cl .5 .5 .5 . 1", "ClB Cl .57 .5 .5 . 2"],
      ["Na1 Na 0 0 0 . .", "Cl1 Cl .48 .5 .5 . -1"],
      pair + ["BrA Br .2 .5 .5 A 3"],
      ["Na1 Na 0 0 0 . .", "ClA Cl .5 .5 .5 . A", "ClB Cl .57 .5 .5 . B"],
    ] {
      try Self.expect(.refused(.partialOccupancy), of: Block(columns: columns, sites: sites).text, "\(sites)")
    }
    try Self.expect(
      .crystal("NaCl"), of: Block(columns: columns, sites: pair).text, occupancy: .majority,
      "the first group stays")
    let one = ["Na1 Na 0 0 0 . .", "ClA Cl .5 .5 .5 A 1"]
    try Self.expect(
      .crystal("NaCl"), of: Block(columns: columns, sites: one).text, "one group is no alternative")
    let shares = Block(
      columns: columns + " occupancy",
      sites: ["Na1 Na 0 0 0 . . 1", "ClA Cl .5 .5 .5 A 1 .5", "ClB Cl .57 .5 .5 A 2 .5"]
    ).text
    try Self.expect(.crystal("NaCl"), of: shares, occupancy: .majority, "of equal halves one stays")
  }

  @Test func `atoms that are declared and not listed are missed`() throws {
    for (columns, site) in [
      ("label type_symbol fract_x fract_y fract_z attached_hydrogens", "O1 O .5 .5 .5 2"),
      ("label type_symbol fract_x fract_y fract_z", "H1 H ? ? ?"),
      ("label type_symbol fract_x fract_y fract_z", "H1 H .1 .2 ."),
    ] {
      let first = columns.hasSuffix("hydrogens") ? "Mg1 Mg 0 0 0 0" : "Mg1 Mg 0 0 0"
      try Self.expect(
        .refused(.atomsNotListed), of: Block(columns: columns, sites: [first, site]).text, site)
    }
  }

  @Test func `a number is one in quotes and in a text field too`() throws {
    for (sites, answer) in [
      (["Na1 Na '0' \"0.0\" 0", "Cl1 Cl\n;0.5\n;\n.5 .5(3)"], Answer.crystal("NaCl")),
      (["Na1 Na 0 0 0", "Cl1 Cl 1/2 .5 .5"], .refused(.unreadable)),
      (["Na1 Na 0 0 0", "Cl1 Cl '0,5' .5 .5"], .refused(.unreadable)),
      (["Na1 Na 0 0 0", "Cl1 Cl half .5 .5"], .refused(.unreadable)),
      (["Na1 Na 0 0 0", "Cl1 Cl '' .5 .5"], .refused(.unreadable)),
    ] {
      try Self.expect(answer, of: Block(sites: sites).text, "\(sites)")
    }
    let quoted = Block(sites: ["Na1 Na 0 0 0"]).text.replacingOccurrences(
      of: "_cell_length_a 4.2", with: "_cell_length_a\n;\n 4.2(1)\n;")
    #expect(try Self.decode(quoted).structure.lattice.a.x == 4.2)
  }

  @Test func `two elements on one position without shares are refused`() throws {
    for sites in [
      ["Na1 Na 0 0 0", "K1 K 0 0 0"], ["Na1 Na 0 0 0", "K1 K 1 0 0.001"],
      ["Na1 Na .1 .2 .3", "K1 K -.1 -.2 -.3"],
      ["Na1 Na .25 0 0", "Na2 Na .5 .5 .5", "K1 K .75 0 0"], ["Ow O 0 0 0", "H1 H 0 0 0"],
    ] {
      let block = Block(header: "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z", sites: sites)
      try Self.expect(.refused(.partialOccupancy), of: block.text, "\(sites)")
      try Self.expect(.refused(.partialOccupancy), of: block.text, occupancy: .majority, "\(sites), majority")
    }
  }

  @Test func `isotopes of hydrogen count as hydrogen, by type and by label`() throws {
    for (columns, site) in [
      ("label type_symbol fract_x fract_y fract_z", "D1 D .5 .5 .5"),
      ("label type_symbol fract_x fract_y fract_z", "T1 T .5 .5 .5"),
      ("label fract_x fract_y fract_z", "D1 .5 .5 .5"),
      ("label type_symbol fract_x fract_y fract_z", "H1 D1+ .5 .5 .5"),
    ] {
      let first = columns.contains("type") ? "Li1 Li 0 0 0" : "Li1 0 0 0"
      let block = Block(header: "_chemical_formula_sum 'Li D'", columns: columns, sites: [first, site])
      try Self.expect(.crystal("LiH"), of: block.text, site)
      #expect(try Self.decode(block.text).notes.map(\.rule).contains(.isotopeAsHydrogen))
    }
  }

  @Test func `tags of both dictionaries, in any case, mean the same`() throws {
    let text = Block(
      header: "_symmetry_space_group_name_H-M 'F m -3 m'\n_chemical_formula_sum 'Na4 Cl4'",
      sites: ["Na1 Na 0 0 0", "Cl1 Cl .5 .5 .5"]
    ).text
    let wanted = try Self.decode(text).structure
    let dotted = text.replacingOccurrences(of: "_atom_site_", with: "_atom_site.")
      .replacingOccurrences(of: "_cell_", with: "_cell.")
      .replacingOccurrences(of: "_symmetry_space_group_name_H-M", with: "_space_group.name_H-M_alt")
    #expect(try Self.decode(dotted).structure == wanted)
    let upper = text.split(separator: "\n").map { $0.hasPrefix("_atom") ? $0.uppercased() : String($0) }
      .joined(separator: "\n")
    #expect(try Self.decode(upper).structure == wanted)
  }
}
