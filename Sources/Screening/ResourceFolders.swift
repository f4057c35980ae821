internal import Configuration
internal import Foundation

/// Folders with models and reference phases that are called by their names: `FOLDER/models/NAME/`, and
/// `FOLDER/hull/NAME.csv.zst` or `NAME.csv`.
public struct ResourceFolders: Sendable {
  /// What is looked for.
  public enum Kind: Sendable {
    /// A model folder.
    case model
    /// A table of reference phases.
    case reference

    fileprivate var words: String {
      switch self {
      case .model: "a model folder"
      case .reference: "a table of reference phases"
      }
    }

    fileprivate func paths(_ name: String) -> [String] {
      switch self {
      case .model: ["models/\(name)"]
      case .reference: ["hull/\(name).csv.zst", "hull/\(name).csv"]
      }
    }
  }

  /// The folders, in the order of the search.
  public let folders: [String]

  /// No folders: nothing has a name.
  public static let none = ResourceFolders([])

  /// Folders in the order of the search.
  public init(_ folders: [String]) { self.folders = folders }

  /// The path of what is called by a path or by its name.
  ///
  /// What is there under the path itself comes first; a name holds no "/".
  ///
  /// - Returns: a path that is there, or `text` itself.
  public func path(_ text: String, _ kind: Kind) -> String {
    FileManager.default.fileExists(atPath: text) ? text : named(text, kind) ?? text
  }

  private func named(_ name: String, _ kind: Kind) -> String? {
    guard !name.contains("/"), !name.hasPrefix(".") else { return nil }
    for folder in folders {
      for path in kind.paths(name) where FileManager.default.fileExists(atPath: folder + "/" + path) {
        return folder + "/" + path
      }
    }
    return nil
  }

  /// The absolute path of what a configuration calls by a path relative to its own folder, or by its name.
  ///
  /// - Throws: `ScreeningError.invalid` with file, line and column where nothing is there.
  func path(_ value: ConfigurationValue, relativeTo folder: URL, _ kind: Kind) throws -> String {
    let path = URL(filePath: value.string, relativeTo: folder).standardizedFileURL.path
    if !FileManager.default.fileExists(atPath: path), let found = named(value.string, kind) { return found }
    let searched =
      folders.isEmpty || value.string.contains("/")
      ? "" : ", nor one of this name in \(folders.joined(separator: ", "))"
    return try existingPath(value, relativeTo: folder, kind: kind.words, otherwise: searched)
  }
}

/// What is known of a table of reference phases beside its figures: `NAME.json` beside `NAME.csv` or `NAME.csv.zst`.
struct ReferenceDescription: Decodable {
  let title: String
  let license: String?
  let limits: String?

  /// The description of a table; nil where there is none.
  ///
  /// - Throws: `ScreeningError.unreadable` for a damaged one.
  init?(of path: String) throws {
    let suffixes = [".csv.zst", ".csv"]
    guard let suffix = suffixes.first(where: { path.hasSuffix($0) }) else { return nil }
    let own = path.dropLast(suffix.count) + ".json"
    guard let data = FileManager.default.contents(atPath: String(own)) else { return nil }
    do {
      self = try JSONDecoder().decode(ReferenceDescription.self, from: data)
    } catch {
      throw ScreeningError.unreadable(path: String(own), reason: describe(error))
    }
  }

  /// Source and what it cannot know, for whoever reads a list.
  var words: String { [title, license, limits].compactMap { $0 }.joined(separator: ", ") }
}
