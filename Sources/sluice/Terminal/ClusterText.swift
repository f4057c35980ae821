import PipelineEngine
import Screening

/// How far a run in shards is, for a terminal.
func clusterText(_ run: ShardedRun) throws -> String {
  let status = try ClusterStatus(run)
  let record = try EngineRecord(directory: run.directory)
  var lines = [
    "\(run.directory): \(status.finished) of \(status.shards) shards finished, \(status.records) of \(status.total) "
      + "records" + (status.isMerged ? ", merged" : "")
  ]
  var working = status.running.count
  if !status.isMerged, record?.engine == .slurm, let record {
    do {
      let jobs = try SlurmEngine.jobs(of: record)
      let tasks = jobs.filter { $0.task != nil }
      working = tasks.count { $0.state == "RUNNING" }
      lines.append(slurmText(tasks, status))
      if let merge = jobs.first(where: { $0.task == nil }) {
        lines.append("merge        \(merge.state.lowercased()): \(merge.reason)")
      }
    } catch {
      lines.append("slurm        \(error)")
    }
  }
  lines.append("running      \(status.running.count) shards, as last heard")
  for running in status.running.prefix(20) {
    lines.append(
      "             \(running.shard): \(running.records) of \(running.total) records on \(running.host), noted "
        + "\(running.time)")
  }
  let missing = status.shards - status.finished - status.running.count - status.failing.count
  lines.append("not begun    \(missing)")
  if status.restarts > 0 {
    lines.append("restarted    \(status.restarts) times, after kills, lost nodes or requeues")
  }
  lines.append("failing      \(status.failing.count)")
  for failing in status.failing.prefix(20) {
    lines.append("             \(failing.shard): \(failing.message); log \(failing.log)")
  }
  if !status.hosts.isEmpty { lines.append("machines     \(status.hosts.joined(separator: ", "))") }
  if status.processors.count > 1 {
    lines.append(
      "note         several kinds of processors, whose last digits may differ: "
        + status.processors.joined(separator: "; "))
  }
  if status.finished < status.shards, let seconds = status.secondsLeft(tasks: working) {
    lines.append("time left    \(ProgressMeter.duration(seconds)) with \(max(1, working)) tasks at work")
  }
  if !status.top.isEmpty {
    lines.append("best so far, eV/atom above the hull")
    var table = TerminalTable([
      .init("rank", .right), .init("id", .left), .init("formula", .left), .init("E_hull", .right),
    ])
    for (rank, candidate) in status.top.enumerated() {
      table.append(["\(rank + 1)", candidate.id, candidate.formula, decimals(candidate.energyAboveHull, 4)])
    }
    lines.append(table.text)
  }
  if status.finished == status.shards, !status.isMerged {
    lines.append("all shards are there: sluice merge \(run.directory)")
  } else if !status.isMerged, working == 0, record != nil {
    lines.append("no task is known to work: sluice resume \(run.directory) submits what is missing")
  }
  return lines.joined(separator: "\n")
}

/// What Slurm says of the tasks.
private func slurmText(_ tasks: [SlurmEngine.Job], _ status: ClusterStatus) -> String {
  guard !tasks.isEmpty else {
    return "slurm        knows no task of this run: they ended, or were lost"
  }
  let states = Dictionary(tasks.map { ($0.state.lowercased(), 1) }, uniquingKeysWith: +).sorted {
    $0.key < $1.key
  }
  .map { "\($0.value) \($0.key)" }
  let nodes = Set(tasks.map(\.nodes).filter { !$0.isEmpty }).sorted()
  let reasons = Set(tasks.filter { $0.nodes.isEmpty }.map(\.reason)).sorted()
  return "slurm        tasks: " + states.joined(separator: ", ")
    + (nodes.isEmpty ? "" : "; on " + nodes.joined(separator: ", "))
    + (reasons.isEmpty ? "" : "; waiting for " + reasons.joined(separator: ", "))
}
