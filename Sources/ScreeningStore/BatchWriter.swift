import GRDB
import GRDBSQLite

/// Writes rows through SQLite's own bind and step calls on prepared statements: twice the rate of bound argument
/// lists, and the rows of a batch are the bulk of all writing.
struct BatchWriter {
  private let db: Database
  private let structures: RawStatement
  private let crystals: RawStatement
  private let scores: RawStatement
  private let stability: RawStatement
  private let rejections: RawStatement

  init(_ db: Database) throws {
    self.db = db
    structures = try RawStatement(
      db,
      """
      INSERT INTO structures (record_key, material_id, formula, chemical_system, sites, volume, shape, evaluations,
        reading, space_group, space_group_symbol, crystal_system, wyckoff_letters, wyckoff_sites, symmetry_failure)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    crystals = try RawStatement(db, "INSERT INTO crystals (record_key, payload) VALUES (?, ?)")
    scores = try RawStatement(
      db, "INSERT INTO scores (record_key, model, mean, std, members) VALUES (?, ?, ?, ?, ?)")
    stability = try RawStatement(
      db,
      """
      INSERT INTO stability (record_key, model, energy, e_above_hull, decomposition_energy, decomposition, compounds,
        unknown_pairs, elements_without_phase, elements_only, coverage_flags, e_above_competitor_hull,
        competitor_decomposition_energy, competitor_decomposition, sigma, p_stable, competitor_p_stable)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    rejections = try RawStatement(
      db,
      """
      INSERT INTO rejections (record_key, member, byte_offset, material_id, stage, reason, message, reading)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """)
  }

  func write(rows: [ScreenedRow], rejections records: [RejectedRecord]) throws {
    // Keys ascend within a batch that follows the order of reading; sorting keeps appends appends for any other.
    for row in rows.sorted(by: { $0.key < $1.key }) {
      let key = row.key.packed
      structures.bind(1, key)
      structures.bind(2, row.materialID)
      structures.bind(3, row.formula)
      structures.bind(4, row.chemicalSystem)
      structures.bind(5, Int64(row.siteCount))
      structures.bind(6, row.volume)
      structures.bind(7, row.shape)
      structures.bind(8, row.evaluations.map { Int64($0) })
      structures.bind(9, row.reading.columnText)
      structures.bind(10, row.symmetry.map { Int64($0.spaceGroup.number) })
      structures.bind(11, row.symmetry?.spaceGroup.symbol)
      structures.bind(12, row.symmetry?.spaceGroup.crystalSystem.rawValue)
      structures.bind(13, row.symmetry?.wyckoffLetters)
      structures.bind(14, row.symmetry?.wyckoffSites)
      structures.bind(15, row.symmetryFailure)
      try structures.run()
      if let payload = row.payload {
        crystals.bind(1, key)
        crystals.bind(2, bytes: payload)
        try crystals.run()
      }
      for score in row.scores { try write(score, key) }
      try write(row.stabilities, of: row.key)
    }
    for record in records.sorted(by: { $0.key < $1.key }) { try write(record) }
  }

  /// Writes the places of a row.
  func write(_ stabilities: [Stability], of key: RecordKey) throws {
    for place in stabilities { try write(place, key.packed) }
  }

  private func write(_ score: Score, _ key: Int64) throws {
    scores.bind(1, key)
    scores.bind(2, Int64(score.model))
    scores.bind(3, score.mean)
    scores.bind(4, score.standardDeviation)
    scores.bind(5, bytes: score.members.isEmpty ? nil : MemberValues.encode(score.members))
    try scores.run()
  }

  private func write(_ place: Stability, _ key: Int64) throws {
    stability.bind(1, key)
    stability.bind(2, Int64(place.model))
    stability.bind(3, place.energy)
    stability.bind(4, place.energyAboveHull)
    stability.bind(5, place.decompositionEnergy)
    stability.bind(6, place.decomposition)
    stability.bind(7, place.coverage.map { Int64($0.compounds) })
    stability.bind(8, place.coverage.map { Int64($0.unknownPairs) })
    stability.bind(9, place.coverage.map { Int64($0.elementsWithoutPhase) })
    stability.bind(10, place.coverage.map { $0.decomposesIntoElements ? Int64(1) : 0 })
    stability.bind(11, place.coverage?.flagText)
    stability.bind(12, place.withCompetitors?.energyAboveHull)
    stability.bind(13, place.withCompetitors?.decompositionEnergy)
    stability.bind(14, place.withCompetitors?.decomposition)
    stability.bind(15, place.sigma)
    stability.bind(16, place.probability)
    stability.bind(17, place.withCompetitors?.probability)
    try stability.run()
  }

  private func write(_ record: RejectedRecord) throws {
    rejections.bind(1, record.key.packed)
    rejections.bind(2, record.member)
    rejections.bind(3, record.byteOffset.map { Int64($0) })
    rejections.bind(4, record.materialID)
    rejections.bind(5, record.stage)
    rejections.bind(6, record.reason.rawValue)
    rejections.bind(7, record.message)
    rejections.bind(8, record.reading.columnText)
    try rejections.run()
  }
}

extension BatchWriter {
  /// Writes places on the hull of references and candidates.
  static func write(_ places: [CombinedStability], to db: Database) throws {
    let statement = try RawStatement(
      db,
      """
      INSERT INTO combined_stability (record_key, model, e_above_hull, decomposition_energy, decomposition)
      VALUES (?, ?, ?, ?, ?)
      """)
    for place in places.sorted(by: { ($0.key, $0.model) < ($1.key, $1.model) }) {
      statement.bind(1, place.key.packed)
      statement.bind(2, Int64(place.model))
      statement.bind(3, place.energyAboveHull)
      statement.bind(4, place.decompositionEnergy)
      statement.bind(5, place.decomposition)
      try statement.run()
    }
  }
}

/// The predictions of ensemble members as Float64, little-endian, one after another.
enum MemberValues {
  static func encode(_ values: [Double]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * values.count)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  static func decode(_ bytes: [UInt8]) -> [Double] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / 8).map {
        Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
  }
}

/// A prepared statement with SQLite's own bind and step calls.
private struct RawStatement {
  let statement: SQLiteStatement
  let owner: Statement
  // Makes SQLite copy what is bound; C's ((void *) -1), which Swift cannot import.
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  init(_ db: Database, _ sql: String) throws {
    owner = try db.cachedStatement(sql: sql)
    statement = owner.sqliteStatement
    sqlite3_reset(statement)
  }

  func bind(_ index: Int32, _ value: Int64?) {
    if let value { sqlite3_bind_int64(statement, index, value) } else { sqlite3_bind_null(statement, index) }
  }

  func bind(_ index: Int32, _ value: Double?) {
    if let value { sqlite3_bind_double(statement, index, value) } else { sqlite3_bind_null(statement, index) }
  }

  func bind(_ index: Int32, _ value: String?) {
    guard var value else {
      sqlite3_bind_null(statement, index)
      return
    }
    guard !value.isEmpty else {
      // An empty buffer may have no address, which SQLite would take for NULL.
      sqlite3_bind_text(statement, index, "", 0, RawStatement.copied)
      return
    }
    // A text of SQLite ends at its first zero byte for most readers.
    if value.utf8.contains(0) { value = String(value.map { $0 == "\0" ? "\u{FFFD}" : $0 }) }
    value.withUTF8 { buffer in
      buffer.withMemoryRebound(to: CChar.self) {
        _ = sqlite3_bind_text(
          statement, index, $0.baseAddress, Int32(clamping: $0.count), RawStatement.copied)
      }
    }
  }

  func bind(_ index: Int32, bytes: [UInt8]?) {
    guard let bytes else {
      sqlite3_bind_null(statement, index)
      return
    }
    _ = bytes.withUnsafeBytes {
      sqlite3_bind_blob(statement, index, $0.baseAddress, Int32(clamping: $0.count), RawStatement.copied)
    }
  }

  func run() throws {
    let code = sqlite3_step(statement)
    let connection = sqlite3_db_handle(statement)
    defer { sqlite3_reset(statement) }
    guard code == SQLITE_DONE else {
      let message = sqlite3_errmsg(connection).map { String(cString: $0) }
      throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
  }
}
