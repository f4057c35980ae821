internal import Foundation
internal import PipelineEngine
public import Screening
internal import ScreeningStore

extension CampaignFolder {
  /// Cuts a campaign into shards.
  @discardableResult
  public func cut(_ file: String, into shards: Int, tasks: Int = 2, in directory: String) throws -> ShardedRun
  {
    let submission = ShardSubmission(
      try CampaignPlan(file: file), file: file, variables: [:], directory: folder.path(directory), jobs: 1,
      localFolder: folder.path("local"))
    guard
      let run = try submission.prepare(shards: shards, tasks: tasks, stop: StopFlag(), preparing: { _ in })
    else {
      throw CocoaError(.userCancelled)
    }
    return run
  }

  /// Runs a task, and raises the stop flag after so many shards; nil for never.
  @discardableResult
  public func runTask(
    _ task: Int, of run: ShardedRun, local: String = "local", stopAfter shards: Int? = nil,
    steals: Bool = false
  ) throws -> ShardTask.Ending {
    let stop = StopFlag()
    var count = 0
    return try ShardTask(
      run, task: task, of: run.plan.taskCount, jobs: 1, localFolder: folder.path(local), steals: steals
    ).run(.none, stop: stop) { _ in
      count += 1
      if let shards, count >= shards { stop.raise() }
    }
  }

  /// Runs all tasks, the last one first.
  public func runTasks(of run: ShardedRun) throws {
    for task in (0..<run.plan.taskCount).reversed() { try runTask(task, of: run) }
  }

  /// Merges the shards of a run.
  @discardableResult
  public func merge(_ run: ShardedRun) throws -> MergeReport {
    try ShardMerge(run, localFolder: folder.path("local")).run { _ in }
  }

  /// Cuts a campaign, runs all shards and merges them.
  @discardableResult
  public func runInShards(_ file: String, _ shards: Int, in directory: String) throws -> ShardedRun {
    let run = try cut(file, into: shards, in: directory)
    try runTasks(of: run)
    try merge(run)
    return run
  }

  /// The files of finished shards with their digests in their names, in order.
  public func shardNames(_ directory: String) throws -> [String] {
    try entries(directory).filter { !$0.hasPrefix(".") }
  }

  /// What stands in the folder of shards, with what processes that were killed left half copied.
  public func entries(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(directory) + "/shards").sorted()
  }

  /// Everything that a store says of a run's records, to be compared: lists as they are exported, and all that they are
  /// made of.
  public func contents(_ directory: String) throws -> [String] {
    let store = try openRun(folder.path(directory))
    var parts: [String] = []
    for model in try store.description().models where model.property == "formation_energy_per_atom" {
      parts.append(try export(directory, model: model.name))
      parts.append(try export(directory, format: .jsonl, model: model.name))
    }
    parts.append(try export(directory, select: .rejected))
    try store.forEachRow(includesPayloads: true) { parts.append("\($0)") }
    let counts = try store.verifyCounts()
    parts.append("\(counts)")
    parts += try store.sourceStates().map { "\($0)" } + store.competitors().map { "\($0)" }
    for task in ["competitors", "search 0", "search 1"] {
      parts.append("\(try store.preparation(task).map { "\($0)" } ?? "none")")
    }
    if let threshold = try store.description().stabilityThreshold {
      parts.append("\(try store.stableCounts(threshold: threshold))")
    }
    parts.append("\(try store.readingCounts())")
    return parts
  }
}
