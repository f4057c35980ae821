internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// A table of comma-separated values out of a file, plain or compressed, whose errors name the file.
struct TableFile {
  /// The file, as it was named.
  let path: String
  private var reader: CSVReader

  /// Reads the header of a table.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - text: what is in it, where that has been read already.
  ///   - comments: which lines that start with `#` are comments.
  /// - Throws: `ScreeningError`, `ArchiveError`.
  init(path: String, text: [UInt8]? = nil, comments: CSVReader.Comments) throws {
    self.path = path
    let bytes = try text ?? readWholeText(path: path)
    guard TextForm(bytes) != .empty else {
      throw ScreeningError.unreadable(path: path, reason: "the file is empty")
    }
    do { reader = try CSVReader(bytes, comments: comments) } catch {
      throw ScreeningError.unreadable(path: path, reason: "\(error)")
    }
  }

  /// Names of the columns as the header has them.
  var columns: [String] { reader.columns }
  /// The line, from 1, on which the row in hand begins.
  var line: Int { reader.line }

  /// What is wrong with the row in hand.
  func problem(_ reason: String) -> ScreeningError { named("line \(reader.line): \(reason)") }

  private func named(_ reason: String) -> ScreeningError { .unreadable(path: path, reason: reason) }

  /// The number of a column, which has to be there.
  func column(_ name: String) throws(ScreeningError) -> Int {
    do { return try reader.column(name) } catch { throw named("\(error)") }
  }

  /// The number of a column, or nil where there is none.
  func columnIfPresent(_ name: String) throws(ScreeningError) -> Int? {
    do { return try reader.columnIfPresent(name) } catch { throw named("\(error)") }
  }

  /// Goes to the next row; false after the last one.
  mutating func next() throws(ScreeningError) -> Bool {
    do { return try reader.next() } catch { throw named("\(error)") }
  }

  /// Goes to the next row, also where it has not as many fields as the header.
  ///
  /// - Returns: what is wrong with the row, nil where nothing is; no row after the last one.
  mutating func nextOrBroken() throws(ScreeningError) -> (isRow: Bool, problem: CSVError?) {
    do {
      return (try reader.next(), nil)
    } catch {
      guard case .fieldCount = error else { throw named("\(error)") }
      return (true, error)
    }
  }

  /// The text of the row in hand in a column.
  func text(_ column: Int) throws(ScreeningError) -> String {
    do { return try reader.text(column) } catch { throw named("\(error)") }
  }

  /// The number of the row in hand in a column; nil where the field is empty.
  ///
  /// - Throws: `ScreeningError` for anything but a finite decimal number.
  func number(_ column: Int) throws(ScreeningError) -> Double? {
    let text = try text(column)
    guard !text.isEmpty else { return nil }
    guard let number = DecimalNumber(text)?.doubleValue, number.isFinite else {
      throw problem("\(reader.columns[column]) \"\(text)\" is no finite number\(decimalCommaHint(text))")
    }
    return number
  }

  /// Whether the row in hand has NaN or an infinity in a column, as programs write them.
  func isNotFinite(_ column: Int) throws(ScreeningError) -> Bool {
    Double(try text(column)).map { !$0.isFinite } ?? false
  }
}
