internal import Foundation
internal import PipelineEngine

/// Reads a YAML file with a schema.
func readConfiguration(_ file: String, _ schema: Schema) throws -> ConfigurationValue {
  guard let data = FileManager.default.contents(atPath: file) else {
    throw ScreeningError.unreadable(path: file, reason: "no such file, or not readable")
  }
  return try ConfigurationDocument(bytes: [UInt8](data), file: file).read(schema)
}

/// The absolute path that a configuration names, relative to its own folder.
///
/// - Throws: `ScreeningError.invalid` with file, line and column where nothing is there.
func existingPath(_ value: ConfigurationValue, relativeTo folder: URL, kind: String) throws -> String {
  let path = URL(filePath: value.string, relativeTo: folder).standardizedFileURL.path
  guard FileManager.default.fileExists(atPath: path) else {
    throw ScreeningError.invalid("\(value.location): \(path) does not exist; \(kind) was expected there")
  }
  return path
}
