import ArgumentParser
import Foundation
import Screening

extension Models {
  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare models in accuracy and speed on the same labelled crystals.",
      discussion: """
        Each model predicts every crystal of the data; errors are over the crystals that all of them can predict, and \
        changes are relative to the first model, with 95 % intervals over the crystals. The speed counts reading, graphs \
        and the networks; it is measured while this command runs, so let nothing else run beside it.

        Example: sluice models compare fixtures/models/cgcnn-formation-energy fixtures/models/icgcnn-formation-energy \
        --data test.jsonl.zst --property formation_energy_per_atom --jobs 1
        """)

    @Argument(help: "Model folders; the first is what the others are compared with.")
    var models: [String]

    @Option(help: "Archive whose records carry the property.")
    var data: String

    @Option(help: "Column with the true values.")
    var property: String

    @Option(help: "Leave out larger structures.")
    var maximumSites: Int?

    @Option(help: "Column with the number of the space group, for errors by crystal system.")
    var spaceGroup: String?

    @Option(help: "How often each model runs, in turns; the speed is of the middle time.")
    var rounds = 1

    @Option(help: "SVG picture of error against speed to write.")
    var picture: String?

    @Option(help: "text or json.")
    var format: ReportFormat = .text

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
      if models.isEmpty { throw ValidationError("name a model folder or more") }
      if let maximumSites, maximumSites < 1 {
        throw ValidationError("--maximum-sites takes a number of at least 1")
      }
      if rounds < 1 { throw ValidationError("--rounds takes a number of at least 1") }
    }

    func run() throws {
      try reportingErrors {
        let folders = try models.map {
          try ModelFolder(path: Resources.model($0)).selecting(nil, column: property)
        }
        let leaderboard = try ModelLeaderboard(
          folders, on: data, property: property, maximumSites: maximumSites, spaceGroup: spaceGroup,
          jobs: threads.count, rounds: rounds, clock: { Terminal.now }, progress: { Terminal.note($0) })
        if let picture { try leaderboard.writePicture(to: picture) }
        if format == .json {
          let encoder = JSONEncoder()
          encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
          Terminal.write([UInt8](try encoder.encode(leaderboard)) + [10])
        } else {
          Terminal.result(LeaderboardText(leaderboard).text)
        }
      }
    }
  }
}
