/// Successive records of an archive that can be read without those before them.
public struct ArchiveFrame: Hashable, Sendable {
  /// Where they begin.
  public let position: ArchivePosition
  /// How many there are.
  public let records: Int
  /// Their size, uncompressed (bytes).
  public let bytes: Int
}

extension PackedIndex.Frame {
  /// Where the frame's records begin.
  var position: ArchivePosition {
    var position = ArchivePosition()
    guard firstRecord > 0 else { return position }
    (position.record, position.stage) = (firstRecord, .inFile)
    (position.offset, position.count) = (start, firstRecord)
    return position
  }
}

extension ArchiveReader {
  /// The frames of a packed file, as its index says; nil for an archive without one.
  ///
  /// - Throws: `ArchiveError`, also where its frames expand farther than the limits allow.
  public static func frames(
    path: String, limits: ArchiveLimits = .init()
  ) throws(ArchiveError) -> [ArchiveFrame]? {
    guard try FileKind(path: path) == .file else { return nil }
    let file = try FileSource(path: path)
    guard let index = PackedIndex(file) else { return nil }
    try ExpansionBudget(archive: path, size: file.size, limits: limits)
      .spend(index.frames.reduce(0) { $0 + $1.size })
    return index.frames.map {
      ArchiveFrame(position: $0.position, records: $0.records, bytes: $0.size)
    }
  }
}
