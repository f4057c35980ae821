import GRDB

/// What became of rejected records that were read again: exactly one outcome for each of them.
public struct RetryBatch: Sendable {
  /// The records that were read again; all of them are rejections of the store.
  public var keys: [RecordKey]
  /// Those that came through this time.
  public var rows: [ScreenedRow]
  /// Those that were rejected again, perhaps for another reason.
  public var rejections: [RejectedRecord]
  /// Those that a stage leaves out on purpose.
  public var filtered: [FilteredRecord]

  /// A batch of outcomes.
  public init(
    keys: [RecordKey], rows: [ScreenedRow] = [], rejections: [RejectedRecord] = [],
    filtered: [FilteredRecord] = []
  ) {
    self.keys = keys
    self.rows = rows
    self.rejections = rejections
    self.filtered = filtered
  }
}

extension RunStore {
  /// Begins to read the rejected records again, under a plan that may have changed in what does not touch rows.
  ///
  /// One transaction: the plan, the names and digests of the sources, and a mark that the rejections from the first on
  /// are still to be read. A source that ended with a rejection in place of the rest of its archive is taken back by
  /// that record and is unfinished again, as is each source of `reopened`.
  ///
  /// - Parameters:
  ///   - run: the run under its plan of now; it has the same models and as many sources.
  ///   - reopened: sources that may have more records than were read.
  /// - Throws: `StoreError`.
  public func beginRetry(_ run: RunDescription, reopened: Set<Int>) throws(StoreError) {
    try write { db in
      try RunStore.notePlan(run, in: db)
      try db.execute(
        sql: "UPDATE run SET sluice_version = ?, finished = NULL", arguments: [run.sluiceVersion])
      for index in run.sources.indices {
        if reopened.contains(index) {
          // Where the reader stood in the file as it was says nothing about the file as it is.
          try db.execute(
            sql: "UPDATE sources SET finished = 0, resume_token = NULL WHERE source = ?", arguments: [index])
        }
        try RunStore.takeBackBreak(of: index, in: db)
      }
      try db.execute(sql: "INSERT OR REPLACE INTO retry (only_row, next_key) VALUES (1, 0)")
    }
  }

  /// The last record of a source that could not be read to its end stands for the rest of it; it has no member.
  private static func takeBackBreak(of source: Int, in db: Database) throws {
    guard
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT sources.records - 1, stage, reason FROM sources
          JOIN rejections ON record_key = (sources.source << 40) + sources.records - 1
          WHERE sources.source = ? AND member IS NULL AND stage = 'read'
          """, arguments: [source])
    else { return }
    let key = RecordKey(source: source, record: row[0])
    try db.execute(sql: "DELETE FROM rejections WHERE record_key = ?", arguments: [key.packed])
    try RunStore.discount(outcome: "rejected", stage: row[1], reason: row[2], in: db)
    try db.execute(
      sql: "UPDATE sources SET records = ?, finished = 0, resume_token = NULL WHERE source = ?",
      arguments: [key.record, source])
  }

  /// Whether rejected records are still to be read again.
  public func isRetrying() throws(StoreError) -> Bool {
    try read { try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM retry)") ?? false }
  }

  /// The rejected records that are still to be read again, by source and record; none where no retry has begun.
  public func recordsToRetry() throws(StoreError) -> [RecordKey] {
    try read { db in
      try Int64.fetchAll(
        db,
        sql: """
          SELECT record_key FROM rejections
          WHERE record_key >= (SELECT next_key FROM retry) ORDER BY record_key
          """
      ).map { RecordKey(packed: $0) }
    }
  }

  /// Puts new outcomes in the place of rejections, in one transaction: all of them, or on any error nothing.
  ///
  /// - Throws: `StoreError.unbalanced` where a record has no outcome or several, `.recordOutsideBatch` where an outcome
  ///   is none of the batch's or a record is no rejection, and what SQLite reports.
  public func commit(_ batch: RetryBatch) throws(StoreError) {
    var outcomes = Dictionary(batch.keys.map { ($0, 0) }, uniquingKeysWith: +)
    for key in batch.rows.map(\.key) + batch.rejections.map(\.key) + batch.filtered.map(\.key) {
      guard let count = outcomes[key] else {
        throw .recordOutsideBatch(source: key.source, record: key.record)
      }
      outcomes[key] = count + 1
    }
    for key in batch.keys where outcomes[key] != 1 {
      throw .unbalanced(source: key.source, record: key.record, outcomes: outcomes[key] ?? 0)
    }
    try StoreBatch(progress: [], rows: batch.rows).checkNumbers()
    try write { db in
      for key in batch.keys {
        guard
          let row = try Row.fetchOne(
            db.cachedStatement(sql: "DELETE FROM rejections WHERE record_key = ? RETURNING stage, reason"),
            arguments: [key.packed])
        else { throw StoreError.recordOutsideBatch(source: key.source, record: key.record) }
        try RunStore.discount(outcome: "rejected", stage: row[0], reason: row[1], in: db)
      }
      try BatchWriter(db).write(rows: batch.rows, rejections: batch.rejections)
      try RunStore.count(batch.rows, batch.rejections, batch.filtered, in: db)
      if let last = batch.keys.max() {
        try db.execute(sql: "UPDATE retry SET next_key = ?", arguments: [last.packed + 1])
      }
    }
  }

  /// Notes that all rejected records have been read again.
  public func endRetry() throws(StoreError) { try write { try $0.execute(sql: "DELETE FROM retry") } }

  /// Takes one record off a running count.
  static func discount(outcome: String, stage: String, reason: String, in db: Database) throws {
    try db.cachedStatement(
      sql: """
        UPDATE outcomes SET records = records - 1 WHERE outcome = ? AND stage = ? AND reason = ?
        """
    ).execute(arguments: [outcome, stage, reason])
    try db.cachedStatement(sql: "DELETE FROM outcomes WHERE records = 0").execute()
  }
}
