import Crystal
import Foundation
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Searches for free parameters") struct ShapeSearchTests {
  let files: CampaignFolder

  init() throws {
    files = try CampaignFolder()
    try TinyModel.write(to: files.folder.path("model"), spread: 0.5)
  }

  private func campaign(_ search: String, batch: Int = 5, named name: String = "tiny") throws -> String {
    try files.campaign(
      named: name,
      inputs: """
        - decorate:
            prototype: ThCr2Si2
            sites: {A: [Ca, Sr, K], B: [Mg, Li, Be], X: [S, O, Se, F]}
            \(search)
        """, batch: batch)
  }

  private static let search = "search: {axial_ratio: [2.2, 2.6, 3.0], z: [0.36, 0.38], pessimism: 1}"
  private static let cascade =
    "search: {axial_ratio: [2.2, 2.6, 3.0], z: [0.36, 0.38], pessimism: 1, cascade: {keep: 0.1, pilot: 12}}"

  @Test func `the shape with the lowest mean and deviation is chosen, and scored as it alone would be`()
    throws
  {
    try files.run(try campaign(Self.search), in: "searched")
    let searched = try openRun(files.folder.path("searched")).ranked()
    #expect(searched.count == 36)
    var best: [String: (sum: Double, row: RankedRow, shape: String)] = [:]
    for ratio in [2.2, 2.6, 3.0] {
      for z in [0.36, 0.38] {
        let name = "shape-\(ratio)-\(z)"
        try files.run(
          try campaign("parameters: {axial_ratio: \(ratio), z: \(z)}", named: name), in: name)
        for row in try openRun(files.folder.path(name)).ranked() {
          let sum = try #require(row.stability.energy) + (row.energyStandardDeviation ?? 0)
          if sum < best[row.materialID]?.sum ?? .infinity {
            best[row.materialID] = (sum, row, "axial_ratio=\(ratio) z=\(z)")
          }
        }
      }
    }
    for row in searched {
      let expected = try #require(best[row.materialID])
      #expect(row.shape == expected.shape)
      #expect(row.stability == expected.row.stability)
      #expect(row.volume == expected.row.volume)
      #expect(row.evaluations == 6)
    }
    #expect(Set(searched.compactMap(\.shape)).count > 1)
  }

  @Test func `with a cascade results depend neither on jobs, batches nor interruptions, and cost less`()
    throws
  {
    try files.run(try campaign(Self.cascade), in: "whole")
    let expected = try files.export("whole")
    for (jobs, batch) in [(2, 3), (3, 64)] {
      try files.run(
        try campaign(Self.cascade, batch: batch, named: "other-\(batch)"), in: "jobs-\(jobs)", jobs: jobs)
      #expect(try files.export("jobs-\(jobs)") == expected)
    }
    #expect(try !files.run(try campaign(Self.cascade), in: "limited", limit: 7).isFinished)
    #expect(try files.run(try campaign(Self.cascade), in: "limited").isFinished)
    #expect(try files.export("limited") == expected)
    let rows = try openRun(files.folder.path("whole")).ranked()
    let evaluations = rows.compactMap(\.evaluations)
    #expect(evaluations.count == 36 && evaluations.contains { $0 < 6 } && evaluations.contains(6))
    // The best of the whole search is the best of this one.
    try files.run(try campaign(Self.search, named: "all"), in: "all")
    let all = try openRun(files.folder.path("all")).ranked()
    #expect(rows.prefix(3).map(\.materialID) == all.prefix(3).map(\.materialID))
    #expect(rows.prefix(3).map(\.stability) == all.prefix(3).map(\.stability))
  }

  @Test func `a bound keeps every candidate of its pilot that reaches the best share, and survives its text`()
    throws
  {
    var generator = SeededGenerator(seed: 8)
    let samples = (0..<400).map { _ in
      let own = Double.random(in: -0.2...3, using: &generator)
      let distances = (0..<5).map { _ in own + Double.random(in: 0...0.2, using: &generator) }
      return SearchBound.Sample(distances: distances, chosen: distances.min() ?? 0)
    }
    let bound = try #require(SearchBound(samples, keep: 0.02))
    #expect(Set(bound.order) == Set(0..<5))
    #expect(zip(bound.gains, bound.gains.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(bound.gains.last == 0)
    let best = samples.sorted { $0.chosen < $1.chosen }.prefix(8)
    for sample in best {
      var lowest = Double.infinity
      for (step, shape) in bound.order.enumerated() {
        lowest = min(lowest, sample.distances[shape])
        #expect(bound.admits(lowest, after: step + 1))
      }
    }
    #expect(samples.contains { !bound.admits($0.distances[bound.order[0]], after: 1) })
    #expect(SearchBound(text: bound.text, shapeCount: 5) == bound)
    #expect(SearchBound(text: bound.text, shapeCount: 4) == nil)
    #expect(SearchBound([], keep: 0.1) == nil)
  }

  @Test(arguments: [
    ("search: {}", "at least one free parameter"),
    ("search: {u: [0.2]}", "u"),
    ("search: {z: [0.1]}", "z"),
    ("search: {z: [0.36], model: nothing}", "no model of formation_energy_per_atom is named"),
    ("parameters: {z: 0.37}\n    search: {z: [0.36]}", "z is searched"),
  ])
  func `searches that make no sense are refused with their position`(keys: String, part: String) throws {
    let file = try campaign(keys)
    do {
      _ = try CampaignPlan(file: file)
      Issue.record("accepted")
    } catch {
      #expect(describe(error).contains(part) && describe(error).contains("tiny.yaml:"), "\(describe(error))")
    }
  }

  @Test func `lists with a value twice, or with too many combinations, are refused with their place`() throws
  {
    let values = (0..<101).map { "\(0.35 + Double($0) / 2000)" }.joined(separator: ", ")
    let ratios = (0..<100).map { "\(2.0 + Double($0) / 100)" }.joined(separator: ", ")
    for (search, part) in [
      ("search: {z: [0.36, 0.37, 0.36]}", "search.z[2]: 0.36 stands twice"),
      (
        "search: {z: [\(values)], axial_ratio: [\(ratios)]}",
        "search: a search has at most 10000 combinations"
      ),
    ] {
      do {
        _ = try CampaignPlan(file: try campaign(search))
        Issue.record("\(search) is taken")
      } catch { #expect("\(error)".contains(part), "\(error)") }
    }
  }
}
