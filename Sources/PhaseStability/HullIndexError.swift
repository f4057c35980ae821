import Glibc

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

extension HullIndexError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .system(let path, let code): "\(path): \(String(cString: strerror(code)))"
    case .notAnIndex: "not an index of reference phases"
    case .otherVersion(let found, let supported):
      "an index of version \(found), this program reads version \(supported); build it again from its table"
    case .wrongLength(let expected, let found):
      found < expected
        ? "the index is cut short: \(found) of \(expected) bytes; build it again from its table"
        : "the index is \(found) bytes long and should be \(expected); build it again from its table"
    case .wrongChecksum: "the index is damaged (its checksum is wrong); build it again from its table"
    case .inconsistent(let what): "the index contradicts itself (\(what)); build it again from its table"
    }
  }
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
