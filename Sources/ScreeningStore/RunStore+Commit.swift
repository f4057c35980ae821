import Foundation
import GRDB

extension RunStore {
  /// Stores a batch in one transaction: all of it, or on any error nothing.
  ///
  /// Records that an earlier commit has accounted for are left out, so a stretch that is read again after a crash
  /// changes nothing.
  ///
  /// - Throws: `StoreError.recordsSkipped` where records are missing between the last commit and this one,
  ///   `.unbalanced` and `.recordOutsideBatch` where the batch does not give each of its records one outcome,
  ///   `.notFinite` for numbers no ranking can hold, and what SQLite reports.
  public func commit(_ batch: StoreBatch) throws(StoreError) {
    try batch.checkBalance()
    try batch.checkNumbers()
    try write { db in
      let done = try RunStore.advance(batch.progress, in: db)
      func isNew(_ key: RecordKey) -> Bool { key.record >= done[key.source] ?? 0 }
      let rows = batch.rows.filter { isNew($0.key) }
      let rejections = batch.rejections.filter { isNew($0.key) }
      try BatchWriter(db).write(rows: rows, rejections: rejections)
      try RunStore.count(rows, rejections, batch.filtered.filter { isNew($0.key) }, in: db)
    }
  }

  /// Notes that the run is complete, indexes the ranking and, where no one else has the file open, leaves write-ahead
  /// mode: a finished run is one plain file that can be copied and read from read-only places.
  ///
  /// The index is made only now because keeping it up during the run costs more than everything else in a commit: it
  /// touches a page of its own for each row.
  ///
  /// - Parameters:
  ///   - date: when, ISO 8601.
  ///   - indexing: whether the index is made; not in the store of a shard, whose rows are appended to another store.
  public func markFinished(at date: String, indexing: Bool = true) throws(StoreError) {
    try write { db in
      try db.execute(sql: "UPDATE run SET finished = ?", arguments: [date])
      guard indexing else { return }
      try db.execute(sql: StoreSchema.rankingIndex)
      try db.execute(sql: StoreSchema.competitorIndex)
    }
    try leaveWriteAheadMode()
  }

  /// Makes the store one plain file again, where no one else has it open.
  func leaveWriteAheadMode() throws(StoreError) {
    do {
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    } catch DatabaseError.SQLITE_BUSY, DatabaseError.SQLITE_LOCKED {
      // Someone is looking at the run. It is complete all the same; only the second file stays.
    } catch {
      throw storeError(error)
    }
  }

  /// Moves the progress of the sources on and returns how many records of each were accounted for before.
  private static func advance(_ progress: [SourceProgress], in db: Database) throws -> [Int: Int] {
    var before: [Int: Int] = [:]
    for step in progress {
      let row = try Int.fetchOne(
        db.cachedStatement(sql: "SELECT records FROM sources WHERE source = ?"), arguments: [step.source])
      guard let records = row else { throw StoreError.unknownIndex(what: "source", index: step.source) }
      if before[step.source] == nil { before[step.source] = records }
      guard step.records.lowerBound <= records else {
        throw StoreError.recordsSkipped(
          source: step.source, expected: records, found: step.records.lowerBound)
      }
      guard step.records.upperBound >= records else { continue }
      try db.cachedStatement(
        sql: """
          UPDATE sources SET records = ?, resume_token = ?, finished = max(finished, ?) WHERE source = ?
          """
      ).execute(
        arguments: [
          step.records.upperBound, step.resumeToken.map { Data($0) }, step.isFinished, step.source,
        ])
    }
    return before
  }

  static func count(
    _ rows: [ScreenedRow], _ rejections: [RejectedRecord], _ filtered: [FilteredRecord], in db: Database
  ) throws {
    var counts: [Outcome: Int] = [:]
    if !rows.isEmpty { counts[Outcome(outcome: "row", stage: "", reason: "")] = rows.count }
    for record in rejections {
      counts[Outcome(outcome: "rejected", stage: record.stage, reason: record.reason.rawValue), default: 0] +=
        1
    }
    for record in filtered {
      counts[Outcome(outcome: "filtered", stage: record.stage, reason: ""), default: 0] += 1
    }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO outcomes (outcome, stage, reason, records) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET records = records + excluded.records
        """)
    for (outcome, records) in counts {
      try statement.execute(arguments: [outcome.outcome, outcome.stage, outcome.reason, records])
    }
  }
}

private struct Outcome: Hashable {
  let outcome: String
  let stage: String
  let reason: String
}

extension StoreBatch {
  /// Checks that every record of the progress has exactly one outcome.
  fileprivate func checkBalance() throws(StoreError) {
    var counts = progress.map { [UInt8](repeating: 0, count: $0.records.count) }
    func note(_ key: RecordKey) throws(StoreError) {
      guard
        let step = progress.firstIndex(where: { $0.source == key.source && $0.records.contains(key.record) })
      else { throw .recordOutsideBatch(source: key.source, record: key.record) }
      let slot = key.record - progress[step].records.lowerBound
      counts[step][slot] = min(counts[step][slot], 254) + 1
    }
    for row in rows { try note(row.key) }
    for record in rejections { try note(record.key) }
    for record in filtered { try note(record.key) }
    for (step, outcomes) in counts.enumerated() {
      guard let slot = outcomes.firstIndex(where: { $0 != 1 }) else { continue }
      throw .unbalanced(
        source: progress[step].source, record: progress[step].records.lowerBound + slot,
        outcomes: Int(outcomes[slot]))
    }
  }

  /// Checks that every number is finite: SQLite would take NaN for NULL.
  func checkNumbers() throws(StoreError) {
    for row in rows {
      try check(row.volume, "volume", of: row.key)
      for score in row.scores {
        try check(score.mean, "mean of model \(score.model)", of: row.key)
        try check(score.standardDeviation, "standard deviation of model \(score.model)", of: row.key)
      }
      try row.stabilities.checkNumbers(of: row.key)
    }
  }
}

extension [Stability] {
  /// Checks that every number of the places of a record is finite.
  func checkNumbers(of key: RecordKey) throws(StoreError) {
    for stability in self {
      let other = stability.withCompetitors
      try check(stability.energy, "energy", of: key)
      try check(stability.energyAboveHull, "energy above hull", of: key)
      try check(stability.decompositionEnergy, "decomposition energy", of: key)
      try check(other?.energyAboveHull, "energy above hull with competitors", of: key)
      try check(other?.decompositionEnergy, "decomposition energy with competitors", of: key)
      try check(stability.sigma, "standard error of model \(stability.model)", of: key)
      try check(stability.probability, "probability of model \(stability.model)", of: key)
      try check(other?.probability, "probability of model \(stability.model)", of: key)
    }
  }
}

private func check(_ value: Double?, _ what: String, of key: RecordKey) throws(StoreError) {
  guard let value, !value.isFinite else { return }
  throw .notFinite(source: key.source, record: key.record, what: what)
}
