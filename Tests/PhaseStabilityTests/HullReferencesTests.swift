import Crystal
import PhaseStability
import TestSupport
import Testing
import TextFormats

struct HullReferencesTests {
  private func references(_ csv: String) throws -> HullReferences {
    try HullReferences(csv: Array(csv.utf8), name: "table")
  }

  @Test func `comments, blank lines, quotes, other columns, carriage returns and a byte order mark are read`()
    throws
  {
    let plain = try references("formula,formation_energy_per_atom\nNa,0\nCl2,0.0\nNa2Cl2,-2.05e0\n")
    let dressed = try references(
      "\u{FEFF}# source: somewhere, 2019\r\n#\r\n\r\nid,formation_energy_per_atom,formula\r\n1, 0 ,Na\r\n"
        + "\"2,x\",0.0,\"Cl2\"\r\n\r\n3,-2.05e0,Na2Cl2")
    #expect(plain.fingerprint == dressed.fingerprint)
    #expect(plain.source != dressed.source)
    #expect(plain.entryCount == 3)
    #expect(plain.phase(at: 2).formula == "Na2Cl2")
    #expect(plain.phase(at: 2).energyText == "-2.05e0")
    #expect(plain.phase(at: 2).composition == (try Composition(formula: "NaCl")))
  }

  @Test func `of several entries of one reduced composition the lowest counts`() throws {
    let table = try references("formula,formation_energy_per_atom\nNaCl,-1\nNa2Cl2,-2\nNa3Cl3,-1.5\nNa,0\n")
    #expect(table.entryCount == 2)
    #expect(table.duplicateCount == 2)
    let index = try #require(table.phaseIndex(of: try Composition(formula: "NaCl")))
    #expect(table.phase(at: index).formula == "Na2Cl2")
    #expect(table.phase(at: index).energyPerAtom == -2)
    #expect(table.phaseIndex(of: try Composition(formula: "NaCl2")) == nil)
    #expect(table.missingTerminals.map(\.symbol) == ["Cl"])
    #expect(table.phaseCount == 3)
  }

  @Test func `the order of the lines has no influence`() throws {
    var generator = SeededGenerator(seed: 3)
    let (_, entries) = try randomPhases(elementCount: 5, compoundCount: 80, using: &generator)
    let first = try HullReferences(entries: entries, name: "a")
    let second = try HullReferences(entries: (entries + entries).shuffled(using: &generator), name: "a")
    #expect(first.fingerprint == second.fingerprint)
    #expect(second.duplicateCount == entries.count)
    #expect((0..<first.phaseCount).allSatisfy { first.phase(at: $0) == second.phase(at: $0) })
  }

  @Test func `lines that cannot be read are named`() throws {
    let header = "# note\nformula,formation_energy_per_atom\n"
    #expect(
      throws: HullError.unreadableFormula(line: 4, text: "NaXx", reason: .unknownElement(position: 2))
    ) { try references(header + "Na,0\nNaXx,1\n") }
    for text in ["", "nan", "inf", "0x1p3", "1e", "1.2.3", "--1", "1e999999", "-1,5", "1e400", "1e7"] {
      #expect(throws: HullError.self, "\(text)") { try references(header + "Na,\(text)\n") }
    }
    #expect(throws: HullError.unreadableEnergy(line: 3, text: "low")) { try references(header + "Na,low\n") }
    #expect(throws: HullError.table(.fieldCount(line: 3, found: 1, expected: 2, delimiter: nil))) {
      try references(header + "Na\n")
    }
    #expect(throws: HullError.table(.fieldCount(line: 4, found: 3, expected: 2, delimiter: nil))) {
      try references(header + "Na,0\nNaCl,-1,55\n")
    }
    #expect(throws: HullError.table(.openQuote(line: 3))) { try references(header + "\"Na,0\n") }
    let name = "formation_energy_per_atom"
    #expect(throws: HullError.table(.missingColumn(name: name, header: "formula,energy", line: 1))) {
      try references("formula,energy\nNa,0\n")
    }
    #expect(throws: HullError.table(.noHeader)) { try references("") }
    #expect(throws: HullError.noEntries) { try references(header) }
  }

  @Test func `a table cut at any byte is read or refused`() throws {
    let csv = Array("formula,formation_energy_per_atom\n\"Na\",0\nCl2,0.0\nNa(Cl2)3,-2.05e-1\n".utf8)
    var readable = 0
    for length in 0...csv.count {
      do throws(HullError) {
        let table = try HullReferences(csv: Array(csv.prefix(length)), name: "cut")
        #expect(table.entryCount <= 3)
        readable += 1
      } catch { continue }
    }
    #expect(readable > 5)
  }

  @Test(arguments: 0..<6)
  func `the second hull is that of references and candidates together, in any order`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 600 + seed)
    let (_, entries) = try randomPhases(elementCount: 4, compoundCount: 60, using: &generator)
    let first = try HullReferences(entries: Array(entries.prefix(30)), name: "first")
    let candidates = Array(entries.dropFirst(30))
    let second = first.adding(candidates)
    let other = first.adding(candidates.shuffled(using: &generator))
    let whole = try HullReferences(entries: entries, name: "whole")
    #expect(second.fingerprint == other.fingerprint)
    #expect(second.fingerprint == whole.fingerprint)
    #expect(second.entryCount == whole.entryCount)
    var firstSolver = HullSolver(references: first)
    var secondSolver = HullSolver(references: second)
    for candidate in candidates {
      let (composition, energy) = (candidate.composition, candidate.energyPerAtom)
      let before = try firstSolver.distance(of: composition, energyPerAtom: energy).energyAboveHull
      let after = try secondSolver.distance(of: composition, energyPerAtom: energy).energyAboveHull
      #expect(after >= 0)
      #expect(after >= before - 1e-12)
    }
  }

  @Test func `an element that the references do not know stays unknown on the second hull`() throws {
    let first = try references("formula,formation_energy_per_atom\nNaCl,-2\n")
    let strange = try PhaseEntry(formula: "NaK", energyPerAtom: -0.1)
    let chlorine = try PhaseEntry(formula: "Cl2", energyPerAtom: -0.2)
    let second = first.adding([strange, chlorine])
    var solver = HullSolver(references: second)
    let potassium = try #require(Element(symbol: "K"))
    #expect(throws: HullError.noTerminalReference(potassium)) {
      try solver.distance(of: strange.composition, energyPerAtom: -0.1)
    }
    #expect(second.missingTerminals.map(\.symbol) == ["Na", "K"])
    #expect(second.entryCount == 3)
    let three = try solver.distance(of: try Composition(formula: "NaCl3"), energyPerAtom: 0)
    #expect(abs(three.energyAboveHull - 1.1) < 1e-12)
  }
}
