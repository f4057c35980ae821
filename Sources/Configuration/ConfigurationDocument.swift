import Yams

/// A YAML document read as far as YAML goes: mappings with text keys, lists and scalars, each with its place.
///
/// Configurations do without parts of YAML that hide what a value is: anchors and aliases, merge keys, explicit tags,
/// keys that are not text, several documents in one file. Each is a problem with its place.
public struct ConfigurationDocument: Sendable {
  /// Name of the file, used in messages only.
  public let file: String
  let root: SourceNode

  /// The largest text accepted (bytes): a hand-written configuration is far below, a mistaken archive far above.
  public static let maximumSize = 1 << 20

  /// Reads YAML text.
  ///
  /// - Parameters:
  ///   - text: the document.
  ///   - file: name of the file it came from, for messages.
  /// - Throws: `ConfigurationError` with every problem found; where the syntax is broken, that one.
  public init(text: String, file: String) throws(ConfigurationError) {
    guard text.utf8.count <= ConfigurationDocument.maximumSize else {
      throw ConfigurationError(
        ConfigurationProblem(
          kind: .syntax, location: ConfigurationLocation(file: file, line: 1, column: 1, keyPath: ""),
          expected: "a configuration of at most \(ConfigurationDocument.maximumSize) bytes",
          found: "\(text.utf8.count) bytes"))
    }
    var loader = SourceNodeLoader(file: file)
    let hasByteOrderMark = text.unicodeScalars.first == "\u{FEFF}"
    let root = try loader.load(hasByteOrderMark ? String(text.unicodeScalars.dropFirst()) : text)
    if let error = ConfigurationError(loader.problems) { throw error }
    self.file = file
    self.root = root
  }

  /// Reads the bytes of a YAML file in UTF-8, with or without byte order mark.
  ///
  /// - Throws: `ConfigurationError`, also for bytes that are not UTF-8.
  public init(bytes: [UInt8], file: String) throws(ConfigurationError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let line = bytes.prefix(firstInvalidUTF8Offset(bytes)).count { $0 == 10 } + 1
      throw ConfigurationError(
        ConfigurationProblem(
          kind: .syntax, location: ConfigurationLocation(file: file, line: line, column: 1, keyPath: ""),
          expected: "text in UTF-8", found: "bytes that are not UTF-8"))
    }
    try self.init(text: text, file: file)
  }

  /// The variables that stand in the document's texts.
  public var variableNames: Set<String> {
    var substitution = VariableSubstitution(file: file, settings: [:])
    _ = substitution.apply(to: root)
    return substitution.used
  }

  /// The document as a plain tree, scalars understood by the YAML 1.2 core schema: for texts that were written by
  /// `ConfigurationTree.canonicalText` and whose schema may since have changed.
  ///
  /// - Throws: `ConfigurationError` for nulls and numbers that are not finite or too large, which no tree can hold.
  public func tree() throws(ConfigurationError) -> ConfigurationTree {
    var problems: [ConfigurationProblem] = []
    let tree = root.tree(file: file, keyPath: "", problems: &problems)
    if let error = ConfigurationError(problems) { throw error }
    return tree
  }
}

/// Offset of the first byte that continues no valid UTF-8 text.
private func firstInvalidUTF8Offset(_ bytes: [UInt8]) -> Int {
  var offset = 0
  var decoder = UTF8()
  var iterator = bytes.makeIterator()
  while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
  return offset
}

/// A YAML node with its place, free of the YAML library's types.
struct SourceNode: Sendable {
  struct Entry: Sendable {
    let key: String
    let line: Int
    let column: Int
    var value: SourceNode
  }

  enum Content: Sendable {
    case scalar(String, isPlain: Bool)
    case list([SourceNode])
    case mapping([Entry])
  }

  var content: Content
  let line: Int
  let column: Int
  /// Of a text in which variables stood.
  var substitution: SubstitutedText?

  func location(file: String, keyPath: String) -> ConfigurationLocation {
    ConfigurationLocation(file: file, line: line, column: column, keyPath: keyPath)
  }

  /// What stands here, for messages: "the text \"x\"", "a list".
  var summary: String {
    switch content {
    case .list: return "a list"
    case .mapping: return "a mapping"
    case .scalar(let text, let isPlain):
      let shown = text.count > 60 ? String(text.prefix(57)) + "…" : text
      guard isPlain else { return "the text \(ScalarText.doubleQuoted(shown))" }
      switch ScalarText.meaning(ofPlain: text) {
      case .null: return "nothing"
      case .boolean: return shown
      case .integer, .number, .unusableNumber: return "the number \(shown)"
      case .string: return "the text \(ScalarText.doubleQuoted(shown))"
      }
    }
  }

  func tree(file: String, keyPath: String, problems: inout [ConfigurationProblem]) -> ConfigurationTree {
    switch content {
    case .list(let elements):
      return .list(
        elements.enumerated().map {
          $1.tree(file: file, keyPath: KeyPathText.appending($0, to: keyPath), problems: &problems)
        })
    case .mapping(let entries):
      var tree: [String: ConfigurationTree] = [:]
      for entry in entries {
        tree[entry.key] = entry.value.tree(
          file: file, keyPath: KeyPathText.appending(entry.key, to: keyPath), problems: &problems)
      }
      return .mapping(tree)
    case .scalar(let text, let isPlain):
      guard isPlain else { return .string(text) }
      switch ScalarText.meaning(ofPlain: text) {
      case .boolean(let value): return .boolean(value)
      case .integer(let value): return .integer(value)
      case .number(let value): return .number(value)
      case .string: return .string(text)
      case .null, .unusableNumber:
        problems.append(
          ConfigurationProblem(
            kind: .wrongType, location: location(file: file, keyPath: keyPath), expected: "a value",
            found: summary))
        return .string(text)
      }
    }
  }
}

/// Turns the YAML library's nodes into `SourceNode`s and reports the parts of YAML that are not accepted.
private struct SourceNodeLoader {
  let file: String
  var problems: [ConfigurationProblem] = []

  mutating func load(_ text: String) throws(ConfigurationError) -> SourceNode {
    do {
      let parser = try Parser(yaml: text, encoding: .utf8)
      guard let node = try parser.singleRoot() else { throw empty() }
      // The library's nodes hold their anchors weakly: they live as long as the parser does.
      let root = withExtendedLifetime(parser) { convert(node, keyPath: "") }
      if case .scalar("", isPlain: true) = root.content { throw empty() }
      return root
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(problem(from: error, text: text))
    }
  }

  private func empty() -> ConfigurationError {
    ConfigurationError(
      problem(line: 1, column: 1, kind: .syntax, expected: "a configuration", found: "an empty document"))
  }

  private mutating func convert(_ node: Node, keyPath: String) -> SourceNode {
    let (line, column) = (node.mark?.line ?? 1, node.mark?.column ?? 1)
    func made(_ content: SourceNode.Content) -> SourceNode {
      SourceNode(content: content, line: line, column: column)
    }
    // An anchored node is not entered: aliases repeat it, and repeated repetition grows without bound.
    if let anchor = node.anchor {
      problems.append(
        problem(
          line: line, column: column, keyPath: keyPath, kind: .syntax, expected: "the value written out",
          found: "the anchor &\(anchor.rawValue) (anchors and aliases are not accepted)"))
      return made(.scalar("", isPlain: false))
    }
    switch node {
    case .scalar(let scalar):
      checkTag(scalar.tag, allowed: [.str], line: line, column: column, keyPath: keyPath)
      let isPlain = scalar.style == .plain && Tag.Name(rawValue: scalar.tag.description) != .str
      return made(.scalar(scalar.string, isPlain: isPlain))
    case .sequence(let sequence):
      checkTag(sequence.tag, allowed: [], line: line, column: column, keyPath: keyPath)
      var elements: [SourceNode] = []
      for (index, element) in sequence.enumerated() {
        elements.append(convert(element, keyPath: KeyPathText.appending(index, to: keyPath)))
      }
      return made(.list(elements))
    case .mapping(let mapping):
      checkTag(mapping.tag, allowed: [], line: line, column: column, keyPath: keyPath)
      return made(.mapping(entries(of: mapping, keyPath: keyPath)))
    case .alias:
      problems.append(
        problem(
          line: line, column: column, keyPath: keyPath, kind: .syntax, expected: "the value written out",
          found: "an alias"))
      return made(.scalar("", isPlain: false))
    }
  }

  private mutating func entries(of mapping: Node.Mapping, keyPath: String) -> [SourceNode.Entry] {
    var entries: [SourceNode.Entry] = []
    for (key, value) in mapping {
      let (line, column) = (key.mark?.line ?? 1, key.mark?.column ?? 1)
      guard case .scalar(let scalar) = key, key.anchor == nil, scalar.string != "<<" else {
        problems.append(
          problem(
            line: line, column: column, keyPath: keyPath, kind: .syntax, expected: "a key that is plain text",
            found: key.scalar?.string == "<<" ? "the merge key <<" : "another kind of key"))
        continue
      }
      let converted = convert(value, keyPath: KeyPathText.appending(scalar.string, to: keyPath))
      entries.append(SourceNode.Entry(key: scalar.string, line: line, column: column, value: converted))
    }
    return entries
  }

  private mutating func checkTag(_ tag: Tag, allowed: [Tag.Name], line: Int, column: Int, keyPath: String) {
    let name = Tag.Name(rawValue: tag.description)
    guard name != .implicit, !allowed.contains(name) else { return }
    problems.append(
      problem(
        line: line, column: column, keyPath: keyPath, kind: .syntax, expected: "a value without a tag",
        found: "the tag \(name.rawValue)"))
  }

  private func problem(
    line: Int, column: Int, keyPath: String = "", kind: ConfigurationProblem.Kind, expected: String,
    found: String
  ) -> ConfigurationProblem {
    ConfigurationProblem(
      kind: kind, location: ConfigurationLocation(file: file, line: line, column: column, keyPath: keyPath),
      expected: expected, found: found)
  }

  private func problem(from error: any Error, text: String) -> ConfigurationProblem {
    switch error {
    case YamlError.scanner(let context, let message, let mark, _),
      YamlError.parser(let context, let message, let mark, _),
      YamlError.composer(let context, let message, let mark, _):
      let situation = context.map { "\($0.text) at line \($0.mark.line): " } ?? ""
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let hint =
        lines.indices.contains(mark.line - 1) && lines[mark.line - 1].contains("${")
        ? "; a text with ${…} within { } or [ ] needs quotes" : ""
      return problem(
        line: mark.line, column: mark.column, kind: .syntax, expected: "YAML",
        found: "a syntax error (\(situation)\(message))\(hint)")
    case YamlError.reader(let message, let offset, _, _):
      let before = text.prefix(offset ?? 0)
      let line = before.count { $0.isNewline } + 1
      let column =
        (before.lastIndex { $0.isNewline }.map { before.distance(from: $0, to: before.endIndex) - 1 }
          ?? before.count) + 1
      return problem(
        line: line, column: column, kind: .syntax, expected: "YAML",
        found: "a character YAML does not allow (\(message))")
    case YamlError.duplicatedKeysInMapping(let keys, let context):
      return problem(
        line: context.mark.line, column: context.mark.column, kind: .duplicateKey, expected: "each key once",
        found: keys.map { ScalarText.doubleQuoted($0) }.joined(separator: ", "))
    default:
      return problem(line: 1, column: 1, kind: .syntax, expected: "YAML", found: "\(error)")
    }
  }
}
