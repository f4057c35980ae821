import Configuration
import Foundation
import Networks
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

/// The program as a person or a script calls it.
@Suite("Commands") struct CommandTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private func path(_ name: String) -> String { files.folder.path(name) }

  static let commands = [
    "init", "run", "submit", "resume", "cancel", "merge", "shard", "plan", "status", "rank", "export",
    "predict", "sites", "evaluate", "graph", "train", "regress", "embed",
    "models import",
    "models show", "models compare", "models calibrate", "models reliability",
    "prototypes list", "prototypes show",
    "prototypes fit",
    "schema", "compare", "rescore", "diff", "pack", "doctor",
    "hull", "hull verify", "hull index", "hull diagram", "hull combined", "hull align",
  ]

  @Test(arguments: commands)
  func `every command has help with an example whose options exist`(command: String) throws {
    let words = command.split(separator: " ").map(String.init)
    let outcome = try Program.run(words + ["--help"])
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors.isEmpty)
    // Help is wrapped to the width of a terminal; an example may go on in the next line.
    let parts = outcome.output.components(separatedBy: "\n\n")
    let examples = parts.filter { $0.contains("Example: sluice \(words[0])") }
    #expect(!examples.isEmpty, "\(outcome.output)")
    let usage = try #require(parts.first { $0.contains("USAGE:") })
    let options = parts.drop { !$0.contains("USAGE:") }.joined(separator: "\n\n")
    #expect(usage.contains("sluice \(words[0])"))
    for example in examples {
      for word in example.split(whereSeparator: \.isWhitespace) where word.hasPrefix("--") {
        let isKnown = options.contains(word) || (command == "hull" && word != "--")
        #expect(isKnown, "\(word) of the example is no option of \(command)")
      }
    }
  }

  @Test func `the overview names every command`() throws {
    let help = try Program.run(["--help"])
    #expect(help.exitCode == 0)
    for command in Self.commands.map({ $0.split(separator: " ")[0] }) {
      #expect(help.output.contains(command))
    }
  }

  @Test(arguments: [
    ["run", "x.yaml", "--colour"], ["fly"], ["run"], ["run", "x.yaml", "--jobs", "0"],
    ["run", "x.yaml", "--jobs", "many"],
    ["run", "x.yaml", "--limit", "0"], ["rank", "x", "--top", "0"],
    ["rank", "x", "--by", "luck"], ["rank", "x", "--by", "pessimistic", "--pessimism=-1"],
    ["rank", "x", "--pessimism", "2"], ["rank", "x", "--by", "probability", "--pessimism", "2"],
    ["export", "x", "--output", "y", "--threshold", "nan"],
    ["export", "x", "--output", "y", "--select", "all", "--threshold", "0.1"],
    ["export", "x", "--output", "y", "--select", "rejected", "--unflagged"],
    ["export", "x", "--output", "y", "--select", "rejected", "--by", "probability"],
    ["models", "reliability", "x", "y", "--maximum-sites", "0"],
    ["evaluate", "x", "--model", "y", "--property", "z", "--maximum-sites", "0"],
    ["evaluate", "x", "--model", "y", "--property", "z", "--at-most", "0", "--above", "-1"],
    ["evaluate", "x", "--model", "y", "--property", "z", "--at-least", "nan"],
    ["graph", "x", "--output", "y", "--cutoff", "0.01"],
    ["graph", "x", "--output", "y", "--count", "65"], ["export", "x", "--format", "pdf", "--output", "y"],
    ["predict", "x"], ["schema", "novel"], ["hull", "x.csv"], ["train", "x.yaml"],
    ["regress", "x.yaml"], ["embed", "x", "--model", "y"], ["embed", "x", "--model", "y", "--map", "z"],
    ["embed", "x", "--model", "y", "--output", "z", "--pool", "largest"],
    ["embed", "x", "--model", "y", "--output", "z", "--layers", ","],
    ["embed", "x", "--model", "y", "--output", "z.npy", "--map", "z.csv", "--color", "c"],
    ["hull", "align", "--from", "x"], ["hull", "align", "--from", "x", "--to", "y", "--folds", "1"],
    ["evaluate", "x", "--model", "y"], ["rescore", "x"], ["rescore", "x", "--threshold", "nan"],
    ["rescore", "x", "--threshold", "1", "--offsets", "y"],
    ["diff", "x"], ["diff", "x", "y", "--hull", "combined"], ["diff", "x", "y", "--top", "-1"],
  ])
  func `a call that cannot be meant ends with 64 and a usage line`(arguments: [String]) throws {
    let outcome = try Program.run(arguments, currentFolder: path(""))
    #expect(outcome.exitCode == 64, "\(outcome.errors)")
    #expect(outcome.errors.contains("Usage:") || outcome.errors.contains("USAGE:"), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test(arguments: [
    ["run", "absent"], ["plan", "absent"], ["status", "absent"], ["rank", "absent"],
    ["export", "absent", "--output", "out"],
    ["predict", "--model", "absent", "crystals.jsonl", "--output", "out"],
    ["predict", "--model", "model", "absent", "--output", "out"],
    ["evaluate", "--model", "model", "absent", "--property", "x"], ["graph", "absent", "--output", "out"],
    ["compare", "absent", "--labels", "phases.csv", "--model-a", "x", "--model-b", "y"],
    ["rescore", "absent", "--threshold", "0.1"], ["rescore", "absent", "--reference", "phases.csv"],
    ["diff", "absent", "model"],
    ["hull", "--reference", "absent", "phases.csv", "--output", "out"],
    ["hull", "--reference", "phases.csv", "absent", "--output", "out"],
    ["hull", "align", "--from", "absent", "--to", "phases.csv", "--output", "out"],
    ["hull", "--reference", "phases.csv", "phases.csv", "--offsets", "absent", "--output", "out"],
    ["hull", "--reference", "phases.csv", "phases.csv", "--reference-offsets", "absent", "--output", "out"],
    ["train", "absent", "--output", "out"], ["regress", "absent", "--output", "out"],
    ["embed", "--model", "absent", "crystals.jsonl", "--output", "out"],
    ["embed", "--model", "model", "absent", "--output", "out"],
    ["models", "import", "absent", "--output", "out"], ["models", "show", "absent"],
  ])
  func `a missing file ends with 2 and its path, and writes nothing`(arguments: [String]) throws {
    _ = try files.archive([])
    let outcome = try Program.run(arguments, currentFolder: path(""))
    #expect(outcome.exitCode == 2)
    #expect(outcome.errors.contains("error: "), "\(outcome.errors)")
    #expect(outcome.errors.contains("absent"), "\(outcome.errors)")
    #expect(!outcome.errors.contains("Error("), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    let names = try FileManager.default.contentsOfDirectory(atPath: path("")).sorted()
    #expect(names == ["crystals.jsonl", "model", "phases.csv"])
  }

  @Test(arguments: [
    ["export", "absent", "--output", "out"], ["rescore", "absent"],
    ["compare", "absent", "--labels", "phases.csv", "--model-a", "x", "--model-b", "y"],
    ["hull", "--reference", "absent", "phases.csv", "--output", "out"],
  ])
  func `a threshold below 0 is taken as it is written`(arguments: [String]) throws {
    let outcome = try Program.run(arguments + ["--threshold", "-0.1"], currentFolder: path(""))
    #expect(outcome.exitCode == 2, "\(outcome.errors)")
    #expect(outcome.errors.contains("absent"), "\(outcome.errors)")
  }

  @Test func `an output that cannot be written ends with 2 and its path`() throws {
    let good =
      "{\"id\":\"a\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Na\"],\"frac_coords\":[[0,0,0]]}"
    _ = try files.archive([good])
    for arguments in [
      ["predict", "--model", "model", "crystals.jsonl"], ["graph", "crystals.jsonl"],
      ["hull", "--reference", "phases.csv", "phases.csv"],
    ] {
      let outcome = try Program.run(arguments + ["--output", "no/folder/out.csv"], currentFolder: path(""))
      #expect(outcome.exitCode == 2)
      #expect(outcome.errors.contains("no/folder/out.csv"), "\(outcome.errors)")
    }
    let training = try TrainingFolder()
    for arguments in [
      ["train", try training.training(), "--output", "phases.csv/out"],
      ["run", try files.campaign(), "--run-directory", "phases.csv/out"],
    ] {
      let outcome = try Program.run(arguments, currentFolder: path(""))
      #expect(outcome.exitCode == 2)
      #expect(outcome.errors.contains("phases.csv/out"), "\(outcome.errors)")
      #expect(outcome.errors.hasSuffix(": cannot be written: Not a directory\n"), "\(outcome.errors)")
    }
  }

  @Test func `more rejections than allowed end with 1, and the good rows are there`() throws {
    let good =
      "{\"id\":\"a\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Na\"],\"frac_coords\":[[0,0,0]]}"
    let inputs = try files.archive([
      good, "{}", good.replacing("\"a\"", with: "\"b\""), good.replacing("Na", with: "Xe"),
    ])
    for (share, code) in [("0.49", 1), ("0.5", 0)] {
      let campaign = try files.campaign(
        named: "share-\(share)", inputs: inputs, more: "rejections: {allowed_share: \(share)}")
      let directory = path("run-\(share)")
      let outcome = try Program.run(["run", campaign, "--run-directory", directory])
      #expect(outcome.exitCode == code, "\(outcome.errors)")
      #expect(
        outcome.errors.contains("4 records = 2 rows + 2 rejected + 0 filtered out"), "\(outcome.errors)")
      #expect(outcome.output.isEmpty)
      #expect(outcome.errors.contains("the campaign allows") == (code == 1))
      // Called again, the finished run says the same.
      #expect(try Program.run(["run", campaign, "--run-directory", directory]).exitCode == code)
      #expect(try files.table("run-\(share)").count == 2)
    }
  }

  @Test func `a run whose records are all rejected says that there are no rows, not that nothing ranks them`()
    throws
  {
    let campaign = try files.campaign(inputs: try files.archive(["{}"]))
    let outcome = try Program.run(["run", campaign, "--run-directory", path("run")])
    #expect(outcome.exitCode == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("stable: none: there are no rows\n"), "\(outcome.errors)")
    #expect(try Program.run(["status", path("run")]).output.contains("none: there are no rows"))
  }

  @Test func `candidates of a classifier alone are listed by its probability`() throws {
    try TinyModel.write(
      to: path("metal"), name: "metal", seed: 3, property: "is_metal",
      configuration: NetworkConfiguration(TinyModel.configuration.architecture, task: .classification))
    try files.run(try files.campaign(stages: "- predict: {model: metal}"))
    let outcome = try Program.run(["rank", path("run"), "--top", "5"])
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    let rows = records(ofCSV: try files.export())
    #expect(outcome.output.contains("P(is_metal)"))
    for row in rows.prefix(5) { #expect(outcome.output.contains(row["id"] ?? "?"), "\(outcome.output)") }
    let count = rows.count { Double($0["score"] ?? "") ?? 0 > 0.5 }
    #expect(outcome.output.contains("\(count) of 64 candidates are is_metal by metal: probability above 0.5"))
    let refused = try Program.run(["rank", path("run"), "--by", "probability"])
    #expect(refused.exitCode == 2 && refused.errors.contains("ranked by what metal says"))
    let stable = try Program.run(["export", path("run"), "--output", path("stable.csv")])
    #expect(stable.exitCode == 2 && stable.errors.contains("--select all"))
  }

  @Test func `the quickstart runs from an empty folder to a list of stable compounds`() throws {
    let campaign = Fixtures.repository.appending(path: "pipelines/quickstart.yaml").path
    let here = path("")
    func sluice(_ arguments: String...) throws -> ChildProcess.Outcome {
      let outcome = try Program.run(arguments, currentFolder: here)
      #expect(outcome.exitCode == 0, "\(arguments): \(outcome.errors)")
      return outcome
    }
    let plan = try sluice("plan", campaign)
    #expect(plan.output.contains("320 records"))
    #expect(!FileManager.default.fileExists(atPath: path("thcr2si2-quickstart.sluice")))
    #expect(try sluice("run", campaign, "--jobs", "2").errors.contains("320 records = 320 rows"))
    #expect(try sluice("status", "thcr2si2-quickstart.sluice").output.contains("finished"))
    let rank = try sluice("rank", "thcr2si2-quickstart.sluice", "--top", "7")
    #expect(rank.errors.isEmpty)
    #expect(rank.output.split(separator: "\n").count { $0.contains("ThCr2Si2:") } == 7)
    _ = try sluice("export", "thcr2si2-quickstart.sluice", "--format", "csv", "--output", "stable.csv")
    let stable = try files.folder.lines("stable.csv").count - 1
    #expect(stable > 0 && stable < 320)
    let cif = try sluice(
      "export", "thcr2si2-quickstart.sluice", "--format", "cif", "--output", "stable.tar.zst")
    #expect(cif.errors.contains("\(stable) records"))
    // What was exported is input again: predictions of the exported crystals are those of the run.
    let model = Fixtures.url("models/cogn-strained").path
    _ = try sluice("predict", "--model", model, "stable.tar.zst", "--output", "again.csv")
    let before = records(ofCSV: try files.folder.text("stable.csv"))
    let after = records(ofCSV: try files.folder.text("again.csv"))
    #expect(before.count == after.count)
    for (one, other) in zip(before, after) {
      let energy = try #require(one["formation_energy_per_atom"].flatMap { Double($0) })
      let value = try #require(other["prediction"].flatMap { Double($0) })
      #expect(abs(energy - value) < 1e-5, "\(one["id"] ?? "")")
    }
  }

  @Test(arguments: [("campaign", ["quickstart", "cif-archive"]), ("training", ["train-cgcnn"])])
  func `the printed schema is JSON that accepts the shipped files and no others`(
    subject: String, names: [String]
  ) throws {
    let text = try Program.run(["schema", subject]).output
    #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    let schema = try ConfigurationDocument(text: text, file: "schema.json").tree()
    for name in names {
      let file = Fixtures.repository.appending(path: "pipelines/\(name).yaml")
      let text = try String(contentsOf: file, encoding: .utf8)
      let document = try ConfigurationDocument(text: text, file: name).tree()
      #expect(SchemaCheck(document, against: schema).faults == [])
      let wrong = try ConfigurationDocument(text: text + "\nextra: 1\n", file: name).tree()
      #expect(SchemaCheck(wrong, against: schema).faults == ["$: has no key extra"])
    }
  }

  @Test func `two processes cannot work on one run, and the second says who is at work`() throws {
    let arguments = ["run", try files.campaign(), "--run-directory", path("run")]
    let first = try Program.start(arguments + ["--limit", "5"])
    #expect(first.wait().exitCode == 0)
    // Whoever works on a run claims it; here the tests themselves do.
    #expect(try files.folder.lines("run/\(RunClaim.fileName)") == ["\(first.identifier)"])
    let claim = try RunClaim(folder: path("run"))
    let second = try withExtendedLifetime(claim) { try Program.run(arguments) }
    let own = ProcessInfo.processInfo.processIdentifier
    #expect(second.exitCode == 2, "\(second.errors)")
    #expect(second.errors.contains("process \(own) is working on this run"), "\(second.errors)")
    #expect(try RunStore.open(at: path("run/results.sqlite"), access: .readOnly).counts().records == 5)
  }

  @Test func `a changed campaign ends with 2 and the keys that differ`() throws {
    let campaign = try files.campaign()
    #expect(try Program.run(["run", campaign, "--run-directory", path("run"), "--limit", "5"]).exitCode == 0)
    _ = try files.campaign(more: "threshold: 0.05")
    let outcome = try Program.run(["run", campaign, "--run-directory", path("run")])
    #expect(outcome.exitCode == 2)
    #expect(outcome.errors.contains("campaign.threshold"), "\(outcome.errors)")
  }

  @Test func `a report is written and a candidate shown in every form`() throws {
    let files = try CampaignFolder()
    try files.run(try files.campaign())
    let run = files.folder.path("run")
    let page = try Program.run(["report", run, "--output", files.folder.path("report.html")])
    #expect(page.exitCode == 0 && page.errors.contains("open it in a browser"), "\(page.errors)")
    #expect(try files.folder.text("report.html").hasPrefix("<!DOCTYPE html>"))
    let id = "rock-salt:Na-Cl"
    let text = try Program.run(["show", run, id])
    #expect(text.exitCode == 0 && text.output.hasPrefix("\(id)  NaCl\n"), "\(text.errors)")
    let json = try Program.run(["show", run, id, "--format", "json"])
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(object?["formula"] as? String == "NaCl" && (object?["models"] as? [Any])?.count == 1)
    #expect(try Program.run(["show", run, id, "--format", "cif"]).output.contains("_cell_length_a"))
    #expect(try Program.run(["show", run, id, "--format", "poscar"]).output.contains("Direct"))
    let absent = try Program.run(["show", run, "rock-salt:Na-C"])
    #expect(absent.exitCode == 2 && absent.errors.contains("begin alike: rock-salt:Na-"), "\(absent.errors)")
    for wrong in [
      ["--rows", "0"], ["--model-a", "model"], ["--judge", "x.csv"], ["--labels", "x", "--model-a", "m"],
    ] {
      #expect(try Program.run(["report", run, "--output", "x.html"] + wrong).exitCode == 64, "\(wrong)")
    }
  }

  @Test func `a model is shown as text and as JSON`() throws {
    let text = try Program.run(["models", "show", path("model")])
    #expect(text.output.contains("formation_energy_per_atom in eV/atom"))
    let json = try Program.run(["models", "show", path("model"), "--format", "json"])
    let card = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((card?["members"] as? [Any])?.count == 2)
  }

  @Test func `a reader that closes the pipe early ends the program quietly`() throws {
    let campaign = try files.campaign()
    #expect(try Program.run(["run", campaign, "--run-directory", path("run")]).exitCode == 0)
    let script = "\"$0\" rank \"$1\" --top 1000 2>\"$2\" | head -c 10 >/dev/null; cat \"$2\""
    let outcome = try ChildProcess.run(
      "/bin/sh", ["-c", script, try Program.path(), path("run"), path("errors")])
    #expect(outcome.exitCode == 0)
    #expect(outcome.output.isEmpty, "\(outcome.output)")
  }
}
