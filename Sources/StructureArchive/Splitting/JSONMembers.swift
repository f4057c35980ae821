/// The members of a JSON object, or the elements of a list, one after the other; values are passed over unread.
struct JSONMembers {
  /// A member; positions count from the start of the bytes.
  struct Member {
    /// The key without its quotes, escapes left as they are; empty in a list.
    let key: Range<Int>
    let value: Range<Int>
  }

  private let bytes: UnsafeRawBufferPointer
  private let hasKeys: Bool
  private var position = 1

  /// The members of the object or list that `bytes` begin with.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    hasKeys = bytes.first == UInt8(ascii: "{")
  }

  /// The next member; nil at the end, and where the text is no JSON.
  mutating func next() -> Member? {
    skip { TextLines.isBlank($0) || $0 == UInt8(ascii: ",") }
    var key = position..<position
    if hasKeys {
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\""), let string = value() else {
        return nil
      }
      key = (string.lowerBound + 1)..<(string.upperBound - 1)
      skip(while: TextLines.isBlank)
      guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { return nil }
      position += 1
      skip(while: TextLines.isBlank)
    }
    return value().map { Member(key: key, value: $0) }
  }

  private mutating func skip(while matches: (UInt8) -> Bool) {
    while position < bytes.count, matches(bytes[position]) { position += 1 }
  }

  private mutating func value() -> Range<Int>? {
    guard position < bytes.count else { return nil }
    let start = position
    switch bytes[start] {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""):
      var scanner = JSONScanner()
      guard case .end(let end) = scanner.scan(bytes, from: start) else { return nil }
      position = end
    default:
      skip {
        !TextLines.isBlank($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}")
          && $0 != UInt8(ascii: "]")
      }
    }
    return position > start ? start..<position : nil
  }
}

/// What a JSON value is to one who looks for crystals.
enum JSONShape {
  /// An object that holds a crystal in one of the forms that are read.
  case crystal
  /// An object with members that are crystals, or a list of crystals.
  case crystals
  case other

  /// Keys of lists that only a crystal has.
  static let crystalKeys: Set<String> = [
    "sites", "frac_coords", "lattice_vectors", "lattice_mat", "cartesian_site_positions",
  ]
  /// Keys under which a record holds its crystal.
  static let recordKeys: Set<String> = ["structure", "atoms", "attributes"]
  private static let longestKey = 64
  private static let deepest = 4

  /// The shape of the whole value `bytes`.
  init(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) {
    self = .other
    let first = bytes.first
    guard depth < JSONShape.deepest, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return }
    var members = JSONMembers(bytes)
    while let member = members.next() {
      let value = UnsafeRawBufferPointer(rebasing: bytes[member.value])
      if first == UInt8(ascii: "[") {
        // Lists hold one kind of thing.
        if case .crystal = JSONShape(value, depth: depth + 1) { self = .crystals }
        return
      }
      let key = JSONShape.key(bytes, member.key)
      if value.first == UInt8(ascii: "["), JSONShape.crystalKeys.contains(key) {
        self = .crystal
        return
      }
      guard value.first == UInt8(ascii: "{"), case .crystal = JSONShape(value, depth: depth + 1) else {
        continue
      }
      if JSONShape.recordKeys.contains(key) {
        self = .crystal
        return
      }
      self = .crystals
    }
  }

  /// The text of a key, where it may be one of those that mean something; else empty.
  static func key(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    range.count <= longestKey ? String(decoding: bytes[range], as: UTF8.self) : ""
  }
}

extension RecordName {
  /// What a record is called that stands under `key` in a document: a key with letters and digits ("mp-149") is its id,
  /// other ones ("0", "primitive") mean something within their file only.
  init(key: String) {
    let hasDigit = key.utf8.contains { $0 >= 48 && $0 <= 57 }
    let hasLetter = key.unicodeScalars.contains { $0.properties.isAlphabetic }
    self = hasDigit && hasLetter ? .whole(key) : .part(key)
  }
}
