import Crystal

/// The elements of a JSON list, or JSON values that follow each other, each a record; the text is never held whole.
final class JSONSequenceSplitter: RecordSplitter {
  /// What is known about the list whose elements are wanted.
  struct List {
    /// Whether the list is a value of an object, so that a brace follows it.
    let isNested: Bool
    /// Names of the columns where elements are rows.
    let columns: [String]
  }

  private let context: SplitterContext
  private let list: List?
  private let format: RecordFormat
  private var number = 0
  private var ended = false

  /// A splitter that starts after the list's opening bracket, or at the first value where `list` is nil.
  init(_ context: SplitterContext, list: List?) {
    self.context = context
    self.list = list
    let columns = list?.columns ?? []
    format = columns.isEmpty ? .json : .tableRow(columns: columns)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    while !ended {
      if window.count == 0, !window.fill() {
        ended = true
        if list != nil || window.failure != nil { throw context.truncation }
        return nil
      }
      switch window.base[0] {
      case let byte where TextLines.isBlank(byte) || byte == UInt8(ascii: ",") || byte == 0xEF:
        // A byte order mark is passed over with the blanks.
        window.consume(byte == 0xEF ? min(3, window.count) : 1)
      case UInt8(ascii: "]") where list != nil:
        ended = true
        try finish()
        return nil
      case let byte:
        number += 1
        return try element(first: byte)
      }
    }
    return nil
  }

  private func element(first: UInt8) throws(ArchiveError) -> RecordPiece {
    let isContainer = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
    let window = context.window
    let start = window.offset
    var scanner = JSONScanner()
    var position = 0
    var isLarge = false
    while true {
      let text = window.bytes
      let found = isContainer ? scanner.scan(text, from: position) : scalarEnd(text, from: position)
      if let end = found {
        isLarge = isLarge || end > context.limits.largestRecord
        let isOnly = list == nil && number == 1 && window.holdsOnlyBlanks(after: end)
        let number = isOnly ? nil : self.number
        defer { window.consume(end) }
        if isLarge { return context.tooLarge(offset: start, format: format, number: number) }
        return RecordPiece(
          bytes: window.copy(end), offset: start, format: format, failure: nil, number: number)
      }
      position = window.count
      if position > context.limits.largestRecord {
        isLarge = true
        window.consume(position)
        position = 0
      }
      guard window.fill() else {
        ended = true
        throw context.truncation
      }
    }
  }

  private func scalarEnd(_ text: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var position = max(start, 1)
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == 10 { return position }
      position += 1
    }
    return nil
  }

  // What follows the list is read to its end, which shows whether the document is whole.
  private func finish() throws(ArchiveError) {
    let window = context.window
    window.consume(1)
    var last: UInt8 = 0
    repeat {
      let text = window.bytes
      if let byte = text.last(where: { !TextLines.isBlank($0) }) { last = byte }
      window.consume(window.count)
    } while window.fill()
    if let failure = window.failure { throw failure }
    if list?.isNested == true, last != UInt8(ascii: "}") { throw context.truncation }
  }
}
