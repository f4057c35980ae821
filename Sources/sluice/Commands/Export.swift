public import ArgumentParser
public import Screening

extension RunExport.Selection: ExpressibleByArgument {}
extension RunExport.Format: ExpressibleByArgument {}

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a list of a run's candidates for the next tool.",
    discussion: """
      csv and jsonl hold the ranked table; cif is one archive of CIF files (.tar.zst, .tar.gz or .zip by its name).

      Example: sluice export thcr2si2-quickstart.sluice --select stable --format cif --output stable.tar.zst
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(help: "Which records: stable, all or rejected.")
  var select: RunExport.Selection = .stable

  @Option(help: "csv, jsonl or cif.")
  var format: RunExport.Format = .csv

  @Option(help: "File to write.")
  var output: String

  @Option(help: "Model whose ranking is exported. (default: the first on the hull)")
  var model: String?

  @Option(help: "Largest energy above hull that counts as stable, eV/atom. (default: the campaign's)")
  var threshold: Double?

  func run() throws {
    try reportingErrors {
      let store = try openRun(directory)
      let (records, threshold) = try RunExport(
        selection: select, format: format, model: model, threshold: threshold
      ).write(store, to: output)
      let what = select == .stable ? "stable (at or below \(threshold) eV/atom)" : select.rawValue
      Terminal.note("\(output): \(records) records, \(what)")
    }
  }
}
