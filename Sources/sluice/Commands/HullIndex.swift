import ArgumentParser
import Screening

struct HullIndexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index", abstract: "Write reference phases as an index that opens in milliseconds.",
    discussion: """
      An index stands wherever reference phases are asked for, in commands and campaigns.

      Example: sluice hull index --reference phases.csv --output phases.hull
      """)

  @OptionGroup var references: ReferenceOptions

  @Option(help: "Index file to write.")
  var output: String

  func run() throws {
    try reportingErrors {
      let index = try ReferenceIndex(reference: references.path, reading: references.reading)
      Terminal.note(index.summary)
      let size = try index.write(to: output)
      Terminal.note("\(output): \(size) bytes")
    }
  }
}
