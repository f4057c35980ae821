import ArgumentParser
import PipelineEngine
import Screening

struct LearningCurve: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "learning-curve",
    abstract: "Compare ways to learn from few labels: sizes, seeds and protocols on one test set.",
    discussion: """
      Trains every protocol, a training file each, on nested subsets of its crystals, and tests on the same ones. Writes \
      curve.csv with every fit, differences.csv with means and paired differences from the first protocol, each with its \
      95 % interval, and learning-curve.svg. Called again, it goes on with the fits that are missing; the results do not \
      depend on --jobs. docs/little-data.md shows one.

      Example: sluice learning-curve pipelines/curve-bulk-modulus.yaml --set data=my-data --output curve
      """)

  @Argument(help: "File of the learning curve (YAML).")
  var study: String

  @Option(help: "Folder of the tables.")
  var output: String

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let plan = try LearningCurvePlan(
        file: study, resources: Resources.folders, variables: variables.values)
      let finished = try LearningCurveRun(plan: plan, output: output, jobs: threads.count)
        .run(stop: Interruption.flag()) { show($0, unit: plan.unit) }
      if !finished {
        Terminal.note("Stopped; call the same command again to go on with the fits that are missing.")
        throw ExitCode(2)
      }
    }
  }

  private func show(_ event: LearningCurveEvent, unit: String) {
    switch event {
    case .training(let event):
      var progress = TrainingProgress()
      progress.show(event)
    case .initialModel(let name, let model, let shared):
      Terminal.note("\(name) starts from \(model): \(shared?.words ?? SharedCrystals.unknown)")
    case .nodeModel(let name, let model, let shared):
      Terminal.note("\(name): sites begin with \(model): \(shared?.words ?? SharedCrystals.unknown)")
    case .start(let done, let count):
      Terminal.note("\(count) fits" + (done > 0 ? ", \(done) of them finished" : ""))
    case .fit(let fit, let done, let count):
      Terminal.note(
        "\(done)/\(count)  \(fit.protocol), \(fit.size) crystals, seed \(fit.seed): test MAE "
          + "\(decimals(fit.testError, 5)) \(unit)")
    case .finished(let rows):
      var table = TerminalTable([
        .init("crystals", .right), .init("protocol", .left), .init("test MAE (\(unit))", .right),
        .init("from the first", .right),
      ])
      for row in rows {
        table.append(["\(row.size)", row.protocol, words(row.error), row.difference.map(words) ?? ""])
      }
      Terminal.result(table.text)
    }
  }

  private func words(_ interval: MeanInterval) -> String {
    decimals(interval.mean, 4) + (interval.halfWidth.map { " ± \(decimals($0, 4))" } ?? "")
  }
}
