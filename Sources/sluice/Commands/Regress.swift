import ArgumentParser
import Screening

struct Regress: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learn a property from few labels: ridge and kernel regression on descriptors and embeddings.",
    discussion: """
      Scores a grid of methods by cross-validation, keeps the best and tests it. Writes regression.json with the numbers beside \
      it, grid.csv with the errors of all methods, and test.csv with id,value,prediction,std. `sluice predict` takes the folder \
      as a model. docs/little-data.md shows a study.

      Example: sluice regress pipelines/regress-bulk-modulus.yaml --set data=my-data --output models/bulk-modulus
      """)

  @Argument(help: "Study (YAML).")
  var study: String

  @Option(help: "Folder of the model.")
  var output: String

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let plan = try RegressionPlan(
        file: study, resources: Resources.folders, variables: variables.values)
      try RegressionRun(plan: plan, output: output, jobs: threads.count).run { show($0) }
    }
  }

  private func show(_ event: RegressionEvent) {
    switch event {
    case .loaded(let role, let crystals, let features, let leftOut, let messages):
      for message in messages { Terminal.note("left out: \(message)") }
      let causes = leftOut.sorted { $0.key < $1.key }.map { "\($0.value) left out (\($0.key))" }
      Terminal.note(
        (["\(role): \(crystals) crystals, \(features) features"] + causes).joined(separator: ", "))
    case .learned(let crystals): Terminal.note("warning: \(crystals.words)")
    case .memory(let gigabytes, let folds, let methods):
      Terminal.note(
        "\(methods) methods, \(folds) folds each; takes up to \(decimals(gigabytes, 2)) GB of memory")
    case .scored(let scores):
      var table = TerminalTable([
        .init("best of each kind, cross-validated", .left), .init("MAE", .right), .init("RMSE", .right),
      ])
      for score in scores {
        table.append([
          score.method, score.meanAbsoluteError.map { decimals($0, 5) } ?? "—",
          score.rootMeanSquaredError.map { decimals($0, 5) } ?? "—",
        ])
      }
      Terminal.result(table.text)
    case .finished(let card):
      if let error = card.leaveOneOutError {
        Terminal.result("leaving one out: MAE \(decimals(error, 5)) \(card.unit)")
      }
      if let metrics = card.testMetrics, let error = metrics.meanAbsoluteError,
        let square = metrics.rootMeanSquaredError
      {
        Terminal.result(
          "test, \(metrics.structures) crystals: MAE \(decimals(error, 5)), RMSE \(decimals(square, 5)) \(card.unit)"
        )
      }
      Terminal.note("\(output): \(card.method) on \(card.trainingCrystals) crystals")
    }
  }
}
