internal import Crystal
internal import Foundation
internal import Prototypes
internal import StructureArchive

/// The table of a site model: CSV with a line an element and label, below comment lines.
enum SiteModelFile {
  private static let leadingColumns = ["prototype", "label", "element", "members", "volume_A3", "stretch"]

  /// Writes a model, elements by atomic number within each label.
  static func write(_ model: SiteModel, comments: [String], to path: String) throws {
    let writer = try LineWriter(path: path)
    for comment in comments { try writer.append("# " + comment) }
    try writer.append((leadingColumns + model.parameters).joined(separator: ","))
    for (label, entries) in zip(model.labels, model.contributions) {
      for (element, entry) in entries.sorted(by: { $0.key.atomicNumber < $1.key.atomicNumber }) {
        let numbers =
          [String(format: "%.4f", entry.volume), String(format: "%.6f", entry.stretch)]
          + entry.parameters.map { String(format: "%.6f", $0) }
        let fields = [csvField(model.prototype), label, element.symbol, "\(entry.memberCount)"] + numbers
        try writer.append(fields.joined(separator: ","))
      }
    }
    try writer.finish()
  }

  /// Reads a model.
  ///
  /// - Throws: `ScreeningError.unreadable` naming the line.
  static func read(_ path: String) throws -> SiteModel {
    let text = String(decoding: try readWholeFile(path: path), as: UTF8.self)
    var parameters: [String]?
    var prototype: String?
    var labels: [String] = []
    var contributions: [[Element: SiteModel.Contribution]] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    where !line.allSatisfy(\.isWhitespace) && !(parameters == nil && line.hasPrefix("#")) {
      func bad(_ reason: String) -> ScreeningError {
        .unreadable(path: path, reason: "line \(index + 1): \(reason)")
      }
      let fields = csvFields(line).map { $0.trimmingCharacters(in: .whitespaces) }
      guard let known = parameters else {
        guard Array(fields.prefix(leadingColumns.count)) == leadingColumns, Set(fields).count == fields.count
        else {
          throw bad("the header must begin with \(leadingColumns.joined(separator: ",")), each name once")
        }
        parameters = Array(fields.dropFirst(leadingColumns.count))
        continue
      }
      guard fields.count == leadingColumns.count + known.count else {
        throw bad("\(fields.count) fields where the header has \(leadingColumns.count + known.count)")
      }
      guard fields[0] == prototype ?? fields[0] else {
        throw bad("prototype \(fields[0]) in a table for \(prototype ?? "")")
      }
      prototype = fields[0]
      guard let element = Element(symbol: fields[2]) else { throw bad("\"\(fields[2])\" is no element") }
      guard let members = Int(fields[3]), members >= 0 else { throw bad("\"\(fields[3])\" is no number") }
      let numbers = try fields[4...].map { field in
        guard let number = Double(field), number.isFinite else { throw bad("\"\(field)\" is no number") }
        return number
      }
      guard numbers[0] > 0 else { throw bad("\(fields[4]) is no volume") }
      let label = labels.firstIndex(of: fields[1]) ?? labels.count
      if label == labels.count {
        labels.append(fields[1])
        contributions.append([:])
      }
      let entry = SiteModel.Contribution(
        volume: numbers[0], stretch: numbers[1], parameters: Array(numbers.dropFirst(2)), memberCount: members
      )
      guard contributions[label].updateValue(entry, forKey: element) == nil else {
        throw bad("\(element) on \(fields[1]) stands twice")
      }
    }
    guard let parameters, let prototype else {
      throw ScreeningError.unreadable(path: path, reason: "is no table that sluice prototypes fit wrote")
    }
    return SiteModel(
      prototype: prototype, labels: labels, parameters: parameters, contributions: contributions)
  }
}
