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
        // The bracket stays, so that a run which goes on behind this rejection finds the list's end as well.
        if number == 0 { return emptiness }
        ended = true
        guard try entersAnotherList() else { return nil }
        ended = false
      case let byte:
        number += 1
        return try element(first: byte)
      }
    }
    return nil
  }

  // A list without elements: nothing vanishes, so the member is told by one rejection.
  private var emptiness: RecordPiece {
    number = 1
    let error = RecordError(reason: .unreadable, message: "the list of records is empty")
    return RecordPiece(
      bytes: [], offset: context.window.offset, format: format, failure: error, number: nil,
      passedOver: passedOver)
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

  // What follows the list: the rest of the object around it, where another list may stand, and nothing more. True where
  // the window stands in another list.
  private func entersAnotherList() throws(ArchiveError) -> Bool {
    let window = context.window
    let cursor = JSONCursor(context)
    window.consume(1)
    while list?.isNested == true {
      switch try cursor.firstByte() {
      case UInt8(ascii: "\""):
        let key = try cursor.key()
        if try cursor.firstByte() == UInt8(ascii: "["), JSONProbe.listKeys.contains(key), try beginsObjects()
        {
          window.consume(1)
          return true
        }
        if let length = try cursor.valueLength() { window.consume(length) }
      case UInt8(ascii: "}"):
        window.consume(1)
        try end()
        return false
      case let byte where TextLines.isBlank(byte) || byte == UInt8(ascii: ","): window.consume(1)
      default: throw excess
      }
    }
    try end()
    return false
  }

  // Whether the list that begins the window holds objects where this splitter's list does.
  private func beginsObjects() throws(ArchiveError) -> Bool {
    let window = context.window
    var position = 1
    while position < window.count || window.fill() {
      guard TextLines.isBlank(window.base[position]) else {
        return window.base[position] == UInt8(ascii: "{") && format == .json
      }
      position += 1
    }
    return false
  }

  private func end() throws(ArchiveError) {
    guard context.window.holdsOnlyBlanks(after: 0) else { throw excess }
    if let failure = context.window.failure { throw failure }
  }

  private var excess: ArchiveError {
    .damaged(
      archive: context.archive, member: context.member, byteOffset: context.window.offset,
      detail: "the list of records ends, but the document goes on")
  }
}
