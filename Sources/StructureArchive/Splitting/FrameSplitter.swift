import Crystal

/// Extended XYZ: a record is a frame of a line with the number of atoms, a comment line, and a line for each atom.
///
/// A frame whose count does not fit is a failure of its own; reading goes on with the next header that is found.
final class FrameSplitter: RecordSplitter {
  private let context: SplitterContext
  private var number = 0
  private var ended = false

  init(_ context: SplitterContext) { self.context = context }

  var count: Int { number }

  func resume(offset: Int, count: Int) {
    number = count
    context.window.skip(to: offset)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    guard !ended, let first = firstLine() else {
      ended = true
      if let failure = context.window.failure { throw failure }
      return nil
    }
    number += 1
    guard let count = first.count else { return try damaged(after: first.end) }
    return try frame(lines: count + 1, from: first.end)
  }

  // Passes over blank lines; the value and the end of the first other line.
  private func firstLine() -> (count: Int?, end: Int)? {
    let window = context.window
    while let end = lineEnd(from: 0) {
      let line = UnsafeRawBufferPointer(rebasing: window.bytes[..<end])
      if line.contains(where: { !TextLines.isBlank($0) }) { return (TextLines.wholeNumber(line), end) }
      window.consume(end)
    }
    return nil
  }

  // End of the line that starts at `start`, its newline included; nil when nothing is left or the limit is reached.
  private func lineEnd(from start: Int) -> Int? {
    let window = context.window
    var searched = start
    while true {
      let text = window.bytes
      if let newline = text.firstNewline(from: searched) { return newline + 1 }
      searched = window.count
      if window.count > context.limits.largestRecord + start { return nil }
      if !window.fill() { return window.count > start ? window.count : nil }
    }
  }

  private func frame(lines: Int, from start: Int) throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    var end = start
    var last = start
    for line in 0..<lines {
      guard let next = lineEnd(from: end) else {
        if window.count > context.limits.largestRecord { return try damaged(after: start, tooLarge: true) }
        ended = true
        throw context.truncation
      }
      let text = UnsafeRawBufferPointer(rebasing: window.bytes[end..<next])
      // No atom line is a number alone: the next frame has begun.
      if line > 0, TextLines.wholeNumber(text) != nil {
        return failed("the frame has \(line - 1) atoms where its header says \(lines - 1)", length: end)
      }
      (last, end) = (end, next)
      if end > context.limits.largestRecord { return try damaged(after: start, tooLarge: true) }
    }
    if lines > 1, let next = lineEnd(from: end), isAtom(end..<next, like: last..<end) {
      return surplus(after: end, like: last..<end, atoms: lines - 1)
    }
    if end == window.count, window.base[end - 1] != 10 {
      // The very last line may be cut when the stream is known to be.
      if let failure = window.failure {
        ended = true
        throw failure
      }
    }
    defer { window.consume(end) }
    return RecordPiece(
      bytes: window.copy(end), offset: window.offset, format: .extendedXYZ, failure: nil, number: number)
  }

  // Whether a line that should begin the next frame looks like one more atom: as many columns as the last one.
  private func isAtom(_ range: Range<Int>, like last: Range<Int>) -> Bool {
    let line = UnsafeRawBufferPointer(rebasing: context.window.bytes[range])
    let count = columns(line)
    return count > 3 && !TextLines.holdsLattice(line)
      && count == columns(UnsafeRawBufferPointer(rebasing: context.window.bytes[last]))
  }

  private func columns(_ line: UnsafeRawBufferPointer) -> Int {
    var fields = TextFields(line)
    var count = 0
    while fields.next() != nil { count += 1 }
    return count
  }

  // A frame with more atoms than its header says: those that are read would be another crystal.
  private func surplus(after end: Int, like last: Range<Int>, atoms: Int) -> RecordPiece {
    var next = end
    while next <= context.limits.largestRecord, let following = lineEnd(from: next),
      isAtom(next..<following, like: last)
    {
      next = following
    }
    return failed("the frame has more lines of atoms than the \(atoms) that its header says", length: next)
  }

  private func failed(_ message: String, length: Int) -> RecordPiece {
    let window = context.window
    defer { window.consume(length) }
    return RecordPiece(
      bytes: [], offset: window.offset, format: .extendedXYZ,
      failure: RecordError(reason: .unreadable, message: message), number: number)
  }

  // Passes over everything up to the next header: a number alone, followed by a line with a lattice.
  private func damaged(after length: Int, tooLarge: Bool = false) throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    let offset = window.offset
    window.consume(length)
    while let end = lineEnd(from: 0) {
      let line = UnsafeRawBufferPointer(rebasing: window.bytes[..<end])
      if TextLines.wholeNumber(line) != nil, let next = lineEnd(from: end) {
        let comment = UnsafeRawBufferPointer(rebasing: window.bytes[end..<next])
        if TextLines.holdsLattice(comment) { break }
      }
      window.consume(end)
    }
    if tooLarge { return context.tooLarge(offset: offset, format: .extendedXYZ, number: number) }
    let error = RecordError(reason: .unreadable, message: "a frame starts with its number of atoms")
    return RecordPiece(bytes: [], offset: offset, format: .extendedXYZ, failure: error, number: number)
  }
}
