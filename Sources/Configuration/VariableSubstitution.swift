/// A text in which variables stood.
struct SubstitutedText: Hashable, Sendable {
  /// As the file has it.
  let written: String
  /// As it reads where it is a path.
  let path: String
}

/// Puts values in the place of `${name}` in the texts of a document; `$${` stands for `${` itself.
///
/// Values come from the mapping `variables` at the top of the document, and before these from settings. They are taken
/// as they are: what stands in a value is not looked at again.
struct VariableSubstitution {
  /// The key under which a document gives its variables values.
  static let key = "variables"

  private let file: String
  private let settings: [String: VariableSetting]
  private var defaults: [SourceNode.Entry] = []
  private(set) var used: Set<String> = []
  /// Variables without a value, in the order of the text, with the places of the texts in which they stand.
  private var unset: [(name: String, places: [ConfigurationLocation])] = []
  private(set) var problems: [ConfigurationProblem] = []

  init(file: String, settings: [String: VariableSetting]) {
    self.file = file
    self.settings = settings
  }

  /// The document with values in the place of variables, and with the values that hold under `variables`.
  mutating func apply(to root: SourceNode) -> SourceNode {
    guard case .mapping(var entries) = root.content else { return root }
    let own = entries.firstIndex { $0.key == Self.key }
    if let own, case .mapping(let defaults) = entries[own].value.content { self.defaults = defaults }
    for entry in defaults { check(entry) }
    for index in entries.indices where index != own {
      entries[index].value = substituted(
        entries[index].value, at: KeyPathText.appending(entries[index].key, to: ""))
    }
    for (name, places) in unset { reportUnset(name, places) }
    reportUnused(root)
    setValues(in: &entries, at: own, root)
    return SourceNode(content: .mapping(entries), line: root.line, column: root.column)
  }

  private func value(of name: String) -> VariableSetting? {
    if let setting = settings[name] { return setting }
    guard case .scalar(let text, _)? = defaults.first(where: { $0.key == name })?.value.content else {
      return nil
    }
    return VariableSetting(text: text, path: text)
  }

  private var knownNames: [String] {
    defaults.map(\.key) + settings.keys.sorted().filter { name in !defaults.contains { $0.key == name } }
  }

  private mutating func substituted(_ node: SourceNode, at path: String) -> SourceNode {
    var node = node
    switch node.content {
    case .list(let elements):
      var values: [SourceNode] = []
      for (index, element) in elements.enumerated() {
        values.append(substituted(element, at: KeyPathText.appending(index, to: path)))
      }
      node.content = .list(values)
    case .mapping(var entries):
      for index in entries.indices {
        entries[index].value = substituted(
          entries[index].value, at: KeyPathText.appending(entries[index].key, to: path))
      }
      node.content = .mapping(entries)
    case .scalar(let written, _):
      guard let pieces = pieces(of: written, node, at: path), pieces != [.text(written)] else { break }
      var (text, asPath, isComplete) = ("", "", true)
      for (index, piece) in pieces.enumerated() {
        switch piece {
        case .text(let part):
          text += part
          asPath += part
        case .variable(let name):
          used.insert(name)
          guard let value = value(of: name) else {
            noteUnset(name, at: node.location(file: file, keyPath: path))
            isComplete = false
            continue
          }
          text += value.text
          asPath += index == 0 ? value.path : value.text
        }
      }
      guard isComplete else { break }
      node.content = .scalar(text, isPlain: false)
      node.substitution = SubstitutedText(written: written, path: asPath)
    }
    return node
  }

  // MARK: Reading a text

  private enum Piece: Equatable {
    case text(String)
    case variable(String)
  }

  /// A text in pieces, none of them an empty text; nil, and a problem, where `${` begins no name.
  private mutating func pieces(of text: String, _ node: SourceNode, at path: String) -> [Piece]? {
    var (pieces, part) = ([Piece](), "")
    var rest = Substring(text)
    while let next = rest.firstIndex(of: "$") {
      part += rest[..<next]
      rest = rest[next...]
      if rest.hasPrefix("$${") {
        part += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        let name = rest.dropFirst(2).prefix { $0 != "}" }
        guard Self.isName(name), name.endIndex < rest.endIndex else {
          problems.append(
            ConfigurationProblem(
              kind: .syntax, location: node.location(file: file, keyPath: path),
              expected: "the name of a variable in ${…}, or $${ for the characters themselves",
              found: ScalarText.doubleQuoted(String(rest.prefix(40)))))
          return nil
        }
        if !part.isEmpty { pieces.append(.text(part)) }
        part = ""
        pieces.append(.variable(String(name)))
        rest = rest[name.endIndex...].dropFirst()
      } else {
        part += "$"
        rest = rest.dropFirst()
      }
    }
    part += rest
    return part.isEmpty && !pieces.isEmpty ? pieces : pieces + [.text(part)]
  }

  /// A letter, then letters, digits, "-" and "_", all of ASCII.
  private static func isName(_ text: some StringProtocol) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
  }

  // MARK: Problems

  private mutating func check(_ entry: SourceNode.Entry) {
    if !Self.isName(entry.key) {
      problems.append(
        ConfigurationProblem(
          kind: .syntax, location: location(of: entry),
          expected: "the name of a variable: a letter, then letters, digits, - and _",
          found: ScalarText.doubleQuoted(entry.key)))
    }
    if case .scalar(let text, _) = entry.value.content, text.contains("${") {
      problems.append(
        ConfigurationProblem(
          kind: .syntax,
          location: entry.value.location(file: file, keyPath: KeyPathText.appending(entry.key, to: Self.key)),
          expected: "a value without variables", found: entry.value.summary))
    }
  }

  private mutating func noteUnset(_ name: String, at place: ConfigurationLocation) {
    guard let index = unset.firstIndex(where: { $0.name == name }) else {
      return unset.append((name, [place]))
    }
    // A text may hold a variable twice.
    if unset[index].places.last != place { unset[index].places.append(place) }
  }

  private mutating func reportUnset(_ name: String, _ places: [ConfigurationLocation]) {
    problems.append(
      ConfigurationProblem(
        kind: .unsetVariable, location: places[0],
        expected: "--set \(name)=VALUE, or \"\(name): VALUE\" under \(Self.key) in the file", found: name,
        nearest: nearest(to: name, among: knownNames), otherPlaces: Array(places.dropFirst())))
  }

  /// Values that nothing uses, unless they were probably meant for a variable that has none.
  private mutating func reportUnused(_ root: SourceNode) {
    let guessed = Set(problems.compactMap { $0.kind == .unsetVariable ? $0.nearest : nil })
    for name in knownNames where !used.contains(name) && !guessed.contains(name) {
      let own = settings[name] == nil ? defaults.first { $0.key == name } : nil
      problems.append(
        ConfigurationProblem(
          kind: .unusedVariable,
          location: own.map(location) ?? root.location(file: file, keyPath: ""),
          expected: used.isEmpty ? "none" : used.sorted().joined(separator: ", "),
          found: name, nearest: nearest(to: name, among: used.sorted())))
    }
  }

  private func location(of entry: SourceNode.Entry) -> ConfigurationLocation {
    ConfigurationLocation(file: file, line: entry.line, column: entry.column, keyPath: Self.key)
  }

  /// Writes the settings over the values that the document has.
  private func setValues(in entries: inout [SourceNode.Entry], at own: Int?, _ root: SourceNode) {
    guard !settings.isEmpty else { return }
    func node(_ content: SourceNode.Content) -> SourceNode {
      SourceNode(content: content, line: root.line, column: root.column)
    }
    var values = defaults
    for (name, setting) in settings.sorted(by: { $0.key < $1.key }) {
      let value = node(.scalar(setting.text, isPlain: false))
      if let index = values.firstIndex(where: { $0.key == name }) {
        values[index].value = value
      } else {
        values.append(SourceNode.Entry(key: name, line: root.line, column: root.column, value: value))
      }
    }
    if let own {
      // What is no mapping is the schema's to refuse.
      guard case .mapping = entries[own].value.content else { return }
      entries[own].value.content = .mapping(values)
    } else {
      entries.append(
        SourceNode.Entry(
          key: Self.key, line: root.line, column: root.column, value: node(.mapping(values))))
    }
  }
}
