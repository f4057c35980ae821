import Foundation
import GRDB
import ScreeningStore
import TestSupport
import Testing

@Suite struct RollbackJournalTests {
  /// The files of a finished run as they are when a process is killed in the midst of a transaction: pages already
  /// overwritten in the file, their contents in the journal.
  private func interruptedCopy(in folder: TemporaryFolder) throws -> String {
    let path = folder.file("whole.sqlite")
    let store = try RunStore.create(at: path, run: exampleRun)
    try store.commit(exampleBatch(records: 0..<200, isFinished: true))
    try store.markFinished(at: "2025-01-02T05:00:00Z")
    try store.close()
    let copy = folder.file("killed.sqlite")
    let queue = try DatabaseQueue(path: path)
    try queue.inDatabase { db in
      // So little memory that changed pages go to the file before the end of the transaction.
      try db.execute(sql: "PRAGMA cache_size = 2; PRAGMA cache_spill = 2; BEGIN IMMEDIATE")
      try db.execute(
        sql: "UPDATE structures SET material_id = material_id || ?",
        arguments: [String(repeating: "x", count: 400)])
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      try FileManager.default.copyItem(atPath: path + "-journal", toPath: copy + "-journal")
      try db.execute(sql: "ROLLBACK")
    }
    try queue.close()
    let same = try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: URL(filePath: copy))
    #expect(!same, "the transaction has touched the file")
    return copy
  }

  @Test(arguments: [RunStore.Access.readOnly, .readWrite])
  func `a transaction that a kill left half written is undone by whoever opens the run next`(
    access: RunStore.Access
  ) throws {
    let folder = try TemporaryFolder()
    let copy = try interruptedCopy(in: folder)
    let store = try RunStore.open(at: copy, access: access)
    try store.verifyCounts()
    let whole = try RunStore.open(at: folder.file("whole.sqlite"), access: .readOnly)
    #expect(try store.ranked() == whole.ranked())
    #expect(try store.ranked().allSatisfy { !$0.materialID.hasSuffix("x") })
  }

  @Test func `a store killed while it was made is made again`() throws {
    // The journal of a file that was empty before: its one page is undone to nothing.
    let folder = try TemporaryFolder()
    let path = folder.file("new.sqlite")
    let queue = try DatabaseQueue(path: path)
    let copy = folder.file("killed.sqlite")
    try queue.inDatabase { db in
      try db.execute(
        sql: "PRAGMA cache_size = 2; PRAGMA cache_spill = 2; BEGIN IMMEDIATE; CREATE TABLE t (x)")
      for _ in 0..<50 {
        try db.execute(sql: "INSERT INTO t VALUES (?)", arguments: [String(repeating: "x", count: 3000)])
      }
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      try FileManager.default.copyItem(atPath: path + "-journal", toPath: copy + "-journal")
      try db.execute(sql: "ROLLBACK")
    }
    #expect(throws: StoreError.incomplete(path: copy)) { try RunStore.open(at: copy, access: .readWrite) }
    let store = try RunStore.create(at: copy, run: exampleRun)
    try store.commit(exampleBatch(records: 0..<10))
    #expect(try store.description() == exampleRun)
  }
}
