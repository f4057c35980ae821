import ArgumentParser
import Foundation
import Screening

struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a campaign file for an archive, after looking at it.",
    discussion: """
      Reads the archive through as doctor does and writes a campaign that runs as it is, with what was seen and what \
      else could stand there as comments. The references are those that ship, of 2019, unless --reference names others; \
      where there are none the hull stage is a comment, and the campaign predicts energies without ranking.

      Example: sluice init crystals.tar.zst --reference phases.csv --output campaign.yaml
      """)

  @Argument(help: "Archive, file or folder of crystals.")
  var archive: String

  @Option(help: "Campaign file to write.")
  var output = "campaign.yaml"

  @Option(
    help:
      "Reference phases: CSV, entries in JSON, or an index. (default: the Materials Project of 2019 that ships)"
  )
  var reference: String?

  @Option(help: "Model folder. (default: the coGN ensemble that ships)")
  var model: String?

  @Flag(help: "Replace a file that is there.")
  var force = false

  private static let shippedModel = "cogn-formation-energy"
  private static let shippedReference = "materials-project-2019"

  /// The references that are named, or those that ship where they are there.
  private var references: CampaignDraft.Reference? {
    if let reference { return CampaignDraft.Reference(path: Resources.reference(reference)) }
    let path = Resources.reference(Self.shippedReference)
    return path == Self.shippedReference
      ? nil : CampaignDraft.Reference(path: path, name: Self.shippedReference)
  }

  func run() throws {
    try reportingErrors {
      let model = Resources.model(model ?? Self.shippedModel)
      try CampaignDraft.checkFree(output, replacing: force)
      var meter = Terminal.meter(unit: "records", total: nil)
      let draft = try CampaignDraft(
        archive: archive, model: model, reference: references, for: output,
        clock: { Terminal.now }
      ) { meter.update(done: $0, now: Terminal.now) }
      meter.finish(done: draft.records, now: Terminal.now)
      try draft.write(to: output, replacing: force)
      if let limits = draft.referenceLimits { Terminal.note("references: \(limits)") }
      Terminal.note("\(output): a campaign for \(draft.records) records; next: sluice run \(output)")
    }
  }
}
