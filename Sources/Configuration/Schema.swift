/// What a configuration may say: one declaration that drives the strict reader, the defaults and the JSON Schema.
public struct Schema: Hashable, Sendable {
  indirect enum Kind: Hashable, Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case number(NumberRange)
    case string(minimumLength: Int)
    case path
    case choice([String])
    case list(Schema, count: ClosedRange<Int>)
    case mapping([Field])
    case dictionary(Schema)
    case tagged([Alternative])
    case either([Schema])
  }

  let kind: Kind

  /// true or false.
  public static let boolean = Schema(kind: .boolean)

  /// A whole number in a range.
  public static func integer(_ range: ClosedRange<Int>) -> Schema { Schema(kind: .integer(range)) }

  /// A whole number of at least `range.lowerBound`.
  public static func integer(_ range: PartialRangeFrom<Int>) -> Schema {
    Schema(kind: .integer(range.lowerBound...Int.max))
  }

  /// A finite number.
  public static let number = Schema(kind: .number(NumberRange()))

  /// A number in a range, bounds included.
  public static func number(_ range: ClosedRange<Double>) -> Schema {
    Schema(kind: .number(NumberRange(minimum: range.lowerBound, maximum: range.upperBound)))
  }

  /// A finite number of at least `range.lowerBound`.
  public static func number(_ range: PartialRangeFrom<Double>) -> Schema {
    Schema(kind: .number(NumberRange(minimum: range.lowerBound)))
  }

  /// A finite number greater than `bound` and, when given, at most `maximum`.
  public static func number(above bound: Double, through maximum: Double? = nil) -> Schema {
    Schema(kind: .number(NumberRange(minimum: bound, excludesMinimum: true, maximum: maximum)))
  }

  /// A text that is not empty.
  public static let string = Schema(kind: .string(minimumLength: 1))

  /// A text, the empty one included.
  public static let anyString = Schema(kind: .string(minimumLength: 0))

  /// A text that names a file or folder, or a pattern of such names; not empty.
  public static let path = Schema(kind: .path)

  /// One of a closed list of words.
  public static func choice(of words: [String]) -> Schema {
    precondition(!words.isEmpty && Set(words).count == words.count, "a choice needs words that differ")
    return Schema(kind: .choice(words))
  }

  /// A list whose elements follow `element`.
  public static func list(of element: Schema, count: ClosedRange<Int> = 0...Int.max) -> Schema {
    precondition(count.lowerBound >= 0, "a list has no negative length")
    return Schema(kind: .list(element, count: count))
  }

  /// A list of at least `count.lowerBound` elements.
  public static func list(of element: Schema, count: PartialRangeFrom<Int>) -> Schema {
    list(of: element, count: count.lowerBound...Int.max)
  }

  /// A mapping with exactly the given keys.
  public static func mapping(_ fields: [Field]) -> Schema {
    precondition(
      Set(fields.map(\.name)).count == fields.count, "the fields of a mapping have different names")
    return Schema(kind: .mapping(fields))
  }

  /// A mapping with keys of the user's choice, whose values follow `value`.
  public static func dictionary(of value: Schema) -> Schema { Schema(kind: .dictionary(value)) }

  /// A mapping with exactly one key, which says what its value is: `archive: {path: …}`.
  public static func oneOf(tagged alternatives: [Alternative]) -> Schema {
    precondition(
      !alternatives.isEmpty && Set(alternatives.map(\.tag)).count == alternatives.count,
      "a tagged choice needs tags that differ")
    return Schema(kind: .tagged(alternatives))
  }

  /// The first of several schemas that fits, e.g. a number or the word "auto".
  public static func either(_ schemas: Schema...) -> Schema {
    precondition(!schemas.isEmpty, "a choice of schemas needs one")
    return Schema(kind: .either(schemas))
  }
}

/// One key of a mapping.
public struct Field: Hashable, Sendable {
  enum Presence: Hashable, Sendable {
    case required
    case optional
    case defaulted(ConfigurationTree)
  }

  /// The key.
  public let name: String
  /// What the value may be.
  public let schema: Schema
  /// What the key means, with units, for people.
  public let summary: String
  let presence: Presence

  /// A key that must be given.
  public init(_ name: String, _ schema: Schema, _ summary: String) {
    self.init(name: name, schema: schema, summary: summary, presence: .required)
  }

  /// A key that has a value when it is not given.
  ///
  /// A default that breaks its own schema is a mistake in the program and traps when it is used. For a mapping, `[:]`
  /// means all of its own defaults.
  public init(_ name: String, _ schema: Schema, default value: ConfigurationTree, _ summary: String) {
    self.init(name: name, schema: schema, summary: summary, presence: .defaulted(value))
  }

  /// A key that may be left out and then has no value.
  public static func optional(_ name: String, _ schema: Schema, _ summary: String) -> Field {
    Field(name: name, schema: schema, summary: summary, presence: .optional)
  }

  private init(name: String, schema: Schema, summary: String, presence: Presence) {
    self.name = name
    self.schema = schema
    self.summary = summary
    self.presence = presence
  }
}

/// One case of a tagged choice.
public struct Alternative: Hashable, Sendable {
  /// The single key of the mapping.
  public let tag: String
  /// What the value under the key may be.
  public let schema: Schema
  /// What the case means, for people.
  public let summary: String

  /// A case with its tag.
  public init(_ tag: String, _ schema: Schema, _ summary: String) {
    self.tag = tag
    self.schema = schema
    self.summary = summary
  }
}

/// Bounds of a finite number.
struct NumberRange: Hashable, Sendable {
  var minimum: Double?
  var excludesMinimum = false
  var maximum: Double?

  func contains(_ value: Double) -> Bool {
    guard value.isFinite else { return false }
    if let minimum, excludesMinimum ? value <= minimum : value < minimum { return false }
    if let maximum, value > maximum { return false }
    return true
  }
}

extension Schema {
  /// A noun phrase for messages: "a whole number from 1 to 64".
  var expectation: String {
    switch kind {
    case .boolean: return "true or false"
    case .integer(let range):
      switch (range.lowerBound, range.upperBound) {
      case (.min, .max): return "a whole number"
      case (let lower, .max): return "a whole number of at least \(lower)"
      case (let lower, let upper): return "a whole number from \(lower) to \(upper)"
      }
    case .number(let range): return range.expectation
    case .path: return Schema.string.expectation
    case .string(let minimumLength): return minimumLength > 0 ? "a text" : "a text (quotes for an empty one)"
    case .choice(let words):
      return words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
    case .list(let element, let count):
      switch (count.lowerBound, count.upperBound) {
      case (0, .max): return "a list, each element \(element.expectation)"
      case (let lower, .max): return "a list of at least \(lower), each element \(element.expectation)"
      case (let lower, let upper) where lower == upper:
        return "a list of \(lower), each element \(element.expectation)"
      case (let lower, let upper):
        return "a list of \(lower) to \(upper), each element \(element.expectation)"
      }
    case .mapping(let fields):
      return fields.isEmpty
        ? "an empty mapping {}" : "a mapping of " + fields.map(\.name).joined(separator: ", ")
    case .dictionary(let value): return "a mapping from names to \(value.expectation)"
    case .tagged(let alternatives):
      return "a mapping with one key: " + alternatives.map(\.tag).joined(separator: ", ")
    case .either(let schemas): return schemas.map(\.expectation).joined(separator: ", or ")
    }
  }
}

extension NumberRange {
  fileprivate var expectation: String {
    switch (minimum, maximum) {
    case (nil, nil): return "a number"
    case (let lower?, nil):
      return excludesMinimum ? "a number above \(lower)" : "a number of at least \(lower)"
    case (nil, let upper?): return "a number of at most \(upper)"
    case (let lower?, let upper?):
      return excludesMinimum
        ? "a number above \(lower) and at most \(upper)" : "a number from \(lower) to \(upper)"
    }
  }
}
