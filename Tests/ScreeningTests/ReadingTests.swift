import Crystal
import Foundation
import PipelineEngine
import Screening
import ScreeningStore
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Evidence of reading in campaigns") struct ReadingTests {
  let files: CampaignFolder
  private let fixtures = Fixtures.repository.appending(path: "fixtures/reading/cif").path

  init() throws { files = try CampaignFolder() }

  private static let policy = ReadingPolicy(occupancy: .majority, formula: .note)

  private func campaign(_ options: String = ", occupancy: majority, formula: note") throws -> String {
    try files.campaign(
      inputs: "- archive: {path: \(fixtures)\(options)}", batch: 7, more: "rejections: {allowed_share: 1}")
  }

  /// The codes of each row and rejection, by id.
  private func rules(_ directory: String) throws -> [String: [String]] {
    let store = try openRun(files.folder.path(directory))
    var rules: [String: [String]] = [:]
    try store.forEachRow { rules[$0.row.materialID] = $0.row.reading.map(\.rawValue) }
    try store.forEachRejection { rules[$0.materialID ?? ""] = $0.reading }
    return rules
  }

  /// The same by decoding each file alone.
  private func decodedRules() throws -> [String: [String]] {
    let decoder = StructureDecoder(occupancy: .majority, formula: .note)
    let reader = try ArchiveReader(path: fixtures)
    var rules: [String: [String]] = [:]
    while let record = try reader.next() {
      rules[record.defaultID] = try? decoder.decode(record).notes.rules.map(\.rawValue)
    }
    return rules
  }

  @Test func `rows and rejections carry the rules of their reader, whatever the jobs and interruptions`()
    throws
  {
    let file = try campaign()
    let report = try files.run(file)
    let expected = try decodedRules()
    let found = try rules("run")
    #expect(expected.values.contains([]) && Set(expected.values.joined()).count > 5)
    for (id, rules) in found { #expect(rules == expected[id] ?? [], "\(id)") }
    // The references know few elements: what the hull rejects keeps its rules.
    var late: [String] = []
    try openRun(files.folder.path("run")).forEachRejection { item in
      if item.stage == "hull" { late += item.reading }
    }
    #expect(!late.isEmpty)
    var counts: [String: Int] = [:]
    for rule in expected.values.joined() { counts[rule, default: 0] += 1 }
    #expect(Dictionary(uniqueKeysWithValues: report.reading.map { ($0.rule, $0.records) }) == counts)
    try files.run(file, in: "pieces", jobs: 3, limit: 11)
    try files.run(file, in: "pieces", jobs: 2, stopAfter: 1)
    #expect(try files.run(file, in: "pieces").reading == report.reading)
    #expect(try rules("pieces") == found)
    for selection in [RunExport.Selection.all, .rejected] {
      #expect(try files.export("pieces", select: selection) == files.export("run", select: selection))
    }
    // An examination by the same policy counts the same.
    let examined = try ArchiveExamination(fixtures, policy: Self.policy).run(clock: { 0 }, progress: { _ in })
    #expect(examined.reading == report.reading)
  }

  @Test func `exports and CIF files name the rules`() throws {
    try files.folder.write("formula,formation_energy_per_atom\n" + Self.everyElement, to: "phases.csv")
    try files.run(try campaign())
    let expected = try decodedRules()
    let rows = try files.table()
    #expect(rows.contains { $0["reading"] != "" })
    #expect(rows.allSatisfy { $0["reading"] == expected[$0["id"] ?? ""]?.joined(separator: " ") })
    let byFile = Dictionary(
      uniqueKeysWithValues: expected.map { ($0.key.replacing(":", with: "_"), $0.value) })
    let path = files.folder.path("rows.tar")
    try RunExport(selection: .all, format: .cif).write(openRun(files.folder.path("run")), to: path)
    let reader = try ArchiveReader(path: path)
    var count = 0
    while let record = try reader.next() {
      let text = String(decoding: record.bytes, as: UTF8.self)
      // A colon has no place in the name of a file.
      let rules = try #require(byFile[record.defaultID])
      #expect(text.contains("_sluice_reading '\(rules.joined(separator: " "))'\n") == !rules.isEmpty)
      #expect(rules.isEmpty == !text.contains("_sluice_reading"))
      count += 1
    }
    #expect(count == rows.count)
  }

  private static let everyElement = Element.all.map { "\($0),0\n" }.joined()

  @Test
  func `records rejected for their formula become rows when a retry asks to note them, not the other way`()
    throws
  {
    let first = try files.run(try campaign(", occupancy: majority"))
    let contradicted = first.counts.rejections.filter { $0.reason == "formula_contradicted" }.map(\.records)
    #expect(contradicted.count == 1)
    let noting = try campaign()
    func retry(_ file: String) throws -> CampaignReport {
      try CampaignRun(plan: CampaignPlan(file: file), directory: files.folder.path("run"), jobs: 1).run(
        retryingRejected: true, stop: StopFlag()
      ) { _, _ in }
    }
    let report = try retry(noting)
    #expect(!report.counts.rejections.contains { $0.reason == "formula_contradicted" })
    #expect(report.reading.contains(ReadingCount(rule: "formula_contradicted", records: contradicted[0])))
    try files.run(noting, in: "scratch")
    #expect(try rules("run") == rules("scratch"))
    #expect(try files.export("run") == files.export("scratch"))
    #expect(throws: ScreeningError.self) { try retry(try campaign(", occupancy: majority")) }
  }

  @Test func `a packed line names the rules of its record`() throws {
    _ = try ArchivePacking([fixtures], recordsPerFrame: 10, policy: Self.policy, jobs: 2).write(
      to: files.folder.path("a.zst"), rejected: nil, stop: StopFlag(), progress: { _ in })
    let reader = try ArchiveReader(path: files.folder.path("a.zst"))
    let expected = try decodedRules()
    var count = 0
    while let record = try reader.next() {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(record.bytes)) as? [String: Any])
      let id = try #require(object["id"] as? String)
      let rules = try #require(expected[id])
      #expect(object["reading"] as? String == (rules.isEmpty ? nil : rules.joined(separator: ",")))
      count += 1
    }
    #expect(count == expected.count)
  }

  @Test func `an explanation gives each rule with what it concluded`() throws {
    let search = RecordSearch(fixtures, policy: Self.policy)
    for (id, rules) in try decodedRules() {
      let explanation = try search.explain(id)
      #expect(explanation.rules.map(\.rule) == rules, "\(id)")
      #expect(explanation.rules.allSatisfy { !$0.message.isEmpty })
    }
  }
}
