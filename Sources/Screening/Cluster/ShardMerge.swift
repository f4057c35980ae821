internal import Foundation
public import ScreeningStore

/// What a merge came to.
public struct MergeReport: Sendable {
  /// What became of the records.
  public let counts: RunCounts
  /// Number of shards.
  public let shards: Int
  /// The kinds of processors that computed them, and how many shards each.
  public let processors: [(name: String, shards: Int)]
  /// The versions of the program that computed them, and how many shards each.
  public let versions: [(name: String, shards: Int)]
}

/// Puts the shards of a run together in the store of one run.
///
/// It is made in a folder of the node's own and then put into the run directory, which is an ordinary one from then on.
public struct ShardMerge: Sendable {
  private let run: ShardedRun
  private let localFolder: String

  /// A merge.
  ///
  /// - Parameters:
  ///   - run: of which run.
  ///   - localFolder: a folder of the node's own storage, with room for all shards.
  public init(_ run: ShardedRun, localFolder: String) {
    self.run = run
    self.localFolder = localFolder
  }

  /// Merges all shards.
  ///
  /// - Parameter progress: called after each shard with the number of those that are in the store.
  /// - Throws: `ScreeningError.shardsMissing` where not all are there whole; `RunClaimError` where another merge is going on;
  ///   `StoreError`. Then there is no store.
  public func run(progress: (Int) -> Void) throws -> MergeReport {
    let claim = try RunClaim(folder: run.directory)
    defer { withExtendedLifetime(claim) {} }
    let paths = try paths()
    let folder = "\(localFolder)/sluice-\(run.plan.id.prefix(16))-merge"
    try? FileManager.default.removeItem(atPath: folder)
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/" + CampaignRun.storeName
    let merge = try StoreMerge(at: path, run: try RunStore.openFinished(at: paths[0]).description())
    let passes = run.directory + "/" + ShardPlan.passesName
    if FileManager.default.fileExists(atPath: passes) { try merge.append(passesAt: passes) }
    for (shard, path) in paths.enumerated() {
      try merge.append(shardAt: path)
      progress(shard + 1)
    }
    let counts = try merge.finish(at: timestamp())
    guard counts.records == run.plan.records else {
      throw StoreError.countsDisagree(
        what: "records of all shards", expected: run.plan.records, found: counts.records)
    }
    let shards = try RunStore.openFinished(at: path).shards()
    try publishCopy(of: path, to: run.directory + "/" + CampaignRun.storeName)
    run.files.removeRemains()
    return MergeReport(
      counts: counts, shards: shards.count, processors: Self.tally(shards.map(\.processor)),
      versions: Self.tally(shards.map(\.sluiceVersion)))
  }

  private func paths() throws -> [String] {
    let present = run.files.present()
    var (paths, missing, problems): ([String], [Int], [String]) = ([], [], [])
    for shard in 0..<run.plan.count {
      let (path, found) = run.files.valid(shard, among: present)
      problems += found
      if let path { paths.append(path) } else { missing.append(shard) }
    }
    guard missing.isEmpty else {
      throw ScreeningError.shardsMissing(
        runDirectory: run.directory, shards: missing, count: run.plan.count, problems: problems)
    }
    return paths
  }

  private static func tally(_ names: [String]) -> [(name: String, shards: Int)] {
    Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
      .map { (name: $0.key, shards: $0.value) }
  }
}
