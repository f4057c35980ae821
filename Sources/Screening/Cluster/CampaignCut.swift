/// How a campaign's inputs are cut into shards.
public struct CampaignCut: Sendable {
  let starts: [ShardPlace]
  /// Number of records of each input.
  let totals: [Int]

  /// Number of shards.
  public var shardCount: Int { starts.count }
  /// Number of records.
  public var recordCount: Int { totals.reduce(0, +) }

  /// Cuts a campaign.
  ///
  /// - Parameter shards: number of shards wanted; where the inputs have fewer places to cut there are fewer.
  /// - Throws: `ScreeningError` for an archive that is to be packed first; `ArchiveError`.
  public init(_ plan: CampaignPlan, shards: Int) throws {
    (starts, totals) = try ShardPlanner(plan).starts(shards)
  }

  init(starts: [ShardPlace], totals: [Int]) {
    self.starts = starts
    self.totals = totals
  }
}

extension ShardedRun {
  /// How the run's inputs are cut.
  public var cut: CampaignCut { CampaignCut(starts: plan.starts, totals: plan.totals) }
}
