import Crystal
import Foundation
import GRDB

/// What the hull decides by of a stored row: all that is needed to place it anew.
public struct ScoredRow: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// The material's own id.
  public let materialID: String
  /// Formula of the reduced composition.
  public let formula: String
  /// What each model predicts, by model; without the members' own predictions.
  public let scores: [Score]
}

/// New places of rows, and rows that have none any more: exactly one outcome for each row.
public struct RescoredBatch: Sendable {
  /// The places of a row that stays one.
  public struct PlacedRow: Hashable, Sendable {
    /// Identity of the record.
    public let key: RecordKey
    /// Its places, at most one a model.
    public let stabilities: [Stability]

    /// The places of a row.
    public init(key: RecordKey, stabilities: [Stability]) {
      self.key = key
      self.stabilities = stabilities
    }
  }

  /// Rows with their places.
  public var rows: [PlacedRow]
  /// Rows that become rejections.
  public var rejections: [RejectedRecord]

  /// A batch of outcomes.
  public init(rows: [PlacedRow] = [], rejections: [RejectedRecord] = []) {
    self.rows = rows
    self.rejections = rejections
  }
}

extension RunStore {
  /// Writes a copy of the store as it is at one moment, whoever else has it open, as one plain file.
  ///
  /// - Parameter path: where; there is no file.
  /// - Throws: `StoreError`, naming the path of the copy where it is the copy that cannot be written.
  public func copy(to path: String) throws(StoreError) {
    do {
      try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [path]) }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Takes all places off the rows and puts the run under another plan, to be placed anew.
  ///
  /// One transaction. The run is unfinished afterwards and has no hull of references and candidates; its records, scores
  /// and counts stay.
  /// - Parameters:
  ///   - run: the run under its new plan; it has the same models and sources.
  ///   - note: appended to the message of each rejection at `stage` that does not end with it; nil for none.
  ///   - stage: the stage that placed the rows.
  /// - Throws: `StoreError`.
  public func beginRescore(
    _ run: RunDescription, noting note: String?, at stage: String
  ) throws(StoreError) {
    try write { db in
      try db.execute(
        sql: """
          UPDATE run SET plan = ?, plan_fingerprint = ?, created = ?, sluice_version = ?, stability_threshold = ?,
            finished = NULL
          """,
        arguments: [
          run.plan, run.planFingerprint, run.created, run.sluiceVersion, run.stabilityThreshold,
        ])
      // Kept up for each row, the indexes would cost more than all else; they are made when the run is finished.
      try db.execute(sql: StoreSchema.dropIndexes)
      try db.execute(
        sql: "DELETE FROM stability; DELETE FROM combined_stability; DELETE FROM combined_hull")
      guard let note else { return }
      try db.execute(
        sql: """
          UPDATE rejections SET message = message || :note
          WHERE stage = :stage AND substr(message, -length(:note)) <> :note
          """, arguments: ["note": note, "stage": stage])
    }
  }

  /// Some rows with their scores, by source and record.
  ///
  /// - Parameters:
  ///   - key: the record after which they begin; nil for the first.
  ///   - limit: at most so many.
  public func scoredRows(after key: RecordKey?, limit: Int) throws(StoreError) -> [ScoredRow] {
    try read { db in
      let scores = try db.cachedStatement(
        sql: "SELECT model, mean, std FROM scores WHERE record_key = ? ORDER BY model")
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT record_key, material_id, formula FROM structures WHERE record_key > ? ORDER BY record_key LIMIT ?
            """), arguments: [key?.packed ?? -1, limit])
      return try rows.map { row in
        let key: Int64 = row[0]
        return ScoredRow(
          key: RecordKey(packed: key), materialID: row[1], formula: row[2],
          scores: try Row.fetchAll(scores, arguments: [key]).map {
            Score(model: $0[0], mean: $0[1], standardDeviation: $0[2])
          })
      }
    }
  }

  /// Stores the outcomes of rows that were placed anew, in one transaction: all of them, or on any error nothing.
  ///
  /// - Throws: `StoreError.recordOutsideBatch` where a rejected record is no row, `.notFinite`, and what SQLite reports.
  public func commit(_ batch: RescoredBatch) throws(StoreError) {
    for row in batch.rows { try row.stabilities.checkNumbers(of: row.key) }
    try write { db in
      let writer = try BatchWriter(db)
      for row in batch.rows { try writer.write(row.stabilities, of: row.key) }
      var rejections: [RejectedRecord] = []
      for var record in batch.rejections {
        let key = record.key.packed
        guard
          let row = try Row.fetchOne(
            db.cachedStatement(sql: "DELETE FROM structures WHERE record_key = ? RETURNING reading"),
            arguments: [key])
        else { throw StoreError.recordOutsideBatch(source: record.key.source, record: record.key.record) }
        record.reading = [ReadingRule](columnText: row[0])
        rejections.append(record)
        try db.cachedStatement(sql: "DELETE FROM crystals WHERE record_key = ?").execute(arguments: [key])
        try db.cachedStatement(sql: "DELETE FROM scores WHERE record_key = ?").execute(arguments: [key])
        try RunStore.discount(outcome: "row", stage: "", reason: "", in: db)
      }
      try writer.write(rows: [], rejections: rejections)
      try RunStore.count([], rejections, [], in: db)
    }
  }
}
