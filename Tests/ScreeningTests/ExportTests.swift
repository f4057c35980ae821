import Crystal
import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Exports of runs") struct ExportTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Ids that break tables, names and paths unless they are quoted.
  static let awkward = [
    "plain", "comma, separated", "\"quoted\"", "\"", "back\\slash", "two\nlines", "../../escape", "/etc/x",
    "ångström é",
    " spaces ", "data_loop_", "semi;colon", "'apostrophe'", "#comment", "100%", ".", "null",
  ]

  private func awkwardRun(more: String = "") throws {
    var generator = SeededGenerator(seed: 6)
    let elements = ["Li", "Na", "O", "F", "Cl"].compactMap { Element(symbol: $0) }
    let lines = try Self.awkward.map { id in
      try recordLine(
        id: id, structure: try randomStructure(siteCount: 3, using: &generator, elements: elements))
    }
    let bad =
      "{\"id\":\"bad, \\\"one\\\"\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Lr\"],"
      + "\"frac_coords\":[[0,0,0]]}"
    try files.run(try files.campaign(inputs: try files.archive(lines + [bad]), more: more))
  }

  private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test func `csv and jsonl hold the same rows whatever the ids are`() throws {
    try awkwardRun()
    let rows = try files.table()
    #expect(Set(rows.compactMap { $0["id"] }) == Set(Self.awkward))
    #expect(rows.allSatisfy { $0.count == rows[0].count })
    let objects = try objects(try files.export(format: .jsonl))
    #expect(objects.count == rows.count)
    for (row, object) in zip(rows, objects) {
      #expect(Set(row.keys) == Set(object.keys))
      for (key, value) in object {
        let text = try #require(row[key])
        if let number = value as? NSNumber {
          // Foundation's reader may be off in the last digit.
          #expect(
            abs((Double(text) ?? .nan) / number.doubleValue - 1) < 1e-14 || text == "\(number)", "\(key)")
        } else {
          #expect(text == value as? String ?? "", "\(key)")
        }
      }
    }
  }

  @Test func `rejections come out in both forms with the awkward id`() throws {
    try awkwardRun()
    let rows = try files.table(select: .rejected)
    #expect(rows.map { $0["id"] } == ["bad, \"one\""])
    #expect(rows.map { $0["reason"] } == ["element_not_in_model"])
    let objects = try objects(try files.export(select: .rejected, format: .jsonl))
    #expect(objects.map { $0["id"] as? String } == ["bad, \"one\""])
    #expect(objects.map { $0["record"] as? Int } == [Self.awkward.count])
  }

  @Test(arguments: ["tar.zst", "tar.gz", "zip"])
  func `exported cif archives hold the ranked crystals, and no name leads out of them`(kind: String) throws {
    try awkwardRun()
    let path = files.folder.path("export.\(kind)")
    let store = try openRun(files.folder.path("run"))
    let (count, _) = try RunExport(selection: .all, format: .cif).write(store, to: path)
    #expect(count == Self.awkward.count)
    let ranked = try store.ranked()
    let reader = try ArchiveReader(path: path)
    var names = Set<String>()
    for row in ranked {
      let record = try #require(try reader.next())
      #expect(!record.member.contains("/") && !record.member.hasPrefix("."), "\(record.member)")
      names.insert(record.member)
      let crystal = try StructureDecoder().decode(record).structure
      let original = try #require(try store.structure(of: row.key))
      #expect(crystal.elements.map(\.symbol).sorted() == original.elements.map(\.symbol).sorted())
      #expect(abs(crystal.lattice.volume / original.lattice.volume - 1) < 1e-6)
    }
    #expect(try reader.next() == nil)
    #expect(names.count == ranked.count)
  }

  @Test func `the stable ones are those at or below the threshold, which may be given anew`() throws {
    try files.run(try files.campaign(more: "threshold: 15"))
    let all = try files.table()
    let above = all.compactMap { $0["e_above_hull"].flatMap { Double($0) } }
    let stable = above.count { $0 <= 15 }
    #expect(stable > 0 && stable < all.count)
    #expect(try files.table(select: .stable) == Array(all.prefix(stable)))
    let store = try openRun(files.folder.path("run"))
    let middle = above[above.count / 2]
    let (count, threshold) = try RunExport(selection: .stable, format: .csv, threshold: middle)
      .write(store, to: files.folder.path("half.csv"))
    #expect(threshold == middle)
    #expect(count == above.count { $0 <= middle })
    #expect(try files.folder.lines("half.csv").count == count + 1)
  }

  @Test func `structures that were not kept are missed, not invented`() throws {
    let campaign = try files.campaign()
    let text = try String(contentsOfFile: campaign, encoding: .utf8)
    try files.folder.write(text.replacing("batch: 5", with: "batch: 5, structures: false"), to: "tiny.yaml")
    try files.run(campaign)
    #expect(try files.table().count == 64)
    let store = try openRun(files.folder.path("run"))
    let error = #expect(throws: ScreeningError.self) {
      try RunExport(selection: .all, format: .cif).write(store, to: files.folder.path("all.tar.zst"))
    }
    #expect(error?.description.contains("64 of 64") == true)
  }

  @Test func `what cannot be exported is refused by name`() throws {
    try files.run(try files.campaign())
    let store = try openRun(files.folder.path("run"))
    #expect(throws: ScreeningError.self) {
      try RunExport(selection: .rejected, format: .cif).write(store, to: files.folder.path("x.zip"))
    }
    let error = #expect(throws: ScreeningError.self) {
      try RunExport(selection: .all, format: .csv).write(store, to: files.folder.path("absent/x.csv"))
    }
    #expect(error?.description.contains("absent/x.csv") == true)
    let missing = #expect(throws: ScreeningError.self) { _ = try openRun(files.folder.path("no-run")) }
    #expect(missing?.description.contains("no-run") == true)
  }

  @Test func `an unfinished run exports what it has, and leaves no partial files`() throws {
    try files.run(try files.campaign(), limit: 20)
    #expect(try files.table().count == 20)
    let names = try FileManager.default.contentsOfDirectory(atPath: files.folder.path())
    #expect(!names.contains { $0.hasSuffix(".partial") })
  }

  @Test func `a pipe or a device is written to, not replaced by a file`() throws {
    try files.run(try files.campaign(), limit: 20)
    let store = try openRun(files.folder.path("run"))
    try RunExport(selection: .all, format: .csv).write(store, to: files.folder.path("all.csv"))
    let path = files.folder.path("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    // Open for both, so that nothing waits for the other end.
    let pipe = open(path, O_RDWR | O_NONBLOCK)
    try #require(pipe >= 0)
    defer { close(pipe) }
    try RunExport(selection: .all, format: .csv).write(store, to: path)
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(pipe, &bytes, bytes.count)
    let expected = try Data(contentsOf: URL(fileURLWithPath: files.folder.path("all.csv")))
    #expect(Data(bytes.prefix(max(0, count))) == expected)
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  @Test func `a run with neither model nor hull exports an empty ranking`() throws {
    try files.run(try files.campaign(stages: "- filter: {}"))
    #expect(try files.table().isEmpty)
    #expect(try openRun(files.folder.path("run")).counts().rows == 64)
  }
}
