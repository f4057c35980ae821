import Foundation
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Models and references called by name") struct ResourceFoldersTests {
  let files: CampaignFolder
  let resources: ResourceFolders

  init() throws {
    files = try CampaignFolder()
    for folder in ["first/models", "second/models", "second/hull"] {
      try FileManager.default.createDirectory(
        atPath: files.folder.path(folder), withIntermediateDirectories: true)
    }
    try TinyModel.write(to: files.folder.path("first/models/both"), name: "of the first")
    try TinyModel.write(to: files.folder.path("second/models/both"), name: "of the second")
    try TinyModel.write(to: files.folder.path("second/models/single"))
    try files.folder.write(try files.folder.text("phases.csv"), to: "second/hull/known.csv")
    try files.folder.write(
      "{\"title\": \"All that is known, of 2019\", \"license\": \"CC0\", \"limits\": \"knows nothing newer\"}",
      to: "second/hull/known.json")
    resources = ResourceFolders(["first", "second"].map(files.folder.path))
  }

  @Test func `a name is looked for in the order of the folders, after a path`() throws {
    #expect(resources.path("both", .model) == files.folder.path("first/models/both"))
    #expect(resources.path("single", .model) == files.folder.path("second/models/single"))
    #expect(resources.path("known", .reference) == files.folder.path("second/hull/known.csv"))
    // What is there under its path is meant, and what is nowhere stays as it is written.
    #expect(resources.path(files.folder.path("model"), .model) == files.folder.path("model"))
    for text in ["absent", "models/both", "../first/models/both", ".", "known"] {
      #expect(resources.path(text, .model) == text)
    }
    #expect(ResourceFolders.none.path("both", .model) == "both")
  }

  private func summary(_ plan: CampaignPlan) -> String { plan.stageSummaries.joined(separator: "\n") }

  private func campaign(model: String = "both", reference: String = "known") throws -> String {
    try files.campaign(stages: "- predict: {model: \(model)}\n- hull: {reference: \(reference)}")
  }

  @Test func `a campaign calls models and references by name, and its results are those of the paths`() throws
  {
    let named = try CampaignPlan(file: try campaign(), resources: resources)
    let paths = try CampaignPlan(
      file: try campaign(model: "first/models/both", reference: "second/hull/known.csv"))
    #expect(summary(named).contains("All that is known, of 2019, CC0, knows nothing newer"))
    #expect(summary(named).contains("of the first") && summary(paths).contains("of the first"))
    let text = message { _ = try CampaignPlan(file: try campaign(model: "absent"), resources: resources) }
    #expect(text.contains("absent does not exist") && text.contains(files.folder.path("second")), "\(text)")
    let alone = message { _ = try CampaignPlan(file: try campaign()) }
    #expect(
      alone.contains("both does not exist; a model folder was expected there") && !alone.contains("nor one"))
  }

  @Test func `a damaged description of references is an error, not left out`() throws {
    try files.folder.write("{\"title\": 3}", to: "second/hull/known.json")
    let text = message { _ = try CampaignPlan(file: try campaign(), resources: resources) }
    #expect(text.contains("known.json"))
  }

  @Test func `a training starts from a model called by name`() throws {
    let training = try TrainingFolder()
    let file = try training.training(", initial_model: single", members: 2)
    try FileManager.default.createDirectory(
      atPath: training.folder.path("own/models"), withIntermediateDirectories: true)
    try TinyModel.write(to: training.folder.path("own/models/single"))
    let plan = try TrainingPlan(file: file, resources: ResourceFolders([training.folder.path("own")]))
    #expect(plan.initial != nil)
    #expect(message { _ = try TrainingPlan(file: file) }.contains("single does not exist"))
  }
}
