import Crystal
import Foundation
import TestSupport

/// Crystals of the shared data folder, for tests that need real ones.
enum RealCrystals {
  struct Record: Sendable {
    let id: String
    let structure: Structure
  }

  enum LoadError: Error {
    case decompressionFailed(String)
    case badRecord(String)
  }

  /// The text of a zstd-compressed file of the shared data folder, by the zstd program.
  static func text(_ path: String) throws -> Data {
    guard let folder = Fixtures.sharedData else { throw LoadError.decompressionFailed(path) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["zstd", "-dqc", folder.appending(path: path).path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw LoadError.decompressionFailed(path) }
    return data
  }

  /// The records with these ids, in the order of the file.
  static func load(_ path: String, ids: Set<String>) throws -> [Record] {
    var records: [Record] = []
    for line in try text(path).split(separator: 10) {
      // The id stands first in every record; parsing only the wanted ones keeps the unoptimized tests fast.
      guard let id = identifier(line), ids.contains(id) else { continue }
      records.append(Record(id: id, structure: try structure(line)))
    }
    return records
  }

  private static func identifier(_ line: Data) -> String? {
    let text = String(decoding: line.prefix(60), as: UTF8.self).split(separator: "\"", maxSplits: 4)
    return text.count > 3 ? String(text[3]) : nil
  }

  private static func structure(_ line: Data) throws -> Structure {
    guard let object = try JSONSerialization.jsonObject(with: line) as? [String: Any],
      let rows = object["lattice"] as? [[Double]], let species = object["species"] as? [String],
      let positions = object["frac_coords"] as? [[Double]], rows.count == 3
    else { throw LoadError.badRecord(String(decoding: line.prefix(60), as: UTF8.self)) }
    return try Structure(
      lattice: Lattice(a: SIMD3(rows[0]), b: SIMD3(rows[1]), c: SIMD3(rows[2])),
      elements: species.compactMap { Element(symbol: $0) }, fractionalPositions: positions.map { SIMD3($0) })
  }
}
