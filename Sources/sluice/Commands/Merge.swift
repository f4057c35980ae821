import ArgumentParser
import Foundation
import Screening
import ScreeningStore

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put the shards of a run together in one store, or the members of a training in one model.",
    discussion: """
      Afterwards the run directory is an ordinary one, for rank, export, report and all other commands; its lists are the \
      same bytes as those of `sluice run`. Of a training it is RUN/model, the same bytes as those of `sluice train`. Where \
      shards or members are missing it names them and writes nothing.

      Example: sluice merge my-crystals.sluice
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(
    help:
      "Look again for so many seconds for shards that are done and not there: on some file systems a new file shows late elsewhere."
  )
  var wait = 0

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if !(0...3600).contains(wait) { throw ValidationError("--wait takes 0 to 3600") }
  }

  func run() throws {
    try reportingErrors {
      let run = try submittedRun(in: directory)
      let end = Terminal.now + Double(wait)
      while Terminal.now < end, !run.late().isEmpty { Thread.sleep(forTimeInterval: 1) }
      try merge(run, jobs: threads.count)
    }
  }
}

/// Puts the parts of a run together and tells the person what came of it.
///
/// - Parameters:
///   - merged: the merge, where it has been done.
///   - jobs: number of threads, where there is work for several.
func merge(_ run: any SubmittedRun, _ merged: MergedShards? = nil, jobs: Int) throws {
  if let run = run as? ShardedRun, let merged { return try tell(merged, of: run) }
  if try isMergedAlready(run) { return }
  if let run = run as? ShardedRun { try mergeShards(of: run) }
  if let run = run as? SubmittedTraining { try collectMembers(of: run, jobs: jobs) }
}

/// Says so where the parts of a run are put together.
///
/// - Throws: `ScreeningError.unreadable` where the store that they are in is damaged.
func isMergedAlready(_ run: any SubmittedRun) throws -> Bool {
  guard run.isMerged else { return false }
  if run is ShardedRun {
    do throws(StoreError) { _ = try RunStore.openFinished(at: run.mergedPath) } catch {
      throw ScreeningError.unreadable(
        path: run.mergedPath,
        reason: "\(error). Remove it, and sluice merge \(run.directory) makes it anew of the shards")
    }
  }
  Terminal.note("\(run.directory) is merged already")
  return true
}

private func collectMembers(of run: SubmittedTraining, jobs: Int) throws {
  var progress = TrainingProgress()
  let isFinished = try TrainingMerge(run, jobs: jobs).run(Resources.folders, stop: Interruption.flag()) {
    progress.show($0)
  }
  guard isFinished else {
    Terminal.note("Stopped; sluice merge \(run.directory) goes on.")
    throw ExitStatus.failed
  }
  Terminal.note("\(run.partCount) members collected in \(run.modelFolder)")
}

private func mergeShards(of run: ShardedRun) throws {
  let start = Terminal.now
  var meter = Terminal.meter(unit: "shards", total: run.plan.count)
  let report = try ShardMerge(run, localFolder: Resources.localFolder).run {
    meter.update(done: $0, now: Terminal.now)
  }
  meter.finish(done: report.shards, now: Terminal.now)
  try tell(MergedShards(report: report, seconds: Terminal.now - start), of: run)
}

private func tell(_ merged: MergedShards, of run: ShardedRun) throws {
  let report = merged.report
  try run.noteMerge(seconds: merged.seconds)
  note(report.counts, of: run.directory)
  Terminal.note("\(report.shards) shards merged")
  func warn(_ what: String, _ parts: [(name: String, shards: Int)]) {
    guard parts.count > 1 else { return }
    let names = parts.map { "\($0.name) (\($0.shards))" }.joined(separator: "; ")
    Terminal.note(
      "note: shards were computed by \(what): \(names). The last digits of their numbers may differ")
  }
  warn("several kinds of processors", report.processors)
  warn("several versions of the program", report.versions)
  try checkRejections(report.counts, allowedShare: run.plan.allowedRejectionShare)
}
