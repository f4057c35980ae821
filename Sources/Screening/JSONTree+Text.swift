extension JSONTree {
  /// A whole number.
  static func count(_ value: Int) -> JSONTree { .number("\(value)") }

  /// A real number, or null where there is none to write.
  static func real(_ value: Double?) -> JSONTree {
    guard let value, value.isFinite else { return .null }
    return .number("\(value)")
  }

  /// The value as JSON text: objects in the order of their names, one member a line; lists of plain values on one line.
  func indented(_ indentation: String = "") -> String {
    let inner = indentation + "  "
    switch self {
    case .object(let members) where !members.isEmpty:
      let names = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let lines = names.map { "\(inner)\(jsonText($0.key)): \($0.value.indented(inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
    case .object: return "{}"
    case .array(let elements) where elements.contains { $0.members?.isEmpty == false }:
      return "[\n" + elements.map { inner + $0.indented(inner) }.joined(separator: ",\n")
        + "\n\(indentation)]"
    case .array(let elements): return "[" + elements.map { $0.indented() }.joined(separator: ", ") + "]"
    case .string(let text): return jsonText(text)
    case .number(let digits): return digits
    case .boolean(let value): return value ? "true" : "false"
    case .null: return "null"
    }
  }
}
