/// Reads comma-separated values (RFC 4180) row by row, under a header that names the columns.
///
/// Fields may be quoted, and quoted ones may hold commas, line ends and doubled quotes. Blanks around a field do not
/// count. Lines end with LF, CRLF or CR; those of blanks alone are passed over. Every row has as many fields as the
/// header: a surplus field would often be a decimal comma, and half a number must not pass for a whole one. A byte-order
/// mark is dropped.
///
/// Own code since a wrong verdict must not come of a lenient reader, and since errors name lines and counts.
public struct CSVReader: Sendable {
  /// Which lines that start with `#` are comments.
  public enum Comments: Sendable {
    /// Those above the header: a value below it may start with `#`.
    case aboveHeader
    /// All.
    case anywhere
  }

  /// Names of the columns as the header has them.
  public private(set) var columns: [String] = []
  /// The line, from 1, on which the row in hand begins.
  public private(set) var line = 0

  private let bytes: [UInt8]
  private let comments: Comments
  private var position = 0
  private var nextLine = 1
  private var headerLine = 0
  private var fields: [Field] = []

  private struct Field {
    var range: Range<Int>
    /// Whether quotes in it are doubled.
    var hasDoubledQuotes = false
  }

  /// Reads the header of a table.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - comments: which lines are comments.
  /// - Throws: `CSVError`.
  public init(_ bytes: [UInt8], comments: Comments) throws(CSVError) {
    do { self.bytes = try plainText(bytes) } catch { throw .encoding(error) }
    self.comments = comments
    guard try scan() else { throw .noHeader }
    headerLine = line
    for index in fields.indices { columns.append(repairedText(index)) }
  }

  /// The number of a column.
  ///
  /// - Throws: `CSVError` where it is missing or stands twice.
  public func column(_ name: String) throws(CSVError) -> Int {
    if let index = try columnIfPresent(name) { return index }
    let shown = columns.joined(separator: ",")
    for delimiter in CSVDelimiter.allCases {
      let others = shown.utf8.split(separator: delimiter.rawValue).map { String(Substring($0)) }
      if others.contains(where: { $0.filter { $0 != "\"" && $0 != " " } == name }) {
        throw .otherDelimiter(delimiter, line: headerLine)
      }
    }
    // Any file may be given by mistake, with a first line of any length and content.
    let start = String(shown.prefix(100).map { $0.isASCII && $0 < " " ? "?" : $0 })
    throw .missingColumn(name: name, header: start, line: headerLine)
  }

  /// The number of a column, or nil where the header has none of that name.
  ///
  /// - Throws: `CSVError.repeatedColumn`.
  public func columnIfPresent(_ name: String) throws(CSVError) -> Int? {
    let index = columns.firstIndex(of: name)
    guard index == columns.lastIndex(of: name) else { throw .repeatedColumn(name: name, line: headerLine) }
    return index
  }

  /// Goes to the next row.
  ///
  /// - Returns: false after the last one.
  /// - Throws: `CSVError`. After `.fieldCount` the row is in hand all the same, for messages, and the next may follow; any
  ///   other error ends the table.
  public mutating func next() throws(CSVError) -> Bool {
    guard try scan() else { return false }
    guard fields.count == columns.count else {
      let start = fields[0].range
      let found = fields.count == 1 ? CSVDelimiter.allCases.first { bytes[start].contains($0.rawValue) } : nil
      throw .fieldCount(line: line, found: fields.count, expected: columns.count, delimiter: found)
    }
    return true
  }

  /// The text of the row in hand in a column; empty where the row is too short.
  ///
  /// - Throws: `CSVError.notUTF8`.
  public func text(_ column: Int) throws(CSVError) -> String {
    guard column < fields.count else { return "" }
    let field = fields[column]
    let text = bytes.withUnsafeBufferPointer {
      String(validating: UnsafeBufferPointer(rebasing: $0[field.range]), as: UTF8.self)
    }
    guard let text else { throw .notUTF8(line: line, column: columns[column]) }
    return field.hasDoubledQuotes ? Self.withSingleQuotes(text) : text
  }

  private func repairedText(_ index: Int) -> String {
    let text = String(decoding: bytes[fields[index].range], as: UTF8.self)
    return fields[index].hasDoubledQuotes ? Self.withSingleQuotes(text) : text
  }

  private static func withSingleQuotes(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var isSecond = false
    for scalar in text.unicodeScalars {
      isSecond = scalar == "\"" && !isSecond
      if scalar != "\"" || isSecond { result.append(scalar) }
    }
    return String(result)
  }
}

extension CSVReader {
  private static let quote = UInt8(ascii: "\"")
  private static let comma = UInt8(ascii: ",")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

  private static func isLineEnd(_ byte: UInt8) -> Bool { byte == lineFeed || byte == carriageReturn }

  /// Splits the next line that is neither blank nor a comment into `fields`; false at the end.
  private mutating func scan() throws(CSVError) -> Bool {
    while position < bytes.count {
      line = nextLine
      let isComment = bytes[position] == UInt8(ascii: "#") && (comments == .anywhere || headerLine == 0)
      let text = isComment ? position : passBlanks(position)
      if isComment || text == bytes.count || Self.isLineEnd(bytes[text]) {
        passLine(from: text)
      } else {
        do throws(CSVError) { try split() } catch {
          position = bytes.count
          throw error
        }
        return true
      }
    }
    return false
  }

  private func passBlanks(_ start: Int) -> Int {
    var index = start
    while index < bytes.count, Self.isBlank(bytes[index]) { index += 1 }
    return index
  }

  /// Goes behind the end of the line that `start` lies in.
  private mutating func passLine(from start: Int) {
    position = start
    while position < bytes.count, !Self.isLineEnd(bytes[position]) { position += 1 }
    if position + 1 < bytes.count, bytes[position] == Self.carriageReturn,
      bytes[position + 1] == Self.lineFeed
    {
      position += 1
    }
    position = min(position + 1, bytes.count)
    nextLine += 1
  }

  private mutating func split() throws(CSVError) {
    fields.removeAll(keepingCapacity: true)
    var index = position
    while true {
      let start = passBlanks(index)
      if start < bytes.count, bytes[start] == Self.quote {
        let (field, end) = try quotedField(at: start)
        fields.append(trimmed(field))
        index = passBlanks(end)
        guard index == bytes.count || bytes[index] == Self.comma || Self.isLineEnd(bytes[index]) else {
          let found = CSVDelimiter.allCases.first { bytes[end...index].contains($0.rawValue) }
          if let found { throw .otherDelimiter(found, line: line) }
          throw .textAfterQuote(line: line)
        }
      } else {
        index = start
        while index < bytes.count, bytes[index] != Self.comma, !Self.isLineEnd(bytes[index]) { index += 1 }
        fields.append(trimmed(Field(range: start..<index)))
      }
      guard index < bytes.count, bytes[index] == Self.comma else { break }
      index += 1
    }
    passLine(from: index)
  }

  /// The field whose opening quote is at `start`, and the position behind its closing one.
  private mutating func quotedField(at start: Int) throws(CSVError) -> (Field, end: Int) {
    let firstLine = nextLine
    var field = Field(range: start..<start)
    var index = start + 1
    while index < bytes.count {
      let byte = bytes[index]
      let follower = index + 1 < bytes.count ? bytes[index + 1] : 0
      if byte == Self.quote {
        guard follower == Self.quote else {
          field.range = (start + 1)..<index
          return (field, index + 1)
        }
        field.hasDoubledQuotes = true
        index += 1
      } else if byte == Self.lineFeed || (byte == Self.carriageReturn && follower != Self.lineFeed) {
        nextLine += 1
      }
      index += 1
    }
    throw .openQuote(line: firstLine)
  }

  private func trimmed(_ field: Field) -> Field {
    var field = field
    var (start, end) = (field.range.lowerBound, field.range.upperBound)
    while start < end, Self.isBlank(bytes[start]) { start += 1 }
    while start < end, Self.isBlank(bytes[end - 1]) { end -= 1 }
    field.range = start..<end
    return field
  }
}

/// A field as it stands in comma-separated values: quoted where commas, quotes or line ends would break the line, or a
/// leading `#` would make it a comment (RFC 4180).
public func csvField(_ text: String) -> String {
  guard text.utf8.first == 35 || text.utf8.contains(where: { $0 == 44 || $0 == 34 || $0 == 10 || $0 == 13 })
  else { return text }
  // By scalars: a quote followed by a combining mark is another character than a quote.
  var result = "\"".unicodeScalars
  for scalar in text.unicodeScalars {
    if scalar == "\"" { result.append(scalar) }
    result.append(scalar)
  }
  result.append("\"")
  return String(result)
}
