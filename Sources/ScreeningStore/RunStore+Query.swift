import Foundation
import GRDB

/// A value of a query's result.
public enum QueryValue: Hashable, Sendable {
  /// NULL.
  case null
  /// A whole number.
  case integer(Int64)
  /// A real number.
  case real(Double)
  /// A text.
  case text(String)
  /// Bytes.
  case blob([UInt8])
}

extension RunStore {
  /// Passes the rows of an SQL query to `body`, one at a time. Statements that would change the store are refused.
  ///
  /// - Parameters:
  ///   - sql: one SELECT statement; docs/store.md describes the tables.
  ///   - body: receives the names of the columns and the values of a row.
  /// - Throws: `StoreError.failed` with SQLite's message for a wrong statement, and what `body` throws.
  public func forEachResult(
    of sql: String, _ body: (_ columns: [String], _ values: [QueryValue]) throws -> Void
  ) throws {
    try iterate { db in
      let statement = try db.makeStatement(sql: sql)
      let columns = statement.columnNames
      let rows = try Row.fetchCursor(statement)
      while let row = try rows.next() {
        try body(columns, row.databaseValues.map { QueryValue($0) })
      }
    }
  }

  /// The rows of an SQL query, all at once.
  public func results(of sql: String) throws(StoreError) -> [[QueryValue]] {
    var rows: [[QueryValue]] = []
    do { try forEachResult(of: sql) { rows.append($1) } } catch { throw storeError(error) }
    return rows
  }
}

extension QueryValue {
  fileprivate init(_ value: DatabaseValue) {
    switch value.storage {
    case .null: self = .null
    case .int64(let number): self = .integer(number)
    case .double(let number): self = .real(number)
    case .string(let text): self = .text(text)
    case .blob(let data): self = .blob(Array(data))
    }
  }
}
