import ArgumentParser
import Screening

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how far a run has come.", discussion: "Example: sluice status thcr2si2-quickstart.sluice")

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  func run() throws {
    try reportingErrors {
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
      if let threshold = description.stabilityThreshold {
        Terminal.result(
          "stable       \(try store.stableCount(threshold: threshold)) at or below \(threshold) eV/atom")
      }
      if let rate = averageRate(created: description.created, finished: finished, records: counts.records) {
        Terminal.result("rate         \(rate)")
      }
    }
  }
}
