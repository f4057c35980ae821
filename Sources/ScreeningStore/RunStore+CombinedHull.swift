import GRDB

/// Where an energy stands relative to the hull of the references and all candidates of the run.
public struct CombinedStability: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// Position of the model that gave the energies in the run's list of models.
  public let model: Int
  /// Energy above that hull (eV/atom).
  public let energyAboveHull: Double
  /// Energy relative to the hull without the material's own composition (eV/atom).
  public let decompositionEnergy: Double
  /// The competing phases, e.g. "0.5 NaCl + 0.5 KCl".
  public let decomposition: String

  /// A place relative to the hull of references and candidates.
  public init(
    key: RecordKey, model: Int, energyAboveHull: Double, decompositionEnergy: Double, decomposition: String
  ) {
    self.key = key
    self.model = model
    self.energyAboveHull = energyAboveHull
    self.decompositionEnergy = decompositionEnergy
    self.decomposition = decomposition
  }
}

/// What the stored hull of references and candidates was computed from.
public struct CombinedHull: Hashable, Sendable {
  /// When it was computed, ISO 8601.
  public let computed: String
  /// Number of rows of the run at that time.
  public let candidates: Int
  /// Name of the references.
  public let reference: String
  /// Fingerprint of the references.
  public let referenceFingerprint: String
  /// Whether no row has been added since.
  public let isCurrent: Bool
}

/// An energy of the ranking with the composition that it belongs to: a point that takes part in the second hull.
public struct PlacedEnergy: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// Formula of the reduced composition.
  public let formula: String
  /// Formation energy (eV/atom).
  public let energy: Double
}

extension RunStore {
  /// What the hull of references and candidates was computed from; nil when it never was.
  public func combinedHull() throws(StoreError) -> CombinedHull? { try read { try combinedHull($0) } }

  /// The energies that a model has on the hull of the references, by source and record.
  public func placedEnergies(model: Int) throws(StoreError) -> [PlacedEnergy] {
    try read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT stability.record_key, formula, energy
          FROM stability JOIN structures ON structures.record_key = stability.record_key
          WHERE model = ? AND energy IS NOT NULL ORDER BY stability.record_key
          """, arguments: [model])
      var energies: [PlacedEnergy] = []
      while let row = try rows.next() {
        energies.append(PlacedEnergy(key: RecordKey(packed: row[0]), formula: row[1], energy: row[2]))
      }
      return energies
    }
  }

  /// Stores the places of all candidates on the hull of references and candidates, in one transaction; those of an
  /// earlier call are replaced as a whole.
  ///
  /// - Parameters:
  ///   - places: one for each row of the ranking, in any order.
  ///   - computed: when, ISO 8601.
  ///   - reference: name of the references.
  ///   - referenceFingerprint: their fingerprint.
  /// - Throws: `StoreError.unbalanced` where a row of the ranking has no place, or a place no row; `.notFinite`.
  public func replaceCombinedHull(
    _ places: [CombinedStability], computed: String, reference: String, referenceFingerprint: String
  ) throws(StoreError) {
    for place in places where !place.energyAboveHull.isFinite || !place.decompositionEnergy.isFinite {
      throw .notFinite(source: place.key.source, record: place.key.record, what: "energy above hull")
    }
    try write { db in
      try db.execute(sql: "DELETE FROM combined_stability")
      try BatchWriter.write(places, to: db)
      if let stray = try Int64.fetchOne(db, sql: RunStore.unpaired) {
        let key = RecordKey(packed: stray)
        throw StoreError.unbalanced(source: key.source, record: key.record, outcomes: 0)
      }
      try db.execute(
        sql: """
          INSERT OR REPLACE INTO combined_hull (only_row, computed, candidates, reference, reference_fingerprint)
          VALUES (1, ?, ?, ?, ?)
          """,
        arguments: [computed, try RunStore.rowCount(db), reference, referenceFingerprint])
    }
    // A finished run stays one plain file.
    if try finishedDate() != nil { try leaveWriteAheadMode() }
  }

  func combinedHull(_ db: Database) throws -> CombinedHull? {
    guard let row = try Row.fetchOne(db, sql: "SELECT * FROM combined_hull") else { return nil }
    let candidates: Int = row["candidates"]
    return CombinedHull(
      computed: row["computed"], candidates: candidates, reference: row["reference"],
      referenceFingerprint: row["reference_fingerprint"],
      isCurrent: try RunStore.rowCount(db) == candidates)
  }

  func requireCombinedHull(_ db: Database) throws {
    guard let hull = try combinedHull(db) else { throw StoreError.noCombinedHull(path: path) }
    guard hull.isCurrent else {
      throw StoreError.staleCombinedHull(
        path: path, candidates: hull.candidates, now: try RunStore.rowCount(db))
    }
  }

  /// Rows of the run, from the running counts.
  private static func rowCount(_ db: Database) throws -> Int {
    try Int.fetchOne(db, sql: "SELECT sum(records) FROM outcomes WHERE outcome = 'row'") ?? 0
  }

  /// A record with a place on one of the hulls and none on the other.
  private static let unpaired = """
    SELECT record_key FROM stability
    WHERE NOT EXISTS (SELECT 1 FROM combined_stability AS other
      WHERE other.record_key = stability.record_key AND other.model = stability.model)
    UNION ALL
    SELECT record_key FROM combined_stability
    WHERE NOT EXISTS (SELECT 1 FROM stability AS other
      WHERE other.record_key = combined_stability.record_key AND other.model = combined_stability.model)
    LIMIT 1
    """
}
