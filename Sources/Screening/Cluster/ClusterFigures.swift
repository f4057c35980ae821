internal import Foundation
internal import TextFormats

/// What a run in shards takes: estimated before it, or counted after it.
public struct ClusterFigures: Hashable, Sendable {
  /// Name of the file of the estimate within a run directory.
  static let fileName = "estimate.json"

  /// Number of records.
  public var records: Int
  /// Number of shards.
  public var shards: Int
  /// Seconds of threads for all of it.
  public var threadSeconds: Double
  /// Seconds from the first task's start to the last one's end; nil where that is not known.
  public var wallSeconds: Double?
  /// Seconds of the merge; nil where that is not known.
  public var mergeSeconds: Double?
  /// Bytes of all shards.
  public var shardBytes: Int
  /// Bytes of the merged store; nil before the merge.
  public var storeBytes: Int?
  /// Number of files.
  public var files: Int
  /// Number of folders.
  public var folders: Int
  /// Calls that hand something to the scheduler.
  public var submissions: Int
  /// Starts of tasks, and of merges.
  public var starts: Int

  /// Records a second and thread, all in.
  public var recordsPerSecond: Double { threadSeconds > 0 ? Double(records) / threadSeconds : 0 }

  /// What a run should take.
  ///
  /// - Parameters:
  ///   - cut: its shards.
  ///   - tasks: number of tasks.
  ///   - settings: threads of a task, taken to share its work evenly, and how many tasks run at once.
  ///   - engine: who runs the tasks.
  ///   - sample: what records and shards cost.
  public init(
    estimating cut: CampaignCut, tasks: Int, settings: EngineSettings, engine: EngineRecord.Engine,
    sample: RunSample
  ) {
    records = cut.recordCount
    shards = cut.shardCount
    let tasks = min(tasks, shards)
    threadSeconds = sample.seconds.of(records: records, shards: shards)
    let threads = Double(settings.processors)
    let perTask = (shards + tasks - 1) / tasks
    let ofTask =
      sample.startSeconds + Double(perTask) * sample.seconds.shard
      + Double(perTask) * Double(records) / Double(shards) * sample.seconds.record / threads
    let most = engine == .local ? settings.processesAtOnce : settings.maximumRunning ?? tasks
    let atOnce = max(1, min(tasks, most))
    wallSeconds = Double((tasks + atOnce - 1) / atOnce) * ofTask
    mergeSeconds = sample.mergeSeconds.of(records: records, shards: shards)
    shardBytes = Int(sample.bytes.of(records: records, shards: shards))
    storeBytes = Int(sample.storeBytes.of(records: records, shards: shards))
    files = shards + tasks + Self.otherFiles
    folders = Self.folderCount
    submissions = engine == .slurm ? 2 : 0
    starts = tasks + 1
  }

  /// Files of a run beside its shards and journals, at most.
  static let otherFiles = 13
  /// The run directory, and the folders of shards and journals in it.
  static let folderCount = 3

  /// What a run took, by its journals and files.
  ///
  /// - Throws: `ScreeningError.unreadable`.
  public init(of run: ShardedRun) throws {
    let record = try EngineRecord(directory: run.directory)
    let threads = Double(record?.settings.processors ?? 1)
    var (seconds, begun): (Double, Int) = (0, 0)
    var (first, last): (Date?, Date?)
    let style = Date.ISO8601FormatStyle()
    for task in 0..<run.plan.taskCount {
      var processes: Set<String> = []
      for event in TaskJournal(path: run.journal(ofTask: task)).events() {
        let time = try? style.parse(event.time)
        if event.kind == .begin {
          first = [first, time].compactMap { $0 }.min()
          processes.insert("\(event.host) \(event.process)")
        }
        if event.kind == .done {
          last = [last, time].compactMap { $0 }.max()
          seconds += event.seconds
        }
      }
      begun += processes.count
    }
    let merges = TaskJournal(path: run.mergeJournal).events().filter { $0.kind == .done }
    let present = run.files.present()
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: run.directory)) ?? []
    records = run.plan.records
    shards = run.plan.count
    threadSeconds = seconds * threads
    wallSeconds = first.flatMap { start in last.map { $0.timeIntervalSince(start) } }
    mergeSeconds = merges.last?.seconds
    shardBytes = present.keys.reduce(0) { $0 + run.files.size($1, among: present) }
    storeBytes = run.isMerged ? fileSize(run.directory + "/" + CampaignRun.storeName) : nil
    folders = Self.folderCount
    files = max(0, names.count - (Self.folderCount - 1))
    submissions = (record?.submissions ?? []).reduce(0) {
      $0 + ($1.arrayJob.isEmpty ? 0 : 1) + ($1.mergeJob.isEmpty ? 0 : 1)
    }
    starts = begun + merges.count
  }

  // MARK: The file

  /// Reads the estimate of a run directory; nil where there is none.
  public init?(directory: String) {
    guard let data = FileManager.default.contents(atPath: directory + "/" + Self.fileName),
      let tree = try? JSONTree([UInt8](data)), let records = tree["records"]?.wholeNumber,
      let shards = tree["shards"]?.wholeNumber, let threadSeconds = tree["thread_seconds"]?.real,
      let shardBytes = tree["shard_bytes"]?.wholeNumber, let files = tree["files"]?.wholeNumber,
      let folders = tree["folders"]?.wholeNumber, let submissions = tree["submissions"]?.wholeNumber,
      let starts = tree["starts"]?.wholeNumber
    else { return nil }
    self.records = records
    self.shards = shards
    self.threadSeconds = threadSeconds
    wallSeconds = tree["wall_seconds"]?.real
    mergeSeconds = tree["merge_seconds"]?.real
    self.shardBytes = shardBytes
    storeBytes = tree["store_bytes"]?.wholeNumber
    self.files = files
    self.folders = folders
    self.submissions = submissions
    self.starts = starts
  }

  /// Keeps an estimate in a run directory.
  ///
  /// - Throws: `ScreeningError.unwritable`.
  public func write(to directory: String) throws {
    let tree = JSONTree.object([
      "records": .count(records), "shards": .count(shards), "thread_seconds": .real(threadSeconds),
      "wall_seconds": .real(wallSeconds), "merge_seconds": .real(mergeSeconds),
      "shard_bytes": .count(shardBytes), "store_bytes": storeBytes.map { .count($0) } ?? .null,
      "files": .count(files), "folders": .count(folders), "submissions": .count(submissions),
      "starts": .count(starts),
    ])
    try writeAtomically(Array((tree.indentedText() + "\n").utf8), to: directory + "/" + Self.fileName)
  }
}

extension ShardedRun {
  /// The journal of merges.
  var mergeJournal: String { directory + "/merge.log" }

  /// Notes that the shards are merged.
  ///
  /// - Parameter seconds: what it took.
  /// - Throws: `ScreeningError.unwritable`.
  public func noteMerge(seconds: Double) throws {
    try TaskJournal(path: mergeJournal).append(
      .done, shard: plan.count, [.init("seconds", .real((seconds * 1000).rounded() / 1000))])
  }
}
