internal import StructureArchive

/// Writes lines to a file in pieces, so that long tables do not fill memory. An incomplete file is not left under the
/// final name.
final class LineWriter {
  private let path: String
  private let file: OutputFile
  private var buffer: [UInt8] = []

  /// - Parameter inputs: what the lines are made from: a file that is read cannot be the one that is written.
  init(path: String, inputs: [String] = []) throws {
    if let input = inputs.first(where: { namesSameFile($0, path) }) {
      throw ScreeningError.invalid("\(path) would replace \(input), which it is made from; name another file")
    }
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
