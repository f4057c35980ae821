import Foundation
import GRDB
import TestSupport
import Testing

@testable import ScreeningStore

@Suite("Looking at stores of older versions") struct OlderStoreTests {
  /// A store as the version with these migrations left it: a row, a rejection, a finished run.
  private func writeStore(upTo migration: String, in folder: TemporaryFolder) throws {
    let old = try DatabaseQueue(path: folder.file())
    try old.write { try $0.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)") }
    try StoreSchema.migrator.migrate(old, upTo: migration)
    try old.write { db in
      try db.execute(
        sql: """
          INSERT INTO run VALUES (1, 'old', 'name: old', '00ff', '2025-01-02T03:04:05Z', '0.1', 0.05, '2025-01-03');
          INSERT INTO models (model, name, fingerprint, property, unit, members)
            VALUES (0, 'm', 'aa', 'formation_energy_per_atom', 'eV/atom', 1);
          INSERT INTO sources (source, name, records) VALUES (0, 'a.cif', 3);
          INSERT INTO structures (record_key, material_id, formula, chemical_system, sites, volume)
            VALUES (0, 'one', 'NaCl', 'Cl-Na', 8, 179.4), (2, 'two', 'KCl', 'Cl-K', 8, 249.1);
          INSERT INTO scores (record_key, model, mean, std) VALUES (0, 0, -2, 0.01), (2, 0, -2.1, 0.02);
          INSERT INTO stability (record_key, model, energy, e_above_hull) VALUES (0, 0, -2, 0.125), (2, 0, -2.1, 0);
          INSERT INTO rejections (record_key, stage, reason, message) VALUES (1, 'read', 'truncated', 'cut');
          INSERT INTO outcomes VALUES ('row', '', '', 2), ('rejected', 'read', 'truncated', 1);
          """)
    }
    try old.close()
  }

  /// All that a reader finds, by table and view.
  private func contents(of store: RunStore) throws -> [String: [[String: QueryValue]]] {
    var contents: [String: [[String: QueryValue]]] = [:]
    let names = try store.results(of: "SELECT name FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'")
    for case .text(let name) in names.map({ $0[0] }) where name != "grdb_migrations" {
      var rows: [[String: QueryValue]] = []
      try store.forEachResult(of: "SELECT * FROM \(name)") {
        rows.append(Dictionary(uniqueKeysWithValues: zip($0, $1)))
      }
      contents[name] = rows
    }
    return contents
  }

  @Test(arguments: StoreSchema.migrator.migrations)
  func `whoever looks finds what the store holds once it is brought up to date, and the file stays as it is`(
    migration: String
  ) throws {
    let folder = try TemporaryFolder()
    try writeStore(upTo: migration, in: folder)
    let bytes = FileManager.default.contents(atPath: folder.file())
    let looking = try RunStore.open(at: folder.file(), access: .readOnly)
    let seen = try contents(of: looking)
    let (ranked, counts) = (try looking.ranked(), try looking.verifyCounts())
    #expect(ranked.map(\.materialID) == ["two", "one"])
    #expect(throws: StoreError.self) { try looking.results(of: "DELETE FROM main.scores") }
    try looking.close()
    #expect(FileManager.default.contents(atPath: folder.file()) == bytes)

    let store = try RunStore.open(at: folder.file(), access: .readWrite)
    #expect(try contents(of: store) == seen)
    #expect(try store.ranked() == ranked)
    #expect(try store.verifyCounts() == counts)
  }

  @Test func `a look goes on while the store is brought up to date, and sees what is new`() throws {
    let folder = try TemporaryFolder()
    try writeStore(upTo: "6 rules of reading", in: folder)
    let looking = try RunStore.open(at: folder.file(), access: .readOnly)
    #expect(try looking.results(of: "SELECT symmetry_failure FROM ranking") == [[.null], [.null]])
    let store = try RunStore.open(at: folder.file(), access: .readWrite)
    try store.write { try $0.execute(sql: "UPDATE structures SET symmetry_failure = 'not_found'") }
    #expect(
      try looking.results(of: "SELECT symmetry_failure FROM ranking")
        == [[.text("not_found")], [.text("not_found")]])
  }

  @Test func `a store of an older version is copied as it is`() throws {
    let folder = try TemporaryFolder()
    try writeStore(upTo: "2 combined hull", in: folder)
    let looking = try RunStore.open(at: folder.file(), access: .readOnly)
    try looking.copy(to: folder.file("copy.sqlite"))
    let copy = try RunStore.open(at: folder.file("copy.sqlite"), access: .readWrite)
    #expect(try contents(of: copy) == contents(of: looking))
  }
}
