import GRDB

/// How a store that an older version wrote is looked at without being changed.
///
/// Migrations add tables, add columns that may be NULL, and replace views. So a connection that only reads gets temporary
/// views of its own, which stand before the file's tables: a table that lacks columns has NULL in them, a table that is
/// missing is empty, and the views are those of this version. Nothing is copied, and nothing is written to the file.
enum OlderStore {
  /// Puts the tables and views of this version before those of a file.
  ///
  /// - Parameter connection: a connection to a store of an older version, opened for reading.
  static func bringUpToDate(_ connection: DatabaseQueue) throws {
    let current = try StoreSchema.empty.get()
    let (tables, views) = try current.read { (try objects("table", in: $0), try objects("view", in: $0)) }
    let columns = try current.read { db in
      try tables.map { try names(ofColumnsOf: $0.name, in: db) }
    }
    try connection.inDatabase { db in
      for (table, columns) in zip(tables, columns) {
        let own = try names(ofColumnsOf: table.name, in: db)
        let missing = columns.filter { !own.contains($0) }
        if own.isEmpty {
          try db.execute(sql: temporary(table.sql))
        } else if !missing.isEmpty {
          let added = missing.map { ", NULL AS \($0)" }.joined()
          try db.execute(
            sql: "CREATE TEMP VIEW \(table.name) AS SELECT stored.*\(added) FROM main.\(table.name) AS stored"
          )
        }
      }
      for view in views { try db.execute(sql: temporary(view.sql)) }
    }
  }

  private static func objects(_ kind: String, in db: Database) throws -> [(name: String, sql: String)] {
    try Row.fetchAll(
      db,
      sql: "SELECT name, sql FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name",
      arguments: [kind]
    ).map { ($0["name"], $0["sql"]) }
  }

  /// Generated columns among them.
  private static func names(ofColumnsOf table: String, in db: Database) throws -> [String] {
    try String.fetchAll(db, sql: "SELECT name FROM pragma_table_xinfo(?, 'main')", arguments: [table])
  }

  private static func temporary(_ sql: String) -> String { "CREATE TEMP" + sql.dropFirst("CREATE".count) }
}
