import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("The compare command") struct CompareProgramTests {
  let files: CampaignFolder

  /// A finished run of the rock salts with two networks, and labels of all of them.
  init() throws {
    files = try CampaignFolder()
    try TinyModel.write(to: files.folder.path("other"), seed: 2)
    let stages = """
      - graph: {}
      - predict: {name: one, model: model}
      - predict: {name: two, model: other}
      - hull: {reference: phases.csv}
      """
    try files.run(try files.campaign(stages: stages))
    let rows = try files.table(model: "one").enumerated().map { index, row in
      "\(row["id"] ?? ""),\(index.isMultiple(of: 3) ? 0 : 0.0000000004)"
    }
    try files.folder.write((["id,e_above_hull"] + rows).joined(separator: "\n") + "\n", to: "labels.csv")
  }

  private func compare(_ arguments: String...) throws -> ChildProcess.Outcome {
    try Program.run(
      ["compare", "run", "--labels", "labels.csv", "--model-a", "one", "--model-b", "two"] + arguments,
      currentFolder: files.folder.path(""))
  }

  @Test func `every table says threshold, prevalence, missing predictions and hull`() throws {
    let outcome = try compare("--budget", "10,200", "--plot", "hits.svg")
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    let context =
      "threshold 0.0 eV/atom; 22 of 64 stable (34.4 %); without prediction (a, b): 0, 0; ranked on phases.csv; "
      + "judged by distances as given"
    #expect(outcome.output.components(separatedBy: context).count == 7)
    #expect(outcome.output.contains("budget 200 is larger than the number of candidates: clipped to 64"))
    for word in ["ROC-AUC", "McNemar p", "DAF", "ratio 1.25", "best of them"] {
      #expect(outcome.output.contains(word), "\(word)")
    }
    // Without a calibration there are probabilities by the raw spread alone.
    #expect(outcome.output.contains("Probabilities to be stable"))
    #expect(!outcome.output.contains("0.9 to 1.0"))
    #expect(outcome.errors.contains("hits.svg: success against budget"))
    #expect(try files.folder.text("hits.svg").hasPrefix("<svg"))
  }

  @Test func `calibrated models are judged by their probabilities, in every format and as a picture`() throws
  {
    var generator = SeededGenerator(seed: 31)
    let lines = try (0..<60).map { index in
      let structure = try randomStructure(siteCount: 2, using: &generator)
      return try recordLine(
        id: "\(index)", structure: structure,
        properties: ["formation_energy_per_atom": Double.random(in: -3...0, using: &generator)])
    }
    try files.folder.write(lines.map { $0 + "\n" }.joined(), to: "data.jsonl")
    for model in ["model", "other"] {
      let outcome = try Program.run(
        ["models", "calibrate", model, "data.jsonl"], currentFolder: files.folder.path(""))
      #expect(outcome.exitCode == 0 && outcome.output.contains("Student's t"), "\(outcome.errors)")
    }
    let tested = try Program.run(
      ["models", "reliability", "model", "data.jsonl", "--format", "json"],
      currentFolder: files.folder.path(""))
    #expect(tested.exitCode == 0 && tested.output.contains("negativeLogLikelihood"))
    try FileManager.default.removeItem(atPath: files.folder.path("run"))
    try files.run(files.folder.path("tiny.yaml"))
    let text = try compare("--reliability-plot", "reliability.svg")
    #expect(text.exitCode == 0 && text.output.contains("0.9 to 1.0"), "\(text.errors)")
    #expect(try files.folder.text("reliability.svg").contains("one, raw spread"))
    let json = try compare("--format", "json").output
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let model = try #require(object["model_b"] as? [String: Any])
    let probabilities = try #require(model["probabilities"] as? [String: Any])
    let calibrated = try #require(probabilities["calibrated"] as? [String: Any])
    #expect(calibrated["candidates"] as? Int == 64 && probabilities["without_probability"] as? Int == 0)
    let rows = records(ofCSV: try compare("--format", "csv").output)
    let loss = rows.first {
      $0["table"] == "calibrated" && $0["model"] == "b" && $0["quantity"] == "log_loss"
    }
    // As text: Foundation's JSON reader may miss the last digit.
    #expect(json.contains(try #require(loss?["value"])))
    #expect(calibrated["log_loss"] is Double)
    let ranked = try Program.run(
      ["rank", "run", "--by", "probability", "--top", "5"], currentFolder: files.folder.path(""))
    #expect(ranked.exitCode == 0 && ranked.output.contains("P(stable)"), "\(ranked.errors)")
    let last = try #require(ranked.output.split(separator: "\n").last)
    #expect(last.hasPrefix("expected hits among these 5: ") && last.hasSuffix("if errors are independent"))
  }

  @Test func `rows without odds are not ranked by them`() throws {
    for by in ["probability", "pessimistic"] {
      let outcome = try Program.run(["rank", "run", "--by", by], currentFolder: files.folder.path(""))
      #expect(outcome.exitCode == 2 && outcome.errors.contains("one was not calibrated"), "\(outcome.errors)")
    }
    let mean = try Program.run(["rank", "run", "--by", "mean"], currentFolder: files.folder.path(""))
    #expect(mean.exitCode == 0 && !mean.output.contains("P(stable)"))
    #expect(!mean.output.contains("expected hits"))
  }

  @Test func `JSON and CSV are the same for the same seed`() throws {
    for format in ["json", "csv"] {
      let first = try compare("--format", format, "--seed", "5")
      #expect(first.exitCode == 0 && first.errors.isEmpty, "\(first.errors)")
      #expect(try compare("--format", format, "--seed", "5").output == first.output)
      #expect(try compare("--format", format, "--seed", "6").output != first.output)
    }
    let json = try compare("--format", "json").output
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(object["stable"] as? Int == 22 && object["clipped_budgets"] as? [Int] == [100, 200, 500, 1000])
  }

  @Test(arguments: [
    ["--budget", "0"], ["--budget", "10,,20"], ["--budget", "ten"], ["--resamples", "5"],
    ["--threshold", "nan"],
    ["--format", "xml"],
  ])
  func `options that cannot be meant end with 64`(arguments: [String]) throws {
    let outcome = try Program.run(
      ["compare", "run", "--labels", "labels.csv", "--model-a", "one", "--model-b", "two"] + arguments,
      currentFolder: files.folder.path(""))
    #expect(outcome.exitCode == 64 && outcome.output.isEmpty, "\(outcome.errors)")
  }

  @Test func `one model against itself ends with 64, an unknown one with 2 and the names there are`() throws {
    func call(_ b: String) throws -> ChildProcess.Outcome {
      try Program.run(
        ["compare", "run", "--labels", "labels.csv", "--model-a", "one", "--model-b", b],
        currentFolder: files.folder.path(""))
    }
    #expect(try call("one").exitCode == 64)
    let unknown = try call("three")
    #expect(unknown.exitCode == 2 && unknown.errors.contains("it has one, two"))
  }
}
