import ArgumentParser
import Screening

/// The files that have a schema.
enum SchemaSubject: String, ExpressibleByArgument, CaseIterable {
  case campaign
  case training
  case study
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of campaign files, training files or studies, for editors.",
    discussion: "Example: sluice schema campaign > campaign.schema.json")

  @Argument(help: "campaign, training or study.")
  var subject: SchemaSubject

  func run() throws {
    switch subject {
    case .campaign: Terminal.result(CampaignSchema.jsonSchema)
    case .training: Terminal.result(TrainingSchema.jsonSchema)
    case .study: Terminal.result(RegressionSchema.jsonSchema)
    }
  }
}
