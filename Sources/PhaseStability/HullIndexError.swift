/// Why an index file cannot be used. The cure is the same for all: build the references from their table again.
public enum HullIndexError: Error, Hashable, Sendable {
  /// The file cannot be opened, read or written; `code` is the system's error number.
  case system(path: String, code: Int32)
  /// The bytes do not begin as an index does.
  case notAnIndex
  /// Written by another version of the format.
  case otherVersion(found: UInt32, supported: UInt32)
  /// There are fewer or more bytes than the header announces.
  case wrongLength(expected: Int, found: Int)
  /// The bytes are not those that were written.
  case wrongChecksum
  /// The checksum holds but the contents contradict themselves.
  case inconsistent(what: String)
}

/// What a table of phases was when it was read: enough to tell whether it has changed since.
public struct SourceFingerprint: Hashable, Sendable {
  /// Length of the text.
  public let byteCount: Int
  /// Hash of the text and of the options it was read with.
  public let hash: UInt64

  /// The fingerprint of a table's text, read with `options`.
  public init(bytes: [UInt8], options: HullReferenceOptions = .init()) {
    var hash = ContentHash()
    bytes.withUnsafeBytes { hash.add($0) }
    hash.add(options.suppliesElementsAtZero ? 1 : 0)
    self.init(byteCount: bytes.count, hash: hash.value)
  }

  init(byteCount: Int, hash: UInt64) {
    self.byteCount = byteCount
    self.hash = hash
  }
}
