import Crystal
import Foundation
import PhaseStability
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Tables of distances and their certificates") struct HullCertificateFileTests {
  let folder: TemporaryFolder
  let reference: String

  init() throws {
    folder = try TemporaryFolder()
    let lines = CampaignFolder.phases.map { "\($0.formula),\($0.energy)\n" }
    reference = try folder.write("formula,formation_energy_per_atom\n" + lines.joined(), to: "phases.csv")
  }

  private func candidates(_ lines: [String]) throws -> String {
    try folder.write(
      (["formula,formation_energy_per_atom"] + lines).joined(separator: "\n") + "\n", to: "c.csv")
  }

  private func table(excludesSameComposition: Bool = false) throws -> HullTable {
    try HullTable(reference: reference, excludesSameComposition: excludesSameComposition)
  }

  @Test func `every verdict comes with a certificate that the references bear out`() throws {
    let lines = [
      "NaCl,-2.1", "NaCl,-2.05", "Na2Cl2,-2.2", "NaLiO,-1.4", "NaLiOF,-1.9", "KNaClBr,-2", "Na,0", "Na,0.1",
    ]
    for excludes in [false, true] {
      let report = try table(excludesSameComposition: excludes).write(
        try candidates(lines), to: folder.path("o.csv"), threshold: "0.05",
        certificates: folder.path("o.jsonl"))
      #expect(report.table.written == lines.count)
      #expect(report.settledExactly == lines.count)
      let verification = try HullVerification(reference: reference).verify(folder.path("o.jsonl"))
      #expect(verification.verified == lines.count && verification.failures.isEmpty)
      #expect(verification.withinThreshold == report.withinThreshold)
      let rows = records(ofCSV: try folder.text("o.csv"))
      #expect(rows.count { $0["within_threshold"] == "true" } == report.withinThreshold)
      for row in rows {
        let distance = try #require(row["e_above_hull"].flatMap(Double.init))
        if abs(distance - 0.05) > 1e-9 { #expect(row["within_threshold"] == "\(distance <= 0.05)", "\(row)") }
      }
      #expect(rows.map { $0["formula"] } == lines.map { String($0.split(separator: ",")[0]) })
    }
  }

  @Test func `certificates behind a byte-order mark are those without`() throws {
    _ = try table().write(
      try candidates(["NaLiO,-1.4"]), to: folder.path("o.csv"), certificates: folder.path("o.jsonl"))
    let marked = try folder.write("\u{FEFF}" + (try folder.text("o.jsonl")), to: "marked.jsonl")
    let verification = try HullVerification(reference: reference).verify(marked)
    #expect(verification.verified == 1 && verification.failures.isEmpty)
  }

  @Test func `a certificate with one altered digit fails, by its line`() throws {
    _ = try table().write(
      try candidates(["NaLiO,-1.4", "NaLiOF,-1.9", "KNaClBr,-2.013"]), to: folder.path("o.csv"),
      certificates: folder.path("o.jsonl"))
    let verification = try HullVerification(reference: reference)
    let lines = try folder.lines("o.jsonl")
    let bytes = Array(lines[1].utf8)
    var altered = 0
    for position in bytes.indices where bytes[position] >= 48 && bytes[position] <= 57 {
      var changed = bytes
      changed[position] = bytes[position] == 57 ? 48 : bytes[position] + 1
      try folder.write(
        [lines[0], String(decoding: changed, as: UTF8.self), lines[2]].joined(separator: "\n"), to: "x")
      let report = try verification.verify(folder.path("x"))
      #expect(report.verified == 2 && report.failures.map(\.line) == [2], "digit at \(position)")
      altered += 1
    }
    #expect(altered > 40)
    #expect(throws: ScreeningError.self) { try verification.verify(try folder.write("\n", to: "none")) }
  }

  @Test func `a certificate against other references says so`() throws {
    _ = try table().write(
      try candidates(["NaLiO,-1.4"]), to: folder.path("o.csv"), certificates: folder.path("o.jsonl"))
    let other = try folder.write("formula,formation_energy_per_atom\nNaCl,-2\nLi2O,-2\n", to: "other.csv")
    let report = try HullVerification(reference: other).verify(folder.path("o.jsonl"))
    #expect(report.failures.first?.reason.contains("issued against other references") == true)
  }

  @Test func `verdicts at the threshold are exact where floating point cannot tell`() throws {
    // The hull at NaLiCl2 is the mean of NaCl (-2.1) and LiCl, which is not there: Li and Cl at 0. With Na2O and Li2S,
    // thirds enter that no binary or decimal number holds.
    let rows = [
      ("NaCl,-2.0999999999999999", "true"), ("NaCl,-2.09999999999999999999", "false"), ("NaCl,-2.1", "true"),
      ("Na2LiSO,-1.4250000000000000001", "true"), ("Na2LiSO,-1.4249999999999999999", "true"),
    ]
    let report = try table().write(
      try candidates(rows.map(\.0)), to: folder.path("o.csv"), threshold: "0")
    let found = records(ofCSV: try folder.text("o.csv")).map { $0["within_threshold"] ?? "" }
    #expect(found[0] == "false")
    #expect(found[1] == "false")
    #expect(found[2] == "true")
    #expect(report.settledExactly >= 3)
  }

  @Test func `without a threshold the table has the five columns it always had`() throws {
    _ = try table().write(try candidates(["NaCl,-2.05"]), to: folder.path("o.csv"))
    let lines = try folder.lines("o.csv")
    #expect(lines[0] == "formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition")
    #expect(lines[1].hasPrefix("NaCl,-2.05,0.0"))
    #expect(lines.count == 2)
  }

  @Test func `candidates without an answer keep their place and say why`() throws {
    let report = try table().write(
      try candidates(["NaCl,-2", "Xx,-1", "NaCl,nan", "NaCl,", "Fe2O3,-1", "NaCl", "LiF,-3"]),
      to: folder.path("o.csv"), threshold: "0", certificates: folder.path("o.jsonl"))
    #expect(report.table.written == 2)
    #expect(report.table.rejected == ["unreadable": 2, "energy_not_finite": 2, "no_terminal_reference": 1])
    #expect(report.table.messages[0].contains("c.csv line 3: \"Xx\""))
    #expect(report.table.messages[3].contains("there is no elemental reference phase of Fe"))
    let rows = try folder.lines("o.csv")
    #expect(rows.count == 8 && rows.dropFirst().allSatisfy { $0.count { $0 == "," } == 5 })
    #expect(try folder.lines("o.jsonl").count == 2)
    let empty = try folder.write("", to: "empty.csv")
    #expect(throws: ScreeningError.self) { try table().write(empty, to: folder.path("o.csv")) }
    #expect(throws: ScreeningError.self) {
      _ = try table().write(try candidates([]), to: folder.path("o.csv"), threshold: "0,05")
    }
  }

  @Test func `diagrams are written as drawing or data, with the candidates that belong there`() throws {
    let diagram = try HullDiagram(reference: reference)
    let table = try candidates(["NaO,-1.3", "Na3O,-0.2", "LiF,-3", "Na,0.3", "Xx,1"])
    let report = try diagram.write("Na-O", candidates: table, to: folder.path("d.svg"))
    #expect(report.phases == 3 && report.candidates == 3 && report.candidatesElsewhere == 1)
    #expect(report.table.rejected.count == 1)
    let drawing = try folder.text("d.svg")
    #expect(drawing.hasPrefix("<svg") && drawing.contains("candidate NaO: "))
    _ = try diagram.write("Na-O-Li", to: folder.path("d3.svg"))
    _ = try diagram.write("Na-O-Li-S", to: folder.path("d4.json"))
    #expect(
      try JSONSerialization.jsonObject(with: Data(folder.text("d4.json").utf8)) is [String: Any])
    for (system, file) in [
      ("Na-O-Li-S", "x.svg"), ("Na-O", "x.png"), ("Na", "x.svg"), ("Na-Na", "x.svg"), ("NaO", "x.svg"),
      ("Na-Fe", "x.svg"), ("Na-O-Li-S-K", "x.json"), ("", "x.svg"),
    ] {
      #expect(throws: ScreeningError.self, "\(system) \(file)") {
        try diagram.write(system, to: folder.path(file))
      }
    }
  }
}
