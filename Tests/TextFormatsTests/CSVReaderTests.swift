import TestSupport
import Testing
import TextFormats

@Suite("Comma-separated values") struct CSVReaderTests {
  private func rows(
    _ text: String, _ comments: CSVReader.Comments = .aboveHeader
  ) throws -> [[String]] {
    var table = try CSVReader(Array(text.utf8), comments: comments)
    var rows = [table.columns]
    while try table.next() { rows.append(try table.columns.indices.map { try table.text($0) }) }
    return rows
  }

  private func error(_ text: String) -> CSVError? {
    do {
      _ = try rows(text)
    } catch {
      return error as? CSVError
    }
    return nil
  }

  /// Fields as Python's csv.reader gives them.
  @Test(arguments: [
    (
      "a,b\n\"x, y\",\"say \"\"hi\"\"\"\r\n\"two\nlines\",\n",
      [["a", "b"], ["x, y", "say \"hi\""], ["two\nlines", ""]]
    ),
    ("id,n\n5\" disc,1\nb\"c\"d,2\n", [["id", "n"], ["5\" disc", "1"], ["b\"c\"d", "2"]]),
    ("a,b\r1,2\r3,4", [["a", "b"], ["1", "2"], ["3", "4"]]),
    ("a,a,\n1,,3\n", [["a", "a", ""], ["1", "", "3"]]),
    ("\"a\",\"b\"\n\"\"\"\",\"\"\"\"\"\"\n", [["a", "b"], ["\"", "\"\""]]),
  ])
  func `fields are those of an independent reader`(text: String, expected: [[String]]) throws {
    #expect(try rows(text) == expected)
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func `line ends, blank lines, blanks around fields and a byte-order mark make no difference`(end: String)
    throws
  {
    let lines = ["\u{FEFF}# above", "", "a ,\tb", "  ", " \"1, 1\" , 2 ", "\t", "3,\" 4 \""]
    #expect(try rows(lines.joined(separator: end)) == [["a", "b"], ["1, 1", "2"], ["3", "4"]])
    var table = try CSVReader(Array((lines.joined(separator: end) + end).utf8), comments: .aboveHeader)
    var numbers: [Int] = []
    while try table.next() { numbers.append(table.line) }
    #expect(numbers == [5, 7])
  }

  @Test func `a line that starts with a number sign is a comment where the table says so`() throws {
    let text = "#x\na,b\n#1,2\n3,4\n"
    #expect(try rows(text) == [["a", "b"], ["#1", "2"], ["3", "4"]])
    #expect(try rows(text, .anywhere) == [["a", "b"], ["3", "4"]])
    #expect(try rows("a,b\n\"#1\",2\n", .anywhere) == [["a", "b"], ["#1", "2"]])
  }

  @Test(arguments: [
    ("a,b\n1,5,2\n", 2, 3), ("a,b\n1,2\n-1,55,2\n", 3, 3), ("a,b\n\"1\n1\",2\n1\n", 4, 1),
    ("a,b\n1,2,\n", 2, 3),
    ("a,b\r\n\r\n1\r\n", 3, 1), ("a\n1,5\n", 2, 2),
  ])
  func `a row of another length than the header is named with both counts`(
    text: String, line: Int, count: Int
  ) {
    guard case .fieldCount(line, count, let expected, nil) = error(text) else {
      Issue.record("\(String(describing: error(text)))")
      return
    }
    #expect(expected == text.prefix { !$0.isNewline }.split(separator: ",").count)
    #expect(error(text)?.description.contains("line \(line): \(count) field") == true)
  }

  @Test func `rows go on after one of another length`() throws {
    var table = try CSVReader(Array("a,b\n1,2,3\n4,5\n".utf8), comments: .aboveHeader)
    #expect(throws: CSVError.fieldCount(line: 2, found: 3, expected: 2, delimiter: nil)) { try table.next() }
    #expect(try table.text(0) == "1")
    #expect(try table.next())
    #expect(try table.text(1) == "5" && !table.next())
  }

  @Test(arguments: [
    ("a;b\n1;2\n", CSVDelimiter.semicolon), ("x\ta\n1\t2\n", .tab), ("b|a\n1|2\n", .bar),
    ("a ; b;c, d\n", .semicolon),
    ("# note\n\nb;a\n1,5;2\n", .semicolon),
  ])
  func `another delimiter in the header is named`(text: String, found: CSVDelimiter) throws {
    let table = try CSVReader(Array(text.utf8), comments: .aboveHeader)
    let line = text.hasPrefix("#") ? 3 : 1
    #expect(throws: CSVError.otherDelimiter(found, line: line)) { try table.column("a") }
    #expect("\(CSVError.otherDelimiter(found, line: 1))".contains("commas are expected"))
  }

  @Test func `another delimiter behind a quoted field is named`() {
    #expect(error("\"a\"|\"b\"\n") == .otherDelimiter(.bar, line: 1))
    #expect(error("\"a\";\"b\"\n") == .otherDelimiter(.semicolon, line: 1))
    #expect(error("a,b\n1,2\n\"3\"\t\"4\"\n") == .otherDelimiter(.tab, line: 3))
  }

  @Test func `another delimiter in a row is named`() {
    #expect(error("a,b\n1;2\n") == .fieldCount(line: 2, found: 1, expected: 2, delimiter: .semicolon))
    #expect(error("a,b\n1\t2\n") == .fieldCount(line: 2, found: 1, expected: 2, delimiter: .tab))
    #expect(error("a,b\n1;2\n")?.description.contains("semicolons, where commas are expected") == true)
  }

  @Test func `a column that is missing or stands twice is named, others may`() throws {
    let table = try CSVReader(Array("a,b,b\n".utf8), comments: .aboveHeader)
    #expect(try table.column("a") == 0 && table.columnIfPresent("c") == nil)
    #expect(throws: CSVError.missingColumn(name: "c", header: "a,b,b", line: 1)) { try table.column("c") }
    #expect(throws: CSVError.repeatedColumn(name: "b", line: 1)) { try table.column("b") }
    #expect(throws: CSVError.repeatedColumn(name: "b", line: 1)) { try table.columnIfPresent("b") }
  }

  @Test func `quotes that do not close, or close too early, are named with their line`() {
    #expect(error("a,b\n\"1,2\n3,4\n") == .openQuote(line: 2))
    #expect(error("a,b\n1,2\n3,\"4") == .openQuote(line: 3))
    #expect(error("a,b\n\"1\"x,2\n") == .textAfterQuote(line: 2))
    #expect(error("a,b\n1,\"2\n\"3,4\n") == .textAfterQuote(line: 2))
    #expect(error("\"a,b\n") == .openQuote(line: 1))
    #expect(error("") == .noHeader && error("\n# x\n") == .noHeader)
  }

  @Test func `bytes in another encoding are refused where they are read, and harmless elsewhere`() throws {
    let latin = Array("a,b\n1,".utf8) + [0xE9] + Array("\n".utf8)
    var table = try CSVReader(latin, comments: .aboveHeader)
    #expect(try table.next() && table.text(0) == "1")
    #expect(throws: CSVError.notUTF8(line: 2, column: "b")) { try table.text(1) }
    for (bytes, expected) in [
      ([0xFF, 0xFE, 97, 0], PlainTextError.otherEncoding("UTF-16")),
      ([0xFE, 0xFF, 0, 97], .otherEncoding("UTF-16")),
      ([0xFF, 0xFE, 0, 0, 97, 0, 0, 0], .otherEncoding("UTF-32")), ([97, 0, 44, 0], .zeroByte(offset: 1)),
      ([0, 97, 0, 44], .zeroByte(offset: 0)),
    ] as [([UInt8], PlainTextError)] {
      #expect(throws: CSVError.encoding(expected)) { try CSVReader(bytes, comments: .anywhere) }
    }
  }

  @Test(arguments: 0..<20)
  func `what is written is read again`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 900 + seed)
    let pieces = ["a", "\"", ",", "\n", "\r", "\r\n", "#", ";", "é", "x y", "-1.5", "\"\"", "\u{301}"]
    let width = Int.random(in: 2...5, using: &generator)
    let written = (0..<12).map { _ in
      (0..<width).map { _ in
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in
          pieces.randomElement(using: &generator) ?? ""
        }
        .joined()
      }
    }
    let end = ["\n", "\r\n", "\r"].randomElement(using: &generator) ?? "\n"
    let text = written.map { $0.map(csvField).joined(separator: ",") }.joined(separator: end)
    for comments in [CSVReader.Comments.aboveHeader, .anywhere] {
      #expect(try rows(text, comments) == written)
    }
  }
}
