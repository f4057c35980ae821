import Foundation
import PhaseStability
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

/// Kinds of tables and entries that readers tend to read wrongly; the right answers are by hand.
@Suite("Tables that are easily misread") struct TableKindTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let references = "formula,formation_energy_per_atom\nFe,0\nO2,0\nFe2O3,-1.6\nFeO,-1.4\n"

  private func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return describe(error) }
    return "no error"
  }

  private func place(_ candidates: String, on references: String = references) throws -> (
    report: TableReport, rows: [[String: String]]
  ) {
    let table = try HullTable(
      reference: try folder.write(references, to: "references"), excludesSameComposition: false)
    let report = try table.write(
      try folder.write(candidates, to: "candidates.csv"), to: folder.path("out.csv"))
    return (report.table, records(ofCSV: try folder.text("out.csv")))
  }

  // MARK: Decimal commas and other delimiters

  @Test
  func `a candidate with a decimal comma is refused with its line, and no verdict is made of half a number`()
    throws
  {
    let (report, rows) = try place("formula,formation_energy_per_atom\nFe3O4,-1,55\nFe3O4,-1.55\n")
    #expect(report.rejected == ["unreadable": 1] && report.written == 1)
    #expect(report.messages[0].contains("candidates.csv: line 2: 3 fields where the header has 2"))
    #expect(rows.map { $0["e_above_hull"] }[0] == "" && rows[0]["formation_energy_per_atom"] == "")
    // 5/7 Fe2O3 + 2/7 FeO: −8/7 − 2/5 = −54/35.
    let distance = try #require(rows[1]["e_above_hull"].flatMap { Double($0) })
    #expect(abs(distance - (-1.55 + 54.0 / 35)) < 1e-12)
  }

  @Test(arguments: [
    ("formula,formation_energy_per_atom,note\nFe3O4,-1,55,x\n", "line 2: 4 fields where the header has 3"),
    ("id,formation_energy_per_atom,formula\n1,-1,55,Fe3O4\n", "line 2: 4 fields where the header has 3"),
    (
      "formula,formation_energy_per_atom\nFe3O4,\"-1,55\"\n",
      "\"-1,55\" is no finite energy (a decimal comma?"
    ),
    (
      "formula,formation_energy_per_atom\nFe3O4,-1.55d0\n",
      "line 2: \"Fe3O4\": \"-1.55d0\" is no finite energy"
    ),
    ("formula,formation_energy_per_atom\nFe3O4,nan\n", "line 2: \"Fe3O4\": the energy is not finite"),
    ("formula,formation_energy_per_atom\nFe3O4,\n", "line 2: \"Fe3O4\": the energy is not finite"),
    ("formula,formation_energy_per_atom\nFe3O4;-1,55\n", "line 2: \"Fe3O4;-1\": "),
    (
      "formula,formation_energy_per_atom\nFe3O4\t-1.55\n",
      "line 2: 1 field where the header has 2 (separated by tabs"
    ),
    ("formula,formation_energy_per_atom\nFe3O4,-1,550,0\n", "line 2: 4 fields where the header has 2"),
  ])
  func `no candidate of a broken line gets a verdict`(candidates: String, part: String) throws {
    let (report, rows) = try place(candidates)
    #expect(report.written == 0 && rows.count == 1 && rows[0]["e_above_hull"] == "")
    #expect(report.messages[0].contains(part), "\(report.messages)")
  }

  @Test(arguments: [
    (
      "formula;formation_energy_per_atom\nFe;0\n",
      "line 1: fields are separated by semicolons, where commas are"
    ),
    ("formula\tformation_energy_per_atom\nFe\t0\n", "line 1: fields are separated by tabs, where commas are"),
    ("formula,formation_energy_per_atom\nFe,0\nFe2O3,-1,6\n", "line 3: 3 fields where the header has 2"),
    ("formula,formation_energy_per_atom\nFe,0\nFe2O3\n", "line 3: 1 field where the header has 2"),
    (
      "formula,formation_energy_per_atom\nFe,0\nFe2O3,\"-1,6\"\n",
      "\"-1,6\" is no finite energy (a decimal comma?"
    ),
    ("formula,formation_energy_per_atom\nFe,0\n\"Fe2O3,-1.6\n", "line 3: a quote is not closed"),
    (
      "formula,formation_energy_per_atom,formation_energy_per_atom\nFe,0,1\n",
      "line 1: the column \"formation_energy_per_atom\" stands twice"
    ),
    ("formula,energy\nFe,0\n", "line 1: there is no column \"formation_energy_per_atom\" in the header"),
    ("f\0o\0r\0m\0u\0l\0a\0\n", "byte 1 is zero: no text in UTF-8"),
  ])
  func `a table that is broken anywhere is refused for references and candidates, with its line`(
    text: String, part: String
  ) throws {
    let path = try folder.write(text, to: "table.csv")
    let found = message { _ = try ReferenceFile.load(path) }
    #expect(found.contains(part) && found.contains("table.csv"), "\(found)")
    let energies = message { _ = try EnergyRecords([path]) }
    #expect(energies != "no error" && energies.contains("table.csv"), "\(energies)")
  }

  @Test func `a diagram takes no half number for a candidate either`() throws {
    let diagram = try HullDiagram(reference: try folder.write(Self.references, to: "references"))
    let candidates = try folder.write(
      "formula,formation_energy_per_atom\nFe3O4,-1,55\n", to: "candidates.csv")
    let report = try diagram.write("Fe-O", candidates: candidates, to: folder.path("out.json"))
    #expect(report.candidates == 0 && report.table.rejected == ["unreadable": 1])
  }

  @Test(arguments: [
    ("element,energy_per_atom\nNa,-1,3\n", "line 2: 3 fields where the header has 2"),
    ("element;energy_per_atom\nNa;-1,3\n", "fields are separated by semicolons"),
    ("element,energy_per_atom\nNa,\"-1,3\"\n", "\"-1,3\" is no finite number (a decimal comma?"),
    ("element,energy\nNa,-1.3\n", "there is no column \"energy_per_atom\""),
    ("element,energy_per_atom\nNa,-1.3\nNa,-1.3\n", "line 3: Na is given twice"),
    ("element,energy_per_atom\nNa,0x1p3\n", "line 2: energy_per_atom \"0x1p3\" is no finite number"),
    ("{\"Na\": -1.3, \"Na\": -1.4}", "the name \"Na\" stands twice"),
    ("{\"Na\": \"-1.3\"}", "the energy of Na is no finite number"), ("{\"Na\": -1.3", "byte 11"),
    ("", "the file is empty"),
  ])
  func `a file of elements' energies is refused where it is broken`(text: String, part: String) throws {
    let path = try folder.write(text, to: "elements")
    let found = message { _ = try ElementalEnergies.read(path) }
    #expect(found.contains(part) && found.contains("elements"), "\(found)")
  }

  @Test func `an element without a number is not given, and no error where it is not needed`() throws {
    for text in [
      "element,energy_per_atom\nNa,-1.3\nXe,\nKr,nan\n", "{\"Na\": -1.3, \"Xe\": null, \"Kr\": NaN}",
      "\u{FEFF}element , energy_per_atom\r\n\"Na\", -1.3 \r\n",
    ] {
      let energies = try ElementalEnergies.read(try folder.write(text, to: "elements"))
      #expect(energies.map { "\($0.key) \($0.value)" } == ["Na -1.3"], "\(text)")
    }
  }

  @Test(arguments: [
    ("id;e_above_hull\na;0,1\n", "line 1: fields are separated by semicolons"),
    ("id\te_above_hull\na\t0.1\n", "line 1: fields are separated by tabs"),
    ("id,e_above_hull\na,\"0,1\"\n", "line 2: e_above_hull \"0,1\" is no finite number (a decimal comma?"),
    ("id,e_above_hull\na,0,1\n", "line 2: 3 fields where the header has 2"),
    ("id,e_above_hull\na\n", "line 2: 1 field where the header has 2"),
    ("id,e_above_hull\n\"a,0.1\n", "line 2: a quote is not closed"),
    ("id,e_above_hull,e_above_hull\na,0.1,0.2\n", "stands twice"),
    ("id,e_above_hull\n", "no record with a number"), ("\n \n", "the file is empty"),
    ("i\0d\0,\0", "byte 1 is zero"),
  ])
  func `labels are refused where they are broken`(text: String, part: String) throws {
    let found = message { _ = try ComparisonLabels(path: try folder.write(text, to: "labels.csv")) }
    #expect(found.contains(part) && found.contains("labels.csv"), "\(found)")
  }

  @Test(arguments: [
    "\u{FEFF}id,e_above_hull\r\na,0.1\r\n\r\n", "id,e_above_hull\ra,0.1\r",
    "# note\nid , e_above_hull\n \"a\" , 0.1",
    "[{\"id\": \"a\", \"e_above_hull\": 0.1}]", "\u{FEFF}{\"material_id\": \"a\", \"e_above_hull\": 1e-1}",
  ])
  func `labels are read whatever ends their lines`(text: String) throws {
    let path = try folder.write(text, to: "labels.csv")
    #expect(try ComparisonLabels(path: path).byID.mapValues(\.value) == ["a": 0.1])
  }

  @Test func `tables that need too large a window say so, and are not called damaged`() throws {
    // A zstd frame of one raw block "id" whose header asks for a window of 256 MiB.
    let bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x90, 0x11, 0x00, 0x00, 0x69, 0x64]
    let path = folder.path("wide.zst")
    try Data(bytes).write(to: URL(filePath: path))
    for found in [
      message { _ = try ComparisonLabels(path: path) }, message { _ = try ElementalEnergies.read(path) },
      message { _ = try ReferenceFile.load(path) }, message { _ = try CandidateTable(path: path) },
      message { _ = try EnergyOffsetTable(path: path) }, message { _ = try EnergyRecords([path]) },
    ] {
      #expect(found.contains("needs a larger window than 128 MiB") && !found.contains("damaged"), "\(found)")
    }
  }

  // MARK: Byte-order marks and UTF-16

  private static func encodings(_ text: String) -> [[UInt8]] {
    let units = Array(text.utf16)
    return [
      Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8),
      [0xFF, 0xFE] + units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
      [0xFE, 0xFF] + units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] },
      [0xEF, 0xBB, 0xBF] + Array(text.replacing("\n", with: "\r\n").utf8),
    ]
  }

  @Test(arguments: [
    "id,formation_energy_per_atom\nr0,-0.0\nr1,-0.05\nr2,-0.15000000000000002\n",
    "{\"id\": \"r0\", \"formation_energy_per_atom\": 0}\n{\"id\": \"r1\", \"formation_energy_per_atom\": -0.05}\n"
      + "{\"id\": \"r2\", \"formation_energy_per_atom\": -0.15000000000000002}\n",
  ])
  func `labels with a byte-order mark are those without`(text: String) throws {
    for bytes in Self.encodings(text) {
      let labels = try ComparisonLabels(path: try folder.write(bytes, to: "labels"))
      #expect(labels.kind == .formationEnergy)
      #expect(labels.byID.mapValues(\.value) == ["r0": 0, "r1": -0.05, "r2": -0.15000000000000002])
    }
  }

  @Test func `references, candidates and offsets with a byte-order mark are those without`() throws {
    let plain = try ReferenceFile.load(try folder.write(Self.references, to: "plain.csv")).references
    for bytes in Self.encodings(Self.references) {
      let path = try folder.write(bytes, to: "marked.csv")
      #expect(try ReferenceFile.load(path).references.fingerprint == plain.fingerprint)
      #expect(try EnergyRecords([path]).records.map(\.energy) == [-1.6, -1.4])
      let report = try HullTable(reference: path, excludesSameComposition: false)
        .write(path, to: folder.path("out.csv"))
      #expect(report.table.written == 4)
    }
    for bytes in Self.encodings("element,context,offset_ev_per_atom\nO,any,0.5\n") {
      let table = try EnergyOffsetTable(path: try folder.write(bytes, to: "offsets.csv"))
      #expect(table.offsets.rows.map(\.value) == [0.5])
    }
  }

  // MARK: Numbers that are none

  /// The three entries of Fe, O and Fe2O3 as pymatgen writes them; `more` stands in that of Fe2O3.
  private func entries(
    _ more: String, correction: String = "\"correction\": -2.061,", adjustments: String = "",
    energy: String = "-33.0"
  ) -> String {
    func entry(_ composition: String, _ energy: String, _ rest: String) -> String {
      "{\"@class\": \"ComputedEntry\", \"energy\": \(energy), \"composition\": \(composition), \(rest) "
        + "\"entry_id\": null, \"parameters\": {\"run_type\": \"GGA\"}}\n"
    }
    let none = "\"correction\": 0.0, \"energy_adjustments\": [],"
    return entry("{\"Fe\": 1.0}", "-8.0", none) + entry("{\"O\": 8.0}", "-40.0", none)
      + entry("{\"Fe\": 2.0, \"O\": 3.0}", energy, correction + adjustments + more)
  }

  private static func adjustments(_ item: String) -> String { "\"energy_adjustments\": [{\(item)}]," }
  private static let anion =
    "\"@class\": \"CompositionEnergyAdjustment\", \"adj_per_atom\": -0.687, \"n_atoms\": 3, "
    + "\"uncertainty_per_atom\": NaN, \"cls\": {\"@class\": \"MaterialsProject2020Compatibility\"}"

  /// Fe2O3: (−33 − 2.061 + 16 + 15) / 5 = −0.8122; Fe3O4 at −0.5 is 20/21 Fe2O3 + 1/21 Fe: −0.77352.
  private func expectRight(_ text: String) throws {
    let (report, rows) = try place("formula,formation_energy_per_atom\nFe3O4,-0.5\n", on: text)
    #expect(report.written == 1)
    let distance = try #require(rows[0]["e_above_hull"].flatMap { Double($0) })
    #expect(abs(distance - (0.8122 * 20 / 21 - 0.5)) < 1e-12, "\(text)")
  }

  @Test(arguments: [
    "\"x\": NaN,", "\"data\": {\"band_gap\": NaN, \"deep\": [[Infinity], {\"a\": -Infinity}]},",
    "\"e_above_hull\": NaN,", "\"formation_energy_per_atom\": null, \"energy_per_atom\": NaN,",
    "\"magnetization\": -Infinity,", "\"note\": \"NaN\", \"nsites\": NaN,", "\"oxide_type\": NaN,",
  ])
  func `a number that is none does no harm where it is not used`(more: String) throws {
    try expectRight(entries(more, adjustments: Self.adjustments(Self.anion)))
  }

  @Test(arguments: [
    ("-33.0", "\"correction\": NaN,", "", "entry 3: correction is NaN, no finite number"),
    ("NaN", "", "", "entry 3: energy is NaN, no finite number"),
    ("-Infinity", "", "", "entry 3: energy is -Infinity, no finite number"),
    (
      "-33.0", "", adjustments("\"adj_per_atom\": NaN, \"n_atoms\": 3"),
      "entry 3: the value of item 1 of energy_adjustments cannot be told"
    ),
    ("-33.0", "\"correction\": \"-2.061\",", "", "entry 3: correction is no number"),
    ("-33.0", "", "\"energy_adjustments\": {\"oxide\": -2.061},", "entry 3: energy_adjustments is no list"),
    ("-33.0", "\"correction\": 0, \"correction\": -2.061,", "", "the name \"correction\" stands twice"),
  ])
  func `a number that is none is refused where it is needed`(
    energy: String, correction: String, adjustments: String, part: String
  ) throws {
    let text = entries("", correction: correction, adjustments: adjustments, energy: energy)
    let path = try folder.write(text, to: "entries.jsonl")
    let found = message { _ = try ReferenceFile.load(path) }
    #expect(found.contains(part), "\(found)")
  }

  @Test func `a formation energy that is none is refused, not exchanged for another kind of energy`() throws {
    let text =
      "{\"formula\": \"Fe\", \"energy\": -8, \"delta_e\": 0}\n"
      + "{\"formula\": \"FeO\", \"energy\": -16, \"delta_e\": NaN}\n"
    let path = try folder.write(text, to: "entries.jsonl")
    #expect(message { _ = try ReferenceFile.load(path) }.contains("entry 2: delta_e is NaN"))
  }

  @Test func `labels that are no numbers are refused only where they count`() throws {
    let text =
      "{\"id\": \"a\", \"formation_energy_per_atom\": -1, \"e_above_hull\": NaN}\n"
      + "{\"id\": \"b\", \"formation_energy_per_atom\": -2, \"e_above_hull\": 0.1}\n"
    let table = "id,formation_energy_per_atom,e_above_hull\na,-1,nan\nb,-2,0.1\n"
    for labels in [text, table] {
      let path = try folder.write(labels, to: "labels")
      #expect(try ComparisonLabels(path: path).byID.mapValues(\.value) == ["a": -1, "b": -2])
      let found = message { _ = try ComparisonLabels(path: path, kind: .energyAboveHull) }
      #expect(found.lowercased().contains("(a): e_above_hull \"nan\" is no finite number"), "\(found)")
    }
  }

  // MARK: Corrections that contradict each other

  @Test(arguments: [
    ("\"correction\": -2.061,", adjustments(anion)), ("", adjustments(anion)),
    ("\"correction\": null,", adjustments(anion)),
    ("\"correction\": NaN,", adjustments(anion)), ("\"correction\": -2.061,", ""),
    ("\"correction\": -2.061,", "\"energy_adjustments\": [],"),
    ("\"correction\": -2.061,", "\"energy_adjustments\": null,"),
    ("\"correction\": -2.061,", adjustments("\"value\": null, \"name\": \"unknown\"")),
  ])
  func `corrections that say the same, or of which one says nothing, count once`(
    correction: String, adjustments: String
  ) throws {
    try expectRight(entries("", correction: correction, adjustments: adjustments))
  }

  @Test(arguments: [
    ("0.0", anion, "correction is 0.0 eV, and energy_adjustments add up to -2.061"),
    ("2.061", anion, "correction is 2.061 eV, and energy_adjustments add up to -2.061"),
    ("-0.687", anion, "correction is -0.687 eV"), ("-2.06", "\"value\": -2.0", "add up to -2.0 eV"),
    ("0", "\"value\": -1e-2", "add up to -0.01 eV"),
    ("-2.061", "\"adj_per_deg\": 0.001, \"temp\": 300, \"n_atoms\": 5", "add up to 1.5 eV"),
  ])
  func `corrections that contradict each other are refused with both`(
    correction: String, item: String, part: String
  ) throws {
    let text = entries(
      "", correction: "\"correction\": \(correction),", adjustments: Self.adjustments(item))
    let path = try folder.write(text, to: "entries.jsonl")
    let found = message { _ = try ReferenceFile.load(path) }
    #expect(found.contains("entries.jsonl: entry 3: ") && found.contains(part), "\(found)")
  }

  @Test func `corrections that contradict each other do no harm where formation energies are taken`() throws {
    let lines = entries(
      "\"formation_energy_per_atom\": -1.6,", correction: "\"correction\": 0.0,",
      adjustments: Self.adjustments(Self.anion)
    ).split(separator: "\n")
    let text = lines.map { line in
      line.contains("formation_energy") ? line : line.dropLast() + ", \"formation_energy_per_atom\": 0}"
    }.joined(separator: "\n")
    let path = try folder.write(text, to: "entries.jsonl")
    #expect(try ReferenceFile.load(path).references.entryCount == 3)
    #expect(
      message { _ = try ReferenceFile.load(path, reading: ReferenceReading(energies: .total)) }
        .contains("correction is 0.0 eV"))
  }

  // MARK: Forms of JSON

  @Test(arguments: [
    "{\"data\": {\"composition\": {\"Fe\": 2, \"O\": 3}, \"formation_energy_per_atom\": -1.6}}",
    "{\"data\": {\"id\": \"x\", \"attributes\": {\"chemical_formula_reduced\": \"Fe2O3\", \"_oqmd_delta_e\": -1.6}}}",
    "{\"data\": [{\"formula\": \"Fe2O3\", \"formation_energy_per_atom\": -1.6}]}",
    "{\"entries\": [{\"formula\": \"Fe2O3\", \"formation_energy_per_atom\": -1.6, \"data\": {}}]}",
    "[{\"formula\": \"Fe2O3\", \"data\": {\"formation_energy_per_atom\": -1.6}}]",
    "{\"formula\": \"Fe\\u0032O3\", \"formation_energy_per_atom\": -1.6, \"note\": \"\\ud83d\\ude00\"}\n",
  ])
  func `one entry is read wherever it stands`(text: String) throws {
    let references = try ReferenceFile.load(try folder.write(text, to: "one.json")).references
    #expect(references.entryCount == 1)
    #expect((0..<references.phaseCount).map { references.phase(at: $0).energyPerAtom }.contains(-1.6))
  }

  @Test(arguments: [
    (
      "{\"formula\": \"Fe\", \"formation_energy_per_atom\": 01}",
      "entry 1: cannot be read as a JSON object (byte "
    ),
    (
      "{\"formula\": \"Fe\", \"formation_energy_per_atom\": 0, \"formation_energy_per_atom\": 1}",
      "stands twice"
    ),
    ("{\"formula\": \"F\\x\", \"formation_energy_per_atom\": 0}", "(byte 15: an unknown escape)"),
    ("{\"formula\": \"\\ud800\", \"formation_energy_per_atom\": 0}", "half of a surrogate pair"),
    (
      "{\"formula\": \"Fe\", \"formation_energy_per_atom\": 0, \"x\": " + String(repeating: "[", count: 70)
        + String(repeating: "]", count: 70) + "}", "nested too deep"
    ),
  ])
  func `what is no JSON is refused with the byte`(text: String, part: String) throws {
    let path = try folder.write(text + "\n", to: "bad.jsonl")
    let found = message { _ = try ReferenceFile.load(path) }
    #expect(found.contains(part) && found.contains("bad.jsonl: entry 1"), "\(found)")
  }
}
