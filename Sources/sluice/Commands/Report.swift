import ArgumentParser
import Screening
import ScreeningStore

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a report of a run, or of a training: one page for a browser.",
    discussion: """
      The page holds the candidates with a card each, what speaks against the list, and how it was made; with labels also \
      how many of the candidates are truly stable. It needs nothing from elsewhere and sends nothing. A run that is not \
      finished is shown as far as it has come. The same run gives the same bytes. Of a training the page shows how its \
      members learned, and the model.

      Example: sluice report my-campaign.sluice --output report.html
      Example: sluice report my-campaign.sluice --output report.html --labels labels.jsonl.zst --model-a cgcnn \
      --model-b icgcnn
      Example: sluice report models/cgcnn --output training.html
      """)

  @Argument(help: ArgumentHelp("Run directory, or the output folder of a training.", valueName: "run"))
  var directory: String

  @Option(help: "File of the page to write.")
  var output: String

  @Option(help: "File of known energies, as for sluice compare; takes a finished run.")
  var labels: String?

  @Option(help: "First model that is compared by the labels. (default: the first on the hull)")
  var modelA: String?

  @Option(help: "Second model that is compared by the labels. (default: the second on the hull)")
  var modelB: String?

  @Option(help: "Most candidates that the page lists; figures are of all.")
  var rows = 10_000

  @Option(help: "Most crystals that the page holds, for pictures and files of its cards.")
  var structures = 2_000

  @Option(
    help: """
      Hull to rank by: references, competitors or combined (after sluice hull combined). (default: competitors where the \
      run has them)
      """)
  var hull: RankingHull?

  @Option(help: "Reference phases that labels are placed on instead of the run's.")
  var judge: String?

  @Flag(help: "Leave a candidate's own composition out of the hull that judges, whatever the campaign says.")
  var excludeSameComposition = false

  @Option(help: "Table of offsets by sluice hull align that are taken off the labels' formation energies.")
  var offsets: String?

  @Option(help: "Heading of the page. (default: the campaign's name)")
  var title: String?

  func validate() throws {
    if rows < 1 { throw ValidationError("--rows takes a number of at least 1") }
    if structures < 0 { throw ValidationError("--structures takes a number of at least 0") }
    if (modelA == nil) != (modelB == nil) {
      throw ValidationError("name both --model-a and --model-b, or none")
    }
    if labels == nil, modelA != nil || judge != nil || offsets != nil || excludeSameComposition {
      throw ValidationError("models are compared, and judged, by --labels")
    }
  }

  func run() throws {
    try reportingErrors {
      var options = RunReportOptions()
      options.rows = rows
      options.structures = structures
      options.labels = labels
      if let modelA, let modelB { options.models = (modelA, modelB) }
      options.hull = hull
      options.judgment = ComparisonJudgment(
        reference: judge.map(Resources.reference), excludesSameComposition: excludeSameComposition,
        offsets: offsets)
      options.title = title
      let maker = "Sluice \(programVersion)"
      let count: Int
      if TrainingReport.isTraining(directory) {
        guard labels == nil, hull == nil else {
          throw ScreeningError.invalid("\(directory) is a training, which has neither candidates nor a hull")
        }
        count = try TrainingReport(folder: directory).page(title: title, maker: maker).write(to: output)
      } else {
        count = try RunReport(directory: directory, options: options).page(maker: maker).write(to: output)
      }
      Terminal.note("\(output): \(count) bytes; open it in a browser")
    }
  }
}
