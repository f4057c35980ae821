internal import Foundation
internal import PipelineEngine
internal import ScreeningStore

/// Runs one shard: an ordinary run of its records in a folder of the node's own, whose store is then put beside those of the
/// other shards.
struct ShardRun {
  /// How a shard's run ended.
  enum Ending: Hashable {
    /// Its store is in its place.
    case finished(rows: Int, rejected: Int, top: TopList)
    /// It was stopped before its end.
    case stopped
  }

  let run: ShardedRun
  let plan: CampaignPlan
  let jobs: Int
  /// A folder of the node's own storage.
  let localFolder: String
  let restartArguments: [String]?
  /// Who works on the shards, one after the other; nil where each finds its own.
  let crew: CampaignCrew?

  /// Who works on the shards of a run, knowing what its passes before the stream found.
  ///
  /// - Returns: nil where `stop` was raised before that was read.
  static func crew(
    of run: ShardedRun, _ plan: CampaignPlan, jobs: Int, stop: StopFlag
  ) throws -> CampaignCrew? {
    guard plan.hasPasses else { return CampaignCrew(plan) }
    guard let passes = try run.passes() else {
      throw ScreeningError.unreadable(
        path: run.directory + "/" + ShardPlan.fileName,
        reason: "says nothing of the passes that its campaign has")
    }
    return try PreparedPasses(of: plan, jobs: jobs, RunStore.openFinished(at: passes), stop: stop) { _ in }
      .map { CampaignCrew(plan, $0) }
  }

  /// A shard that this process alone works on, of those of this node.
  struct Claimed {
    let shard: Int
    fileprivate let folder: String
    fileprivate let claim: RunClaim
  }

  /// Claims a shard, in a folder of its own where another process of this node works on it too.
  func claim(_ shard: Int) throws -> Claimed {
    var attempt = 0
    while true {
      if let claimed = try claimIfFree(shard, attempt: attempt) { return claimed }
      attempt += 1
    }
  }

  /// Claims a shard, where no other process of this node works on it. What an earlier one left of it is gone on with.
  func claimIfFree(_ shard: Int, attempt: Int = 0) throws -> Claimed? {
    let folder = localFolder + "/" + folderName(shard, attempt)
    try makeFolder(folder)
    do throws(RunClaimError) {
      return Claimed(shard: shard, folder: folder, claim: try RunClaim(folder: folder))
    } catch .held {
      return nil
    } catch .cannotOpen where !FileManager.default.fileExists(atPath: folder) {
      // Who held it has just finished the shard and removed the folder.
      return nil
    }
  }

  /// Gives up a claim and removes what lies in its folder.
  func release(_ claimed: Claimed) {
    withExtendedLifetime(claimed) { try? FileManager.default.removeItem(atPath: claimed.folder) }
  }

  /// Runs a shard and publishes it. The claim is held until its folder is gone, so that no process goes on with what another
  /// is about to remove.
  ///
  /// - Parameter progress: called after each commit with the records of the shard that are done.
  func run(_ claimed: Claimed, stop: StopFlag, progress: (Int) -> Void) throws -> Ending {
    let (shard, folder) = (claimed.shard, claimed.folder)
    let range = run.plan.range(shard)
    let part = CampaignPart(
      range: range,
      description: ShardDescription(
        index: shard, count: run.plan.count, plan: run.plan.id, records: range.count,
        processor: processorKind,
        sluiceVersion: recordedVersion),
      crew: crew, created: run.plan.created, claim: claimed.claim)
    let whole = folder + "/" + Self.wholeName
    var top = TopList()
    let report = try CampaignRun(
      plan: plan, directory: folder, jobs: jobs, restartArguments: restartArguments, part: part
    ).run(
      stop: stop,
      finishing: { store in
        // Written anew in one go: its bytes then follow from its rows, however often the shard was interrupted.
        try? FileManager.default.removeItem(atPath: whole)
        try store.copyRows(to: whole)
        top = try TopList(of: store, hull: plan.rankingHull)
      }, progress: { _, done in progress(done) })
    guard report.isFinished else {
      guard stop.isRaised else {
        throw ScreeningError.shardIncomplete(
          shard: shard, records: report.counts.records, expected: range.count)
      }
      return .stopped
    }
    try run.files.publish(shard, from: whole)
    release(claimed)
    return .finished(rows: report.counts.rows, rejected: report.counts.rejected, top: top)
  }

  /// Removes what earlier processes of this node left of shards that are finished, and of shards that were in hand when the
  /// machine stopped.
  func removeRemains(_ present: [Int: [String]]) {
    let prefix = planPrefix
    for name in (try? FileManager.default.contentsOfDirectory(atPath: localFolder)) ?? []
    where name.hasPrefix(prefix) {
      let words = name.dropFirst(prefix.count).split(separator: "-")
      guard words.count == 2, let shard = words[1].split(separator: ".").first.flatMap({ Int($0) }),
        present[shard] != nil || words[0] != Self.start
      else { continue }
      let folder = localFolder + "/" + name
      // One that a process works in is left to it.
      guard let claim = try? RunClaim(folder: folder) else { continue }
      withExtendedLifetime(claim) { try? FileManager.default.removeItem(atPath: folder) }
    }
  }

  private static let wholeName = "shard.sqlite"
  private var planPrefix: String { "sluice-\(run.plan.id.prefix(16))-" }
  private func folderName(_ shard: Int, _ attempt: Int) -> String {
    planPrefix + Self.start + "-" + paddedNumber(shard) + (attempt == 0 ? "" : ".\(attempt)")
  }

  /// Names this start of the machine. Stores of shards are not forced to the disk, so what lies in a folder of an earlier
  /// start may be damaged and is not gone on with.
  private static let start =
    (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
    .map { String($0.prefix(8)) } ?? "unknown"
}
