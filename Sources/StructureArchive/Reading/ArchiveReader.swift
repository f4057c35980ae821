public import Crystal

/// Reads the records of an archive one after the other in constant memory, recognising everything by content.
///
/// An archive is a tar, zip or 7z file, plain or compressed by gzip, bzip2, xz or zstd; a plain or compressed file of
/// JSON lines, a JSON list, extended XYZ, CIF or POSCAR; or a folder of any of these, read in the order of names.
/// Archives and compressed files within an archive are read too, as deep as the limits allow. Folders inside archives and
/// hidden files are passed over; any other file gives at least one record, which is a failure where it holds none. Names of members are text, never paths. Not for use by two threads at
/// once.
public final class ArchiveReader {
  let path: String
  let limits: ArchiveLimits
  let isFolder: Bool
  let window = ByteWindow()
  /// What the archive turned out to be.
  public internal(set) var shape = ArchiveShape()
  var members: [OpenMembers] = []
  var splitter: (any RecordSplitter)?
  var budget: ExpansionBudget?
  /// Whether the splitter reads a compressed member, so that its offset is none of the member's.
  var splitsNested = false
  var file = ""
  private var remaining: [String]
  private var filesTaken = 0
  private(set) var member = ""
  private var stem = ""
  private var index = 0
  private var ended = false
  /// Where to go on once the file that holds the place has been opened.
  var pendingPosition: ArchivePosition?
  private var checkpoint = ArchivePosition()

  /// Members of an archive, and under which name they go.
  struct OpenMembers {
    let sequence: any MemberSequence
    /// What stands before the names of the members; empty at the outermost archive.
    let prefix: String
    /// Whether any member has come out.
    var hasMembers = false
  }

  /// Opens the archive at `path`.
  ///
  /// - Parameters:
  ///   - path: a file or folder.
  ///   - limits: what is refused.
  ///   - position: where to go on; what `position` of another reader of the same archive said.
  /// - Throws: `ArchiveError.cannotOpen`.
  public init(
    path: String, limits: ArchiveLimits = .init(), resumingAt position: ArchivePosition? = nil
  ) throws(ArchiveError) {
    self.path = path
    self.limits = limits
    switch try FileKind(path: path) {
    case .file, .other:
      isFolder = false
      remaining = [path]
    case .folder:
      isFolder = true
      remaining = try folderEntries(path).reversed().map { "\(path)/\($0)" }
    }
    shape.isFolder = isFolder
    guard let position, position.record > 0 else { return }
    index = position.record
    checkpoint = position
    pendingPosition = position
    while filesTaken < position.file, try takeFile() != nil {}
  }

  /// The place after the last record that `next` has given.
  public var position: ArchivePosition {
    var position = checkpoint
    // Within an archive inside an archive the way back leads through all records of the outer member.
    guard pendingPosition == nil, members.count <= 1, splitter == nil || !splitsNested else {
      return position
    }
    position.record = index
    position.file = max(0, filesTaken - 1)
    position.place = members.last?.sequence.place ?? MemberPlace()
    if let splitter {
      position.stage = members.isEmpty ? .inFile : .inMember
      position.offset = window.offset
      position.count = splitter.count
    } else if members.isEmpty {
      (position.stage, position.file) = (.beforeFile, filesTaken)
    } else {
      position.stage = .afterMember
    }
    return position
  }

  /// The next record, or nil at the end.
  ///
  /// What cannot be a record (too large, unreadable member) comes out as a record with a `failure`.
  /// - Throws: once, after the last whole record, when the archive is truncated or damaged or passes a limit as a
  ///   whole; then the reader has ended. In a folder such a file becomes a record with a `failure` and the reading
  ///   goes on.
  public func next() throws(ArchiveError) -> ArchiveRecord? {
    while !ended {
      do throws(ArchiveError) {
        if let splitter {
          if let piece = try splitter.next() { return try record(piece) }
          self.splitter = nil
        } else if try !openNext() {
          ended = true
        }
      } catch {
        if !ended, let record = try recover(from: error) { return record }
        throw error
      }
    }
    return nil
  }

  /// Passes over records until number `record` comes next, as quickly as the archive allows; at its end fewer.
  ///
  /// - Throws: as `next` does.
  public func skip(toRecord record: Int) throws(ArchiveError) {
    if index == 0, record > 0, let frame = packedIndex()?.frame(holding: record), frame.firstRecord > 0 {
      let position = frame.position
      index = position.record
      checkpoint = position
      pendingPosition = position
    }
    while index < record, try next() != nil {}
  }

  // What follows an error: the next member or file where only this one is lost.
  private func recover(from error: ArchiveError) throws(ArchiveError) -> ArchiveRecord? {
    splitter = nil
    switch error {
    case .expandsTooFar: members = []
    case .memberTooLarge, .notEntered: break
    default:
      let fault = members.last?.sequence.fault
      // Where the archive is whole only its member is lost.
      if fault == .member || fault == MemberFault.none { break }
      // An archive within another is one of its members.
      repeat { _ = members.popLast() } while members.last?.sequence.fault == .archive
    }
    if !members.isEmpty || isFolder { return try record(failed(error)) }
    ended = true
    return nil
  }

  private func failed(_ error: ArchiveError) -> RecordPiece {
    let failure = RecordError(reason: error.rejectionReason, message: error.description)
    return RecordPiece(bytes: [], offset: window.offset, format: .unknown, failure: failure, number: nil)
  }

  private func record(_ piece: RecordPiece) throws(ArchiveError) -> ArchiveRecord {
    guard index < limits.mostRecords else {
      ended = true
      throw .tooManyRecords(archive: path, limit: limits.mostRecords)
    }
    defer { index += 1 }
    return ArchiveRecord(
      member: member, index: index, byteOffset: piece.offset, bytes: piece.bytes, format: piece.format,
      failure: piece.failure, stem: stem, number: piece.number, name: piece.name,
      passedOver: piece.passedOver)
  }

  // Moves on to the next member or file; false when there is none.
  private func openNext() throws(ArchiveError) -> Bool {
    window.clear()
    if let current = members.last {
      guard let name = try current.sequence.next(longestName: limits.longestName) else {
        members.removeLast()
        guard current.hasMembers else { throw notEntered("it is an archive without files") }
        return true
      }
      members[members.count - 1].hasMembers = true
      enter(name: current.prefix + name, stem: name)
      splitsNested = false
      if members.count == 1, pendingPosition == nil { noteMember() }
      try openMember(of: current)
      return true
    }
    guard let next = try takeFile() else { return false }
    guard let next else { return true }
    enter(name: fileName, stem: fileName)
    splitsNested = false
    try open(next)
    return true
  }

  // The place where the member begins that has just been entered.
  private func noteMember() {
    checkpoint = ArchivePosition()
    checkpoint.record = index
    checkpoint.file = filesTaken - 1
    checkpoint.stage = .inMember
    checkpoint.place = members[0].sequence.place
  }

  // The next file of the folder, or nil in its place for a folder in it; nil at the end.
  private func takeFile() throws(ArchiveError) -> String?? {
    guard let next = remaining.popLast() else { return nil }
    filesTaken += 1
    file = next
    guard isFolder else { return .some(next) }
    enter(name: fileName, stem: fileName)
    guard try FileKind(path: next, followingLinks: false) == .folder else { return .some(next) }
    remaining += try folderEntries(next).reversed().map { "\(next)/\($0)" }
    return .some(nil)
  }

  private var fileName: String {
    isFolder ? String(file.dropFirst(path.count + 1)) : String(MemberName.lastComponent(of: file))
  }

  func enter(name: String, stem: String) {
    member = MemberName.shown(name, longest: limits.longestName)
    self.stem = MemberName.stem(of: stem)
  }
}

extension ArchiveError {
  /// The code under which what is lost by this error is counted.
  public var rejectionReason: RejectionReason {
    switch self {
    case .truncated: .truncated
    case .tooLarge, .memberTooLarge, .expandsTooFar, .tooManyRecords: .tooLarge
    default: .unreadable
    }
  }
}
