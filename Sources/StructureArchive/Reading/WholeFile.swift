/// The bytes of a file, decompressed where it is compressed (zstd, gzip, bzip2, xz), as its content says.
///
/// - Parameters:
///   - path: a plain or compressed file, not an archive of several.
///   - limit: most bytes to hold.
/// - Throws: `ArchiveError`; `.tooLarge` beyond `limit`.
public func readWholeFile(path: String, limit: Int = 4 << 30) throws(ArchiveError) -> [UInt8] {
  guard try FileKind(path: path) != .folder else {
    throw .cannotOpen(archive: path, detail: "it is a folder")
  }
  var source: any ByteSource = try FileSource(path: path)
  // No budget: the limit on what is held is the bound.
  var content = PeekedSource(peeking: 512, from: source)
  while let compression = Compression(content.peeked) {
    source = try compression.source(content, archive: path, budget: nil)
    content = PeekedSource(peeking: 512, from: source)
  }
  switch ContentKind(content.peeked) {
  case .zip, .tar, .libarchive:
    throw .cannotOpen(archive: path, detail: "it is an archive of several files")
  case .plain, .compressed: break
  }
  var bytes: [UInt8] = []
  while let chunk = try content.nextChunk() {
    guard chunk.count <= limit - bytes.count else { throw .tooLarge(archive: path, limit: limit) }
    bytes.append(contentsOf: chunk)
  }
  return bytes
}

/// The text of a file in UTF-8 without a byte order mark, decompressed as `readWholeFile` does it.
///
/// - Throws: as `readWholeFile` and `TextEncoding.plainText` do.
public func readWholeText(path: String, limit: Int = 4 << 30) throws(ArchiveError) -> [UInt8] {
  try TextEncoding.plainText(readWholeFile(path: path, limit: limit), of: path)
}

extension ArchiveReader {
  /// The number of records at `path`, failures included, without decoding any; a packed file's index says it.
  ///
  /// - Throws: `ArchiveError` when the archive is truncated or damaged.
  public static func countRecords(
    path: String, limits: ArchiveLimits = .init()
  ) throws(ArchiveError) -> Int {
    let reader = try ArchiveReader(path: path, limits: limits)
    if let index = reader.packedIndex() { return index.records }
    var count = 0
    while try reader.next() != nil { count += 1 }
    return count
  }
}
