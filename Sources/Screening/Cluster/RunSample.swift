internal import Foundation
public import PipelineEngine
internal import ScreeningStore

/// What records and shards of a campaign cost on this machine: some records of it, run and merged as shards are.
///
/// Every cost is a part a record and a part a shard, which a shard of one record beside a larger one at the same place tells
/// apart.
public struct RunSample: Sendable {
  /// A cost of n records in m shards: n `record` + m `shard`.
  public struct Cost: Sendable {
    /// Of a record.
    public let record: Double
    /// Of a shard.
    public let shard: Double

    /// The cost that small and large shards tell. Where larger ones cost no more all of it is that of shards; where there are
    /// none, and where records explain more than there is, that of records.
    init(_ small: [(records: Int, cost: Double)], _ large: [(records: Int, cost: Double)]) {
      func sum(_ parts: [(records: Int, cost: Double)]) -> (records: Double, cost: Double) {
        parts.reduce((0, 0)) { ($0.0 + Double($1.records), $0.1 + $1.cost) }
      }
      let (few, many, count) = (sum(small), sum(large), Double(small.count + large.count))
      // Means of a shard, since there may be fewer large ones.
      let records = many.records / Double(max(1, large.count)) - few.records / Double(max(1, small.count))
      let cost = many.cost / Double(max(1, large.count)) - few.cost / Double(max(1, small.count))
      let all = (few.cost + many.cost) / max(1, few.records + many.records)
      guard !large.isEmpty, records > 0 else {
        (record, shard) = (all, 0)
        return
      }
      let slope = max(0, cost / records)
      let rest = (few.cost + many.cost - slope * (few.records + many.records)) / count
      (record, shard) = rest >= 0 ? (slope, rest) : (all, 0)
    }

    /// A cost.
    init(record: Double, shard: Double) {
      self.record = record
      self.shard = shard
    }

    func of(records: Int, shards: Int) -> Double { Double(records) * record + Double(shards) * shard }
  }

  /// Records that were run.
  public let records: Int
  /// Shards that they were taken from.
  public let shards: Int
  /// Seconds of one thread, from the start of a shard to its file in its place.
  public internal(set) var seconds: Cost
  /// Whether the seconds of a record were given and not measured.
  public internal(set) var isSpeedGiven = false
  /// Bytes of shards' files.
  public let bytes: Cost
  /// Seconds of a merge.
  public let mergeSeconds: Cost
  /// Bytes of the merged store.
  public let storeBytes: Cost
  /// Seconds of what is computed before the first record; nil where there is nothing.
  public let passesSeconds: Double?
  /// Seconds that a task takes to read the campaign and the files that it names.
  public let startSeconds: Double

  /// The sample with another speed: that of other machines.
  ///
  /// - Parameter recordsPerSecond: of one thread.
  public func at(recordsPerSecond: Double) -> RunSample {
    var sample = self
    sample.seconds = Cost(record: 1 / recordsPerSecond, shard: seconds.shard)
    sample.isSpeedGiven = true
    return sample
  }

  /// Measures a sample of a campaign.
  ///
  /// - Parameters:
  ///   - plan: the campaign.
  ///   - cut: how it is cut into shards.
  ///   - records: number of records that are run, about; of up to eight shards from all of the inputs.
  ///   - startSeconds: what reading the campaign took.
  ///   - localFolder: a folder of this machine's own storage, where everything happens.
  ///   - jobs: threads for what comes before the first record.
  ///   - stop: raised to give up.
  ///   - preparing: called after each commit of a pass before the first record.
  /// - Returns: the sample; nil where `stop` was raised.
  public init?(
    of plan: CampaignPlan, _ cut: CampaignCut, records: Int, startSeconds: Double, localFolder: String,
    jobs: Int, stop: StopFlag, preparing: (PreparationProgress) -> Void
  ) throws {
    let folder = "\(localFolder)/sluice-\(plan.fingerprint.prefix(16))-sample.\(getpid())"
    try? FileManager.default.removeItem(atPath: folder)
    try makeFolder(folder + "/" + ShardPlan.shardsName)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let parts = SampleParts(cut, records: records)
    var sample = ShardPlan(
      campaign: plan.fingerprint, folder: folder, variables: [:], created: timestamp(), taskCount: 1,
      starts: parts.starts, totals: cut.totals)
    self.startSeconds = startSeconds
    let start = secondsNow()
    if plan.hasPasses {
      sample.passes = try ShardSubmission(
        plan, file: "", variables: [:], directory: folder, jobs: jobs, localFolder: folder
      ).makePasses(created: sample.created, stop: stop, preparing: preparing)
    }
    passesSeconds = plan.hasPasses ? secondsNow() - start : nil
    let run = ShardedRun(directory: folder, plan: sample)
    guard !stop.isRaised else { return nil }
    let runner = ShardRun(
      run: run, plan: plan, jobs: 1, localFolder: folder, restartArguments: nil,
      crew: try ShardRun.crew(of: run, plan, jobs: jobs, stop: stop))
    func time(_ shard: Int) throws -> (records: Int, cost: Double)? {
      let start = secondsNow()
      guard case .finished = try runner.run(runner.claim(shard), stop: stop, progress: { _ in }) else {
        return nil
      }
      return (run.plan.range(shard).count, secondsNow() - start)
    }
    // What is read or made at the first use is no cost of a shard.
    if let first = parts.small.first { _ = try time(first) }
    var (small, large): ([(records: Int, cost: Double)], [(records: Int, cost: Double)]) = ([], [])
    for shard in parts.small {
      guard let cost = try time(shard) else { return nil }
      small.append(cost)
    }
    for shard in parts.large {
      guard let cost = try time(shard) else { return nil }
      large.append(cost)
    }
    self.records = (small + large).reduce(0) { $0 + $1.records }
    shards = small.count
    seconds = Cost(small, large)
    let present = run.files.present()
    func sizes(_ shards: [Int]) -> [(records: Int, cost: Double)] {
      shards.map { (run.plan.range($0).count, Double(run.files.size($0, among: present))) }
    }
    bytes = Cost(sizes(parts.small), sizes(parts.large))
    (mergeSeconds, storeBytes) = try Self.merge(
      run, parts, present, path: folder + "/merged.sqlite")
  }

  /// Merges the first shards of the sample, which follow each other from the first record on.
  private static func merge(
    _ run: ShardedRun, _ parts: SampleParts, _ present: [Int: [String]], path: String
  ) throws -> (seconds: Cost, bytes: Cost) {
    let shards = [parts.small.first, parts.large.first].compactMap { $0 }
    let paths = shards.compactMap { run.files.valid($0, among: present).path }
    guard paths.count == shards.count, let first = paths.first else {
      return (Cost(record: 0, shard: 0), Cost(record: 0, shard: 0))
    }
    let merge = try StoreMerge(at: path, run: try RunStore.openFinished(at: first).description())
    if let passes = try run.passes() { try merge.append(passesAt: passes) }
    func append(_ shard: Int) throws -> (records: Int, cost: Double) {
      let start = secondsNow()
      if let path = run.files.valid(shard, among: present).path { try merge.append(shardAt: path) }
      return (run.plan.range(shard).count, secondsNow() - start)
    }
    func size() -> Double { Double(fileSize(path)) }
    let small = try append(shards[0])
    let before = size()
    let large = try shards.dropFirst().map { try append($0) }
    let start = secondsNow()
    _ = try merge.finish(at: timestamp())
    let cost = Cost([small], large)
    let records = (large + [small]).reduce(0) { $0 + $1.records }
    // Indexes and the last check are work of all records at once.
    let rest = (secondsNow() - start) / Double(max(1, records))
    return (
      Cost(record: cost.record + rest, shard: cost.shard),
      Cost(record: max(0, size() - before) / Double(max(1, records)), shard: 0)
    )
  }
}

/// Shards that stand for those of a campaign: at up to eight places a shard of one record, and behind it a larger one.
struct SampleParts {
  /// Most places that are looked at.
  static let mostPlaces = 8
  /// Where the sample's own shards begin; some lie between those that are run.
  let starts: [ShardPlace]
  /// Numbers of the shards of one record.
  let small: [Int]
  /// Numbers of the larger shards behind them, where there are records for one.
  let large: [Int]

  init(_ cut: CampaignCut, records: Int) {
    let places = min(Self.mostPlaces, cut.starts.count)
    let each = max(2, records / places)
    var (starts, small, large): ([ShardPlace], [Int], [Int]) = ([], [], [])
    let first = cut.totals.firstIndex { $0 > 0 } ?? 0
    let wanted = (0..<places).map { place in
      place == 0 ? ShardPlace(source: first, record: 0) : cut.starts[place * cut.starts.count / places]
    }
    for (place, start) in wanted.enumerated() where cut.totals.indices.contains(start.source) {
      let next = place + 1 < places ? wanted[place + 1] : nil
      let end = next.flatMap { $0.source == start.source ? $0.record : nil } ?? cut.totals[start.source]
      func begin(_ record: Int) {
        starts.append(ShardPlace(source: start.source, record: record, position: start.position))
      }
      guard start.record < end else { continue }
      small.append(starts.count)
      begin(start.record)
      if start.record + 1 < end {
        large.append(starts.count)
        begin(start.record + 1)
      }
      // What is not run.
      begin(min(start.record + each, end))
    }
    self.starts = starts.isEmpty ? [ShardPlace(source: 0, record: 0)] : starts
    self.small = small
    self.large = large
  }
}

/// Seconds by a clock that only moves forward.
func secondsNow() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

/// Size of a file (bytes); 0 where there is none.
func fileSize(_ path: String) -> Int {
  var facts = stat()
  return stat(path, &facts) == 0 ? Int(facts.st_size) : 0
}
