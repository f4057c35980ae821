import Configuration
import Foundation
import TestSupport
import Testing

private let schema = Schema.mapping([
  Field("name", .string, "Name with \"quotes\" and\na line break"),
  Field("note", .anyString, default: "", "Note"),
  Field("count", .integer(1...64), default: 12, "Count"),
  Field.optional("limit", .integer(0...), "Limit"),
  Field("cutoff", .number(above: 0, through: 20), default: 8, "Cutoff (Å)"),
  Field("weight", .number(0...), default: 0.5, "Weight"),
  Field("shift", .number, default: 0, "Shift"),
  Field("flag", .boolean, default: false, "Flag"),
  Field("method", .choice(of: ["nearest", "voronoi"]), default: "nearest", "Method"),
  Field("jobs", .either(.integer(1...8), .choice(of: ["auto"])), default: "auto", "Jobs"),
  Field("energies", .dictionary(of: .number(-10...10)), default: [:], "Energies"),
  Field(
    "inner", .mapping([Field("a", .list(of: .integer(0...9), count: 1...3), default: [1], "A")]),
    default: [:], "Inner"),
  Field(
    "stages",
    .list(
      of: .oneOf(tagged: [
        Alternative("read", .mapping([Field("path", .string, "Path")]), "Reads"),
        Alternative("rank", .mapping([]), "Ranks"),
      ]), count: 1...), "Stages"),
])

private let valid: ConfigurationTree = [
  "name": "a", "note": "", "count": 3, "limit": 5, "cutoff": 2.5, "weight": 0, "shift": -1, "flag": true,
  "method": "voronoi", "jobs": 2, "energies": ["Fe": -1.5, "O": 3], "inner": ["a": [1, 2]],
  "stages": [["read": ["path": "x"]], ["rank": [:]]],
]

/// The tree with one random change somewhere: a value replaced, a key or an element removed or added.
private func changed(_ tree: ConfigurationTree, using generator: inout SeededGenerator) -> ConfigurationTree {
  let values: [ConfigurationTree] = [
    0, 1, 2.0, 0.5, 9, 64, 65, -1, 1e6, 20.0, 20.5, "auto", "nearest", "", "x", true, [], [:], [1, 2, 3],
    [1, 2, 3, 4],
    ["read": ["path": "y"]], ["rank": [:], "read": ["path": "y"]], ["a": [3]], ["Fe": 11],
  ]
  let value = values[Int.random(in: 0..<values.count, using: &generator)]
  switch tree {
  case .mapping(var entries):
    let keys = entries.keys.sorted() + ["extra"]
    let key = keys[Int.random(in: 0..<keys.count, using: &generator)]
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: entries[key] = nil
    case 1: entries[key] = value
    default: entries[key] = entries[key].map { changed($0, using: &generator) }
    }
    return .mapping(entries)
  case .list(var elements) where !elements.isEmpty:
    let index = Int.random(in: 0..<elements.count, using: &generator)
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: elements.remove(at: index)
    case 1: elements.append(value)
    default: elements[index] = changed(elements[index], using: &generator)
    }
    return .list(elements)
  default: return value
  }
}

private struct UnknownKeyword: Error {
  let keyword: String
}

/// The part of JSON Schema (draft 2020-12) that `Schema` writes, checked by that specification's own words. Any other
/// keyword throws, so that one added to the writer cannot be passed over here.
private func accepts(_ schema: ConfigurationTree, _ value: ConfigurationTree) throws -> Bool {
  guard case .mapping(let keywords) = schema else { throw UnknownKeyword(keyword: "no object") }
  return try keywords.allSatisfy { try accepts($0.key, $0.value, keywords, value) }
}

private func accepts(
  _ keyword: String, _ argument: ConfigurationTree, _ keywords: [String: ConfigurationTree],
  _ value: ConfigurationTree
) throws -> Bool {
  switch (keyword, argument, value) {
  case ("$schema", _, _), ("title", _, _), ("description", _, _), ("default", _, _): return true
  case ("type", .string(let type), _): return hasType(value, type)
  case ("enum", .list(let words), _): return words.contains(value)
  case ("minimum", _, _), ("maximum", _, _), ("exclusiveMinimum", _, _):
    guard let found = number(value), let bound = number(argument) else { return true }
    return keyword == "minimum" ? found >= bound : keyword == "maximum" ? found <= bound : found > bound
  case ("minLength", .integer(let least), .string(let text)): return text.unicodeScalars.count >= least
  case ("minItems", .integer(let least), .list(let elements)): return elements.count >= least
  case ("maxItems", .integer(let most), .list(let elements)): return elements.count <= most
  case ("items", _, .list(let elements)): return try elements.allSatisfy { try accepts(argument, $0) }
  case ("required", .list(let names), .mapping(let entries)):
    return names.allSatisfy { name in entries.keys.contains { .string($0) == name } }
  case ("properties", .mapping(let properties), .mapping(let entries)):
    return try entries.allSatisfy { key, value in try properties[key].map { try accepts($0, value) } ?? true }
  case ("additionalProperties", _, .mapping(let entries)):
    var known: [String: ConfigurationTree] = [:]
    if case .mapping(let properties)? = keywords["properties"] { known = properties }
    let others = entries.filter { known[$0.key] == nil }
    if argument == false { return others.isEmpty }
    return try others.allSatisfy { try accepts(argument, $0.value) }
  case ("oneOf", .list(let schemas), _): return try schemas.count { try accepts($0, value) } == 1
  case ("anyOf", .list(let schemas), _): return try schemas.contains { try accepts($0, value) }
  case ("minLength", _, _), ("minItems", _, _), ("maxItems", _, _), ("items", _, _), ("required", _, _),
    ("properties", _, _), ("additionalProperties", _, _):
    return true
  default: throw UnknownKeyword(keyword: keyword)
  }
}

private func hasType(_ value: ConfigurationTree, _ type: String) -> Bool {
  switch value {
  case .boolean: return type == "boolean"
  case .integer: return type == "integer" || type == "number"
  case .number(let number): return type == "number" || (type == "integer" && number == number.rounded())
  case .string: return type == "string"
  case .list: return type == "array"
  case .mapping: return type == "object"
  }
}

private func number(_ value: ConfigurationTree) -> Double? {
  switch value {
  case .integer(let number): return Double(number)
  case .number(let number): return number
  default: return nil
  }
}

@Suite struct JSONSchemaTests {
  private static let text = schema.jsonSchemaText(title: "Campaign", summary: "What to screen")

  // JSON is YAML, so the reader of plain trees reads the schema too.
  private static let published = Result { try ConfigurationDocument(text: text, file: "schema").tree() }

  @Test(arguments: 0..<400)
  func `the JSON Schema accepts exactly what the reader accepts`(seed: UInt64) throws {
    let published = try JSONSchemaTests.published.get()
    var generator = SeededGenerator(seed: seed)
    var instance = valid
    for _ in 0..<Int.random(in: 0...3, using: &generator) { instance = changed(instance, using: &generator) }
    var isRead = true
    do {
      _ = try ConfigurationDocument(text: instance.canonicalText, file: "x").read(schema)
    } catch {
      isRead = false
    }
    #expect(try accepts(published, instance) == isRead, "\(instance.canonicalText)")
  }

  @Test(
    arguments: [
      ("count", 0), ("count", 1), ("count", 64), ("count", 65), ("count", 64.0), ("count", 63.5),
      ("limit", 0),
      ("limit", -1), ("cutoff", 0), ("cutoff", 0.001), ("cutoff", 20), ("cutoff", 20.001), ("weight", 0),
      ("weight", -0.001), ("shift", -1e300), ("note", ""), ("name", ""), ("method", "nearest"),
      ("method", "neares"),
      ("jobs", 8), ("jobs", 9), ("jobs", "auto"), ("jobs", "manual"), ("energies", ["x": 10.001]),
      ("inner", ["a": []]), ("inner", ["a": [0, 9, 0]]), ("inner", ["a": [0, 0, 0, 0]]), ("stages", []),
      ("stages", [["rank": [:], "read": ["path": "x"]]]), ("stages", [["rank": ["x": 1]]]), ("stages", [[:]]),
    ] as [(String, ConfigurationTree)])
  func `they agree at every bound`(key: String, value: ConfigurationTree) throws {
    guard case .mapping(var entries) = valid else { return }
    entries[key] = value
    let text = ConfigurationTree.mapping(entries).canonicalText
    let isRead = (try? ConfigurationDocument(text: text, file: "x").read(schema)) != nil
    #expect(try accepts(JSONSchemaTests.published.get(), .mapping(entries)) == isRead)
  }

  @Test func `it is JSON, with descriptions and defaults`() throws {
    let object = try JSONSerialization.jsonObject(with: Data(JSONSchemaTests.text.utf8)) as? [String: Any]
    let root = try #require(object)
    #expect(root["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(root["title"] as? String == "Campaign")
    #expect(root["description"] as? String == "What to screen")
    let properties = try #require(root["properties"] as? [String: [String: Any]])
    #expect(properties["name"]?["description"] as? String == "Name with \"quotes\" and\na line break")
    #expect(properties["count"]?["default"] as? Int == 12)
    #expect(properties["cutoff"]?["exclusiveMinimum"] as? Double == 0)
    #expect(root["required"] as? [String] == ["name", "stages"])
  }
}
