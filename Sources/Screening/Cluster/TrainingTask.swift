public import PipelineEngine
internal import TextFormats
internal import Training

/// What a task of a submitted training does: it trains the members t, t + T, t + 2 T, … of T tasks one after the other, each on
/// from its last checkpoint, and passes over those that are trained.
///
/// It may be called at any time, on any machine that sees the run directory: weights depend on the training alone.
public struct TrainingTask: Sendable {
  private let run: SubmittedTraining
  private let task: Int
  private let taskCount: Int
  private let jobs: Int
  private let job: String?
  private let host: String

  /// A task.
  ///
  /// - Parameters:
  ///   - run: of which training.
  ///   - task: its number, from 0, or that of the one member to train.
  ///   - taskCount: number of tasks; nil for one a member.
  ///   - jobs: number of threads; weights do not depend on it.
  ///   - job: what the batch system calls it, for people.
  ///   - host: what the batch system calls this machine; nil for its own name.
  /// - Throws: `ScreeningError.invalid` for a number that there is not.
  public init(
    _ run: SubmittedTraining, task: Int, of taskCount: Int?, jobs: Int, job: String? = nil,
    host: String? = nil
  ) throws(ScreeningError) {
    let most = min(taskCount ?? run.partCount, run.partCount)
    guard most > 0, (0..<most).contains(task) else {
      throw .invalid("there is no task \(task): \(run.directory) has \(run.partCount) members")
    }
    self.run = run
    self.task = task
    self.taskCount = most
    self.jobs = jobs
    self.job = job
    self.host = host ?? hostName()
  }

  /// Trains the task's members.
  ///
  /// - Parameters:
  ///   - resources: where models lie that are called by name.
  ///   - stop: raised to give up the epoch in hand and return.
  ///   - report: receives what happens.
  /// - Throws: `ScreeningError.planChanged` where what the training names is no longer what it was; what would meet every
  ///   member, too.
  public func run(
    _ resources: ResourceFolders, stop: StopFlag, report: (TrainingEvent) -> Void
  ) throws -> ShardTask.Ending {
    let missing = Set(run.missing(checking: true).parts)
    let members = stride(from: task, to: run.partCount, by: taskCount)
    var ending = ShardTask.Ending()
    ending.passedOver = members.count { !missing.contains($0) }
    for member in members where missing.contains(member) {
      guard !stop.isRaised else {
        ending.isStopped = true
        return ending
      }
      let journal = TaskJournal(path: run.journal(ofPart: member), host: host)
      let tries = TaskJournal.tries(journal.events(), shard: member, forgivesProgress: true)
      guard tries < TaskJournal.mostTries else {
        let message =
          "ended its process \(tries) times before an epoch; given up. Its log is \(journal.path)"
        try journal.append(.failed, shard: member, [.init("message", .string(message))])
        ending.failed.append((member, message))
        continue
      }
      do {
        try train(member, resources, journal, &ending, stop: stop, report: report)
      } catch {
        // Whoever looks at the run sees why nothing becomes of it.
        try? journal.append(.failed, shard: member, [.init("message", .string(describe(error)))])
        throw error
      }
      if ending.isStopped { return ending }
    }
    return ending
  }

  private func train(
    _ member: Int, _ resources: ResourceFolders, _ journal: TaskJournal, _ ending: inout ShardTask.Ending,
    stop: StopFlag, report: (TrainingEvent) -> Void
  ) throws {
    let start = secondsNow()
    try journal.append(.begin, shard: member, job.map { [.init("job", .string($0))] } ?? [])
    let training = try TrainingRun(
      plan: run.training(resources), output: run.modelFolder, jobs: jobs, member: member)
    let isFinished = try training.run(stop: stop) { event in
      report(event)
      guard case .epoch(_, let record, _, let metrics, _) = event else { return }
      // How far it is, is no part of the result.
      try? journal.append(
        .progress, shard: member,
        [
          .init("records", .count(record.epoch)), .init("metric", .string(metrics[0].name)),
          .init("validation", .real(record.validationFigure)),
        ])
    }
    guard isFinished else {
      try journal.append(.stopped, shard: member)
      ending.isStopped = true
      return
    }
    let seconds = secondsNow() - start
    try journal.append(
      .done, shard: member,
      [
        .init("records", .count(run.epochCount)),
        .init("seconds", .real((seconds * 1000).rounded() / 1000)),
        .init("processor", .string(processorKind)),
      ])
    ending.finished += 1
  }
}
