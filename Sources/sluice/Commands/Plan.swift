import ArgumentParser
import Screening

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what a campaign will do, with every default filled in; run nothing.",
    discussion: """
      With --engine it prints what the campaign takes in shards: some of its records are run and merged here, in \
      temporary storage, and what they cost is scaled up.

      Example: sluice plan pipelines/quickstart.yaml
      Example: sluice plan campaign.yaml --engine slurm --shards 4096 --tasks 64 --set engine.cpus=4
      """)

  @Argument(help: "Campaign file (YAML).")
  var campaign: String

  @Option(help: "Print what the campaign takes with these tasks: \(EngineRecord.Engine.names).")
  var engine: EngineRecord.Engine?

  @Option(help: "With --engine: number of shards.")
  var shards: Int?

  @Option(help: "With --engine: number of tasks. (default: \(SubmissionLimits.defaultTasks))")
  var tasks: Int?

  @OptionGroup var estimate: EstimateOptions

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if engine != nil, shards == nil { throw ValidationError("--engine needs --shards") }
    try SubmissionLimits.validate(shards: shards, tasks: tasks)
  }

  func run() throws {
    try reportingErrors {
      let (own, forEngine) = variables.forEngine
      if engine == nil, let name = forEngine.keys.sorted().first {
        throw ValidationError("--set engine.\(name) needs --engine")
      }
      let start = Terminal.now
      let plan = try CampaignPlan(file: campaign, resources: Resources.folders, variables: own)
      let seconds = Terminal.now - start
      if let engine, let shards {
        return try printEstimate(plan, engine, shards, forEngine, startSeconds: seconds)
      }
      Terminal.result("# Inputs")
      for (index, input) in plan.countRecords().enumerated() {
        Terminal.result(
          "#   \(index): \(input.name): \(input.records.map { "\($0) records" } ?? "cannot be counted")")
      }
      Terminal.result("# Stages")
      for (index, stage) in plan.stageSummaries.enumerated() { Terminal.result("#   \(index): \(stage)") }
      Terminal.result("# Fingerprint \(plan.fingerprint)")
      Terminal.result(plan.canonicalText)
    }
  }

  private func printEstimate(
    _ plan: CampaignPlan, _ engine: EngineRecord.Engine, _ shards: Int, _ forEngine: [String: String],
    startSeconds: Double
  ) throws {
    let cut = try CampaignCut(plan, shards: shards)
    let settings = try plan.engine.setting(forEngine)
    let tasks = SubmissionLimits.tasks(tasks, engine, settings)
    let (figures, sample) = try estimate.estimate(
      plan, cut, tasks: tasks, engine: engine, settings: settings,
      startSeconds: startSeconds, jobs: threads.count)
    Terminal.result(
      "\(plan.name): \(cut.recordCount) records in \(cut.shardCount) shards, \(min(tasks, cut.shardCount)) tasks"
    )
    Terminal.result(sampleText(sample))
    Terminal.result(figuresText(estimated: figures, counted: nil))
  }
}
