import Crystal
import Foundation
import PipelineEngine
import ScreeningStore
import ScreeningTestSupport
import StructureArchive
import Synchronization
import TestSupport
import Testing

@testable import Screening

/// A run in shards is the run of one process.
@Suite("Runs in shards") struct ShardRunTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Lines of crystals, every so often one that is rejected by a stage, and ids that occur twice, far apart.
  private func lines(_ count: Int, seed: UInt64 = 5) throws -> [String] {
    var generator = SeededGenerator(seed: seed)
    let elements = ["Li", "Na", "K", "Mg", "O", "F", "Cl", "S"].compactMap { Element(symbol: $0) }
    return try (0..<count).map { index in
      if index % 17 == 3 {
        return "{\"id\":\"heavy-\(index)\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Na\",\"Lr\"],"
          + "\"frac_coords\":[[0,0,0],[0.5,0.5,0.5]]}"
      }
      let structure = try randomStructure(
        siteCount: Int.random(in: 2...4, using: &generator), using: &generator, elements: elements)
      return try recordLine(id: "crystal-\(index % (count / 2))", structure: structure)
    }
  }

  private func packed(_ lines: [String], named name: String = "packed.jsonl.zst", frame: Int = 4) throws
    -> String
  {
    try files.folder.write(lines.joined(separator: "\n") + "\n", to: "unpacked.jsonl")
    let writer = try PackedArchiveWriter(path: files.folder.path(name), recordsPerFrame: frame)
    for line in lines { try writer.append(line) }
    try writer.finish()
    return "- archive: {path: \(name)}"
  }

  /// All kinds of inputs one after the other: packed, unpacked with lines that cannot be read, a folder, an empty archive, and
  /// decorations.
  private func mixedCampaign() throws -> String {
    let first = try packed(try lines(40))
    var plain = try lines(23, seed: 6)
    plain[4] = "this is no JSON"
    plain[11] = "{\"id\":\"cut\",\"lattice\":[[4,0,0]"
    let second = try files.archive(plain)
    for (index, part) in try lines(9, seed: 7).enumerated() {
      try files.folder.write(part + "\n", to: "folder/\(index).jsonl")
    }
    let writer = try PackedArchiveWriter(path: files.folder.path("empty.jsonl.zst"))
    try writer.finish()
    let inputs = [
      first, "- archive: {path: empty.jsonl.zst}", second, "- archive: {path: folder}",
      CampaignFolder.rockSalts,
    ]
    return try files.campaign(
      inputs: inputs.joined(separator: "\n"),
      stages: "- filter: {name: no tellurides, without_elements: [Te]}\n" + CampaignFolder.stages,
      more: "rejections: {allowed_share: 1}")
  }

  @Test(arguments: [1, 3, 7])
  func `merged shards hold what one process finds, whatever the inputs are`(shards: Int) throws {
    let file = try mixedCampaign()
    try files.run(file, in: "whole")
    let run = try files.runInShards(file, shards, in: "shards")
    #expect(run.plan.count == shards)
    #expect(try files.contents("shards") == files.contents("whole"))
    for directory in ["whole", "shards"] {
      _ = try CombinedHullPass(directory: files.folder.path(directory), jobs: 1).run()
    }
    #expect(try files.contents("shards") == files.contents("whole"))
    let merged = try openRun(files.folder.path("shards")).shards()
    #expect(merged.map(\.index) == Array(0..<shards))
    #expect(merged.allSatisfy { $0.processor == processorKind })
  }

  @Test func `predicted competitors and pilots of searches are computed once, and shards place by them`()
    throws
  {
    try TinyModel.write(to: files.folder.path("model"), spread: 0.05)
    let file = try files.campaign(
      inputs: """
        - decorate:
            prototype: ThCr2Si2
            sites: {A: [Ca, Sr, K], B: [Mg, Li, Be], X: [S, O, Se, F]}
            search: {axial_ratio: [2.2, 2.6, 3.0], z: [0.36, 0.38], cascade: {keep: 0.1, pilot: 12}}
        """,
      stages: """
        - graph: {}
        - predict: {model: model}
        - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt, L12]}}
        """)
    try files.run(file, in: "whole")
    try files.runInShards(file, 5, in: "shards")
    #expect(try files.contents("shards") == files.contents("whole"))
    #expect(try openRun(files.folder.path("whole")).competitors().isEmpty == false)
  }

  @Test func `what passes found is neither left out where its file is gone, nor taken from another`() throws {
    try TinyModel.write(to: files.folder.path("model"), spread: 0.05)
    let file = try files.campaign(
      inputs: """
        - decorate: {prototype: perovskite, sites: {A: [Ca, Sr], B: [Mg, Li], X: [S, O]}}
        """,
      stages: """
        - graph: {}
        - predict: {model: model}
        - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt]}}
        """)
    try files.run(file, in: "whole")
    let run = try files.cut(file, into: 2, in: "shards")
    let path = files.folder.path("shards/passes.sqlite")
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var others = bytes
    others[others.count - 1] ^= 1
    func message(_ work: () throws -> Void) -> String {
      do { try work() } catch { return "\(error)" }
      return "nothing"
    }
    func expectRefusals(_ work: () throws -> Void) throws {
      try FileManager.default.removeItem(atPath: path)
      #expect(message(work).contains("is missing, the file that sluice submit wrote"))
      try Data(others).write(to: URL(filePath: path))
      #expect(message(work).contains("is not the file that sluice submit wrote"))
      try Data(bytes).write(to: URL(filePath: path))
    }
    try expectRefusals { try files.runTasks(of: run) }
    try files.runTasks(of: run)
    try expectRefusals { try files.merge(run) }
    try files.merge(run)
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  @Test func `a run that is merged is finished, and goes on as any other`() throws {
    let file = try mixedCampaign()
    try files.runInShards(file, 3, in: "shards")
    let report = try files.run(file, in: "shards")
    #expect(report.isFinished)
    #expect(report.recordsNow == 0)
  }

  @Test func `an archive that breaks off, and one with a largest number of records, end as in one process`()
    throws
  {
    let lines = try lines(60)
    let writer = try ZstdLineWriter(path: files.folder.path("whole.jsonl.zst"))
    for line in lines { try writer.append(line) }
    try writer.finish()
    let whole = [UInt8](try Data(contentsOf: URL(filePath: files.folder.path("whole.jsonl.zst"))))
    try files.folder.write(Array(whole[..<(whole.count * 9 / 10)]), to: "cut.jsonl.zst")
    let limited = try packed(lines).replacing("}", with: ", maximum_records: 21}")
    let file = try files.campaign(
      inputs: "- archive: {path: cut.jsonl.zst}\n" + limited, more: "rejections: {allowed_share: 1}")
    let report = try files.run(file, in: "whole")
    #expect(Set(report.counts.rejectionsByReason.map(\.reason)).isSuperset(of: ["truncated", "too_large"]))
    try files.runInShards(file, 6, in: "shards")
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  @Test func `a damaged frame stops its shard and no other`() throws {
    // Larger than the beginning that every reader looks at to recognize an archive.
    let input = try packed(try lines(900), frame: 20)
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: files.folder.path("packed.jsonl.zst"))))
    bytes[bytes.count / 2] ^= 0x10
    try files.folder.write(bytes, to: "packed.jsonl.zst")
    let file = try files.campaign(inputs: input, stages: "- filter: {maximum_sites: 9}", batch: 100)
    let run = try files.cut(file, into: 5, tasks: 1, in: "shards")
    let ending = try files.runTask(0, of: run)
    #expect(ending.finished == 4)
    #expect(ending.failed.count == 1)
    #expect(
      ending.failed.allSatisfy { $0.message.contains("packed.jsonl.zst") || $0.message.contains("damaged") })
    let status = try ClusterStatus(run)
    #expect(status.failing.map(\.shard) == ending.failed.map(\.shard))
    #expect(message { try files.merge(run) }.contains("1 of 5 shards are missing: \(ending.failed[0].shard)"))
  }

  // MARK: Interrupted, doubled and damaged shards

  @Test func `shards stopped after any commit and started again are the same files`() throws {
    let file = try mixedCampaign()
    let run = try files.cut(file, into: 3, in: "stopped")
    try files.runTasks(of: run)
    let expected = try files.shardNames("stopped")
    for name in expected { try FileManager.default.removeItem(atPath: run.directory + "/shards/" + name) }
    let plan = try run.campaign(.none)
    // Raised in the middle of a shard, again and again, until all are done.
    for shard in 0..<3 {
      let runner = ShardRun(
        run: run, plan: plan, jobs: 1, localFolder: files.folder.path("local"), restartArguments: nil,
        crew: nil)
      var calls = 0
      while true {
        calls += 1
        let stop = StopFlag()
        let ending = try runner.run(runner.claim(shard), stop: stop) { _ in stop.raise() }
        if ending != .stopped { break }
      }
      #expect(calls > 2)
    }
    #expect(try files.shardNames("stopped") == expected)
    try files.merge(run)
    try files.run(file, in: "whole")
    #expect(try files.contents("stopped") == files.contents("whole"))
  }

  @Test func `what lies in local storage from an earlier start of the machine is removed, not gone on with`()
    throws
  {
    let run = try files.cut(try files.campaign(), into: 3, tasks: 1, in: "shards")
    let local = files.folder.path("local")
    func left() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: local) }
    let stop = StopFlag()
    let runner = ShardRun(
      run: run, plan: try run.campaign(.none), jobs: 1, localFolder: local, restartArguments: nil, crew: nil)
    _ = try runner.run(runner.claim(1), stop: stop) { _ in stop.raise() }
    let own = try #require(try left().first { $0.hasPrefix("sluice-") })
    let words = own.split(separator: "-")
    try #require(words.count == 4)
    // As if the machine had stopped with this shard in hand, and its store were damaged.
    let earlier = "\(words[0])-\(words[1])-00000000-\(words[3])"
    try FileManager.default.moveItem(atPath: local + "/" + own, toPath: local + "/" + earlier)
    try files.folder.write("damaged", to: "local/\(earlier)/results.sqlite")
    let ending = try files.runTask(0, of: run)
    #expect(ending.finished == 3)
    #expect(try left().allSatisfy { !$0.hasPrefix("sluice-") })
  }

  @Test
  func
    `a task that steals runs what no other of its machine has begun, and tasks that steal at once do nothing twice`()
    throws
  {
    let run = try files.cut(try mixedCampaign(), into: 6, tasks: 2, in: "shards")
    try files.runTasks(of: run)
    let names = try files.shardNames("shards")
    func removeAll() throws {
      for name in names { try FileManager.default.removeItem(atPath: run.directory + "/shards/" + name) }
      try run.forgetTries(ofTasks: [0, 1])
    }
    try removeAll()
    // Another process works on the last shard, and one has begun the fourth and says no more.
    let other = ShardRun(
      run: run, plan: try run.campaign(.none), jobs: 1, localFolder: files.folder.path("local"),
      restartArguments: nil, crew: nil)
    let held = try other.claim(5)
    try TaskJournal(path: run.journal(ofTask: 1), host: "elsewhere").append(.begin, shard: 3)
    let ending = try files.runTask(0, of: run, steals: true)
    #expect(ending.finished == 4)
    #expect(run.missing(checking: true).parts == [3, 5])
    other.release(held)
    #expect(try files.runTask(0, of: run, steals: true).finished == 1)
    #expect(run.missing(checking: true).parts == [3])
    #expect(try files.runTask(1, of: run, steals: true).finished == 1)
    #expect(try files.shardNames("shards") == names)

    try removeAll()
    let finished = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 2) { task in
      #expect(throws: Never.self) {
        let ending = try files.runTask(task, of: run, steals: true)
        finished.withLock { $0 += ending.finished }
      }
    }
    #expect(finished.withLock { $0 } == 6)
    #expect(try files.shardNames("shards") == names)
  }

  @Test func `a shard computed anew is the same file, and two writers at once are harmless`() throws {
    let run = try files.cut(try mixedCampaign(), into: 4, tasks: 1, in: "shards")
    try files.runTask(0, of: run)
    let names = try files.shardNames("shards")
    for name in names { try FileManager.default.removeItem(atPath: run.directory + "/shards/" + name) }
    // In one folder of local storage, as on one node, and in two, as on two.
    let locals = ["local", "local", "other"]
    DispatchQueue.concurrentPerform(iterations: locals.count) { writer in
      #expect(throws: Never.self) { try files.runTask(0, of: run, local: locals[writer]) }
    }
    #expect(try files.shardNames("shards") == names)
    #expect(run.missing(checking: true).parts.isEmpty)
    try files.merge(run)
    try files.run(try mixedCampaign(), in: "whole")
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  @Test func `a merge beside the tasks is that of all, whatever shards come first`() throws {
    let file = try mixedCampaign()
    try files.runInShards(file, 7, in: "whole")
    let run = try files.cut(file, into: 7, tasks: 3, in: "shards")
    let merge = ConcurrentMerge(run, localFolder: files.folder.path("local"))
    #expect(!run.isMerged)
    try files.runTasks(of: run)
    #expect(try merge.finish().shards == 7)
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  @Test func `a merge beside tasks that fail or are stopped leaves nothing, and names what is missing`()
    throws
  {
    let run = try files.cut(try mixedCampaign(), into: 5, tasks: 1, in: "shards")
    func left() -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: files.folder.path("local"))) ?? [])
        .filter { $0.hasSuffix("-merge") }
    }
    let stopped = ConcurrentMerge(run, localFolder: files.folder.path("local"))
    #expect(try files.runTask(0, of: run, stopAfter: 2).isStopped)
    stopped.cancel()
    #expect(!run.isMerged && left() == [])
    let failed = ConcurrentMerge(run, localFolder: files.folder.path("local"))
    #expect(message { _ = try failed.finish() }.contains("3 of 5 shards are missing: 2-4"))
    #expect(!run.isMerged && left() == [])
    // A damaged one is waited for: a task may write it anew.
    let name = try files.shardNames("shards")[0]
    try Data("damaged".utf8).write(to: URL(filePath: run.directory + "/shards/" + name))
    let merge = ConcurrentMerge(run, localFolder: files.folder.path("local"))
    try files.runTask(0, of: run)
    #expect(try merge.finish().shards == 5)
  }

  @Test func `finished shards are passed over, and not touched`() throws {
    let run = try files.cut(try mixedCampaign(), into: 6, tasks: 1, in: "shards")
    #expect(try files.runTask(0, of: run, stopAfter: 2).isStopped)
    let names = try files.shardNames("shards")
    #expect(names.count == 2)
    func stamps() -> [FileStamp?] { names.map { FileStamp(path: run.directory + "/shards/" + $0) } }
    let before = stamps()
    #expect(run.missing(checking: true).parts == [2, 3, 4, 5])
    let refusal = message { try files.merge(run) }
    #expect(refusal.contains("4 of 6 shards are missing: 2-5"), "\(refusal)")
    #expect(!run.isMerged)
    // One that is done and does not show yet is waited for, those that nobody has done are not.
    let (file, elsewhere) = (run.directory + "/shards/" + names[1], files.folder.path("elsewhere"))
    #expect(run.late().isEmpty)
    try FileManager.default.moveItem(atPath: file, toPath: elsewhere)
    #expect(run.late() == [1])
    try FileManager.default.moveItem(atPath: elsewhere, toPath: file)
    let ending = try files.runTask(0, of: run)
    #expect(ending.finished == 4)
    #expect(ending.passedOver == 2)
    #expect(stamps() == before)
  }

  @Test(arguments: ["flipped", "cut", "empty", "another plan's", "another shard's"])
  func `a file that is no whole shard of the plan is noticed, named and computed anew`(damage: String) throws
  {
    let file = try mixedCampaign()
    let run = try files.cut(file, into: 3, tasks: 1, in: "shards")
    try files.runTask(0, of: run)
    let names = try files.shardNames("shards")
    let path = run.directory + "/shards/" + names[1]
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    switch damage {
    case "flipped": bytes[bytes.count / 2] ^= 1
    case "cut": bytes.removeLast(bytes.count / 3)
    case "empty": bytes = []
    case "another plan's":
      let other = try files.cut(file, into: 4, tasks: 1, in: "other")
      try files.runTask(0, of: other)
      // Under a name that is right for its bytes.
      let name = try files.shardNames("other")[1]
      try FileManager.default.copyItem(
        atPath: other.directory + "/shards/" + name, toPath: run.directory + "/shards/" + name)
      try FileManager.default.removeItem(atPath: path)
      bytes = []
    default:
      let digest = names[2].dropFirst(6)
      try FileManager.default.copyItem(
        atPath: run.directory + "/shards/" + names[2], toPath: run.directory + "/shards/000001" + digest)
      try FileManager.default.removeItem(atPath: path)
      bytes = []
    }
    if FileManager.default.fileExists(atPath: path) { try Data(bytes).write(to: URL(filePath: path)) }
    let refusal = message { try files.merge(run) }
    #expect(refusal.contains("1 of 3 shards are missing: 1\n"), "\(refusal)")
    #expect(refusal.contains(run.directory + "/shards/000001-"), "\(refusal)")
    #expect(!run.isMerged)
    #expect(run.missing(checking: true).parts == [1])
    let ending = try files.runTask(0, of: run)
    #expect(ending.finished == 1)
    try files.merge(run)
    try files.run(file, in: "whole")
    #expect(try files.contents("shards") == files.contents("whole"))
  }

  @Test func `looking at finished shards makes no file`() throws {
    let run = try files.cut(try mixedCampaign(), into: 3, tasks: 1, in: "shards")
    try files.runTask(0, of: run, stopAfter: 2)
    let before = try FileManager.default.subpathsOfDirectory(atPath: run.directory).sorted()
    _ = run.missing(checking: true)
    _ = try ClusterStatus(run)
    #expect(message { try files.merge(run) }.contains("missing: 2"))
    let after = try FileManager.default.subpathsOfDirectory(atPath: run.directory).sorted()
    #expect(after.filter { $0 != RunClaim.fileName } == before.filter { $0 != RunClaim.fileName })
  }

  // MARK: What does not fit

  @Test func `another plan or number of shards is refused with what differs, the same is taken as it is`()
    throws
  {
    let file = try files.campaign()
    let run = try files.cut(file, into: 3, in: "shards")
    #expect(try files.cut(file, into: 3, in: "shards").plan.created == run.plan.created)
    let shards = message { try files.cut(file, into: 7, in: "shards") }
    #expect(shards.contains("shards: 3 → 7"), "\(shards)")
    let other = try files.campaign(named: "other", more: "threshold: 0.1")
    let threshold = message { try files.cut(other, into: 3, in: "shards") }
    #expect(threshold.contains("campaign.threshold: 0.0 → 0.1"), "\(threshold)")
    try files.run(file, in: "plain")
    #expect(message { try files.cut(file, into: 3, in: "plain") }.contains("run of one process"))
    #expect(message { try files.run(file, in: "shards") }.contains("run in shards"))
  }

  @Test func `an archive or a model that is another one after the plan is noticed before any record`() throws
  {
    let lines = try lines(40)
    let file = try files.campaign(inputs: try packed(lines))
    let run = try files.cut(file, into: 4, tasks: 1, in: "shards")
    try files.runTask(0, of: run, stopAfter: 1)
    _ = try packed(Array(lines.reversed()))
    let archive = message { try files.runTask(0, of: run) }
    #expect(archive.contains("digests.inputs"), "\(archive)")
    _ = try packed(lines)
    try TinyModel.write(to: files.folder.path("model"), seed: 9)
    let model = message { try files.runTask(0, of: run) }
    #expect(model.contains("digests.models"), "\(model)")
    #expect(try files.shardNames("shards").count == 1)
    try TinyModel.write(to: files.folder.path("model"))
    #expect(try files.runTask(0, of: run).finished == 3)
  }

  @Test
  func `the campaign counts as it was submitted, and what asks the engine for something does not count`()
    throws
  {
    let file = try files.campaign()
    let run = try files.cut(file, into: 2, tasks: 1, in: "shards")
    let settings = try files.campaign(more: "engine: {partition: short, cpus: 3, prologue: [module load x]}")
    #expect(try files.cut(settings, into: 2, in: "shards").plan.id == run.plan.id)
    #expect(try CampaignPlan(file: settings).engine.partition == "short")
    try files.folder.write("nonsense", to: "tiny.yaml")
    #expect(try files.runTask(0, of: run).finished == 2)
  }

  @Test func `a shard that ended its process three times is given up, and tried again when asked`() throws {
    let run = try files.cut(try files.campaign(), into: 3, tasks: 1, in: "shards")
    let begun = (1...3).map {
      "{\"event\":\"begin\",\"shard\":1,\"host\":\"gone\",\"process\":\($0),\"time\":\"t\"}\n"
    }
    try files.folder.write(begun.joined(), to: "shards/tasks/000000.log")
    let ending = try files.runTask(0, of: run)
    #expect(ending.finished == 2)
    #expect(ending.failed.map(\.shard) == [1])
    #expect(ending.failed[0].message.contains("000000.log"))
    #expect(try ClusterStatus(run).failing.map(\.shard) == [1])
    #expect(try ClusterStatus(run).restarts == 2)
    try run.forgetTries(ofTasks: [0])
    #expect(try ClusterStatus(run).failing.isEmpty)
    #expect(try files.runTask(0, of: run).finished == 1)
  }

  // MARK: Looking

  @Test func `the best so far are the best of finished shards, with and without journals`() throws {
    let file = try mixedCampaign()
    let run = try files.cut(file, into: 6, tasks: 2, in: "shards")
    try files.runTask(0, of: run)
    let some = try ClusterStatus(run)
    #expect(some.finished == 3)
    #expect(some.records == [0, 2, 4].reduce(0) { $0 + run.plan.range($1).count })
    #expect(some.total == run.plan.records)
    #expect(some.secondsLeft(tasks: 2) != nil)
    try files.runTask(1, of: run)
    let all = try ClusterStatus(run)
    try files.run(file, in: "whole")
    let ranked = try files.table("whole").prefix(10)
    #expect(all.top.map(\.id) == ranked.map { $0["id"] })
    #expect(all.top.map { "\($0.energyAboveHull)" } == ranked.map { $0["e_above_hull"] })
    for task in 0..<2 { try FileManager.default.removeItem(atPath: run.journal(ofTask: task)) }
    let read = try ClusterStatus(run)
    #expect(read.top.map(\.id) == all.top.map(\.id))
    #expect(read.finished == 6)
  }

  @Test func `a run in shards has no more files than it should`() throws {
    let run = try files.runInShards(try mixedCampaign(), 7, in: "shards")
    let names = try FileManager.default.subpathsOfDirectory(atPath: run.directory)
    #expect(names.count { $0.hasPrefix("shards/") } == 7)
    #expect(names.count { $0.hasPrefix("tasks/") } == run.plan.taskCount)
    #expect(names.count { !$0.contains("/") } <= 20)
    #expect(try FileManager.default.contentsOfDirectory(atPath: files.folder.path("local")).isEmpty)
  }

  // MARK: Scripts

  @Test func `a script asks for what the settings say, in quotes where a shell needs them`() throws {
    let run = ShardedRun(
      directory: "/a b/it's.sluice",
      plan: ShardPlan(
        campaign: "c", folder: "/", variables: [:], created: "", taskCount: 4,
        starts: (0..<9).map { ShardPlace(source: 0, record: $0) }, totals: [9]))
    var settings = EngineSettings()
    for (name, value) in [
      ("partition", "short"), ("time", "02:00:00"), ("cpus", "3"), ("maximum_running", "2"),
      ("prologue", "module load gcc"), ("extra", "#SBATCH --constraint=genoa"), ("account", "a1"),
      ("memory", "4G"),
    ] {
      try settings.set(name, to: value)
    }
    let engine = SlurmEngine(run, program: "/bin/sluice", settings: settings)
    let script = engine.tasksScript([0, 1, 3])
    let lines = script.split(separator: "\n").map(String.init)
    for line in [
      "#SBATCH --array=0-1,3%2", "#SBATCH --partition=short", "#SBATCH --time=02:00:00",
      "#SBATCH --cpus-per-task=3",
      "#SBATCH --account=a1", "#SBATCH --mem=4G", "#SBATCH --constraint=genoa", "module load gcc",
      "#SBATCH --requeue", "#SBATCH --open-mode=append",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(script.contains("'/a b/it'\\''s.sluice' \"$SLURM_ARRAY_TASK_ID\" --tasks 4 --jobs 3"))
    // Slurm reads its lines up to the first command.
    let command = try #require(lines.firstIndex { !$0.hasPrefix("#") })
    #expect(lines[command...].allSatisfy { !$0.hasPrefix("#SBATCH") })
    #expect(engine.mergeScript(after: "12").contains("#SBATCH --dependency=afterany:12\n"))
    #expect(message { try settings.set("colour", to: "red") }.contains("partition"))
    #expect(message { try settings.set("cpus", to: "many") }.contains("engine.cpus=many"))
  }
}
