extension ConfigurationTree {
  /// The one YAML text of this tree: block style, keys sorted by their UTF-8 bytes, two spaces of indentation,
  /// numbers in their shortest exact form. Equal trees have equal texts, and reading the text gives the tree back.
  public var canonicalText: String {
    var text = ""
    switch self {
    case .mapping(let entries) where !entries.isEmpty: appendEntries(entries, indentation: 0, to: &text)
    case .list(let elements) where !elements.isEmpty: appendElements(elements, indentation: 0, to: &text)
    default: text += inlineText + "\n"
    }
    return text
  }

  /// The value on one line, as it would stand in a flow-style YAML document.
  public var inlineText: String {
    switch self {
    case .boolean(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .number(let value): return value == 0 ? "0.0" : "\(value)"
    case .string(let value): return ScalarText.quotedIfNeeded(value)
    case .list(let elements): return "[" + elements.map(\.inlineText).joined(separator: ", ") + "]"
    case .mapping(let entries):
      let parts = ConfigurationTree.sorted(entries).map {
        "\(ScalarText.quotedIfNeeded($0)): \($1.inlineText)"
      }
      return "{" + parts.joined(separator: ", ") + "}"
    }
  }

  /// Entries by the UTF-8 bytes of their keys: `String`'s own order depends on Unicode tables, this one never moves.
  static func sorted(
    _ entries: [String: ConfigurationTree]
  ) -> [(key: String, value: ConfigurationTree)] {
    entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private func appendEntries(
    _ entries: [String: ConfigurationTree], indentation: Int, to text: inout String,
    startsOnLine: Bool = false
  ) {
    var onLine = startsOnLine
    for (key, value) in ConfigurationTree.sorted(entries) {
      text += onLine ? "" : String(repeating: " ", count: indentation)
      onLine = false
      text += ScalarText.quotedIfNeeded(key) + ":"
      value.appendNested(indentation: indentation, to: &text)
    }
  }

  private func appendElements(_ elements: [ConfigurationTree], indentation: Int, to text: inout String) {
    for element in elements {
      text += String(repeating: " ", count: indentation) + "-"
      switch element {
      case .mapping(let entries) where !entries.isEmpty:
        text += " "
        appendEntries(entries, indentation: indentation + 2, to: &text, startsOnLine: true)
      default: element.appendNested(indentation: indentation, to: &text)
      }
    }
  }

  private func appendNested(indentation: Int, to text: inout String) {
    switch self {
    case .mapping(let entries) where !entries.isEmpty:
      text += "\n"
      appendEntries(entries, indentation: indentation + 2, to: &text)
    case .list(let elements) where !elements.isEmpty:
      text += "\n"
      appendElements(elements, indentation: indentation + 2, to: &text)
    default: text += " " + inlineText + "\n"
    }
  }
}
