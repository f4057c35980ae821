/// A validated configuration value with its place, defaults filled in.
///
/// A value comes out of `ConfigurationDocument.read` and so follows the schema it was read with. Reading it as
/// something the schema does not say is a mistake in the program and traps with the key path.
public struct ConfigurationValue: Sendable {
  /// The value of one key, or one element.
  public enum Content: Sendable {
    /// true or false.
    case boolean(Bool)
    /// A whole number within its range.
    case integer(Int)
    /// A finite number within its range.
    case number(Double)
    /// A text.
    case string(String)
    /// A text that names a file or folder, and the text of the file, where variables may have stood in it.
    case path(String, written: String)
    /// Elements in order.
    case list([ConfigurationValue])
    /// Values by key, in the order of the schema; keys that are absent and have no default are absent here too.
    case mapping([(key: String, value: ConfigurationValue)])
  }

  /// The value.
  public let content: Content
  /// Where it stands; a default stands where the mapping does that it belongs to.
  public let location: ConfigurationLocation
  /// Whether the value was filled in rather than given.
  public let isDefault: Bool

  /// The value under `key`, or nil where an optional key was not given.
  public func optional(_ key: String) -> ConfigurationValue? {
    guard case .mapping(let entries) = content else { mismatch("a mapping") }
    return entries.first { $0.key == key }?.value
  }

  /// The value under a key that is required or has a default.
  public subscript(key: String) -> ConfigurationValue {
    guard let value = optional(key) else {
      preconditionFailure("the schema of \(location.keyPath) always gives \(key)")
    }
    return value
  }

  /// This value as true or false.
  public var boolean: Bool {
    guard case .boolean(let value) = content else { mismatch("true or false") }
    return value
  }

  /// This value as a whole number.
  public var integer: Int {
    guard case .integer(let value) = content else { mismatch("a whole number") }
    return value
  }

  /// This value as a number.
  public var number: Double {
    guard case .number(let value) = content else { mismatch("a number") }
    return value
  }

  /// This value as a text.
  public var string: String {
    switch content {
    case .string(let value), .path(let value, _): return value
    default: mismatch("a text")
    }
  }

  /// The elements of this list.
  public var elements: [ConfigurationValue] {
    guard case .list(let value) = content else { mismatch("a list") }
    return value
  }

  /// The entries of this mapping: for mappings with keys of the user's choice, in the order of the file.
  public var entries: [(key: String, value: ConfigurationValue)] {
    guard case .mapping(let value) = content else { mismatch("a mapping") }
    return value
  }

  /// The tag and the value of a tagged choice.
  public var tagged: (tag: String, value: ConfigurationValue) {
    guard case .mapping(let entries) = content, entries.count == 1 else { mismatch("a tagged choice") }
    return (entries[0].key, entries[0].value)
  }

  /// `self[key].boolean`
  public func boolean(_ key: String) -> Bool { self[key].boolean }
  /// `self[key].integer`
  public func integer(_ key: String) -> Int { self[key].integer }
  /// `self[key].number`
  public func number(_ key: String) -> Double { self[key].number }
  /// `self[key].string`
  public func string(_ key: String) -> String { self[key].string }
  /// The texts of the list under `key`.
  public func strings(_ key: String) -> [String] { self[key].elements.map(\.string) }
  /// `self[key].elements`
  public func elements(_ key: String) -> [ConfigurationValue] { self[key].elements }

  /// The value without places: for canonical text, hashing and comparison.
  public var tree: ConfigurationTree { tree(pathsAsWritten: false) }

  /// The value without places, with the variables in its paths as the file has them: for texts that leave this machine.
  public var treeAsWritten: ConfigurationTree { tree(pathsAsWritten: true) }

  private func tree(pathsAsWritten: Bool) -> ConfigurationTree {
    switch content {
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .string(let value): return .string(value)
    case .path(let value, let written): return .string(pathsAsWritten ? written : value)
    case .list(let elements): return .list(elements.map { $0.tree(pathsAsWritten: pathsAsWritten) })
    case .mapping(let entries):
      return .mapping(
        Dictionary(
          uniqueKeysWithValues: entries.map { ($0.key, $0.value.tree(pathsAsWritten: pathsAsWritten)) }))
    }
  }

  /// A problem at this value's place, for checks that a schema cannot express.
  public func problem(
    _ kind: ConfigurationProblem.Kind = .conflict, expected: String, found: String? = nil,
    candidates: [String] = []
  ) -> ConfigurationProblem {
    var typed = found ?? ""
    switch content {
    case .string(let text), .path(let text, _): typed = text
    default: break
    }
    return ConfigurationProblem(
      kind: kind, location: location, expected: expected, found: found ?? tree.inlineText,
      nearest: nearest(to: typed, among: candidates))
  }

  private func mismatch(_ expected: String) -> Never {
    preconditionFailure("the schema gives no \(expected) at \(location.keyPath)")
  }
}
