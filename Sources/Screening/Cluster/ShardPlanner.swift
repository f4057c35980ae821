internal import Foundation
internal import StructureArchive

/// Cuts the inputs of a campaign into shards of about equal work.
///
/// An archive is cut between frames only: those of its index, or where it has none, between records that its reading
/// through finds. Work is counted in bytes of uncompressed records; a decorated candidate counts as what it would be
/// written down.
struct ShardPlanner {
  /// Largest archive (bytes on disk) without an index that is read through; larger ones are to be packed first.
  private let largestUnindexed: Int
  /// Most places within an archive that are held.
  private static let mostCuts = 1 << 16

  /// A place where a source can be cut.
  struct Cut: Hashable {
    let place: ShardPlace
    /// Work before it, within its source.
    let work: Int
  }

  /// What a source holds.
  enum Content {
    /// Cuts, the first one at the beginning, with the number of records and the work of all.
    case cuts([Cut], records: Int, work: Int)
    /// Records that are alike, which may be cut anywhere.
    case alike(records: Int, work: Int)
  }

  private let sources: [CrystalSource]
  private let shapeCounts: [Int: Int]

  init(_ plan: CampaignPlan, largestUnindexed: Int = 1 << 30) {
    self.largestUnindexed = largestUnindexed
    sources = plan.sources
    shapeCounts = plan.searches.mapValues { $0.shapes.count }
  }

  /// Where shards begin, and the number of records of each source.
  ///
  /// - Parameter wanted: number of shards; where the inputs have fewer places to cut there are fewer.
  /// - Throws: `ScreeningError` for an archive that is to be packed first; `ArchiveError`.
  func starts(_ wanted: Int) throws -> (starts: [ShardPlace], totals: [Int]) {
    let contents = try sources.indices.map { try content(of: $0) }
    return (Self.starts(wanted, contents), contents.map(\.records))
  }

  /// Where shards begin in sources of known contents.
  static func starts(_ wanted: Int, _ contents: [Content]) -> [ShardPlace] {
    let total = contents.reduce(Int128(0)) { $0 + Int128($1.work) }
    var starts = [ShardPlace(source: 0, record: 0)]
    // The shard that what comes next belongs to, of as many as are wanted.
    var current = 0
    var before = Int128(0)
    for (source, content) in contents.enumerated() {
      switch content {
      case .cuts(let cuts, _, _):
        for cut in cuts {
          let shard = total == 0 ? 0 : Int((before + Int128(cut.work)) * Int128(wanted) / total)
          guard shard > current else { continue }
          starts.append(cut.place)
          current = shard
        }
      case .alike(let records, let work):
        guard records > 0 else { break }
        let each = Int128(work / records)
        while current + 1 < wanted {
          let missing = Int128(current + 1) * total - before * Int128(wanted)
          let record = max(0, (missing + each * Int128(wanted) - 1) / (each * Int128(wanted)))
          guard record < records else { break }
          starts.append(ShardPlace(source: source, record: Int(record)))
          current = Int((before + record * each) * Int128(wanted) / total)
        }
      }
      before += Int128(content.work)
    }
    return starts
  }

  private func content(of source: Int) throws -> Content {
    switch sources[source] {
    case .decoration(let decoration):
      let each = 100 + 60 * decoration.prototype.siteCount * (shapeCounts[source] ?? 1)
      return .alike(records: decoration.count, work: decoration.count * each)
    case .archive(let path, _, let limits):
      if let frames = try ArchiveReader.frames(path: path, limits: limits) {
        return Self.cuts(frames, source: source, most: limits.mostRecords)
      }
      let size = try InputDigest.size(ofAll: path)
      guard size <= largestUnindexed else {
        throw ScreeningError.invalid(
          "\(path) has no index, and at \(size) bytes it would be read through by every shard. Pack it first: "
            + "sluice pack \(path) --output \(exportedName(path)).packed.jsonl.zst")
      }
      return try readThrough(source)
    }
  }

  /// The frames of a packed archive, of which records beyond `most` are one rejection.
  private static func cuts(_ frames: [ArchiveFrame], source: Int, most: Int) -> Content {
    var cuts: [Cut] = []
    cuts.reserveCapacity(frames.count)
    var (records, work) = (0, 0)
    for frame in frames where records <= most {
      cuts.append(
        Cut(
          place: ShardPlace(source: source, record: records, position: records == 0 ? nil : frame.position),
          work: work))
      records += frame.records
      work += frame.bytes
    }
    return .cuts(cuts, records: min(records, most + 1), work: work)
  }

  /// Reads a source through as a run does, holding places between its records.
  private func readThrough(_ source: Int) throws -> Content {
    let reader = SourceReader([sources[source]], from: [SourceStart()])
    var cuts: [Cut] = []
    var (records, work, step) = (0, 0, 1)
    var position: ArchivePosition?
    while let record = try reader.read() {
      if case .end = record.content { break }
      if records.isMultiple(of: step) {
        cuts.append(
          Cut(place: ShardPlace(source: source, record: records, position: position), work: work))
        if cuts.count > Self.mostCuts {
          step *= 2
          cuts = cuts.filter { $0.place.record.isMultiple(of: step) }
        }
      }
      if case .archived(let archived) = record.content {
        work += max(1, archived.bytes.count)
      } else {
        work += 1
      }
      records += 1
      position = record.position
    }
    return .cuts(cuts, records: records, work: work)
  }
}

extension ShardPlanner.Content {
  /// Number of records.
  var records: Int {
    switch self {
    case .cuts(_, let records, _), .alike(let records, _): records
    }
  }

  /// Work of all records.
  var work: Int {
    switch self {
    case .cuts(_, _, let work), .alike(_, let work): work
    }
  }
}
