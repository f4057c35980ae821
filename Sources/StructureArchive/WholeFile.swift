/// The bytes of a file, decompressed where it is compressed (zstd, gzip, bzip2, xz), as its content says.
///
/// - Parameters:
///   - path: a plain or compressed file, not an archive of several.
///   - limit: most bytes to hold.
/// - Throws: `ArchiveError`; `.tooLarge` beyond `limit`.
public func readWholeFile(path: String, limit: Int = 4 << 30) throws(ArchiveError) -> [UInt8] {
  guard try FileKind(path: path) == .file else { throw .cannotOpen(archive: path, detail: "it is a folder") }
  let head = try PeekedSource(peeking: 4, from: FileSource(path: path))
  var bytes: [UInt8] = []
  func append(all source: any ByteSource) throws(ArchiveError) {
    while let chunk = try source.nextChunk() {
      guard chunk.count <= limit - bytes.count else { throw .tooLarge(archive: path, limit: limit) }
      bytes.append(contentsOf: chunk)
    }
  }
  if ZstdSource.recognizes(head.peeked) {
    try append(all: ZstdSource(head, archive: path))
    return bytes
  }
  let reader = try MemberReader(path: path)
  guard try reader.next(longestName: 4096) != nil else { return bytes }
  guard reader.isRaw else { throw .cannotOpen(archive: path, detail: "it is an archive of several files") }
  try append(all: MemberSource(reader))
  return bytes
}

extension ArchiveReader {
  /// The number of records at `path`, failures included, without decoding any.
  ///
  /// - Throws: `ArchiveError` when the archive is truncated or damaged.
  public static func countRecords(
    path: String, limits: ArchiveLimits = .init()
  ) throws(ArchiveError) -> Int {
    let reader = try ArchiveReader(path: path, limits: limits)
    var count = 0
    while try reader.next() != nil { count += 1 }
    return count
  }
}
