import Crystal
import GRDB

/// How many records were read by a rule.
public struct ReadingCount: Codable, Hashable, Sendable {
  /// The rule's code (`ReadingRule.rawValue`); a text, since a newer version may know more of them.
  public let rule: String
  /// Number of records that it was applied to.
  public let records: Int

  /// A count.
  public init(rule: String, records: Int) {
    self.rule = rule
    self.records = records
  }

  /// Counts by rule, the most frequent first, equal ones by the rule's name; the same order everywhere.
  public static func sorted(_ counts: [String: Int]) -> [ReadingCount] {
    counts.map { ReadingCount(rule: $0.key, records: $0.value) }.sorted {
      ($1.records, $0.rule) < ($0.records, $1.rule)
    }
  }
}

extension RunStore {
  /// How many rows and rejections were read by which rule, the most frequent first, then by the rule's name. A record
  /// that several rules were applied to counts under each of them; what a filter left out is not among them.
  public func readingCounts() throws(StoreError) -> [ReadingCount] {
    try read { db in
      let texts = try Row.fetchAll(
        db,
        sql: """
          SELECT reading, count(*) FROM (
            SELECT reading FROM structures WHERE reading IS NOT NULL
            UNION ALL SELECT reading FROM rejections WHERE reading IS NOT NULL)
          GROUP BY reading
          """)
      var counts: [String: Int] = [:]
      for row in texts {
        for code in RunStore.codes(row[0]) { counts[code, default: 0] += row[1] }
      }
      return ReadingCount.sorted(counts)
    }
  }

  /// The first row or rejection that goes by a name, by source and record; nil where there is none.
  ///
  /// - Parameters:
  ///   - name: its id, or the member of a rejection.
  ///   - number: its number in its source, which then counts instead of the name.
  public func firstRecord(named name: String, number: Int? = nil) throws(StoreError) -> RecordKey? {
    let rows = number == nil ? "material_id = :name" : "record = :number"
    let rejections = number == nil ? "material_id = :name OR member = :name" : "record = :number"
    return try read { db in
      try Int64.fetchOne(
        db,
        sql: """
          SELECT min(record_key) FROM (SELECT record_key FROM structures WHERE \(rows)
            UNION ALL SELECT record_key FROM rejections WHERE \(rejections))
          """, arguments: number.map { ["number": $0] } ?? ["name": name]
      ).map { RecordKey(packed: $0) }
    }
  }

  /// The codes that a column of them holds.
  static func codes(_ text: String?) -> [String] {
    (text ?? "").split(separator: ",").map(String.init)
  }
}

extension [ReadingRule] {
  /// The rules as the store holds them: codes, comma-separated; nil where there are none.
  var columnText: String? { isEmpty ? nil : map(\.rawValue).joined(separator: ",") }

  /// The rules of a column; those that a newer version wrote are left out.
  init(columnText: String?) { self = RunStore.codes(columnText).compactMap { ReadingRule(rawValue: $0) } }
}
