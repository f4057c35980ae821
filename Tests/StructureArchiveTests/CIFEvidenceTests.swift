import Crystal
import StructureArchive
import TestSupport
import Testing

/// Where a CIF states a thing twice or in part, the parts agree or it is refused.
@Suite struct CIFEvidenceTests {
  typealias Answer = CIFReadingTests.Answer
  typealias Block = CIFReadingTests.Block

  static let identity = "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n"
  static let noSymmetry = "_symmetry_space_group_name_H-M 'P 1'\n"
  static let rockSaltSymbol = "_symmetry_space_group_name_H-M 'F m -3 m'\n"
  static let cubic = "5.64 5.64 5.64 90 90 90"
  static let pair = ["Na1 Na 0 0 0", "Cl1 Cl .5 .5 .5"]
  static let rockSalt = [
    "Na1 Na 0 0 0", "Na2 Na 0 .5 .5", "Na3 Na .5 0 .5", "Na4 Na .5 .5 0", "Cl1 Cl .5 .5 .5", "Cl2 Cl .5 0 0",
    "Cl3 Cl 0 .5 0", "Cl4 Cl 0 0 .5",
  ]

  static func formula(_ sum: String, _ units: Int? = nil) -> String {
    "_chemical_formula_sum '\(sum)'\n" + (units.map { "_cell_formula_units_Z \($0)\n" } ?? "")
  }

  @Test func `beside Z the formula is the cell's only where Z divides it and the symmetry is stated`() throws
  {
    let cases: [(String, [String], Answer)] = [
      (Self.noSymmetry + Self.formula("Na Cl", 4), Self.pair, Answer.refused(.formulaContradicted)),
      (Self.formula("Na Cl", 4), Self.pair, .refused(.formulaContradicted)),
      (Self.noSymmetry + Self.formula("Na4 Cl4", 4), Self.rockSalt, .crystal("Na4Cl4")),
      (Self.noSymmetry + Self.formula("Na4 Cl4", 2), Self.rockSalt, .crystal("Na4Cl4")),
      (Self.identity + Self.formula("Na4 Cl4", 4), Self.rockSalt, .crystal("Na4Cl4")),
      (Self.rockSaltSymbol + Self.formula("Na4 Cl4", 4), Self.pair, .crystal("Na4Cl4")),
      (Self.noSymmetry + Self.formula("Na4 Cl4", 3), Self.rockSalt, .refused(.formulaContradicted)),
      (Self.noSymmetry + Self.formula("Na2 Cl2", 4), Self.rockSalt, .refused(.formulaContradicted)),
      // Without a word of symmetry the list may be one molecule of several.
      (Self.formula("Na4 Cl4", 4), Self.rockSalt, .refused(.formulaContradicted)),
      (Self.formula("Na Cl", 4), Self.rockSalt, .crystal("Na4Cl4")),
    ]
    for (header, sites, answer) in cases {
      try CIFReadingTests.expect(
        answer, of: Block(cell: Self.cubic, header: header, sites: sites).text, header)
    }
  }

  @Test func `whole atoms are those of the formula, as far as its decimals go`() throws {
    let alloy = ["Ca1 Ca 0 0 0", "Al1 Al .5 .5 .5", "Al2 Al 0 .5 0"]
    let cases: [(String, [String], Answer)] = [
      ("Na Cl0.9", Self.pair, Answer.refused(.formulaContradicted)),
      ("Na Cl0.99", Self.pair, .refused(.formulaContradicted)),
      ("Na0.95 Cl", Self.pair, .refused(.formulaContradicted)),
      ("Na Cl0.99 Br0.01", Self.pair, .refused(.formulaContradicted)),
      ("Na1.00 Cl1.0", Self.pair, .crystal("NaCl")), ("Na Cl0.98(3)", Self.pair, .crystal("NaCl")),
      ("Na3 Cl3", Self.pair, .crystal("NaCl")), ("Ca0.33 Al0.67", alloy, .crystal("CaAl2")),
      ("Ca0.33 Al0.66", alloy, .crystal("CaAl2")), ("Ca0.3 Al0.7", alloy, .crystal("CaAl2")),
      ("Ca0.4 Al0.5", alloy, .refused(.formulaContradicted)),
      ("Ca0.333 Al0.6", alloy, .refused(.formulaContradicted)),
      ("Ca Al2 H2", alloy, .refused(.atomsNotListed)),
      ("Ca Al3 H2", alloy, .refused(.formulaContradicted)),
    ]
    for (sum, sites, answer) in cases {
      let text = Block(header: Self.noSymmetry + Self.formula(sum), sites: sites).text
      try CIFReadingTests.expect(answer, of: text, sum)
    }
    // Shares of sites may be rounded too.
    let shares = Block(
      header: Self.formula("Fe0.947 O"), columns: "label type_symbol fract_x fract_y fract_z occupancy",
      sites: ["Fe1 Fe 0 0 0 .95", "O1 O .5 .5 .5 1"])
    try CIFReadingTests.expect(.crystal("FeO"), of: shares.text, occupancy: .majority, "a rounded share")
  }

  @Test func `fewer operations than the symbol has are all only where the sites need no more`() throws {
    let number = "_symmetry_Int_Tables_number 225\n"
    let primitive = "3.99 3.99 3.99 60 60 60"
    let unsettled = Answer.refused(.symmetryNotSettled)
    let cases: [(String, String, [String], Answer)] = [
      (Self.rockSaltSymbol, Self.cubic, Self.pair, unsettled),
      (Self.rockSaltSymbol, Self.cubic, Self.rockSalt, .crystal("Na4Cl4")),
      (number, Self.cubic, Self.pair, unsettled), (number, Self.cubic, Self.rockSalt, .crystal("Na4Cl4")),
      ("_space_group_name_Hall '-F 4 2 3'\n", Self.cubic, Self.pair, unsettled),
      ("_space_group_name_Hall '-F 4 2 3'\n", Self.cubic, Self.rockSalt, .crystal("Na4Cl4")),
      // The formula with Z confirms the list, without Z any list.
      (Self.rockSaltSymbol + Self.formula("Na Cl", 1), Self.cubic, Self.pair, .crystal("NaCl")),
      (Self.rockSaltSymbol + Self.formula("Na Cl"), Self.cubic, Self.pair, unsettled),
      // The primitive cell cannot hold the symbol's operations; the formula shows whether all atoms are there.
      (Self.rockSaltSymbol + Self.formula("Na Cl"), primitive, Self.pair, .crystal("NaCl")),
      (Self.rockSaltSymbol, primitive, Self.pair, unsettled),
      ("_symmetry_space_group_name_H-M 'P m -3 m'\n", Self.cubic, Self.pair, .crystal("NaCl")),
      ("_symmetry_space_group_name_H-M nonsense\n", Self.cubic, Self.pair, unsettled),
      (Self.rockSaltSymbol + "_symmetry_Int_Tables_number 227\n", Self.cubic, Self.pair, unsettled),
      ("_symmetry_cell_setting cubic\n", Self.cubic, Self.pair, unsettled),
      ("_symmetry_cell_setting cubic\n" + Self.formula("Na Cl"), Self.cubic, Self.pair, .crystal("NaCl")),
      ("_space_group_name_Schoenflies O_h^5\n", Self.cubic, Self.pair, unsettled),
      (Self.noSymmetry, Self.cubic, Self.pair, .crystal("NaCl")),
    ]
    for (header, cell, sites, answer) in cases {
      let text = Block(cell: cell, header: header + Self.identity, sites: sites).text
      try CIFReadingTests.expect(answer, of: text, "\(header) \(cell) \(sites.count)")
    }
    let listed = rockSaltOperations()
    let others: [([String], Answer)] = [
      (listed.filter { !$0.contains("/") }, unsettled), (listed, .crystal("Na4Cl4")),
      (Array(listed.dropFirst()), .crystal("Na4Cl4")),
    ]
    for (operations, answer) in others {
      let list = "loop_\n_symmetry_equiv_pos_as_xyz\n" + operations.joined(separator: "\n")
      let text = Block(cell: Self.cubic, header: Self.rockSaltSymbol + list, sites: Self.pair).text
      try CIFReadingTests.expect(answer, of: text, "\(operations.count) of 192")
    }
  }

  /// The 192 operations of F m -3 m: signed permutations of the axes, times the centrings.
  private func rockSaltOperations() -> [String] {
    let orders = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0], [1, 0, 2]]
    let centrings = [["", "", ""], ["", "+1/2", "+1/2"], ["+1/2", "", "+1/2"], ["+1/2", "+1/2", ""]]
    var operations: [String] = []
    for centring in centrings {
      for order in orders {
        for signs in 0..<8 {
          let parts = (0..<3).map { row in
            (signs >> row & 1 == 1 ? "-" : "") + ["x", "y", "z"][order[row]] + centring[row]
          }
          operations.append(parts.joined(separator: ","))
        }
      }
    }
    return operations
  }

  @Test func `a list of all atoms is complete in whichever origin the symbol may mean`() throws {
    let diamond: [(Double, Double, Double)] = [
      (0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0), (0.25, 0.25, 0.25), (0.25, 0.75, 0.75),
      (0.75, 0.25, 0.75), (0.75, 0.75, 0.25),
    ]
    let header = "_symmetry_space_group_name_H-M 'F d -3 m'\n" + Self.identity
    for shift: Double in [0, -0.125] {
      let sites = diamond.map { "C1 C \($0.0 + shift) \($0.1 + shift) \($0.2 + shift)" }
      let whole = Block(cell: "3.57 3.57 3.57 90 90 90", header: header, sites: sites)
      try CIFReadingTests.expect(.crystal("C8"), of: whole.text, "shifted by \(shift)")
      let half = Block(cell: "3.57 3.57 3.57 90 90 90", header: header, sites: Array(sites.prefix(7)))
      try CIFReadingTests.expect(
        .refused(.symmetryNotSettled), of: half.text, "one lost, shifted by \(shift)")
    }
  }

  @Test func `symmetry under names that no dictionary has is not read as none`() throws {
    for header in [
      "_spacegroup_name 'F m -3 m'", "_sg_name_H-M Fm-3m", "_cod_original_sg_symbol_H-M 'F m -3 m'",
      "_my_spacegroup 225", "_sg_number 225", "_vendor.Space_Group Fm-3m", "_spacegroup_IT 225",
      "_symmetry_equiv_position_as_xyz 'x,y,-z'", "_lattice_bravais cF", "_vendor_crystal_system cubic",
      "_symop_xyz '-x,-y,-z'", "loop_\n_my_symmetry_operation\n'x,y,z'\n'-x,-y,-z'",
    ] {
      try CIFReadingTests.expect(
        .refused(.symmetryNotSettled), of: Block(header: header, sites: Self.pair).text, header)
      let beside = Block(cell: Self.cubic, header: header + "\n" + Self.rockSaltSymbol, sites: Self.pair).text
      try CIFReadingTests.expect(.crystal("Na4Cl4"), of: beside, header)
    }
    for header in [
      "_spacegroup_name 'P 1'", "_sg_name_H-M P1", "_sg_number 1", "_spacegroup_name ?",
      "_spacegroup_name '?'",
      "_symmetry_tolerance 0.01", "_vendor_crystal_system triclinic", "_space_group_name_Schoenflies C_1^1",
      "_geom_special_details 'by symmetry'", "_my_symmetry_operation 'x, y, z'",
    ] {
      try CIFReadingTests.expect(.crystal("NaCl"), of: Block(header: header, sites: Self.pair).text, header)
    }
  }

  @Test func `two atoms closer than any bond are refused`() throws {
    let columns = "label type_symbol fract_x fract_y fract_z"
    let cases: [(String, String, Answer)] = [
      (".53", "K", Answer.refused(.partialOccupancy)), (".59", "K", .refused(.partialOccupancy)),
      (".515", "Cl", .refused(.partialOccupancy)), (".557", "Cl", .refused(.partialOccupancy)),
      (".6", "Cl", .crystal("NaCl2")), (".5001", "Cl", .crystal("NaCl")),
    ]
    for (x, element, answer) in cases {
      let block = Block(columns: columns, sites: Self.pair + ["X1 \(element) \(x) .5 .5"])
      try CIFReadingTests.expect(answer, of: block.text, "\(element) at \(x)")
      // Images that symmetry makes are no farther away.
      let inverted = "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z\n"
      let site = Double(x).map { "X1 \(element) \(1.5 - $0) .75 .75" } ?? ""
      let image = Block(header: inverted, columns: columns, sites: ["Cl1 Cl 0 .25 .25", site])
      if case .refused = answer {
        try CIFReadingTests.expect(answer, of: image.text, "image, \(element) at \(x)")
      }
    }
    let split = Block(
      columns: columns + " occupancy",
      sites: ["Na1 Na 0 0 0 1", "ClA Cl .5 .5 .5 .5", "ClB Cl .56 .5 .5 .5"])
    try CIFReadingTests.expect(.refused(.partialOccupancy), of: split.text, "a split position")
    try CIFReadingTests.expect(
      .crystal("NaCl"), of: split.text, occupancy: .majority, "of a split position one stays")
  }

  @Test func `what the block says of its sites and operations stands in one list`() throws {
    let inversion = "_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z\n"
    let twice = "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n"
    let cases: [(String, String, Answer)] = [
      (
        "loop_\n_space_group_symop_operation_xyz\nx,y,z\nloop_\n" + inversion, "", Answer.refused(.unreadable)
      ),
      (
        "loop_\n_space_group_symop_operation_xyz\n'x, y, z'\n'-x, -Y, -z'\nloop_\n" + inversion, "",
        .crystal("NaClNaCl")
      ),
      (twice + "_atom_site_fract_z\nK1 K .1 .1 .1", "", .refused(.unreadable)),
      ("loop_\n_atom_site_label\n_atom_site_occupancy\nCl1 .5", "", .refused(.unreadable)),
      (
        "loop_\n_atom_site_label\n_atom_site_type_symbol\nCl1 Cl\nNa1 Na", "label fract_x fract_y fract_z",
        .refused(.unreadable)
      ),
      ("_chemical_formula_sum 'Na Cl'\n_chemical_formula.sum 'K Cl'", "", .refused(.formulaContradicted)),
      ("_chemical_formula_sum 'Na Cl'\n_chemical_formula.sum ?", "", .crystal("NaCl")),
    ]
    for (header, columns, answer) in cases {
      var block = Block(header: header, sites: ["Na1 Na .1 .2 .3", "Cl1 Cl .6 .7 .8"])
      if !columns.isEmpty {
        block = Block(header: header, columns: columns, sites: ["Na1 0 0 0", "Cl1 .5 .5 .5"])
      }
      try CIFReadingTests.expect(answer, of: block.text, header)
    }
  }
}
