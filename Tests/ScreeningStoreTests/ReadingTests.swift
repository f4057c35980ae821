import Crystal
import GRDB
import TestSupport
import Testing

@testable import ScreeningStore

@Suite("Rules of reading in the store") struct ReadingTests {
  /// How many of the rows and rejections were read by which rule, counted by hand.
  private func recount(_ batches: [StoreBatch]) -> [String: Int] {
    let readings = batches.flatMap { $0.rows.map(\.reading) + $0.rejections.map(\.reading) }
    return readings.joined().reduce(into: [:]) { $0[$1.rawValue, default: 0] += 1 }
  }

  private func counts(_ store: RunStore) throws -> [String: Int] {
    Dictionary(uniqueKeysWithValues: try store.readingCounts().map { ($0.rule, $0.records) })
  }

  @Test func `rules come back in their order with rows, ranking and rejections`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let batch = exampleBatch(records: 0..<300)
    try store.commit(batch)
    var rows: [RecordKey: [ReadingRule]] = [:]
    try store.forEachRow { rows[$0.row.key] = $0.row.reading }
    #expect(rows == Dictionary(uniqueKeysWithValues: batch.rows.map { ($0.key, $0.reading) }))
    #expect(rows.values.contains([]) && rows.values.contains { $0.count == 2 })
    #expect(try store.ranked().allSatisfy { $0.reading == rows[$0.key] })
    var rejections: [RecordKey: [String]] = [:]
    try store.forEachRejection { rejections[$0.key] = $0.reading }
    #expect(
      rejections
        == Dictionary(
          uniqueKeysWithValues: batch.rejections.map { ($0.key, $0.reading.map(\.rawValue)) }))
    #expect(rejections.values.contains { !$0.isEmpty })
    let first = try #require(batch.rejections.first { !$0.reading.isEmpty })
    #expect(try store.rejection(of: first.key)?.reading == first.reading.map(\.rawValue))
    // Where there is none the column is NULL, not empty.
    #expect(
      try store.results(of: "SELECT count(*) FROM structures WHERE reading IS NULL")
        == [[.integer(Int64(batch.rows.count { $0.reading.isEmpty }))]])
  }

  @Test(arguments: 0..<4)
  func `the counts are those of rows and rejections, most frequent first, however batches are cut`(
    seed: UInt64
  ) throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    #expect(try store.readingCounts().isEmpty)
    var generator = SeededGenerator(seed: seed)
    var position = 0
    while position < 200 {
      // What is delivered again is left out.
      let start = max(0, position - Int.random(in: 0..<9, using: &generator))
      let end = min(200, position + Int.random(in: 1..<40, using: &generator))
      try store.commit(exampleBatch(records: start..<end, seed: seed))
      position = end
    }
    #expect(try counts(store) == recount([exampleBatch(records: 0..<200, seed: seed)]))
    let order = try store.readingCounts()
    #expect(order == order.sorted { ($1.records, $0.rule) < ($0.records, $1.rule) })
  }

  @Test func `a retry puts the rules of the new outcome in the place of the old`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    var rejected = exampleRejection(0)
    rejected.reading = [.settingByCell]
    try store.commit(
      StoreBatch(progress: [SourceProgress(source: 0, records: 0..<1)], rejections: [rejected]))
    #expect(try counts(store) == ["setting_by_cell": 1])
    try store.beginRetry(exampleRun, reopened: [])
    var row = exampleRow(0, energyAboveHull: 0)
    row.reading = [.majorityOccupancy, .sharesAdded]
    try store.commit(RetryBatch(keys: [row.key], rows: [row]))
    #expect(try counts(store) == ["majority_occupancy": 1, "shares_added": 1])
  }

  @Test func `a row that other references reject keeps its rules`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let batch = exampleBatch(records: 0..<50)
    try store.commit(batch)
    let before = try counts(store)
    let row = try #require(batch.rows.first { $0.reading.count == 2 })
    try store.beginRescore(exampleRun, noting: nil, at: "hull")
    try store.commit(
      RescoredBatch(rejections: [
        RejectedRecord(
          key: row.key, materialID: row.materialID, stage: "hull", reason: .noTerminalReference, message: "no"
        )
      ]))
    #expect(try store.rejection(of: row.key)?.reading == row.reading.map(\.rawValue))
    #expect(try counts(store) == before)
  }

  @Test func `a store from before the rules is brought up to date, with none for the records it has`() throws
  {
    let folder = try TemporaryFolder()
    do {
      let old = try DatabaseQueue(path: folder.file())
      try old.write { try $0.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)") }
      try StoreSchema.migrator.migrate(old, upTo: "5 coverage, competitors and odds")
      try old.write { db in
        try db.execute(
          sql: """
            INSERT INTO run VALUES (1, 'old', 'name: old', '00ff', '2025-01-02T03:04:05Z', '0.1', 0.05, NULL);
            INSERT INTO models (model, name, fingerprint, property, unit, members)
              VALUES (0, 'm', 'aa', 'formation_energy_per_atom', 'eV/atom', 1);
            INSERT INTO sources (source, name, records) VALUES (0, 'a.cif', 2);
            INSERT INTO structures (record_key, material_id, formula, chemical_system, sites, volume)
              VALUES (0, 'one', 'NaCl', 'Cl-Na', 8, 179.4);
            INSERT INTO stability (record_key, model, energy, e_above_hull) VALUES (0, 0, -2, 0.125);
            INSERT INTO rejections (record_key, stage, reason, message) VALUES (1, 'read', 'truncated', 'cut');
            INSERT INTO outcomes VALUES ('row', '', '', 1), ('rejected', 'read', 'truncated', 1);
            """)
      }
      try old.close()
    }
    let store = try RunStore.open(at: folder.file(), access: .readWrite)
    let row = try #require(try store.ranked().first)
    #expect(row.materialID == "one" && row.stability.energyAboveHull == 0.125 && row.reading.isEmpty)
    #expect(try store.rejection(of: RecordKey(source: 0, record: 1))?.reading == [])
    #expect(try store.readingCounts().isEmpty)
    var next = exampleRow(2, energyAboveHull: 0)
    next.reading = [.elementByLabel]
    next.scores.removeLast()
    try store.commit(StoreBatch(progress: [SourceProgress(source: 0, records: 2..<3)], rows: [next]))
    #expect(try store.readingCounts() == [ReadingCount(rule: "element_by_label", records: 1)])
    #expect(try store.verifyCounts().records == 3)
  }

  @Test func `a record is found by id, by the member of a rejection, and by number`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    var rejected = exampleRejection(1)
    try store.commit(
      StoreBatch(
        progress: [SourceProgress(source: 0, records: 0..<2)],
        rows: [exampleRow(0, id: "a'b", energyAboveHull: 0)], rejections: [rejected]))
    rejected = exampleRejection(0, source: 1)
    try store.commit(
      StoreBatch(progress: [SourceProgress(source: 1, records: 0..<1)], rejections: [rejected]))
    #expect(try store.firstRecord(named: "a'b") == RecordKey(source: 0, record: 0))
    #expect(try store.firstRecord(named: "x/1.cif") == RecordKey(source: 0, record: 1))
    #expect(try store.firstRecord(named: "", number: 1) == RecordKey(source: 0, record: 1))
    #expect(try store.firstRecord(named: "x/0.cif") == RecordKey(source: 1, record: 0))
    #expect(try store.firstRecord(named: "absent") == nil)
    #expect(try store.firstRecord(named: "", number: 7) == nil)
  }
}
