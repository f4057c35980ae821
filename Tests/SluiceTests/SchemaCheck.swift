import Configuration

/// Whether a document is what a JSON Schema describes, as far as the schemas of this program go: an independent
/// reading of the printed schema.
struct SchemaCheck {
  /// The faults found, each with the place in the document.
  private(set) var faults: [String] = []

  /// Checks a document against a schema.
  init(_ document: ConfigurationTree, against schema: ConfigurationTree) {
    check(document, schema, "$")
  }

  private mutating func check(_ value: ConfigurationTree, _ schema: ConfigurationTree, _ place: String) {
    guard case .mapping(let rules) = schema else {
      return faults.append("\(place): the schema is no mapping")
    }
    for (rule, argument) in rules.sorted(by: { $0.key < $1.key }) {
      switch (rule, argument) {
      case ("type", .string(let type)):
        if !isOf(type, value) { faults.append("\(place): is no \(type)") }
      case ("enum", .list(let choices)):
        if !choices.contains(value) { faults.append("\(place): is none of the choices") }
      case ("minimum", _), ("maximum", _), ("exclusiveMinimum", _):
        if !isWithin(rule, value, argument) { faults.append("\(place): breaks \(rule)") }
      case ("minItems", .integer(let count)):
        if case .list(let items) = value, items.count < count { faults.append("\(place): too few items") }
      case ("minLength", .integer(let count)):
        if case .string(let text) = value, text.unicodeScalars.count < count {
          faults.append("\(place): too short")
        }
      case ("items", _):
        guard case .list(let items) = value else { continue }
        for (index, item) in items.enumerated() { check(item, argument, "\(place)[\(index)]") }
      case ("oneOf", .list(let alternatives)):
        let fitting = alternatives.count { SchemaCheck(value, against: $0).faults.isEmpty }
        if fitting != 1 { faults.append("\(place): fits \(fitting) of \(alternatives.count) alternatives") }
      case ("properties", .mapping(let properties)):
        checkKeys(value, properties, rules, place)
      case ("required", .list(let keys)):
        guard case .mapping(let entries) = value else { continue }
        for case .string(let key) in keys where entries[key] == nil {
          faults.append("\(place): lacks \(key)")
        }
      default: break
      }
    }
  }

  private mutating func checkKeys(
    _ value: ConfigurationTree, _ properties: [String: ConfigurationTree],
    _ rules: [String: ConfigurationTree],
    _ place: String
  ) {
    guard case .mapping(let entries) = value else { return }
    for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
      if let property = properties[key] {
        check(entry, property, "\(place).\(key)")
      } else if rules["additionalProperties"] == .boolean(false) {
        faults.append("\(place): has no key \(key)")
      }
    }
  }

  private func isOf(_ type: String, _ value: ConfigurationTree) -> Bool {
    switch (type, value) {
    case ("object", .mapping), ("array", .list), ("string", .string), ("boolean", .boolean),
      ("integer", .integer),
      ("number", .integer), ("number", .number):
      true
    default: false
    }
  }

  private func isWithin(_ rule: String, _ value: ConfigurationTree, _ bound: ConfigurationTree) -> Bool {
    guard let number = number(value), let limit = self.number(bound) else { return true }
    switch rule {
    case "minimum": return number >= limit
    case "maximum": return number <= limit
    default: return number > limit
    }
  }

  private func number(_ value: ConfigurationTree) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }
}
