/// Why a table of comma-separated values cannot be read. Lines count from 1, comments and blank lines included.
public enum CSVError: Error, Hashable, Sendable {
  /// The bytes are no text.
  case encoding(PlainTextError)
  /// There is no line that names the columns.
  case noHeader
  /// The header lacks a column.
  case missingColumn(name: String, header: String, line: Int)
  /// The header has a column twice that is to be read.
  case repeatedColumn(name: String, line: Int)
  /// Fields are separated by another character than a comma: it stands behind a quoted one, or the header names the
  /// column between two of it.
  case otherDelimiter(CSVDelimiter, line: Int)
  /// A row has fewer or more fields than the header. Reading may go on with the next row.
  ///
  /// `delimiter` is what seems to separate the fields of a row that has no comma.
  case fieldCount(line: Int, found: Int, expected: Int, delimiter: CSVDelimiter?)
  /// A quote that opens a field on this line is not closed.
  case openQuote(line: Int)
  /// A row has text between a closing quote and the next comma.
  case textAfterQuote(line: Int)
  /// A field that is to be read is not in UTF-8.
  case notUTF8(line: Int, column: String)
}

/// Characters other than the comma that programs separate fields by.
public enum CSVDelimiter: UInt8, CaseIterable, Hashable, Sendable {
  /// `;`
  case semicolon = 59
  /// The tabulator.
  case tab = 9
  /// `|`
  case bar = 124

  /// Its name in the plural.
  var plural: String {
    switch self {
    case .semicolon: "semicolons"
    case .tab: "tabs"
    case .bar: "vertical bars"
    }
  }
}

/// What to add to the message of a text that is no number: empty, or a word of the decimal comma where it holds commas.
public func decimalCommaHint(_ text: String) -> String {
  text.utf8.contains(UInt8(ascii: ",")) ? " (a decimal comma? a point is expected)" : ""
}

extension CSVError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .encoding(let error): "\(error)"
    case .noHeader: "there is no line that names the columns"
    case .missingColumn(let name, let header, let line):
      "line \(line): there is no column \"\(name)\" in the header \"\(header)\""
    case .repeatedColumn(let name, let line):
      "line \(line): the column \"\(name)\" stands twice in the header"
    case .otherDelimiter(let found, let line):
      "line \(line): fields are separated by \(found.plural), where commas are expected"
    case .fieldCount(let line, let found, let expected, let delimiter):
      "line \(line): \(found) field\(found == 1 ? "" : "s") where the header has \(expected)"
        + (delimiter.map { " (separated by \($0.plural), where commas are expected)" }
          ?? (found > expected ? " (a decimal comma, or a comma in a text without quotes?)" : ""))
    case .openQuote(let line): "line \(line): a quote is not closed"
    case .textAfterQuote(let line): "line \(line): there is text between a closing quote and the next comma"
    case .notUTF8(let line, let column): "line \(line): the field of \"\(column)\" is not in UTF-8"
    }
  }
}
