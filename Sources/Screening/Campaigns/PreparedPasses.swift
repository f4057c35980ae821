internal import PipelineEngine
internal import ScreeningStore

/// What has to be known before the first record: the hulls with competitors, then who is worth a search.
struct PreparedPasses: Sendable {
  /// The hulls that candidates are placed on beside that of the references.
  var hulls = CompetitorHulls()
  /// Of each source with a cascade what a candidate has to reach to be searched to the end.
  var bounds: [Int: SearchBound] = [:]

  /// Nothing, as of campaigns that need nothing.
  init() {}

  /// Reads from a store what was found, and finds what is missing.
  ///
  /// - Parameter progress: called after each commit.
  /// - Returns: nil where `stop` was raised before the end.
  init?(
    of plan: CampaignPlan, jobs: Int, _ store: RunStore, stop: StopFlag,
    progress: (PreparationProgress) -> Void
  ) throws {
    guard let hulls = try CompetitorPass(plan: plan, jobs: jobs).run(store, stop: stop, progress: progress),
      let bounds = try SearchPilot(plan: plan, jobs: jobs).run(store, hulls, stop: stop, progress: progress)
    else { return nil }
    self.hulls = hulls
    self.bounds = bounds
  }
}
