import ArgumentParser
import PipelineEngine
import Screening

/// What an estimate of a run in shards rests on.
struct EstimateOptions: ParsableArguments {
  @Option(help: "Of an estimate: number of records that are run and merged here to measure what they cost.")
  var sample = 2000

  @Option(
    help: ArgumentHelp(
      "Of an estimate: records a second that one thread of the cluster does; measured here when absent.",
      valueName: "records/s"))
  var rate: Double?

  func validate() throws {
    if !(16...1_000_000).contains(sample) { throw ValidationError("--sample takes 16 to 1,000,000") }
    if let rate, !(rate > 0 && rate.isFinite) { throw ValidationError("--rate takes a positive number") }
  }

  /// Measures a sample of a campaign and says what the whole of it should take.
  ///
  /// - Parameters:
  ///   - startSeconds: what reading the campaign took.
  ///   - jobs: threads for what comes before the first record.
  /// - Returns: the estimate, and what it was made from.
  func estimate(
    _ plan: CampaignPlan, _ cut: CampaignCut, tasks: Int, engine: EngineRecord.Engine,
    settings: EngineSettings, startSeconds: Double, jobs: Int
  ) throws -> (figures: ClusterFigures, sample: RunSample) {
    var meter: ProgressMeter?
    let found = try RunSample(
      of: plan, cut, records: sample, startSeconds: startSeconds, localFolder: Resources.localFolder,
      jobs: jobs, stop: Interruption.flag()
    ) { pass in
      if meter == nil { meter = Terminal.meter(unit: pass.unit, total: pass.total) }
      meter?.update(done: pass.done, now: Terminal.now)
      if pass.done == pass.total { meter = nil }
    }
    guard var measured = found else {
      Terminal.note("Stopped.")
      throw ExitStatus.failed
    }
    if let rate { measured = measured.at(recordsPerSecond: rate) }
    let figures = ClusterFigures(
      estimating: cut, tasks: tasks, settings: settings, engine: engine, sample: measured)
    return (figures, measured)
  }
}
