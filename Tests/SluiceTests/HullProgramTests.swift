import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("The hull command") struct HullProgramTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private func path(_ name: String) -> String { files.folder.path(name) }

  private func run(_ arguments: String...) throws -> ChildProcess.Outcome {
    try Program.run(["hull"] + arguments, currentFolder: path(""))
  }

  @Test func `a table of offsets is fitted, described and used`() throws {
    let metals = ["Li", "Na", "K", "Rb", "Cs"]
    var lines: (from: [String], to: [String]) = ([], [])
    for metal in metals {
      for (anion, shift) in [("O", 0.3), ("Cl", 0.2)] {
        for count in 1...3 {
          let energy = -1 - 0.1 * Double(count)
          let share = Double(count) / Double(count + 1)
          lines.from.append("\(metal)\(anion)\(count),\(energy + share * shift)")
          lines.to.append("\(metal)\(anion)\(count),\(energy)")
        }
      }
    }
    let header = ["formula,formation_energy_per_atom"]
    try files.folder.write((header + lines.from).joined(separator: "\n") + "\n", to: "a.csv")
    try files.folder.write((header + lines.to).joined(separator: "\n") + "\n", to: "b.csv")
    let outcome = try run("align", "--from", "a.csv", "--to", "b.csv", "--output", "offsets.csv")
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("30 shared compounds by formula, of 30 shared formulas"))
    #expect(outcome.output.contains("0.0000 eV/atom after"))
    #expect(outcome.errors.contains("offsets.csv: 7 offsets"))
    // The candidates moved onto the hull of themselves lie on it.
    let placed = try run(
      "--reference", "b.csv", "a.csv", "--offsets", "offsets.csv", "--output", "out.csv", "--threshold",
      "1e-5")
    #expect(placed.exitCode == 0, "\(placed.errors)")
    #expect(placed.errors.contains("candidates' energies moved by offsets.csv ("))
    let moved = try run(
      "index", "--reference", "a.csv", "--reference-offsets", "offsets.csv", "--output", "moved.hull")
    #expect(moved.exitCode == 0 && moved.errors.contains("energies moved by offsets.csv ("))
    let again = try run("--reference", "moved.hull", "b.csv", "--output", "again.csv")
    #expect(again.exitCode == 0, "\(again.errors)")
    let distances = records(ofCSV: try files.folder.text("again.csv")).compactMap {
      $0["e_above_hull"].flatMap(Double.init)
    }
    let before = try run("--reference", "b.csv", "b.csv", "--output", "before.csv")
    #expect(before.exitCode == 0 && distances.count == 30)
    for (row, distance) in zip(records(ofCSV: try files.folder.text("before.csv")), distances) {
      #expect(abs(distance - (row["e_above_hull"].flatMap(Double.init) ?? .nan)) < 1e-4)
    }
  }

  @Test func `distances need no subcommand, and their certificates verify with 0, altered ones with 1`()
    throws
  {
    try files.folder.write(
      "formula,formation_energy_per_atom\nNaLiO,-1.4\nNaCl,-2.2\nKNaClBr,-1.9\n", to: "c.csv")
    let plain = try run("--reference", "phases.csv", "c.csv", "--output", "plain.csv")
    #expect(plain.exitCode == 0, "\(plain.errors)")
    let named = try run(
      "distance", "c.csv", "--reference", "phases.csv", "--output", "named.csv", "--certificates", "p.jsonl")
    #expect(named.exitCode == 0, "\(named.errors)")
    #expect(try files.folder.text("plain.csv") == (try files.folder.text("named.csv")))
    #expect(named.errors.contains("of 3 at or below 0 eV/atom, 3 verdicts settled in exact arithmetic"))

    let index = try run("index", "--reference", "phases.csv", "--output", "phases.hull")
    #expect(index.exitCode == 0)
    for reference in ["phases.csv", "phases.hull"] {
      let verified = try run("verify", "p.jsonl", "--reference", reference)
      #expect(verified.exitCode == 0)
      #expect(verified.errors.contains("3 certificates hold") && verified.output.isEmpty)
    }
    let text = try files.folder.text("p.jsonl").replacing("\"energy\":\"-2.2\"", with: "\"energy\":\"-2.3\"")
    try files.folder.write(text, to: "altered.jsonl")
    let altered = try run("verify", "altered.jsonl", "--reference", "phases.csv")
    #expect(altered.exitCode == 1)
    #expect(altered.output.hasPrefix("altered.jsonl line 2: "))
    #expect(try run("verify", "absent.jsonl", "--reference", "phases.csv").exitCode == 2)
  }

  @Test func `a run is combined, ranked by both hulls, and told to be combined again when it has grown`()
    throws
  {
    let campaign = try files.campaign()
    #expect(
      try Program.run(["run", campaign, "--run-directory", path("run"), "--limit", "40"]).exitCode == 0)
    let early = try Program.run(["rank", path("run"), "--hull", "combined"])
    #expect(early.exitCode == 2 && early.errors.contains("sluice hull combined"))
    let combined = try run("combined", "run")
    #expect(combined.exitCode == 0, "\(combined.errors)")
    #expect(combined.output.contains("tiny: 40 candidates"))
    let ranked = try Program.run(["rank", path("run"), "--hull", "combined", "--top", "3"])
    #expect(ranked.exitCode == 0 && ranked.output.contains("the hull of references and candidates"))
    let status = try Program.run(["status", path("run")])
    #expect(status.output.contains("above the hull of the references"))
    #expect(status.output.contains("above the hull of references and candidates"))

    #expect(try Program.run(["run", campaign, "--run-directory", path("run")]).exitCode == 0)
    let stale = try Program.run(["rank", path("run"), "--hull", "combined"])
    #expect(stale.exitCode == 2 && stale.errors.contains("computed from 40 candidates and there are 64 now"))
    #expect(try Program.run(["status", path("run")]).output.contains("stale, computed from 40 rows"))
    let export = try Program.run(["export", path("run"), "--select", "all", "--output", path("all.csv")])
    #expect(export.exitCode == 0 && export.errors.contains("is stale: its columns are empty"))
    let refused = try Program.run(["export", path("run"), "--hull", "combined", "--output", path("x.csv")])
    #expect(refused.exitCode == 2)
    #expect(!FileManager.default.fileExists(atPath: path("x.csv")))
  }

  @Test func `a diagram that cannot be drawn ends with 2 and says what can`() throws {
    #expect(try run("diagram", "--reference", "phases.csv", "Na-O", "--output", "d.svg").exitCode == 0)
    #expect(try files.folder.text("d.svg").contains("</svg>"))
    let four = try run("diagram", "--reference", "phases.csv", "Na-O-Li-S", "--output", "d4.svg")
    #expect(four.exitCode == 2 && four.errors.contains("ends in .json"))
    #expect(try run("diagram", "--reference", "phases.csv", "Na-O-Li-S", "--output", "d4.json").exitCode == 0)
    #expect(try run("diagram", "--reference", "phases.csv", "Na-Q", "--output", "d.svg").exitCode == 2)
  }
}
