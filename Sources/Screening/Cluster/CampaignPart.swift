internal import ScreeningStore

/// The part of a campaign that a process runs: a shard, or the passes before the stream alone.
struct CampaignPart: Sendable {
  /// Its records.
  let range: ShardRange
  /// What its store says of it; nil for the passes.
  let description: ShardDescription?
  /// Who works on it, knowing what the passes before the stream found; nil where the part makes both itself.
  let crew: CampaignCrew?
  /// When the plan of the shards was made, ISO 8601. A shard's store says no other time, so that its bytes depend on the
  /// plan and the kind of processor alone.
  let created: String
  /// The claim of its folder, held beyond the run; nil where the run claims the folder itself.
  var claim: RunClaim?

  /// The passes before the stream, and no record.
  static func passesAlone(_ plan: CampaignPlan, created: String) -> CampaignPart {
    let start = ShardPlace(source: 0, record: 0)
    return CampaignPart(
      range: ShardRange(start: start, end: start, totals: plan.sources.map { _ in 0 }), description: nil,
      crew: nil, created: created)
  }

  /// How its store is written: that of a shard lies in a folder of this start of the machine.
  var access: RunStore.Access { description == nil ? .readWrite : .unforced }

  /// Makes a new store one of the shard.
  func begin(_ store: RunStore) throws(StoreError) {
    guard let description else { return }
    try store.beginShard(
      description,
      starts: range.start.record == 0
        ? []
        : [
          ShardStart(
            source: range.start.source, record: range.start.record,
            resumeToken: range.start.position?.bytes)
        ])
  }
}
