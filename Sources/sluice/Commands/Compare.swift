public import ArgumentParser
public import Screening
internal import ScreeningStore

extension LabelKind: ExpressibleByArgument {}

/// How a comparison is printed.
enum ComparisonFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
  case csv
}

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare how many stable compounds two models of a run find.",
    discussion: """
      Labels are CSV or JSON records, plain or compressed, with an id and either formation_energy_per_atom or \
      e_above_hull (eV/atom). A formation energy is placed on the hull of the run, or on that of --judge. For what \
      screening would find, leave the candidates' own composition out of the hull that judges.

      Example: sluice compare my-campaign.sluice --labels labels.jsonl.zst --model-a cgcnn --model-b icgcnn \
      --budget 50,200 --plot hits.svg
      Example: sluice compare my-campaign.sluice --labels labels.jsonl.zst --model-a cgcnn --model-b icgcnn \
      --judge all-phases.csv --exclude-same-composition --offsets offsets.csv
      """)

  @Argument(help: ArgumentHelp("Run directory of a finished campaign.", valueName: "run"))
  var directory: String

  @Option(help: "File of labels.")
  var labels: String

  @Option(help: "First model, by its name in the run.")
  var modelA: String

  @Option(help: "Second model; differences and ratios are second to first.")
  var modelB: String

  @Option(
    help: """
      Number that is the label: formation_energy_per_atom or e_above_hull. (default: the former where all labels have \
      it)
      """)
  var label: LabelKind?

  @Option(
    parsing: .unconditional,
    help: "Largest energy above hull that counts as stable, eV/atom. (default: the campaign's)")
  var threshold: Double?

  @Option(help: "Lengths of the top lists, i.e. calculations for each model.")
  var budget = "50,100,200,500,1000"

  @Option(help: "text, json or csv.")
  var format: ComparisonFormat = .text

  @Option(help: "SVG file of success against budget to write.")
  var plot: String?

  @Option(help: "SVG file of the share that is stable against its probability to write.")
  var reliabilityPlot: String?

  @Option(help: "Page for a browser to write, with these figures and more; see also sluice report --labels.")
  var report: String?

  @Option(help: "Seed of the resamples behind the intervals.")
  var seed: UInt64 = 0

  @Option(help: "Number of resamples, 100 to 1000000.")
  var resamples = 2000

  @Option(help: "Reference phases of the run. (default: the index in the run directory)")
  var reference: String?

  @Option(
    help:
      "Hull to rank by: references or competitors (with predicted ones). (default: competitors where the run has them)"
  )
  var hull: RankingHull?

  @Option(
    help:
      "Reference phases that labels are placed on instead of the run's; rankings stay as they are in the run."
  )
  var judge: String?

  @Flag(help: "Leave a candidate's own composition out of the hull that judges, whatever the campaign says.")
  var excludeSameComposition = false

  @Option(help: "Table of offsets by sluice hull align that are taken off the labels' formation energies.")
  var offsets: String?

  /// The budgets; nil where the text is no list of them.
  private var budgets: [Int]? {
    let numbers = budget.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let budgets = numbers.compactMap { $0 }
    return budgets.count == numbers.count && budgets.allSatisfy({ $0 > 0 }) ? budgets : nil
  }

  func validate() throws {
    if budgets == nil { throw ValidationError("--budget takes whole numbers above 0, separated by commas") }
    if modelA == modelB { throw ValidationError("--model-a and --model-b are the same model") }
    if let threshold, !threshold.isFinite { throw ValidationError("--threshold takes a finite number") }
    if !(100...1_000_000).contains(resamples) {
      throw ValidationError("--resamples takes 100 to 1000000")
    }
  }

  func run() throws {
    try reportingErrors {
      let comparison = try RunComparison(
        directory: directory, labels: labels, kind: label, models: (modelA, modelB), threshold: threshold,
        reference: reference.map(Resources.reference), rankingHull: hull,
        judgment: ComparisonJudgment(
          reference: judge.map(Resources.reference), excludesSameComposition: excludeSameComposition,
          offsets: offsets),
        options: ComparisonOptions(budgets: budgets ?? [], seed: seed, resamples: resamples))
      switch format {
      case .text: Terminal.result(ComparisonText(comparison).text)
      case .json: Terminal.write(Array(comparison.jsonText().utf8))
      case .csv: Terminal.write(Array(comparison.csvText().utf8))
      }
      if let report {
        try comparison.page(maker: "Sluice \(programVersion)").write(to: report)
        Terminal.note("\(report): open it in a browser")
      }
      if let plot {
        try comparison.writePlot(to: plot)
        Terminal.note("\(plot): success against budget")
      }
      if let reliabilityPlot {
        try comparison.writeReliabilityPlot(to: reliabilityPlot)
        Terminal.note("\(reliabilityPlot): share that is stable against its probability")
      }
    }
  }
}
