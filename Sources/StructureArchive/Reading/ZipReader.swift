import CZlib

/// The members of a zip file, by its directory: each is found, and read, without the others.
///
/// Used instead of libarchive's reader because that one holds the whole directory in memory, and gives up at the first
/// damaged member.
final class ZipReader: MemberSequence {
  private let archive: String
  private let file: FileSource
  private let budget: ExpansionBudget?
  private let directoryEnd: Int
  private let count: Int
  /// What is added to positions in the file, where something stands before the archive.
  private let shift: Int
  private var buffer: [UInt8] = []
  private var bufferStart = 0
  private var position: Int
  private var headers = 0
  private var content: (any ByteSource)?
  private var inflated: (decoder: DeflateDecoder, source: DecodedSource)?
  private var checksum: UInt = 0
  private var delivered = 0
  private var entry = Entry()
  private(set) var place = MemberPlace()
  private(set) var refusal: String?
  /// What of the file is no part of the archive, told when its members have been read.
  private let strayBytes: String?
  private(set) var fault = MemberFault.none

  /// What the directory says of a member.
  private struct Entry {
    var name = ""
    var flags = 0
    var method = 0
    var checksum: UInt = 0
    var packedSize = 0
    var size = 0
    var header = 0
    var isFolder = false
    var refusal: String?
  }

  /// Opens the zip file in `file`; nil where it has no directory that makes sense.
  init?(_ file: FileSource, archive: String, budget: ExpansionBudget?) {
    let tailStart = max(0, file.size - 66_000)
    let tail = file.bytes(at: tailStart, count: file.size - tailStart)
    guard let mark = tail.lastRange(of: [0x50, 0x4B, 5, 6])?.lowerBound, tail.count >= mark + 22 else {
      return nil
    }
    var (count, size, start) = (
      tail.half(at: mark + 10), Int(tail.word(at: mark + 12)), Int(tail.word(at: mark + 16))
    )
    var end = tailStart + mark
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      let locator = file.bytes(at: end - 20, count: 20)
      if locator.count == 20, locator.word(at: 0) == 0x0706_4B50 {
        guard let at = locator.long(at: 8) else { return nil }
        let record = file.bytes(at: at, count: 56)
        guard record.count == 56, record.word(at: 0) == 0x0606_4B50, let wideCount = record.long(at: 32),
          let wideSize = record.long(at: 40), let wideStart = record.long(at: 48)
        else { return nil }
        (count, size, start, end) = (wideCount, wideSize, wideStart, at)
      }
    }
    let (stated, overflow) = start.addingReportingOverflow(size)
    guard !overflow, stated <= end, count <= file.size / 46 else { return nil }
    shift = end - stated
    strayBytes = ZipReader.strayBytes(file, before: shift, tail: tail, mark: mark)
    position = start + shift
    directoryEnd = end
    self.count = count
    self.file = file
    self.archive = archive
    self.budget = budget
    if count > 0, bytes(at: position, count: 4) != [0x50, 0x4B, 1, 2] { return nil }
  }

  func next(longestName: Int) throws(ArchiveError) -> String? {
    fault = .none
    content = nil
    while headers < count {
      place = MemberPlace(offset: position, headers: headers)
      guard let entry = readEntry() else {
        fault = .archive
        throw .damaged(
          archive: archive, member: self.entry.name, byteOffset: delivered,
          detail: "the directory counts \(count) members, and \(headers) could be found")
      }
      headers += 1
      if entry.isFolder || MemberName.isHidden(entry.name) { continue }
      self.entry = entry
      refusal = entry.refusal
      self.entry.name = MemberName.shown(entry.name, longest: longestName)
      delivered = 0
      checksum = crc32(0, nil, 0)
      content = nil
      return self.entry.name
    }
    guard let strayBytes else { return nil }
    fault = .archive
    throw .damaged(archive: archive, member: entry.name, byteOffset: delivered, detail: strayBytes)
  }

  // A program that unpacks itself stands before its archive; another archive there, or bytes after the end, are a file
  // that was joined of several.
  private static func strayBytes(
    _ file: FileSource, before shift: Int, tail: [UInt8], mark: Int
  ) -> String? {
    if shift > 0, file.bytes(at: 0, count: 4) == [0x50, 0x4B, 3, 4] {
      return "another zip file of \(shift) bytes stands before this one and is not read"
    }
    let rest = tail.dropFirst(mark + 22 + tail.half(at: mark + 20))
    guard rest.contains(where: { $0 != 0 }) else { return nil }
    return "\(rest.count) bytes follow the end of the zip file and are not read"
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    // Each member stands on its own, whatever is wrong with this one.
    fault = .member
    do throws(ArchiveError) {
      let source: any ByteSource
      if let content { source = content } else { source = try open() }
      content = source
      if let chunk = try source.nextChunk() {
        delivered += chunk.count
        checksum = crc32_z(checksum, chunk.bindMemory(to: Bytef.self).baseAddress, chunk.count)
        return chunk
      }
    } catch {
      throw error.located(archive: archive, member: entry.name, byteOffset: delivered)
    }
    guard delivered == entry.size, checksum == entry.checksum else {
      throw damaged("size or checksum differ from those in the directory")
    }
    fault = .none
    return nil
  }

  /// Makes the member at `place` the next one, right after this was made.
  func resume(at place: MemberPlace) {
    position = place.offset
    headers = place.headers
  }

  private func damaged(_ detail: String) -> ArchiveError {
    .damaged(archive: archive, member: entry.name, byteOffset: delivered, detail: detail)
  }

  private func open() throws(ArchiveError) -> any ByteSource {
    guard entry.flags & 0x2041 == 0 else { throw damaged("the member is encrypted") }
    let header = file.bytes(at: entry.header, count: 30)
    guard header.count == 30, header.word(at: 0) == 0x0403_4B50 else {
      throw damaged("there is no member where the directory says")
    }
    let start = entry.header + 30 + header.half(at: 26) + header.half(at: 28)
    guard start + entry.packedSize <= file.size else {
      throw .truncated(archive: archive, member: entry.name, byteOffset: 0)
    }
    let packed = RangeSource(file, start..<(start + entry.packedSize))
    switch entry.method {
    case 0: return packed
    case 8:
      // One decoder serves all members: most are smaller than its memory.
      if let inflated {
        inflated.decoder.reset()
        inflated.source.restart(packed)
        return inflated.source
      }
      guard let decoder = DeflateDecoder(wrapping: .none) else { throw damaged("out of memory") }
      let source = DecodedSource(packed, decoder, archive: archive, budget: budget)
      inflated = (decoder, source)
      return source
    case 12: return try Compression.bzip2.source(packed, archive: archive, budget: budget)
    case 93: return try Compression.zstd.source(packed, archive: archive, budget: budget)
    case 95: return try Compression.xz.source(packed, archive: archive, budget: budget)
    default: throw damaged("its compression (method \(entry.method)) is not known")
    }
  }

  private func readEntry() -> Entry? {
    let head = bytes(at: position, count: 46)
    guard head.count == 46, head.word(at: 0) == 0x0201_4B50 else { return nil }
    let (nameLength, extraLength) = (head.half(at: 28), head.half(at: 30))
    let tail = bytes(at: position + 46, count: nameLength + extraLength)
    guard tail.count == nameLength + extraLength else { return nil }
    var entry = Entry()
    entry.name = String(decoding: tail[..<nameLength], as: UTF8.self)
    entry.flags = head.half(at: 8)
    entry.method = head.half(at: 10)
    entry.checksum = UInt(head.word(at: 16))
    entry.packedSize = Int(head.word(at: 20))
    entry.size = Int(head.word(at: 24))
    entry.header = Int(head.word(at: 42))
    guard readWideSizes(Array(tail[nameLength...]), &entry) else { return nil }
    entry.header += shift
    let isUnix = head[5] == 3
    let kind = isUnix ? head.half(at: 40) & 0o170000 : 0
    entry.isFolder = entry.name.hasSuffix("/") || kind == 0o040000
    switch kind {
    case 0, 0o040000, 0o100000: break
    case 0o120000: entry.refusal = "it is a symbolic link, which is not followed"
    default: entry.refusal = "it is a device or a pipe"
    }
    position += 46 + nameLength + extraLength + head.half(at: 32)
    return entry
  }

  // Sizes and positions beyond 32 bits stand in an extra field, in this order and only where they are needed.
  private func readWideSizes(_ extra: [UInt8], _ entry: inout Entry) -> Bool {
    let isWide = [entry.size == 0xFFFF_FFFF, entry.packedSize == 0xFFFF_FFFF, entry.header == 0xFFFF_FFFF]
    guard isWide.contains(true) else { return true }
    var at = 0
    while at + 4 <= extra.count {
      let length = extra.half(at: at + 2)
      guard at + 4 + length <= extra.count else { return false }
      guard extra.half(at: at) == 1 else {
        at += 4 + length
        continue
      }
      guard length >= 8 * isWide.count(where: { $0 }) else { return false }
      var field = at + 4
      func value(else narrow: Int, _ isWide: Bool) -> Int? {
        guard isWide else { return narrow }
        defer { field += 8 }
        return extra.long(at: field).flatMap { $0 <= 1 << 60 ? $0 : nil }
      }
      guard let size = value(else: entry.size, isWide[0]),
        let packedSize = value(else: entry.packedSize, isWide[1]),
        let header = value(else: entry.header, isWide[2])
      else { return false }
      (entry.size, entry.packedSize, entry.header) = (size, packedSize, header)
      return true
    }
    return true
  }

  // Bytes of the directory, which is read in large pieces.
  private func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard offset >= 0, count >= 0, count <= directoryEnd - min(offset, directoryEnd) else { return [] }
    if offset < bufferStart || offset + count > bufferStart + buffer.count {
      bufferStart = offset
      buffer = file.bytes(at: offset, count: min(1 << 18, directoryEnd - offset))
    }
    let start = offset - bufferStart
    guard start + count <= buffer.count else { return [] }
    return Array(buffer[start..<(start + count)])
  }
}

/// A part of a file.
final class RangeSource: ByteSource {
  private let file: FileSource
  private let range: Range<Int>
  private var isOpen = false
  private var remaining: Int

  /// The bytes of `file` in `range`; the file's own position is used for it.
  init(_ file: FileSource, _ range: Range<Int>) {
    self.file = file
    self.range = range
    remaining = range.count
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    if !isOpen {
      try file.seek(to: range.lowerBound)
      isOpen = true
    }
    guard remaining > 0, let chunk = try file.nextChunk(atMost: remaining) else { return nil }
    remaining -= chunk.count
    return chunk
  }
}
