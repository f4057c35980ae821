internal import Configuration

/// Which values of a column are class 1 of two.
public enum PositiveClass: Hashable, Sendable {
  /// Values of at most this.
  case atMost(Double)
  /// Values of at least this.
  case atLeast(Double)
  /// Values above this.
  case above(Double)

  /// Whether a value is class 1.
  public func contains(_ value: Double) -> Bool {
    switch self {
    case .atMost(let bound): value <= bound
    case .atLeast(let bound): value >= bound
    case .above(let bound): value > bound
    }
  }

  /// The rule in words, e.g. "at most 0.0".
  public var words: String {
    switch self {
    case .atMost(let bound): "at most \(bound)"
    case .atLeast(let bound): "at least \(bound)"
    case .above(let bound): "above \(bound)"
    }
  }
}

/// How the classes of structures follow from a column of the data.
public struct ClassRule: Hashable, Sendable {
  /// The column.
  public var column: String
  /// Which of its values are class 1; nil where the column holds the classes themselves, 0 and 1.
  public var positive: PositiveClass?

  /// A rule.
  public init(column: String, positive: PositiveClass?) {
    self.column = column
    self.positive = positive
  }

  /// The class in words, e.g. "band_gap at most 0.0"; the column's name where it holds the classes.
  public var title: String { positive.map { "\(column) \($0.words)" } ?? column }

  /// The class of a structure, 0 or 1; nil where the column should hold classes and does not.
  public func label(of value: Double) -> Double? {
    guard let positive else { return value == 0 || value == 1 ? value : nil }
    return positive.contains(value) ? 1 : 0
  }

  /// The class of a structure, 0 or 1.
  ///
  /// - Parameters:
  ///   - value: its value in the column.
  ///   - id: its id.
  ///   - path: the archive it is from.
  /// - Throws: `ScreeningError` naming both where the column should hold classes and does not.
  func label(of value: Double, id: String, path: String) throws -> Double {
    guard let label = label(of: value) else {
      throw ScreeningError.unreadable(
        path: path,
        reason:
          "record \(id): \(column) is \(value), neither class 0 nor class 1; say which values are class 1 "
          + "(at_most, at_least or above)")
    }
    return label
  }
}

extension ClassRule: Codable {
  private enum CodingKeys: String, CodingKey {
    case column, atMost, atLeast, above
  }

  /// Reads `column` and at most one bound.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func bound(_ key: CodingKeys) throws -> Double? {
      try container.decodeIfPresent(Double.self, forKey: key)
    }
    let bounds = [
      try bound(.atMost).map { PositiveClass.atMost($0) }, try bound(.atLeast).map { .atLeast($0) },
      try bound(.above).map { .above($0) },
    ].compactMap { $0 }
    guard bounds.count < 2 else {
      throw DecodingError.dataCorruptedError(
        forKey: .column, in: container,
        debugDescription: "one of atMost, atLeast and above is the rule of a class")
    }
    self.init(column: try container.decode(String.self, forKey: .column), positive: bounds.first)
  }

  /// Writes `column` and the bound.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(column, forKey: .column)
    switch positive {
    case .atMost(let bound): try container.encode(bound, forKey: .atMost)
    case .atLeast(let bound): try container.encode(bound, forKey: .atLeast)
    case .above(let bound): try container.encode(bound, forKey: .above)
    case nil: break
    }
  }
}

extension LoadedGraphs {
  /// Makes classes of the targets.
  ///
  /// - Parameters:
  ///   - rule: how they follow from the targets.
  ///   - path: the archive, for errors.
  /// - Throws: `ScreeningError` where a target is no class.
  mutating func classify(by rule: ClassRule, path: String) throws {
    data.targets = try zip(ids, data.targets).map { try rule.label(of: $1, id: $0, path: path) }
  }
}

extension PositiveClass {
  /// The schema of a rule in a file.
  static let schema = Schema.oneOf(tagged: [
    Alternative("at_most", .number, "Values of at most this are class 1."),
    Alternative("at_least", .number, "Values of at least this are class 1."),
    Alternative("above", .number, "Values above this are class 1."),
  ])

  /// A rule that follows the schema.
  init(_ value: ConfigurationValue) {
    let (kind, bound) = value.tagged
    switch kind {
    case "at_least": self = .atLeast(bound.number)
    case "above": self = .above(bound.number)
    default: self = .atMost(bound.number)
    }
  }
}
