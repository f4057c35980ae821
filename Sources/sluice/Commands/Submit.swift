public import ArgumentParser
import Foundation
import PipelineEngine
public import Screening
import ScreeningStore

extension EngineRecord.Engine: ExpressibleByArgument {
  /// The names of all engines, for people.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// How many shards and tasks a run may have.
enum SubmissionLimits {
  /// - Throws: `ValidationError` for numbers outside.
  static func validate(shards: Int?, tasks: Int?) throws {
    if let shards, !(1...1_000_000).contains(shards) {
      throw ValidationError("--shards takes 1 to 1,000,000")
    }
    if let tasks, !(1...ShardPlan.mostTasks).contains(tasks) {
      throw ValidationError("--tasks takes 1 to 100,000")
    }
  }

  /// The number of tasks where none is asked for, for people.
  static let defaultTasks =
    "64, of a campaign with local as many as run at once; at most one a shard or member"

  /// The number of tasks, or that of an engine's own choice: processes of one machine run through best where each goes on to
  /// the end, and what every task reads anew is read as seldom as can be.
  static func tasks(_ asked: Int?, _ engine: EngineRecord.Engine, _ settings: EngineSettings) -> Int {
    asked ?? (engine == .local ? settings.processesAtOnce : 64)
  }
}

struct Submit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Run a campaign in shards, or train the members of an ensemble, on a cluster or as processes of this machine.",
    discussion: """
      Cuts the campaign's inputs into shards and hands them to Slurm as one job array and a job that merges afterwards. \
      With --engine snakemake it writes RUN/Snakefile and prints the command that runs it. \
      Of a training file the members are trained, each by itself, and collected into RUN/model. With --engine local the \
      tasks are processes of this machine, which the command waits for. sluice status shows how far the run is, sluice \
      resume submits what is missing, sluice cancel ends it.

      What the cluster is asked for stands under engine in the file, or after --set engine.NAME=VALUE.

      Example: sluice submit campaign.yaml --engine slurm --shards 4096 --tasks 64 --set engine.partition=short
      Example: sluice submit pipelines/quickstart.yaml --engine local --shards 8 --tasks 2
      Example: sluice submit pipelines/train-cgcnn.yaml --engine slurm --set engine.cpus=8
      """)

  @Argument(help: "Campaign or training file (YAML).")
  var file: String

  @Option(help: "Who runs the tasks: \(EngineRecord.Engine.names).")
  var engine: EngineRecord.Engine

  @Option(
    help:
      "Number of shards of a campaign: what is computed and kept as a whole, best some minutes of work each.")
  var shards: Int?

  @Option(
    help:
      "Number of tasks, each of which takes every so-manieth shard or member. (default: \(SubmissionLimits.defaultTasks))"
  )
  var tasks: Int?

  @Option(help: "Run directory. (default: NAME.sluice)")
  var runDirectory: String?

  @OptionGroup var estimate: EstimateOptions

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Prepare the run directory, print the scripts and an estimate, but hand nothing over.")
  var dryRun = false

  func validate() throws { try SubmissionLimits.validate(shards: shards, tasks: tasks) }

  func run() throws {
    try reportingErrors {
      switch try SubmissionKind(file: file) {
      case .campaign: try submitCampaign()
      case .training: try submitTraining()
      }
    }
  }

  private func submitCampaign() throws {
    guard let shards else { throw ValidationError("a campaign is cut into --shards; how many?") }
    let (own, forEngine) = variables.forEngine
    let start = Terminal.now
    let plan = try CampaignPlan(
      file: file, runDirectory: runDirectory, resources: Resources.folders, variables: own)
    let startSeconds = Terminal.now - start
    let settings = try plan.engine.setting(forEngine)
    let directory = try makeDirectory(plan.name)
    let stop = Interruption.flag()
    let (run, merged) = try claiming(directory) {
      let run = try prepare(
        ShardSubmission(
          plan, file: file, variables: own, directory: directory, jobs: threads.count,
          localFolder: Resources.localFolder), shards, settings, stop)
      if dryRun { try keepEstimate(plan, run, settings, startSeconds: startSeconds) }
      return (run, try handOver(run, engine, settings, stop: stop, isDry: dryRun))
    }
    if engine == .local, !dryRun { try merge(run, merged, jobs: threads.count) }
  }

  /// Says what the run should take, and keeps it beside the run, to be compared with what it took.
  private func keepEstimate(
    _ plan: CampaignPlan, _ run: ShardedRun, _ settings: EngineSettings, startSeconds: Double
  ) throws {
    let (figures, sample) = try estimate.estimate(
      plan, run.cut, tasks: run.taskCount, engine: engine, settings: settings, startSeconds: startSeconds,
      jobs: threads.count)
    try figures.write(to: run.directory)
    Terminal.note(sampleText(sample))
    Terminal.note(figuresText(estimated: figures, counted: nil))
  }

  private func submitTraining() throws {
    if shards != nil { throw ValidationError("a training has members, and no --shards") }
    let (own, forEngine) = variables.forEngine
    let plan = try TrainingPlan(file: file, resources: Resources.folders, variables: own)
    let settings = try plan.engine.setting(forEngine)
    let directory = try makeDirectory(plan.name)
    let stop = Interruption.flag()
    let run = try claiming(directory) {
      let run = try SubmittedTraining.submit(
        plan, file: file, variables: own, directory: directory, tasks: tasks ?? plan.memberCount)
      Terminal.note(
        "\(directory): a training of \(run.partCount) members, \(run.taskCount) tasks, "
          + "\(run.id.prefix(16))")
      try handOver(run, engine, settings, stop: stop, isDry: dryRun)
      return run
    }
    if engine == .local, !dryRun { try merge(run, jobs: threads.count) }
  }

  private func makeDirectory(_ name: String) throws -> String {
    let directory = URL(filePath: runDirectory ?? name + ".sluice").standardizedFileURL.path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    return directory
  }

  private func prepare(
    _ submission: ShardSubmission, _ shards: Int, _ settings: EngineSettings, _ stop: StopFlag
  ) throws -> ShardedRun {
    var meter: ProgressMeter?
    let prepared = try submission.prepare(
      shards: shards, tasks: SubmissionLimits.tasks(tasks, engine, settings), stop: stop
    ) { pass in
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
}

/// Does something while no other process works on a run directory.
func claiming<Value>(_ directory: String, _ body: () throws -> Value) throws -> Value {
  let claim = try RunClaim(folder: directory)
  defer { withExtendedLifetime(claim) {} }
  return try body()
}

/// A merge that has been done, and what of it was left when the last task had ended (s).
struct MergedShards {
  let report: MergeReport
  let seconds: Double
}

/// Hands the tasks with missing shards or members to their engine; those of processes are waited for.
///
/// - Parameter isDry: whether scripts are printed instead.
/// - Returns: the merge of the shards where it went on beside processes of this machine.
@discardableResult
func handOver(
  _ run: any SubmittedRun, _ engine: EngineRecord.Engine, _ settings: EngineSettings, stop: StopFlag,
  isDry: Bool = false
) throws -> MergedShards? {
  let (missing, problems) = run.missing(checking: true)
  for problem in problems { Terminal.note("note: \(problem)") }
  guard engine == .local, !isDry else {
    try hand(run, missing, to: engine, settings, isDry: isDry)
    return nil
  }
  return missing.isEmpty ? nil : try runHere(run, run.tasks(of: missing), settings, stop: stop)
}

/// Hands the tasks with missing parts to an engine that is not waited for, or prints what would be handed over.
private func hand(
  _ run: any SubmittedRun, _ missing: [Int], to engine: EngineRecord.Engine, _ settings: EngineSettings,
  isDry: Bool
) throws {
  let tasks = run.tasks(of: missing)
  switch engine {
  case .slurm:
    let slurm = SlurmEngine(run, program: Resources.program, settings: settings)
    try slurm.checkLines()
    guard !isDry else {
      Terminal.result(slurm.tasksScript(tasks))
      return Terminal.result(slurm.mergeScript(after: "ARRAY"))
    }
    if try isMergedAlready(run) { return }
    let active = try EngineRecord(directory: run.directory).map { try SlurmEngine.jobs(of: $0) } ?? []
    let busy = Set(active.compactMap(\.task))
    let free = tasks.filter { !busy.contains($0) }
    guard !free.isEmpty || (missing.isEmpty && active.isEmpty) else {
      return Terminal.note(
        "nothing is submitted: \(busy.count) tasks with what is missing wait or run already; sluice status "
          + "\(run.directory) shows them")
    }
    guard !missing.isEmpty else {
      return Terminal.note(
        "nothing is missing of the \(run.partName); sluice merge \(run.directory) puts them together")
    }
    try run.forgetTries(ofTasks: free)
    let submission = try slurm.submit(free)
    Terminal.note(
      "\(missing.count) of \(run.partCount) \(run.partName) are missing; tasks \(submission.tasks) are job \(submission.arrayJob), "
        + "their merge is job \(submission.mergeJob)")
  case .snakemake:
    let snakemake = SnakemakeEngine(run, program: Resources.program, settings: settings)
    guard !isDry else { return Terminal.result(snakemake.rules) }
    if try isMergedAlready(run) { return }
    try run.forgetTries(ofTasks: tasks)
    let command = try snakemake.write(missing: tasks)
    if !settings.unknownToSnakemake.isEmpty {
      Terminal.note(
        "note: Snakemake's own options and profiles say \(settings.unknownToSnakemake.joined(separator: ", ")), not the "
          + "campaign's engine")
    }
    Terminal.note("\(missing.count) of \(run.partCount) \(run.partName) are missing; what runs them is")
    Terminal.result(command)
  case .local:
    for task in tasks {
      Terminal.result(
        "\(Resources.program) shard \(run.directory) \(task) --tasks \(run.taskCount) --jobs "
          + "\(settings.processors)")
    }
  }
}

/// Runs tasks as processes of this machine, and merges shards as they come.
private func runHere(
  _ run: any SubmittedRun, _ tasks: [Int], _ settings: EngineSettings, stop: StopFlag
) throws -> MergedShards? {
  try run.forgetTries(ofTasks: tasks)
  let merge =
    run.isMerged ? nil : (run as? ShardedRun).map { ConcurrentMerge($0, localFolder: Resources.localFolder) }
  let failed: [Int: Int32]
  do {
    failed = try runProcesses(run, tasks, settings, stop: stop)
  } catch {
    merge?.cancel()
    throw error
  }
  guard failed.isEmpty else {
    merge?.cancel()
    throw try ending(of: run, failed, isStopped: stop.isRaised)
  }
  let start = Terminal.now
  return try merge.map { MergedShards(report: try $0.finish(), seconds: Terminal.now - start) }
}

private func runProcesses(
  _ run: any SubmittedRun, _ tasks: [Int], _ settings: EngineSettings, stop: StopFlag
) throws -> [Int: Int32] {
  var meter = Terminal.meter(
    unit: run.partName, total: run.partCount, done: run.partCount - run.missing(checking: false).parts.count)
  var next = Terminal.now
  let failed = try LocalEngine(run, program: Resources.program, settings: settings).run(tasks, stop: stop) {
    guard Terminal.now >= next else { return }
    next = Terminal.now + 1
    meter.update(done: run.partCount - run.missing(checking: false).parts.count, now: Terminal.now)
  }
  meter.finish(done: run.partCount - run.missing(checking: false).parts.count, now: Terminal.now)
  return failed
}

/// Says why tasks have not come to their ends; how the program then ends.
private func ending(of run: any SubmittedRun, _ failed: [Int: Int32], isStopped: Bool) throws -> ExitCode {
  if isStopped {
    Terminal.note("Stopped; sluice resume \(run.directory) goes on.")
    return ExitStatus.requeueable
  }
  for (part, message) in try run.failures() {
    Terminal.note("error: \(run.partName.dropLast()) \(part): \(message)")
  }
  for (task, code) in failed.sorted(by: { $0.key < $1.key }) {
    Terminal.note("error: task \(task) ended with \(code); its log is \(run.journal(ofTask: task))")
  }
  Terminal.note("sluice resume \(run.directory) tries again what is missing.")
  return ExitStatus.failed
}
