import Foundation
import GRDB
import TestSupport
import Testing

@testable import ScreeningStore

@Suite struct FaultTests {
  private func error(_ body: () throws -> Void) -> StoreError? {
    do {
      try body()
      return nil
    } catch {
      return error as? StoreError
    }
  }

  @Test func `a missing file, a missing folder and a folder are said plainly`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    let missing = error { _ = try RunStore.open(at: path, access: .readOnly) }
    #expect(missing == .cannotOpen(path: path, message: "there is no such file"))
    #expect(!FileManager.default.fileExists(atPath: path))
    for place in [folder.file("no/run.sqlite"), folder.path] {
      let refused = error { _ = try RunStore.create(at: place, run: exampleRun) }
      guard case .cannotOpen? = refused else {
        Issue.record("\(place): \(String(describing: refused))")
        continue
      }
    }
  }

  @Test func `a file that is no database is refused and left as it is`() throws {
    let folder = try TemporaryFolder()
    let bytes = Data(
      "A text of more than a hundred bytes, which is no database. ".utf8 + Array(repeating: 65, count: 200))
    try bytes.write(to: URL(filePath: folder.file()))
    for access in [RunStore.Access.readOnly, .readWrite] {
      #expect(
        error { _ = try RunStore.open(at: folder.file(), access: access) }
          == .notADatabase(path: folder.file()))
    }
    #expect(
      error { _ = try RunStore.create(at: folder.file(), run: exampleRun) }
        == .notADatabase(path: folder.file()))
    #expect(try Data(contentsOf: URL(filePath: folder.file())) == bytes)
  }

  @Test func `another program's database is refused and left as it is`() throws {
    let folder = try TemporaryFolder()
    do {
      let other = try DatabaseQueue(path: folder.file())
      try other.write { try $0.execute(sql: "CREATE TABLE cats (name TEXT)") }
      try other.close()
    }
    let bytes = try Data(contentsOf: URL(filePath: folder.file()))
    #expect(
      error { _ = try RunStore.open(at: folder.file(), access: .readWrite) }
        == .notARunStore(path: folder.file()))
    #expect(
      error { _ = try RunStore.create(at: folder.file(), run: exampleRun) }
        == .alreadyExists(path: folder.file()))
    #expect(try Data(contentsOf: URL(filePath: folder.file())) == bytes)
  }

  @Test func `a store of a newer version is refused with what is unknown`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('9 later')") }
    try store.close()
    for access in [RunStore.Access.readOnly, .readWrite] {
      #expect(
        error { _ = try RunStore.open(at: folder.file(), access: access) }
          == .newerVersion(path: folder.file(), unknown: ["9 later"]))
    }
  }

  @Test func `a run is not created twice, but an interrupted creation is completed`() throws {
    let folder = try TemporaryFolder()
    try RunStore.create(at: folder.file(), run: exampleRun).close()
    #expect(
      error { _ = try RunStore.create(at: folder.file(), run: exampleRun) }
        == .alreadyExists(path: folder.file()))

    let half = try RunStore.create(at: folder.file("half"), run: exampleRun)
    try half.write { try $0.execute(sql: "DELETE FROM run; DELETE FROM models; DELETE FROM sources") }
    try half.close()
    #expect(
      error { _ = try RunStore.open(at: folder.file("half"), access: .readWrite) }
        == .incomplete(path: folder.file("half")))
    let whole = try RunStore.create(at: folder.file("half"), run: exampleRun)
    #expect(try whole.description() == exampleRun)

    try Data().write(to: URL(filePath: folder.file("empty")))
    #expect(try RunStore.create(at: folder.file("empty"), run: exampleRun).description() == exampleRun)
  }

  @Test func `a full disk loses nothing that was committed`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<100))
    let before = try store.ranked()
    try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
    var position = 100
    let full = error {
      while position < 100_000 {
        try store.commit(exampleBatch(records: position..<position + 500))
        position += 500
      }
    }
    #expect(full == .diskFull(path: folder.file()))
    #expect(try store.sourceStates()[0].records == position)
    #expect(try store.verifyCounts().records == position)
    try store.close()
    let again = try RunStore.open(at: folder.file(), access: .readWrite)
    #expect(position == 100 ? try again.ranked() == before : true)
    try again.commit(exampleBatch(records: position..<position + 500))
    #expect(try again.verifyCounts().records == position + 500)
  }

  @Test func `a database that another program holds is said to be locked`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = 1") }
    let other = try DatabaseQueue(path: folder.file())
    try other.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        #expect(error { try store.commit(exampleBatch(records: 0..<5)) } == .locked(path: folder.file()))
        return .commit
      }
    }
    try store.commit(exampleBatch(records: 0..<5))
    #expect(try store.counts().records == 5)
  }

  @Test func `a store opened for reading refuses to be written`() throws {
    let folder = try TemporaryFolder()
    let writer = try RunStore.create(at: folder.file(), run: exampleRun)
    try writer.commit(exampleBatch(records: 0..<10))
    let reader = try RunStore.open(at: folder.file(), access: .readOnly)
    #expect(error { try reader.commit(exampleBatch(records: 10..<20)) } == .readOnly(path: folder.file()))
    // The reader sees what is committed while it is open.
    try writer.commit(exampleBatch(records: 10..<20))
    #expect(try reader.counts().records == 20)
  }

  @Test func `a write-ahead log cut at any byte leaves whole commits`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    for batch in 0..<4 { try store.commit(exampleBatch(records: 7 * batch..<7 * batch + 7)) }
    // The files as a killed process leaves them: not closed, so the log is not yet part of the database.
    let main = try Data(contentsOf: URL(filePath: folder.file()))
    let log = try Data(contentsOf: URL(filePath: folder.file() + "-wal"))
    var generator = SeededGenerator(seed: 5)
    var seen: Set<Int> = []
    for trial in 0..<60 {
      let name = folder.file("cut-\(trial)")
      let length = trial == 0 ? log.count : Int.random(in: 0...log.count, using: &generator)
      try main.write(to: URL(filePath: name))
      try log.prefix(length).write(to: URL(filePath: name + "-wal"))
      // Cut before the creation was complete, there is no run yet, and that is said.
      guard let cut = try? RunStore.open(at: name, access: .readWrite) else { continue }
      let records = try cut.verifyCounts().records
      #expect(records % 7 == 0)
      seen.insert(records)
      try cut.commit(exampleBatch(records: 0..<28))
      #expect(try cut.ranked() == store.ranked())
    }
    #expect(seen.contains(28) && seen.count >= 3)
  }

  @Test(arguments: [
    "DELETE FROM structures WHERE record_key = (SELECT max(record_key) FROM structures)",
    "DELETE FROM rejections WHERE record_key = (SELECT max(record_key) FROM rejections)",
    "UPDATE rejections SET reason = 'other'",
    "UPDATE outcomes SET records = records + 1 WHERE outcome = 'filtered'",
    "UPDATE sources SET records = records + 1",
    "INSERT INTO scores (record_key, model, mean) VALUES (-1, 0, 0)",
    "INSERT INTO stability (record_key, model, energy, e_above_hull) VALUES (-1, 0, 0, 0)",
    "INSERT INTO crystals (record_key, payload) VALUES (-1, x'00')",
  ])
  func `a store changed by another hand does not pass the count`(sql: String) throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<100))
    try store.verifyCounts()
    try store.write { try $0.execute(sql: sql) }
    guard case .countsDisagree? = error({ try store.verifyCounts() }) else {
      Issue.record("the change went unnoticed")
      return
    }
  }

  @Test func `a finished run is one file`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<100))
    let before = try store.ranked()
    try store.markFinished(at: "2025-01-03T00:00:00Z")
    let copy = folder.file("copy")
    try FileManager.default.copyItem(atPath: folder.file(), toPath: copy)
    #expect(try RunStore.open(at: copy, access: .readOnly).ranked() == before)
    let plan = try store.results(of: "EXPLAIN QUERY PLAN SELECT * FROM ranking LIMIT 10")
    #expect(
      plan.contains { if case .text(let step) = $0[3] { step.contains("stability_by_hull") } else { false } })
  }

  @Test func `a run is also marked finished while someone is looking`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<100))
    try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = 1") }
    let reader = try RunStore.open(at: folder.file(), access: .readOnly)
    try reader.forEachRanked(RankingFilter(limit: 1)) { _ in
      try store.markFinished(at: "2025-01-03T00:00:00Z")
    }
    #expect(try reader.finishedDate() != nil)
  }

  @Test func `network file systems are told by the table of mounts`() {
    let mounts = """
      /dev/sda1 / ext4 rw 0 0
      server:/home /home nfs4 rw 0 0
      /dev/sdb1 /home/local\\040disk xfs rw 0 0
      scratch /scratch lustre rw 0 0
      """
    for (path, type) in [
      ("/", "ext4"), ("/homework", "ext4"), ("/home", "nfs4"), ("/home/a/b", "nfs4"),
      ("/home/local disk/x", "xfs"),
      ("/scratch/run", "lustre"),
    ] { #expect(FileSystemKind.type(ofAbsolutePath: path, mounts: mounts) == type) }
    #expect(FileSystemKind.isNetworkType("lustre") && !FileSystemKind.isNetworkType("ext4"))
    #expect(!FileSystemKind.isNetwork(folder: "/proc"))
  }
}
