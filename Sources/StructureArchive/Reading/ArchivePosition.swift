/// A place between two records of an archive at which a reader can go on.
///
/// It says where the next record's member lies and how far it has been read, so that going on opens no member before
/// it. Positions hold for an archive that has not changed since.
public struct ArchivePosition: Hashable, Sendable {
  enum Stage: Int, Sendable {
    /// Before the first member of the file numbered `file`.
    case beforeFile
    /// In a file that is no archive.
    case inFile
    /// In the member at `place`.
    case inMember
    /// After the member at `place`.
    case afterMember
  }

  /// Number of records before this place.
  public var record = 0
  var stage = Stage.beforeFile
  /// Number of the file in a folder's order; 0 for a file.
  var file = 0
  var place = MemberPlace()
  /// Number of the member's, or file's, uncompressed bytes that have been used, and of its records or lines.
  var offset = 0
  var count = 0

  /// The beginning.
  public init() {}

  /// The place as bytes, to be kept.
  public var bytes: [UInt8] {
    let numbers = [1, record, stage.rawValue, file, place.offset, place.headers, offset, count]
    return Array(numbers.map(String.init).joined(separator: " ").utf8)
  }

  /// The place that `bytes` tell; nil where they are none.
  public init?(bytes: [UInt8]) {
    let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").map { Int($0) ?? -1 }
    guard numbers.count == 8, numbers[0] == 1, numbers.allSatisfy({ $0 >= 0 }),
      let stage = Stage(rawValue: numbers[2])
    else { return nil }
    (record, self.stage, file) = (numbers[1], stage, numbers[3])
    place = MemberPlace(offset: numbers[4], headers: numbers[5])
    (offset, count) = (numbers[6], numbers[7])
  }
}
