internal import Foundation
public import PipelineEngine
internal import ScreeningStore

/// Prepares a run directory for the shards of a campaign.
public struct ShardSubmission: Sendable {
  private let file: String
  private let plan: CampaignPlan
  private let variables: [String: String]
  private let directory: String
  private let jobs: Int
  private let localFolder: String

  /// A submission.
  ///
  /// - Parameters:
  ///   - plan: the campaign.
  ///   - file: the file that it was read from.
  ///   - variables: values of its variables that were given beside it.
  ///   - directory: the run directory.
  ///   - jobs: number of threads for what comes before the stream.
  ///   - localFolder: a folder of this machine's own storage.
  public init(
    _ plan: CampaignPlan, file: String, variables: [String: String], directory: String, jobs: Int,
    localFolder: String
  ) {
    self.plan = plan
    self.file = file
    self.variables = variables
    self.directory = directory
    self.jobs = jobs
    self.localFolder = localFolder
  }

  /// Cuts the campaign into shards and writes what the tasks need; where it is there already, it is taken as it is.
  ///
  /// The caller holds the claim on the directory.
  /// - Parameters:
  ///   - shards: number of shards wanted.
  ///   - tasks: number of tasks; at most one a shard.
  ///   - stop: raised to give up.
  ///   - preparing: called after each commit of a pass before the stream.
  /// - Returns: the run; nil where `stop` was raised.
  /// - Throws: `ScreeningError.planChanged` where the directory holds a run of another plan or cut; `ArchiveError`,
  ///   `StoreError`.
  public func prepare(
    shards: Int, tasks: Int, stop: StopFlag, preparing: (PreparationProgress) -> Void
  ) throws -> ShardedRun? {
    try makeFolder(directory)
    let (starts, totals) = try ShardPlanner(plan).starts(shards)
    let folder = URL(filePath: file).standardizedFileURL.deletingLastPathComponent().path
    var cut = ShardPlan(
      campaign: plan.fingerprint, folder: folder, variables: absolute(variables), created: timestamp(),
      taskCount: min(tasks, starts.count), starts: starts, totals: totals)
    cut.allowedRejectionShare = plan.allowedRejectionShare
    if ShardPlan.exists(in: directory) {
      let found = try ShardedRun(directory: directory)
      try check(found, cut)
      return found
    }
    guard !FileManager.default.fileExists(atPath: directory + "/" + CampaignRun.storeName) else {
      throw ScreeningError.invalid(
        "\(directory) holds a run of one process. Name another directory with --run-directory, or go on with "
          + "sluice run")
    }
    let run = CampaignRun(plan: plan, directory: directory, jobs: jobs)
    try run.writePlan()
    try run.saveReferences()
    guard let text = FileManager.default.contents(atPath: file) else {
      throw ScreeningError.unreadable(path: file, reason: "no such file, or not readable")
    }
    try writeAtomically([UInt8](text), to: directory + "/" + ShardPlan.campaignName)
    if plan.hasPasses {
      cut.passes = try makePasses(created: cut.created, stop: stop, preparing: preparing)
      guard cut.passes != nil else { return nil }
    }
    try makeFolder(directory + "/" + ShardPlan.shardsName)
    try makeFolder(directory + "/" + ShardPlan.tasksName)
    // Last: a directory with this file has all the others.
    try cut.write(to: directory)
    return ShardedRun(directory: directory, plan: cut)
  }

  private func check(_ found: ShardedRun, _ cut: ShardPlan) throws {
    guard found.plan.id != cut.id else { return }
    var differences: [String] = []
    if found.plan.campaign != cut.campaign { differences += try found.differences(from: plan) }
    if found.plan.count != cut.count { differences.append("shards: \(found.plan.count) → \(cut.count)") }
    if differences.isEmpty { differences.append("where shards begin, by what the inputs hold") }
    throw ScreeningError.planChanged(runDirectory: directory, differences: differences)
  }

  /// Runs the passes before the stream once for all shards.
  ///
  /// - Returns: the fingerprint of the store with what they found; nil where `stop` was raised.
  func makePasses(
    created: String, stop: StopFlag, preparing: (PreparationProgress) -> Void
  ) throws -> Fingerprint? {
    let folder = "\(localFolder)/sluice-\(plan.fingerprint.prefix(16))-passes"
    let part = CampaignPart.passesAlone(plan, created: created)
    let report = try CampaignRun(
      plan: plan, directory: folder, jobs: jobs, restartArguments: nil, part: part
    ).run(stop: stop, preparing: preparing) { _, _ in }
    guard report.isFinished, !stop.isRaised else { return nil }
    let whole = folder + "/" + ShardPlan.passesName
    try? FileManager.default.removeItem(atPath: whole)
    let store = try RunStore.open(at: folder + "/" + CampaignRun.storeName, access: .readOnly)
    try store.copy(to: whole)
    try store.close()
    let fingerprint = try Fingerprint(ofFile: whole)
    try putInPlace(whole, as: directory + "/" + ShardPlan.passesName)
    try? FileManager.default.removeItem(atPath: folder)
    return fingerprint
  }

  /// Variables as the tasks, whose current folder is another, need them.
  private func absolute(_ variables: [String: String]) -> [String: String] {
    variables.mapValues { text in
      let isPath = text.contains("/") || FileManager.default.fileExists(atPath: text)
      return isPath ? URL(filePath: text).standardizedFileURL.path : text
    }
  }
}
