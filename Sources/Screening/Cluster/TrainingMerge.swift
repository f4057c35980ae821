public import PipelineEngine
internal import ScreeningStore

/// Collects the trained members of a submitted training into its model.
public struct TrainingMerge: Sendable {
  private let run: SubmittedTraining
  private let jobs: Int

  /// A merge.
  ///
  /// - Parameters:
  ///   - run: of which training.
  ///   - jobs: number of threads.
  public init(_ run: SubmittedTraining, jobs: Int) {
    self.run = run
    self.jobs = jobs
  }

  /// Tests and calibrates the ensemble and writes its folder.
  ///
  /// - Returns: false where `stop` was raised before the end.
  /// - Throws: `ScreeningError.membersMissing` where not all members are trained to their ends; `RunClaimError` where another
  ///   merge is going on.
  public func run(
    _ resources: ResourceFolders, stop: StopFlag, report: (TrainingEvent) -> Void
  ) throws -> Bool {
    let claim = try RunClaim(folder: run.directory)
    defer { withExtendedLifetime(claim) {} }
    let (missing, problems) = run.missing(checking: true)
    guard missing.isEmpty else {
      throw ScreeningError.membersMissing(
        runDirectory: run.directory, members: missing, count: run.partCount, problems: problems)
    }
    return try TrainingRun(plan: run.training(resources), output: run.modelFolder, jobs: jobs)
      .run(stop: stop, report: report)
  }
}
