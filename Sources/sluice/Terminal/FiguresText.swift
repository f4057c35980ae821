import PipelineEngine
import Screening

/// What a run in shards should take, and what it took, for a terminal.
func figuresText(estimated: ClusterFigures?, counted: ClusterFigures?) -> String {
  let columns = [("estimated", estimated), ("counted", counted)].compactMap { name, figures in
    figures.map { (name: name, figures: $0) }
  }
  let titles = columns.map { TerminalTable.Column($0.name, .right) }
  var table = TerminalTable([TerminalTable.Column("", .left)] + titles)
  func add(_ name: String, _ text: (ClusterFigures) -> String?) {
    table.append([name] + columns.map { text($0.figures) ?? "—" })
  }
  add("records") { "\($0.records)" }
  add("records a second and thread") { decimals($0.recordsPerSecond, $0.recordsPerSecond < 100 ? 2 : 0) }
  add("thread hours") { decimals($0.threadSeconds / 3600, $0.threadSeconds < 36000 ? 4 : 1) }
  add("wall time of the tasks") { $0.wallSeconds.map { ProgressMeter.duration($0) } }
  add("wall time of the merge") { $0.mergeSeconds.map { ProgressMeter.duration($0) } }
  add("bytes of a shard") { "\($0.shardBytes / max(1, $0.shards))" }
  add("bytes of all shards") { "\($0.shardBytes)" }
  add("bytes of the store") { $0.storeBytes.map { "\($0)" } }
  add("files") { "\($0.files)" }
  add("inodes") { "\($0.files + $0.folders)" }
  add("calls of sbatch") { "\($0.submissions)" }
  add("starts of tasks and merges") { "\($0.starts)" }
  return table.text
}

/// What the figures were estimated from.
func sampleText(_ sample: RunSample) -> String {
  let speed = 1 / sample.seconds.record
  return "measured here, on one thread: \(sample.records) records of \(sample.shards) shards, "
    + "\(decimals(speed, speed < 100 ? 2 : 0)) records/s\(sample.isSpeedGiven ? " (given)" : ""), "
    + "\(decimals(sample.seconds.shard * 1000, 1)) ms a shard, "
    + "\(decimals(sample.startSeconds, 2)) s a task"
    + (sample.passesSeconds.map { ", \(decimals($0, 1)) s before the first record" } ?? "")
}
