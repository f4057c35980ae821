import ArgumentParser
import Screening

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what a campaign will do, with every default filled in; run nothing.",
    discussion: "Example: sluice plan pipelines/quickstart.yaml")

  @Argument(help: "Campaign file (YAML).")
  var campaign: String

  @OptionGroup var variables: VariableOptions

  func run() throws {
    try reportingErrors {
      let plan = try CampaignPlan(
        file: campaign, resources: Resources.folders, variables: variables.values)
      Terminal.result("# Inputs")
      for (index, input) in plan.countRecords().enumerated() {
        Terminal.result(
          "#   \(index): \(input.name): \(input.records.map { "\($0) records" } ?? "cannot be counted")")
      }
      Terminal.result("# Stages")
      for (index, stage) in plan.stageSummaries.enumerated() { Terminal.result("#   \(index): \(stage)") }
      Terminal.result("# Fingerprint \(plan.fingerprint)")
      Terminal.result(plan.canonicalText)
    }
  }
}
