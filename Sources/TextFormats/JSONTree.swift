/// A JSON value whose numbers keep the digits they were written with and whose objects keep their order.
///
/// Own code because energies are taken as the decimal numbers they are written as, where other readers give binary
/// numbers, because repeated names must be refused, where they keep one silently, and because the order of entries is
/// part of the deterministic bytes of weight files.
public enum JSONTree: Hashable, Sendable {
  /// Values by name.
  case object(JSONMembers)
  /// A list.
  case array([JSONTree])
  /// A text.
  case string(String)
  /// A number in its own digits.
  case number(String)
  /// What Python writes for numbers that JSON has none for: "NaN", "Infinity" or "-Infinity". No number where one is
  /// needed, and nothing anywhere else.
  case notFinite(String)
  /// true or false.
  case boolean(Bool)
  /// null.
  case null

  /// The value under a name of an object.
  public subscript(name: String) -> JSONTree? { members?[name] }

  /// The text, where this is one.
  public var text: String? { if case .string(let text) = self { text } else { nil } }
  /// The members, where this is an object.
  public var members: JSONMembers? { if case .object(let members) = self { members } else { nil } }
  /// The elements, where this is a list.
  public var elements: [JSONTree]? { if case .array(let elements) = self { elements } else { nil } }
  /// Whether there is no value: null, or a number that is none.
  public var isNull: Bool {
    switch self {
    case .null, .notFinite: true
    default: false
    }
  }

  /// The number, where this is a whole one of at most 64 bits, written without point and exponent.
  public var wholeNumber: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
}

/// The members of a JSON object in the order in which they stand there, each name once.
public struct JSONMembers: Hashable, Sendable {
  /// A name with its value.
  public struct Member: Hashable, Sendable {
    /// The name.
    public let name: String
    /// The value.
    public let value: JSONTree

    /// A member.
    public init(_ name: String, _ value: JSONTree) {
      self.name = name
      self.value = value
    }
  }

  private var list: [Member]

  /// Members in the given order; the caller sees to it that no name stands twice.
  public init(_ members: [Member]) { list = members }

  /// The value under a name.
  public subscript(name: String) -> JSONTree? { list.first { $0.name == name }?.value }

  /// The name that stands a second time, if any does.
  var repeatedName: String? {
    // Nearly all objects are small, and comparing a few names is faster than hashing them.
    if list.count <= 16 {
      for (index, member) in list.enumerated()
      where list[..<index].contains(where: { $0.name == member.name }) {
        return member.name
      }
      return nil
    }
    var names: Set<String> = []
    return list.first { !names.insert($0.name).inserted }?.name
  }
}

extension JSONMembers: RandomAccessCollection {
  /// 0.
  public var startIndex: Int { 0 }
  /// The number of members.
  public var endIndex: Int { list.count }
  /// A member by its place.
  public subscript(position: Int) -> Member { list[position] }
}

extension JSONMembers: ExpressibleByDictionaryLiteral {
  /// Members in the order of the literal.
  public init(dictionaryLiteral elements: (String, JSONTree)...) {
    list = elements.map { Member($0.0, $0.1) }
  }
}
