extension Schema {
  /// This schema as JSON Schema (draft 2020-12), for editors: descriptions, defaults, ranges, allowed words; unknown
  /// keys are refused there as they are by the reader.
  ///
  /// - Parameters:
  ///   - title: what is described.
  ///   - summary: one sentence about it.
  public func jsonSchemaText(title: String, summary: String) -> String {
    guard case .object(let members) = json(summary: summary) else {
      preconditionFailure("a schema is an object")
    }
    let head: [(String, JSONText)] = [
      ("$schema", .string("https://json-schema.org/draft/2020-12/schema")), ("title", .string(title)),
    ]
    return JSONText.object(head + members).text + "\n"
  }

  private func json(summary: String? = nil, default value: ConfigurationTree? = nil) -> JSONText {
    var members: [(String, JSONText)] = []
    if let summary { members.append(("description", .string(summary))) }
    members += keywords
    if let value { members.append(("default", JSONText(value))) }
    return .object(members)
  }

  private var keywords: [(String, JSONText)] {
    switch kind {
    case .boolean: return [("type", "boolean")]
    case .integer(let range):
      var members: [(String, JSONText)] = [("type", "integer")]
      if range.lowerBound != .min { members.append(("minimum", .literal("\(range.lowerBound)"))) }
      if range.upperBound != .max { members.append(("maximum", .literal("\(range.upperBound)"))) }
      return members
    case .number(let range):
      var members: [(String, JSONText)] = [("type", "number")]
      if let minimum = range.minimum {
        members.append((range.excludesMinimum ? "exclusiveMinimum" : "minimum", .literal("\(minimum)")))
      }
      if let maximum = range.maximum { members.append(("maximum", .literal("\(maximum)"))) }
      return members
    case .string(let minimumLength):
      return [("type", "string")] + (minimumLength > 0 ? [("minLength", .literal("\(minimumLength)"))] : [])
    case .choice(let words):
      return [("type", "string"), ("enum", .array(words.map { .string($0) }))]
    case .list(let element, let count):
      var members: [(String, JSONText)] = [("type", "array"), ("items", element.json())]
      if count.lowerBound > 0 { members.append(("minItems", .literal("\(count.lowerBound)"))) }
      if count.upperBound != .max { members.append(("maxItems", .literal("\(count.upperBound)"))) }
      return members
    case .mapping(let fields): return mappingKeywords(fields)
    case .dictionary(let value): return [("type", "object"), ("additionalProperties", value.json())]
    case .tagged(let alternatives): return [("oneOf", .array(alternatives.map(\.json)))]
    case .either(let schemas): return [("anyOf", .array(schemas.map { $0.json() }))]
    }
  }

  private func mappingKeywords(_ fields: [Field]) -> [(String, JSONText)] {
    let properties = fields.map { field -> (String, JSONText) in
      guard case .defaulted(let value) = field.presence else {
        return (field.name, field.schema.json(summary: field.summary))
      }
      return (field.name, field.schema.json(summary: field.summary, default: value))
    }
    let required = fields.filter { $0.presence == .required }.map { JSONText.string($0.name) }
    return [("type", "object"), ("properties", .object(properties))]
      + (required.isEmpty ? [] : [("required", .array(required))]) + [
        ("additionalProperties", .literal("false"))
      ]
  }

  fileprivate func alternativeJSON(tag: String, summary: String) -> JSONText {
    .object([
      ("description", .string(summary)), ("type", "object"),
      ("properties", .object([(tag, json(summary: summary))])), ("required", .array([.string(tag)])),
      ("additionalProperties", .literal("false")),
    ])
  }
}

extension Alternative {
  fileprivate var json: JSONText { schema.alternativeJSON(tag: tag, summary: summary) }
}

/// JSON text with members in the order given.
private indirect enum JSONText: ExpressibleByStringLiteral {
  case literal(String)
  case string(String)
  case array([JSONText])
  case object([(String, JSONText)])

  init(stringLiteral value: String) { self = .string(value) }

  init(_ tree: ConfigurationTree) {
    switch tree {
    case .boolean, .integer, .number: self = .literal(tree.inlineText)
    case .string(let text): self = .string(text)
    case .list(let elements): self = .array(elements.map { JSONText($0) })
    case .mapping(let entries):
      self = .object(ConfigurationTree.sorted(entries).map { ($0.key, JSONText($0.value)) })
    }
  }

  var text: String {
    var result = ""
    write(indentation: 0, to: &result)
    return result
  }

  private func write(indentation: Int, to result: inout String) {
    let inner = String(repeating: " ", count: indentation + 2)
    switch self {
    case .literal(let text): result += text
    case .string(let text): result += JSONText.quoted(text)
    case .array(let elements) where elements.isEmpty: result += "[]"
    case .object(let members) where members.isEmpty: result += "{}"
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        result += (index == 0 ? "[\n" : ",\n") + inner
        element.write(indentation: indentation + 2, to: &result)
      }
      result += "\n" + inner.dropLast(2) + "]"
    case .object(let members):
      for (index, member) in members.enumerated() {
        result += (index == 0 ? "{\n" : ",\n") + inner + JSONText.quoted(member.0) + ": "
        member.1.write(indentation: indentation + 2, to: &result)
      }
      result += "\n" + inner.dropLast(2) + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
