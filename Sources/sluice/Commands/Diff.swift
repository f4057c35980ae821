import ArgumentParser
import Screening
import ScreeningStore

struct Diff: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case csv
    case json
  }

  static let configuration = CommandConfiguration(
    abstract: "Say which candidates left and which entered the stable list from one run to another, and why.",
    discussion: """
      The runs may differ in references, threshold, models or inputs; each list is by its run's own threshold. \
      Candidates are joined by id and formula. csv and json hold every change, text the first of each list.

      Example: sluice diff thcr2si2-quickstart.sluice thcr2si2-quickstart-2.sluice
      Example: sluice diff old.sluice new.sluice --model cgcnn --model-b icgcnn --format csv --output changes.csv
      """)

  @Argument(help: ArgumentHelp("Run directory of a finished campaign.", valueName: "run-a"))
  var first: String

  @Argument(help: ArgumentHelp("Run directory of another, or of the same rescored.", valueName: "run-b"))
  var second: String

  @Option(help: "Model that ranks. (default: the first on the hull)")
  var model: String?

  @Option(help: "Model that ranks in the second run. (default: the same)")
  var modelB: String?

  @Option(
    help: """
      Hull that ranks: references or competitors (references and predicted competitors). (default: competitors where \
      both runs have them)
      """)
  var hull: RankingHull?

  @Option(help: "text, csv or json.")
  var format: Format = .text

  @Option(help: "Rows shown of each list in text.")
  var top = 10

  @Option(help: "File to write. (default: standard output)")
  var output: String?

  func validate() throws {
    if hull == .combined { throw ValidationError("--hull takes references or competitors") }
    if top < 0 { throw ValidationError("--top takes a number of at least 0") }
  }

  func run() throws {
    try reportingErrors {
      let difference = try RunDifference((first, second), models: (model, modelB ?? model), hull: hull)
      let text =
        switch format {
        case .text: DifferenceText(difference, top: top).text + "\n"
        case .csv: difference.csvText()
        case .json: difference.jsonText()
        }
      guard let output else { return Terminal.write(Array(text.utf8)) }
      try RunDifference.write(text, to: output)
      Terminal.note("\(output): \(difference.left.count) left, \(difference.entered.count) entered")
    }
  }
}
