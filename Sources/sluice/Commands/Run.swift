import ArgumentParser
import Foundation
import PipelineEngine
import Screening

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a campaign; called again, go on where it stopped.",
    discussion: """
      Results go into a run directory, by default NAME.sluice in the current folder. The process may be stopped or \
      killed at any moment: the same command goes on after the last committed batch, also where the campaign, its \
      archives or its models have moved.

      With --retry-rejected, records that were rejected are read again after their cause was mended. The campaign may \
      then differ from the run's in what leaves its rows as they are: mended input files, occupancy: majority, raised \
      limits, references of elements that had none.

      Example: sluice run pipelines/quickstart.yaml --jobs 2
      Example: sluice run pipelines/thcr2si2-known.yaml --set data=my-data
      """)

  @Argument(help: "Campaign file (YAML).")
  var campaign: String

  @Option(help: "Run directory. (default: NAME.sluice)")
  var runDirectory: String?

  @OptionGroup var variables: VariableOptions

  @OptionGroup var threads: ThreadOptions

  @Option(help: "Read at most this many further records, then stop.")
  var limit: Int?

  @Flag(help: "Read the rejected records of the run again.")
  var retryRejected = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit takes a number of at least 1") }
  }

  func run() throws {
    try reportingErrors {
      let plan = try CampaignPlan(
        file: campaign, runDirectory: runDirectory, resources: Resources.folders, variables: variables.values)
      let directory = runDirectory ?? plan.name + ".sluice"
      let stop = Interruption.flag()
      let start = Terminal.now
      var preparation: ProgressMeter?
      var meter: ProgressMeter?
      let report = try CampaignRun(
        plan: plan, directory: directory, jobs: threads.count, restartArguments: CommandLine.arguments
      ).run(
        limit: limit, retryingRejected: retryRejected, stop: stop,
        preparing: { pass in
          if preparation == nil {
            preparation = ProgressMeter(
              style: Terminal.progressStyle, unit: pass.unit, total: pass.total, done: 0, now: start
            ) { Terminal.tell($0) }
          }
          preparation?.update(done: pass.done, now: Terminal.now)
          if pass.done == pass.total {
            preparation?.finish(done: pass.done, now: Terminal.now)
            preparation = nil
          }
        }
      ) { now, total in
        if meter == nil {
          let known = plan.knownRecordCount
          meter = ProgressMeter(
            style: Terminal.progressStyle, unit: "records", total: known, done: total - now, now: start
          ) { Terminal.tell($0) }
        }
        meter?.update(done: total, now: Terminal.now)
      }
      meter?.finish(done: report.counts.records, now: Terminal.now)
      try conclude(report, directory: directory, isStopped: stop.isRaised)
    }
  }

  private func conclude(_ report: CampaignReport, directory: String, isStopped: Bool) throws {
    note(report.counts, of: directory)
    if let text = readingText(report.reading) { Terminal.note("reading: \(text)") }
    if let text = report.symmetry.flatMap({ symmetryText($0) }) { Terminal.note("symmetry: \(text)") }
    note(report.stable, threshold: report.threshold, rows: report.counts.rows)
    guard report.isFinished else {
      Terminal.note("Not finished; call the same command again to go on.")
      if isStopped { throw ExitStatus.failed }
      return
    }
    try checkRejections(report.counts, allowedShare: report.allowedShare)
  }
}
