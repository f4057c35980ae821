import ArgumentParser
import Foundation
import Screening
import ScreeningStore

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put the shards of a run together in one store.",
    discussion: """
      Afterwards the run directory is an ordinary one, for rank, export, report and all other commands; its lists are the \
      same bytes as those of `sluice run`. Where shards are missing it names them and writes nothing.

      Example: sluice merge my-crystals.sluice
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(
    help:
      "Look for missing shards again for so many seconds: on some file systems a new file shows late elsewhere."
  )
  var wait = 0

  func validate() throws {
    if !(0...3600).contains(wait) { throw ValidationError("--wait takes 0 to 3600") }
  }

  func run() throws {
    try reportingErrors {
      let run = try ShardedRun(directory: directory)
      let end = Terminal.now + Double(wait)
      while !run.missing(checking: false).shards.isEmpty, Terminal.now < end {
        Thread.sleep(forTimeInterval: 1)
      }
      try merge(run)
    }
  }
}

/// Merges a run and tells the person what came of it.
func merge(_ run: ShardedRun) throws {
  guard !run.isMerged else { return Terminal.note("\(run.directory) is merged already") }
  var meter = Terminal.meter(unit: "shards", total: run.plan.count)
  let report = try ShardMerge(run, localFolder: Resources.localFolder).run {
    meter.update(done: $0, now: Terminal.now)
  }
  meter.finish(done: report.shards, now: Terminal.now)
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
}
