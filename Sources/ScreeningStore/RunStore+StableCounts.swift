import GRDB

/// How many rows of a run are stable.
public struct StableCounts: Hashable, Sendable {
  /// What one model says.
  public struct Model: Hashable, Sendable {
    /// Name of the model.
    public let name: String
    /// Rows at or below the threshold.
    public let stable: Int
    /// Those of them that are not flagged.
    public let unflagged: Int
  }

  /// The hull that was counted on.
  public let hull: RankingHull
  /// The models that place rows on it, in the order of the run.
  public let models: [Model]
  /// Rows that some model calls stable, each once.
  public let byAny: Int
  /// Rows that all models call stable.
  public let byAll: Int
  /// As `byAny`, with models that call the row stable and whose distance is not flagged.
  public let byAnyUnflagged: Int
  /// As `byAll`, likewise.
  public let byAllUnflagged: Int
}

extension RunStore {
  /// How many rows are stable, by each model, by all and by any, with and without those whose distance is to be doubted.
  ///
  /// - Parameters:
  ///   - threshold: largest energy above that hull that counts as stable (eV/atom).
  ///   - hull: which hull; nil for the run's standard one.
  /// - Throws: `StoreError.noCombinedHull` and `.staleCombinedHull` where that hull is not there to count on.
  public func stableCounts(
    threshold: Double, hull: RankingHull? = nil
  ) throws(StoreError) -> StableCounts {
    let chosen: RankingHull
    if let hull { chosen = hull } else { chosen = try standardHull() }
    return try read { try stableCounts($0, threshold, chosen) }
  }

  private func stableCounts(
    _ db: Database, _ threshold: Double, _ hull: RankingHull
  ) throws -> StableCounts {
    if hull == .combined { try requireCombinedHull(db) }
    let table =
      hull == .combined
      ? """
      (SELECT stability.record_key, stability.model, coverage_flags, combined_stability.e_above_hull AS e_above_combined_hull
      FROM stability JOIN combined_stability ON combined_stability.record_key = stability.record_key
        AND combined_stability.model = stability.model)
      """ : "stability"
    let models = try Row.fetchAll(
      db,
      sql: """
        SELECT models.name, count(record_key), coalesce(sum(\(hull.isCredible)), 0)
        FROM models LEFT JOIN (SELECT * FROM \(table) WHERE \(hull.distanceColumn) <= ?) AS stable
          ON stable.model = models.model
        WHERE EXISTS (SELECT 1 FROM stability WHERE stability.model = models.model)
        GROUP BY models.model ORDER BY models.model
        """, arguments: [threshold]
    ).map { StableCounts.Model(name: $0[0], stable: $0[1], unflagged: $0[2]) }
    let both = try Row.fetchOne(
      db,
      sql: """
        SELECT count(*), coalesce(sum(votes = ?), 0), coalesce(sum(credible > 0), 0), coalesce(sum(credible = ?), 0)
        FROM (SELECT count(*) AS votes, sum(\(hull.isCredible)) AS credible FROM \(table)
          WHERE \(hull.distanceColumn) <= ? GROUP BY record_key)
        """, arguments: [models.count, models.count, threshold])
    return StableCounts(
      hull: hull, models: models, byAny: both?[0] ?? 0, byAll: both?[1] ?? 0, byAnyUnflagged: both?[2] ?? 0,
      byAllUnflagged: both?[3] ?? 0)
  }
}
