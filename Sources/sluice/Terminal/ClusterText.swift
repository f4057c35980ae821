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
      lines += slurmText(jobs)
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
  if status.isMerged {
    lines.append(
      figuresText(
        estimated: ClusterFigures(directory: run.directory), counted: try ClusterFigures(of: run)))
  }
  if status.finished == status.shards, !status.isMerged {
    lines.append("all shards are there: sluice merge \(run.directory)")
  } else if !status.isMerged, working == 0, record != nil {
    lines.append("no task is known to work: sluice resume \(run.directory) submits what is missing")
  }
  return lines.joined(separator: "\n")
}

/// How far a submitted training is, for a terminal.
func trainingText(_ run: SubmittedTraining) throws -> String {
  let status = TrainingStatus(run)
  let record = try EngineRecord(directory: run.directory)
  let finished = status.members.count { $0.state == .finished }
  var lines = [
    "\(run.directory): \(finished) of \(run.partCount) members trained"
      + (status.isMerged ? ", collected in \(run.modelFolder)" : "")
  ]
  if !status.isMerged, record?.engine == .slurm, let record {
    do { lines += slurmText(try SlurmEngine.jobs(of: record)) } catch {
      lines.append("slurm        \(error)")
    }
  }
  var table = TerminalTable([
    .init("member", .right), .init("state", .left), .init("epochs", .right), .init("validation", .left),
    .init("machine", .left), .init("noted", .left),
  ])
  for member in status.members {
    table.append([
      "\(member.member)", stateText(member.state), "\(member.epochs) of \(run.epochCount)",
      member.figure.map { "\($0.name) \(decimals($0.value, 5))" } ?? "", member.host, member.time,
    ])
  }
  lines.append(table.text)
  for member in status.members {
    if case .failing(let message) = member.state {
      lines.append("failing      \(member.member): \(message); log \(member.log)")
    }
  }
  if status.restarts > 0 {
    lines.append("restarted    \(status.restarts) times, after kills, lost nodes or requeues")
  }
  if status.processors.count > 1 {
    lines.append(
      "note         several kinds of processors, whose last digits may differ: "
        + status.processors.joined(separator: "; "))
  }
  if finished == run.partCount, !status.isMerged {
    lines.append("all members are trained: sluice merge \(run.directory)")
  }
  return lines.joined(separator: "\n")
}

private func stateText(_ state: TrainingStatus.State) -> String {
  switch state {
  case .waiting: "waiting"
  case .running: "running"
  case .stopped: "stopped"
  case .finished: "trained"
  case .failing: "failing"
  }
}

/// What Slurm says of the jobs.
private func slurmText(_ jobs: [SlurmEngine.Job]) -> [String] {
  let tasks = jobs.filter { $0.task != nil }
  let merge = jobs.first { $0.task == nil }.map {
    "merge        \($0.state.lowercased()): \($0.reason)"
  }
  guard !tasks.isEmpty else {
    return ["slurm        knows no task of this run: they ended, or were lost"] + (merge.map { [$0] } ?? [])
  }
  let states = Dictionary(tasks.map { ($0.state.lowercased(), 1) }, uniquingKeysWith: +).sorted {
    $0.key < $1.key
  }
  .map { "\($0.value) \($0.key)" }
  let nodes = Set(tasks.map(\.nodes).filter { !$0.isEmpty }).sorted()
  let reasons = Set(tasks.filter { $0.nodes.isEmpty }.map(\.reason)).sorted()
  let text =
    "slurm        tasks: " + states.joined(separator: ", ")
    + (nodes.isEmpty ? "" : "; on " + nodes.joined(separator: ", "))
    + (reasons.isEmpty ? "" : "; waiting for " + reasons.joined(separator: ", "))
  return [text] + (merge.map { [$0] } ?? [])
}
