import Foundation
import GRDB

/// One model's distance of one row to a hull, as a survey of all rows reads them.
public struct SurveyedDistance: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// The material's own id.
  public let materialID: String
  /// Chemical system, e.g. "Cl-Na".
  public let chemicalSystem: String
  /// Position of the model in the run's list.
  public let model: Int
  /// Energy above the hull (eV/atom).
  public let energyAboveHull: Double
  /// Whether the distance is to be doubted.
  public let isFlagged: Bool
  /// Standard deviation of the energy over the ensemble (eV/atom), where there is one.
  public let spread: Double?
}

extension RunStore {
  /// Passes the distances of all rows to `body`, by record and model: less of each row than `forEachRanked` reads, in no
  /// order of rank, so that the largest run is gone through in seconds.
  ///
  /// - Parameters:
  ///   - hull: the hull of the distances; rows that it does not know are left out.
  ///   - body: what it throws ends the survey and passes through.
  /// - Throws: `StoreError`; `StoreError.noCombinedHull` and `.staleCombinedHull` where that hull is not there.
  public func forEachDistance(
    to hull: RankingHull, _ body: (SurveyedDistance) throws -> Void
  ) throws {
    try iterate { db in
      if hull == .combined { try requireCombinedHull(db) }
      let combined =
        hull == .combined
        ? """
        JOIN (SELECT record_key AS combined_key, model AS combined_model, e_above_hull AS e_above_combined_hull
          FROM combined_stability) AS combined
        ON combined_key = stability.record_key AND combined_model = stability.model
        """ : ""
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT stability.record_key, material_id, chemical_system, stability.model, \(hull.distanceColumn),
            NOT (\(hull.isCredible)), scores.std
          FROM stability JOIN structures ON structures.record_key = stability.record_key \(combined)
          LEFT JOIN scores ON scores.record_key = stability.record_key AND scores.model = stability.model
          ORDER BY stability.record_key, stability.model
          """)
      while let row = try rows.next() {
        try body(
          SurveyedDistance(
            key: RecordKey(packed: row[0]), materialID: row[1], chemicalSystem: row[2], model: row[3],
            energyAboveHull: row[4], isFlagged: row[5], spread: row[6]))
      }
    }
  }

  /// What the members of an ensemble predict for a record; empty where they are not kept.
  public func members(of key: RecordKey, model: Int) throws(StoreError) -> [Double] {
    let bytes = try read {
      try Data.fetchOne(
        $0.cachedStatement(sql: "SELECT members FROM scores WHERE record_key = ? AND model = ?"),
        arguments: [key.packed, model])
    }
    return bytes.map { MemberValues.decode(Array($0)) } ?? []
  }

  /// The rows with a material's id, in the order of their records.
  public func keys(ofID materialID: String) throws(StoreError) -> [RecordKey] {
    try read {
      try Int64.fetchAll(
        $0, sql: "SELECT record_key FROM structures WHERE material_id = ? ORDER BY record_key",
        arguments: [materialID]
      ).map { RecordKey(packed: $0) }
    }
  }

  /// Ids of rows that begin with a text, as help for one who mistyped: some, in their order.
  public func ids(beginningWith text: String, limit: Int) throws(StoreError) -> [String] {
    try read {
      try String.fetchAll(
        $0,
        sql: """
          SELECT DISTINCT material_id FROM structures WHERE substr(material_id, 1, length(?)) = ?
          ORDER BY material_id LIMIT ?
          """, arguments: [text, text, limit])
    }
  }

  /// The score of a record by a model that places nothing on a hull; nil where there is none.
  public func score(of key: RecordKey, model: Int) throws(StoreError) -> (mean: Double, spread: Double?)? {
    try read { db in
      try Row.fetchOne(
        db.cachedStatement(sql: "SELECT mean, std FROM scores WHERE record_key = ? AND model = ?"),
        arguments: [key.packed, model]
      ).map { ($0[0], $0[1]) }
    }
  }

  /// What the table of structures says of a record; nil where it is no row.
  public func plainRow(of key: RecordKey) throws(StoreError) -> PlainRow? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT material_id, formula, sites, volume FROM structures WHERE record_key = ?",
        arguments: [key.packed]
      ).map { PlainRow(materialID: $0[0], formula: $0[1], siteCount: $0[2], volume: $0[3]) }
    }
  }

  /// The place of a row among those of its model, from 1, in the order of the ranking by distance.
  public func rank(of row: RankedRow, on hull: RankingHull) throws(StoreError) -> Int {
    let column = hull.distanceColumn
    let distance = row.place(on: hull).energyAboveHull
    return try read { db in
      let before = try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM ranking WHERE model_index = ?
            AND (\(column), material_id, record_key) < (?, ?, ?)
          """, arguments: [row.stability.model, distance, row.materialID, row.key.packed])
      return (before ?? 0) + 1
    }
  }
}

/// What is known of a row before any model has spoken.
public struct PlainRow: Hashable, Sendable {
  /// The material's own id.
  public let materialID: String
  /// Formula of the reduced composition.
  public let formula: String
  /// Number of sites of the cell.
  public let siteCount: Int
  /// Volume of the cell (Å³).
  public let volume: Double
}
