import Crystal
import Foundation
import GRDB
import PipelineEngine
import ScreeningStore
import ScreeningTestSupport
import TestSupport

/// The cut of a run as `shards.json` says it.
private struct Cut: Decodable {
  let id: String
  let campaign: String
  let created: String
  let records: [Int]
  let shards: [String]

  init(directory: String) throws {
    self = try JSONDecoder().decode(
      Cut.self, from: Data(contentsOf: URL(filePath: directory + "/shards.json")))
  }

  /// Where a shard begins: input and record.
  func start(_ shard: Int) -> (source: Int, record: Int) {
    guard shard < shards.count else { return (records.count, 0) }
    let words = shards[shard].split(separator: " ").compactMap { Int($0) }
    return (words[0], words[1])
  }

  /// The records of a shard, by input.
  func ranges(_ shard: Int) -> [(source: Int, records: Range<Int>)] {
    let (start, end) = (start(shard), start(shard + 1))
    return (start.source...min(end.source, records.count - 1)).compactMap { source in
      let lower = source == start.source ? start.record : 0
      let upper = source == end.source ? end.record : records[source]
      return lower < upper ? (source, lower..<upper) : nil
    }
  }
}

extension Workplace {
  /// Plans, watches and merges a billion candidates without computing them: the planner, status and merger are the program's own,
  /// the cluster is a simulated one, and shards hold made-up rows.
  func simulation(_ report: Report) throws {
    let files = isShort ? 300 : 100_000
    try simulateStatus(shards: files, tasks: isShort ? 8 : 1000, report)
    try simulateMerge(shards: isShort ? 40 : 4000, tasks: isShort ? 4 : 200, report)
  }

  /// A campaign of a billion decorations.
  private func billion() throws -> String {
    let site = "[\(Self.symbols.joined(separator: ", "))]"
    let input = """
      - decorate:
          prototype: ZrCuSiAs
          sites: {A: \(site), B: \(site), C: \(site), X: \(site)}
          distinct: false
          volume: {per_atom: {value: 16}}

      """
    return try files.campaign(named: "billion", inputs: String(repeating: input, count: isShort ? 1 : 20))
  }

  /// Runs the program and says how long it took; its peak memory is the largest of all programs so far.
  private func timed(_ arguments: [String]) throws -> (ending: Ending, seconds: Double, peakBytes: Int) {
    let start = DispatchTime.now().uptimeNanoseconds
    let outcome = try ChildProcess.run(program, arguments)
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    var usage = rusage()
    getrusage(RUSAGE_CHILDREN.rawValue, &usage)
    let ending = Ending(
      code: outcome.exitCode ?? 128 + (outcome.signal ?? 0), output: outcome.output, errors: outcome.errors)
    return (ending, seconds, usage.ru_maxrss * 1024)
  }

  private func planned(_ shards: Int, _ tasks: Int, _ report: Report) throws -> (directory: String, cut: Cut)
  {
    let directory = path("billion-\(shards)")
    let (ending, seconds, bytes) = try timed([
      "submit", try billion(), "--engine", "slurm", "--shards", "\(shards)", "--tasks", "\(tasks)",
      "--run-directory", directory, "--dry-run", "--sample", "16",
    ])
    guard ending.code == 0 else { throw Trouble("submit: \(ending.errors)") }
    let cut = try Cut(directory: directory)
    let records = cut.records.reduce(0, +)
    report.add(
      "plan", "\(records) decorations", tries: 1,
      "\(cut.shards.count) shards in \(rounded(seconds)) s, at most \(bytes / 1_000_000) MB")
    if seconds > 10 { report.fail("planning takes \(seconds) s") }
    if bytes > 1_000_000_000 { report.fail("planning takes \(bytes) bytes of memory") }
    if !isShort, records < 1_000_000_000 { report.fail("only \(records) decorations") }
    return (directory, cut)
  }

  /// Looks at a run of so many files, which stand for shards by their names alone, with the journals of a cluster that loses
  /// nodes.
  private func simulateStatus(shards: Int, tasks: Int, _ report: Report) throws {
    let (directory, cut) = try planned(shards, tasks, report)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var cluster = SimulatedCluster(shards: shards, tasks: tasks, nodes: 100, losses: 0.02, seed: 41)
    var journals = Array(repeating: "", count: tasks)
    func put(_ shard: Int) throws {
      let name = "\(padded(shard))-\(Fingerprint(of: "\(shard)").hexadecimal.prefix(32)).sqlite"
      try Data("\(shard)".utf8).write(to: URL(filePath: "\(directory)/shards/\(name)"))
    }
    func look(_ what: String, finished: Int) throws {
      for (task, text) in journals.enumerated() {
        try text.write(toFile: "\(directory)/tasks/\(padded(task)).log", atomically: false, encoding: .utf8)
      }
      let (ending, seconds, bytes) = try timed(["status", directory])
      let expected = "\(finished) of \(shards) shards finished"
      if ending.code != 0 || !ending.output.contains(expected) {
        report.fail("status: not \(expected), but \(ending.output)\(ending.errors)")
      }
      if seconds > 5 { report.fail("status of \(finished) files takes \(seconds) s") }
      report.add(
        "status", what, tries: 1,
        "\(finished) files and \(tasks) journals in \(rounded(seconds)) s, at most "
          + "\(bytes / 1_000_000) MB")
    }
    var (finished, isHalfSeen): (Set<Int>, Bool) = ([], false)
    try cluster.run { time, event in
      journals[task(of: event)] += line(event, time, cut)
      guard case .done(let shard, _, _) = event else { return }
      try put(shard)
      finished.insert(shard)
      if finished.count == shards / 2, !isHalfSeen {
        isHalfSeen = true
        try look("half-way", finished: finished.count)
      }
    }
    try look("at the end", finished: shards)
    report.add(
      "simulated cluster", "\(shards) shards, \(tasks) tasks, 100 nodes", tries: 1, text(cluster.tally))
  }

  /// Merges shards with made-up rows, which a cluster that loses nodes wrote, some of them twice, and counts every record.
  private func simulateMerge(shards: Int, tasks: Int, _ report: Report) throws {
    let (directory, cut) = try planned(shards, tasks, report)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let writer = try ShardWriter(cut: cut, directory: directory, folder: path("made-up"))
    var cluster = SimulatedCluster(shards: cut.shards.count, tasks: tasks, nodes: 50, losses: 0.05, seed: 42)
    var (files, bytes) = (0, 0)
    try cluster.run { _, event in
      guard case .done(let shard, let process, _) = event else { return }
      // Every third process that goes on unseen is on a processor of another kind, and writes another file.
      let size = try writer.write(shard, kind: process.isLost && process.number.isMultiple(of: 3) ? 1 : 0)
      files += 1
      bytes += size
    }
    report.add(
      "simulated cluster", "\(cut.shards.count) shards, \(tasks) tasks, 50 nodes", tries: 1,
      text(cluster.tally) + "; \(files) files written, \(bytes / files) bytes each")
    let (ending, seconds, peak) = try timed(["merge", directory])
    guard ending.code == 0 else { return report.fail("merge: \(ending.errors)") }
    let store = try RunStore.openFinished(at: directory + "/results.sqlite")
    var counts: [RecordKey: Int] = [:]
    try store.forEachRow { counts[$0.row.key, default: 0] += 1 }
    let expected = Set((0..<cut.shards.count).flatMap { writer.keys($0) })
    let records = try store.counts().records
    let lost = cut.records.reduce(0, +) - records + expected.count { counts[$0] == nil }
    let doubled = counts.count { $0.value > 1 || !expected.contains($0.key) }
    if lost != 0 || doubled != 0 { report.fail("merge: \(lost) lost, \(doubled) doubled") }
    report.add(
      "merge", "\(records) records, \(counts.count) rows", tries: 1,
      "\(cut.shards.count) shards in \(rounded(seconds)) s, at most \(peak / 1_000_000) MB; \(lost) lost, "
        + "\(doubled) doubled")
  }

  private func task(of event: SimulatedCluster.Event) -> Int {
    switch event {
    case .begin(_, let process), .done(_, let process, _): process.task
    }
  }

  /// The line of a journal.
  private func line(_ event: SimulatedCluster.Event, _ time: Double, _ cut: Cut) -> String {
    let date = Date(timeIntervalSince1970: 1_800_000_000 + time).formatted(.iso8601)
    func head(_ kind: String, _ shard: Int, _ process: SimulatedCluster.Process) -> String {
      "{\"event\":\"\(kind)\",\"shard\":\(shard),\"time\":\"\(date)\",\"host\":\"n\(process.node)\",\"process\":"
        + "\(process.number)"
    }
    switch event {
    case .begin(let shard, let process): return "\n" + head("begin", shard, process) + "}\n"
    case .done(let shard, let process, let seconds):
      let ranges = cut.ranges(shard)
      let records = ranges.reduce(0) { $0 + $1.records.count }
      let top = ranges[0].records.prefix(10).enumerated().map { place, record in
        "[\(Double(shard % 997) / 1000 + Double(place) / 10),\"decoration-\(ranges[0].source)-\(record)\",\"ABCD\","
          + "\(ranges[0].source),\(record)]"
      }
      return head("done", shard, process)
        + ",\"records\":\(records),\"rows\":\(records),\"rejected\":0,\"seconds\":\(rounded(seconds)),"
        + "\"processor\":\"simulated\",\"top\":[\(top.joined(separator: ","))]}\n"
    }
  }

  private func text(_ tally: SimulatedCluster.Tally) -> String {
    "\(tally.powerLosses) nodes lost, \(tally.goneOn) given up that went on, \(tally.doubleWrites) shards written twice, "
      + "\(tally.slowNodes) slow nodes"
  }

  private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}

/// A number with six digits.
private func padded(_ number: Int) -> String {
  let text = "\(number)"
  return String(repeating: "0", count: max(0, 6 - text.count)) + text
}

/// Writes shards in the real format: a few made-up rows, and all other records counted as left out by a filter.
private struct ShardWriter {
  let cut: Cut
  let directory: String
  let folder: String
  private static let rows = 10
  private var template: String { folder + "/template.sqlite" }

  init(cut: Cut, directory: String, folder: String) throws {
    self.cut = cut
    self.directory = directory
    self.folder = folder
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let plan = try String(contentsOfFile: directory + "/plan.yaml", encoding: .utf8)
    let store = try RunStore.create(
      at: template,
      run: RunDescription(
        name: "billion", plan: plan, planFingerprint: cut.campaign, created: cut.created,
        sluiceVersion: "simulated", stabilityThreshold: 0,
        models: [
          ModelDescription(
            name: "made-up", fingerprint: "", property: "formation_energy_per_atom", unit: "eV/atom",
            memberCount: 1)
        ],
        sources: cut.records.indices.map { SourceDescription(name: "decorate \($0)") }))
    try store.markFinished(at: cut.created)
    try store.close()
  }

  /// The records of a shard that have rows.
  func keys(_ shard: Int) -> [RecordKey] {
    let first = cut.ranges(shard)[0]
    return first.records.prefix(Self.rows).map { RecordKey(source: first.source, record: $0) }
  }

  /// Writes a shard and puts it into its place, as the program does.
  ///
  /// - Parameter kind: number of the kind of processor.
  /// - Returns: the size of the file (bytes).
  func write(_ shard: Int, kind: Int) throws -> Int {
    let path = "\(folder)/\(padded(shard)).sqlite"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.copyItem(atPath: template, toPath: path)
    let ranges = cut.ranges(shard)
    let records = ranges.reduce(0) { $0 + $1.records.count }
    let keys = keys(shard)
    let store = try RunStore.open(at: path, access: .readWrite)
    try store.beginShard(
      ShardDescription(
        index: shard, count: cut.shards.count, plan: cut.id, records: records,
        processor: "simulated \(kind)", sluiceVersion: "simulated"),
      starts: ranges.filter { $0.records.lowerBound > 0 }.map {
        ShardStart(source: $0.source, record: $0.records.lowerBound, resumeToken: nil)
      })
    let rows = keys.map { key in
      ScreenedRow(
        key: key, materialID: "decoration-\(key.source)-\(key.record)", formula: "ABCD",
        chemicalSystem: "A-B-C-D", siteCount: 8, volume: 200, payload: nil,
        scores: [Score(model: 0, mean: Double(key.record % 1000) / 1000)],
        stabilities: [
          Stability(model: 0, energy: -1, energyAboveHull: Double(key.record % 1000) / 1000)
        ])
    }
    let first = ranges[0]
    try store.commit(
      StoreBatch(
        progress: [
          SourceProgress(
            source: first.source,
            records: first.records.lowerBound..<first.records.lowerBound + keys.count)
        ], rows: rows))
    try store.close()
    try leaveOut(records - keys.count, ranges, path)
    let digest = try Fingerprint(ofFile: path).hexadecimal.prefix(32)
    let place = "\(directory)/shards/\(padded(shard))-\(digest).sqlite"
    guard rename(path, place) == 0 else { throw Trouble("\(place): \(String(cString: strerror(errno)))") }
    return try FileManager.default.attributesOfItem(atPath: place)[.size] as? Int ?? 0
  }

  /// Counts records as left out; one by one a billion of them would take hours.
  private func leaveOut(_ count: Int, _ ranges: [(source: Int, records: Range<Int>)], _ path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in
      try db.execute(
        sql: "INSERT INTO outcomes (outcome, stage, reason, records) VALUES ('filtered', 'made-up', '', ?)",
        arguments: [count])
      for (source, records) in ranges {
        try db.execute(
          sql: "UPDATE sources SET records = ?, finished = ? WHERE source = ?",
          arguments: [records.upperBound, records.upperBound == cut.records[source], source])
      }
    }
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    try queue.close()
  }
}
