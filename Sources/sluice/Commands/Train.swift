import ArgumentParser
import PipelineEngine
import Screening

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train an ensemble; called again, go on from the last checkpoint.",
    discussion: """
      Writes model.json and one safetensors file a member, training.csv and learning-curve.svg into the output \
      folder. The weights do not depend on --jobs, nor on how often the training was interrupted.

      Example: sluice train pipelines/train-cgcnn.yaml --set data=my-data --output models/cgcnn
      """)

  @Argument(help: "Training file (YAML).")
  var training: String

  @Option(help: "Folder of the model.")
  var output: String

  @Option(
    help: ArgumentHelp(
      "Train this member only, counted from 1; several processes may train one each into the same folder.",
      discussion: "Without it, members that are trained already are collected into the model.",
      valueName: "number"))
  var member: Int?

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if let member, member < 1 { throw ValidationError("members are counted from 1, not from \(member)") }
  }

  func run() throws {
    try reportingErrors {
      let plan = try TrainingPlan(
        file: training, resources: Resources.folders, variables: variables.values)
      let stop = Interruption.flag()
      var progress = TrainingProgress()
      let run = try TrainingRun(
        plan: plan, output: output, jobs: threads.count, member: member.map { $0 - 1 })
      let finished = try run.run(stop: stop) { progress.show($0) }
      if !finished {
        Terminal.note("Stopped; call the same command again to go on from the last finished epoch.")
        throw ExitCode(2)
      }
      if let member {
        Terminal.note("Member \(member) is trained; the same command without --member collects the model.")
      }
    }
  }
}
