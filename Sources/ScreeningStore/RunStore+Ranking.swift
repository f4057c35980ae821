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
  /// Place on the hull of references and candidates, where that has been computed from all rows there are.
  public let combined: CombinedStability?
}

/// A hull that candidates are ranked by.
public enum RankingHull: String, CaseIterable, Hashable, Sendable {
  /// The hull of the references: a row's place depends on that row alone.
  case references
  /// The hull of the references and all candidates of the run, which compete with each other.
  case combined
}

/// Which rows of the ranking are wanted.
public struct RankingFilter: Hashable, Sendable {
  /// Only energies of this model, by position in the run's list; nil for all.
  public var model: Int?
  /// The hull that rows are ranked by.
  public var hull: RankingHull
  /// Only rows with at most this energy above that hull (eV/atom); nil for all.
  public var maximumEnergyAboveHull: Double?
  /// At most this many rows; nil for all.
  public var limit: Int?

  /// A filter; without arguments it lets every row through.
  public init(
    model: Int? = nil, maximumEnergyAboveHull: Double? = nil, limit: Int? = nil,
    hull: RankingHull = .references
  ) {
    self.model = model
    self.hull = hull
    self.maximumEnergyAboveHull = maximumEnergyAboveHull
    self.limit = limit
  }
}

extension RunStore {
  /// The best rows: by energy above hull, then material id (by its UTF-8 bytes), source, record and model. The order is
  /// total, so equal runs rank equally.
  ///
  /// - Throws: `StoreError.noCombinedHull` and `.staleCombinedHull` where rows are ranked by a hull that is not there.
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
    try iterate { db in
      let hull = try combinedHull(db)
      if filter.hull == .combined { try requireCombinedHull(db) }
      let (sql, arguments) = filter.query(showsCombined: hull?.isCurrent == true)
      let cursor = try Row.fetchCursor(db, sql: sql, arguments: arguments)
      while let row = try cursor.next() { try body(RankedRow(row)) }
    }
  }
}

extension RankingFilter {
  /// The query for the rows; what a stale hull says of some of them is never shown.
  fileprivate func query(showsCombined: Bool) -> (sql: String, arguments: StatementArguments) {
    let rank = hull == .combined ? "e_above_combined_hull" : "e_above_hull"
    var conditions: [String] = []
    var arguments: StatementArguments = []
    if let model {
      conditions.append("model_index = ?")
      arguments += [model]
    }
    if let maximumEnergyAboveHull {
      conditions.append("\(rank) <= ?")
      arguments += [maximumEnergyAboveHull]
    } else if hull == .combined {
      conditions.append("\(rank) IS NOT NULL")
    }
    let combined =
      showsCombined
      ? "e_above_combined_hull, combined_decomposition_energy, combined_decomposition" : "NULL, NULL, NULL"
    let sql = """
      SELECT record_key, material_id, formula, chemical_system, sites, volume, model_index, energy, e_above_hull,
        decomposition_energy, decomposition, energy_std, \(combined)
      FROM ranking \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
      ORDER BY \(rank), material_id, record_key, model_index LIMIT ?
      """
    return (sql, arguments + [limit ?? -1])
  }
}

extension RankedRow {
  fileprivate init(_ row: Row) {
    let key = RecordKey(packed: row[0])
    let model: Int = row[6]
    self.key = key
    materialID = row[1]
    formula = row[2]
    chemicalSystem = row[3]
    siteCount = row[4]
    volume = row[5]
    stability = Stability(
      model: model, energy: row[7], energyAboveHull: row[8], decompositionEnergy: row[9],
      decomposition: row[10])
    energyStandardDeviation = row[11]
    let distance: Double? = row[12]
    combined = distance.map {
      CombinedStability(
        key: key, model: model, energyAboveHull: $0, decompositionEnergy: row[13],
        decomposition: row[14])
    }
  }
}
