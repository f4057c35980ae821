import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

/// `--set` of the commands that read campaign and training files.
@Suite("Variables on the command line") struct VariableProgramTests {
  let files: CampaignFolder
  private var folder: TemporaryFolder { files.folder }

  init() throws {
    files = try CampaignFolder()
    try folder.write(
      """
      version: 1
      name: varied
      variables: {model: ../model}
      inputs:
        - archive: {path: "${data}/crystals.jsonl"}
      stages:
        - predict: {model: "${model}"}
        - hull: {reference: ../phases.csv}

      """, to: "campaigns/varied.yaml")
    let line =
      #"{"id":"a","lattice":[[4,0,0],[0,4,0],[0,0,4]],"species":["Na","Cl"],"frac_coords":[[0,0,0],[0.5,0.5,0.5]]}"#
    try folder.write(line + "\n" + line.replacing("\"a\"", with: "\"b\"") + "\n", to: "disk/crystals.jsonl")
  }

  private func sluice(_ arguments: String...) throws -> ChildProcess.Outcome {
    try Program.run(arguments, currentFolder: folder.path())
  }

  @Test func `a run takes its data from the current folder, and goes on after they moved`() throws {
    let campaign = "campaigns/varied.yaml"
    let plan = try sluice("plan", campaign, "--set", "data=disk")
    #expect(plan.exitCode == 0, "\(plan.errors)")
    #expect(plan.output.contains("/disk/crystals.jsonl") && plan.output.contains("    data: disk\n"))
    let first = try sluice("run", campaign, "--set", "data=disk", "--limit", "1")
    #expect(first.exitCode == 0, "\(first.errors)")
    for (name, other) in [("disk", "other"), ("campaigns", "plans"), ("model", "models")] {
      try FileManager.default.moveItem(atPath: folder.path(name), toPath: folder.path(other))
    }
    let second = try sluice(
      "run", "plans/varied.yaml", "--set", "data=./other", "--set", "model=models")
    #expect(second.exitCode == 0 && second.errors.contains("2 records = 2 rows"), "\(second.errors)")
  }

  @Test func `a variable without a value and a value without a variable end with 2, each with a name`() throws
  {
    let unset = try sluice("run", "campaigns/varied.yaml")
    #expect(unset.exitCode == 2)
    #expect(
      unset.errors.hasPrefix(
        "error: campaigns/varied.yaml:5:21: inputs[0].archive.path: the variable \"data\" has no value"),
      "\(unset.errors)")
    let unused = try sluice("run", "campaigns/varied.yaml", "--set", "data=disk", "--set", "modle=x")
    #expect(unused.exitCode == 2 && unused.errors.contains("did you mean \"model\"?"), "\(unused.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("varied.sluice")))
  }

  @Test(arguments: [["data"], ["data="], ["=disk"], ["data=disk", "data=other"]])
  func `a setting that is none is a mistake of usage`(settings: [String]) throws {
    for command in [
      ["run", "campaigns/varied.yaml"], ["train", "campaigns/varied.yaml", "--output", "model-2"],
    ] {
      let outcome = try Program.run(
        command + settings.flatMap { ["--set", $0] }, currentFolder: folder.path())
      #expect(outcome.exitCode == 64 && outcome.errors.contains("--set"), "\(outcome.errors)")
    }
  }
}
