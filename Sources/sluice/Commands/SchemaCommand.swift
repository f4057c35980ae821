import ArgumentParser
import Screening

/// The files that have a schema.
enum SchemaSubject: String, ExpressibleByArgument, CaseIterable {
  case campaign
  case training
  case study
  case pretraining
  case learningCurve = "learning-curve"
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract:
      "Print the JSON Schema of campaign files, training and pretraining files, studies or learning curves, for editors.",
    discussion: "Example: sluice schema campaign > campaign.schema.json")

  @Argument(help: "campaign, training, pretraining, study or learning-curve.")
  var subject: SchemaSubject

  func run() throws {
    switch subject {
    case .campaign: Terminal.result(CampaignSchema.jsonSchema)
    case .training: Terminal.result(TrainingSchema.jsonSchema)
    case .study: Terminal.result(RegressionSchema.jsonSchema)
    case .pretraining: Terminal.result(PretrainingSchema.jsonSchema)
    case .learningCurve: Terminal.result(LearningCurveSchema.jsonSchema)
    }
  }
}
