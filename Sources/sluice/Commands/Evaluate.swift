import ArgumentParser
import Foundation
import Screening

/// How a report is printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
}

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare a model's predictions with known values.",
    discussion: """
      With --output each comparison is written too: id,value,prediction,std and a column a member, in the order of the
      data.

      Example: sluice evaluate --model models/cgcnn test.jsonl.zst --property formation_energy_per_atom
      """)

  @Option(help: "Model folder.")
  var model: String

  @Argument(help: "Archive whose records carry the property.")
  var data: String

  @Option(help: "Column with the true values.")
  var property: String

  @Option(help: "Leave out larger structures.")
  var maximumSites: Int?

  @Option(help: "CSV file to write, a line a crystal.")
  var output: String?

  @Option(help: "text or json.")
  var format: ReportFormat = .text

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if let maximumSites, maximumSites < 1 {
      throw ValidationError("--maximum-sites takes a number of at least 1")
    }
  }

  func run() throws {
    try reportingErrors {
      let evaluation = try PredictionTable(ModelFolder(path: model), jobs: threads.count)
        .evaluate(data, property: property, maximumSites: maximumSites, output: output)
      if format == .json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        Terminal.write([UInt8](try encoder.encode(evaluation)) + [10])
        return
      }
      var table = TerminalTable([
        .init("", .left), .init("count", .right), .init("MAE", .right), .init("RMSE", .right),
        .init("median", .right),
        .init("worst", .right),
      ])
      for (name, errors) in [("ensemble", evaluation.ensemble)]
        + evaluation.members.enumerated().map({ ("member \($0 + 1)", $1) })
      {
        table.append([
          name, "\(errors.count)", decimals(errors.meanAbsoluteError, 5),
          decimals(errors.rootMeanSquaredError, 5),
          decimals(errors.medianAbsoluteError, 5), decimals(errors.worstError, 5),
        ])
      }
      Terminal.result("\(evaluation.model): errors of \(evaluation.property) in \(evaluation.unit)")
      Terminal.result(table.text)
      if let worst = evaluation.worstID { Terminal.result("worst: \(worst)") }
      if evaluation.recordsLeftOut > 0 {
        Terminal.result("left out as too large: \(evaluation.recordsLeftOut)")
      }
      if evaluation.recordsWithoutProperty > 0 {
        Terminal.result("records without the property: \(evaluation.recordsWithoutProperty)")
      }
      for (reason, count) in evaluation.rejected.sorted(by: { $0.key < $1.key }) {
        Terminal.result("rejected, \(reason): \(count)")
      }
    }
  }
}
