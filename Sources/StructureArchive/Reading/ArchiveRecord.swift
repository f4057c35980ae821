public import Crystal

/// Bounds that keep memory flat, and reading finite, whatever an archive claims.
public struct ArchiveLimits: Hashable, Sendable {
  /// Largest record held in memory (bytes); a larger one becomes a rejection `.tooLarge` and is passed over.
  public var largestRecord: Int
  /// Largest member of an archive (bytes, uncompressed); what lies beyond is passed over with a rejection `.tooLarge`.
  public var largestMember: Int
  /// How deep archives and compressed files may lie within an archive; 0 for none. What lies deeper is a rejection.
  public var deepestNesting: Int
  /// How many times its size on disk an archive may expand to, all layers together.
  public var largestExpansion: Int
  /// Number of bytes that an archive may expand to, however small it is.
  public var freeExpansion: Int
  /// Most records of an archive; the next one ends the reading with an error.
  public var mostRecords: Int
  /// Longest member name kept (bytes of UTF-8).
  public var longestName: Int

  /// Most records that can be asked for.
  public static let mostRecordsEver = 1 << 40

  /// Limits.
  public init(
    largestRecord: Int = 64 << 20, largestMember: Int = 16 << 30, deepestNesting: Int = 1,
    largestExpansion: Int = 200, freeExpansion: Int = 1 << 30, mostRecords: Int = mostRecordsEver,
    longestName: Int = 1024
  ) {
    precondition(
      largestRecord > 0 && largestMember > 0 && largestExpansion > 0 && mostRecords > 0 && longestName > 0,
      "limits are positive")
    precondition(deepestNesting >= 0 && freeExpansion >= 0, "limits are not negative")
    self.largestRecord = largestRecord
    self.largestMember = largestMember
    self.deepestNesting = deepestNesting
    self.largestExpansion = largestExpansion
    self.freeExpansion = freeExpansion
    self.mostRecords = mostRecords
    self.longestName = longestName
  }
}

/// In which form a record's bytes describe a crystal.
public enum RecordFormat: Hashable, Sendable {
  /// A JSON object: own fields, OPTIMADE, pymatgen's structure or computed entry, JARVIS atoms.
  case json
  /// A row of a JSON table in pandas' split form, with the table's column names.
  case tableRow(columns: [String])
  /// One CIF data block, or a file whose first block with sites counts.
  case cif
  /// A VASP POSCAR or CONTCAR file.
  case poscar
  /// One frame of extended XYZ.
  case extendedXYZ
  /// No form this package knows.
  case unknown
}

/// One record of an archive, not yet decoded.
public struct ArchiveRecord: Sendable {
  /// The member's name as the archive gives it (never used as a path); for a plain or compressed file its own name.
  public let member: String
  /// Number of the record in the archive, from 0.
  public let index: Int
  /// Position of the record's first byte in the member's uncompressed bytes.
  public let byteOffset: Int
  /// The record's bytes; empty where `failure` says why there are none.
  public let bytes: [UInt8]
  /// The form the bytes are in.
  public let format: RecordFormat
  /// Why this cannot be decoded, when the reader already knows.
  public let failure: RecordError?
  /// Names of other structures of the same document that were passed over.
  public let passedOver: [String]
  let stem: String
  let number: Int?
  let name: RecordName?

  /// A record as the reader found it.
  ///
  /// - Parameters:
  ///   - member: the member's name as the archive gives it.
  ///   - index: number of the record in the archive, from 0.
  ///   - byteOffset: position of its first byte in the member's uncompressed bytes.
  ///   - bytes: its bytes; empty where `failure` says why there are none.
  ///   - format: the form that the bytes are in.
  ///   - failure: why there is no record, where there is none.
  ///   - number: position within the member from 1 where a member holds many records; nil where it is one record.
  public init(
    member: String, index: Int, byteOffset: Int, bytes: [UInt8], format: RecordFormat,
    failure: RecordError? = nil, number: Int? = nil
  ) {
    self.init(
      member: member, index: index, byteOffset: byteOffset, bytes: bytes, format: format, failure: failure,
      stem: MemberName.stem(of: member), number: number, name: nil, passedOver: [])
  }

  init(
    member: String, index: Int, byteOffset: Int, bytes: [UInt8], format: RecordFormat, failure: RecordError?,
    stem: String, number: Int?, name: RecordName?, passedOver: [String]
  ) {
    self.member = member
    self.index = index
    self.byteOffset = byteOffset
    self.bytes = bytes
    self.format = format
    self.failure = failure
    self.stem = stem
    self.number = number
    self.name = name
    self.passedOver = passedOver
  }

  /// The id to use when the bytes name none: the member's file name without folders and extension, and where a member
  /// holds many records ":" and what it calls the record (the name of a CIF data block), or else the record's number
  /// from 1 (for JSON lines the line number). Where a document lists its structures by id, that id.
  public var defaultID: String {
    switch name {
    case .whole(let id): return id
    case .part(let name): return "\(stem):\(name)"
    case nil: break
    }
    guard let number else { return stem }
    return "\(stem):\(number)"
  }
}

/// Why a record is no structure.
public struct RecordError: Error, Hashable, Sendable {
  /// The code under which the rejection is counted.
  public let reason: RejectionReason
  /// What a person needs to find the fault.
  public let message: String
  /// Position of the fault in the record's bytes, where it is known.
  public let byteOffset: Int?

  /// A rejection with its explanation.
  public init(reason: RejectionReason, message: String, byteOffset: Int? = nil) {
    self.reason = reason
    self.message = message
    self.byteOffset = byteOffset
  }
}

extension RecordError: CustomStringConvertible {
  /// Reason code and message.
  public var description: String {
    "\(reason.rawValue): \(message)\(byteOffset.map { " (byte \($0))" } ?? "")"
  }
}
