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
    var table = try TableFile(path: path, text: TextEncoding.plainText(bytes, of: path), comments: .anywhere)
    let columns = try Columns(of: table)
    var rows: [EnergyOffsets.Row] = []
    while try table.next() { rows.append(try columns.row(of: table)) }
    do {
      offsets = try EnergyOffsets(rows)
    } catch {
      throw ScreeningError.unreadable(path: path, reason: error.description)
    }
  }

  /// Where in a table the columns stand.
  private struct Columns {
    let element, context, offset: Int
    let compounds, standardError, heldOut: Int?

    init(of table: TableFile) throws(ScreeningError) {
      element = try table.column("element")
      context = try table.column("context")
      offset = try table.column("offset_ev_per_atom")
      compounds = try table.columnIfPresent("compounds")
      standardError = try table.columnIfPresent("standard_error")
      heldOut = try table.columnIfPresent("held_out")
    }

    func row(of table: TableFile) throws(ScreeningError) -> EnergyOffsets.Row {
      func number(_ column: Int?) throws(ScreeningError) -> Double? {
        if let column { try table.number(column) } else { nil }
      }
      let (symbol, place) = (try table.text(element), try table.text(context))
      guard let element = Element(symbol: symbol) else { throw table.problem("\"\(symbol)\" is no element") }
      guard let context = OffsetContext(rawValue: place) else {
        let names = OffsetContext.allCases.map(\.rawValue).joined(separator: ", ")
        throw table.problem("the context \"\(place)\" is none of \(names)")
      }
      guard let value = try number(offset) else { throw table.problem("no offset of \(symbol)") }
      return EnergyOffsets.Row(
        element: element, context: context, value: value,
        compounds: try number(compounds).flatMap { Int(exactly: $0) },
        standardError: try number(standardError), heldOutSize: try number(heldOut))
    }
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
