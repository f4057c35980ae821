import Crystal
import GRDB
import TestSupport
import Testing

@testable import ScreeningStore

@Suite("Symmetry in stores") struct SymmetryTests {
  private func symmetry(_ number: Int, letters: String = "ab", sites: String = "Na 4a, Cl 4b") throws
    -> RowSymmetry
  {
    RowSymmetry(
      spaceGroup: try #require(SpaceGroup(number: number)), wyckoffLetters: letters, wyckoffSites: sites)
  }

  /// A store of rows with these symmetries, or reasons why there is none, or neither.
  private func store(
    _ rows: [(RowSymmetry?, failure: String?)], in folder: ScreeningStoreTests.TemporaryFolder
  ) throws -> RunStore {
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let all = rows.enumerated().map { record, content in
      var row = exampleRow(record, energyAboveHull: Double(record) / 100)
      row.symmetry = content.0
      row.symmetryFailure = content.failure
      return row
    }
    try store.commit(
      StoreBatch(progress: [SourceProgress(source: 0, records: 0..<rows.count)], rows: all))
    return store
  }

  @Test func `rows, rankings and lists by score give back the symmetry that was stored`() throws {
    let folder = try ScreeningStoreTests.TemporaryFolder()
    let stored: [(RowSymmetry?, failure: String?)] = [
      (try symmetry(225), nil), (nil, "coincident_sites"), (nil, nil),
      (try symmetry(1, letters: "a", sites: "Na 1a"), nil),
    ]
    let store = try store(stored, in: folder)
    var rows: [ScreenedRow] = []
    try store.forEachRow { rows.append($0.row) }
    #expect(rows.map(\.symmetry) == stored.map(\.0))
    #expect(rows.map(\.symmetryFailure) == stored.map(\.failure))
    #expect(try store.ranked().map(\.symmetry) == stored.map(\.0))
    var scored: [Int: RowSymmetry?] = [:]
    try store.forEachScored(by: 0) { scored[$0.key.record] = $0.symmetry }
    for (record, content) in stored.enumerated() { #expect(scored[record] == content.0) }
  }

  @Test func `crystal systems of the store are those of the space groups`() throws {
    let folder = try ScreeningStoreTests.TemporaryFolder()
    let groups = (1...230).compactMap { SpaceGroup(number: $0) }
    let store = try store(try groups.map { (try symmetry($0.number), nil) } + [(nil, nil)], in: folder)
    let found = try store.results(
      of: "SELECT space_group, space_group_symbol, crystal_system FROM ranking ORDER BY record_key")
    #expect(
      found == groups.map {
        [.integer(Int64($0.number)), .text($0.symbol), .text($0.crystalSystem.rawValue)]
      } + [[.null, .null, .null]])
  }

  @Test func `counts are those of the rows, the reasons without a group among them`() throws {
    let folder = try ScreeningStoreTests.TemporaryFolder()
    let numbers = [225, 225, 227, 2, 14, 62, 225]
    let failures = ["not_found", "coincident_sites", "coincident_sites"]
    let store = try store(
      try numbers.map { (try symmetry($0), nil) } + failures.map { (nil, $0) } + [(nil, nil)], in: folder)
    let counts = try store.symmetryCounts()
    #expect(counts.spaceGroups == [225: 3, 227: 1, 2: 1, 14: 1, 62: 1])
    #expect(counts.orderedSystems.map(\.system) == [.triclinic, .monoclinic, .orthorhombic, .cubic])
    #expect(counts.orderedSystems.map(\.count) == [1, 1, 1, 4])
    #expect(counts.orderedFailures.map(\.code) == ["coincident_sites", "not_found"])
    #expect(counts.orderedFailures.map(\.count) == [2, 1])
  }

  @Test func `a store from before the stage is brought up to date, with no symmetry for the rows it has`()
    throws
  {
    let folder = try ScreeningStoreTests.TemporaryFolder()
    do {
      let old = try DatabaseQueue(path: folder.file())
      try old.write { try $0.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)") }
      try StoreSchema.migrator.migrate(old, upTo: "6 rules of reading")
      try old.write { db in
        try db.execute(
          sql: """
            INSERT INTO run VALUES (1, 'old', 'name: old', '00ff', '2025-01-02T03:04:05Z', '0.1', 0.05, NULL);
            INSERT INTO models (model, name, fingerprint, property, unit, members)
              VALUES (0, 'm', 'aa', 'formation_energy_per_atom', 'eV/atom', 1);
            INSERT INTO sources (source, name, records) VALUES (0, 'a.cif', 1);
            INSERT INTO structures (record_key, material_id, formula, chemical_system, sites, volume, reading)
              VALUES (0, 'one', 'NaCl', 'Cl-Na', 8, 179.4, 'element_by_label');
            INSERT INTO stability (record_key, model, energy, e_above_hull) VALUES (0, 0, -2, 0.125);
            INSERT INTO outcomes VALUES ('row', '', '', 1);
            """)
      }
      try old.close()
    }
    let store = try RunStore.open(at: folder.file(), access: .readWrite)
    let row = try #require(try store.ranked().first)
    #expect(row.materialID == "one" && row.symmetry == nil && row.reading == [.elementByLabel])
    #expect(try store.symmetryCounts() == SymmetryCounts())
    var next = exampleRow(1, energyAboveHull: 0)
    next.symmetry = try symmetry(225)
    next.scores.removeLast()
    try store.commit(StoreBatch(progress: [SourceProgress(source: 0, records: 1..<2)], rows: [next]))
    #expect(try store.ranked().map { $0.symmetry?.spaceGroup.number } == [225, nil])
    #expect(try store.verifyCounts().records == 2)
  }
}
