public import Crystal
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
  /// The free parameters that a search chose; nil without a search.
  public let shape: String?
  /// How many cells were scored; nil without a search.
  public let evaluations: Int?
  /// The rules by which its reader concluded what the record does not say, in the order of application.
  public let reading: [ReadingRule]
  /// Its symmetry; nil where none was found, or none was looked for.
  public let symmetry: RowSymmetry?
  /// What the models of `RankingFilter.scoredModels` say of it, in their order; nil where one says nothing.
  public internal(set) var scores: [Double?] = []
}

/// Where a row lies on one of the hulls.
public struct RankedPlace: Hashable, Sendable {
  /// Energy above that hull (eV/atom).
  public let energyAboveHull: Double
  /// Energy relative to that hull without the material's own composition (eV/atom), where known.
  public let decompositionEnergy: Double?
  /// The competing phases, where known.
  public let decomposition: String?
  /// Probability that the energy above that hull is at most the threshold, where known.
  public let probability: Double?
}

extension RankedRow {
  /// Where the row lies on a hull. On one that does not know it, it lies where it does on that of the references.
  public func place(on hull: RankingHull) -> RankedPlace {
    if hull == .combined, let combined {
      return RankedPlace(
        energyAboveHull: combined.energyAboveHull, decompositionEnergy: combined.decompositionEnergy,
        decomposition: combined.decomposition, probability: nil)
    }
    if hull == .competitors, let place = stability.withCompetitors {
      return RankedPlace(
        energyAboveHull: place.energyAboveHull, decompositionEnergy: place.decompositionEnergy,
        decomposition: place.decomposition, probability: place.probability)
    }
    return RankedPlace(
      energyAboveHull: stability.energyAboveHull, decompositionEnergy: stability.decompositionEnergy,
      decomposition: stability.decomposition, probability: stability.probability)
  }

  /// The reasons to doubt the row's distance to a hull.
  public func flags(on hull: RankingHull) -> [CoverageFlag] {
    (stability.coverage?.flags ?? [])
      + (place(on: hull).energyAboveHull < CoverageFlag.lowestCredibleDistance ? [.lowDistance] : [])
  }
}

/// A hull that candidates are ranked by.
public enum RankingHull: String, CaseIterable, Hashable, Sendable {
  /// The hull of the references: a row's place depends on that row alone.
  case references
  /// The hull of the references and of the competitors that the model itself predicts where they have no phase. A model
  /// without competitors is ranked by the references.
  case competitors
  /// The hull of the references and all candidates of the run, which compete with each other.
  case combined
}

/// What the rows of a ranking are ordered by. Rows that are equal by it are ordered by material id (by its UTF-8 bytes),
/// source, record and model, so that the order is total.
public enum RankingOrder: Hashable, Sendable {
  /// Energy above the hull, lowest first.
  case distance
  /// Energy above the hull plus so many σ of its error, lowest first; rows without σ come last.
  case pessimistic(Double)
  /// Probability that the energy above the hull is at most the threshold, highest first, then the energy above the hull;
  /// rows without a probability come last.
  case probability
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
  /// Whether rows whose distance is to be doubted are left out.
  public var leavesOutFlagged: Bool
  /// What the rows are ordered by.
  public var order: RankingOrder
  /// Models whose scores come with the rows, by position in the run's list.
  public var scoredModels: [Int]
  /// Only the rows of this record; nil for all.
  public var record: RecordKey?

  /// A filter; without arguments it lets every row through.
  public init(
    model: Int? = nil, maximumEnergyAboveHull: Double? = nil, limit: Int? = nil,
    hull: RankingHull = .references, leavesOutFlagged: Bool = false, order: RankingOrder = .distance,
    scoredModels: [Int] = [], record: RecordKey? = nil
  ) {
    self.record = record
    self.order = order
    self.scoredModels = scoredModels
    self.leavesOutFlagged = leavesOutFlagged
    self.model = model
    self.hull = hull
    self.maximumEnergyAboveHull = maximumEnergyAboveHull
    self.limit = limit
  }
}

extension RunStore {
  /// The best rows by the order of the filter. It is total, so equal runs rank equally.
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
      let scores = try db.makeStatement(sql: Self.scoreQuery)
      while let row = try cursor.next() {
        var ranked = RankedRow(row)
        ranked.scores = try filter.scoredModels.map {
          try Double.fetchOne(scores, arguments: [ranked.key.packed, $0])
        }
        try body(ranked)
      }
    }
  }
}

extension RankingHull {
  /// The distance in `ranking`.
  var distanceColumn: String {
    switch self {
    case .references: "e_above_hull"
    case .competitors: "coalesce(e_above_competitor_hull, e_above_hull)"
    case .combined: "e_above_combined_hull"
    }
  }

  /// The probability in `ranking`; NULL on the hull of references and candidates.
  fileprivate var probabilityColumn: String {
    switch self {
    case .references: "p_stable"
    case .competitors: "CASE WHEN e_above_competitor_hull IS NULL THEN p_stable ELSE competitor_p_stable END"
    case .combined: "NULL"
    }
  }

  /// The condition that nothing speaks against a row's distance.
  var isCredible: String {
    "coverage_flags IS NULL AND \(distanceColumn) >= \(CoverageFlag.lowestCredibleDistance)"
  }
}

extension RunStore {
  /// The hull that a run is ranked by unless another is named: with competitors where it has some.
  public func standardHull() throws(StoreError) -> RankingHull {
    let hasCompetitors = try read {
      try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM competitors)") ?? false
    }
    return hasCompetitors ? .competitors : .references
  }
}

extension RankingFilter {
  /// The query for the rows; what a stale hull says of some of them is never shown.
  fileprivate func query(showsCombined: Bool) -> (sql: String, arguments: StatementArguments) {
    let rank = hull.distanceColumn
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
    if leavesOutFlagged { conditions.append(hull.isCredible) }
    if let record {
      conditions.append("record_key = ?")
      arguments += [record.packed]
    }
    let combined =
      showsCombined
      ? "e_above_combined_hull, combined_decomposition_energy, combined_decomposition" : "NULL, NULL, NULL"
    let ranks: String
    switch order {
    case .distance: ranks = rank
    case .pessimistic(let factor):
      ranks = "sigma IS NULL, \(rank) + ? * sigma"
      arguments += [factor]
    case .probability:
      let probability = hull.probabilityColumn
      ranks = "\(probability) IS NULL, \(probability) DESC, \(rank)"
    }
    let sql = """
      SELECT record_key, material_id, formula, chemical_system, sites, volume, energy_std, shape, evaluations,
        reading, \(combined), \(RowSymmetry.columns), model_index, \(Stability.ownColumns)
      FROM ranking \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
      ORDER BY \(ranks), material_id, record_key, model_index LIMIT ?
      """
    return (sql, arguments + [limit ?? -1])
  }
}

extension RankedRow {
  fileprivate init(_ row: Row) {
    let key = RecordKey(packed: row[0])
    let stability = Stability(row, from: 16)
    self.key = key
    materialID = row[1]
    formula = row[2]
    chemicalSystem = row[3]
    siteCount = row[4]
    volume = row[5]
    self.stability = stability
    energyStandardDeviation = row[6]
    shape = row[7]
    evaluations = row[8]
    reading = [ReadingRule](columnText: row[9])
    symmetry = RowSymmetry(row, from: 13)
    let distance: Double? = row[10]
    combined = distance.map {
      CombinedStability(
        key: key, model: stability.model, energyAboveHull: $0, decompositionEnergy: row[11],
        decomposition: row[12])
    }
  }
}
