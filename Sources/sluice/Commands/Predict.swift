import ArgumentParser
import Screening

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict a property for every crystal of an archive.",
    discussion: """
      Writes id,prediction,std in the order of the input; std is the standard deviation over the ensemble. A model of
      several targets has such columns for each, as prediction_band_gap, unless --target names one.

      --sites writes the energy that the model gives each site, as id,site,element,energy; sites count from 0 in the order of \
      the crystal. Energies are in eV: their sum over a crystal is its prediction times the number of its sites. The model \
      has to predict an energy per atom and to be additive (readout: additive, schnet, alignn).

      Example: sluice predict --model fixtures/models/cgcnn-formation-energy crystals.tar.zst --output energies.csv
      """)

  @Option(help: "Model folder.")
  var model: String

  @Argument(help: "Archive, file or folder of crystals.")
  var input: String

  @Option(help: "CSV file to write.")
  var output: String

  @Option(help: "Of a model of several targets: the one to predict.")
  var target: String?

  @Flag(help: "Add one column a member.")
  var members = false

  @Option(
    help: ArgumentHelp(
      "Of a regression on features of files: an array in NumPy's format with a row for each crystal, and ids beside it.",
      valueName: "npy"))
  var features: [String] = []

  @Option(help: "CSV file to write site energies to.")
  var sites: String?

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if RegressionFolder.isRegression(at: Resources.model(model)), members || sites != nil || target != nil {
      throw ValidationError("a regression has one target, no members and no site energies")
    }
    if sites == output { throw ValidationError("--sites and --output are one file") }
  }

  func run() throws {
    try reportingErrors {
      let path = Resources.model(model)
      if RegressionFolder.isRegression(at: path) {
        let table = try RegressionTable(
          try RegressionFolder(path: path), files: features.map { try FeatureFile(path: $0) },
          jobs: threads.count)
        return try conclude(try table.write(input, to: output), output)
      }
      let whole = try ModelFolder(path: path)
      let report = try PredictionTable(target.map { try whole.selecting($0) } ?? whole, jobs: threads.count)
        .write(input, to: output, members: members, sites: sites)
      try conclude(report, output)
    }
  }
}

/// Says what was written and what was not; nothing written at all is a failure.
func conclude(_ report: TableReport, _ output: String) throws {
  for message in report.messages { Terminal.note("rejected: \(message)") }
  let rejected = report.rejected.values.reduce(0, +)
  Terminal.note("\(output): \(report.written) written, \(rejected) rejected")
  if report.written == 0, rejected > 0 { throw ExitStatus.failed }
}
