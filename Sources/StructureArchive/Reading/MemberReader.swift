import CArchive

/// The members of a tar or 7z archive, and of a zip file without a directory, by libarchive.
final class MemberReader: MemberSequence {
  private let archive: String
  private let handle: OpaquePointer
  private let feed: ArchiveFeed?
  private let budget: ExpansionBudget?
  private var member = ""
  private var delivered = 0
  private var contentEnd: Int64 = 0
  private var headersRead = 0
  private let headersToPass: Int
  private let feedStart: Int
  private(set) var place = MemberPlace()
  private(set) var refusal: String?

  /// Opens the file at `path`, whatever libarchive finds in it; the member at `place` becomes the next one.
  init(
    path: String, budget: ExpansionBudget? = nil, resumingAt place: MemberPlace = MemberPlace()
  ) throws(ArchiveError) {
    archive = path
    self.budget = budget
    headersToPass = place.headers
    feedStart = 0
    member = MemberName.lastComponent(of: path).description
    feed = nil
    handle = try MemberReader.newHandle(archive: path, onlyTar: false)
    guard archive_read_open_filename(handle, path, 1 << 18) == ARCHIVE_OK else {
      // All members are set: `deinit` frees the handle.
      throw failure()
    }
  }

  /// Reads an archive from `source`, a tar archive or whatever libarchive finds; `archive` names it in errors.
  ///
  /// - Parameters:
  ///   - budget: what its members may expand to.
  ///   - place: where the member begins that becomes the next one: everything before it is passed over.
  init(
    _ source: any ByteSource, onlyTar: Bool, archive: String, budget: ExpansionBudget? = nil,
    resumingAt place: MemberPlace = MemberPlace()
  ) throws(ArchiveError) {
    self.archive = archive
    // A tar archive holds its members as they are.
    self.budget = onlyTar ? nil : budget
    member = MemberName.lastComponent(of: archive).description
    let feed = ArchiveFeed(source)
    self.feed = feed
    handle = try MemberReader.newHandle(archive: archive, onlyTar: onlyTar)
    // A tar archive goes on at the header itself, any other passes over as many.
    headersToPass = onlyTar ? 0 : place.headers
    feedStart = onlyTar ? place.offset : 0
    headersRead = onlyTar ? place.headers : 0
    try feed.pass(feedStart)
    let status = archive_read_open(handle, Unmanaged.passUnretained(feed).toOpaque(), nil, feedRead, nil)
    guard status == ARCHIVE_OK else {
      throw failure()
    }
  }

  deinit { archive_read_free(handle) }

  // Only what is decoded inside the library: the "all filters" set also starts external programs.
  private static func newHandle(archive: String, onlyTar: Bool) throws(ArchiveError) -> OpaquePointer {
    guard let handle = archive_read_new() else {
      throw .cannotOpen(archive: archive, detail: "out of memory")
    }
    archive_read_support_format_tar(handle)
    // What follows the end of a tar archive is another one (cat a.tar b.tar), or a fault.
    archive_read_set_format_option(handle, "tar", "read_concatenated_archives", "1")
    archive_read_support_format_empty(handle)
    if !onlyTar {
      archive_read_support_format_zip(handle)
      archive_read_support_format_7zip(handle)
    }
    return handle
  }

  func next(longestName: Int) throws(ArchiveError) -> String? {
    fault = .archive
    while true {
      contentEnd = archive_filter_bytes(handle, 0)
      var entry: OpaquePointer?
      let status = archive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF {
        try checkEnd()
        fault = .none
        return nil
      }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else {
        throw isBehindEnd ? strayBytes : failure()
      }
      place = MemberPlace(
        offset: feedStart + Int(archive_read_header_position(handle)), headers: headersRead)
      headersRead += 1
      delivered = 0
      member = MemberName.shown(MemberReader.name(entry), longest: longestName)
      if headersRead <= headersToPass { continue }
      let kind = Int(archive_entry_filetype(entry)) & 0o170000
      if kind == 0o040000 || MemberName.isHidden(member) { continue }
      refusal = MemberReader.refusal(entry, kind: kind, longestName: longestName)
      fault = .none
      return member
    }
  }

  // A link is not read as what it names: those bytes may have gone by, and the member that has them is read itself.
  private static func refusal(_ entry: OpaquePointer, kind: Int, longestName: Int) -> String? {
    func shown(_ target: UnsafePointer<CChar>) -> String {
      MemberName.shown(String(cString: target), longest: longestName)
    }
    if let target = archive_entry_hardlink(entry) {
      // Some writers store the bytes with the link as well.
      guard archive_entry_size(entry) == 0 else { return nil }
      return "it is a hard link to '\(shown(target))' and not read a second time"
    }
    if let target = archive_entry_symlink(entry) {
      return "it is a symbolic link to '\(shown(target))', which is not followed"
    }
    return kind == 0 || kind == 0o100000 ? nil : "it is a device or a pipe"
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    while true {
      var pointer: UnsafeRawPointer?
      var size = 0
      var position: Int64 = 0
      let status = archive_read_data_block(handle, &pointer, &size, &position)
      let isEnd = status == ARCHIVE_EOF
      if isEnd || (status == ARCHIVE_OK && size > 0), position > delivered {
        fault = .member
        throw .damaged(
          archive: archive, member: member, byteOffset: delivered, detail: "it is a sparse file with holes")
      }
      if isEnd { return nil }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN else {
        fault = status == ARCHIVE_FATAL ? .archive : .member
        throw failure()
      }
      guard size > 0, let pointer else { continue }
      delivered += size
      try budget?.spend(size)
      return UnsafeRawBufferPointer(start: pointer, count: size)
    }
  }

  private(set) var fault = MemberFault.none

  // A tar archive ends with blocks of zeros; without them it was cut between two members.
  private func checkEnd() throws(ArchiveError) {
    if let error = feed?.failure { throw located(error) }
    let form = archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK
    if form == ARCHIVE_FORMAT_TAR, archive_filter_bytes(handle, 0) - contentEnd < 512 {
      throw .truncated(archive: archive, member: member, byteOffset: delivered)
    }
    // libarchive stops at those blocks; the checksum of a compressed stream comes after them.
    do throws(ArchiveError) {
      while try feed?.source.nextChunk() != nil {}
    } catch {
      throw located(error)
    }
  }

  // What libarchive could not read follows a block of zeros, which ends an archive; it may have taken one more block.
  private var isBehindEnd: Bool {
    guard let feed, feed.failure == nil else { return false }
    let place = Int(archive_filter_bytes(handle, 0))
    let lastContent = (Int(contentEnd) + ArchiveFeed.block - 1) / ArchiveFeed.block * ArchiveFeed.block
    return [place, place - ArchiveFeed.block].contains {
      $0 - ArchiveFeed.block >= lastContent && feed.holdsZeros(before: $0)
    }
  }

  private var strayBytes: ArchiveError {
    .damaged(
      archive: archive, member: member, byteOffset: delivered,
      detail: "bytes that are no tar archive follow its end")
  }

  private func failure() -> ArchiveError {
    if let error = feed?.failure { return located(error) }
    let detail = MemberReader.message(handle)
    let lower = detail.lowercased()
    if MemberReader.endingWords.contains(where: { lower.contains($0) }) {
      return .truncated(archive: archive, member: member, byteOffset: delivered)
    }
    return .damaged(archive: archive, member: member, byteOffset: delivered, detail: detail)
  }

  // What the library says when the input ends early; the last two are the wordings of its xz and zip readers.
  private static let endingWords = [
    "truncated", "unexpected end", "premature", "end of file", "no progress is possible",
    "decompression failed (-5)",
  ]

  private func located(_ error: ArchiveError) -> ArchiveError {
    error.located(archive: archive, member: member, byteOffset: delivered)
  }

  private static func message(_ handle: OpaquePointer) -> String {
    archive_error_string(handle).map { String(cString: $0) } ?? "unknown fault"
  }

  private static func name(_ entry: OpaquePointer) -> String {
    guard let text = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry) else { return "" }
    return String(cString: text)
  }
}

/// What libarchive's read callback draws from.
private final class ArchiveFeed {
  let source: any ByteSource
  var failure: ArchiveError?
  /// What was read of the source before libarchive asked for it.
  var pending: UnsafeRawBufferPointer?
  // What libarchive has in hand, what it had before that, and where both end in all that it was given.
  private var chunk = UnsafeRawBufferPointer(start: nil, count: 0)
  private var before: [UInt8] = []
  private var end = 0

  init(_ source: any ByteSource) { self.source = source }

  /// Passes over the first `count` bytes.
  func pass(_ count: Int) throws(ArchiveError) {
    var position = 0
    while position < count {
      let skipped = try source.skip(count - position)
      position += skipped
      guard skipped == 0 else { continue }
      guard let chunk = try source.nextChunk() else { return }
      if position + chunk.count > count {
        pending = UnsafeRawBufferPointer(rebasing: chunk[(count - position)...])
      }
      position += chunk.count
    }
  }

  func read(_ buffer: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    guard failure == nil else { return 0 }
    if let rest = pending {
      pending = nil
      buffer?.pointee = rest.baseAddress
      note(rest)
      return rest.count
    }
    before = Array((before + chunk.suffix(ArchiveFeed.remembered)).suffix(ArchiveFeed.remembered))
    chunk = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(ArchiveError) {
      guard let next = try source.nextChunk() else { return 0 }
      buffer?.pointee = next.baseAddress
      note(next)
      return next.count
    } catch {
      // To libarchive the bytes just end: it then gives out the members that are whole.
      failure = error
      return 0
    }
  }
}

extension ArchiveFeed {
  /// Length of a block of a tar archive.
  static let block = 512
  // Two blocks and the beginning of another.
  private static let remembered = 3 * block

  private func note(_ next: UnsafeRawBufferPointer) {
    chunk = next
    end += next.count
  }

  /// Whether the block before position `place` of what libarchive was given is known to hold nothing but zeros.
  func holdsZeros(before place: Int) -> Bool {
    let start = end - chunk.count - before.count
    let (from, to) = (place - ArchiveFeed.block - start, place - start)
    guard from >= 0, to <= before.count + chunk.count else { return false }
    return (from..<to).allSatisfy { ($0 < before.count ? before[$0] : chunk[$0 - before.count]) == 0 }
  }
}

private func feedRead(
  _: OpaquePointer?, _ client: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> la_ssize_t {
  guard let client else { return -1 }
  return la_ssize_t(Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue().read(buffer))
}

/// The bytes of a sequence's current member.
final class MemberSource: ByteSource {
  private let members: any MemberSequence

  init(_ members: any MemberSequence) { self.members = members }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? { try members.nextChunk() }
}
