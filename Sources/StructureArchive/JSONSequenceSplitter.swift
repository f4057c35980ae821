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
  private let passedOver: [String]
  private var number = 0
  private var ended = false

  /// A splitter that starts after the list's opening bracket, or at the first value where `list` is nil.
  ///
  /// - Parameter passedOver: keys of other crystals in the document, to be told with the first record.
  init(_ context: SplitterContext, list: List?, passedOver: [String] = []) {
    self.context = context
    self.passedOver = passedOver
    self.list = list
    let columns = list?.columns ?? []
    format = columns.isEmpty ? .json : .tableRow(columns: columns)
  }

  var count: Int { number }

  func resume(offset: Int, count: Int) {
    number = count
    context.window.skip(to: offset)
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
        // The mark of a file that was joined to another one is passed over with the blanks.
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
      let result = isContainer ? scanner.scan(window.bytes, from: position) : scalarEnd(from: position)
      switch result {
      case .end(let end): return piece(length: end, offset: start, isLarge: isLarge)
      case .damaged:
        guard let piece = damaged(offset: start) else { throw lost(offset: start) }
        return piece
      case .more: break
      }
      position = window.count
      if position > context.limits.largestRecord {
        if !isLarge, let piece = damagedWithin(offset: start) { return piece }
        isLarge = true
        window.consume(position)
        position = 0
      }
      if !window.fill() {
        if !isLarge, let piece = damagedWithin(offset: start) { return piece }
        ended = true
        throw context.truncation
      }
    }
  }

  private func piece(length: Int, offset: Int, isLarge: Bool) -> RecordPiece {
    let window = context.window
    let isOnly = list == nil && number == 1 && window.holdsOnlyBlanks(after: length)
    let number = isOnly ? nil : self.number
    defer { window.consume(length) }
    if isLarge || length > context.limits.largestRecord {
      return context.tooLarge(offset: offset, format: format, number: number)
    }
    return RecordPiece(
      bytes: window.copy(length), offset: offset, format: format, failure: nil, number: number,
      passedOver: self.number == 1 ? passedOver : [])
  }

  // An element whose brackets do not match hides its own end. The next one is where a comma is followed by what
  // elements of this list begin with: the same brackets and first key.
  private func damaged(offset: Int) -> RecordPiece? {
    let window = context.window
    let beginning = elementBeginning()
    var last: UInt8 = 0
    window.consume(min(1, window.count))
    while !beginning.isEmpty, window.count >= beginning.count || window.fill() {
      if window.count < beginning.count { continue }
      let byte = window.base[0]
      if last == UInt8(ascii: ","), byte == beginning[0], window.bytes.starts(with: beginning) {
        return mismatch(offset: offset)
      }
      if !TextLines.isBlank(byte) { last = byte }
      window.consume(1)
    }
    return nil
  }

  // The same for an element that seems to have no end: among the bytes held, another one may begin.
  private func damagedWithin(offset: Int) -> RecordPiece? {
    let window = context.window
    let beginning = elementBeginning()
    guard !beginning.isEmpty, window.failure == nil else { return nil }
    var last: UInt8 = 0
    for position in 1..<max(1, window.count - beginning.count) {
      let byte = window.base[position]
      if last == UInt8(ascii: ","), byte == beginning[0], window.bytes[position...].starts(with: beginning) {
        window.consume(position)
        return mismatch(offset: offset)
      }
      if !TextLines.isBlank(byte) { last = byte }
    }
    return nil
  }

  private func mismatch(offset: Int) -> RecordPiece {
    let error = RecordError(reason: .unreadable, message: "brackets or quotes of the element do not match")
    return RecordPiece(bytes: [], offset: offset, format: format, failure: error, number: number)
  }

  // The error where no further element shows itself.
  private func lost(offset: Int) -> ArchiveError {
    ended = true
    context.window.drain()
    return context.window.failure
      ?? .damaged(
        archive: context.archive, member: context.member, byteOffset: offset,
        detail: "brackets or quotes of element \(number) do not match, and no other follows")
  }

  // The bytes from the start of an element to the end of its first key.
  private func elementBeginning() -> [UInt8] {
    let head = context.window.bytes.prefix(64)
    let quote = UInt8(ascii: "\"")
    guard let open = head.firstIndex(of: quote), let close = head[(open + 1)...].firstIndex(of: quote) else {
      return []
    }
    return Array(head[...close])
  }

  private func scalarEnd(from start: Int) -> JSONScanner.Result {
    let text = context.window.bytes
    var position = max(start, 1)
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == 10 { return .end(position) }
      position += 1
    }
    return .more
  }

  // What follows the list shows whether the document is whole: the rest of the object around it, and nothing more.
  private func finish() throws(ArchiveError) {
    let window = context.window
    window.consume(1)
    var scanner = JSONScanner(insideObject: ())
    var isOpen = list?.isNested == true
    repeat {
      var rest = 0
      if isOpen {
        switch scanner.scan(window.bytes, from: 0) {
        case .more: rest = window.count
        case .end(let end):
          isOpen = false
          rest = end
        case .damaged: throw excess
        }
      }
      if window.bytes[rest...].contains(where: { !TextLines.isBlank($0) }) { throw excess }
      window.consume(window.count)
    } while window.fill()
    if let failure = window.failure { throw failure }
    if isOpen { throw context.truncation }
  }

  private var excess: ArchiveError {
    .damaged(
      archive: context.archive, member: context.member, byteOffset: context.window.offset,
      detail: "the list of records ends, but the document goes on")
  }
}
