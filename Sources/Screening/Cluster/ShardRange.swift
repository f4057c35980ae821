internal import ScreeningStore
internal import StructureArchive

/// A place between two records of a campaign's inputs.
struct ShardPlace: Hashable, Sendable {
  /// Position of the input.
  let source: Int
  /// Number of records of it that lie before the place.
  let record: Int
  /// The place within an archive; nil at its beginning, and where counting is all.
  var position: ArchivePosition?
}

/// Successive records of a campaign's inputs: those of one shard.
struct ShardRange: Hashable, Sendable {
  /// Where it begins.
  let start: ShardPlace
  /// Where it ends: a place within a source, or the beginning of one that is not in it.
  let end: ShardPlace
  /// Number of records of each source.
  let totals: [Int]

  /// Whether records of a source, or its end, lie in the range.
  func contains(_ source: Int) -> Bool {
    source >= start.source && (source < end.source || source == end.source && end.record > 0)
  }

  /// For each source the record before which the range ends; nil where it holds the source's end.
  var ends: [Int?] { totals.indices.map { $0 == end.source && end.record > 0 ? end.record : nil } }

  /// The records of a source that lie in the range.
  func records(of source: Int) -> Range<Int> {
    guard contains(source) else { return 0..<0 }
    return (source == start.source ? start.record : 0)..<(source == end.source ? end.record : totals[source])
  }

  /// Number of records.
  var count: Int { totals.indices.reduce(0) { $0 + records(of: $1).count } }

  /// Whether a store holds all records of the range, each of its sources read as far as the range goes.
  func isComplete(_ states: [SourceState]) -> Bool {
    states.indices.allSatisfy { source in
      !contains(source)
        || states[source].records == records(of: source).upperBound
          && (states[source].isFinished || ends[source] != nil)
    }
  }
}
