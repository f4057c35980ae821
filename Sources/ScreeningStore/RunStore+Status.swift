import Foundation
import GRDB

/// How far one source has been read.
public struct SourceState: Hashable, Sendable {
  /// The source.
  public let source: SourceDescription
  /// Number of the first record that the store holds: 0 but in the store of a shard.
  public let first: Int
  /// Number of records accounted for; the record with this index comes next.
  public let records: Int
  /// Where to resume reading, in the reader's own terms.
  public let resumeToken: [UInt8]?
  /// Whether the source has been read to its end.
  public let isFinished: Bool
}

/// What became of the records read so far.
public struct RunCounts: Hashable, Sendable {
  /// A count with what it counts.
  public struct Entry: Hashable, Sendable {
    /// The stage.
    public let stage: String
    /// The reason code of a rejection; empty for filtered records.
    public let reason: String
    /// Number of records.
    public let records: Int
  }

  /// Number of records accounted for.
  public let records: Int
  /// Number of records that came through.
  public let rows: Int
  /// Rejections by stage and reason.
  public let rejections: [Entry]
  /// Records left out on purpose, by stage.
  public let filtered: [Entry]

  /// Number of rejections.
  public var rejected: Int { rejections.reduce(0) { $0 + $1.records } }
  /// Share of rejections among all records; 0 where there are none.
  public var rejectedShare: Double { records > 0 ? Double(rejected) / Double(records) : 0 }
  /// Number of records left out on purpose.
  public var leftOut: Int { filtered.reduce(0) { $0 + $1.records } }

  /// Rejections by reason over all stages, by the reason's name.
  public var rejectionsByReason: [(reason: String, records: Int)] {
    var sums: [String: Int] = [:]
    for entry in rejections { sums[entry.reason, default: 0] += entry.records }
    return sums.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
  }
}

extension RunStore {
  /// What the run is, as it was created.
  public func description() throws(StoreError) -> RunDescription {
    try read { db in
      guard let run = try Row.fetchOne(db, sql: "SELECT * FROM run") else {
        throw StoreError.incomplete(path: path)
      }
      let models = try Row.fetchAll(db, sql: "SELECT * FROM models ORDER BY model").map {
        ModelDescription(
          name: $0["name"], fingerprint: $0["fingerprint"], property: $0["property"], unit: $0["unit"],
          memberCount: $0["members"], calibration: $0["calibration"])
      }
      let sources = try Row.fetchAll(db, sql: "SELECT name, fingerprint FROM sources ORDER BY source").map {
        SourceDescription(name: $0["name"], fingerprint: $0["fingerprint"])
      }
      return RunDescription(
        name: run["name"], plan: run["plan"], planFingerprint: run["plan_fingerprint"],
        created: run["created"],
        sluiceVersion: run["sluice_version"], stabilityThreshold: run["stability_threshold"], models: models,
        sources: sources)
    }
  }

  /// When the run was marked finished (ISO 8601), or nil while it is not.
  public func finishedDate() throws(StoreError) -> String? {
    try read { try String.fetchOne($0, sql: "SELECT finished FROM run") }
  }

  /// How far each source has been read, in the order of the run's list.
  public func sourceStates() throws(StoreError) -> [SourceState] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM sources ORDER BY source").map { row in
        let token: Data? = row["resume_token"]
        return SourceState(
          source: SourceDescription(name: row["name"], fingerprint: row["fingerprint"]),
          first: row["first"] ?? 0, records: row["records"],
          resumeToken: token.map { Array($0) }, isFinished: row["finished"])
      }
    }
  }

  /// What became of the records so far, from the running counts: quick however large the run is.
  public func counts() throws(StoreError) -> RunCounts {
    try read { try RunStore.counts($0) }
  }

  /// Recounts the tables and compares: records = rows + rejections + filtered, and each count with its table.
  ///
  /// - Parameter eachRow: whether each crystal, score and place is looked for among the rows too; not in what was put together
  ///   of stores that were verified so.
  /// - Returns: the counts.
  /// - Throws: `StoreError.countsDisagree`, which no sequence of commits, crashes and resumes can bring about.
  @discardableResult
  public func verifyCounts(eachRow: Bool = true) throws(StoreError) -> RunCounts {
    try read { db in
      let counts = try RunStore.counts(db)
      func check(_ what: String, expected: Int, _ sql: String) throws {
        let found = try Int.fetchOne(db, sql: sql) ?? 0
        guard found == expected else {
          throw StoreError.countsDisagree(what: what, expected: expected, found: found)
        }
      }
      let sum = counts.rows + counts.rejected + counts.leftOut
      guard sum == counts.records else {
        throw StoreError.countsDisagree(
          what: "rows + rejections + filtered", expected: counts.records, found: sum)
      }
      try check("rows", expected: counts.rows, "SELECT count(*) FROM structures")
      try check("rejections", expected: counts.rejected, "SELECT count(*) FROM rejections")
      for entry in counts.rejections {
        let found = try Int.fetchOne(
          db, sql: "SELECT count(*) FROM rejections WHERE stage = ? AND reason = ?",
          arguments: [entry.stage, entry.reason])
        guard found == entry.records else {
          throw StoreError.countsDisagree(
            what: "rejections by \(entry.stage) as \(entry.reason)", expected: entry.records,
            found: found ?? 0)
        }
      }
      for table in eachRow ? ["crystals", "scores", "stability", "combined_stability"] : [] {
        try check(
          "\(table) without a row", expected: 0,
          "SELECT count(*) FROM \(table) WHERE record_key NOT IN (SELECT record_key FROM structures)")
      }
      return counts
    }
  }

  private static func counts(_ db: Database) throws -> RunCounts {
    func entries(_ outcome: String) throws -> [RunCounts.Entry] {
      try Row.fetchAll(
        db, sql: "SELECT stage, reason, records FROM outcomes WHERE outcome = ? ORDER BY stage, reason",
        arguments: [outcome]
      ).map { RunCounts.Entry(stage: $0[0], reason: $0[1], records: $0[2]) }
    }
    return RunCounts(
      records: try Int.fetchOne(db, sql: "SELECT sum(records - coalesce(first, 0)) FROM sources") ?? 0,
      rows: try entries("row").reduce(0) { $0 + $1.records }, rejections: try entries("rejected"),
      filtered: try entries("filtered"))
  }
}
