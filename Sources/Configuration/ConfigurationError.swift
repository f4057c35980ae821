/// Where a configuration value stands.
public struct ConfigurationLocation: Hashable, Sendable {
  /// Name of the file, as given to the reader.
  public let file: String
  /// Line, from 1.
  public let line: Int
  /// Column, from 1, counted in Unicode scalars.
  public let column: Int
  /// Keys and list positions from the root, e.g. "stages[2].graph.count"; empty at the root.
  public let keyPath: String

  /// A place in a file.
  public init(file: String, line: Int, column: Int, keyPath: String) {
    self.file = file
    self.line = line
    self.column = column
    self.keyPath = keyPath
  }
}

/// One thing wrong with a configuration, with all a person needs to mend it.
public struct ConfigurationProblem: Hashable, Sendable {
  /// The closed list of what can be wrong.
  public enum Kind: Hashable, Sendable {
    /// The text is not YAML, or uses a part of YAML that configurations do without.
    case syntax
    /// A key that the schema does not know.
    case unknownKey
    /// A key that must be there is not.
    case missingKey
    /// The same key twice in one mapping.
    case duplicateKey
    /// A value of the wrong type.
    case wrongType
    /// A value of the right type outside its range.
    case outOfRange
    /// A word that is none of the allowed ones.
    case unknownChoice
    /// Values that are each allowed but not together.
    case conflict
    /// A variable that has no value.
    case unsetVariable
    /// A value of a variable that stands nowhere.
    case unusedVariable
  }

  /// What is wrong.
  public let kind: Kind
  /// Where.
  public let location: ConfigurationLocation
  /// What should stand there, as a noun phrase.
  public let expected: String
  /// What stands there; nil where nothing does.
  public let found: String?
  /// The nearest valid key or value, if one is near.
  public let nearest: String?
  /// Other places with the same problem, in the order of the text.
  public let otherPlaces: [ConfigurationLocation]

  /// A problem at a place.
  public init(
    kind: Kind, location: ConfigurationLocation, expected: String, found: String? = nil,
    nearest: String? = nil, otherPlaces: [ConfigurationLocation] = []
  ) {
    self.kind = kind
    self.location = location
    self.expected = expected
    self.found = found
    self.nearest = nearest
    self.otherPlaces = otherPlaces
  }
}

extension ConfigurationProblem: CustomStringConvertible {
  /// One line: file:line:column: key path: expected …, found …; did you mean …?
  public var description: String {
    var text = "\(location.file):\(location.line):\(location.column): "
    if !location.keyPath.isEmpty { text += "\(location.keyPath): " }
    switch kind {
    case .unknownKey: text += "unknown key \(found ?? "")"
    case .missingKey: text += "missing key \(expected)"
    case .duplicateKey: text += "key \(found ?? "") is given twice"
    case .unsetVariable: text += "the variable \"\(found ?? "")\" has no value"
    case .unusedVariable: text += "no text of this file uses the variable \"\(found ?? "")\""
    default:
      text += "expected \(expected)"
      if let found { text += ", found \(found)" }
    }
    if let nearest { text += "; did you mean \"\(nearest)\"?" }
    if kind == .unsetVariable { text += " (\(expected) gives it one)" }
    if kind == .unusedVariable { text += " (it uses \(expected))" }
    if kind == .unknownKey { text += nearest == nil ? "; expected \(expected)" : " (expected \(expected))" }
    if !otherPlaces.isEmpty {
      text +=
        "; also at " + otherPlaces.map { "\($0.line):\($0.column): \($0.keyPath)" }.joined(separator: ", ")
    }
    return text
  }
}

/// Everything that is wrong with a configuration, in the order of the text; never empty.
public struct ConfigurationError: Error, Hashable, Sendable {
  /// The problems, by line and column.
  public let problems: [ConfigurationProblem]

  /// An error of one problem.
  public init(_ problem: ConfigurationProblem) { problems = [problem] }

  /// An error of all `problems`, or nil when there are none.
  public init?(_ problems: [ConfigurationProblem]) {
    guard !problems.isEmpty else { return nil }
    self.problems = problems.enumerated()
      .sorted {
        ($0.element.location.line, $0.element.location.column, $0.offset)
          < ($1.element.location.line, $1.element.location.column, $1.offset)
      }
      .map(\.element)
  }
}

extension ConfigurationError: CustomStringConvertible {
  /// The problems, one a line.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// How key paths are written.
enum KeyPathText {
  static func appending(_ key: String, to path: String) -> String {
    let plain =
      !key.isEmpty && key.utf8.allSatisfy { $0 > 32 && $0 != 46 && $0 != 91 && $0 != 93 && $0 != 34 }
    let name = plain ? key : ScalarText.doubleQuoted(key)
    return path.isEmpty ? name : "\(path).\(name)"
  }

  static func appending(_ index: Int, to path: String) -> String { "\(path)[\(index)]" }
}
