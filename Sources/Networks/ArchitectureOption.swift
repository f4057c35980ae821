/// One thing that may be chosen about an architecture. Everything that is known of it stands here once: training files,
/// their JSON Schema, the check of model cards, summaries and the table in the documents follow from it.
public struct ArchitectureOption<Kind: Architecture>: Sendable {
  /// Key in training files, e.g. "node_width".
  public let key: String
  /// What it is, in a sentence, with its unit.
  public let summary: String
  /// Which values it may have.
  public let values: OptionValues
  /// What nothing said means, of an option that is not set then.
  private(set) var absence: OptionValue?
  private let read: @Sendable (Kind) -> OptionValue?
  private let write: @Sendable (inout Kind, OptionValue) -> Void

  /// What `architecture` has; nil where the option is not set and has no default.
  public func value(of architecture: Kind) -> OptionValue? { read(architecture) }

  /// Sets the option.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming the option where the value is not one that it may have.
  public func set(_ value: OptionValue, of architecture: inout Kind) throws(ModelError) {
    if let reason = values.objection(to: value) { throw .unsupportedConfiguration("\(key) \(reason)") }
    write(&architecture, value)
  }

  func check(_ architecture: Kind) throws(ModelError) {
    if let value = read(architecture), let reason = values.objection(to: value) {
      throw .unsupportedConfiguration("\(key) \(reason)")
    }
  }

  /// A whole number.
  ///
  /// - Parameters:
  ///   - key: key in training files.
  ///   - path: where the architecture keeps it.
  ///   - range: smallest and largest value.
  ///   - multiple: what it is a multiple of.
  ///   - summary: what it is.
  public static func integer(
    _ key: String, _ path: any WritableKeyPath<Kind, Int> & Sendable, _ range: ClosedRange<Int>,
    multipleOf multiple: Int = 1, _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .integer(range, multipleOf: multiple),
      read: { .integer($0[keyPath: path]) },
      write: { if case .integer(let value) = $1 { $0[keyPath: path] = value } })
  }

  /// A whole number that may be absent; see `integer`.
  public static func integer(
    _ key: String, _ path: any WritableKeyPath<Kind, Int?> & Sendable, _ range: ClosedRange<Int>,
    _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .integer(range, multipleOf: 1),
      read: { $0[keyPath: path].map { .integer($0) } },
      write: { if case .integer(let value) = $1 { $0[keyPath: path] = value } })
  }

  /// A number.
  public static func number(
    _ key: String, _ path: any WritableKeyPath<Kind, Double> & Sendable, _ range: ClosedRange<Double>,
    _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .number(range), read: { .number($0[keyPath: path]) },
      write: { if case .number(let value) = $1 { $0[keyPath: path] = value } })
  }

  /// A number that may be absent.
  public static func number(
    _ key: String, _ path: any WritableKeyPath<Kind, Double?> & Sendable, _ range: ClosedRange<Double>,
    _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .number(range), read: { $0[keyPath: path].map { .number($0) } },
      write: { if case .number(let value) = $1 { $0[keyPath: path] = value } })
  }

  /// Yes or no.
  public static func boolean(
    _ key: String, _ path: any WritableKeyPath<Kind, Bool> & Sendable, _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .boolean, read: { .boolean($0[keyPath: path]) },
      write: { if case .boolean(let value) = $1 { $0[keyPath: path] = value } })
  }

  /// Yes or no, where nothing said means `absence`.
  public static func boolean(
    _ key: String, _ path: any WritableKeyPath<Kind, Bool?> & Sendable, absence: Bool, _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .boolean, read: { .boolean($0[keyPath: path] ?? absence) },
      write: { if case .boolean(let value) = $1 { $0[keyPath: path] = value } })
  }

  /// One of several words.
  public static func choice<Choice: RawRepresentable<String> & CaseIterable & SendableMetatype>(
    _ key: String, _ path: any WritableKeyPath<Kind, Choice> & Sendable, _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .choice(Choice.allCases.map(\.rawValue)),
      read: { .choice($0[keyPath: path].rawValue) },
      write: {
        if case .choice(let word) = $1, let value = Choice(rawValue: word) { $0[keyPath: path] = value }
      })
  }

  /// One of several words, where nothing said means `absence` and is the same as saying that.
  static func choice<
    Choice: RawRepresentable<String> & CaseIterable & SendableMetatype & Equatable & Sendable
  >(
    _ key: String, _ path: any WritableKeyPath<Kind, Choice?> & Sendable, absence: Choice, _ summary: String
  ) -> ArchitectureOption {
    ArchitectureOption(
      key: key, summary: summary, values: .choice(Choice.allCases.map(\.rawValue)),
      absence: .choice(absence.rawValue),
      read: { $0[keyPath: path].map { .choice($0.rawValue) } },
      write: {
        guard case .choice(let word) = $1, let value = Choice(rawValue: word) else { return }
        $0[keyPath: path] = value == absence ? nil : value
      })
  }
}

/// A value of an option.
public enum OptionValue: Hashable, Sendable {
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// Yes or no.
  case boolean(Bool)
  /// A word.
  case choice(String)
}

/// The values that an option may have.
public enum OptionValues: Hashable, Sendable {
  /// Whole numbers of a range, multiples of another.
  case integer(ClosedRange<Int>, multipleOf: Int)
  /// Numbers of a range.
  case number(ClosedRange<Double>)
  /// Yes or no.
  case boolean
  /// Some words.
  case choice([String])

  /// Why a value is none of these; nil where it is one.
  func objection(to value: OptionValue) -> String? {
    switch (self, value) {
    case (.integer(let range, let multiple), .integer(let number)):
      if range.contains(number), number % multiple == 0 { return nil }
      let kind = multiple > 1 ? "a multiple of \(multiple) in " : "in "
      return "\(number) is not \(kind)\(range.lowerBound) … \(range.upperBound)"
    case (.number(let range), .number(let number)):
      return range.contains(number)
        ? nil : "\(number) is not in \(range.lowerBound) … \(range.upperBound)"
    case (.boolean, .boolean): return nil
    case (.choice(let words), .choice(let word)):
      return words.contains(word) ? nil : "\"\(word)\" is none of \(words.joined(separator: ", "))"
    default: return "has a value of another kind"
    }
  }
}

/// An option of some architecture, for whoever does not know which: training files and documents.
public struct OptionDescription: Hashable, Sendable {
  /// Key in training files.
  public let key: String
  /// What it is, in a sentence.
  public let summary: String
  /// Which values it may have.
  public let values: OptionValues
  /// Its value where nothing is said; nil where there is none.
  public let defaultValue: OptionValue?
}

extension Architecture {
  /// The options with their defaults.
  public static var optionDescriptions: [OptionDescription] {
    let standard = Self()
    return options.map {
      OptionDescription(
        key: $0.key, summary: $0.summary, values: $0.values,
        defaultValue: $0.value(of: standard) ?? $0.absence)
    }
  }

  /// An architecture with some options set, in the order in which it declares them.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming an option that it does not have, or one whose value is not one
  ///   that it may have.
  public init(options values: [String: OptionValue]) throws(ModelError) {
    self.init()
    for option in Self.options {
      if let value = values[option.key] { try option.set(value, of: &self) }
    }
    let known = Set(Self.options.map(\.key))
    if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unsupportedConfiguration("a network of architecture \(Self.key) has no \(unknown)")
    }
  }

  /// Every option that has a value.
  public var optionValues: [(key: String, value: OptionValue)] {
    Self.options.compactMap { option in option.value(of: self).map { (option.key, $0) } }
  }
}

extension OptionValue: CustomStringConvertible {
  /// The value as a training file has it.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .choice(let value): value
    }
  }
}
