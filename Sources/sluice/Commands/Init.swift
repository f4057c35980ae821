import ArgumentParser
import Foundation
import PipelineEngine
import Screening

struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a campaign file for an archive, after looking at it.",
    discussion: """
      Reads the archive through as doctor does and writes a campaign that runs as it is, with what was seen and what \
      else could stand there as comments. Without --reference the hull stage is a comment, and the campaign predicts \
      energies without ranking.

      Example: sluice init crystals.tar.zst --reference phases.csv --output campaign.yaml
      """)

  @Argument(help: "Archive, file or folder of crystals.")
  var archive: String

  @Option(help: "Campaign file to write.")
  var output = "campaign.yaml"

  @Option(help: "Reference phases: CSV, entries in JSON, or an index.")
  var reference: String?

  @Option(help: "Model folder. (default: the iCGCNN ensemble that ships)")
  var model: String?

  @Flag(help: "Replace a file that is there.")
  var force = false

  func run() throws {
    try reportingErrors {
      guard let model = model ?? Self.shippedModel() else {
        throw ValidationError("name a model folder with --model: the models that ship were not found")
      }
      try CampaignDraft.checkFree(output, replacing: force)
      var meter = Terminal.meter(unit: "records", total: nil)
      let draft = try CampaignDraft(
        archive: archive, model: model, reference: reference, for: output, clock: { Terminal.now }
      ) { meter.update(done: $0, now: Terminal.now) }
      meter.finish(done: draft.records, now: Terminal.now)
      try draft.write(to: output, replacing: force)
      Terminal.note("\(output): a campaign for \(draft.records) records; next: sluice run \(output)")
    }
  }

  /// The ensemble that ships, in the repository that holds the program or the current folder.
  private static func shippedModel() -> String? {
    let program = Bundle.main.executableURL?.resolvingSymlinksInPath()
    for start in [program, URL(filePath: FileManager.default.currentDirectoryPath)] {
      var folder = start
      while let place = folder, place.pathComponents.count > 1 {
        let model = place.appending(path: "fixtures/models/icgcnn-formation-energy").path
        if FileManager.default.fileExists(atPath: model) { return model }
        folder = place.deletingLastPathComponent()
      }
    }
    return nil
  }
}
