import ArgumentParser
import Foundation
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

  private static let shippedModel = "icgcnn-formation-energy"

  func run() throws {
    try reportingErrors {
      let model = Resources.model(model ?? Self.shippedModel)
      try CampaignDraft.checkFree(output, replacing: force)
      var meter = Terminal.meter(unit: "records", total: nil)
      let draft = try CampaignDraft(
        archive: archive, model: model, reference: reference.map(Resources.reference), for: output,
        clock: { Terminal.now }
      ) { meter.update(done: $0, now: Terminal.now) }
      meter.finish(done: draft.records, now: Terminal.now)
      try draft.write(to: output, replacing: force)
      Terminal.note("\(output): a campaign for \(draft.records) records; next: sluice run \(output)")
    }
  }
}
