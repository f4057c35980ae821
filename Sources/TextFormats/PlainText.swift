/// Why bytes cannot be taken as text in UTF-8.
public enum PlainTextError: Error, Hashable, Sendable {
  /// The byte-order mark is that of another encoding, "UTF-16" or "UTF-32".
  case otherEncoding(String)
  /// The beginning holds zero bytes, the first at this offset.
  case zeroByte(offset: Int)
}

extension PlainTextError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .otherEncoding(let name): "the text is in \(name), where UTF-8 is expected"
    case .zeroByte(let offset):
      "byte \(offset) is zero: no text in UTF-8, perhaps UTF-16 without a byte order mark; save it as UTF-8"
    }
  }
}

/// A text in UTF-8 without its byte-order mark. Whether all of it is UTF-8 is not checked here.
///
/// - Throws: `PlainTextError` for what by its beginning is in another encoding. Whoever opens files may transcode it.
public func plainText(_ bytes: [UInt8]) throws(PlainTextError) -> [UInt8] {
  if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(bytes.dropFirst(3)) }
  if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
    throw .otherEncoding("UTF-32")
  }
  if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { throw .otherEncoding("UTF-16") }
  // Text in UTF-16 shows a zero within its first characters.
  if let offset = bytes.prefix(64).firstIndex(of: 0) { throw .zeroByte(offset: offset) }
  return bytes
}

/// What a text is by its first character that is no blank.
public enum TextForm: Hashable, Sendable {
  /// There are only blanks.
  case empty
  /// An object or a list of JSON.
  case json
  /// Anything else: a table, as far as that can be told.
  case table

  /// The form of a text without byte-order mark.
  public init(_ text: [UInt8]) {
    switch text.first(where: { $0 > 32 }) {
    case nil: self = .empty
    case UInt8(ascii: "{"), UInt8(ascii: "["): self = .json
    default: self = .table
    }
  }
}
