internal import Foundation
internal import PipelineEngine

/// A digest of an input: by content for files, by the names and sizes of its files for a folder.
enum InputDigest {
  /// Files up to this size are digested whole, larger ones by size and their first and last part of this size.
  private static let wholeSize = 256 << 20

  static func of(_ path: String) throws -> String {
    var isFolder: ObjCBool = false
    let manager = FileManager.default
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ScreeningError.unreadable(path: path, reason: "does not exist")
    }
    if isFolder.boolValue {
      let names = (try manager.subpathsOfDirectory(atPath: path)).sorted()
      let lines = names.map { name in "\(name)\t\(size(path + "/" + name))" }
      return Fingerprint(of: lines.joined(separator: "\n")).hexadecimal
    }
    guard size(path) > wholeSize, let file = FileHandle(forReadingAtPath: path) else {
      return try Fingerprint(ofFile: path).hexadecimal
    }
    defer { try? file.close() }
    let head = try file.read(upToCount: wholeSize / 2) ?? Data()
    try file.seek(toOffset: UInt64(size(path) - wholeSize / 2))
    let tail = try file.read(upToCount: wholeSize / 2) ?? Data()
    return Fingerprint(of: Array("\(size(path))\n".utf8) + [UInt8](head) + [UInt8](tail)).hexadecimal
  }

  /// Size of a file, or of all files of a folder (bytes).
  static func size(ofAll path: String) throws -> Int {
    let names = try FileManager.default.subpathsOfDirectory(atPath: path)
    // A file has none.
    return names.isEmpty ? size(path) : names.reduce(0) { $0 + size(path + "/" + $1) }
  }

  private static func size(_ path: String) -> Int {
    ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
  }
}
