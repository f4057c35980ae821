internal import TextFormats

extension Schema {
  /// This schema as JSON Schema (draft 2020-12), for editors: descriptions, defaults, ranges, allowed words; unknown
  /// keys are refused there as they are by the reader.
  ///
  /// - Parameters:
  ///   - title: what is described.
  ///   - summary: one sentence about it.
  public func jsonSchemaText(title: String, summary: String) -> String {
    let head = [
      Member("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
      Member("title", .string(title)),
    ]
    return JSONTree.object(JSONMembers(head + members(summary: summary))).indentedText() + "\n"
  }

  private typealias Member = JSONMembers.Member

  private func members(summary: String? = nil, default value: ConfigurationTree? = nil) -> [Member] {
    (summary.map { [Member("description", .string($0))] } ?? []) + keywords
      + (value.map { [Member("default", JSONTree($0))] } ?? [])
  }

  private func json(summary: String? = nil, default value: ConfigurationTree? = nil) -> JSONTree {
    .object(JSONMembers(members(summary: summary, default: value)))
  }

  private var keywords: [Member] {
    switch kind {
    case .boolean: return [Member("type", .string("boolean"))]
    case .integer(let range):
      var members: [Member] = [Member("type", .string("integer"))]
      if range.lowerBound != .min { members.append(Member("minimum", .number("\(range.lowerBound)"))) }
      if range.upperBound != .max { members.append(Member("maximum", .number("\(range.upperBound)"))) }
      return members
    case .number(let range):
      var members: [Member] = [Member("type", .string("number"))]
      if let minimum = range.minimum {
        members.append(Member(range.excludesMinimum ? "exclusiveMinimum" : "minimum", .number("\(minimum)")))
      }
      if let maximum = range.maximum { members.append(Member("maximum", .number("\(maximum)"))) }
      return members
    case .string(let minimumLength):
      return [Member("type", .string("string"))]
        + (minimumLength > 0 ? [Member("minLength", .number("\(minimumLength)"))] : [])
    case .path: return Schema.string.keywords
    case .choice(let words):
      return [Member("type", .string("string")), Member("enum", .array(words.map { .string($0) }))]
    case .list(let element, let count):
      var members: [Member] = [Member("type", .string("array")), Member("items", element.json())]
      if count.lowerBound > 0 { members.append(Member("minItems", .number("\(count.lowerBound)"))) }
      if count.upperBound != .max { members.append(Member("maxItems", .number("\(count.upperBound)"))) }
      return members
    case .mapping(let fields): return mappingKeywords(fields)
    case .dictionary(let value):
      return [Member("type", .string("object")), Member("additionalProperties", value.json())]
    case .tagged(let alternatives): return [Member("oneOf", .array(alternatives.map(\.json)))]
    case .either(let schemas): return [Member("anyOf", .array(schemas.map { $0.json() }))]
    }
  }

  private func mappingKeywords(_ fields: [Field]) -> [Member] {
    let properties = fields.map { field in
      let value: ConfigurationTree? = if case .defaulted(let value) = field.presence { value } else { nil }
      return Member(field.name, field.schema.json(summary: field.summary, default: value))
    }
    let required = fields.filter { $0.presence == .required }.map { JSONTree.string($0.name) }
    return [Member("type", .string("object")), Member("properties", .object(JSONMembers(properties)))]
      + (required.isEmpty ? [] : [Member("required", .array(required))]) + [
        Member("additionalProperties", .boolean(false))
      ]
  }

  fileprivate func alternativeJSON(tag: String, summary: String) -> JSONTree {
    .object([
      "description": .string(summary), "type": .string("object"),
      "properties": .object([tag: json(summary: summary)]), "required": .array([.string(tag)]),
      "additionalProperties": .boolean(false),
    ])
  }
}

extension Alternative {
  fileprivate var json: JSONTree { schema.alternativeJSON(tag: tag, summary: summary) }
}

extension JSONTree {
  fileprivate init(_ tree: ConfigurationTree) {
    switch tree {
    case .boolean(let value): self = .boolean(value)
    case .integer, .number: self = .number(tree.inlineText)
    case .string(let text): self = .string(text)
    case .list(let elements): self = .array(elements.map { JSONTree($0) })
    case .mapping(let entries):
      self = .object(
        JSONMembers(
          ConfigurationTree.sorted(entries).map { JSONMembers.Member($0.key, JSONTree($0.value)) }))
    }
  }
}
