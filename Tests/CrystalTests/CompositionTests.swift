import Crystal
import Testing

@Suite struct CompositionTests {
  @Test(arguments: [
    ("FeP2(H4O5)2", "H8FeP2O10"), ("Na4Cl4", "Na4Cl4"), ("Ca[Al2(OH)4]2", "Ca1Al4O8H8"), ("C", "C"),
  ])
  func `brackets multiply out`(formula: String, flat: String) throws {
    #expect(try Composition(formula: formula) == Composition(formula: flat))
  }

  @Test(arguments: [
    "", "Xx2", "Fe(O2", "Fe)O", "Fe0", "Fe0.5O", "fe2", "H99999999999999999999", "((((((((((((((((((H",
  ])
  func `what is no formula is refused with a position`(formula: String) {
    #expect(throws: FormulaError.self) { try Composition(formula: formula) }
  }

  @Test func `the formula puts the least electronegative element first`() throws {
    let composition = try Composition(formula: "O6Ti2Ba2")
    #expect(composition.formula == "Ba2Ti2O6")
    #expect(composition.reducedFormula == "BaTiO3")
    #expect(composition.chemicalSystem == "Ba-O-Ti")
    #expect(composition.atomCount == 10)
  }

  @Test func `every symbol leads back to its element`() {
    for element in Element.all { #expect(Element(symbol: element.symbol) == element) }
    #expect(Element(symbol: "D") == nil)
    #expect(Element(symbol: "") == nil)
    #expect(Element(symbol: "Abc") == nil)
  }

  @Test func `isotopes of hydrogen are hydrogen as species and in formulas, and no symbols of elements`()
    throws
  {
    for symbol in ["D", "T"] {
      #expect(Element(symbol: symbol) == nil)
      #expect(Element(species: symbol)?.symbol == "H")
      #expect(try Composition(formula: "\(symbol)2O") == Composition(formula: "H2O"))
    }
    #expect(try Composition(formula: "LiDH(TO)2").formula == "LiH4O2")
    for symbol in ["Dy", "Ti", "H", "Ds", "Ts"] {
      #expect(Element(species: symbol) == Element(symbol: symbol))
    }
    #expect(Element(species: "Dd") == nil)
  }
}
