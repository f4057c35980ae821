import Crystal

/// Reads the records of an archive one after the other in constant memory, recognising everything by content.
///
/// An archive is a tar, zip or 7z file, plain or compressed by gzip, bzip2, xz or zstd; a plain or compressed file of
/// JSON lines, a JSON list, extended XYZ, CIF or POSCAR; or a folder of any of these, read in the order of names.
/// Folders and links inside archives and hidden files are passed over. Not for use by two threads at once.
public final class ArchiveReader {
  private let path: String
  private let limits: ArchiveLimits
  private let isFolder: Bool
  private var remaining: [String]
  private let window = ByteWindow()
  private var members: MemberReader?
  private var splitter: (any RecordSplitter)?
  private var file = ""
  private var member = ""
  private var stem = ""
  private var index = 0
  private var ended = false

  /// Opens the archive at `path`.
  ///
  /// - Throws: `ArchiveError.cannotOpen`.
  public init(path: String, limits: ArchiveLimits = .init()) throws(ArchiveError) {
    self.path = path
    self.limits = limits
    switch try FileKind(path: path) {
    case .file:
      isFolder = false
      remaining = [path]
    case .folder:
      isFolder = true
      remaining = try folderEntries(path).reversed().map { "\(path)/\($0)" }
    }
  }

  /// The next record, or nil at the end.
  ///
  /// What cannot be a record (too large, unreadable member) comes out as a record with a `failure`.
  /// - Throws: once, after the last whole record, when the archive is truncated or damaged; then the reader has
  ///   ended. In a folder such a file becomes a record with a `failure` and the reading goes on.
  public func next() throws(ArchiveError) -> ArchiveRecord? {
    while !ended {
      do throws(ArchiveError) {
        if let splitter {
          if let piece = try splitter.next() { return record(piece) }
          self.splitter = nil
        } else if try !openNext() {
          ended = true
        }
      } catch {
        if let record = recover(from: error) { return record }
        throw error
      }
    }
    return nil
  }

  // What follows an error: the next member or file where only this one is lost.
  private func recover(from error: ArchiveError) -> ArchiveRecord? {
    splitter = nil
    if members?.hasRecoverableFault == true { return record(failed(error)) }
    members = nil
    guard isFolder else {
      ended = true
      return nil
    }
    return record(failed(error))
  }

  private func failed(_ error: ArchiveError) -> RecordPiece {
    var reason = RejectionReason.unreadable
    if case .truncated = error { reason = .truncated }
    let failure = RecordError(reason: reason, message: error.description)
    return RecordPiece(bytes: [], offset: window.offset, format: .unknown, failure: failure, number: nil)
  }

  private func record(_ piece: RecordPiece) -> ArchiveRecord {
    defer { index += 1 }
    return ArchiveRecord(
      member: member, index: index, byteOffset: piece.offset, bytes: piece.bytes, format: piece.format,
      failure: piece.failure, stem: stem, number: piece.number)
  }

  // Moves on to the next member or file; false when there is none.
  private func openNext() throws(ArchiveError) -> Bool {
    if let members {
      if let next = try members.next(longestName: limits.longestName) {
        enter(name: members.isRaw ? fileName : next.name)
        split(MemberSource(members), isWholeFile: members.isRaw)
      } else {
        self.members = nil
      }
      return true
    }
    guard let next = remaining.popLast() else { return false }
    file = next
    enter(name: fileName)
    if isFolder, try FileKind(path: next, followingLinks: false) == .folder {
      remaining += try folderEntries(next).reversed().map { "\(next)/\($0)" }
      return true
    }
    try open(next)
    return true
  }

  private var fileName: String {
    isFolder ? String(file.dropFirst(path.count + 1)) : String(MemberName.lastComponent(of: file))
  }

  private func enter(name: String) {
    member = name
    stem = MemberName.stem(of: name)
  }

  private func open(_ file: String) throws(ArchiveError) {
    let head = try PeekedSource(peeking: 4, from: FileSource(path: file))
    guard ZstdSource.recognizes(head.peeked) else {
      members = try MemberReader(path: file)
      return
    }
    let content = try PeekedSource(peeking: 512, from: ZstdSource(head, archive: file))
    if TarHeader.recognizes(content.peeked) {
      members = try MemberReader(tar: content, archive: file)
    } else {
      split(content, isWholeFile: true)
    }
  }

  private func split(_ source: any ByteSource, isWholeFile: Bool) {
    window.attach(source, archive: file, member: member)
    let context = SplitterContext(window: window, limits: limits, archive: file, member: member)
    splitter = ContentDetection.splitter(for: context, isWholeFile: isWholeFile)
  }
}

/// Recognises the first block of a tar archive by its checksum.
enum TarHeader {
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 512 else { return false }
    var sum = 0
    var stated = 0
    for position in 0..<512 {
      let byte = bytes[position]
      guard position >= 148, position < 156 else {
        sum += Int(byte)
        continue
      }
      sum += 32
      if byte >= 48, byte <= 55 { stated = stated * 8 + Int(byte - 48) }
    }
    // An archive of no members is all zeros.
    return sum == stated || sum == 8 * 32
  }
}
