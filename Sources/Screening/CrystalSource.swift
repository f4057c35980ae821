internal import Crystal
internal import Prototypes
internal import StructureArchive

/// One candidate on its way: where it comes from, and the bytes or the index it is made of.
struct SourceRecord: Sendable {
  enum Content: Sendable {
    case archived(ArchiveRecord)
    case decorated(index: Int)
    /// The rest of the archive cannot be read; this record stands for it.
    case broken(RejectionReason, message: String)
    /// No record: the source ends before this number.
    case end
  }

  let source: Int
  let record: Int
  let content: Content
}

/// An input of a campaign as it will be read.
enum CrystalSource: Sendable {
  case archive(path: String, decoder: StructureDecoder)
  case decoration(Decoration)

  /// Name for people: the path or the prototype.
  var name: String {
    switch self {
    case .archive(let path, _): path
    case .decoration(let decoration): "decorate \(decoration.prototype.name)"
    }
  }
}

/// Reads the inputs of a campaign one after the other, each from the record where it was left.
///
/// Owned by the pipeline's reading thread.
final class SourceReader {
  private let sources: [CrystalSource]
  private var starts: [Int?]
  private var remaining: Int
  private var current = 0
  private var next = 0
  private var archive: ArchiveReader?
  private var isBroken = false

  /// A reader that begins source s at record `starts[s]`, passes over sources whose start is nil, and reads at most
  /// `limit` records.
  init(_ sources: [CrystalSource], from starts: [Int?], limit: Int?) {
    self.sources = sources
    self.starts = starts
    remaining = limit ?? Int.max
  }

  /// The next record, or nil after the last.
  ///
  /// An archive that cannot be read to its end yields one record that says so, then its end.
  func read() throws -> SourceRecord? {
    while current < sources.count {
      guard let start = starts[current] else {
        current += 1
        continue
      }
      guard remaining > 0 else { return nil }
      next = max(next, start)
      let record = SourceRecord(
        source: current, record: next, content: try content(of: sources[current], start: start))
      if case .end = record.content {
        archive = nil
        isBroken = false
        next = 0
        current += 1
      } else {
        next += 1
        remaining -= 1
      }
      return record
    }
    return nil
  }

  private func content(of source: CrystalSource, start: Int) throws -> SourceRecord.Content {
    switch source {
    case .decoration(let decoration):
      return next < decoration.count ? .decorated(index: next) : .end
    case .archive(let path, _):
      if isBroken { return .end }
      var skipped = archive == nil ? 0 : start
      do throws(ArchiveError) {
        let reader: ArchiveReader
        if let archive { reader = archive } else { reader = try ArchiveReader(path: path) }
        archive = reader
        while skipped < start {
          guard try reader.next() != nil else { return .end }
          skipped += 1
        }
        return try reader.next().map { .archived($0) } ?? .end
      } catch {
        if case .cannotOpen = error { throw error }
        isBroken = true
        // A break among the records that an earlier call has dealt with is one of them.
        return skipped < start ? .end : .broken(error.rejectionReason, message: "\(error)")
      }
    }
  }
}

extension ArchiveError {
  fileprivate var rejectionReason: RejectionReason {
    switch self {
    case .truncated: .truncated
    case .tooLarge: .tooLarge
    default: .unreadable
    }
  }
}
