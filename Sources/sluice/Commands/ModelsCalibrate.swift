import ArgumentParser
import Foundation
import Screening

/// Labelled structures to judge a model's error bars by.
struct CalibrationData: ParsableArguments {
  @Argument(help: "Model folder.")
  var model: String

  @Argument(help: "Archive whose records carry the property.")
  var data: String

  @Option(help: "Column with the true values. (default: the property of the model)")
  var property: String?

  @Option(
    help: "Of a model of several targets: the one that is meant. (default: the one named like the column)")
  var target: String?

  @Option(help: "Leave out larger structures.")
  var maximumSites: Int?

  @Option(help: "text or json.")
  var format: ReportFormat = .text

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if let maximumSites, maximumSites < 1 {
      throw ValidationError("--maximum-sites takes a number of at least 1")
    }
  }

  /// The model to calibrate or to test.
  func calibration() throws -> ModelCalibration {
    let whole = try ModelFolder(path: Resources.model(model))
    return ModelCalibration(
      target == nil ? whole : try whole.selecting(target), jobs: threads.count)
  }

  /// Prints a report.
  func show(_ report: CalibrationReport) throws {
    if format == .json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      Terminal.write([UInt8](try encoder.encode(report)) + [10])
    } else {
      Terminal.result(CalibrationText(report).text)
    }
  }
}

extension Models {
  struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fit the distribution of a model's errors and write it into its card.",
      discussion: """
        Takes structures that no weight was fitted to, such as the validation split. The weights stay as they are; the \
        calibration gives each candidate of a campaign an error bar and a probability to be stable.

        Example: sluice models calibrate fixtures/models/icgcnn-formation-energy val.jsonl.zst --maximum-sites 30
        """)

    @OptionGroup var data: CalibrationData

    func run() throws {
      try reportingErrors {
        let report = try data.calibration().fit(
          data.data, property: data.property, maximumSites: data.maximumSites)
        try data.show(report)
        Terminal.note("\(data.model): calibration written into the card")
      }
    }
  }

  struct Reliability: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Test a model's calibration on other labelled structures.",
      discussion: """
        Nothing is fitted or written.

        Example: sluice models reliability fixtures/models/icgcnn-formation-energy test.jsonl.zst --maximum-sites 30
        """)

    @OptionGroup var data: CalibrationData

    func run() throws {
      try reportingErrors {
        try data.show(
          data.calibration().test(data.data, property: data.property, maximumSites: data.maximumSites))
      }
    }
  }
}
