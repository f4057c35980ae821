import Crystal
import Foundation
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Records explained") struct RecordSearchTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Rock salt with its conventional cell.
  private static func rockSalt(lattice constant: Double) throws -> Structure {
    let corners: [SIMD3<Double>] = [
      .init(0, 0, 0), .init(0, 0.5, 0.5), .init(0.5, 0, 0.5), .init(0.5, 0.5, 0),
    ]
    let (sodium, chlorine) = (try #require(Element(symbol: "Na")), try #require(Element(symbol: "Cl")))
    return try Structure(
      lattice: Lattice(a: .init(constant, 0, 0), b: .init(0, constant, 0), c: .init(0, 0, constant)),
      elements: Array(repeating: sodium, count: 4) + Array(repeating: chlorine, count: 4),
      fractionalPositions: corners + corners.map { $0 + SIMD3(0.5, 0, 0) })
  }

  private func message(_ body: () throws -> some Any) -> String {
    do {
      _ = try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func `id, member and number find the same record, and its cell, volume and density are right`() throws
  {
    let text = cifText(id: "salt", structure: try Self.rockSalt(lattice: 5.6402))
    try files.folder.write(text, to: "tree/a/salt.cif")
    try files.folder.write(cifText(id: "other", structure: try Self.rockSalt(lattice: 6)), to: "tree/a/b.cif")
    let search = RecordSearch(files.folder.path("tree"))
    let found = try ["salt", "a/salt.cif", "#1"].map { try search.explain($0) }
    #expect(Set(found.map(\.record)) == [1] && Set(found.map(\.member)) == ["a/salt.cif"])
    let crystal = try #require(found[0].crystal)
    #expect(crystal.formula == "NaCl" && crystal.cellFormula == "Na4Cl4" && crystal.sites == 8)
    #expect(crystal.lengths.allSatisfy { abs($0 - 5.6402) < 1e-10 })
    #expect(crystal.angles.allSatisfy { abs($0 - 90) < 1e-10 })
    #expect(abs(crystal.volumePerAtom - 5.6402 * 5.6402 * 5.6402 / 8) < 1e-9)
    // X-ray density of halite with this lattice constant: 2.163 g/cm³ (Handbook of Mineralogy).
    #expect(abs(crystal.density - 2.163) < 0.001)
    #expect(found[0].rejection == nil && found[0].outcome == nil && found[0].rules.isEmpty)
    #expect(found[0].statements.contains("_chemical_formula_sum 'Na4 Cl4'"))
    #expect(found[0].statements.contains("8 lines of atom sites"))
    #expect(found[0].statements.contains { $0.hasPrefix("_cell_length_a 5.64") })
    #expect(
      message { try search.explain("absent") }.contains(
        "\"absent\"; the first record is \"b\" in a/b.cif, or '#0'"))
    #expect(message { try search.explain("1") }.contains("'#1' asks for the record with that number"))
    #expect(message { try search.explain("#2") }.contains("has no record 2: it has 2, #0 to #1"))
  }

  @Test func `a record that names its id is found by it and by its line`() throws {
    let lines = try ["one", "tw\"o"].map { try recordLine(id: $0, structure: Self.rockSalt(lattice: 5)) }
    _ = try files.archive(lines)
    let search = RecordSearch(files.folder.path("crystals.jsonl"))
    #expect(try search.explain("tw\"o").record == 1)
    #expect(try search.explain("crystals:2").id == "tw\"o")
  }

  @Test func `of a record in JSON its members are named, long ones by their size`() throws {
    let line = try recordLine(id: "salt", structure: Self.rockSalt(lattice: 5))
    let statements = #","note":{"a":1,"b":[]},"gap":1.50,"text":"a\n\u001b[2J","none":null}"#
    _ = try files.archive([String(line.dropLast()) + statements])
    let explanation = try RecordSearch(files.folder.path("crystals.jsonl")).explain("#0")
    #expect(
      explanation.statements.suffix(4) == [
        "note: an object of 2", "gap: 1.50", #"text: "a\n\u001b[2J""#, "none: null",
      ])
    #expect(explanation.statements.contains("lattice: a list of 3"))
  }

  @Test func `a row of a table has the names of its columns`() throws {
    let row = #"[{"lattice":[[4,0,0],[0,4,0],[0,0,4]],"species":["Na"],"frac_coords":[[0,0,0]]},-1.25]"#
    try files.folder.write(
      #"{"columns":["structure","energy"],"index":[7],"data":[\#(row)]}"#, to: "table.json")
    let explanation = try RecordSearch(files.folder.path("table.json")).explain("#0")
    #expect(explanation.statements == ["structure: an object of 3", "energy: -1.25"])
  }

  @Test func `what is no crystal has the reason, message and place that an examination gives`() throws {
    let good = cifText(id: "salt", structure: try Self.rockSalt(lattice: 5.6402))
    try files.folder.write(good.replacing("_cell_length_a", with: "_cell_lost"), to: "broken.cif")
    let path = files.folder.path("broken.cif")
    let explanation = try RecordSearch(path).explain("#0")
    let rejection = try #require(explanation.rejection)
    let report = try ArchiveExamination(path).run(clock: { 0 }, progress: { _ in })
    let example = try #require(report.rejections.first?.examples.first)
    #expect(explanation.crystal == nil && rejection.stage == "read")
    #expect(rejection.reason == report.rejections.first?.reason)
    #expect(rejection.message == example.message && rejection.byteOffset == example.byteOffset)
  }

  @Test func `control characters and long lines of a file do not reach the terminal`() throws {
    let text =
      "comment \u{1B}[2J\u{7}" + String(repeating: "x", count: 500)
      + "\n1\n5 0 0\n0 5 0\n0 0 5\nNa\n1\nDirect\n0 0 0\n"
    try files.folder.write(text, to: "POSCAR")
    let explanation = try RecordSearch(files.folder.path("POSCAR")).explain("#0")
    #expect(explanation.statements.count == 7)
    #expect(
      explanation.statements.allSatisfy { $0.count < 200 && !$0.unicodeScalars.contains { $0.value < 32 } })
    #expect(explanation.crystal?.formula == "Na")
  }

  @Test func `in a run a record has the outcome that the run gave it`() throws {
    let element = try #require(Element(symbol: "Lr"))
    let odd = try Structure(
      lattice: Self.rockSalt(lattice: 4).lattice, elements: [element], fractionalPositions: [.init(0, 0, 0)])
    _ = try files.archive([
      try recordLine(id: "salt", structure: Self.rockSalt(lattice: 5.6)),
      try recordLine(id: "odd", structure: odd),
      "{}",
    ])
    try files.run(
      try files.campaign(
        inputs: "- archive: {path: crystals.jsonl}",
        stages: "- filter: {name: large, maximum_sites: 8}\n" + CampaignFolder.stages,
        more: "rejections: {allowed_share: 1}"))
    let search = RecordSearch(files.folder.path("run"))
    let row = try search.explain("salt")
    #expect(row.outcome == "row" && row.rejection == nil && row.crystal?.formula == "NaCl")
    #expect(row.archive.hasSuffix("crystals.jsonl"))
    let late = try search.explain("odd")
    #expect(late.outcome == "rejected" && late.crystal?.formula == "Lr")
    #expect(late.rejection?.reason == "element_not_in_model" && late.rejection?.stage == "predict tiny")
    let early = try search.explain("#2")
    #expect(early.crystal == nil && early.rejection?.stage == "read")
    #expect(message { try search.explain("absent") }.contains("crystals.jsonl"))
    try files.folder.write("{}\n", to: "crystals.jsonl")
    #expect(message { try search.explain("salt") }.contains("no longer the archive"))
  }

  @Test func `candidates of a decoration are not explained`() throws {
    try files.run(try files.campaign())
    #expect(message { try RecordSearch(files.folder.path("run")).explain("#0") }.contains("made, not read"))
  }
}
