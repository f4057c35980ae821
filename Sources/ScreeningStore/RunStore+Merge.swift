import GRDB

/// Puts the stores of shards together in a new store.
///
/// Shards come in the order of their records, so that every row is appended; there is no journal, since a file whose
/// making is interrupted is thrown away. Not for use by two threads at once.
public final class StoreMerge {
  private let store: RunStore

  /// Tables whose key is the number of the row. Whole rows are named and no order, which is theirs anyway: only so does SQLite
  /// copy a row as it stands, without taking it apart.
  private static let numberedTables = ["structures", "crystals", "rejections"]
  /// Tables whose key is of several columns.
  private static let keyedTables = ["scores", "stability"]

  /// Creates the store.
  ///
  /// - Parameters:
  ///   - path: a file that is not there.
  ///   - run: what the run is.
  public init(at path: String, run: RunDescription) throws(StoreError) {
    store = try RunStore.create(at: path, run: run)
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
    try attached(path) { db in
      for table in Self.numberedTables {
        try db.execute(sql: "INSERT INTO main.\(table) SELECT * FROM shard.\(table)")
      }
      for table in Self.keyedTables {
        try db.execute(
          sql: "INSERT INTO main.\(table) SELECT * FROM shard.\(table) ORDER BY record_key, model")
      }
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
  }

  /// Takes over what the passes before the stream found, from the store that they were made in.
  public func append(passesAt path: String) throws(StoreError) {
    try attached(path) { db in
      try db.execute(
        sql: """
          INSERT INTO main.preparation SELECT * FROM shard.preparation;
          INSERT INTO main.competitors SELECT * FROM shard.competitors ORDER BY competitor, model;
          """)
    }
  }

  /// Makes the indexes, notes that the run is finished, and checks the counts.
  ///
  /// - Parameter date: when, ISO 8601.
  /// - Returns: what became of the records.
  public func finish(at date: String) throws(StoreError) -> RunCounts {
    try store.markFinished(at: date)
    let counts = try store.verifyCounts(eachRow: false)
    try store.close()
    return counts
  }

  private func attached(_ path: String, _ body: (Database) throws -> Void) throws(StoreError) {
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
