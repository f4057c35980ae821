import Foundation
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Tables of distances to the hull") struct HullTableTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      "formula,formation_energy_per_atom\nNaCl,-2.1\nNa2O,-1.4\nNa2O2,-1.3\n", to: "phases.csv")
  }

  private func distances(_ candidates: String) throws -> (report: TableReport, rows: [[String: String]]) {
    let table = try HullTable(reference: folder.path("phases.csv"), excludesSameComposition: false)
    let path = try folder.write(candidates, to: "candidates.csv")
    let report = try table.write(path, to: folder.path("out.csv"))
    return (report.table, records(ofCSV: try folder.text("out.csv")))
  }

  @Test(arguments: ["\n", "\r\n"])
  func `columns may stand in any order, among others and comments, with any line end`(end: String) throws {
    let lines = [
      "# made by hand", "note,formation_energy_per_atom,formula", "\"a, b\",-2.0,NaCl", "", "# half way",
      "\"\"\"x\"\"\",-1.0,\"Na2O\"", ",0.1,Na",
    ]
    let (report, rows) = try distances(lines.joined(separator: end) + end)
    #expect(report.written == 3)
    #expect(rows.map { $0["formula"] } == ["NaCl", "Na2O", "Na"])
    let above = rows.compactMap { $0["e_above_hull"].flatMap { Double($0) } }
    #expect(above.count == 3)
    for (value, expected) in zip(above, [0.1, 0.4, 0.1]) { #expect(abs(value - expected) < 1e-12) }
  }

  @Test func `a line without an answer keeps its place and is counted by reason`() throws {
    let (report, rows) = try distances(
      "formula,formation_energy_per_atom\nNaCl,-2\nQq,-1\nXe,-1\nNaCl,none\nNaCl\nNaCl,inf\nNa2O,-1\n")
    #expect(report.written == 2)
    #expect(rows.map { $0["formula"] } == ["NaCl", "Qq", "Xe", "NaCl", "NaCl", "NaCl", "Na2O"])
    #expect(rows.map { $0["e_above_hull"] != "" } == [true, false, false, false, false, false, true])
    #expect(report.rejected == ["unreadable": 2, "no_terminal_reference": 1, "energy_not_finite": 2])
    #expect(report.messages.first?.contains("candidates.csv line 3") == true, "\(report.messages)")
  }

  @Test func `a table without the columns, and a reference that is none, are refused by name`() throws {
    let error = #expect(throws: ScreeningError.self) { _ = try distances("formula,energy\nNaCl,-2\n") }
    #expect(error?.description.contains("candidates.csv") == true)
    #expect(throws: (any Error).self) {
      _ = try HullTable(reference: folder.path("absent.csv"), excludesSameComposition: false)
    }
    try folder.write("", to: "empty.csv")
    let empty = #expect(throws: ScreeningError.self) {
      _ = try HullTable(reference: folder.path("empty.csv"), excludesSameComposition: false)
    }
    #expect(empty?.description.contains("empty.csv") == true)
  }
}
