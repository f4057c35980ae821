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

  /// The crystals of an exported file, in its order, with the ids that they have there.
  private func crystals(_ path: String) throws -> [DecodedRecord] {
    let reader = try ArchiveReader(path: path)
    var crystals: [DecodedRecord] = []
    while let record = try reader.next() { crystals.append(try StructureDecoder().decode(record)) }
    return crystals
  }

  /// Lengths and angles of the cell, and the sites by element and place (fractional).
  private func contents(_ structure: Structure) -> (cell: [Double], sites: [(String, SIMD3<Double>)]) {
    let (lengths, angles) = cellParameters(of: structure.lattice)
    let sites = zip(structure.elements, structure.fractionalPositions).map { element, point in
      (element.symbol, point - point.rounded(.down))
    }
    return (lengths + angles, sites)
  }

  @Test(arguments: [RunExport.Format.cif, .poscar, .extxyz, .optimade])
  func `every form holds the ranked crystals: cell, species and positions to 1e-8`(
    format: RunExport.Format
  ) throws {
    try awkwardRun()
    let suffix = format == .cif || format == .poscar ? "tar.gz" : "txt"
    let path = files.folder.path("all.\(suffix)")
    let store = try openRun(files.folder.path("run"))
    let (count, _) = try RunExport(selection: .all, format: format).write(store, to: path)
    let ranked = try store.ranked()
    let read = try crystals(path)
    #expect(count == ranked.count && read.count == ranked.count)
    for (row, record) in zip(ranked, read) {
      let original = contents(try #require(try store.structure(of: row.key)))
      let found = contents(record.structure)
      for (one, other) in zip(found.cell, original.cell) { #expect(abs(one - other) < 1e-8) }
      // Each site has its like; POSCARs list elements together.
      for (symbol, point) in original.sites {
        let isThere = found.sites.contains { other, place in
          let difference = place - point
          let wrapped = difference - difference.rounded(.toNearestOrEven)
          return other == symbol && max(abs(wrapped.x), abs(wrapped.y), abs(wrapped.z)) < 1e-8
        }
        #expect(isThere, "\(symbol) of \(row.materialID)")
      }
      #expect(found.sites.count == original.sites.count)
      if format == .extxyz || format == .optimade {
        // Only a line end, which a comment line cannot hold, is another one.
        #expect(record.id == row.materialID)
      }
    }
  }

  @Test func `the names of POSCARs begin with the rank, and their elements stand together`() throws {
    try files.run(try files.campaign())
    let store = try openRun(files.folder.path("run"))
    let path = files.folder.path("all.zip")
    try RunExport(selection: .all, format: .poscar, top: 3).write(store, to: path)
    let reader = try ArchiveReader(path: path)
    for (position, row) in try store.ranked().prefix(3).enumerated() {
      let record = try #require(try reader.next())
      #expect(record.member.hasPrefix("000\(position + 1)_") && record.member.hasSuffix(".vasp"))
      let elements = try StructureDecoder().decode(record).structure.elements
      let changes = zip(elements, elements.dropFirst()).count { $0 != $1 }
      #expect(changes + 1 == Set(elements).count)
      #expect(row.siteCount == elements.count)
    }
    #expect(try reader.next() == nil)
  }

  @Test func `entries of OPTIMADE say of themselves what their crystals are`() throws {
    var generator = SeededGenerator(seed: 8)
    let structure = try randomStructure(
      siteCount: 6, using: &generator, elements: ["Na", "Cl"].compactMap { Element(symbol: $0) })
    let line = try recordLine(id: "twice", structure: structure)
    try files.run(try files.campaign(inputs: try files.archive([line, line])))
    let path = files.folder.path("all.jsonl")
    let store = try openRun(files.folder.path("run"))
    try RunExport(selection: .all, format: .optimade).write(store, to: path)
    let lines = try objects(try files.folder.text("all.jsonl"))
    let header = try #require(lines[0]["x-optimade"] as? [String: Any])
    #expect((header["meta"] as? [String: Any])?["api_version"] as? String == "1.2.0")
    #expect(lines[1]["type"] as? String == "info" && lines[1]["id"] as? String == "structures")
    let properties = try #require(lines[1]["properties"] as? [String: Any])
    #expect(lines[2...].map { $0["id"] as? String } == ["twice", "twice-2"])
    for entry in lines[2...] {
      let attributes = try #require(entry["attributes"] as? [String: Any])
      let elements = try #require(attributes["elements"] as? [String])
      #expect(elements == elements.sorted() && attributes["nelements"] as? Int == elements.count)
      let ratios = try #require(attributes["elements_ratios"] as? [Double])
      #expect(abs(ratios.reduce(0, +) - 1) < 1e-12)
      let reduced = try Composition(
        formula: try #require(attributes["chemical_formula_reduced"] as? String))
      #expect(reduced == structure.composition.reduced)
      let anonymous = try #require(attributes["chemical_formula_anonymous"] as? String)
      #expect(anonymous.first == "A" && anonymous.filter(\.isLetter).count == elements.count)
      #expect(attributes["nsites"] as? Int == 6)
      #expect((attributes["species_at_sites"] as? [String])?.count == 6)
      let own = attributes.keys.filter { $0.hasPrefix("_sluice_") }
      #expect(Set(own) == Set(properties.keys) && own.count == ExportedColumns.count)
      #expect(own.allSatisfy { $0.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } })
      #expect(attributes["_sluice_id"] as? String == "twice")
    }
  }

  /// Columns of a list without scores of other models.
  private enum ExportedColumns { static let count = 31 }

  @Test func `only the top of the list is written where a number is given`() throws {
    try awkwardRun()
    let store = try openRun(files.folder.path("run"))
    for format in RunExport.Format.allCases {
      let path = files.folder.path(format == .cif || format == .poscar ? "top.zip" : "top")
      #expect(try RunExport(selection: .all, format: format, top: 4).write(store, to: path).records == 4)
      #expect(try RunExport(selection: .all, format: format, top: 999).write(store, to: path).records == 17)
    }
    let path = files.folder.path("top.csv")
    try RunExport(selection: .all, format: .csv, top: 4).write(store, to: path)
    #expect(records(ofCSV: try files.folder.text("top.csv")) == Array(try files.table().prefix(4)))
  }

  @Test func `no cell of a table is taken for a formula by a spreadsheet`() throws {
    var generator = SeededGenerator(seed: 9)
    let elements = ["Li", "O"].compactMap { Element(symbol: $0) }
    let ids = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain=1"]
    let lines = try ids.map { id in
      try recordLine(
        id: id, structure: try randomStructure(siteCount: 2, using: &generator, elements: elements))
    }
    try files.run(try files.campaign(inputs: try files.archive(lines)))
    let found = Set(try files.table().compactMap { $0["id"] })
    #expect(found == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain=1"])
    let objects = try objects(try files.export(format: .jsonl))
    #expect(Set(objects.compactMap { $0["id"] as? String }) == Set(ids))
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
