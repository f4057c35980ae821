internal import Foundation
internal import ScreeningStore

/// How far a run in shards is, by what lies in its directory: the names of finished shards and the journals of the tasks.
public struct ClusterStatus: Sendable {
  /// A shard that a task has in hand.
  public struct Running: Sendable {
    /// The shard.
    public let shard: Int
    /// The task that has it in hand.
    public let task: Int
    /// Where.
    public let host: String
    /// Records that are done, as last noted, of so many.
    public let records: Int
    /// Number of its records.
    public let total: Int
    /// When that was noted, ISO 8601.
    public let time: String
  }

  /// A shard that cannot be run.
  public struct Failing: Sendable {
    /// The shard.
    public let shard: Int
    /// Why.
    public let message: String
    /// The journal that says more.
    public let log: String
  }

  /// A candidate of the list so far.
  public struct Candidate: Sendable {
    /// Its id.
    public let id: String
    /// Formula of its reduced composition.
    public let formula: String
    /// Energy above the hull that the run is ranked by (eV/atom).
    public let energyAboveHull: Double
  }

  /// Number of shards.
  public let shards: Int
  /// Number of those that are finished, by their names.
  public let finished: Int
  /// Records of finished shards.
  public let records: Int
  /// Number of records of all shards.
  public let total: Int
  /// Shards that were begun and of which no more was heard than how far they are.
  public let running: [Running]
  /// Shards that cannot be run.
  public let failing: [Failing]
  /// How often a shard was begun by another process than before: after a kill, a lost node, a requeue.
  public let restarts: Int
  /// The machines that finished shards or have some in hand.
  public let hosts: [String]
  /// The kinds of processors that finished shards.
  public let processors: [String]
  /// Seconds of work that a record took, the mean over finished shards; nil before the first.
  public let secondsPerRecord: Double?
  /// The best candidates of finished shards.
  public let top: [Candidate]
  /// Whether the shards are merged.
  public let isMerged: Bool

  /// Looks at a run.
  ///
  /// - Throws: `StoreError` where a finished shard of which no journal tells cannot be read.
  public init(_ run: ShardedRun) throws {
    let present = run.files.present()
    shards = run.plan.count
    finished = present.count
    total = run.plan.records
    records = present.keys.reduce(0) { $0 + run.plan.range($1).count }
    isMerged = run.isMerged
    var running: [Running] = []
    var failing: [Failing] = []
    var (restarts, seconds, timed): (Int, Double, Int) = (0, 0, 0)
    var (hosts, processors): (Set<String>, Set<String>) = ([], [])
    var tops: [Int: ArraySlice<UInt8>] = [:]
    for task in 0..<run.plan.taskCount {
      let journal = TaskJournal(path: run.journal(ofTask: task))
      var last: [Int: TaskJournal.Event] = [:]
      var begun: [Int: Set<String>] = [:]
      for event in journal.events() where (0..<run.plan.count).contains(event.shard) {
        switch event.kind {
        case .begin: begun[event.shard, default: []].insert("\(event.host) \(event.process) \(event.time)")
        case .done:
          tops[event.shard] = event.top
          seconds += event.seconds
          // No shard has more, whatever a damaged line says.
          timed += min(max(event.records, 0), run.plan.range(event.shard).count)
          hosts.insert(event.host)
          if let name = event.tree["processor"]?.text { processors.insert(name) }
        case .resumed:
          // What was given up is tried again.
          last = last.filter { $0.value.kind != .failed }
          continue
        case .progress, .stopped, .failed: break
        }
        last[event.shard] = event
      }
      restarts += begun.values.reduce(0) { $0 + $1.count - 1 }
      for (shard, event) in last where present[shard] == nil {
        switch event.kind {
        case .begin, .progress:
          hosts.insert(event.host)
          running.append(
            Running(
              shard: shard, task: task, host: event.host, records: event.records,
              total: run.plan.range(shard).count, time: event.time))
        case .failed:
          failing.append(Failing(shard: shard, message: event.message, log: journal.path))
        case .done, .stopped, .resumed: break
        }
      }
    }
    self.running = running.sorted { $0.shard < $1.shard }
    self.failing = failing.sorted { $0.shard < $1.shard }
    self.restarts = restarts
    self.hosts = hosts.sorted()
    self.processors = processors.sorted()
    secondsPerRecord = timed > 0 ? seconds / Double(timed) : nil
    var (best, hull) = (TopList(), RankingHull?.none)
    for shard in present.keys {
      if let top = tops[shard] {
        best.merge(json: top)
      } else if let path = run.files.valid(shard, among: present).path {
        let ranking = try hull ?? run.rankingHull()
        hull = ranking
        best.merge(try TopList(of: RunStore.openFinished(at: path), hull: ranking))
      }
    }
    top = best.entries.map { Candidate(id: $0.id, formula: $0.formula, energyAboveHull: $0.distance) }
  }

  /// Seconds until the end if so many tasks work at the rate so far; nil where nothing is known of the rate.
  public func secondsLeft(tasks: Int) -> Double? {
    secondsPerRecord.map { $0 * Double(total - records) / Double(max(1, tasks)) }
  }
}

extension ShardedRun {
  /// The hull that the run is ranked by, by what its passes found.
  func rankingHull() throws -> RankingHull {
    try passes().map { try RunStore.openFinished(at: $0).standardHull() } ?? .references
  }
}
