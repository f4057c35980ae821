import Crystal
import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import StructureArchive
import Symmetry
import TestSupport
import Testing

@Suite("Symmetry in campaigns") struct SymmetryCampaignTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private static let stages = "- symmetry: {}\n" + CampaignFolder.stages
  private static let columns = [
    "space_group", "space_group_symbol", "crystal_system", "wyckoff_sites", "wyckoff_letters",
  ]
  private static let perovskites = """
    - decorate:
        prototype: perovskite
        sites: {A: [Na, K], B: [Mg], X: [F]}
    - decorate:
        prototype: ThCr2Si2
        sites: {A: [Ca], B: [Li], X: [O, S]}
    """

  /// Some candidates of three crystal systems: cubic, tetragonal, and triclinic from an archive.
  private func inputs() throws -> String {
    var generator = SeededGenerator(seed: 21)
    let elements = ["Li", "Na", "O", "F"].compactMap { Element(symbol: $0) }
    let lines = try (0..<3).map { index in
      try recordLine(
        id: "random-\(index)",
        structure: try randomStructure(siteCount: 4, using: &generator, elements: elements))
    }
    return Self.perovskites + "\n" + (try files.archive(lines))
  }

  /// The lines of an export, each as a JSON object.
  private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test func `each row has the symmetry of its own crystal, in the store and in every table`() throws {
    let report = try files.run(try files.campaign(inputs: try inputs(), stages: Self.stages))
    #expect(report.counts.rows == 7)
    #expect(report.symmetry?.systems == ["cubic": 2, "tetragonal": 2, "triclinic": 3])
    #expect(report.symmetry?.failures == [:])
    let store = try openRun(files.folder.path("run"))
    let rows = try files.table()
    let objects = try objects(try files.export(format: .jsonl))
    for (position, row) in try store.ranked().enumerated() {
      let structure = try #require(try store.structure(of: row.key))
      let expected = try CrystalSymmetry(of: structure, tolerance: 0.01)
      let found = try #require(row.symmetry)
      #expect(found.spaceGroup == expected.spaceGroup)
      #expect(found.wyckoffLetters == String(expected.wyckoffLetters))
      #expect(found.wyckoffSites == expected.wyckoffSites.text)
      let values = [
        "\(expected.spaceGroup.number)", expected.spaceGroup.symbol,
        expected.spaceGroup.crystalSystem.rawValue, found.wyckoffSites, found.wyckoffLetters,
      ]
      #expect(Self.columns.map { rows[position][$0] } == values)
      #expect(objects[position]["space_group"] as? Int == expected.spaceGroup.number)
      #expect(Self.columns.dropFirst().map { objects[position][$0] as? String } == Array(values.dropFirst()))
      let isRandom = row.materialID.hasPrefix("random")
      #expect(
        found.spaceGroup.symbol
          == (isRandom ? "P1" : row.materialID.hasPrefix("perovskite") ? "Pm-3m" : "I4/mmm"))
    }
    let one = try #require(rows.first { $0["id"]?.hasPrefix("ThCr2Si2:Ca-Li-O") == true })
    #expect(one["wyckoff_sites"] == "Li 4d, Ca 2a, O 4e")
  }

  @Test func `lists of crystals say the space group beside the sites that they hold`() throws {
    try files.run(try files.campaign(inputs: try inputs(), stages: Self.stages))
    let store = try openRun(files.folder.path("run"))
    let ranked = try store.ranked()
    let frames = try files.export(format: .extxyz).split(separator: "\n").filter { $0.contains("Lattice=") }
    let entries = try objects(try files.export(format: .optimade)).filter {
      $0["type"] as? String == "structures"
    }
    let path = files.folder.path("all.zip")
    try RunExport(selection: .all, format: .cif).write(store, to: path)
    let reader = try ArchiveReader(path: path)
    for (position, row) in ranked.enumerated() {
      let group = try #require(row.symmetry?.spaceGroup)
      #expect(
        frames[position].contains(" space_group=\(group.number) space_group_symbol=\"\(group.symbol)\""))
      let attributes = try #require(entries[position]["attributes"] as? [String: Any])
      #expect(attributes["space_group_it_number"] as? Int == group.number)
      #expect(attributes["space_group_symbol_hermann_mauguin"] as? String == group.spacedSymbol)
      #expect(attributes["_sluice_space_group"] as? Int == group.number)
      #expect(attributes["_sluice_wyckoff_letters"] as? String == row.symmetry?.wyckoffLetters)
      let record = try #require(try reader.next())
      let text = String(decoding: record.bytes, as: UTF8.self)
      #expect(text.contains("_sluice_space_group_number \(group.number)\n"))
      #expect(text.contains("_sluice_space_group_symbol '\(group.spacedSymbol)'\n"))
      // All sites are listed, so the items that readers go by stay P 1.
      #expect(text.contains("_space_group_name_H-M_alt 'P 1'\n_space_group_IT_number 1\n"))
      #expect(try StructureDecoder().decode(record).structure.siteCount == row.siteCount)
    }
  }

  @Test func `a campaign without the stage says nothing of symmetry`() throws {
    let report = try files.run(try files.campaign(inputs: try inputs()))
    #expect(report.symmetry == nil)
    let store = try openRun(files.folder.path("run"))
    #expect(try symmetryTolerance(of: try store.description()) == nil)
    #expect(try store.symmetryCounts() == SymmetryCounts())
    #expect(try Set(files.table()[0].keys).isDisjoint(with: Self.columns))
    #expect(try !files.export(format: .extxyz).contains("space_group"))
    #expect(try !files.export(format: .optimade).contains("space_group"))
  }

  @Test func `the stage changes nothing but the columns it adds, wherever it stands and on any threads`()
    throws
  {
    let inputs = try inputs()
    try files.run(try files.campaign(named: "plain", inputs: inputs), in: "plain")
    let plain = try files.table("plain")
    try files.run(try files.campaign(named: "first", inputs: inputs, stages: Self.stages), in: "first")
    let last = CampaignFolder.stages + "\n- symmetry: {tolerance: 0.01}"
    try files.run(
      try files.campaign(named: "last", inputs: inputs, stages: last, batch: 2), in: "last", jobs: 3)
    let found = try files.table("first")
    #expect(try files.table("last") == found)
    #expect(found.map { row in row.filter { !Self.columns.contains($0.key) } } == plain)
  }

  @Test func `the tolerance decides, and the plan holds it`() throws {
    let perovskite = try #require(try pinched(by: 0.05))
    let input = try files.archive([try recordLine(id: "pinched", structure: perovskite)])
    var symbols: [String] = []
    for tolerance in [0.01, 0.2] {
      let name = "at-\(tolerance)"
      try files.run(
        try files.campaign(named: name, inputs: input, stages: "- symmetry: {tolerance: \(tolerance)}"),
        in: name)
      let store = try openRun(files.folder.path(name))
      #expect(try symmetryTolerance(of: try store.description()) == tolerance)
      try store.forEachRow { symbols.append($0.row.symmetry?.spaceGroup.symbol ?? "") }
    }
    #expect(symbols == ["P4mm", "Pm-3m"])
  }

  /// A cubic perovskite whose central atom is moved along z (Å).
  private func pinched(by distance: Double) throws -> Structure? {
    let edge = 3.9
    return try Structure(
      lattice: Lattice(a: SIMD3(edge, 0, 0), b: SIMD3(0, edge, 0), c: SIMD3(0, 0, edge)),
      elements: ["Sr", "Ti", "O", "O", "O"].compactMap { Element(symbol: $0) },
      fractionalPositions: [
        .zero, SIMD3(0.5, 0.5, 0.5 + distance / edge), SIMD3(0, 0.5, 0.5), SIMD3(0.5, 0, 0.5),
        SIMD3(0.5, 0.5, 0),
      ])
  }

  @Test func `with a largest distance only rows that a model puts within it have a symmetry`() throws {
    try files.run(try files.campaign())
    let distances = try files.table().compactMap { $0["e_above_hull"].flatMap { Double($0) } }
    let middle = distances[distances.count / 2]
    let stages = CampaignFolder.stages + "\n- symmetry: {maximum_distance: \(middle)}"
    let report = try files.run(try files.campaign(named: "near", stages: stages), in: "near")
    let rows = try openRun(files.folder.path("near")).ranked()
    #expect(rows.allSatisfy { ($0.symmetry != nil) == ($0.stability.energyAboveHull <= middle) })
    #expect(report.symmetry?.systems == ["cubic": distances.count { $0 <= middle }])
    #expect(distances.contains { $0 > middle })
  }

  @Test func `a crystal without a symmetry is a row with a reason, and counted`() throws {
    let good = try #require(try pinched(by: 0))
    let lithium = try #require(Element(symbol: "Li"))
    let twice = try Structure(
      lattice: good.lattice, elements: [lithium, lithium], fractionalPositions: [.zero, SIMD3(1e-4, 0, 0)])
    let large = try good.supercell(SIMD3(6, 6, 6))
    let lines = try [("good", good), ("twice", twice), ("large", large)].map {
      try recordLine(id: $0.0, structure: $0.1)
    }
    let report = try files.run(
      try files.campaign(inputs: try files.archive(lines), stages: "- symmetry: {}"))
    #expect(report.counts.rows == 3 && report.counts.rejected == 0)
    #expect(report.symmetry?.failures == ["coincident_sites": 1, "too_many_sites": 1])
    let store = try openRun(files.folder.path("run"))
    let found = try store.results(
      of: "SELECT material_id, space_group, symmetry_failure FROM structures ORDER BY record_key")
    #expect(
      found == [
        [.text("good"), .integer(221), .null], [.text("twice"), .null, .text("coincident_sites")],
        [.text("large"), .null, .text("too_many_sites")],
      ])
  }

  @Test func `after a search it is the chosen cell's`() throws {
    let perovskite = try #require(try pinched(by: 0))
    try files.folder.write(cifText(id: "cubic", structure: perovskite), to: "cubic.cif")
    try TinyModel.write(to: files.folder.path("model"), spread: 0.5)
    let input = """
      - decorate:
          file: cubic.cif
          sites: {Sr: [Na, K, Li], Ti: [Mg, Be], O: [F, O]}
          volume: {per_atom: {value: 12}}
          search: {strain_c: [-0.1, 0, 0.1]}
      """
    try files.run(try files.campaign(inputs: input, stages: Self.stages))
    let store = try openRun(files.folder.path("run"))
    var shapes: Set<String> = []
    for row in try store.ranked() {
      let structure = try #require(try store.structure(of: row.key))
      let expected = try CrystalSymmetry(of: structure, tolerance: 0.01).spaceGroup
      #expect(row.symmetry?.spaceGroup == expected)
      #expect((row.shape == "strain_c=0.0") == (expected.crystalSystem == .cubic), "\(row.shape ?? "")")
      shapes.insert(row.shape ?? "")
    }
    #expect(shapes.count > 1)
  }

  @Test func `a rescored run keeps the symmetry of its rows`() throws {
    try files.run(try files.campaign(inputs: try inputs(), stages: Self.stages))
    _ = try Rescoring(
      files.folder.path("run"), threshold: 1, output: files.folder.path("rescored"), jobs: 1
    ).run()
    let (before, after) = (try files.table(), try files.table("rescored"))
    #expect(
      before.map { row in Self.columns.map { row[$0] } } == after.map { row in Self.columns.map { row[$0] } })
    #expect(before.allSatisfy { $0["space_group"]?.isEmpty == false })
  }

  @Test func `two symmetry stages and tolerances that are none are refused`() throws {
    for (stages, words) in [
      ("- symmetry: {}\n- symmetry: {}", "at most one symmetry stage"),
      ("- symmetry: {tolerance: 0}", "tolerance"), ("- symmetry: {tolerance: 2}", "tolerance"),
      ("- symmetry: {symprec: 0.1}", "symprec"),
      ("- symmetry: {maximum_distance: 0.1}\n" + CampaignFolder.stages, "no hull stage"),
    ] {
      let file = try files.campaign(stages: stages)
      let said = message { _ = try CampaignPlan(file: file) }
      #expect(said.contains(words), "\(said)")
    }
  }

  @Test func `doctor counts crystal systems where it is asked to`() throws {
    try files.run(try files.campaign(inputs: try inputs(), stages: Self.stages))
    let path = files.folder.path("all.zip")
    try RunExport(selection: .all, format: .cif).write(try openRun(files.folder.path("run")), to: path)
    let report = try ArchiveExamination(path, symmetryTolerance: 0.01).run(clock: { 0 }, progress: { _ in })
    #expect(report.symmetry?.systems == ["cubic": 2, "tetragonal": 2, "triclinic": 3])
    #expect(report.symmetry?.spaceGroups == [221: 2, 139: 2, 1: 3])
    let plain = try ArchiveExamination(path).run(clock: { 0 }, progress: { _ in })
    #expect(plain.symmetry == nil)
  }
}
