public import ArgumentParser
public import Screening
public import ScreeningStore

extension RunExport.Selection: ExpressibleByArgument {}
extension RunExport.Format: ExpressibleByArgument {}
extension RankingHull: ExpressibleByArgument {}

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a list of a run's candidates for the next tool.",
    discussion: """
      csv and jsonl hold the ranked table; the other forms hold the crystals. cif and poscar are one archive of files \
      (.tar.zst, .tar.gz or .zip by its name), the names of POSCARs beginning with the rank; extxyz and optimade (JSON \
      lines) are one file with the table's columns in each entry.
      Where no model of the run predicts an energy, --select all lists rows by what a model says, the largest first.

      Example: sluice export thcr2si2-quickstart.sluice --select stable --format cif --output stable.tar.zst
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(help: "Which records: stable, all or rejected.")
  var select: RunExport.Selection = .stable

  @Option(help: "csv, jsonl, cif, poscar, extxyz or optimade.")
  var format: RunExport.Format = .csv

  @Option(help: "File to write.")
  var output: String

  @Option(help: "Only so many records from the top of the list.")
  var top: Int?

  @Option(help: "Model whose ranking is exported. (default: the first on the hull)")
  var model: String?

  @Option(
    parsing: .unconditional,
    help: "Largest energy above hull that counts as stable, eV/atom. (default: the campaign's)")
  var threshold: Double?

  @Option(
    help: """
      Hull that decides: references, competitors (references and predicted competitors) or combined (after sluice hull \
      combined). (default: competitors where the run has them)
      """)
  var hull: RankingHull?

  @Flag(help: "Leave out flagged candidates.")
  var unflagged = false

  @OptionGroup var ranking: RankingOptions

  /// Whether the list holds rows of the ranking.
  private var selectsRows: Bool { select != .rejected && format != .cif }

  func validate() throws {
    if let threshold, !threshold.isFinite { throw ValidationError("--threshold takes a finite number") }
    if let top, top < 1 { throw ValidationError("--top takes a number of at least 1") }
    if threshold != nil, select != .stable {
      throw ValidationError("--threshold goes with --select stable")
    }
    if select == .rejected, model != nil || hull != nil || unflagged || ranking.by != .mean {
      throw ValidationError(
        "rejected records are in no ranking; --model, --hull, --unflagged and --by do not apply")
    }
  }

  func run() throws {
    try reportingErrors {
      let store = try openRun(directory)
      let (records, threshold) = try RunExport(
        selection: select, format: format, model: model, threshold: threshold, hull: hull,
        leavesOutFlagged: unflagged, order: ranking.order, top: top
      ).write(store, to: output)
      let what = select == .stable ? "stable (at or below \(threshold) eV/atom)" : select.rawValue
      if selectsRows, try store.combinedHull()?.isCurrent == false {
        Terminal.note(
          "The hull of references and candidates is stale: its columns are empty. Call sluice hull combined again."
        )
      }
      Terminal.note("\(output): \(records) records, \(what)")
    }
  }
}
