internal import StructureArchive

/// A CSV field: quoted where commas, quotes or line ends would break the line (RFC 4180).
func csvField(_ text: String) -> String {
  guard text.utf8.contains(where: { $0 == 44 || $0 == 34 || $0 == 10 || $0 == 13 }) else { return text }
  return "\"" + text.replacing("\"", with: "\"\"") + "\""
}

/// A JSON text value.
func jsonText(_ text: String) -> String {
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

/// A JSON number, or null where there is none to write.
func jsonNumber(_ value: Double?) -> String {
  guard let value, value.isFinite else { return "null" }
  return "\(value)"
}

/// Writes lines to a file in pieces, so that long tables do not fill memory. An incomplete file is not left under the
/// final name.
final class LineWriter {
  private let path: String
  private let file: OutputFile
  private var buffer: [UInt8] = []

  init(path: String) throws {
    self.path = path
    file = try Self.attempt(path) { try OutputFile(path: path) }
  }

  func append(_ line: String) throws {
    buffer.append(contentsOf: line.utf8)
    buffer.append(10)
    if buffer.count > 1 << 20 { try flush() }
  }

  func finish() throws {
    try flush()
    try Self.attempt(path) { try file.finish() }
  }

  private func flush() throws {
    try Self.attempt(path) { try buffer.withUnsafeBytes { try file.write($0) } }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func attempt<Result>(
    _ path: String, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch ArchiveError.cannotWrite(_, let detail) {
      throw ScreeningError.unwritable(path: path, reason: detail)
    }
  }
}
