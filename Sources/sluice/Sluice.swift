import ArgumentParser

@main
struct Sluice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Screens crystals for stable materials: archives in, ranked candidates out.",
    discussion: """
      A campaign is a YAML file: where candidates come from, which models score them, which hull decides. \
      Start with `sluice plan pipelines/quickstart.yaml`, then `sluice run pipelines/quickstart.yaml`.

      Exit codes: 0 done, 1 finished with more rejections than allowed, with unreadable records (doctor) or with a \
      certificate that does not hold, 2 failed, 64 usage, 75 a task of a cluster that was stopped and may be started \
      again.
      """,
    version: SluiceVersion.current,
    subcommands: [
      Init.self, Run.self, Submit.self, Resume.self, Cancel.self, Merge.self, ShardCommand.self, Plan.self,
      Status.self, Rank.self, Show.self, Report.self, Export.self,
      Predict.self, Sites.self,
      Evaluate.self,
      Graph.self,
      Compare.self, Rescore.self, Diff.self, Hull.self, Pack.self, Doctor.self,
      Train.self, Pretrain.self, LearningCurve.self, Regress.self, Embed.self, Models.self, Prototypes.self,
      SchemaCommand.self,
    ])
}
