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
      "threshold 0.0 eV/atom; 22 of 64 stable (34.4 %); without prediction (a, b): 0, 0; hull: phases.csv"
    #expect(outcome.output.components(separatedBy: context).count == 6)
    #expect(outcome.output.contains("budget 200 is larger than the number of candidates: clipped to 64"))
    for word in ["ROC-AUC", "McNemar p", "DAF", "ratio 1.25", "best of them"] {
      #expect(outcome.output.contains(word), "\(word)")
    }
    #expect(outcome.errors.contains("hits.svg: success against budget"))
    #expect(try files.folder.text("hits.svg").hasPrefix("<svg"))
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
