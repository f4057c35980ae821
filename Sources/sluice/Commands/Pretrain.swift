import ArgumentParser
import PipelineEngine
import Screening

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a network without labels, for others to start from; called again, go on.",
    discussion: """
      Learns to find two views of a crystal alike, in which sites have lost their element and edges are missing (Crystal \
      Twins, by the Barlow loss or SimSiam), to say which elements and lengths are hidden, or to tell the views of a crystal from \
      those of others (Kong et al.). Writes a model folder that training.initial and sluice embed take, and pretraining.csv with the losses. The \
      weights do not depend on --jobs, nor on how often it was interrupted. docs/little-data.md shows one.

      Example: sluice pretrain pipelines/pretrain-twins.yaml --set data=my-data --output models/twins
      """)

  @Argument(help: "Pretraining file (YAML).")
  var pretraining: String

  @Option(help: "Folder of the model.")
  var output: String

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let plan = try PretrainingPlan(file: pretraining, variables: variables.values)
      var meter: ProgressMeter?
      let finished = try PretrainingRun(plan: plan, output: output, jobs: threads.count)
        .run(stop: Interruption.flag()) { event in
          switch event {
          case .loaded(let role, let structures, let leftOut, let messages):
            var progress = TrainingProgress()
            progress.show(
              .loaded(role: role, structures: structures, leftOut: leftOut, messages: messages))
          case .start(let training, let validation, let epochsDone):
            Terminal.note(
              "\(training) crystals to learn from, \(validation) to choose the epoch"
                + (epochsDone > 0 ? "; after epoch \(epochsDone)" : ""))
          case .step(let epoch, let epochs, let done, let total, let loss):
            if meter == nil {
              meter = Terminal.meter(unit: "structures", total: total * epochs, done: (epoch - 1) * total)
            }
            meter?.update(
              done: (epoch - 1) * total + done, note: "epoch \(epoch)/\(epochs)  loss \(decimals(loss, 5))",
              now: Terminal.now)
          case .epoch(let record, let epochs, let metrics):
            let figures = zip(metrics, record.figures).map { metric, figure in
              "\(metric.name) \(decimals(figure, metric.name == "loss" ? 5 : 3))"
            }
            Terminal.note(
              "epoch \(record.epoch)/\(epochs)  loss \(decimals(record.trainingLoss, 5))  validation "
                + figures.joined(separator: ", "))
          case .collapsed(let spread):
            Terminal.note(
              "warning: the outputs of all crystals are nearly the same (spread \(decimals(spread, 3)), 1 is even)"
            )
          case .finished(let card):
            Terminal.note("\(output): \(card.name), epoch \(card.members[0].epoch ?? 0)")
          }
        }
      if !finished {
        Terminal.note("Stopped; call the same command again to go on from the last finished epoch.")
        throw ExitCode(2)
      }
    }
  }
}
