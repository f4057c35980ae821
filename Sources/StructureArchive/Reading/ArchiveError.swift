/// Why an archive cannot be opened, read on, or written.
public enum ArchiveError: Error, Equatable, Sendable {
  /// The file or folder cannot be opened or read at all.
  case cannotOpen(archive: String, detail: String)
  /// The bytes end before the archive does. `byteOffset` counts the member's uncompressed bytes that were read.
  case truncated(archive: String, member: String, byteOffset: Int)
  /// The bytes contradict their format (checksum, header, compressed block); `byteOffset` as in `truncated`.
  case damaged(archive: String, member: String, byteOffset: Int, detail: String)
  /// More bytes than the caller allows to be held at once.
  case tooLarge(archive: String, limit: Int)
  /// A member is larger than the caller allows (bytes, uncompressed).
  case memberTooLarge(archive: String, member: String, limit: Int)
  /// An archive within the archive that is not looked into.
  case notEntered(archive: String, member: String, detail: String)
  /// The archive holds more records than the caller allows.
  case tooManyRecords(archive: String, limit: Int)
  /// The archive expands to more than `bound` bytes, which is `ratio` times its size or what every archive may.
  case expandsTooFar(archive: String, bound: Int, ratio: Int)
  /// A zstd or xz stream asks for more memory to decompress than is granted (`limit`, in bytes).
  case needsLargerWindow(archive: String, member: String, limit: Int)
  /// The archive cannot be created or written.
  case cannotWrite(archive: String, detail: String)
}

extension ArchiveError: CustomStringConvertible {
  /// One line for a person: which archive, which member, where.
  public var description: String {
    switch self {
    case .cannotOpen(let archive, let detail): "cannot read '\(archive)': \(detail)"
    case .truncated(let archive, let member, let offset):
      "'\(archive)' is truncated in member '\(member)' after byte \(offset)"
    case .damaged(let archive, let member, let offset, let detail):
      "'\(archive)' is damaged in member '\(member)' after byte \(offset): \(detail)"
    case .tooLarge(let archive, let limit): "'\(archive)' holds more than the allowed \(limit) bytes"
    case .memberTooLarge(let archive, let member, let limit):
      "member '\(member)' of '\(archive)' is larger than the allowed \(limit) bytes"
    case .notEntered(let archive, let member, let detail): "member '\(member)' of '\(archive)': \(detail)"
    case .tooManyRecords(let archive, let limit): "'\(archive)' holds more than the allowed \(limit) records"
    case .expandsTooFar(let archive, let bound, let ratio):
      "'\(archive)' expands to more than \(bound) bytes, over \(ratio) times its size, as a decompression bomb would; "
        + "allow a larger expansion if it is meant to"
    case .needsLargerWindow(let archive, let member, let limit):
      "member '\(member)' of '\(archive)' needs a larger window than \(limit >> 20) MiB to be decompressed"
    case .cannotWrite(let archive, let detail): "cannot write '\(archive)': \(detail)"
    }
  }
}

extension ArchiveError {
  /// The same fault, told of a member and the number of its bytes that were read.
  func located(archive: String, member: String, byteOffset: Int) -> ArchiveError {
    switch self {
    case .truncated: .truncated(archive: archive, member: member, byteOffset: byteOffset)
    case .damaged(_, _, _, let detail):
      .damaged(archive: archive, member: member, byteOffset: byteOffset, detail: detail)
    case .memberTooLarge(_, _, let limit): .memberTooLarge(archive: archive, member: member, limit: limit)
    case .needsLargerWindow(_, _, let limit):
      .needsLargerWindow(archive: archive, member: member, limit: limit)
    case .cannotOpen, .tooLarge, .notEntered, .tooManyRecords, .expandsTooFar, .cannotWrite: self
    }
  }
}
