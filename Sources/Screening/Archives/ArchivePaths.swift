internal import Configuration
internal import Foundation
internal import StructureArchive

/// The archives that a campaign's `path` names: a path, a pattern with `*`, `?` or `[…]`, or a list of these.
///
/// What a pattern finds is sorted by name (bytes); hidden files are found only by a pattern that begins with a dot.
/// - Throws: `ScreeningError.invalid`, at the value's place, where nothing is there, or one archive is named twice.
func archivePaths(_ value: ConfigurationValue, relativeTo folder: URL) throws -> [String] {
  var paths: [String] = []
  if case .list(let elements) = value.content {
    paths = try elements.flatMap { try matches($0, relativeTo: folder) }
  } else {
    paths = try matches(value, relativeTo: folder)
  }
  var seen: Set<String> = []
  if let twice = paths.first(where: { !seen.insert($0).inserted }) {
    throw ScreeningError.invalid("\(value.location): \(twice) is named twice; its records would count twice")
  }
  return paths
}

private func matches(_ value: ConfigurationValue, relativeTo folder: URL) throws -> [String] {
  let text = value.string
  let literal = URL(filePath: text, relativeTo: folder).standardizedFileURL.path
  guard text.contains(where: { "*?[".contains($0) }), !FileManager.default.fileExists(atPath: literal) else {
    return [try existingPath(value, relativeTo: folder, kind: "an archive of crystals")]
  }
  // What stands before the pattern is taken as it is.
  let base = folder.standardizedFileURL.path
  let escaped = base.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
  let pattern = text.hasPrefix("/") ? text : escaped + "/" + text
  var found = glob_t()
  defer { globfree(&found) }
  let status = glob(pattern, 0, nil, &found)
  guard status == 0, found.gl_pathc > 0 else {
    throw ScreeningError.invalid("\(value.location): no file matches \(text); looked in \(base)")
  }
  return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    .map { URL(filePath: $0).standardizedFileURL.path }
    .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

/// The limits of a campaign's `archive` input.
func archiveLimits(_ value: ConfigurationValue) -> ArchiveLimits {
  let limits = value["limits"]
  return ArchiveLimits(
    largestRecord: limits.integer("record_bytes"), largestMember: limits.integer("member_bytes"),
    deepestNesting: limits.integer("nesting"), largestExpansion: limits.integer("expansion"),
    mostRecords: value.optional("maximum_records")?.integer ?? ArchiveLimits.mostRecordsEver)
}
