import CArchive

/// The members of a tar, zip or 7z archive, plain or compressed, or the one member of a compressed or plain file.
final class MemberReader {
  /// One member, by its name in the archive.
  struct Member {
    let name: String
  }

  private let archive: String
  private var handle: OpaquePointer
  private let feed: ArchiveFeed?
  private var member = ""
  private var delivered = 0
  private var contentEnd: Int64 = 0
  private var headersRead = 0
  private var reopenings = 0

  /// Opens the file at `path`, whatever libarchive finds in it; bytes it does not know are one raw member.
  init(path: String) throws(ArchiveError) {
    archive = path
    member = MemberName.lastComponent(of: path).description
    feed = nil
    handle = try MemberReader.newHandle(archive: path, raw: true)
    guard archive_read_open_filename(handle, path, 1 << 18) == ARCHIVE_OK else {
      // All members are set: `deinit` frees the handle.
      throw failure()
    }
  }

  /// Reads a tar archive from `source`; `archive` names it in errors.
  init(tar source: any ByteSource, archive: String) throws(ArchiveError) {
    self.archive = archive
    member = MemberName.lastComponent(of: archive).description
    let feed = ArchiveFeed(source)
    self.feed = feed
    handle = try MemberReader.newHandle(archive: archive, raw: false)
    let status = archive_read_open(handle, Unmanaged.passUnretained(feed).toOpaque(), nil, feedRead, nil)
    guard status == ARCHIVE_OK else {
      throw failure()
    }
  }

  deinit { archive_read_free(handle) }

  // Only what is decoded inside the library: the "all filters" set also starts external programs.
  private static func newHandle(archive: String, raw: Bool) throws(ArchiveError) -> OpaquePointer {
    guard let handle = archive_read_new() else {
      throw .cannotOpen(archive: archive, detail: "out of memory")
    }
    archive_read_support_format_tar(handle)
    archive_read_support_format_empty(handle)
    if raw {
      archive_read_support_filter_gzip(handle)
      archive_read_support_filter_bzip2(handle)
      archive_read_support_filter_xz(handle)
      archive_read_support_filter_zstd(handle)
      archive_read_support_format_zip(handle)
      archive_read_support_format_7zip(handle)
      archive_read_support_format_raw(handle)
    }
    return handle
  }

  /// Whether the file is no archive but bytes on their own, after the first call of `next`.
  var isRaw: Bool { archive_format(handle) == ARCHIVE_FORMAT_RAW }

  /// Moves on to the next regular file; nil at the end.
  func next(longestName: Int) throws(ArchiveError) -> Member? {
    hasRecoverableFault = false
    while true {
      contentEnd = archive_filter_bytes(handle, 0)
      var entry: OpaquePointer?
      let status = archive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF {
        try checkEnd()
        return nil
      }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure() }
      headersRead += 1
      delivered = 0
      member = MemberReader.name(entry, longest: longestName)
      let kind = archive_entry_filetype(entry)
      if kind != 0, kind & 0o170000 != 0o100000 { continue }
      if archive_entry_hardlink(entry) != nil { continue }
      let file = MemberName.lastComponent(of: member)
      if !isRaw, file.hasPrefix(".") || member.hasPrefix("__MACOSX/") { continue }
      return Member(name: member)
    }
  }

  /// The next bytes of the current member; nil at its end.
  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    while true {
      var pointer: UnsafeRawPointer?
      var size = 0
      var position: Int64 = 0
      let status = archive_read_data_block(handle, &pointer, &size, &position)
      if status == ARCHIVE_EOF { return nil }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN else {
        let error = failure()
        hasRecoverableFault = status != ARCHIVE_FATAL || reopenAfterDamage(error)
        throw error
      }
      guard size > 0, let pointer else { continue }
      delivered += size
      return UnsafeRawBufferPointer(start: pointer, count: size)
    }
  }

  /// Whether the last error concerns one member only, so that `next` can go on.
  private(set) var hasRecoverableFault = false

  // A tar archive ends with blocks of zeros; without them it was cut between two members.
  private func checkEnd() throws(ArchiveError) {
    if let error = feed?.failure { throw located(error) }
    let form = archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK
    if form == ARCHIVE_FORMAT_ZIP { try checkDirectory() }
    if form == ARCHIVE_FORMAT_TAR, archive_filter_bytes(handle, 0) - contentEnd < 512 {
      throw .truncated(archive: archive, member: member, byteOffset: delivered)
    }
  }

  // A zip file counts its members at its end. The library passes over some that are damaged.
  private func checkDirectory() throws(ArchiveError) {
    guard feed == nil else { return }
    let tail = try fileTail(archive, count: 66_000)
    guard let mark = tail.lastRange(of: [0x50, 0x4B, 0x05, 0x06]), mark.lowerBound + 12 <= tail.count else {
      return
    }
    let stated = Int(tail[mark.lowerBound + 10]) | Int(tail[mark.lowerBound + 11]) << 8
    // 65,535 says that the number stands elsewhere.
    guard stated < 0xFFFF, headersRead < stated else { return }
    throw .damaged(
      archive: archive, member: member, byteOffset: delivered,
      detail: "the directory counts \(stated) members, and \(headersRead) could be found")
  }

  // In a zip file every member stands on its own, and its directory tells where the next one is; but the library gives
  // up after the first damaged one. So the file is opened anew and led to the same place.
  private func reopenAfterDamage(_ error: ArchiveError) -> Bool {
    let isZip = archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP
    guard case .damaged = error, isZip, feed == nil, reopenings < MemberReader.mostReopenings,
      let fresh = try? MemberReader.newHandle(archive: archive, raw: true)
    else { return false }
    reopenings += 1
    var status = archive_read_open_filename(fresh, archive, 1 << 18)
    var entry: OpaquePointer?
    for _ in 0..<headersRead where status == ARCHIVE_OK || status == ARCHIVE_WARN {
      status = archive_read_next_header(fresh, &entry)
    }
    guard status == ARCHIVE_OK || status == ARCHIVE_WARN else {
      archive_read_free(fresh)
      return false
    }
    archive_read_free(handle)
    handle = fresh
    return true
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
  private static let mostReopenings = 100

  private func located(_ error: ArchiveError) -> ArchiveError {
    error.located(archive: archive, member: member, byteOffset: delivered)
  }

  private static func message(_ handle: OpaquePointer) -> String {
    archive_error_string(handle).map { String(cString: $0) } ?? "unknown fault"
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 32 || (scalar.value >= 127 && scalar.value < 160)
  }

  private static func name(_ entry: OpaquePointer, longest: Int) -> String {
    guard let text = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry) else { return "" }
    var name = String(cString: text)
    // Names are shown and stored: what is not printable becomes visible.
    if name.unicodeScalars.contains(where: isControl) {
      name = String(String.UnicodeScalarView(name.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
    }
    return name.utf8.count <= longest ? name : String(name.prefix(longest / 4))
  }
}

/// What libarchive's read callback draws from.
private final class ArchiveFeed {
  let source: any ByteSource
  var failure: ArchiveError?

  init(_ source: any ByteSource) { self.source = source }

  func read(_ buffer: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    guard failure == nil else { return 0 }
    do throws(ArchiveError) {
      guard let chunk = try source.nextChunk() else { return 0 }
      buffer?.pointee = chunk.baseAddress
      return chunk.count
    } catch {
      // To libarchive the bytes just end: it then gives out the members that are whole.
      failure = error
      return 0
    }
  }
}

private func feedRead(
  _: OpaquePointer?, _ client: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> la_ssize_t {
  guard let client else { return -1 }
  return la_ssize_t(Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue().read(buffer))
}

/// The bytes of a reader's current member.
final class MemberSource: ByteSource {
  private let reader: MemberReader

  init(_ reader: MemberReader) { self.reader = reader }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? { try reader.nextChunk() }
}
