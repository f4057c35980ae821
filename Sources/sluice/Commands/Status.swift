import ArgumentParser
import Foundation
import Screening
import ScreeningStore

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how far a run has come.",
    discussion: """
      Of a run in shards it shows those that are finished, running, missing and failing, the nodes, restarts, the time \
      left, and the best candidates so far; of a submitted training the epochs of each member.

      Example: sluice status thcr2si2-quickstart.sluice
      Example: sluice status my-crystals.sluice --watch
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Flag(help: "Of what was submitted: show it again every few seconds until it is merged.")
  var watch = false

  func run() throws {
    try reportingErrors {
      if SubmittedTraining.exists(in: directory) {
        return try showSubmitted(SubmittedTraining(directory: directory)) { try trainingText($0) }
      }
      if ShardPlan.exists(in: directory) {
        let run = try ShardedRun(directory: directory)
        try showSubmitted(run) { try clusterText($0) }
        guard run.isMerged else { return }
      }
      let store = try openRun(directory)
      let description = try store.description()
      let counts = try store.counts()
      let finished = try store.finishedDate()
      Terminal.result("\(description.name): " + (finished.map { "finished \($0)" } ?? "not finished"))
      Terminal.result("created \(description.created) by sluice \(description.sluiceVersion)")
      for state in try store.sourceStates() {
        Terminal.result(
          "  input \(state.source.name): \(state.records) records"
            + (state.isFinished ? ", read to its end" : ""))
      }
      Terminal.result("records      \(counts.records)")
      Terminal.result("rows         \(counts.rows)")
      for entry in counts.filtered { Terminal.result("filtered     \(entry.records) by \(entry.stage)") }
      Terminal.result("rejected     \(counts.rejected)")
      for entry in counts.rejections {
        Terminal.result("             \(entry.records) at \(entry.stage): \(entry.reason)")
      }
      if let text = readingText(try store.readingCounts()) { Terminal.result("reading      \(text)") }
      if try symmetryTolerance(of: description) != nil,
        let text = symmetryText(try store.symmetryCounts())
      {
        Terminal.result("symmetry     \(text)")
      }
      if let threshold = description.stabilityThreshold {
        let hulls = Set([try store.standardHull(), .references])
        for (position, hull) in RankingHull.allCases.filter(hulls.contains).enumerated() {
          let stable = try store.stableCounts(threshold: threshold, hull: hull)
          for (index, line) in stableText(stable, threshold: threshold, rows: counts.rows).enumerated() {
            Terminal.result((position + index == 0 ? "stable       " : "             ") + line)
          }
        }
        if let hull = try store.combinedHull() {
          Terminal.result("             " + (try combined(hull, store, threshold, counts.rows)))
        }
      }
      if let rate = averageRate(created: description.created, finished: finished, records: counts.records) {
        Terminal.result("rate         \(rate)")
      }
    }
  }

  private func showSubmitted<Run: SubmittedRun>(_ run: Run, _ describe: (Run) throws -> String) throws {
    while true {
      let text = try describe(run)
      if watch, isatty(STDOUT_FILENO) == 1 {
        Terminal.result("\u{1B}[H\u{1B}[2J" + text)
      } else {
        Terminal.result(text)
      }
      guard watch, !run.isMerged else { return }
      Thread.sleep(forTimeInterval: 5)
    }
  }

  /// What the second hull says.
  private func combined(
    _ hull: CombinedHull, _ store: RunStore, _ threshold: Double, _ rows: Int
  ) throws -> String {
    guard hull.isCurrent else {
      return
        "hull of references and candidates: stale, computed from \(hull.candidates) rows on "
        + hull.computed
    }
    return stableText(
      try store.stableCounts(threshold: threshold, hull: .combined), threshold: threshold, rows: rows
    ).joined(separator: "\n             ")
  }
}
