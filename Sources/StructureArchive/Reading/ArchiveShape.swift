/// What an archive turned out to be, as far as it has been read.
public struct ArchiveShape: Hashable, Sendable {
  /// Whether it is a folder.
  public internal(set) var isFolder = false
  /// Kinds of archives of several members: "tar", "zip", "7z".
  public internal(set) var containers: Set<String> = []
  /// Compressions of the file itself, outermost first: "gzip", "bzip2", "xz", "zstd".
  public internal(set) var compressions: [String] = []
  /// Number of records that the index of a packed file counts; nil where there is none.
  public internal(set) var indexedRecords: Int?
  /// Whether a seek table says where the frames of a zstd file lie.
  public internal(set) var hasSeekTable = false

  /// How a reader goes on in the middle of it.
  public var resumption: String {
    if isFolder { return "at the file, and within it by its form" }
    if indexedRecords != nil { return "at the frame that holds the record, by the index" }
    if containers.contains("zip") { return "at the member, by the directory" }
    if containers.contains("7z") { return "at the member, passing over those before it" }
    let hasMembers = containers.contains("tar")
    if compressions.isEmpty { return hasMembers ? "at the member, by its position" : "at the byte" }
    if compressions == ["zstd"] {
      return
        "at the frame, \(hasSeekTable ? "by the seek table" : "by the frames' headers"), then decompressing "
        + "without decoding"
    }
    return "by decompressing without decoding; `sluice pack` makes a file that is resumed at once"
  }

  mutating func note(compression: String) {
    if !compressions.contains(compression) { compressions.append(compression) }
  }
}
