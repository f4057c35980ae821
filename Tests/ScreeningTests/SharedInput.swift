import Crystal
import Foundation
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

/// What the tests take from the optional shared data folder.
enum SharedInput {
  /// Why tests are skipped where it is absent.
  static let reason: Comment = "needs the shared data folder"
  /// Whether it is there.
  static var isThere: Bool { Fixtures.sharedData != nil }

  /// The path of a shared file.
  static func path(_ name: String) throws -> String {
    try #require(Fixtures.sharedData).appending(path: name).path
  }

  /// The rows of a shared CSV table.
  static func table(_ name: String) throws -> [[String: String]] {
    records(ofCSV: String(decoding: try Data(contentsOf: URL(filePath: try path(name))), as: UTF8.self))
  }

  /// Writes those lines of a shared archive of JSON lines that `isWanted` by id into a folder.
  static func write(
    _ name: String, to folder: TemporaryFolder, as output: String, where isWanted: (String) -> Bool
  ) throws -> String {
    let reader = try ArchiveReader(path: try path(name))
    var bytes: [UInt8] = []
    while let record = try reader.next() {
      // The id stands first in every record; decoding only the wanted ones keeps unoptimized tests fast.
      let head = String(decoding: record.bytes.prefix(60), as: UTF8.self).split(separator: "\"", maxSplits: 4)
      guard head.count > 3, isWanted(String(head[3])) else { continue }
      bytes += record.bytes + [10]
    }
    return try folder.write(bytes, to: output)
  }

  /// Imports published weights into a folder and opens the model.
  static func model(_ name: String, in folder: TemporaryFolder) throws -> ModelFolder {
    try ModelImport(file: try path("weights/cgcnn/\(name).pth.tar"))
      .write(to: folder.path(name), property: nil, unit: nil)
    return try ModelFolder(path: folder.path(name))
  }

  /// The predictions of a model for every crystal of an archive, by id, in order.
  static func predictions(
    _ model: ModelFolder, _ archive: String, in folder: TemporaryFolder
  ) throws -> [(id: String, value: Double)] {
    let report = try PredictionTable(model, jobs: 2).write(
      archive, to: folder.path("predictions.csv"), members: false)
    #expect(report.rejected.isEmpty, "\(report.messages)")
    return try records(ofCSV: try folder.text("predictions.csv")).map { row in
      (try #require(row["id"]), try #require(row["prediction"].flatMap(Double.init)))
    }
  }
}
