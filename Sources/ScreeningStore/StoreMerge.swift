import GRDB
import Glibc

/// Puts the stores of shards together in a new store.
///
/// Shards come in the order of their records, so that every row is appended; there is no journal, since a file whose
/// making is interrupted is thrown away. Rows are taken over as they lie in the pages of the shards' files (`MergedTables`),
/// several times as fast as by statements. Not for use by two threads at once.
public final class StoreMerge {
  /// How rows get into the store.
  public enum Method: Sendable {
    /// As they lie in the shards' files; a shard whose file is laid out otherwise is copied by statements first.
    case pages
    /// By statements of SQLite: the plain way, which the other is compared with.
    case statements
  }

  private let path: String
  private let run: RunDescription
  private var method: Method
  /// While shards are appended by statements, and at the end.
  private var store: RunStore?
  private var tables: MergedTables?
  private var rest: MergedRest
  private var passes: [String] = []

  /// Creates the store.
  ///
  /// - Parameters:
  ///   - path: a file that is not there.
  ///   - run: what the run is.
  ///   - method: how rows get into it.
  public init(at path: String, run: RunDescription, method: Method = .pages) throws(StoreError) {
    self.path = path
    self.run = run
    self.method = method
    let store = try RunStore.create(at: path, run: run)
    let columns = try store.read { db in
      try Dictionary(
        uniqueKeysWithValues: (MergedRest.tables + ["stability"]).map {
          ($0, try db.columns(in: $0).map(\.name))
        })
    }
    rest = MergedRest(columns: columns)
    self.store = store
    if method == .pages {
      // Made while they are empty; their entries come with those of the tables.
      try store.write { try $0.execute(sql: "\(StoreSchema.rankingIndex); \(StoreSchema.competitorIndex)") }
    }
    try leaveJournal(of: store)
    guard method == .pages else { return }
    if try DatabaseFile(at: path).isPlain {
      try store.close()
      self.store = nil
      tables = try MergedTables(at: path, columns: columns["stability"] ?? [])
    } else {
      // An SQLite that makes other files than usual fills them itself.
      self.method = .statements
      try store.write { try $0.execute(sql: StoreSchema.dropIndexes) }
    }
  }

  private func leaveJournal(of store: RunStore) throws(StoreError) {
    do {
      try store.queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA journal_mode = DELETE")
        try db.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536")
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Appends the records of a shard's store, which is finished and stays as it is.
  ///
  /// - Throws: `StoreError.recordsSkipped` where the shard does not begin where the one before it ended.
  public func append(shardAt path: String) throws(StoreError) {
    guard let tables else {
      try attached(path) { db in
        try RowStatements.appendTables(db)
        try RowStatements.appendRest(db)
      }
      return
    }
    let shard = try DatabaseFile(at: path)
    guard tables.fits(shard) else { return try appendCopy(of: path, to: tables) }
    try tables.append(shard)
    try rest.append(shard)
  }

  /// Appends a shard whose pages are not like those of this store: its rows are copied to a store that is made as this one is.
  private func appendCopy(of path: String, to tables: MergedTables) throws(StoreError) {
    let copied = self.path + ".copy"
    for name in [copied, copied + "-wal", copied + "-shm", copied + "-journal"] { unlink(name) }
    defer { unlink(copied) }
    let copy = try StoreMerge(at: copied, run: run, method: .statements)
    try copy.attached(path) { db in
      try RowStatements.appendTables(db)
      try RowStatements.copyRest(db)
    }
    try copy.store?.close()
    let file = try DatabaseFile(at: copied)
    guard tables.fits(file) else { throw .notADatabase(path: path) }
    try tables.append(file)
    try rest.append(file)
  }

  /// Takes over what the passes before the stream found, from the store that they were made in.
  public func append(passesAt path: String) throws(StoreError) {
    guard method == .statements else {
      // Taken over at the end; that it can be read is to be known before shards are.
      guard try DatabaseFile(at: path).objects["preparation"] != nil else { throw .notADatabase(path: path) }
      return passes.append(path)
    }
    try attached(path) { try RowStatements.appendPasses($0) }
  }

  /// Makes the indexes, notes that the run is finished, and checks the counts.
  ///
  /// - Parameter date: when, ISO 8601.
  /// - Returns: what became of the records.
  public func finish(at date: String) throws(StoreError) -> RunCounts {
    if let tables {
      let hasIndexes = try tables.finish()
      self.tables = nil
      let store = try RunStore.open(at: path, access: .unforced)
      try leaveJournal(of: store)
      self.store = store
      for path in passes { try attached(path) { try RowStatements.appendPasses($0) } }
      try store.write { db in
        try rest.write(db)
        if !hasIndexes { try db.execute(sql: StoreSchema.dropIndexes) }
      }
    }
    guard let store else { preconditionFailure("a merge has a store when it ends") }
    try store.markFinished(at: date)
    let counts = try store.verifyCounts(eachRow: false)
    try store.close()
    return counts
  }

  private func attached(_ path: String, _ body: (Database) throws -> Void) throws(StoreError) {
    guard let store else { preconditionFailure("statements are for an open store") }
    do {
      try store.queue.writeWithoutTransaction { db in
        try db.execute(sql: "ATTACH DATABASE ? AS shard", arguments: [RunStore.immutableName(path)])
        try db.inTransaction {
          try body(db)
          return .commit
        }
        try db.execute(sql: "DETACH DATABASE shard")
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }
}

/// What an attached shard gives, by statements.
private enum RowStatements {
  /// The rows of all records. Of tables whose key is the number of the row, whole rows are named and no order, which is theirs
  /// anyway: only so does SQLite copy a row as it stands, without taking it apart.
  static func appendTables(_ db: Database) throws {
    for table in MergedTables.numbered {
      try db.execute(sql: "INSERT INTO main.\(table) SELECT * FROM shard.\(table)")
    }
    for table in MergedTables.keyed {
      try db.execute(sql: "INSERT INTO main.\(table) SELECT * FROM shard.\(table) ORDER BY record_key, model")
    }
  }

  /// Counts, progress and what the shard is.
  static func appendRest(_ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO main.outcomes SELECT * FROM shard.outcomes WHERE true
        ON CONFLICT DO UPDATE SET records = records + excluded.records;
        INSERT INTO main.shards SELECT * FROM shard.shards;
        """)
    let parts = try Row.fetchAll(
      db,
      sql: """
        SELECT source, coalesce(first, 0) AS first, records, finished FROM shard.sources
        WHERE records > coalesce(first, 0) OR finished
        """)
    for part in parts {
      let (source, first): (Int, Int) = (part["source"], part["first"])
      let done = try Int.fetchOne(
        db, sql: "SELECT records FROM main.sources WHERE source = ?", arguments: [source])
      guard done == first else {
        throw StoreError.recordsSkipped(source: source, expected: done ?? 0, found: first)
      }
      try db.execute(
        sql: "UPDATE main.sources SET records = ?, finished = ? WHERE source = ?",
        arguments: [part["records"] as Int, part["finished"] as Bool, source])
    }
  }

  /// The same as they stand in the shard, in place of what there is.
  static func copyRest(_ db: Database) throws {
    for table in MergedRest.tables {
      try db.execute(sql: "DELETE FROM main.\(table); INSERT INTO main.\(table) SELECT * FROM shard.\(table)")
    }
  }

  /// What passes before the stream found.
  static func appendPasses(_ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO main.preparation SELECT * FROM shard.preparation;
        INSERT INTO main.competitors SELECT * FROM shard.competitors ORDER BY competitor, model;
        """)
  }
}
