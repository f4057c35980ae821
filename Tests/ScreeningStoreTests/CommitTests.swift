import Crystal
import ScreeningStore
import TestSupport
import Testing

@Suite struct CommitTests {
  @Test func `what is committed comes back, exactly`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let row = exampleRow(0, id: "mp-1 “α”", energyAboveHull: 0.1 + 0.2)
    try store.commit(StoreBatch(progress: [SourceProgress(source: 0, records: 0..<1)], rows: [row]))
    let ranked = try #require(try store.ranked().first)
    #expect(ranked.key == row.key)
    #expect(ranked.materialID == row.materialID)
    #expect(ranked.formula == row.formula)
    #expect(ranked.chemicalSystem == row.chemicalSystem)
    #expect(ranked.siteCount == row.siteCount)
    #expect(ranked.volume == row.volume)
    #expect(ranked.stability == row.stabilities[0])
    #expect(ranked.energyStandardDeviation == 0.01)
  }

  @Test(arguments: 0..<8)
  func `the ranking is sorted by energy above hull, id and record, whatever the order of commits`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: seed)
    var expected: [ScreenedRow] = []
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    var position = [0, 0]
    for _ in 0..<6 {
      let source = Int.random(in: 0..<2, using: &generator)
      let end = position[source] + Int.random(in: 0..<30, using: &generator)
      let batch = exampleBatch(source: source, records: position[source]..<end, seed: seed)
      position[source] = end
      try store.commit(batch)
      expected += batch.rows
    }
    expected.sort {
      let (left, right) = ($0.stabilities[0].energyAboveHull, $1.stabilities[0].energyAboveHull)
      return (left, $0.materialID, $0.key.source, $0.key.record) < (
        right, $1.materialID, $1.key.source, $1.key.record
      )
    }
    #expect(try store.ranked().map(\.key) == expected.map(\.key))
    #expect(try store.ranked(RankingFilter(limit: 5)).map(\.key) == expected.prefix(5).map(\.key))
    let stable = expected.filter { $0.stabilities[0].energyAboveHull <= 0.02 }
    #expect(
      try store.ranked(RankingFilter(model: 0, maximumEnergyAboveHull: 0.02)).map(\.key) == stable.map(\.key))
    #expect(try store.ranked(RankingFilter(model: 1)).isEmpty)
  }

  @Test(arguments: 0..<8)
  func `records delivered again change nothing, however the batches are cut`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    let once = try RunStore.create(at: folder.file("once"), run: exampleRun)
    try once.commit(exampleBatch(records: 0..<100))
    let often = try RunStore.create(at: folder.file("often"), run: exampleRun)
    var done = 0
    while done < 100 {
      let start = Int.random(in: 0...done, using: &generator)
      let end = min(100, start + Int.random(in: 0..<25, using: &generator))
      try often.commit(exampleBatch(records: start..<end))
      done = max(done, end)
    }
    #expect(try often.ranked() == once.ranked())
  }

  @Test func `a gap in the records is refused and nothing is stored`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<10))
    let before = try store.ranked()
    #expect(throws: StoreError.recordsSkipped(source: 0, expected: 10, found: 11)) {
      try store.commit(exampleBatch(records: 11..<20))
    }
    #expect(try store.ranked() == before)
  }

  @Test func `a batch gives each of its records exactly one outcome`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let progress = [SourceProgress(source: 0, records: 0..<3)]
    let rows = [exampleRow(0, energyAboveHull: 0), exampleRow(2, energyAboveHull: 0)]
    #expect(throws: StoreError.unbalanced(source: 0, record: 1, outcomes: 0)) {
      try store.commit(StoreBatch(progress: progress, rows: rows))
    }
    #expect(throws: StoreError.unbalanced(source: 0, record: 2, outcomes: 2)) {
      try store.commit(
        StoreBatch(progress: progress, rows: rows, rejections: [exampleRejection(1), exampleRejection(2)]))
    }
    #expect(throws: StoreError.recordOutsideBatch(source: 0, record: 3)) {
      try store.commit(StoreBatch(progress: progress, rows: rows, rejections: [exampleRejection(3)]))
    }
    #expect(throws: StoreError.unknownIndex(what: "source", index: 2)) {
      try store.commit(StoreBatch(progress: [SourceProgress(source: 2, records: 0..<0)]))
    }
    #expect(try store.ranked().isEmpty)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `a number that no ranking can hold is refused`(value: Double) throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let progress = [SourceProgress(source: 0, records: 0..<1)]
    #expect(throws: StoreError.notFinite(source: 0, record: 0, what: "mean of model 0")) {
      try store.commit(StoreBatch(progress: progress, rows: [exampleRow(0, energyAboveHull: value)]))
    }
    var row = exampleRow(0, energyAboveHull: 0)
    row.stabilities = [Stability(model: 0, energy: 0, energyAboveHull: value)]
    #expect(throws: StoreError.notFinite(source: 0, record: 0, what: "energy above hull")) {
      try store.commit(StoreBatch(progress: progress, rows: [row]))
    }
    #expect(try store.ranked().isEmpty)
  }

  @Test func `the same material id twice in one input makes two rows`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let rows = [exampleRow(0, id: "mp-1", energyAboveHull: 0), exampleRow(1, id: "mp-1", energyAboveHull: 0)]
    try store.commit(StoreBatch(progress: [SourceProgress(source: 0, records: 0..<2)], rows: rows))
    #expect(try store.ranked().map(\.key.record) == [0, 1])
  }

  @Test(arguments: ["", "a\0b", "é\u{301}", "'; DROP TABLE run; --", String(repeating: "x", count: 100_000)])
  func `any text is a material id`(id: String) throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let row = exampleRow(0, id: id, energyAboveHull: 0)
    try store.commit(StoreBatch(progress: [SourceProgress(source: 0, records: 0..<1)], rows: [row]))
    let stored = try #require(try store.ranked().first).materialID
    #expect(Array(stored.utf8) == Array((id == "a\0b" ? "a\u{FFFD}b" : id).utf8))
  }
}
