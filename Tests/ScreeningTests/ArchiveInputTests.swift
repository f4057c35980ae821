import Crystal
import Foundation
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Archives as inputs of campaigns") struct ArchiveInputTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private func lines(_ count: Int, seed: UInt64 = 5, prefix: String = "c") throws -> [String] {
    var generator = SeededGenerator(seed: seed)
    let elements = ["Li", "Na", "K", "Mg", "O", "F", "Cl", "S"].compactMap { Element(symbol: $0) }
    return try (0..<count).map { index in
      try recordLine(
        id: "\(prefix)\(index)",
        structure: randomStructure(siteCount: 2 + index % 3, using: &generator, elements: elements),
        properties: ["formation_energy_per_atom": -0.001 * Double(index)])
    }
  }

  private static let energies = "- energy: {}\n- hull: {reference: phases.csv}"

  private func message(_ body: () throws -> some Any) -> String {
    do {
      _ = try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func `a pattern gives a source for each file, in the order of names`() throws {
    for name in ["b", "a", "c"] { _ = try files.archive(lines(3, prefix: name), named: "data/\(name).jsonl") }
    _ = try files.archive(lines(2, prefix: "x"), named: "x.jsonl")
    let campaign = try files.campaign(
      inputs: "- archive: {path: 'data/[ab]*.jsonl'}\n- archive: {path: [x.jsonl, data/c.*]}",
      stages: Self.energies)
    let plan = try CampaignPlan(file: campaign)
    #expect(
      plan.countRecords().map { $0.name.split(separator: "/").last } == [
        "a.jsonl", "b.jsonl", "x.jsonl", "c.jsonl",
      ])
    #expect(try files.run(campaign).counts.rows == 11)
    #expect(Set(try files.table().compactMap { $0["source"] }).count == 4)
    // Each source has its digest: another file, and the plan is another one.
    _ = try files.archive(lines(1), named: "data/aa.jsonl")
    #expect(message { try files.run(campaign) }.contains("digests.inputs"))
  }

  @Test func `a pattern without a match, and an archive named twice, are errors with their place`() throws {
    _ = try files.archive(lines(1), named: "a.jsonl")
    let none = message { try CampaignPlan(file: files.campaign(inputs: "- archive: {path: '*.zip'}")) }
    #expect(none.contains("tiny.yaml:4") && none.contains("no file matches *.zip"), "\(none)")
    let twice = message {
      try CampaignPlan(file: files.campaign(inputs: "- archive: {path: [a.jsonl, '*.jsonl']}"))
    }
    #expect(twice.contains("named twice"), "\(twice)")
    // A file whose name is a pattern is that file.
    _ = try files.archive(lines(2), named: "b[1].jsonl")
    #expect(
      try CampaignPlan(file: files.campaign(inputs: "- archive: {path: 'b[1].jsonl'}")).countRecords().map(
        \.records)
        == [2])
  }

  @Test func `a run in pieces ends as an undisturbed one, whatever holds its records`() throws {
    let lines = try lines(60)
    _ = try files.archive(lines)
    let packing = ArchivePacking([files.folder.path("crystals.jsonl")], recordsPerFrame: 7, jobs: 1)
    _ = try packing.write(
      to: files.folder.path("packed.jsonl.zst"), rejected: nil, stop: .init(), progress: { _ in })
    for index in 0..<60 { try files.folder.write(lines[index], to: "tree/\(index % 4)/\(index).json") }
    for path in ["crystals.jsonl", "packed.jsonl.zst", "tree"] {
      let campaign = try files.campaign(
        named: "whole", inputs: "- archive: {path: \(path)}", stages: Self.energies)
      try files.run(campaign, in: "whole-\(path)")
      var report = try files.run(campaign, in: "pieces-\(path)", limit: 1)
      while !report.isFinished { report = try files.run(campaign, in: "pieces-\(path)", jobs: 2, limit: 13) }
      #expect(report.counts.rows == 60)
      #expect(try files.export("whole-\(path)") == files.export("pieces-\(path)"))
    }
  }

  @Test func `an archive written to while it is read stops the run, and what was committed stays`() throws {
    let lines = try lines(1200)
    _ = try files.archive(lines)
    let path = files.folder.path("crystals.jsonl")
    let before = try Data(contentsOf: URL(filePath: path))
    let campaign = try files.campaign(
      inputs: "- archive: {path: crystals.jsonl}", stages: Self.energies, batch: 20)
    let plan = try CampaignPlan(file: campaign)
    let times = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    var isChanged = false
    let stopped = message {
      try CampaignRun(plan: plan, directory: files.folder.path("run"), jobs: 1).run(stop: .init()) { _, _ in
        if !isChanged { try? (before + Data("more\n".utf8)).write(to: URL(filePath: path)) }
        isChanged = true
      }
    }
    #expect(stopped.contains("crystals.jsonl has changed: it was written to while it was being read"))
    #expect(message { try files.run(campaign) }.contains("has changed: its digest was"))
    try before.write(to: URL(filePath: path))
    if let times { try FileManager.default.setAttributes([.modificationDate: times], ofItemAtPath: path) }
    #expect(try files.run(campaign).counts.rows == 1200)
    try files.run(campaign, in: "undisturbed")
    #expect(try files.export() == files.export("undisturbed"))
  }

  @Test func `limits of an archive are set in the campaign, and beyond them are rejections`() throws {
    let lines = try lines(30)
    _ = try files.archive(lines)
    func counts(_ more: String) throws -> [String: Int] {
      let campaign = try files.campaign(
        inputs: "- archive: {path: crystals.jsonl, \(more)}", stages: Self.energies,
        more: "rejections: {allowed_share: 1}")
      let directory = "run-\(UUID().uuidString)"
      let report = try files.run(campaign, in: directory)
      #expect(report.isFinished)
      #expect(report.counts.records == report.counts.rows + report.counts.rejected)
      return Dictionary(
        uniqueKeysWithValues: report.counts.rejectionsByReason.map { ($0.reason, $0.records) }
      )
      .merging(["rows": report.counts.rows]) { $1 }
    }
    #expect(try counts("maximum_records: 10") == ["rows": 10, "too_large": 1])
    #expect(try counts("maximum_records: 30") == ["rows": 30])
    #expect(try counts("limits: {record_bytes: 50}") == ["rows": 0, "too_large": 30])
    #expect(message { try counts("limits: {nesting: 9}") }.contains("limits.nesting"))
  }

  @Test func `names of members never lead anywhere`() throws {
    let outside = files.folder.path("outside.txt")
    let names = ["../../outside.txt", outside, "/etc/passwd", "..", "a/../../outside.txt", "..\\outside.txt"]
    // Two of them are hidden files: their last parts begin with a dot.
    let read = 4
    let writer = try TarText(
      names.enumerated().map { ($1, Array(try self.lines(1, prefix: "m\($0)-")[0].utf8)) })
    try files.folder.write(writer.bytes, to: "evil.tar")
    let campaign = try files.campaign(inputs: "- archive: {path: evil.tar}", stages: Self.energies)
    #expect(try files.run(campaign).counts.rows == read)
    let listing = try FileManager.default.contentsOfDirectory(atPath: files.folder.path()).sorted()
    let report = try ArchiveExamination(files.folder.path("evil.tar")).run(clock: { 0 }, progress: { _ in })
    #expect(report.structures == read)
    let packing = ArchivePacking([files.folder.path("evil.tar")], recordsPerFrame: 10, jobs: 1)
    _ = try packing.write(
      to: files.folder.path("packed.zst"), rejected: nil, stop: .init(), progress: { _ in })
    let store = try openRun(files.folder.path("run"))
    try RunExport(selection: .all, format: .cif).write(store, to: files.folder.path("out.tar"))
    let after = try FileManager.default.contentsOfDirectory(atPath: files.folder.path()).sorted()
    #expect(Set(after).subtracting(listing) == ["out.tar", "packed.zst"])
    #expect(!FileManager.default.fileExists(atPath: outside))
  }
}

/// A tar archive of members with names that no well-behaved program would give them.
struct TarText {
  private(set) var bytes: [UInt8] = []

  init(_ members: [(name: String, content: [UInt8])]) throws {
    for (name, content) in members {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, at offset: Int) {
        header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
      }
      put(String(name.prefix(99)), at: 0)
      put("0000644\0", at: 100)
      put("0000000\0", at: 108)
      put("0000000\0", at: 116)
      let size = String(content.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size + "\0", at: 124)
      put("00000000000\0", at: 136)
      put("        ", at: 148)
      put("0", at: 156)
      put("ustar\u{0}00", at: 257)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", at: 148)
      bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
    bytes += [UInt8](repeating: 0, count: 1024)
  }
}
