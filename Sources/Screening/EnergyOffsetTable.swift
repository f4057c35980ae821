internal import Crystal
internal import Foundation
internal import PhaseStability
internal import PipelineEngine
internal import StructureArchive

/// A table of energy offsets as `sluice hull align` writes it: CSV with the columns `element`, `context`,
/// `offset_ev_per_atom` and perhaps `compounds`, `standard_error` and `held_out`, below comments that say where it comes
/// from.
struct EnergyOffsetTable: Sendable {
  /// The file, as it was named.
  let path: String
  /// SHA-256 of the file, hexadecimal.
  let fingerprint: String
  let offsets: EnergyOffsets
  /// The bytes of the file.
  let bytes: [UInt8]

  static let columns = [
    "element", "context", "offset_ev_per_atom", "compounds", "standard_error", "held_out",
  ]

  /// File name and the start of the digest, for messages.
  var summary: String { "\(URL(filePath: path).lastPathComponent) (\(fingerprint.prefix(12)))" }

  /// Reads a table.
  ///
  /// - Throws: `ScreeningError` naming the line that cannot be read.
  init(path: String) throws {
    self.path = path
    bytes = try readWholeFile(path: path)
    fingerprint = Fingerprint(of: bytes).hexadecimal
    func refuse(_ reason: String) -> ScreeningError { .unreadable(path: path, reason: reason) }
    var header: [String] = []
    var rows: [EnergyOffsets.Row] = []
    let text = String(decoding: bytes, as: UTF8.self)
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    where !line.allSatisfy(\.isWhitespace) && !line.hasPrefix("#") {
      let fields = csvFields(line).map { $0.trimmingCharacters(in: .whitespaces) }
      let place = "line \(index + 1)"
      guard !header.isEmpty else {
        header = fields
        let missing = Self.columns.prefix(3).filter { !header.contains($0) }
        guard missing.isEmpty else {
          throw refuse("\(place): no table of offsets: no column \(missing.joined(separator: ", "))")
        }
        continue
      }
      guard fields.count == header.count else {
        throw refuse("\(place): \(fields.count) fields where the header has \(header.count)")
      }
      let values = Dictionary(zip(header, fields)) { first, _ in first }
      rows.append(try Self.row(values) { refuse("\(place): \($0)") })
    }
    do {
      offsets = try EnergyOffsets(rows)
    } catch {
      throw refuse(error.description)
    }
  }

  private static func row(
    _ values: [String: String], _ refuse: (String) -> ScreeningError
  ) throws -> EnergyOffsets.Row {
    func number(_ column: String) throws -> Double? {
      guard let text = values[column], !text.isEmpty else { return nil }
      guard let number = DecimalNumber(text)?.doubleValue, number.isFinite else {
        throw refuse("\(column) \"\(text)\" is no finite number")
      }
      return number
    }
    let (symbol, place) = (values["element"] ?? "", values["context"] ?? "")
    guard let element = Element(symbol: symbol) else { throw refuse("\"\(symbol)\" is no element") }
    guard let context = OffsetContext(rawValue: place) else {
      throw refuse(
        "the context \"\(place)\" is none of \(OffsetContext.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
    guard let value = try number("offset_ev_per_atom") else { throw refuse("no offset of \(symbol)") }
    return EnergyOffsets.Row(
      element: element, context: context, value: value,
      compounds: try number("compounds").flatMap { Int(exactly: $0) },
      standardError: try number("standard_error"), heldOutSize: try number("held_out"))
  }

  /// The text of a table.
  ///
  /// - Parameter comments: lines above the header, each behind a `#`.
  static func text(_ offsets: EnergyOffsets, comments: [String]) -> String {
    let rows = offsets.rows.map { row in
      [
        row.element.symbol, row.context.rawValue, "\(row.value)", row.compounds.map { "\($0)" } ?? "",
        row.standardError.map { "\($0)" } ?? "", row.heldOutSize.map { "\($0)" } ?? "",
      ].joined(separator: ",")
    }
    return (comments.map { "# " + $0 } + [columns.joined(separator: ",")] + rows).joined(separator: "\n")
      + "\n"
  }
}
