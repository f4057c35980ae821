import Crystal

/// One record's bytes, cut out of a member.
struct RecordPiece {
  var bytes: [UInt8]
  /// Position of the first byte in the member.
  var offset: Int
  var format: RecordFormat
  var failure: RecordError?
  /// Position in the member from 1; nil where the member is one record.
  var number: Int?
  /// What the member calls the record, where it does.
  var name: RecordName?
  /// Names of other structures of the same document that are no records.
  var passedOver: [String] = []
}

/// Cuts a member into records.
protocol RecordSplitter: AnyObject {
  /// The next record; nil at the end of the member.
  ///
  /// - Throws: when the member ends before its last record does.
  func next() throws(ArchiveError) -> RecordPiece?

  /// Number of records, or lines, that have been passed; with the window's offset this is all that `resume` needs.
  var count: Int { get }

  /// Goes on, right after it was made, where another splitter of the same member had come to when its window stood at
  /// `offset` and its count was `count`.
  func resume(offset: Int, count: Int)
}

/// A splitter that goes on by passing once more over the records before: what it must know of them is in no offset.
protocol ReplayingSplitter: RecordSplitter {
  /// What replaying met; the next record throws it.
  var replayFailure: ArchiveError? { get set }

  /// The next record, its bytes only where they are wanted.
  func advance(copies: Bool) throws(ArchiveError) -> RecordPiece?
}

extension ReplayingSplitter {
  func resume(offset: Int, count: Int) {
    do throws(ArchiveError) {
      while self.count < count, try advance(copies: false) != nil {}
    } catch {
      replayFailure = error
    }
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    if let failure = replayFailure {
      replayFailure = nil
      throw failure
    }
    return try advance(copies: true)
  }
}

/// What every splitter needs to know.
struct SplitterContext {
  let window: ByteWindow
  let limits: ArchiveLimits
  let archive: String
  let member: String

  /// The error of a member that ends within a record.
  var truncation: ArchiveError {
    window.failure ?? .truncated(archive: archive, member: member, byteOffset: window.offset + window.count)
  }

  /// A piece that stands for a record beyond the limit.
  func tooLarge(offset: Int, format: RecordFormat, number: Int?) -> RecordPiece {
    let error = RecordError(
      reason: .tooLarge, message: "the record is larger than \(limits.largestRecord) bytes", byteOffset: nil)
    return RecordPiece(bytes: [], offset: offset, format: format, failure: error, number: number)
  }
}
