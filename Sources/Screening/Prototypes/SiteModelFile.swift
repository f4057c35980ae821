internal import Crystal
internal import Foundation
internal import Prototypes
internal import StructureArchive
internal import TextFormats

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
    var table = try TableFile(path: path, comments: .aboveHeader)
    guard Array(table.columns.prefix(leadingColumns.count)) == leadingColumns,
      Set(table.columns).count == table.columns.count
    else {
      throw table.problem(
        "the header must begin with \(leadingColumns.joined(separator: ",")), each name once")
    }
    var prototype: String?
    var labels: [String] = []
    var contributions: [[Element: SiteModel.Contribution]] = []
    while try table.next() {
      let texts = try table.columns.indices.map { try table.text($0) }
      guard texts[0] == prototype ?? texts[0] else {
        throw table.problem("prototype \(texts[0]) in a table for \(prototype ?? "")")
      }
      prototype = texts[0]
      guard let element = Element(symbol: texts[2]) else {
        throw table.problem("\"\(texts[2])\" is no element")
      }
      guard let members = Int(texts[3]), members >= 0 else {
        throw table.problem("\"\(texts[3])\" is no number")
      }
      let numbers = try table.columns.indices.dropFirst(4).map { column in
        guard let number = try table.number(column) else { throw table.problem("\"\" is no number") }
        return number
      }
      guard numbers[0] > 0 else { throw table.problem("\(texts[4]) is no volume") }
      let label = labels.firstIndex(of: texts[1]) ?? labels.count
      if label == labels.count {
        labels.append(texts[1])
        contributions.append([:])
      }
      let entry = SiteModel.Contribution(
        volume: numbers[0], stretch: numbers[1], parameters: Array(numbers.dropFirst(2)), memberCount: members
      )
      guard contributions[label].updateValue(entry, forKey: element) == nil else {
        throw table.problem("\(element) on \(texts[1]) stands twice")
      }
    }
    guard let prototype else {
      throw ScreeningError.unreadable(path: path, reason: "is no table that sluice prototypes fit wrote")
    }
    return SiteModel(
      prototype: prototype, labels: labels, parameters: Array(table.columns.dropFirst(leadingColumns.count)),
      contributions: contributions)
  }
}
