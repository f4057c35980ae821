import Foundation
import PipelineEngine
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Estimates of runs in shards") struct ClusterEstimateTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private func sample(_ plan: CampaignPlan, _ cut: CampaignCut, records: Int = 64) throws -> RunSample {
    try #require(
      try RunSample(
        of: plan, cut, records: records, startSeconds: 0.5, localFolder: files.folder.path("local"), jobs: 1,
        stop: StopFlag(), preparing: { _ in }))
  }

  @Test func `a cost that is a part a record and a part a shard is found as it is`() {
    var generator = SeededGenerator(seed: 71)
    for _ in 0..<100 {
      let (record, shard) = (
        Double.random(in: 0.001...1, using: &generator), Double.random(in: 0...5, using: &generator)
      )
      func parts(_ range: ClosedRange<Int>) -> [(records: Int, cost: Double)] {
        (0..<4).map { _ in
          let records = Int.random(in: range, using: &generator)
          return (records, Double(records) * record + shard)
        }
      }
      let cost = RunSample.Cost(parts(1...1), parts(50...200))
      #expect(abs(cost.record - record) < 1e-9 && abs(cost.shard - shard) < 1e-9)
      #expect(abs(cost.of(records: 7, shards: 2) - (7 * record + 2 * shard)) < 1e-6)
    }
  }

  @Test func `what a sample costs is never negative, also where small and large shards are alike`() {
    let cost = RunSample.Cost([(1, 3), (1, 2)], [])
    #expect(cost.record == 2.5 && cost.shard == 0)
    let odd = RunSample.Cost([(1, 5)], [(10, 4)])
    #expect(odd.record == 0 && odd.shard == 4.5)
    let steep = RunSample.Cost([(10, 1)], [(20, 31)])
    #expect(steep.record == 32.0 / 30 && steep.shard == 0)
  }

  @Test(arguments: [1, 3, 20])
  func `a sample lies within the inputs, its parts apart, from the first record on`(shards: Int) throws {
    let file = try files.campaign(inputs: CampaignFolder.rockSalts + "\n" + CampaignFolder.rockSalts)
    let cut = try CampaignCut(try CampaignPlan(file: file), shards: shards)
    let parts = SampleParts(cut, records: 40)
    #expect(parts.small.count == min(shards, SampleParts.mostPlaces))
    #expect(parts.starts[parts.small[0]] == ShardPlace(source: 0, record: 0))
    let order = parts.starts.map { [$0.source, $0.record] }
    #expect(order == order.sorted { $0.lexicographicallyPrecedes($1) })
    #expect(parts.starts.allSatisfy { $0.record <= cut.totals[$0.source] })
  }

  @Test func `shards, files and bytes come out as estimated`() throws {
    let file = try files.campaign(
      inputs: """
        - decorate:
            prototype: CsCl
            sites: {A: [Li, Na, K, Rb, Cs, Be, Mg, Ca, Sr, Ba], X: [F, Cl, Br, I, O, S, Se, Te]}
        """, batch: 20)
    let plan = try CampaignPlan(file: file)
    let run = try files.cut(file, into: 5, tasks: 2, in: "run")
    var settings = EngineSettings()
    settings.maximumRunning = 1
    let estimated = ClusterFigures(
      estimating: run.cut, tasks: 2, settings: settings, engine: .slurm, sample: try sample(plan, run.cut))
    try estimated.write(to: run.directory)
    #expect(ClusterFigures(directory: run.directory) == estimated)
    try files.runTasks(of: run)
    try files.merge(run)
    try run.noteMerge(seconds: 1.5)
    let counted = try ClusterFigures(of: run)
    #expect(counted.records == estimated.records && counted.shards == estimated.shards)
    #expect(counted.folders == estimated.folders && counted.files <= estimated.files)
    #expect(abs(Double(counted.shardBytes - estimated.shardBytes)) < 0.1 * Double(counted.shardBytes))
    #expect(counted.mergeSeconds == 1.5)
    #expect(counted.threadSeconds > 0 && counted.wallSeconds != nil && (counted.storeBytes ?? 0) > 0)
    #expect(estimated.submissions == 2 && estimated.starts == 3)
  }

  @Test func `threads share a task's records, tasks that may not run at once wait, and a given speed counts`()
    throws
  {
    let file = try files.campaign()
    let plan = try CampaignPlan(file: file)
    let cut = try CampaignCut(plan, shards: 8)
    let sample = try sample(plan, cut).at(recordsPerSecond: 0.01)
    func wall(_ change: (inout EngineSettings) -> Void) throws -> Double {
      var settings = EngineSettings()
      change(&settings)
      return try #require(
        ClusterFigures(estimating: cut, tasks: 4, settings: settings, engine: .slurm, sample: sample)
          .wallSeconds)
    }
    let one = try wall { _ in }
    // 64 records in four tasks, 100 s each, and what a task and its shards take beside.
    #expect(abs(one - (1600 + 0.5 + 2 * sample.seconds.shard)) < 1e-6)
    #expect(try abs(wall { $0.maximumRunning = 1 } - 4 * one) < 1e-6)
    #expect(try abs(wall { $0.processors = 4 } - (one - 1200)) < 1e-6)
  }

  @Test func `a sample of archives with competitors and searches is measured as shards are`() throws {
    var generator = SeededGenerator(seed: 72)
    let lines = try (0..<30).map {
      try recordLine(
        id: "crystal-\($0)", structure: randomStructure(siteCount: 3, using: &generator))
    }
    let file = try files.campaign(
      inputs: files.archive(lines) + "\n" + CampaignFolder.rockSalts,
      stages: """
        - graph: {}
        - predict: {model: model}
        - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt]}}
        """, more: "rejections: {allowed_share: 1}")
    let plan = try CampaignPlan(file: file)
    let sample = try sample(plan, try CampaignCut(plan, shards: 6), records: 30)
    #expect(sample.passesSeconds != nil && sample.shards == 6)
    #expect(sample.records >= 20 && sample.bytes.shard > 0 && sample.storeBytes.record >= 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: files.folder.path("local")).isEmpty)
  }
}
