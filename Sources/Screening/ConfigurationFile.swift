internal import Configuration
internal import Foundation

/// The key of campaign and training files for the values of their variables.
let variablesField = Field.optional(
  "variables", .dictionary(of: .string),
  "Values of the variables that texts of this file hold as ${name}; --set NAME=VALUE goes before them.")

/// Reads a YAML file with a schema.
///
/// - Parameters:
///   - variables: values of the file's variables, by name, that go before its own. Where a path begins with a variable, a
///     value that names something in the current folder, or holds a "/", is relative to that folder and not to the
///     file's.
///   - workingFolder: what counts as the current folder; nil for the process's own.
/// - Throws: `ScreeningError.unreadable`; `ConfigurationError` with every problem of the file.
func readConfiguration(
  _ file: String, _ schema: Schema, variables: [String: String], workingFolder: String? = nil
) throws -> ConfigurationValue {
  let document = try configurationDocument(file)
  let folder = URL(
    filePath: workingFolder ?? FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
  let settings = variables.mapValues { VariableSetting(text: $0, path: absolutePath($0, relativeTo: folder)) }
  return try document.read(schema, settings: settings)
}

/// The absolute path that a variable's value stands for, where it holds a "/" or names something in a folder; otherwise the value.
func absolutePath(_ text: String, relativeTo folder: URL) -> String {
  let path = URL(filePath: text, relativeTo: folder).standardizedFileURL.path
  let isPath = text.contains("/") || !text.isEmpty && FileManager.default.fileExists(atPath: path)
  return isPath ? path : text
}

/// A YAML file that is not read by a schema yet.
///
/// - Throws: `ScreeningError.unreadable`; `ConfigurationError`.
func configurationDocument(_ file: String) throws -> ConfigurationDocument {
  guard let data = FileManager.default.contents(atPath: file) else {
    throw ScreeningError.unreadable(path: file, reason: "no such file, or not readable")
  }
  return try ConfigurationDocument(bytes: [UInt8](data), file: file)
}

/// The absolute path that a configuration names, relative to its own folder.
///
/// - Parameter otherwise: where else it was looked for, as the end of the message.
/// - Throws: `ScreeningError.invalid` with file, line and column where nothing is there.
func existingPath(
  _ value: ConfigurationValue, relativeTo folder: URL, kind: String, otherwise: String = ""
) throws -> String {
  let path = URL(filePath: value.string, relativeTo: folder).standardizedFileURL.path
  guard FileManager.default.fileExists(atPath: path) else {
    throw ScreeningError.invalid(
      "\(value.location): \(path) does not exist; \(kind) was expected there\(otherwise)")
  }
  return path
}

/// The absolute path of a file, not of a folder; else as `existingPath`.
func existingFile(_ value: ConfigurationValue, relativeTo folder: URL, kind: String) throws -> String {
  let path = try existingPath(value, relativeTo: folder, kind: kind)
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
    throw ScreeningError.invalid("\(value.location): \(path) is a folder; \(kind) was expected there")
  }
  return path
}
