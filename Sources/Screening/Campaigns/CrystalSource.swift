internal import Crystal
internal import Foundation
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
  /// Where to go on after this record; nil where counting is all.
  var position: ArchivePosition?
}

/// An input of a campaign as it will be read.
enum CrystalSource: Sendable {
  case archive(path: String, decoder: StructureDecoder, limits: ArchiveLimits)
  case decoration(Decoration)

  /// Name for people: the path or the prototype.
  var name: String {
    switch self {
    case .archive(let path, _, _): path
    case .decoration(let decoration): "decorate \(decoration.prototype.name)"
    }
  }
}

/// Where the reading of a source begins.
struct SourceStart: Hashable, Sendable {
  /// Number of records that have been dealt with.
  var record = 0
  /// A place in the archive at or before that record.
  var position: ArchivePosition?
}

/// Reads the inputs of a campaign one after the other, each from the record where it was left.
///
/// Owned by the pipeline's reading thread.
final class SourceReader {
  /// How many records are read between two looks at whether the file is still the same.
  private static let recordsBetweenLooks = 256

  private let sources: [CrystalSource]
  private let stamps: [FileStamp?]
  private var starts: [SourceStart?]
  private let ends: [Int?]
  private var remaining: Int
  private var current = 0
  private var next = 0
  private var archive: ArchiveReader?
  private var isBroken = false

  /// A reader that begins source s at `starts[s]`, passes over sources whose start is nil, and reads at most `limit`
  /// records.
  ///
  /// - Parameters:
  ///   - stamps: what each source's file was like when it was looked at first; nil where that is all the same.
  ///   - ends: for each source the record before which its reading ends, although it may go on; nil for its own end.
  init(
    _ sources: [CrystalSource], from starts: [SourceStart?], stamps: [FileStamp?]? = nil, limit: Int? = nil,
    ends: [Int?]? = nil
  ) {
    self.sources = sources
    self.starts = starts
    self.ends = ends ?? sources.map { _ in nil }
    self.stamps = stamps ?? sources.map { _ in nil }
    remaining = limit ?? Int.max
  }

  /// What the archive being read has turned out to be.
  var shape: ArchiveShape? { archive?.shape }

  /// The next record, or nil after the last.
  ///
  /// An archive that cannot be read to its end yields one record that says so, then its end.
  /// - Throws: `ScreeningError.inputChanged` where a file is no longer what it was, before any record of what it is now.
  func read() throws -> SourceRecord? {
    while current < sources.count {
      guard let start = starts[current] else {
        current += 1
        continue
      }
      guard remaining > 0 else { return nil }
      next = max(next, start.record)
      if let end = ends[current], next >= end {
        try checkStamp()
        // What stands for the rest of an archive would stand for records of others.
        guard !isBroken else {
          throw ScreeningError.unreadable(
            path: sources[current].name, reason: "breaks off before record \(end)")
        }
        leave()
        continue
      }
      let before = archive?.position
      var record = SourceRecord(
        source: current, record: next, content: try content(of: sources[current], start: start))
      if case .archived = record.content {} else { try checkStamp() }
      if case .end = record.content {
        leave()
      } else {
        // What stands for the rest of an archive is found again at the place before it.
        record.position = isBroken ? before : archive?.position
        next += 1
        remaining -= 1
        if next % Self.recordsBetweenLooks == 0 { try checkStamp() }
      }
      return record
    }
    return nil
  }

  /// Goes on to the next source.
  private func leave() {
    archive = nil
    isBroken = false
    next = 0
    current += 1
  }

  private func content(of source: CrystalSource, start: SourceStart) throws -> SourceRecord.Content {
    switch source {
    case .decoration(let decoration):
      return next < decoration.count ? .decorated(index: next) : .end
    case .archive(let path, _, let limits):
      if isBroken { return .end }
      var isSkipping = false
      do throws(ArchiveError) {
        let reader: ArchiveReader
        if let archive {
          reader = archive
        } else {
          reader = try ArchiveReader(path: path, limits: limits, resumingAt: start.position)
          archive = reader
          isSkipping = true
          try reader.skip(toRecord: start.record)
          isSkipping = false
        }
        return try reader.next().map { .archived($0) } ?? .end
      } catch {
        if case .cannotOpen = error { throw error }
        isBroken = true
        // A break among the records that an earlier call has dealt with is one of them.
        return isSkipping ? .end : .broken(error.rejectionReason, message: "\(error)")
      }
    }
  }

  private func checkStamp() throws {
    guard let stamp = stamps[current], stamp != FileStamp(path: sources[current].name) else { return }
    throw ScreeningError.inputChanged(
      path: sources[current].name, detail: "it was written to while it was being read")
  }
}
