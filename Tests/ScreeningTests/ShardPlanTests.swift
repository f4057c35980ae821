import Foundation
import PipelineEngine
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@testable import Screening

@Suite("Cutting a campaign into shards") struct ShardPlanTests {
  /// Random contents of sources, empty ones among them, as cuts.
  private func contents(using generator: inout SeededGenerator) -> [ShardPlanner.Content] {
    (0..<Int.random(in: 1...4, using: &generator)).map { source in
      guard Bool.random(using: &generator) else {
        let count = Int.random(in: 0...30, using: &generator)
        return .alike(records: count, work: count * Int.random(in: 1...9, using: &generator))
      }
      var (cuts, records, work): ([ShardPlanner.Cut], Int, Int) = ([], 0, 0)
      for _ in 0..<Int.random(in: 0...20, using: &generator) {
        cuts.append(ShardPlanner.Cut(place: ShardPlace(source: source, record: records), work: work))
        records += Int.random(in: 1...5, using: &generator)
        work += Int.random(in: 1...50, using: &generator)
      }
      return .cuts(cuts, records: records, work: work)
    }
  }

  private func plan(_ starts: [ShardPlace], _ contents: [ShardPlanner.Content]) -> ShardPlan {
    ShardPlan(
      campaign: "c", folder: "/", variables: [:], created: "", taskCount: 1, starts: starts,
      totals: contents.map(\.records))
  }

  @Test func `every record lies in one shard, shards follow each other, and none is empty unless all are`() {
    var generator = SeededGenerator(seed: 61)
    for _ in 0..<500 {
      let contents = contents(using: &generator)
      let wanted = Int.random(in: 1...40, using: &generator)
      let plan = plan(ShardPlanner.starts(wanted, contents), contents)
      #expect(plan.count <= wanted)
      var next = contents.map { _ in 0 }
      for shard in 0..<plan.count {
        let range = plan.range(shard)
        #expect(range.count > 0 || plan.records == 0)
        for source in contents.indices where range.contains(source) {
          #expect(range.records(of: source).lowerBound == next[source])
          next[source] = range.records(of: source).upperBound
        }
      }
      #expect(next == contents.map(\.records))
      // The end of each source, an empty one too, is seen by one shard.
      for source in contents.indices {
        let seen = (0..<plan.count).count {
          plan.range($0).contains(source) && plan.range($0).ends[source] == nil
        }
        #expect(seen == 1)
      }
    }
  }

  @Test func `records that are alike are cut where frames of one record each would be`() {
    var generator = SeededGenerator(seed: 62)
    for _ in 0..<500 {
      let contents = contents(using: &generator)
      let plain = contents.enumerated().map { source, content -> ShardPlanner.Content in
        guard case .alike(let records, let work) = content, records > 0 else { return content }
        return .cuts(
          (0..<records).map {
            ShardPlanner.Cut(place: ShardPlace(source: source, record: $0), work: $0 * (work / records))
          }, records: records, work: work)
      }
      let wanted = Int.random(in: 1...40, using: &generator)
      #expect(ShardPlanner.starts(wanted, contents) == ShardPlanner.starts(wanted, plain))
    }
  }

  @Test func `no shard has more work than its share and one frame`() {
    var generator = SeededGenerator(seed: 63)
    for _ in 0..<200 {
      var (cuts, work, largest): ([ShardPlanner.Cut], Int, Int) = ([], 0, 0)
      for record in 0..<Int.random(in: 1...200, using: &generator) {
        cuts.append(ShardPlanner.Cut(place: ShardPlace(source: 0, record: record), work: work))
        let step = Int.random(in: 1...50, using: &generator)
        largest = max(largest, step)
        work += step
      }
      let wanted = Int.random(in: 1...30, using: &generator)
      let starts = ShardPlanner.starts(wanted, [.cuts(cuts, records: cuts.count, work: work)])
      let before = starts.map { cuts[$0.record].work } + [work]
      for (low, high) in zip(before, before.dropFirst()) {
        #expect(Double(high - low) <= Double(work) / Double(wanted) + Double(largest))
      }
    }
  }

  @Test func `a plan is read as it was written, and one that was changed is refused`() throws {
    let folder = try TemporaryFolder()
    var position = ArchivePosition()
    position.record = 7
    var plan = ShardPlan(
      campaign: "abc", folder: "/a \"b\"", variables: ["data": "x=y"], created: "2020-01-01T00:00:00Z",
      taskCount: 2,
      starts: [ShardPlace(source: 0, record: 0), ShardPlace(source: 0, record: 7, position: position)],
      totals: [9, 0])
    (plan.passes, plan.allowedRejectionShare) = (Fingerprint(of: "passes"), 0.05)
    try plan.write(to: folder.path())
    let read = try ShardPlan(directory: folder.path())
    #expect(read.id == plan.id)
    #expect(read.starts == plan.starts)
    #expect(read.totals == plan.totals)
    #expect(read.folder == plan.folder)
    #expect(read.variables == plan.variables)
    #expect(read.created == plan.created)
    #expect(read.taskCount == 2)
    #expect(read.passes == plan.passes && read.allowedRejectionShare == 0.05)
    let text = try folder.text(ShardPlan.fileName)
    try folder.write(text.replacing("\"0 7 ", with: "\"0 6 "), to: ShardPlan.fileName)
    #expect(message { _ = try ShardPlan(directory: folder.path()) }.contains("digest"))
    // What is not said is not taken for nothing.
    let passes = try #require(text.split(separator: "\n").first { $0.contains("\"passes\"") })
    for (line, new) in [(passes, ""), (passes, "  \"passes\": 5,"), (passes, "  \"passes\": \"no\",")] {
      try folder.write(text.replacing(line, with: new), to: ShardPlan.fileName)
      #expect(!message { _ = try ShardPlan(directory: folder.path()) }.isEmpty)
      #expect(throws: ScreeningError.self) { _ = try ShardPlan(directory: folder.path()) }
    }
    try folder.write(text.replacing("\"tasks\": 2", with: "\"tasks\": 1000000000"), to: ShardPlan.fileName)
    #expect(message { _ = try ShardPlan(directory: folder.path()) }.contains("is no plan of shards"))
  }

  @Test func `an archive without an index is refused above a size, with what to do`() throws {
    let files = try CampaignFolder()
    let input = try files.archive(["{}", "{}"])
    let plan = try CampaignPlan(file: try files.campaign(inputs: input))
    #expect(try ShardPlanner(plan).starts(2).totals == [2])
    let refusal = message { _ = try ShardPlanner(plan, largestUnindexed: 3).starts(2) }
    #expect(refusal.contains("sluice pack"), "\(refusal)")
  }

  @Test func `numbers are told as ranges`() {
    #expect(rangesText([]) == "")
    #expect(rangesText([4]) == "4")
    #expect(rangesText([0, 1, 2, 7, 9, 10]) == "0-2,7,9-10")
  }

  @Test func `a shard that ends its process is counted, one that a record ended in its own place is not`()
    throws
  {
    let folder = try TemporaryFolder()
    func tries(_ lines: [String]) throws -> Int {
      let path = try folder.write(lines.joined(separator: "\n"), to: "journal")
      return TaskJournal.tries(TaskJournal(path: path).events(), shard: 5)
    }
    func line(_ event: String, _ process: Int, host: String = "a", shard: Int = 5) -> String {
      "{\"event\":\"\(event)\",\"shard\":\(shard),\"host\":\"\(host)\",\"process\":\(process),\"time\":\"t\"}"
    }
    #expect(try tries([]) == 0)
    #expect(try tries(["no journal line", "{\"event\":\"begin\",\"sha"]) == 0)
    #expect(try tries([line("begin", 1), line("begin", 1), line("progress", 1)]) == 1)
    #expect(try tries([line("begin", 1), line("begin", 2), line("begin", 2, host: "b")]) == 3)
    #expect(try tries([line("begin", 1), line("stopped", 1), line("begin", 2)]) == 1)
    #expect(try tries([line("begin", 1), line("begin", 2), line("resumed", 3, shard: 0)]) == 0)
    #expect(try tries([line("begin", 1), line("begin", 2, shard: 6), line("done", 2, shard: 6)]) == 1)
  }
}
