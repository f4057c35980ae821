internal import Foundation
public import PipelineEngine
internal import ScreeningStore
internal import TextFormats

/// What a task of a run in shards does: it runs the shards t, t + T, t + 2 T, … of T tasks one after the other, and passes over
/// those that are there. One that steals then takes shards of the other tasks.
///
/// It may be called at any time, on any machine that sees the run directory, more than once and at once.
public struct ShardTask: Sendable {
  /// How a task ended.
  public struct Ending: Sendable {
    /// Shards that this call ran, those of other tasks among them.
    public internal(set) var finished = 0
    /// Shards that were there before.
    public internal(set) var passedOver = 0
    /// Whether it was stopped before its end.
    public internal(set) var isStopped = false
    /// Shards that cannot be run, with the reason.
    public internal(set) var failed: [(shard: Int, message: String)] = []
  }

  private let run: ShardedRun
  private let task: Int
  private let taskCount: Int
  private let jobs: Int
  private let localFolder: String
  private let job: String?
  private let host: String
  private let restartArguments: [String]?
  private let steals: Bool
  /// Seconds between two notes of how far a shard is.
  private static let pause = 15.0

  /// A task.
  ///
  /// - Parameters:
  ///   - run: of which run.
  ///   - task: its number, from 0, or that of the one shard to run.
  ///   - taskCount: number of tasks; nil for one a shard.
  ///   - jobs: number of threads; results do not depend on it.
  ///   - localFolder: a folder of the node's own storage.
  ///   - job: what the batch system calls it, for people.
  ///   - host: what the batch system calls this machine; nil for its own name.
  ///   - restartArguments: the process's own command line, to start it again with where a record ends it.
  ///   - steals: whether it goes on with shards of other tasks that no process of this machine works on; for tasks that all
  ///     run on one machine, which so end together.
  /// - Throws: `ScreeningError.invalid` for a number that there is not.
  public init(
    _ run: ShardedRun, task: Int, of taskCount: Int?, jobs: Int, localFolder: String, job: String? = nil,
    host: String? = nil,
    restartArguments: [String]? = nil, steals: Bool = false
  ) throws(ScreeningError) {
    let most = min(taskCount ?? run.plan.count, run.plan.count)
    guard most > 0, (0..<most).contains(task) else {
      throw .invalid(
        taskCount == nil
          ? "there is no shard \(task): \(run.directory) has \(run.plan.count) shards, counted from 0"
          : "there is no task \(task) of \(most), counted from 0; \(run.directory) has \(run.plan.count) shards"
      )
    }
    self.run = run
    self.task = task
    self.taskCount = taskCount ?? run.plan.count
    self.jobs = jobs
    self.localFolder = localFolder
    self.job = job
    self.host = host ?? hostName()
    self.restartArguments = restartArguments
    self.steals = steals
  }

  /// Runs the task's shards.
  ///
  /// - Parameters:
  ///   - resources: where models and references lie that are called by name.
  ///   - stop: raised to finish the batch in hand and return.
  ///   - note: receives a line for people for each shard.
  /// - Throws: `ScreeningError.planChanged` where what the campaign names is no longer what it was, and whatever would
  ///   meet the next shard too, such as a full disk.
  public func run(
    _ resources: ResourceFolders, stop: StopFlag, note: (String) -> Void
  ) throws -> Ending {
    var ending = Ending()
    let present = run.files.present()
    let own = Array(run.plan.shards(ofTask: task, of: taskCount))
    var shards = own.filter { run.files.valid($0, among: present).path == nil }
    ending.passedOver = own.count - shards.count
    if steals {
      // Tasks begin at the front of the plan, so that what lies at its end is the last that they come to.
      shards += (0..<run.plan.count).reversed().filter { !isOwn($0) && present[$0] == nil }
    }
    guard let first = shards.first else { return ending }
    let plan: CampaignPlan
    do {
      plan = try run.campaign(resources)
    } catch {
      // Whoever looks at the run sees why nothing becomes of it.
      try journal(of: first).append(.failed, shard: first, [.init("message", .string(describe(error)))])
      throw error
    }
    let crew = try ShardRun.crew(of: run, plan, jobs: jobs, stop: stop)
    let runner = ShardRun(
      run: run, plan: plan, jobs: jobs, localFolder: localFolder, restartArguments: restartArguments,
      crew: crew)
    runner.removeRemains(present)
    for shard in shards {
      guard !stop.isRaised else {
        ending.isStopped = true
        return ending
      }
      guard try runOne(shard, runner, &ending, stop: stop, note: note) else { return ending }
    }
    return ending
  }

  private func isOwn(_ shard: Int) -> Bool { shard % taskCount == task }

  private func journal(of shard: Int) -> TaskJournal {
    TaskJournal(path: run.journal(ofPart: shard), host: host)
  }

  /// Runs one shard, if it is not there, no other process that steals has it in hand, it has not ended its process too often,
  /// and, if it is another task's, nobody has begun it; false where it was stopped.
  private func runOne(
    _ shard: Int, _ runner: ShardRun, _ ending: inout Ending, stop: StopFlag, note: (String) -> Void
  ) throws -> Bool {
    let journal = journal(of: shard)
    func isRestart(_ events: [TaskJournal.Event]) -> Bool {
      events.last { $0.shard == shard }.map { $0.process == Int(getpid()) && $0.host == host } ?? false
    }
    func isLeftToOthers(_ events: [TaskJournal.Event]) -> Bool {
      TaskJournal.isBegun(events, shard: shard) && !isRestart(events)
    }
    guard isOwn(shard) || !isLeftToOthers(journal.events()),
      let claimed = try steals ? runner.claimIfFree(shard) : runner.claim(shard)
    else { return true }
    // Looked at with the claim in hand: who had it before may have just put the shard into its place.
    guard run.files.valid(shard, among: run.files.present()).path == nil else {
      runner.release(claimed)
      if isOwn(shard) { ending.passedOver += 1 }
      return true
    }
    let events = journal.events()
    guard isOwn(shard) || !isLeftToOthers(events) else { return true }
    let tries = TaskJournal.tries(events, shard: shard)
    if tries >= TaskJournal.mostTries, !isRestart(events) {
      let message = "ended its process \(tries) times; given up. Its log is \(journal.path)"
      try journal.append(.failed, shard: shard, [.init("message", .string(message))])
      ending.failed.append((shard, message))
      return true
    }
    let count = run.plan.range(shard).count
    let start = secondsNow()
    var noted = start
    try journal.append(.begin, shard: shard, job.map { [.init("job", .string($0))] } ?? [])
    do {
      let result = try runner.run(claimed, stop: stop) { done in
        guard secondsNow() - noted >= Self.pause else { return }
        noted = secondsNow()
        // How far it is, is no part of the result.
        try? journal.append(.progress, shard: shard, [.init("records", .count(done))])
      }
      guard case .finished(let rows, let rejected, let top) = result else {
        try journal.append(.stopped, shard: shard)
        ending.isStopped = true
        return false
      }
      let seconds = secondsNow() - start
      try journal.append(
        .done, shard: shard,
        [
          .init("records", .count(count)), .init("rows", .count(rows)), .init("rejected", .count(rejected)),
          .init("seconds", .real((seconds * 1000).rounded() / 1000)),
          .init("processor", .string(processorKind)),
          .init("top", top.tree),
        ])
      ending.finished += 1
      note(
        "shard \(shard): \(count) records = \(rows) rows + \(rejected) rejected + \(count - rows - rejected) filtered out"
      )
      return true
    } catch {
      // On a full disk the journal cannot be written either; what matters is the reason.
      try? journal.append(.failed, shard: shard, [.init("message", .string(describe(error)))])
      guard let error = error as? ScreeningError, error.concernsOneShard else { throw error }
      ending.failed.append((shard, error.description))
      return true
    }
  }
}

extension ScreeningError {
  /// Whether other shards may well be run.
  fileprivate var concernsOneShard: Bool {
    switch self {
    case .shardIncomplete, .unreadable: true
    default: false
    }
  }
}
