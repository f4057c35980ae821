/// What a record is called where its file gives it a name; see `ArchiveRecord.defaultID`.
enum RecordName: Hashable, Sendable {
  /// Follows the file's name and a colon.
  case part(String)
  /// Is the id.
  case whole(String)
}

/// Makes names of records unique within a file: one that has occurred before gets the record's number as a suffix.
///
/// The names are kept as 64-bit hashes, and of a bounded number of them; after that every name gets the number.
struct RecordNames {
  /// Number of names that are remembered: 16 to 32 MiB.
  static let mostRemembered = 1 << 20

  private let most: Int
  private var known: Set<UInt64> = []

  /// No names yet.
  init(most: Int = mostRemembered) { self.most = most }

  /// The name under which record `number` goes; depends on nothing but the names before it and their numbers.
  mutating func unique(_ name: String, number: Int) -> String {
    if name.isEmpty { return unique("\(number)", number: number) }
    var candidate = name
    if known.count >= most { candidate += ":\(number)" }
    while known.contains(RecordNames.hash(candidate)) { candidate += ":\(number)" }
    if known.count < most { known.insert(RecordNames.hash(candidate)) }
    return candidate
  }

  private static func hash(_ name: String) -> UInt64 { fowlerNollVo(ArraySlice(Array(name.utf8))) }
}
