import Foundation
import GRDB
import TestSupport
import Testing

@testable import ScreeningStore

/// A merged store has the same rows, indexes and counts, whether pages of the shards are taken over or statements copy the rows.
@Suite struct StoreMergeTests {
  @Test func `pages and statements make the same store`() throws {
    let folder = try TemporaryFolder()
    let shards = try exampleShards(in: folder, ranges: [0..<70, 70..<71, 71..<1200, 1200..<1203])
    let (counts, byPages) = try merge(shards, in: folder, .pages)
    let (expected, byStatements) = try merge(shards, in: folder, .statements)
    #expect(counts == expected)
    try expectSame(byPages, byStatements)
  }

  @Test func `shards with other pages are copied`() throws {
    let folder = try TemporaryFolder()
    let shards = try exampleShards(in: folder, ranges: [0..<70, 70..<300, 300..<400])
    let queue = try DatabaseQueue(path: shards[1])
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA page_size = 8192; VACUUM") }
    try queue.close()
    #expect(try DatabaseFile(at: shards[1]).pageSize == 8192)
    let (counts, byPages) = try merge(shards, in: folder, .pages)
    let (expected, byStatements) = try merge(shards, in: folder, .statements)
    #expect(counts == expected)
    try expectSame(byPages, byStatements)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.contains(".copy") })
  }

  @Test(arguments: [StoreMerge.Method.pages, .statements])
  func `a shard that is missing is noticed`(method: StoreMerge.Method) throws {
    let folder = try TemporaryFolder()
    let shards = try exampleShards(in: folder, ranges: [0..<70, 70..<90, 90..<100])
    #expect(throws: StoreError.recordsSkipped(source: 0, expected: 70, found: 90)) {
      try merge([shards[0], shards[2]], in: folder, method)
    }
  }

  @Test func `places beyond the limit are left to SQLite`() throws {
    var places = HullPlaces()
    places.append(key: 1, model: 0, hull: .real(0.5), competitors: .nothing)
    #expect(places.isComplete)
    places.append(key: 2, model: 1 << 40, hull: .real(0.5), competitors: .nothing)
    #expect(!places.isComplete)
    places.append(key: 3, model: 0, hull: .real(0.5), competitors: .nothing)
    // No distance, and one that no store of this program has.
    for distance in [StoredNumber.integer(.max), .nothing] {
      var others = HullPlaces()
      others.append(key: 1, model: 0, hull: distance, competitors: .nothing)
      #expect(!others.isComplete)
    }
    var entries = 0
    try places.forEachEntry(of: .hull) { (_) throws(StoreError) in entries += 1 }
    #expect(entries == 0)
  }

  // MARK: Shards

  private func exampleShards(in folder: TemporaryFolder, ranges: [Range<Int>]) throws -> [String] {
    try ranges.enumerated().map { index, range in
      let path = folder.file("shard-\(index).sqlite")
      let store = try RunStore.create(at: path, run: exampleRun, access: .unforced)
      try store.beginShard(
        ShardDescription(
          index: index, count: ranges.count, plan: "p", records: range.count, processor: "any",
          sluiceVersion: "0.1"),
        starts: range.lowerBound == 0
          ? [] : [ShardStart(source: 0, record: range.lowerBound, resumeToken: [1, 2])])
      var batch = StoreBatch(
        progress: [
          SourceProgress(source: 0, records: range, resumeToken: [3], isFinished: index == ranges.count - 1)
        ])
      for record in range {
        if record % 11 == 3 {
          batch.rejections.append(exampleRejection(record))
        } else if record % 17 == 4 {
          batch.filtered.append(FilteredRecord(key: RecordKey(source: 0, record: record), stage: "filter"))
        } else {
          // Whole numbers, zeros of both signs and equal distances among them; a payload longer than a page now and then.
          let distance = [0, -0.0, 1, Double((record * 7919) % 97) / 50 - 0.3, 0.125][record % 5]
          let size = record % 50 == 7 ? 9000 : 60
          batch.rows.append(
            exampleRow(
              record, energyAboveHull: distance, payload: [UInt8](repeating: UInt8(record % 251), count: size)
            ))
        }
      }
      try store.commit(batch)
      try store.markFinished(at: "2025-01-02T03:04:06Z", indexing: false)
      let copy = folder.file("copy-\(index).sqlite")
      try store.copyRows(to: copy)
      return copy
    }
  }

  private func merge(
    _ shards: [String], in folder: TemporaryFolder, _ method: StoreMerge.Method
  ) throws -> (RunCounts, String) {
    let path = folder.file("\(method)-\(UUID().uuidString).sqlite")
    let merge = try StoreMerge(at: path, run: exampleRun, method: method)
    for shard in shards { try merge.append(shardAt: shard) }
    return (try merge.finish(at: "2025-01-02T03:04:07Z"), path)
  }

  private func expectSame(_ first: String, _ second: String) throws {
    #expect(try problems(of: first) == ["ok"])
    let names = try DatabaseQueue(path: second).read {
      try Row.fetchAll(
        $0, sql: "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
    }
    #expect(
      try DatabaseQueue(path: first).read {
        try Row.fetchAll(
          $0, sql: "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
      } == names)
    for row in names where row["type"] == "table" {
      let name: String = row["name"]
      #expect(try rows(of: name, in: first) == rows(of: name, in: second), "\(name)")
    }
    #expect(try rows(of: "structures", in: first).count > 10)
    for index in HullPlaces.indexes {
      #expect(try entries(of: index, in: first) == entries(of: index, in: second), "\(index)")
    }
  }

  /// The entries of an index as they are stored.
  private func entries(of index: String, in path: String) throws -> [[StoredValue]] {
    let file = try DatabaseFile(at: path)
    var entries: [[StoredValue]] = []
    try file.cells(ofTreeAt: try #require(file.objects[index]?.root)) { (cell) throws(StoreError) in
      entries.append(try file.values(of: cell))
    }
    #expect(!entries.isEmpty)
    return entries
  }
}
