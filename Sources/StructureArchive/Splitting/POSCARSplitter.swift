import Crystal

/// POSCAR text: files that stand one after the other, and the frames of an XDATCAR, are a record each.
///
/// A further file begins where a title, a scale factor, lattice rows, symbols, counts and a coordinate mode follow each
/// other, or where symbols behind a lattice show one that is damaged; a further frame at its line "Direct
/// configuration=", and is given the header before it. What stands between (velocities, say) belongs to the record
/// before.
final class POSCARSplitter: ReplayingSplitter {
  private let context: SplitterContext
  // The lines from the title to the counts that frames go by.
  private var header: [UInt8] = []
  // Whether the record in hand is a frame without one.
  private var isOrphan = false
  private var number = 0
  private var ended = false
  // The header of a frame may stand anywhere before it.
  var replayFailure: ArchiveError?

  init(_ context: SplitterContext) { self.context = context }

  var count: Int { number }

  func advance(copies: Bool) throws(ArchiveError) -> RecordPiece? {
    guard !ended else { return nil }
    let window = context.window
    let start = window.offset
    var prefix: [UInt8] = []
    var position = 0
    isOrphan = false
    var hasFrame = true
    var hasHeader = true
    if case .end(let end) = headerEnd(from: 0) {
      header = window.copy(end)
      position = end
    } else if let end = lineEnd(from: 0), POSCARSplitter.startsFrame(line(0, end)) {
      prefix = header
      isOrphan = header.isEmpty
    } else {
      // A record whose header cannot be read: the first symbols and the first frame are its own, and no frame behind it
      // goes by another header.
      (hasHeader, hasFrame) = (false, false)
      header = []
    }
    // The mode of the coordinates, or a header's first line, begins no other record.
    position = lineEnd(from: position) ?? position
    var firstLine = position
    var isLarge = false
    var previous: Int?
    while let end = lineEnd(from: position) {
      let current = line(position, end)
      if POSCARSplitter.startsFrame(current) {
        if hasFrame { return piece(prefix, position, start, isLarge: isLarge, copies: copies) }
        hasFrame = true
      }
      if let title = previous, ScaleLine(current, after: line(title, position)) != nil, startsFile(at: title)
      {
        return piece(prefix, title, start, isLarge: isLarge, copies: copies)
      }
      if endsDamagedHeader(current) {
        if hasHeader, let title = damagedHeaderStart(before: position, notBefore: firstLine) {
          return piece(prefix, title, start, isLarge: isLarge, copies: copies)
        }
        hasHeader = true
      }
      previous = position
      position = end
      if position > context.limits.largestRecord {
        isLarge = true
        let passed = previous ?? position
        window.consume(passed)
        (previous, position, firstLine) = (0, position - passed, 0)
      }
    }
    ended = true
    if window.count > position { window.drain() }
    if let failure = window.failure { throw failure }
    guard window.count > 0 || isLarge || number == 0 else { return nil }
    return piece(prefix, window.count, start, isLarge: isLarge || window.count == 0, copies: copies)
  }

  private func piece(
    _ prefix: [UInt8], _ length: Int, _ offset: Int, isLarge: Bool, copies: Bool
  ) -> RecordPiece {
    let window = context.window
    number += 1
    let shown = ended && number == 1 ? nil : number
    defer { window.consume(length) }
    if isLarge || prefix.count + length > context.limits.largestRecord {
      return context.tooLarge(offset: offset, format: .poscar, number: shown)
    }
    let failure =
      isOrphan
      ? RecordError(
        reason: .unreadable,
        message: "no header stands before the frame that says what its atoms are, or none that can be read")
      : nil
    return RecordPiece(
      bytes: copies && !isOrphan ? prefix + window.copy(length) : [], offset: offset, format: .poscar,
      failure: failure, number: shown)
  }

  private func startsFile(at title: Int) -> Bool {
    if case .none = headerEnd(from: title) { return false }
    return true
  }

  private enum HeaderSearch {
    case none
    /// The text ends within what may be a header.
    case cut
    /// The header ends before this position.
    case end(Int)
  }

  // Looks for the lines of a header, the first of which begins at `start`.
  private func headerEnd(from start: Int) -> HeaderSearch {
    guard let title = lineEnd(from: start), let scaleEnd = lineEnd(from: title),
      let scale = ScaleLine(line(title, scaleEnd), after: line(start, title))
    else { return .none }
    let strict = strictHeaderEnd(from: scaleEnd)
    switch strict {
    case .none where scale == .one: return damagedHeaderEnd(from: scaleEnd)
    // A text that ends after three numbers ends in its atoms.
    case .cut where scale == .three: return .none
    default: return strict
    }
  }

  // Three rows, symbols on one or more lines (none in the form of VASP 4), counts, and a mode.
  private func strictHeaderEnd(from start: Int) -> HeaderSearch {
    var position = start
    for _ in 0..<3 {
      guard let end = lineEnd(from: position) else { return .cut }
      var fields = TextFields(line(position, end))
      guard fields.vector() != nil else { return .none }
      position = end
    }
    for _ in 0..<POSCARSplitter.mostSymbolLines {
      guard let end = lineEnd(from: position) else { return .cut }
      let current = line(position, end)
      position = end
      if POSCARSplitter.startsWithLetter(current) { continue }
      var fields = TextFields(current)
      guard let first = fields.next(), TextLines.wholeNumber(first) != nil else { return .none }
      guard let modeEnd = lineEnd(from: position) else { return .cut }
      if POSCARSplitter.startsWithLetter(line(position, modeEnd)) { return .end(position) }
      return frameStart(from: position).map { .end($0) } ?? .none
    }
    return .none
  }

  // Where a frame begins behind nothing but blank lines.
  private func frameStart(from start: Int) -> Int? {
    var position = start
    while position - start < POSCARSplitter.mostBlanks, let end = lineEnd(from: position) {
      let current = line(position, end)
      if POSCARSplitter.startsFrame(current) { return position }
      guard current.allSatisfy(TextLines.isBlank) else { return nil }
      position = end
    }
    return nil
  }

  // A header with something wrong in it still shows by counts that a mode follows, soon after the scale factor.
  private func damagedHeaderEnd(from start: Int) -> HeaderSearch {
    var position = start
    for index in 0..<POSCARSplitter.mostSymbolLines {
      guard let end = lineEnd(from: position) else { return .none }
      var fields = TextFields(line(position, end))
      position = end
      var isCounts = index > 1
      var any = false
      while isCounts, let field = fields.next() {
        isCounts = TextLines.wholeNumber(field) != nil
        any = true
      }
      if isCounts, any, let modeEnd = lineEnd(from: end),
        POSCARSplitter.startsWithLetter(line(end, modeEnd))
      {
        return .end(end)
      }
    }
    return .none
  }

  // Whether the line holds nothing but symbols of elements, as the line before the counts does.
  private func endsDamagedHeader(_ line: UnsafeRawBufferPointer) -> Bool {
    guard POSCARSplitter.startsWithLetter(line) else { return false }
    var fields = TextFields(line)
    while let field = fields.next() {
      guard Species(text: field) != nil else { return false }
    }
    return true
  }

  // Where a header begins whose symbols stand at `position`, right behind three lattice rows: at the title before its
  // scale factor, or at the line before the rows where that is none. Nothing else has such lines.
  private func damagedHeaderStart(before position: Int, notBefore first: Int) -> Int? {
    var start = position
    for _ in 0..<3 {
      guard let row = lineStart(before: start, notBefore: first) else { return nil }
      var fields = TextFields(line(row, start))
      guard fields.vector() != nil else { return nil }
      start = row
    }
    guard let scale = lineStart(before: start, notBefore: first) else { return start }
    var fields = TextFields(line(scale, start))
    guard fields.number() != nil else { return scale }
    // Without title and scale factor the rows follow positions.
    if fields.vector() != nil { return start }
    return lineStart(before: scale, notBefore: first) ?? scale
  }

  // The beginning of the line that ends at `end`.
  private func lineStart(before end: Int, notBefore first: Int) -> Int? {
    guard end > first else { return nil }
    let bytes = context.window.bytes
    var start = end - 1
    while start > first, bytes[start - 1] != 10 { start -= 1 }
    return start
  }

  private static let mostSymbolLines = 10
  private static let mostBlanks = 256

  private func line(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: context.window.bytes[start..<end])
  }

  // End of the line that starts at `start`, its newline included; nil when nothing is left or the line is beyond the
  // limit.
  private func lineEnd(from start: Int) -> Int? {
    let window = context.window
    var searched = start
    while true {
      if let newline = window.bytes.firstNewline(from: searched) { return newline + 1 }
      searched = window.count
      if searched - start > context.limits.largestRecord { return nil }
      if !window.fill() { return window.count > start ? window.count : nil }
    }
  }

  private static func startsWithLetter(_ line: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position < line.count, TextLines.isBlank(line[position]) { position += 1 }
    guard position < line.count else { return false }
    return (line[position] | 0x20) >= UInt8(ascii: "a") && (line[position] | 0x20) <= UInt8(ascii: "z")
  }

  /// Whether the line is "Direct configuration= 1" or the like.
  static func startsFrame(_ line: UnsafeRawBufferPointer) -> Bool {
    guard startsWithLetter(line) else { return false }
    var fields = TextFields(line)
    guard fields.next() != nil, let word = fields.next() else { return false }
    let key = Array("configuration".utf8)
    return word.count >= key.count && key.indices.allSatisfy { word[$0] | 0x20 == key[$0] }
  }
}

/// A line that can be a scale factor: one number, or after a title that does not begin with a number three positive ones.
private enum ScaleLine {
  case one
  case three

  init?(_ line: UnsafeRawBufferPointer, after title: UnsafeRawBufferPointer) {
    // Most lines are atoms behind atoms: those are told apart before any number is read.
    var position = 0
    guard ScaleLine.beginsNumber(line, &position) else { return nil }
    while position < line.count, !TextLines.isBlank(line[position]) { position += 1 }
    var titleStart = 0
    let isThree = ScaleLine.beginsNumber(line, &position)
    if isThree, ScaleLine.beginsNumber(title, &titleStart) { return nil }
    var numbers = TextFields(line)
    if isThree {
      guard let scales = numbers.vector(), scales.x > 0, scales.y > 0, scales.z > 0, numbers.next() == nil
      else {
        return nil
      }
      self = .three
    } else {
      guard numbers.number() != nil else { return nil }
      self = .one
    }
  }

  // Whether the next field from `position`, which is moved there, begins like a number.
  private static func beginsNumber(_ line: UnsafeRawBufferPointer, _ position: inout Int) -> Bool {
    while position < line.count, TextLines.isBlank(line[position]) { position += 1 }
    guard position < line.count else { return false }
    let byte = line[position]
    return (byte >= 48 && byte <= 57) || byte == 43 || byte == 45 || byte == 46
  }
}
