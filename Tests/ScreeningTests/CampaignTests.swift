import Crystal
import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Campaigns") struct CampaignTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Random crystals of elements that the reference phases know.
  private func crystals(_ count: Int, seed: UInt64 = 3, sites: ClosedRange<Int> = 2...5) throws -> [Structure]
  {
    var generator = SeededGenerator(seed: seed)
    let elements = ["Li", "Na", "K", "Mg", "O", "F", "Cl", "S"].compactMap { Element(symbol: $0) }
    return try (0..<count).map { _ in
      try randomStructure(
        siteCount: Int.random(in: sites, using: &generator), using: &generator, elements: elements)
    }
  }

  private func lines(_ crystals: [Structure]) throws -> [String] {
    try crystals.enumerated().map { try recordLine(id: "crystal-\($0)", structure: $1) }
  }

  @Test func `records are rows plus rejections plus filtered, and every row is scored and placed`() throws {
    let stages = "- filter: {name: no iodides, without_elements: [I]}\n" + CampaignFolder.stages
    let report = try files.run(try files.campaign(stages: stages))
    #expect(report.isFinished)
    #expect(report.counts.records == 64)
    #expect(report.counts.leftOut == 8)
    #expect(report.counts.rows == 56)
    #expect(report.counts.rejected == 0)
    #expect(report.counts.filtered.map(\.stage) == ["no iodides"])
    let rows = try files.table()
    #expect(rows.count == 56)
    #expect(Set(rows.compactMap { $0["id"] }).count == 56)
    let energies = Dictionary(CampaignFolder.phases.map { ($0.formula, $0.energy) }) { first, _ in first }
    var previous = -Double.infinity
    for (index, row) in rows.enumerated() {
      let energy = try #require(row["formation_energy_per_atom"].flatMap(Double.init))
      let above = try #require(row["e_above_hull"].flatMap(Double.init))
      let decomposition = try #require(row["decomposition_energy"].flatMap(Double.init))
      #expect(row["rank"] == "\(index + 1)")
      #expect(above >= previous)
      previous = above
      #expect((row["std"].flatMap(Double.init) ?? 0) > 0)
      // Of systems without Na2O, Li2S and MgF2 the hull at AX is the phase AX, or else the two elements at 0; the
      // decomposition energy leaves the phase AX out.
      let system = row["chemical_system"] ?? ""
      if ["Na-O", "Li-S", "F-Mg"].contains(system) { continue }
      let hull = energies[row["formula"] ?? ""] ?? 0
      #expect(decomposition == energy, "\(row)")
      #expect(abs(above - max(0, energy - hull)) < 1e-12, "\(row)")
    }
  }

  @Test(arguments: ["jsonl", "jsonl.zst"])
  func `a truncated archive keeps its whole records and one rejection`(kind: String) throws {
    let lines = try lines(try crystals(700, sites: 3...3))
    let whole: [UInt8]
    if kind == "jsonl" {
      whole = Array(lines.map { $0 + "\n" }.joined().utf8)
    } else {
      let writer = try ZstdLineWriter(path: files.folder.path("whole.jsonl.zst"))
      for line in lines { try writer.append(line) }
      try writer.finish()
      whole = [UInt8](try Data(contentsOf: URL(filePath: files.folder.path("whole.jsonl.zst"))))
    }
    try files.folder.write(Array(whole[..<(whole.count * 9 / 10)]), to: "cut." + kind)
    let stages = "- filter: {name: none, maximum_sites: 99}"
    let report = try files.run(
      try files.campaign(inputs: "- archive: {path: cut.\(kind)}", stages: stages, batch: 100), jobs: 2)
    #expect(report.isFinished)
    #expect(report.counts.rejectionsByReason.map(\.reason) == ["truncated"])
    #expect(report.counts.rejected == 1)
    let rows = try openRun(files.folder.path("run"))
    var ids: [String] = []
    try rows.forEachRow { ids.append($0.row.materialID) }
    #expect(ids.count > 100)
    #expect(ids == (0..<ids.count).map { "crystal-\($0)" })
    if kind == "jsonl" {
      let kept = String(decoding: whole[..<(whole.count * 9 / 10)], as: UTF8.self).count { $0 == "\n" }
      #expect(ids.count == kept)
    }
  }

  @Test func `bad records between good ones are rejected one by one, with reason and place`() throws {
    let good = try crystals(4)
    func line(_ id: String, lattice: String = "[[4,0,0],[0,4,0],[0,0,4]]", species: String, positions: String)
      -> String
    { "{\"id\":\"\(id)\",\"lattice\":\(lattice),\"species\":\(species),\"frac_coords\":\(positions)}" }
    let all = [
      try recordLine(id: "good-0", structure: good[0]),
      "{\"id\":\"cut\",\"lattice\":[[4,0,0]",
      "this is no JSON",
      try recordLine(id: "good-1", structure: good[1]),
      line("unknown", species: "[\"Xx\"]", positions: "[[0,0,0]]"),
      line("flat", lattice: "[[4,0,0],[0,4,0],[4,4,0]]", species: "[\"Na\"]", positions: "[[0,0,0]]"),
      line("counts", species: "[\"Na\",\"Cl\"]", positions: "[[0,0,0]]"),
      line("touching", species: "[\"Na\",\"Cl\"]", positions: "[[0,0,0],[0.001,0,0]]"),
      try recordLine(id: "good-2", structure: good[2]),
      line("heavy", species: "[\"Na\",\"Lr\"]", positions: "[[0,0,0],[0.5,0.5,0.5]]"),
      line("strange", species: "[\"Na\",\"Xe\"]", positions: "[[0,0,0],[0.5,0.5,0.5]]"),
      try recordLine(id: "good-3", structure: good[3]),
    ]
    let report = try files.run(try files.campaign(inputs: try files.archive(all), batch: 4), jobs: 2)
    #expect(report.counts.records == all.count)
    #expect(report.counts.rows == 4)
    #expect(Set(try files.table().map { $0["id"] }) == ["good-0", "good-1", "good-2", "good-3"])
    let rejected = try files.table(select: .rejected)
    func column(_ name: String) -> [String] { rejected.map { $0[name] ?? "?" } }
    #expect(column("record") == ["1", "2", "4", "5", "6", "7", "9", "10"])
    #expect(
      column("reason") == [
        "truncated", "unreadable", "unknown_element", "not_a_crystal", "unreadable", "sites_too_close",
        "element_not_in_model", "no_terminal_reference",
      ])
    #expect(column("stage") == ["read", "read", "read", "read", "read", "graph", "predict tiny", "hull"])
    #expect(column("id").suffix(3) == ["touching", "heavy", "strange"])
    #expect(column("member").allSatisfy { $0 == "crystals.jsonl" })
    #expect(column("message").allSatisfy { !$0.isEmpty })
  }

  @Test func `two models of the energy are both ranked, one of another property is only scored`() throws {
    try TinyModel.write(to: files.folder.path("second"), name: "second", seed: 9, memberCount: 1)
    try TinyModel.write(to: files.folder.path("gap"), name: "gap", seed: 4, property: "band_gap")
    let stages = """
      - graph: {}
      - predict: {model: gap}
      - predict: {model: model}
      - predict: {model: second, name: other}
      - hull: {reference: phases.csv}
      """
    try files.run(try files.campaign(stages: stages))
    let first = try files.table(model: "tiny")
    let second = try files.table(model: "other")
    #expect(first.count == 64)
    #expect(second.count == 64)
    #expect(first.map { $0["id"] } != second.map { $0["id"] })
    #expect(second.allSatisfy { $0["std"] == "" && $0["model"] == "other" })
    // Without a name the first model on the hull counts, not the first model.
    #expect(try files.table() == first)
    var scores = Set<Int>()
    try openRun(files.folder.path("run")).forEachRow { scores.insert($0.row.scores.count) }
    #expect(scores == [3])
    let error = #expect(throws: ScreeningError.self) { _ = try files.export(model: "third") }
    #expect(error?.description.contains("gap, tiny, other") == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func `limit reads so many further records and no more`() throws {
    let campaign = try files.campaign(batch: 4)
    try files.run(campaign, in: "whole")
    var records: [Int] = []
    var isFinished = false
    while !isFinished, records.count < 20 {
      let report = try files.run(campaign, jobs: records.count % 3 + 1, limit: 9)
      records.append(report.recordsNow)
      isFinished = report.isFinished
    }
    #expect(records == [9, 9, 9, 9, 9, 9, 9, 1])
    #expect(try files.export() == (try files.export("whole")))
  }

  @Test func `a run stopped at any commit and resumed gives the same export`() throws {
    let bad = "{\"id\":\"bad\"}"
    var lines = try lines(try crystals(20, sites: 2...3))
    lines.insert(bad, at: 7)
    let inputs = try files.archive(lines) + "\n" + CampaignFolder.rockSalts
    let campaign = try files.campaign(inputs: inputs, batch: 12)
    try files.run(campaign, in: "whole")
    let expected = try files.export("whole")
    let rejected = try files.export("whole", select: .rejected)
    for commits in 1...7 {
      let directory = "stopped-\(commits)"
      let first = try files.run(campaign, in: directory, stopAfter: commits)
      #expect(!first.isFinished)
      // The end of the first input takes a place in a batch.
      #expect(first.counts.records == (commits == 1 ? 12 : 12 * commits - 1))
      let second = try files.run(campaign, in: directory, jobs: 2)
      #expect(second.isFinished)
      #expect(second.recordsNow == 85 - first.counts.records)
      #expect(try files.export(directory) == expected)
      #expect(try files.export(directory, select: .rejected) == rejected)
    }
    // A finished run has nothing left to do.
    let again = try files.run(campaign, in: "stopped-3")
    #expect(again.recordsNow == 0)
    #expect(try files.export("stopped-3") == expected)
  }

  @Test func `results depend neither on jobs nor on the batch size`() throws {
    let inputs = try files.archive(try lines(try crystals(30))) + "\n" + CampaignFolder.rockSalts
    var exports = Set<String>()
    for batch in [1, 7, 512] {
      let campaign = try files.campaign(named: "batch-\(batch)", inputs: inputs, batch: batch)
      for jobs in [1, 2, 4] {
        try files.run(campaign, in: "run-\(batch)-\(jobs)", jobs: jobs)
        exports.insert(try files.export("run-\(batch)-\(jobs)"))
      }
    }
    #expect(exports.count == 1)
    #expect(exports.first?.split(separator: "\n").count == 95)
  }

  @Test func `an empty folder is a finished run of no records, and an empty file one rejection`() throws {
    try FileManager.default.createDirectory(
      atPath: files.folder.path("folder"), withIntermediateDirectories: true)
    let report = try files.run(try files.campaign(inputs: "- archive: {path: folder}"))
    #expect(report.isFinished)
    #expect(report.counts.records == 0)
    #expect(report.counts.rejectedShare == 0)
    #expect(try files.table().isEmpty)
    let inputs = try files.archive([]) + "\n- archive: {path: folder}"
    let second = try files.run(try files.campaign(named: "second", inputs: inputs), in: "second")
    #expect(second.isFinished)
    #expect(second.counts.records == 1)
    #expect(second.counts.rejectedShare == 1)
  }

  @Test func `inputs are read in order, and a record is known by its input and number`() throws {
    let crystals = try crystals(3)
    let first = try files.archive(try lines(crystals), named: "first.jsonl")
    let second = try files.archive(try lines(Array(crystals.reversed())), named: "second.jsonl")
    let campaign = try files.campaign(
      inputs: [first, second, first].joined(separator: "\n"), stages: "- filter: {}", batch: 2)
    let report = try files.run(campaign)
    #expect(report.counts.rows == 9)
    var keys: [RecordKey] = []
    try openRun(files.folder.path("run")).forEachRow { keys.append($0.row.key) }
    #expect(keys == (0..<3).flatMap { source in (0..<3).map { RecordKey(source: source, record: $0) } })
  }
}
