public import Crystal
import GRDB

/// A row in the order of what one model says of it, where no model predicts an energy.
public struct ScoreRankedRow: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// The material's own id.
  public let materialID: String
  /// Formula of the reduced composition.
  public let formula: String
  /// Chemical system, e.g. "Cl-Na".
  public let chemicalSystem: String
  /// Number of sites of the cell.
  public let siteCount: Int
  /// Volume of the cell (Å³).
  public let volume: Double
  /// What the model says, in its unit; of a classifier the probability of class 1.
  public let score: Double
  /// Standard deviation over the ensemble, where there is one.
  public let standardDeviation: Double?
  /// The free parameters that a search chose; nil without a search.
  public let shape: String?
  /// How many cells were scored; nil without a search.
  public let evaluations: Int?
  /// The rules by which its reader concluded what the record does not say, in the order of application.
  public let reading: [ReadingRule]
  /// Its symmetry; nil where none was found, or none was looked for.
  public let symmetry: RowSymmetry?
  /// What other models say of it, in the order in which they were asked for; nil where one says nothing.
  public internal(set) var others: [Double?] = []
}

extension RunStore {
  /// Passes rows on, those with the largest scores first, one at a time. Rows of one score are ordered by material
  /// id (by its UTF-8 bytes) and record, so that the order is total.
  ///
  /// - Parameters:
  ///   - model: whose scores, by position in the run's list.
  ///   - limit: at most this many rows; nil for all.
  ///   - others: models whose scores come with the rows.
  ///   - body: receives the rows.
  /// - Throws: `StoreError`, and what `body` throws, which ends the iteration.
  public func forEachScored(
    by model: Int, limit: Int? = nil, others: [Int] = [], _ body: (ScoreRankedRow) throws -> Void
  ) throws {
    try iterate { db in
      let cursor = try Row.fetchCursor(
        db,
        sql: """
          SELECT record_key, material_id, formula, chemical_system, sites, volume, mean, std, shape, evaluations, reading,
            \(RowSymmetry.columns)
          FROM scores JOIN structures USING (record_key) WHERE model = ?
          ORDER BY mean DESC, material_id, record_key LIMIT ?
          """, arguments: [model, limit ?? -1])
      let scores = try db.makeStatement(sql: Self.scoreQuery)
      while let row = try cursor.next() {
        var scored = ScoreRankedRow(row)
        scored.others = try others.map {
          try Double.fetchOne(scores, arguments: [scored.key.packed, $0])
        }
        try body(scored)
      }
    }
  }

  /// Rows that a model gives more than `bound`.
  public func scoredCount(by model: Int, above bound: Double) throws(StoreError) -> Int {
    try read {
      try Int.fetchOne(
        $0, sql: "SELECT count(*) FROM scores WHERE model = ? AND mean > ?", arguments: [model, bound]) ?? 0
    }
  }

  /// The score of a record by a model.
  static let scoreQuery = "SELECT mean FROM scores WHERE record_key = ? AND model = ?"
}

extension ScoreRankedRow {
  fileprivate init(_ row: Row) {
    key = RecordKey(packed: row[0])
    materialID = row[1]
    formula = row[2]
    chemicalSystem = row[3]
    siteCount = row[4]
    volume = row[5]
    score = row[6]
    standardDeviation = row[7]
    shape = row[8]
    evaluations = row[9]
    reading = [ReadingRule](columnText: row[10])
    symmetry = RowSymmetry(row, from: 11)
  }
}
