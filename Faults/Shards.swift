import Foundation
import TestSupport

extension Workplace {
  /// Kills the task and the merge of a run in shards at calls that write, on the shared file system and the node's own, fills
  /// the disk there, and calls them again.
  func shards(_ input: Input, _ report: Report) throws {
    let (campaign, whole) = try undisturbed(input)
    defer { remove("cluster") }
    let run = path("cluster/run")
    let settings = ["TMPDIR=" + path("cluster/local")]
    try FileManager.default.createDirectory(atPath: path("cluster/local"), withIntermediateDirectories: true)
    let submitted = try sluice(
      ["submit", campaign, "--engine", "local", "--shards", "2", "--run-directory", run, "--dry-run"],
      settings: settings)
    guard submitted.code == 0 else { throw Trouble("submit: \(submitted.errors)") }
    let task = ["shard", run, "0", "--tasks", "1", "--jobs", "1"]
    let merge = ["merge", run]
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: run + "/shards").filter { !$0.hasPrefix(".") }
        .sorted()
    }
    /// Takes the shards away, and what tasks noted of their tries.
    func clear() throws {
      for name in try names() { try FileManager.default.removeItem(atPath: run + "/shards/" + name) }
      try? FileManager.default.removeItem(atPath: run + "/tasks/000000.log")
    }
    let first = try sluice(task, settings: settings)
    guard first.code == 0 else { throw Trouble("shard: \(first.errors)") }
    let expected = try names()
    func points(_ arguments: [String]) throws -> (points: [Int], calls: Int) {
      let ending = try sluice(
        arguments, fault: Fault(mode: .none, call: 0, folder: path("cluster")), settings: settings)
      guard ending.code == 0, let calls = Int(try files.folder.lines("calls").first ?? "") else {
        throw Trouble("no count of calls: \(ending.errors)")
      }
      return (Array(stride(from: 1, through: calls, by: isShort ? max(1, calls / 6) : 1)), calls)
    }
    for mode in [Fault.Mode.kill, .torn, .full] {
      try clear()
      let (shardPoints, shardCalls) = try points(task)
      var (same, stopped) = (0, 0)
      for point in shardPoints {
        try clear()
        let what = "\(input.name), shards, \(mode.rawValue) at call \(point) of \(shardCalls)"
        let ending = try sluice(
          task, fault: Fault(mode: mode, call: point, folder: path("cluster")), settings: settings)
        if ending.code != 0 { stopped += 1 }
        if ending.isCrash || mode == .full && ![0, 2].contains(ending.code) {
          report.fail("\(what): ended with \(ending.code): \(ending.errors)")
        }
        let again = try sluice(task, settings: settings)
        if again.code == 0, try names() == expected {
          same += 1
        } else {
          report.fail("\(what): then \(again.code), \(try names()) instead of \(expected): \(again.errors)")
        }
      }
      report.add(
        "shard: \(mode.rawValue) at a write", input.name, tries: shardPoints.count,
        "\(stopped) stopped, \(same) the same files when called again")
      let store = run + "/results.sqlite"
      let (mergePoints, mergeCalls) = try points(merge)
      var identical = 0
      for point in mergePoints {
        try? FileManager.default.removeItem(atPath: store)
        let what = "\(input.name), merge, \(mode.rawValue) at call \(point) of \(mergeCalls)"
        let ending = try sluice(
          merge, fault: Fault(mode: mode, call: point, folder: path("cluster")), settings: settings)
        if ending.isCrash { report.fail("\(what): ended with \(ending.code): \(ending.errors)") }
        let again = try sluice(merge, settings: settings)
        let found = again.code == 0 ? try result("cluster/run") : nil
        if found == whole {
          identical += 1
        } else {
          report.fail("\(what): then \(again.code): \(again.errors)")
        }
      }
      report.add(
        "merge: \(mode.rawValue) at a write", input.name, tries: mergePoints.count,
        "\(identical) identical to one process when called again")
      try? FileManager.default.removeItem(atPath: store)
    }
  }

  /// Gives a record of a shard a decoder that crashes, then one that kills its process each time without a word.
  func crashesInShards(_ report: Report) throws {
    let (input, _) = try crashInput()
    let (campaign, whole) = try undisturbed(input)
    guard try sluice(runArguments(campaign, "run")).code == 0 else { throw Trouble("no run") }
    let expected = try outcomes("run")
    remove("run")
    let (culprit, shards) = (8, 4)
    let fault = [
      "SLUICE_FAULT_CRASH=:record-of-sixteen-or-more-\(culprit)", "TMPDIR=" + path("cluster/local"),
    ]
    let run = path("cluster/run")
    func submit(_ more: [String]) throws -> Ending {
      remove("cluster")
      try FileManager.default.createDirectory(
        atPath: path("cluster/local"), withIntermediateDirectories: true)
      return try sluice(
        [
          "submit", campaign, "--engine", "local", "--shards", "\(shards)", "--tasks", "2",
          "--run-directory", run,
        ], settings: fault + more)
    }
    defer { remove("cluster") }
    let crashed = try submit([])
    let found = crashed.code == 0 ? try outcomes("cluster/run") : []
    let isAlone = found.filter { $0.record != culprit } == expected.filter { $0.record != culprit }
    if !isAlone || found.first(where: { $0.record == culprit })?.reason != "decoder_crashed" {
      report.fail("a decoder that crashes in a shard: ended with \(crashed.code): \(crashed.errors)")
    }
    report.add(
      "shard: decoder that crashes", "generated jsonl", tries: 1,
      isAlone ? "rejected alone as decoder_crashed" : "not isolated")
    let killed = try submit(["SLUICE_FAULT_SILENT=1"])
    let names = try FileManager.default.contentsOfDirectory(atPath: run + "/shards")
    let logs = try (0..<2).map { try files.folder.text("cluster/run/tasks/00000\($0).log") }
    let finished = Set(names.compactMap { Int($0.prefix(6)) })
    let missing = Set(0..<shards).subtracting(finished)
    // A line a start of a process.
    let starts = logs.joined().split(separator: "\n").count { line in
      missing.contains { line.hasPrefix("{\"event\":\"begin\",\"shard\":\($0),") }
    }
    let status = try sluice(["status", run])
    let log = missing.first.map { "given up. Its log is \(run)/tasks/00000\($0 % 2).log" } ?? "none"
    let isGivenUp =
      killed.code == 2 && missing.count == 1 && starts == 3 && killed.errors.contains(log)
      && status.output.contains(log)
    if !isGivenUp {
      report.fail(
        "a record that kills its shard's process: \(missing.count) shards missing after \(starts) starts, ended with "
          + "\(killed.code): \(killed.errors)\(status.output)")
    }
    let resumed = try sluice(["resume", run])
    let isSame = resumed.code == 0 ? try result("cluster/run") == whole : false
    if !isSame { report.fail("the shard that was given up, resumed: \(resumed.code): \(resumed.errors)") }
    report.add(
      "shard: record that kills its process", "generated jsonl", tries: 1,
      isGivenUp && isSame
        ? "given up after \(starts) starts with its log named, \(finished.count) other shards done; identical when resumed "
          + "without the fault" : "not given up as it should")
  }
}
