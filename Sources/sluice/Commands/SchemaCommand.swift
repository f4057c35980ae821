import ArgumentParser
import Screening

/// The files that have a schema.
enum SchemaSubject: String, ExpressibleByArgument, CaseIterable {
  case campaign
  case training
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of campaign or training files, for editors.",
    discussion: "Example: sluice schema campaign > campaign.schema.json")

  @Argument(help: "campaign or training.")
  var subject: SchemaSubject

  func run() throws {
    switch subject {
    case .campaign: Terminal.result(CampaignSchema.jsonSchema)
    case .training: Terminal.result(TrainingSchema.jsonSchema)
    }
  }
}
