/// Which record of which source: the identity of everything stored about one record.
///
/// A key packs into one integer, `source · 2⁴⁰ + record`, which is the primary key of the tables: rows of one source lie
/// together in the order they were read, appending is cheap, and a record delivered twice cannot be stored twice.
public struct RecordKey: Hashable, Comparable, Sendable {
  /// Position of the source in the run's list of sources, from 0.
  public let source: Int
  /// Position of the record within its source, from 0.
  public let record: Int

  /// Largest number of sources of a run.
  public static let maximumSourceCount = 1 << 22
  /// Largest number of records of a source.
  public static let maximumRecordCount = 1 << 40

  /// The key of a record; both positions must be within the limits above.
  public init(source: Int, record: Int) {
    precondition((0..<RecordKey.maximumSourceCount).contains(source), "source index out of range")
    precondition((0..<RecordKey.maximumRecordCount).contains(record), "record index out of range")
    self.source = source
    self.record = record
  }

  var packed: Int64 { Int64(source) << 40 | Int64(record) }

  init(packed: Int64) {
    source = Int(packed >> 40)
    record = Int(packed & (1 << 40 - 1))
  }

  /// Orders by source, then record.
  public static func < (left: RecordKey, right: RecordKey) -> Bool { left.packed < right.packed }
}
