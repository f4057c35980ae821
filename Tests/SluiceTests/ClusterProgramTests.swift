import Foundation
import PipelineEngine
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

/// Runs in shards as a person or a scheduler starts them.
@Suite("Submitted campaigns", .serialized) struct ClusterProgramTests {
  let files: CampaignFolder
  let campaign: String

  init() throws {
    files = try CampaignFolder()
    campaign = try files.campaign(
      inputs: """
        - decorate:
            prototype: rock-salt
            sites:
              A: [Li, Na, K, Rb, Cs, Be, Mg, Ca, Sr, Ba]
              X: [F, Cl, Br, I, O, S, Se, Te]
        - decorate:
            prototype: CsCl
            sites:
              A: [Li, Na, K, Rb, Cs, Be, Mg, Ca, Sr, Ba]
              X: [F, Cl, Br, I, O, S, Se, Te]
        """, batch: 3)
  }

  private func path(_ name: String) -> String { files.folder.path(name) }

  private func submit(_ directory: String, shards: Int = 6, tasks: Int = 2, _ more: [String] = []) -> [String]
  {
    [
      "submit", campaign, "--engine", "local", "--shards", "\(shards)", "--tasks", "\(tasks)",
      "--run-directory",
      path(directory),
    ] + more
  }

  /// Runs the program with storage of its own, and programs of Slurm that are scripts of the test.
  private func run(_ arguments: [String], programs: String? = nil) throws -> ChildProcess.Outcome {
    let local = path("local")
    try FileManager.default.createDirectory(atPath: local, withIntermediateDirectories: true)
    let search = programs.map { ["PATH=\(path($0)):/usr/bin:/bin"] } ?? []
    return try ChildProcess.run(
      "/usr/bin/env", ["TMPDIR=\(local)"] + search + [try Program.path()] + arguments)
  }

  @Test func `tasks of this machine give the list of one process, byte for byte`() throws {
    #expect(try Program.run(["run", campaign, "--run-directory", path("whole")]).exitCode == 0)
    let outcome = try run(submit("shards", shards: 7, tasks: 3))
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("160 records in 7 shards, 3 tasks"), "\(outcome.errors)")
    #expect(try files.contents("shards") == files.contents("whole"))
    let status = try run(["status", path("shards")])
    #expect(status.output.contains("7 of 7 shards finished, 160 of 160 records, merged"), "\(status.output)")
    #expect(status.output.contains("best so far"))
    let again = try run(submit("shards", shards: 7, tasks: 3))
    #expect(again.exitCode == 0 && again.errors.contains("merged already"), "\(again.errors)")
    let other = try run(submit("shards", shards: 6, tasks: 3))
    #expect(other.exitCode == 2 && other.errors.contains("shards: 7 → 6"), "\(other.errors)")
  }

  @Test func `more rejections than are allowed end a run in shards as they end one of one process`() throws {
    let file = try files.campaign(named: "rejected", inputs: try files.archive(["{}", "{}"]))
    let whole = try Program.run(["run", file, "--run-directory", path("whole")])
    #expect(whole.exitCode == 1 && whole.errors.contains("of the records were rejected"), "\(whole.errors)")
    let parts = try run([
      "submit", file, "--engine", "local", "--shards", "2", "--run-directory", path("parts"),
    ])
    #expect(parts.exitCode == 1 && parts.errors.contains("of the records were rejected"), "\(parts.errors)")
    #expect(try files.contents("parts") == files.contents("whole"))
  }

  @Test
  func `a damaged merged store and a damaged line of a journal are told, not taken for what they are not`()
    throws
  {
    #expect(try run(submit("shards")).exitCode == 0)
    let expected = try files.contents("shards")
    let store = path("shards/results.sqlite")
    try Data().write(to: URL(filePath: store))
    for command in [["merge", path("shards")], submit("shards")] {
      let outcome = try run(command)
      #expect(
        outcome.exitCode == 2 && outcome.errors.contains("Remove it, and sluice merge"), "\(outcome.errors)")
    }
    try FileManager.default.removeItem(atPath: store)
    let line =
      #"{"event":"done","shard":3,"time":"2026-01-01T00:00:00Z","host":"a","process":7,"#
      + #""records":9223372036854775807,"rows":1,"rejected":0,"seconds":0.1}"#
    let journal = path("shards/tasks/000000.log")
    let before = try String(contentsOfFile: journal, encoding: .utf8)
    try (before + line + "\n" + line + "\n").write(toFile: journal, atomically: false, encoding: .utf8)
    let status = try run(["status", path("shards")])
    #expect(status.exitCode == 0 && status.output.contains("6 of 6 shards"), "\(status.errors)")
    #expect(try run(["merge", path("shards")]).exitCode == 0)
    #expect(try files.contents("shards") == expected)
  }

  @Test func `a task killed before its first line is started again, one that always dies is given up`() throws
  {
    #expect(try run(submit("shards") + ["--dry-run"]).exitCode == 0)
    let sharded = try ShardedRun(directory: path("shards"))
    let settings = EngineSettings()
    // Dies at once the first two times.
    try script(
      "dying",
      "n=$(cat \(path("count")) 2>/dev/null || echo 0); echo $((n + 1)) >\(path("count")); [ $n -ge 2 ] || kill -9 $$; exit 0",
      in: "programs")
    #expect(
      try LocalEngine(sharded, program: path("programs/dying"), settings: settings).run([0], stop: StopFlag())
      {} == [:])
    try script("hopeless", "echo >>\(path("tries")); kill -9 $$", in: "programs")
    #expect(
      try LocalEngine(sharded, program: path("programs/hopeless"), settings: settings).run(
        [1], stop: StopFlag()
      ) {} == [1: 9])
    #expect(try files.folder.lines("tries").count == 3)
  }

  @Test func `a shard may be run by any scheduler, and is passed over when it is there`() throws {
    #expect(try run(submit("shards") + ["--dry-run"]).exitCode == 0)
    let directory = path("shards")
    #expect(try run(["merge", directory]).errors.contains("6 of 6 shards are missing: 0-5"))
    for shard in [5, 0, 3, 1, 2, 4] {
      let outcome = try run(["shard", directory, "\(shard)", "--jobs", "1"])
      #expect(outcome.exitCode == 0 && outcome.errors.contains("1 shards done"), "\(outcome.errors)")
    }
    #expect(try run(["shard", directory, "3"]).errors.contains("0 shards done, 1 were there"))
    let beyond = try run(["shard", directory, "6"])
    #expect(beyond.exitCode == 2 && beyond.errors.contains("6 shards"), "\(beyond.errors)")
    #expect(try run(["merge", directory]).exitCode == 0)
    #expect(try Program.run(["run", campaign, "--run-directory", path("whole")]).exitCode == 0)
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  @Test func `tasks killed at any moment and resumed give the same files and the same list`() throws {
    #expect(try Program.run(["run", campaign, "--run-directory", path("whole")]).exitCode == 0)
    let expected = try files.contents("whole")
    let clock = ContinuousClock()
    #expect(try run(submit("first", tasks: 1) + ["--dry-run"]).exitCode == 0)
    let start = clock.now
    #expect(try run(["shard", path("first"), "0", "--tasks", "1", "--jobs", "1"]).exitCode == 0)
    let seconds = (clock.now - start) / .seconds(1)
    let names = try files.shardNames("first")
    var generator = SeededGenerator(seed: 12)
    for round in 0..<4 {
      for name in try files.shardNames("first") {
        try FileManager.default.removeItem(atPath: path("first") + "/shards/" + name)
      }
      try? FileManager.default.removeItem(atPath: path("first") + "/tasks/000000.log")
      for _ in 0..<4 {
        let process = try ChildProcess(
          "/usr/bin/env",
          [
            "TMPDIR=\(path("local"))", try Program.path(), "shard", path("first"), "0", "--tasks", "1",
            "--jobs", "2",
          ])
        Thread.sleep(forTimeInterval: Double.random(in: 0...seconds, using: &generator))
        process.killAtOnce()
        _ = process.wait()
        // A kill is not the shard's fault, so that none is given up here.
        try? FileManager.default.removeItem(atPath: path("first") + "/tasks/000000.log")
      }
      #expect(try run(["shard", path("first"), "0", "--tasks", "1"]).exitCode == 0)
      #expect(try files.shardNames("first") == names, "round \(round)")
    }
    #expect(try run(["merge", path("first")]).exitCode == 0)
    #expect(try files.contents("first") == expected)
    #expect(try files.entries("first") == names, "merging removes what was left half copied")
  }

  @Test func `a run of processes that is cancelled goes on by resume, finished shards untouched`() throws {
    let process = try ChildProcess(
      "/usr/bin/env",
      ["TMPDIR=\(path("local"))", try Program.path()] + submit("shards", shards: 20, tasks: 2))
    func names() -> [String] { (try? files.shardNames("shards")) ?? [] }
    while process.isRunning, names().count < 2 {
      Thread.sleep(forTimeInterval: 0.002)
    }
    // Another submission at once is refused, or finds everything done.
    let second = try run(submit("shards", shards: 20, tasks: 2))
    #expect(second.exitCode == 0 || second.errors.contains("is working on this run"), "\(second.errors)")
    _ = try run(["cancel", path("shards")])
    let ended = process.wait()
    #expect(ended.exitCode == 0 || ended.exitCode == 75, "\(ended.errors)")
    let before = names().map {
      (try? FileManager.default.attributesOfItem(atPath: path("shards/shards/") + $0))?[.systemFileNumber]
        as? Int
    }
    let finished = names()
    let resumed = try run(["resume", path("shards")])
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    let after = finished.map {
      (try? FileManager.default.attributesOfItem(atPath: path("shards/shards/") + $0))?[.systemFileNumber]
        as? Int
    }
    #expect(before == after)
    #expect(try Program.run(["run", campaign, "--run-directory", path("whole")]).exitCode == 0)
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  // MARK: Slurm, as scripts of the test play it

  private func script(_ name: String, _ text: String, in folder: String) throws {
    let file = try files.folder.write("#!/bin/sh\n" + text + "\n", to: folder + "/" + name)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
  }

  private func slurm(_ directory: String, tasks: Int = 2, _ more: [String] = []) -> [String] {
    [
      "submit", campaign, "--engine", "slurm", "--shards", "6", "--tasks", "\(tasks)", "--run-directory",
      path(directory),
    ] + more
  }

  @Test func `a dry run prints the scripts and hands nothing over`() throws {
    try script("sbatch", "touch \(path("called")); echo 1", in: "slurm")
    let outcome = try run(
      slurm("shards", ["--dry-run", "--set", "engine.partition=short"]), programs: "slurm")
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("#SBATCH --array=0-1\n"))
    #expect(outcome.output.contains("#SBATCH --partition=short\n"))
    #expect(outcome.output.contains("--dependency=afterany:"))
    // What a folder is called is no pattern of Slurm's, and ends no word.
    let odd = try run(slurm(#"a "b" %j"#, ["--dry-run"]), programs: "slurm")
    #expect(odd.output.contains(#"a \"b\" %%j/tasks/%6a.log""# + "\n"), "\(odd.output)")
    let broken = try run(slurm("a\nb", ["--dry-run"]), programs: "slurm")
    #expect(broken.exitCode == 2 && broken.errors.contains("holds a line break"), "\(broken.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("called")))
  }

  @Test func `without sbatch, or where it refuses, the message says so and nothing stays behind`() throws {
    try FileManager.default.createDirectory(atPath: path("none"), withIntermediateDirectories: true)
    let missing = try ChildProcess.run(
      "/usr/bin/env",
      ["TMPDIR=\(path("local"))", "PATH=\(path("none"))", try Program.path()] + slurm("missing"))
    #expect(missing.exitCode == 2)
    #expect(missing.errors.contains("sbatch: no such program"), "\(missing.errors)")
    try script(
      "sbatch", "echo 'sbatch: error: invalid partition specified: nowhere' >&2; exit 1", in: "refusing")
    try script("scontrol", "echo 'MaxArraySize            = 1001'", in: "refusing")
    let refused = try run(slurm("refused"), programs: "refusing")
    #expect(
      refused.exitCode == 2 && refused.errors.contains("invalid partition specified"), "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("refused/engine.json")))
    // The array is taken, the merge is not: the array goes too.
    try script(
      "sbatch", "case $2 in *tasks*) echo 7;; *) echo no >&2; exit 1;; esac", in: "half")
    try script("scancel", "echo $1 >> \(path("cancelled"))", in: "half")
    let half = try run(slurm("half-way"), programs: "half")
    #expect(half.exitCode == 2, "\(half.errors)")
    #expect(try files.folder.text("cancelled") == "7\n")
    try script("scontrol", "echo 'MaxArraySize            = 2'", in: "small")
    try script("sbatch", "touch \(path("called"))", in: "small")
    let large = try run(slurm("large", tasks: 3), programs: "small")
    #expect(large.exitCode == 2 && large.errors.contains("at most 2 tasks"), "\(large.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("called")))
  }

  @Test func `what waits or runs is not submitted twice, what Slurm has forgotten is`() throws {
    try script("sbatch", "echo \"$2\" >> \(path("submitted")); echo 41", in: "slurm")
    try script("squeue", "printf '0|RUNNING|n1|None\\n1|PENDING||Priority\\n'", in: "slurm")
    try script("scancel", "echo $1 >> \(path("cancelled"))", in: "slurm")
    func submitted() throws -> Int { try files.folder.lines("submitted").count }
    #expect(try run(slurm("shards"), programs: "slurm").exitCode == 0)
    #expect(try submitted() == 2)
    let twice = try run(slurm("shards"), programs: "slurm")
    #expect(twice.exitCode == 0 && twice.errors.contains("nothing is submitted"), "\(twice.errors)")
    #expect(try submitted() == 2)
    let status = try run(["status", path("shards")], programs: "slurm")
    #expect(status.output.contains("1 pending, 1 running; on n1; waiting for Priority"), "\(status.output)")
    // Task 1 alone is unknown by now.
    try script("squeue", "echo '0|RUNNING|n1|None'", in: "slurm")
    #expect(try run(["resume", path("shards")], programs: "slurm").exitCode == 0)
    #expect(try files.folder.text("shards/tasks.sbatch").contains("--array=1\n"))
    try script("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", in: "slurm")
    let lost = try run(["status", path("shards")], programs: "slurm")
    #expect(lost.output.contains("they ended, or were lost"), "\(lost.output)")
    #expect(lost.output.contains("sluice resume"), "\(lost.output)")
    #expect(try run(["resume", path("shards")], programs: "slurm").exitCode == 0)
    #expect(try files.folder.text("shards/tasks.sbatch").contains("--array=0-1\n"))
    try script("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1", in: "slurm")
    let away = try run(["resume", path("shards")], programs: "slurm")
    #expect(away.exitCode == 2 && away.errors.contains("does not answer"), "\(away.errors)")
    #expect(try run(["cancel", path("shards")], programs: "slurm").exitCode == 0)
    #expect(try files.folder.lines("cancelled").count == 6)
  }
}
