/// A plain configuration value: what YAML and JSON can both say, without positions.
///
/// Used for defaults, for the canonical text of a plan and for comparing two plans.
public enum ConfigurationTree: Hashable, Sendable {
  /// true or false.
  case boolean(Bool)
  /// A whole number.
  case integer(Int)
  /// A finite real number.
  case number(Double)
  /// A text.
  case string(String)
  /// Values in order.
  case list([ConfigurationTree])
  /// Values by key; the order of keys has no meaning.
  case mapping([String: ConfigurationTree])
}

extension ConfigurationTree: ExpressibleByBooleanLiteral {
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension ConfigurationTree: ExpressibleByIntegerLiteral {
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
}

extension ConfigurationTree: ExpressibleByFloatLiteral {
  /// A real number.
  public init(floatLiteral value: Double) { self = .number(value) }
}

extension ConfigurationTree: ExpressibleByStringLiteral {
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
}

extension ConfigurationTree: ExpressibleByArrayLiteral {
  /// A list.
  public init(arrayLiteral elements: ConfigurationTree...) { self = .list(elements) }
}

extension ConfigurationTree: ExpressibleByDictionaryLiteral {
  /// A mapping; each key at most once.
  public init(dictionaryLiteral elements: (String, ConfigurationTree)...) {
    self = .mapping(Dictionary(uniqueKeysWithValues: elements))
  }
}
