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
      data. Of a classifier the value is the class, 0 or 1, and the prediction the probability of class 1; --at-most,
      --at-least or --above say which values of the column are class 1 where the model's card does not.

      Example: sluice evaluate --model models/cgcnn test.jsonl.zst --property formation_energy_per_atom
      """)

  @Option(help: "Model folder.")
  var model: String

  @Argument(help: "Archive whose records carry the property.")
  var data: String

  @Option(help: "Column with the true values.")
  var property: String

  @Option(
    help: "Of a model of several targets: the one that is compared. (default: the one named like the column)")
  var target: String?

  @Option(parsing: .unconditional, help: "Of a classifier: values of at most this are class 1.")
  var atMost: Double?

  @Option(parsing: .unconditional, help: "Of a classifier: values of at least this are class 1.")
  var atLeast: Double?

  @Option(parsing: .unconditional, help: "Of a classifier: values above this are class 1.")
  var above: Double?

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
    let bounds = [atMost, atLeast, above].compactMap { $0 }
    if bounds.count > 1 { throw ValidationError("--at-most, --at-least and --above exclude each other") }
    if !bounds.allSatisfy(\.isFinite) { throw ValidationError("the bound of class 1 is a finite number") }
  }

  private var positive: PositiveClass? {
    atMost.map { .atMost($0) } ?? atLeast.map { .atLeast($0) } ?? above.map { .above($0) }
  }

  func run() throws {
    try reportingErrors {
      let folder = try ModelFolder(path: Resources.model(model)).selecting(target, column: property)
      let evaluation = try PredictionTable(folder, jobs: threads.count)
        .evaluate(data, property: property, positive: positive, maximumSites: maximumSites, output: output)
      if format == .json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        Terminal.write([UInt8](try encoder.encode(evaluation)) + [10])
        return
      }
      Terminal.result(EvaluationText(evaluation).text)
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
