public import ArgumentParser
import Foundation
import PipelineEngine
public import Screening
import ScreeningStore

extension EngineRecord.Engine: ExpressibleByArgument {}

struct Submit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a campaign in shards, on a cluster or as processes of this machine.",
    discussion: """
      Cuts the campaign's inputs into shards and hands them to Slurm as one job array and a job that merges afterwards. \
      With --engine local the tasks are processes of this machine, which the command waits for. sluice status shows how \
      far the run is, sluice resume submits what is missing, sluice cancel ends it.

      What the cluster is asked for stands under engine in the campaign, or after --set engine.NAME=VALUE.

      Example: sluice submit campaign.yaml --engine slurm --shards 4096 --tasks 64 --set engine.partition=short
      Example: sluice submit pipelines/quickstart.yaml --engine local --shards 8 --tasks 2
      """)

  @Argument(help: "Campaign file (YAML).")
  var campaign: String

  @Option(help: "Who runs the tasks: slurm or local.")
  var engine: EngineRecord.Engine

  @Option(help: "Number of shards: what is computed and kept as a whole, best some minutes of work each.")
  var shards: Int

  @Option(
    help: "Number of tasks, each of which takes every so-manieth shard. (default: 64, at most one a shard)")
  var tasks = 64

  @Option(help: "Run directory. (default: NAME.sluice)")
  var runDirectory: String?

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Write everything and print the scripts, but hand nothing over.")
  var dryRun = false

  func validate() throws {
    if !(1...1_000_000).contains(shards) { throw ValidationError("--shards takes 1 to 1,000,000") }
    if !(1...100_000).contains(tasks) { throw ValidationError("--tasks takes 1 to 100,000") }
  }

  func run() throws {
    try reportingErrors {
      let (own, forEngine) = settings
      let plan = try CampaignPlan(
        file: campaign, runDirectory: runDirectory, resources: Resources.folders, variables: own)
      var settings = plan.engine
      for (name, value) in forEngine.sorted(by: { $0.key < $1.key }) { try settings.set(name, to: value) }
      let directory = URL(filePath: runDirectory ?? plan.name + ".sluice").standardizedFileURL.path
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let stop = Interruption.flag()
      let run = try claiming(directory) {
        let run = try prepare(
          ShardSubmission(
            plan, file: campaign, variables: own, directory: directory, jobs: threads.count,
            localFolder: Resources.localFolder), stop)
        try handOver(run, engine, settings, stop: stop, isDry: dryRun)
        return run
      }
      if engine == .local, !dryRun { try merge(run) }
    }
  }

  private func prepare(_ submission: ShardSubmission, _ stop: StopFlag) throws -> ShardedRun {
    var meter: ProgressMeter?
    let prepared = try submission.prepare(shards: shards, tasks: tasks, stop: stop) { pass in
      if meter == nil { meter = Terminal.meter(unit: pass.unit, total: pass.total) }
      meter?.update(done: pass.done, now: Terminal.now)
      if pass.done == pass.total {
        meter?.finish(done: pass.done, now: Terminal.now)
        meter = nil
      }
    }
    guard let run = prepared else {
      Terminal.note("Stopped; call the same command again to go on.")
      throw ExitStatus.failed
    }
    Terminal.note(
      "\(run.directory): \(run.plan.records) records in \(run.plan.count) shards, \(run.plan.taskCount) tasks, plan "
        + "\(run.plan.id.prefix(16))")
    if run.plan.count < shards {
      Terminal.note(
        "note: the inputs can be cut into \(run.plan.count) shards, fewer than the \(shards) asked for")
    }
    return run
  }

  /// The values of variables, and those of the engine's settings without what their names begin with.
  private var settings: (own: [String: String], engine: [String: String]) {
    let values = variables.values
    let prefix = EngineSettings.prefix
    return (
      values.filter { !$0.key.hasPrefix(prefix) },
      Dictionary(
        uniqueKeysWithValues: values.filter { $0.key.hasPrefix(prefix) }.map {
          (String($0.key.dropFirst(prefix.count)), $0.value)
        })
    )
  }
}

/// Does something while no other process works on a run directory.
func claiming<Value>(_ directory: String, _ body: () throws -> Value) throws -> Value {
  let claim = try RunClaim(folder: directory)
  defer { withExtendedLifetime(claim) {} }
  return try body()
}

/// Hands the tasks with missing shards to their engine; those of processes are waited for.
///
/// - Parameter isDry: whether scripts are printed instead.
func handOver(
  _ run: ShardedRun, _ engine: EngineRecord.Engine, _ settings: EngineSettings, stop: StopFlag,
  isDry: Bool = false
) throws {
  let (missing, problems) = run.missing(checking: true)
  for problem in problems { Terminal.note("note: \(problem)") }
  let tasks = run.tasks(of: missing)
  switch engine {
  case .slurm:
    let slurm = SlurmEngine(run, program: Resources.program, settings: settings)
    guard !isDry else {
      Terminal.result(slurm.tasksScript(tasks))
      return Terminal.result(slurm.mergeScript(after: "ARRAY"))
    }
    guard !run.isMerged else { return Terminal.note("\(run.directory) is merged already") }
    let active = try EngineRecord(directory: run.directory).map { try SlurmEngine.jobs(of: $0) } ?? []
    let busy = Set(active.compactMap(\.task))
    let free = tasks.filter { !busy.contains($0) }
    guard !free.isEmpty || (missing.isEmpty && active.isEmpty) else {
      return Terminal.note(
        "nothing is submitted: \(busy.count) tasks with what is missing wait or run already; sluice status "
          + "\(run.directory) shows them")
    }
    guard !missing.isEmpty else {
      return Terminal.note("no shard is missing; sluice merge \(run.directory) merges them")
    }
    try run.forgetTries(ofTasks: free)
    let submission = try slurm.submit(free)
    Terminal.note(
      "\(missing.count) of \(run.plan.count) shards are missing; tasks \(submission.tasks) are job \(submission.arrayJob), "
        + "their merge is job \(submission.mergeJob)")
  case .local:
    guard !isDry else {
      for task in tasks {
        Terminal.result(
          "\(Resources.program) shard \(run.directory) \(task) --tasks \(run.plan.taskCount) --jobs "
            + "\(settings.processors)")
      }
      return
    }
    if !missing.isEmpty { try runHere(run, tasks, settings, stop: stop) }
  }
}

/// Runs tasks as processes of this machine.
private func runHere(_ run: ShardedRun, _ tasks: [Int], _ settings: EngineSettings, stop: StopFlag) throws {
  try run.forgetTries(ofTasks: tasks)
  var meter = Terminal.meter(
    unit: "shards", total: run.plan.count, done: run.plan.count - run.missing(checking: false).shards.count)
  var next = Terminal.now
  let failed = try LocalEngine(run, program: Resources.program, settings: settings).run(tasks, stop: stop) {
    guard Terminal.now >= next else { return }
    next = Terminal.now + 1
    meter.update(done: run.plan.count - run.missing(checking: false).shards.count, now: Terminal.now)
  }
  meter.finish(done: run.plan.count - run.missing(checking: false).shards.count, now: Terminal.now)
  guard !failed.isEmpty else { return }
  if stop.isRaised {
    Terminal.note("Stopped; sluice resume \(run.directory) goes on.")
    throw ExitStatus.requeueable
  }
  for failing in try ClusterStatus(run).failing {
    Terminal.note("error: shard \(failing.shard): \(failing.message)")
  }
  for (task, code) in failed.sorted(by: { $0.key < $1.key }) {
    Terminal.note("error: task \(task) ended with \(code); its log is \(run.journal(ofTask: task))")
  }
  throw ExitStatus.failed
}
