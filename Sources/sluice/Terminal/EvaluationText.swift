import Screening

/// An evaluation in words: a table with a line for the ensemble and one for each member.
struct EvaluationText {
  private let evaluation: Evaluation

  init(_ evaluation: Evaluation) { self.evaluation = evaluation }

  var text: String {
    let lines =
      [("ensemble", evaluation.ensemble)]
      + evaluation.members.enumerated().map { ("member \($0 + 1)", $1) }
    var table = TerminalTable([.init("", .left)] + columns.map { .init($0, .right) })
    for (name, statistics) in lines { table.append([name] + figures(statistics)) }
    return "\(title)\n\(table.text)"
  }

  private var title: String {
    switch evaluation.ensemble {
    case .errors: "\(evaluation.model): errors of \(evaluation.property) in \(evaluation.unit)"
    case .classification: "\(evaluation.model): classification, class 1 is \(evaluation.property)"
    }
  }

  private var columns: [String] {
    switch evaluation.ensemble {
    case .errors: ["count", "MAE", "RMSE", "median", "worst"]
    case .classification: ["count", "class 1", "ROC-AUC", "accuracy", "F1", "log loss"]
    }
  }

  private func figures(_ statistics: PredictionStatistics) -> [String] {
    switch statistics {
    case .errors(let errors):
      [
        "\(errors.count)", decimals(errors.meanAbsoluteError, 5), decimals(errors.rootMeanSquaredError, 5),
        decimals(errors.medianAbsoluteError, 5), decimals(errors.worstError, 5),
      ]
    case .classification(let figures):
      [
        "\(figures.count)", "\(figures.positiveCount)", figures.areaUnderCurve.map { decimals($0, 5) } ?? "—",
        decimals(figures.accuracy, 5), figures.f1.map { decimals($0, 5) } ?? "—",
        decimals(figures.logLoss, 5),
      ]
    }
  }
}
