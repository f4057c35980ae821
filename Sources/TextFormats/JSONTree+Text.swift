extension JSONTree {
  /// A whole number.
  public static func count(_ value: Int) -> JSONTree { .number("\(value)") }

  /// A real number that reads back as the same, or null where there is none to write.
  public static func real(_ value: Double?) -> JSONTree {
    guard let value, value.isFinite else { return .null }
    return .number("\(value)")
  }

  /// The value as JSON text without blanks, members in their order; numbers that are none become null.
  public var compactText: String {
    switch self {
    case .object(let members):
      "{" + members.map { jsonText($0.name) + ":" + $0.value.compactText }.joined(separator: ",") + "}"
    case .array(let elements): "[" + elements.map(\.compactText).joined(separator: ",") + "]"
    case .string(let text): jsonText(text)
    case .number(let digits): digits
    case .boolean(let value): value ? "true" : "false"
    case .null, .notFinite: "null"
    }
  }

  /// The value as JSON text for people: one member a line; lists of plain values on one line.
  ///
  /// - Parameter sortingNames: whether members are sorted by name instead of standing in their order.
  public func indentedText(sortingNames: Bool = false) -> String { indented("", sortingNames) }

  private func indented(_ indentation: String, _ sortingNames: Bool) -> String {
    let inner = indentation + "  "
    switch self {
    case .object(let members) where !members.isEmpty:
      let sorted =
        sortingNames
        ? members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : Array(members)
      let lines = sorted.map { "\(inner)\(jsonText($0.name)): \($0.value.indented(inner, sortingNames))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
    case .array(let elements) where elements.contains { $0.members?.isEmpty == false }:
      return "[\n" + elements.map { inner + $0.indented(inner, sortingNames) }.joined(separator: ",\n")
        + "\n\(indentation)]"
    case .array(let elements):
      return "[" + elements.map { $0.indented("", sortingNames) }.joined(separator: ", ") + "]"
    default: return compactText
    }
  }
}

/// A text as a JSON value: in quotes, with what JSON does not allow in a text escaped.
public func jsonText(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.value < 32:
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
