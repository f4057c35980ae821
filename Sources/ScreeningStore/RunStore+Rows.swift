public import Crystal
import Foundation
import GRDB

/// A stored structure's columns with its predictions, in any order of reading.
public struct StoredRow: Hashable, Sendable {
  /// The row as it was committed.
  public let row: ScreenedRow
  /// Name of the source it came from.
  public let sourceName: String
}

/// A rejection with the name of its source. The reason is a text here: a newer version may know more of them.
public struct StoredRejection: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// Name of the source it came from.
  public let sourceName: String
  /// Path of the member within its archive, where there is one.
  public let member: String?
  /// Where the record starts in its file or member (bytes), where known.
  public let byteOffset: Int?
  /// The material's id, where it could be read.
  public let materialID: String?
  /// The stage that rejected it.
  public let stage: String
  /// Why, as a code (`RejectionReason.rawValue`).
  public let reason: String
  /// Why, in words.
  public let message: String
  /// The codes of the rules by which the record was read, in the order of application.
  public let reading: [String]
}

extension RunStore {
  /// The structure of a record, or nil where the record is no row or its structure was not kept.
  ///
  /// - Throws: `StoreError.badPayload` where the stored bytes are no structure.
  public func structure(of key: RecordKey) throws(StoreError) -> Structure? {
    let bytes = try read {
      try Data.fetchOne(
        $0.cachedStatement(sql: "SELECT payload FROM crystals WHERE record_key = ?"), arguments: [key.packed])
    }
    guard let bytes else { return nil }
    do {
      return try StructurePayload.decode(Array(bytes))
    } catch {
      throw .badPayload(source: key.source, record: key.record, reason: error)
    }
  }

  /// Passes all rows to `body`, by source and record, one at a time.
  ///
  /// - Parameters:
  ///   - includesPayloads: whether the structures' bytes are read too.
  ///   - body: receives each row; what it throws ends the iteration and passes through.
  /// - Throws: `StoreError`, and what `body` throws.
  public func forEachRow(includesPayloads: Bool = false, _ body: (StoredRow) throws -> Void) throws {
    try iterate { db in
      let payload = includesPayloads ? "crystals.payload" : "NULL"
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT structures.record_key, material_id, formula, chemical_system, sites, volume, \(payload), sources.name,
            shape, evaluations, reading, symmetry_failure, \(RowSymmetry.columns)
          FROM structures JOIN sources ON sources.source = structures.record_key >> 40
          LEFT JOIN crystals ON crystals.record_key = structures.record_key
          ORDER BY structures.record_key
          """)
      let scores = try db.makeStatement(
        sql: "SELECT model, mean, std, members FROM scores WHERE record_key = ? ORDER BY model")
      let stability = try db.makeStatement(
        sql: """
          SELECT \(Stability.columns)
          FROM stability WHERE record_key = ? ORDER BY model
          """)
      while let row = try rows.next() {
        let key: Int64 = row[0]
        let payload: Data? = row[6]
        var screened = ScreenedRow(
          key: RecordKey(packed: key), materialID: row[1], formula: row[2], chemicalSystem: row[3],
          siteCount: row[4],
          volume: row[5], payload: payload.map { Array($0) },
          scores: try Row.fetchAll(scores, arguments: [key]).map { Score($0) },
          stabilities: try Row.fetchAll(stability, arguments: [key]).map { Stability($0) })
        screened.shape = row[8]
        screened.evaluations = row[9]
        screened.reading = [ReadingRule](columnText: row[10])
        screened.symmetryFailure = row[11]
        screened.symmetry = RowSymmetry(row, from: 12)
        try body(StoredRow(row: screened, sourceName: row[7]))
      }
    }
  }

  /// Passes all rejections to `body`, by source and record, one at a time.
  ///
  /// - Throws: `StoreError`, and what `body` throws, which ends the iteration.
  public func forEachRejection(_ body: (StoredRejection) throws -> Void) throws {
    try iterate { db in
      let rows = try Row.fetchCursor(db, sql: StoredRejection.query + " ORDER BY record_key")
      while let row = try rows.next() { try body(StoredRejection(row)) }
    }
  }

  /// The rejection of a record, or nil where it was not rejected.
  public func rejection(of key: RecordKey) throws(StoreError) -> StoredRejection? {
    try read { db in
      try Row.fetchOne(db, sql: StoredRejection.query + " WHERE record_key = ?", arguments: [key.packed])
        .map { StoredRejection($0) }
    }
  }
}

extension StoredRejection {
  fileprivate static let query = """
    SELECT record_key, sources.name, member, byte_offset, material_id, stage, reason, message, reading
    FROM rejections JOIN sources ON sources.source = rejections.record_key >> 40
    """

  fileprivate init(_ row: Row) {
    self.init(
      key: RecordKey(packed: row[0]), sourceName: row[1], member: row[2], byteOffset: row[3],
      materialID: row[4], stage: row[5], reason: row[6], message: row[7], reading: RunStore.codes(row[8]))
  }
}

extension Score {
  fileprivate init(_ row: Row) {
    let members: Data? = row[3]
    self.init(
      model: row[0], mean: row[1], standardDeviation: row[2],
      members: members.map { MemberValues.decode(Array($0)) } ?? [])
  }
}

extension Stability {
  /// The columns that `init(_:from:)` reads, of `stability` and of `ranking` alike but for the first.
  static let ownColumns = """
    energy, e_above_hull, decomposition_energy, decomposition, compounds, unknown_pairs, elements_without_phase,
    elements_only, coverage_flags, e_above_competitor_hull, competitor_decomposition_energy,
    competitor_decomposition, sigma, p_stable, competitor_p_stable
    """
  static let columns = "model, " + ownColumns

  /// From a row that holds the model and `ownColumns` from column `first` on.
  init(_ row: Row, from first: Int = 0) {
    let competitorDistance: Double? = row[first + 10]
    let competitors = competitorDistance.map {
      CompetitorPlace(
        energyAboveHull: $0, decompositionEnergy: row[first + 11], decomposition: row[first + 12],
        probability: row[first + 15])
    }
    self.init(
      model: row[first], energy: row[first + 1], energyAboveHull: row[first + 2],
      decompositionEnergy: row[first + 3], decomposition: row[first + 4],
      coverage: Coverage(
        compounds: row[first + 5], unknownPairs: row[first + 6], elementsWithoutPhase: row[first + 7],
        decomposesIntoElements: row[first + 8], flags: row[first + 9]),
      withCompetitors: competitors, sigma: row[first + 13], probability: row[first + 14])
  }
}
