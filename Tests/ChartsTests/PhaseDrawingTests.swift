import Charts
import Crystal
import PhaseStability
import TestSupport
import Testing

struct PhaseDrawingTests {
  /// A diagram of phases at every composition of up to two atoms an element, with random energies.
  private func diagram(
    seed: UInt64, _ symbols: [String], candidates: [PhaseEntry] = []
  ) throws -> PhaseDiagram {
    var generator = SeededGenerator(seed: 300 + seed)
    var formulas: [String] = [""]
    for symbol in symbols {
      formulas = formulas.flatMap { f in (0...2).map { $0 == 0 ? f : "\(f)\(symbol)\($0)" } }
    }
    let entries = try formulas.dropFirst().map { formula in
      let isElement = try Composition(formula: formula).elements.count == 1
      return try PhaseEntry(
        formula: formula, energyPerAtom: isElement ? 0 : Double.random(in: -2...0.3, using: &generator))
    }
    return try PhaseDiagram(
      references: try HullReferences(entries: entries, name: "a & b <c>"),
      elements: symbols.compactMap { Element(symbol: $0) }, candidates: candidates)
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `a drawing holds every phase, is well formed and refers to nothing outside`(seed: UInt64) throws {
    let symbols = Array(["Li", "Fe", "O"].prefix(2 + Int(seed % 2)))
    let diagram = try diagram(seed: seed, symbols)
    let svg = try diagram.svg()
    let names = try elements(svg)
    #expect(names.count { $0 == "circle" } >= diagram.phases.count)
    for phase in diagram.phases { #expect(svg.contains("<title>\(phase.formula): ")) }
    #expect(svg.contains("<title>Phase diagram of \(symbols.joined(separator: "–"))</title>"))
    #expect(svg.contains("a &amp; b &lt;c&gt;"))
    #expect(!svg.contains("href") && !svg.contains("nan") && !svg.contains("inf"))
    #expect(svg == (try diagram.svg()))
  }

  @Test(arguments: [["Li", "O"], ["Li", "Fe", "O"]])
  func `candidates are drawn and listed beside the references`(symbols: [String]) throws {
    let candidates = try (1...8).map { number in
      try PhaseEntry(formula: "Li\(number)O", energyPerAtom: -0.1 * Double(number))
    }
    let drawing = try diagram(seed: 9, symbols, candidates: candidates).svg()
    for entry in candidates { #expect(drawing.contains("candidate \(entry.formula): ")) }
    #expect(drawing.contains(">c8<") && !drawing.contains(">c9<"))
    #expect(!(try diagram(seed: 9, symbols).svg()).contains("candidate"))
  }

  @Test func `four elements have no drawing`() throws {
    let diagram = try diagram(seed: 0, ["Li", "Fe", "P", "O"])
    #expect(throws: HullError.noDiagram(elementCount: 4)) { try diagram.svg() }
  }

  @Test func `absurd energies are drawn or refused, not tripped over`() throws {
    let elements = ["Na", "Cl"].compactMap { Element(symbol: $0) }
    for energy in ["-1e6", "1e6", "-1e-30", "999999.9"] {
      let csv = Array("formula,formation_energy_per_atom\nNaCl,\(energy)\nNaCl3,0.3\n".utf8)
      let diagram = try PhaseDiagram(
        references: try HullReferences(csv: csv, name: "salt"), elements: elements)
      #expect(try diagram.svg().count < 20_000)
    }
    #expect(throws: HullError.energyOutOfRange(-2e6)) { try PhaseEntry(formula: "NaCl", energyPerAtom: -2e6) }
  }
}
