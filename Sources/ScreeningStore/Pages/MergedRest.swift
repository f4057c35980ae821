import Foundation
import GRDB

/// What a merged store has beside the rows of records: counts of outcomes, progress of the sources, and the shards.
struct MergedRest {
  /// The tables.
  static let tables = ["outcomes", "shards", "sources"]

  private let columns: [String: [String]]
  private var outcomes: [[StoredValue]: Int64] = [:]
  private var shards: [[StoredValue]] = []
  private var progress: [Int64: (records: Int64, isFinished: Bool)] = [:]

  /// Of no shard.
  ///
  /// - Parameter columns: names of the columns of each table, as they are stored.
  init(columns: [String: [String]]) { self.columns = columns }

  /// Takes over what a shard has.
  ///
  /// - Throws: `StoreError.recordsSkipped` where it does not begin where the one before it ended; `.notADatabase` for a damaged
  ///   file.
  mutating func append(_ shard: DatabaseFile) throws(StoreError) {
    for row in try rows(of: "outcomes", in: shard) {
      let key = ["outcome", "stage", "reason"].map { row[$0] ?? .null }
      let (sum, isTooLarge) = outcomes[key, default: 0].addingReportingOverflow(integer(row["records"]))
      guard !isTooLarge else { throw .notADatabase(path: shard.path) }
      outcomes[key] = sum
    }
    for row in try rows(of: "shards", in: shard) {
      shards.append((columns["shards"] ?? []).map { row[$0] ?? .null })
    }
    for row in try rows(of: "sources", in: shard) {
      let (source, first) = (integer(row["source"]), integer(row["first"]))
      let (records, isFinished) = (integer(row["records"]), integer(row["finished"]) != 0)
      guard records > first || isFinished else { continue }
      let done = progress[source]?.records ?? 0
      guard done == first else {
        throw .recordsSkipped(source: Int(source), expected: Int(done), found: Int(first))
      }
      progress[source] = (records, isFinished)
    }
  }

  /// Writes all of it to the store, whose sources have no progress.
  func write(_ db: Database) throws {
    for (key, records) in outcomes.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      try db.execute(
        sql: "INSERT INTO outcomes (outcome, stage, reason, records) VALUES (?, ?, ?, ?)",
        arguments: StatementArguments(key.map(\.databaseValue) + [records.databaseValue]))
    }
    let marks = (columns["shards"] ?? []).map { _ in "?" }.joined(separator: ", ")
    for row in shards {
      try db.cachedStatement(sql: "INSERT INTO shards VALUES (\(marks))").execute(
        arguments: StatementArguments(row.map(\.databaseValue)))
    }
    for (source, state) in progress.sorted(by: { $0.key < $1.key }) {
      try db.execute(
        sql: "UPDATE sources SET records = ?, finished = ? WHERE source = ?",
        arguments: [state.records, state.isFinished, source])
      guard db.changesCount == 1 else { throw StoreError.unknownIndex(what: "source", index: Int(source)) }
    }
  }

  /// The rows of a table by the names of their columns. Columns that were added later are missing from older rows.
  private func rows(
    of table: String, in shard: DatabaseFile
  ) throws(StoreError) -> [[String: StoredValue]] {
    let names = columns[table] ?? []
    return try shard.rows(of: table).map { key, values in
      var row = Dictionary(uniqueKeysWithValues: zip(names, values))
      // The column that is the number of the row is not stored a second time.
      if let name = Self.numbers[table] { row[name] = .integer(key) }
      return row
    }
  }

  private static let numbers = ["shards": "shard", "sources": "source"]

  private func integer(_ value: StoredValue?) -> Int64 {
    if case .integer(let value) = value { value } else { 0 }
  }
}

extension StoredValue {
  var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .integer(let value): value.databaseValue
    case .real(let value): value.databaseValue
    case .text(let value): value.databaseValue
    case .blob(let bytes): Data(bytes).databaseValue
    }
  }
}
