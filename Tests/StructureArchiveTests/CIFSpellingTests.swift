import Crystal
import StructureArchive
import TestSupport
import Testing

/// Spellings of symbols, elements, labels and formulas that are unusual and leave no doubt are read.
@Suite struct CIFSpellingTests {
  typealias Answer = CIFReadingTests.Answer
  typealias Block = CIFReadingTests.Block

  static let labels = "label fract_x fract_y fract_z"

  @Test func `unique axis and cell choice may stand behind a monoclinic symbol that agrees`() throws {
    func text(_ symbol: String, cell: String = "5.3 6.1 7.2 90 98.4 90") -> String {
      Block(
        cell: cell, header: "_symmetry_space_group_name_H-M '\(symbol)'",
        sites: ["Zr1 Zr .12 .21 .33", "S1 S .4 .1 .05"]
      ).text
    }
    let cases: [(String, String)] = [
      ("P 21/n (cell choice 2)", "P 1 21/n 1"), ("P 21/c (unique axis b)", "P 1 21/c 1"),
      ("P 21/c unique axis b", "P 1 21/c 1"), ("P 21/n unique axis b, cell choice 2", "P 1 21/n 1"),
      ("P 1 21/n 1 (Unique Axis b, cell choice 2)", "P 1 21/n 1"), ("P 21/a, cell choice 3", "P 1 21/a 1"),
      ("P 2/m (unique axis b)", "P 1 2/m 1"),
    ]
    for (symbol, plain) in cases {
      let wanted = try CIFReadingTests.decode(text(plain)).structure
      #expect(try CIFReadingTests.decode(text(symbol)).structure == wanted, "\(symbol)")
    }
    try CIFReadingTests.expect(
      .crystal("Zr4S4"), of: text("P 2/m (unique axis c)", cell: "5.3 6.1 7.2 90 90 98.4"), "axis c")
    for symbol in [
      "P 21/n (cell choice 3)", "P 21/c (cell choice 2)", "P 21/c (unique axis c)", "P 21/c (unique axis q)",
      "P 2/m (unique axis c)",
    ] {
      try CIFReadingTests.expect(.refused(.symmetryNotSettled), of: text(symbol), symbol)
    }
  }

  @Test func `a code of interchanged axes is the setting that it makes`() throws {
    func text(_ header: String) -> String {
      Block(cell: "5.3 6.1 7.2 90 98.4 90", header: header, sites: ["Zr1 Zr .12 .21 .33"]).text
    }
    let cases: [(Int, String, String)] = [
      // a and c interchanged: the glide along c is one along a.
      (14, "-b1", "P 1 21/a 1"), (14, "-b2", "P 1 21/n 1"), (14, "-b3", "P 1 21/c 1"),
      (15, "-b1", "A 1 2/a 1"),
    ]
    for (number, code, plain) in cases {
      let header = "_space_group_IT_number \(number)\n_space_group_IT_coordinate_system_code \(code)"
      let wanted = try CIFReadingTests.decode(text("_space_group_name_H-M_alt '\(plain)'")).structure
      let structure = try CIFReadingTests.decode(text(header)).structure
      #expect(
        Set(structure.fractionalPositions.map(rounded)) == Set(wanted.fractionalPositions.map(rounded)),
        "\(code)")
    }
    try CIFReadingTests.expect(
      .refused(.symmetryNotSettled),
      of: text("_space_group_IT_number 14\n_space_group_IT_coordinate_system_code -b7"), "no such code")
  }

  private func rounded(_ point: SIMD3<Double>) -> SIMD3<Double> {
    let inside = point - point.rounded(.down)
    return (inside * 1e6).rounded(.toNearestOrEven)
  }

  @Test func `bars, suffixes and symbols without blanks are understood`() throws {
    let calcite = ["Ca1 Ca 0 0 0", "C1 C 0 0 .25", "O1 O .257 0 .25"]
    for symbol in [
      "R -3 c HS", "R-3cHS", #"R \=3 c"#, #"R \bar{3} c"#, #"$R\bar{3}c$"#, "R 3\u{0305} c", "R \u{2212}3 c",
      "R-32/c",
    ] {
      let header = "_symmetry_space_group_name_H-M '\(symbol)'"
      let text = Block(cell: "4.99 4.99 17.06 90 90 120", header: header, sites: calcite).text
      try CIFReadingTests.expect(.crystal("Ca6C6O18"), of: text, symbol)
    }
    let spinel = ["Mg1 Mg .125 .125 .125", "Al1 Al .5 .5 .5", "O1 O .2624 .2624 .2624"]
    for symbol in ["F4(1)/d-32/m:2", "F41/d-32/m:2", "F4_1/d-32/m :2", #"F d \=3 m:2"#] {
      let header = "_symmetry_space_group_name_H-M '\(symbol)'"
      let text = Block(cell: "8.083 8.083 8.083 90 90 90", header: header, sites: spinel).text
      try CIFReadingTests.expect(.crystal("Mg8Al16O32"), of: text, symbol)
    }
    let cases: [(String, String, Int)] = [
      ("P2/m2/m2/m", "5 6 7 90 90 90", 8), ("P21/n21/m21/a", "5 6 9 90 90 90", 8),
      ("I4/m2/m2/m", "5 5 7 90 90 90", 32), ("P6/m2/m2/m", "5 5 7 90 90 120", 24),
      ("P321", "5 5 7 90 90 120", 6),
      ("F4/m-32/m", "8 8 8 90 90 90", 192),
    ]
    for (symbol, cell, count) in cases {
      let header = "_symmetry_space_group_name_H-M '\(symbol)'"
      let text = Block(cell: cell, header: header, sites: ["Na1 Na .11 .31 .45"]).text
      try CIFReadingTests.expect(.crystal("Na\(count)"), of: text, symbol)
    }
    let operations = "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n'\\=x,\\=y,\\=z'"
    try CIFReadingTests.expect(
      .crystal("Na2"), of: Block(header: operations, sites: ["Na1 Na .1 .2 .3"]).text, "bars in operations")
  }

  @Test func `type symbols with valences in brackets and mass numbers are their elements`() throws {
    let cases: [(String, String)] = [
      ("Fe(3+)", "Fe"), ("Fe(+3)", "Fe"), ("O(2-)", "O"), ("Fe(III)", "Fe"), ("57Fe", "Fe"), ("13C", "C"),
      ("235U", "U"), ("1H", "H"), ("2H", "H"), ("3H", "H"),
    ]
    for (type, element) in cases {
      let text = Block(sites: ["Mg1 Mg 0 0 0", "X1 \(type) .5 .5 .5"]).text
      try CIFReadingTests.expect(.crystal("Mg\(element)"), of: text, type)
      let isHeavy = type == "2H" || type == "3H"
      #expect(
        try CIFReadingTests.decode(text).notes.map(\.rule) == (isHeavy ? [.isotopeAsHydrogen] : []), "\(type)"
      )
    }
    for type in ["3Fe", "157Fe", "4H", "2", "Fe(I)", "Fe(x)", "0Fe", "2D"] {
      let text = Block(sites: ["Mg1 Mg 0 0 0", "X1 \(type) .5 .5 .5"]).text
      try CIFReadingTests.expect(.refused(.unknownElement), of: text, type)
    }
  }

  @Test func `a formula in upper case is read by words where its letters do not fit`() throws {
    let cases: [(String, [String], Answer)] = [
      ("SN O", ["Sn1 Sn 0 0 0", "O1 O .5 .5 .5"], Answer.crystal("SnO")),
      ("HF1 O1", ["Hf1 Hf 0 0 0", "O1 O .5 .5 .5"], .crystal("HfO")),
      ("SN", ["S1 S 0 0 0", "N1 N .5 .5 .5"], .crystal("SN")),
      ("S N O", ["S1 S 0 0 0", "N1 N .5 .5 .5", "O1 O .5 0 0"], .crystal("SNO")),
      ("SN O", ["Si1 Si 0 0 0", "O1 O .5 .5 .5"], .refused(.formulaContradicted)),
    ]
    for (formula, sites, answer) in cases {
      let text = Block(header: "_chemical_formula_sum '\(formula)'", sites: sites).text
      try CIFReadingTests.expect(answer, of: text, formula)
    }
    let others: [(String, String, Answer)] = [
      ("CO O", "CO1", Answer.crystal("CoO")), ("SN O", "SN1", .crystal("SnO")),
      ("SN O", "SB1", .refused(.formulaContradicted)),
    ]
    for (formula, first, answer) in others {
      let text = Block(
        header: "_chemical_formula_sum '\(formula)'", columns: Self.labels,
        sites: ["\(first) 0 0 0", "O1 .5 .5 .5"]
      ).text
      try CIFReadingTests.expect(answer, of: text, "\(formula), \(first)")
    }
  }

  @Test func `labels with a site's letter, of water, or of the only atom type left are read`() throws {
    func types(_ list: String) -> String {
      "loop_\n_atom_type_symbol\n" + list.split(separator: " ").joined(separator: "\n")
    }
    let cases: [(String, String, Answer)] = [
      ("", "Na1 ClA ClB", Answer.crystal("NaCl2")), ("", "Na1 ClB", .refused(.unknownElement)),
      ("_chemical_formula_sum 'Na Cl'", "Na1 ClB", .crystal("NaCl")),
      ("", "Si1 OA1 OB1 OC1", .crystal("SiO3")),
      ("", "Si1 OA1 OH1", .refused(.unknownElement)), ("", "Na1 W1", .crystal("NaW")),
      ("_chemical_formula_sum 'Na O'", "Na1 W1", .crystal("NaO")),
      ("_chemical_formula_sum 'Na O H2'", "Na1 W1", .refused(.atomsNotListed)),
      ("_chemical_formula_sum 'Na W O'", "Na1 W1 O1", .crystal("NaWO")),
      (types("C O"), "CO1 O1", .crystal("CO")), (types("Co O"), "CO1 O1", .crystal("CoO")),
      (types("C O"), "CO1 O1 C1", .refused(.unknownElement)),
      (types("Ca H O"), "Ca1 HO1 H1", .refused(.unknownElement)),
      (types("C O") + "\n_chemical_formula_sum 'C O2'", "CO1 O1 O2", .crystal("CO2")),
    ]
    for (header, labels, answer) in cases {
      let sites = labels.split(separator: " ").enumerated().map {
        "\($0.element) .\($0.offset)1 .\(2 * $0.offset) 0"
      }
      let block = Block(cell: "8 8 8 90 90 90", header: header, columns: Self.labels, sites: sites)
      try CIFReadingTests.expect(answer, of: block.text, "\(labels) \(header)")
    }
  }
}
