extension ConfigurationDocument {
  /// The document read by a schema: every key known, every value checked, defaults filled in.
  ///
  /// - Parameters:
  ///   - schema: what the document may hold.
  ///   - settings: what variables stand for, beside what the document's own `variables` say; nil for a document whose
  ///     texts are taken as they are, as a program wrote them.
  /// - Throws: `ConfigurationError` with every problem of the document.
  public func read(
    _ schema: Schema, settings: [String: VariableSetting]? = nil
  ) throws(ConfigurationError) -> ConfigurationValue {
    var substitution = VariableSubstitution(file: file, settings: settings ?? [:])
    let root = settings == nil ? self.root : substitution.apply(to: self.root)
    var reader = SchemaReader(file: file)
    let value = reader.read(root, schema, at: "", isDefault: false)
    // A text that lacks a value is nothing that a schema could judge.
    let places = Set(substitution.problems.flatMap { [$0.location] + $0.otherPlaces })
    let others = reader.problems.filter { !places.contains($0.location) }
    if let error = ConfigurationError(substitution.problems + others) { throw error }
    guard let value else { preconditionFailure("a document without problems has a value") }
    return value
  }
}

extension Schema {
  /// The defaults that break their own schema, each with its key path: what would trap when such a default is used.
  /// Empty for every schema that is right; a test of a program's own schema asks for it.
  public var brokenDefaults: [String] { findBrokenDefaults(at: "") }

  fileprivate func findBrokenDefaults(at path: String) -> [String] {
    switch kind {
    case .boolean, .integer, .number, .string, .path, .choice: return []
    case .list(let element, _): return element.findBrokenDefaults(at: path + "[]")
    case .dictionary(let value): return value.findBrokenDefaults(at: KeyPathText.appending("*", to: path))
    case .either(let schemas): return schemas.flatMap { $0.findBrokenDefaults(at: path) }
    case .tagged(let alternatives):
      return alternatives.flatMap {
        $0.schema.findBrokenDefaults(at: KeyPathText.appending($0.tag, to: path))
      }
    case .mapping(let fields):
      return fields.flatMap { $0.findBrokenDefaults(at: KeyPathText.appending($0.name, to: path)) }
    }
  }
}

extension Field {
  fileprivate func findBrokenDefaults(at path: String) -> [String] {
    // The parts first: a default of the whole is filled from theirs.
    let inner = schema.findBrokenDefaults(at: path)
    guard inner.isEmpty, case .defaulted(let tree) = presence else { return inner }
    var reader = SchemaReader(file: "default")
    _ = reader.read(SourceNode(tree: tree, line: 1, column: 1), schema, at: path, isDefault: true)
    return reader.problems.map(\.description)
  }
}

/// Walks a document along a schema. Returns nil exactly where it has reported a problem.
private struct SchemaReader {
  let file: String
  var problems: [ConfigurationProblem] = []

  mutating func read(
    _ node: SourceNode, _ schema: Schema, at path: String, isDefault: Bool
  ) -> ConfigurationValue? {
    guard let content = content(node, schema, at: path, isDefault: isDefault) else { return nil }
    return ConfigurationValue(
      content: content, location: node.location(file: file, keyPath: path), isDefault: isDefault)
  }

  private mutating func content(
    _ node: SourceNode, _ schema: Schema, at path: String, isDefault: Bool
  ) -> ConfigurationValue.Content? {
    switch (schema.kind, node.content) {
    case (.boolean, .scalar(let text, isPlain: true)):
      if case .boolean(let value) = ScalarText.meaning(ofPlain: text) { return .boolean(value) }
      let truth = ["yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"]
      return fail(.wrongType, node, schema, at: path, nearest: truth[text.lowercased()])
    case (.integer(let range), .scalar(let text, isPlain: true)):
      return integer(text, range, node, schema, at: path)
    case (.number(let range), .scalar(let text, isPlain: true)):
      return number(text, range, node, schema, at: path)
    case (.string(let minimumLength), .scalar(let text, let isPlain)):
      return string(text, isPlain: isPlain, minimumLength: minimumLength, node, schema, at: path)
    case (.path, .scalar(let text, let isPlain)):
      guard string(text, isPlain: isPlain, minimumLength: 1, node, schema, at: path) != nil else {
        return nil
      }
      let substitution = node.substitution
      return .path(substitution?.path ?? text, written: substitution?.written ?? text)
    case (.choice(let words), .scalar(let text, _)):
      if words.contains(text) { return .string(text) }
      return fail(.unknownChoice, node, schema, at: path, nearest: nearest(to: text, among: words))
    case (.list(let element, let count), .list(let nodes)):
      return list(nodes, element, count, node, schema, at: path, isDefault: isDefault)
    case (.mapping(let fields), .mapping(let entries)):
      return mapping(entries, fields, node, at: path, isDefault: isDefault)
    case (.dictionary(let value), .mapping(let entries)):
      return dictionary(entries, value, at: path, isDefault: isDefault)
    case (.tagged(let alternatives), .mapping(let entries)):
      return tagged(entries, alternatives, node, schema, at: path, isDefault: isDefault)
    case (.either(let schemas), _):
      return either(schemas, node, schema, at: path, isDefault: isDefault)
    default:
      return fail(.wrongType, node, schema, at: path)
    }
  }

  private mutating func fail(
    _ kind: ConfigurationProblem.Kind, _ node: SourceNode, _ schema: Schema, at path: String,
    found: String? = nil, nearest: String? = nil
  ) -> ConfigurationValue.Content? {
    problems.append(
      ConfigurationProblem(
        kind: kind, location: node.location(file: file, keyPath: path), expected: schema.expectation,
        found: found ?? node.summary, nearest: nearest))
    return nil
  }

  // MARK: Scalars

  private mutating func integer(
    _ text: String, _ range: ClosedRange<Int>, _ node: SourceNode, _ schema: Schema, at path: String
  ) -> ConfigurationValue.Content? {
    switch ScalarText.meaning(ofPlain: text) {
    case .integer(let value):
      return range.contains(value) ? .integer(value) : fail(.outOfRange, node, schema, at: path)
    case .number(let number):
      // JSON Schema calls 1e6 and 2.0 whole; up to 2^53 they are so exactly.
      guard abs(number) <= 9_007_199_254_740_992, let value = Int(exactly: number) else {
        return fail(number == number.rounded() ? .outOfRange : .wrongType, node, schema, at: path)
      }
      return range.contains(value) ? .integer(value) : fail(.outOfRange, node, schema, at: path)
    case .unusableNumber: return fail(.outOfRange, node, schema, at: path)
    case .string:
      let plainDigits = text.filter { $0 != "_" && $0 != "," }
      let suggestion = plainDigits != text && Int(plainDigits) != nil ? plainDigits : nil
      return fail(.wrongType, node, schema, at: path, nearest: suggestion)
    case .null, .boolean: return fail(.wrongType, node, schema, at: path)
    }
  }

  private mutating func number(
    _ text: String, _ range: NumberRange, _ node: SourceNode, _ schema: Schema, at path: String
  ) -> ConfigurationValue.Content? {
    let value: Double
    switch ScalarText.meaning(ofPlain: text) {
    case .integer(let whole): value = Double(whole)
    case .number(let number): value = number
    case .unusableNumber:
      guard let number = Double(text), number.isFinite else {
        return fail(.outOfRange, node, schema, at: path, found: "\(text), which is not finite")
      }
      value = number
    case .null, .boolean, .string: return fail(.wrongType, node, schema, at: path)
    }
    return range.contains(value) ? .number(value == 0 ? 0 : value) : fail(.outOfRange, node, schema, at: path)
  }

  private mutating func string(
    _ text: String, isPlain: Bool, minimumLength: Int, _ node: SourceNode, _ schema: Schema, at path: String
  ) -> ConfigurationValue.Content? {
    if isPlain, ScalarText.meaning(ofPlain: text) != .string {
      let isNull = ScalarText.meaning(ofPlain: text) == .null
      return fail(
        .wrongType, node, schema, at: path, found: isNull ? nil : "\(node.summary) (quote it if it is a text)"
      )
    }
    guard text.unicodeScalars.count >= minimumLength else {
      return fail(.outOfRange, node, schema, at: path, found: "an empty text")
    }
    return .string(text)
  }

  // MARK: Collections

  private mutating func list(
    _ nodes: [SourceNode], _ element: Schema, _ count: ClosedRange<Int>, _ node: SourceNode, _ schema: Schema,
    at path: String, isDefault: Bool
  ) -> ConfigurationValue.Content? {
    var values: [ConfigurationValue] = []
    for (index, child) in nodes.enumerated() {
      let childPath = KeyPathText.appending(index, to: path)
      if let value = read(child, element, at: childPath, isDefault: isDefault) { values.append(value) }
    }
    guard count.contains(nodes.count) else {
      return fail(.outOfRange, node, schema, at: path, found: "a list of \(nodes.count)")
    }
    return values.count == nodes.count ? .list(values) : nil
  }

  private mutating func mapping(
    _ entries: [SourceNode.Entry], _ fields: [Field], _ node: SourceNode, at path: String, isDefault: Bool
  ) -> ConfigurationValue.Content? {
    let before = problems.count
    let guesses = reportUnknown(entries, valid: fields.map(\.name), at: path)
    var values: [(key: String, value: ConfigurationValue)] = []
    for field in fields {
      let childPath = KeyPathText.appending(field.name, to: path)
      if let entry = entries.first(where: { $0.key == field.name }) {
        if let value = read(entry.value, field.schema, at: childPath, isDefault: isDefault) {
          values.append((field.name, value))
        }
        continue
      }
      switch field.presence {
      case .optional: continue
      case .defaulted(let tree): values.append((field.name, defaultValue(tree, field, at: childPath, node)))
      case .required where guesses.contains(field.name): continue
      case .required:
        problems.append(
          ConfigurationProblem(
            kind: .missingKey, location: node.location(file: file, keyPath: path),
            expected: "\"\(field.name)\" (\(field.schema.expectation))"))
      }
    }
    return problems.count == before ? .mapping(values) : nil
  }

  /// Reports keys that are not among `valid` and returns the valid ones they were probably meant to be.
  private mutating func reportUnknown(
    _ entries: [SourceNode.Entry], valid: [String], at path: String
  ) -> Set<String> {
    let absent = valid.filter { name in !entries.contains { $0.key == name } }
    var guesses: Set<String> = []
    for entry in entries where !valid.contains(entry.key) {
      let guess = nearest(to: entry.key, among: absent) ?? nearest(to: entry.key, among: valid)
      if let guess { guesses.insert(guess) }
      problems.append(
        ConfigurationProblem(
          kind: .unknownKey,
          location: ConfigurationLocation(file: file, line: entry.line, column: entry.column, keyPath: path),
          expected: valid.isEmpty ? "no keys" : "one of " + valid.joined(separator: ", "),
          found: ScalarText.doubleQuoted(entry.key), nearest: guess))
    }
    return guesses
  }

  private func defaultValue(
    _ tree: ConfigurationTree, _ field: Field, at path: String, _ node: SourceNode
  ) -> ConfigurationValue {
    var reader = SchemaReader(file: file)
    let source = SourceNode(tree: tree, line: node.line, column: node.column)
    guard let value = reader.read(source, field.schema, at: path, isDefault: true) else {
      preconditionFailure("the default of \(path) breaks its own schema: \(reader.problems)")
    }
    return value
  }

  private mutating func dictionary(
    _ entries: [SourceNode.Entry], _ schema: Schema, at path: String, isDefault: Bool
  ) -> ConfigurationValue.Content? {
    var values: [(key: String, value: ConfigurationValue)] = []
    for entry in entries {
      let childPath = KeyPathText.appending(entry.key, to: path)
      if let value = read(entry.value, schema, at: childPath, isDefault: isDefault) {
        values.append((entry.key, value))
      }
    }
    return values.count == entries.count ? .mapping(values) : nil
  }

  private mutating func tagged(
    _ entries: [SourceNode.Entry], _ alternatives: [Alternative], _ node: SourceNode, _ schema: Schema,
    at path: String, isDefault: Bool
  ) -> ConfigurationValue.Content? {
    let before = problems.count
    _ = reportUnknown(entries, valid: alternatives.map(\.tag), at: path)
    guard problems.count == before else { return nil }
    guard entries.count == 1, let alternative = alternatives.first(where: { $0.tag == entries[0].key }) else {
      let found = entries.isEmpty ? "an empty mapping" : "keys " + entries.map(\.key).joined(separator: ", ")
      return fail(.wrongType, node, schema, at: path, found: found)
    }
    let childPath = KeyPathText.appending(alternative.tag, to: path)
    return read(entries[0].value, alternative.schema, at: childPath, isDefault: isDefault)
      .map { .mapping([(alternative.tag, $0)]) }
  }

  private mutating func either(
    _ schemas: [Schema], _ node: SourceNode, _ schema: Schema, at path: String, isDefault: Bool
  ) -> ConfigurationValue.Content? {
    // YAML reads 01 as 1; where a text may stand as well, as 01 for two layers, which is meant is not guessed.
    if case .scalar(let text, isPlain: true) = node.content, text.utf8.count > 1, text.utf8.first == 48,
      text.utf8.allSatisfy({ (48...57).contains($0) }),
      schemas.contains(where: { if case .string = $0.kind { true } else { false } })
    {
      return fail(
        .wrongType, node, schema, at: path,
        found: "\(text), which is the number \(Int(text) ?? 0) without quotes",
        nearest: ScalarText.doubleQuoted(text))
    }
    var suggestions: [String] = []
    for candidate in schemas {
      var attempt = SchemaReader(file: file)
      if let content = attempt.content(node, candidate, at: path, isDefault: isDefault) { return content }
      suggestions += attempt.problems.compactMap(\.nearest)
    }
    return fail(.wrongType, node, schema, at: path, nearest: suggestions.first)
  }
}

extension SourceNode {
  /// A default as if it had been written at a place.
  fileprivate init(tree: ConfigurationTree, line: Int, column: Int) {
    self.line = line
    self.column = column
    switch tree {
    case .string(let text): content = .scalar(text, isPlain: false)
    case .boolean, .integer, .number: content = .scalar(tree.inlineText, isPlain: true)
    case .list(let elements):
      content = .list(elements.map { SourceNode(tree: $0, line: line, column: column) })
    case .mapping(let entries):
      content = .mapping(
        ConfigurationTree.sorted(entries).map {
          Entry(
            key: $0.key, line: line, column: column,
            value: SourceNode(tree: $0.value, line: line, column: column))
        })
    }
  }
}
