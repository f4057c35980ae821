import Crystal
import GRDB

/// A row of the ranking: a structure, its place on the hull and what the models say.
public struct RankedRow: Hashable, Sendable {
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
  /// Place on the hull.
  public let stability: Stability
  /// Standard deviation of the energy over the ensemble (eV/atom), where there is one.
  public let energyStandardDeviation: Double?
}

/// Which rows of the ranking are wanted.
public struct RankingFilter: Hashable, Sendable {
  /// Only energies of this model, by position in the run's list; nil for all.
  public var model: Int?
  /// Only rows with at most this energy above hull (eV/atom); nil for all.
  public var maximumEnergyAboveHull: Double?
  /// At most this many rows; nil for all.
  public var limit: Int?

  /// A filter; without arguments it lets every row through.
  public init(model: Int? = nil, maximumEnergyAboveHull: Double? = nil, limit: Int? = nil) {
    self.model = model
    self.maximumEnergyAboveHull = maximumEnergyAboveHull
    self.limit = limit
  }
}

extension RunStore {
  /// The best rows: by energy above hull, then material id (by its UTF-8 bytes), source, record and model. The order is
  /// total, so equal runs rank equally.
  public func ranked(_ filter: RankingFilter = RankingFilter()) throws(StoreError) -> [RankedRow] {
    var rows: [RankedRow] = []
    do { try forEachRanked(filter) { rows.append($0) } } catch { throw storeError(error) }
    return rows
  }

  /// Passes the rows of the ranking to `body`, in the order of `ranked`, one at a time.
  ///
  /// - Throws: `StoreError`, and what `body` throws, which ends the iteration.
  public func forEachRanked(
    _ filter: RankingFilter = RankingFilter(), _ body: (RankedRow) throws -> Void
  ) throws {
    var conditions: [String] = []
    var arguments: StatementArguments = []
    if let model = filter.model {
      conditions.append("model_index = ?")
      arguments += [model]
    }
    if let maximum = filter.maximumEnergyAboveHull {
      conditions.append("e_above_hull <= ?")
      arguments += [maximum]
    }
    let sql = """
      SELECT record_key, material_id, formula, chemical_system, sites, volume, model_index, energy, e_above_hull,
        decomposition_energy, decomposition, energy_std
      FROM ranking \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
      ORDER BY e_above_hull, material_id, record_key, model_index LIMIT ?
      """
    try iterate { db in
      let cursor = try Row.fetchCursor(db, sql: sql, arguments: arguments + [filter.limit ?? -1])
      while let row = try cursor.next() { try body(RankedRow(row)) }
    }
  }
}

extension RankedRow {
  fileprivate init(_ row: Row) {
    key = RecordKey(packed: row[0])
    materialID = row[1]
    formula = row[2]
    chemicalSystem = row[3]
    siteCount = row[4]
    volume = row[5]
    stability = Stability(
      model: row[6], energy: row[7], energyAboveHull: row[8], decompositionEnergy: row[9],
      decomposition: row[10])
    energyStandardDeviation = row[11]
  }
}
