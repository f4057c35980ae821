extension Schema {
  /// A tree that follows this schema, without the texts that name files and folders: what stays the same where files
  /// move. Keys and lists that hold nothing else go with them; keys that the schema does not know stay.
  public func withoutPaths(_ tree: ConfigurationTree) -> ConfigurationTree {
    stripped(tree) ?? .mapping([:])
  }

  /// The tree without its paths; nil where it is nothing else.
  private func stripped(_ tree: ConfigurationTree) -> ConfigurationTree? {
    switch (kind, tree) {
    case (.path, .string): return nil
    case (.list(let element, _), .list(let elements)):
      let kept = elements.compactMap { element.stripped($0) }
      return kept.isEmpty && !elements.isEmpty ? nil : .list(kept)
    case (.mapping(let fields), .mapping(let entries)):
      return .mapping(strip(entries) { key in fields.first { $0.name == key }?.schema })
    case (.dictionary(let value), .mapping(let entries)):
      return .mapping(strip(entries) { _ in value })
    case (.tagged(let alternatives), .mapping(let entries)):
      return .mapping(strip(entries) { key in alternatives.first { $0.tag == key }?.schema })
    case (.either(let schemas), _):
      return schemas.first { $0.hasShape(of: tree) }.map { $0.stripped(tree) } ?? tree
    default: return tree
    }
  }

  private func strip(
    _ entries: [String: ConfigurationTree], by schema: (String) -> Schema?
  ) -> [String: ConfigurationTree] {
    var kept: [String: ConfigurationTree] = [:]
    for (key, value) in entries {
      if let value = schema(key).map({ $0.stripped(value) }) ?? value { kept[key] = value }
    }
    return kept
  }

  /// Whether a value of this kind is written as `tree` is: enough to tell the cases of a choice apart.
  private func hasShape(of tree: ConfigurationTree) -> Bool {
    switch (kind, tree) {
    case (.boolean, .boolean), (.integer, .integer), (.number, .integer), (.number, .number),
      (.string, .string), (.path, .string), (.list, .list), (.mapping, .mapping), (.dictionary, .mapping),
      (.tagged, .mapping):
      true
    case (.choice(let words), .string(let text)): words.contains(text)
    case (.either(let schemas), _): schemas.contains { $0.hasShape(of: tree) }
    default: false
    }
  }
}
