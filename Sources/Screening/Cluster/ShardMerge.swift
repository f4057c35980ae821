internal import Foundation
internal import PipelineEngine
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
    // Before anything is written, if it is to be seen by names.
    guard run.missing(checking: false).parts.isEmpty else { throw missing(run.missing(checking: true)) }
    return try run(arrivals: ShardArrivals(haveEnded: true), progress: progress)
  }

  /// Merges all shards while tasks still run, each as soon as it and those before it are there. The caller holds the claim.
  func run(arrivals: ShardArrivals, progress: (Int) -> Void) throws -> MergeReport {
    // The same plan may be merged in several run directories at once; of one the claim lets nobody else merge.
    let directory = URL(filePath: run.directory).standardizedFileURL.resolvingSymlinksInPath().path
    let folder =
      "\(localFolder)/sluice-\(run.plan.id.prefix(16))-\(Fingerprint(of: directory).hexadecimal.prefix(8))-merge"
    try? FileManager.default.removeItem(atPath: folder)
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/" + CampaignRun.storeName
    var store: StoreMerge?
    var (gone, problems): ([Int], [String]) = ([], [])
    let (run, count) = (run, run.plan.count)
    var next = 0
    // Digests of the next shards are computed while rows are appended.
    _ = try OrderedPipeline(jobs: 2, batchSize: 1).run(
      read: {
        defer { next += 1 }
        return next < count ? next : nil
      },
      makeScratch: {},
      work: { _, shards in shards.map { (shard: $0, found: arrivals.wait(for: $0, of: run)) } },
      write: { (batch: [(shard: Int, found: (path: String?, problems: [String]))]) in
        for (shard, found) in batch {
          problems += found.problems
          guard let file = found.path, gone.isEmpty else {
            if found.path == nil { gone.append(shard) }
            continue
          }
          if store == nil { store = try begin(at: path, like: file) }
          try store?.append(shardAt: file)
          progress(shard + 1)
        }
      })
    guard gone.isEmpty, let store else { throw missing((gone, problems)) }
    let counts = try store.finish(at: timestamp())
    guard counts.records == run.plan.records else {
      throw StoreError.countsDisagree(
        what: "records of all shards", expected: run.plan.records, found: counts.records)
    }
    let shards = try RunStore.openFinished(at: path).shards()
    try putInPlace(path, as: run.directory + "/" + CampaignRun.storeName)
    run.files.removeRemains()
    return MergeReport(
      counts: counts, shards: shards.count, processors: Self.tally(shards.map(\.processor)),
      versions: Self.tally(shards.map(\.sluiceVersion)))
  }

  /// The store that shards are appended to, with what the passes before them found.
  private func begin(at path: String, like shard: String) throws -> StoreMerge {
    let merge = try StoreMerge(at: path, run: try RunStore.openFinished(at: shard).description())
    if let passes = try run.passes() { try merge.append(passesAt: passes) }
    return merge
  }

  private func missing(_ found: (parts: [Int], problems: [String])) -> ScreeningError {
    .shardsMissing(
      runDirectory: run.directory, shards: found.parts, count: run.plan.count, problems: found.problems)
  }

  private static func tally(_ names: [String]) -> [(name: String, shards: Int)] {
    Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
      .map { (name: $0.key, shards: $0.value) }
  }
}
