/// CIF text: a record is a data block with atom sites, together with the blocks without any that stand before it
/// (publication data and the like).
final class CIFSplitter: RecordSplitter {
  private let context: SplitterContext
  private var emitted = 0
  private var ended = false

  init(_ context: SplitterContext) { self.context = context }

  var count: Int { emitted }

  func resume(offset: Int, count: Int) {
    emitted = count
    context.window.skip(to: offset)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    guard !ended else { return nil }
    let window = context.window
    var scan = BlockScan()
    while true {
      let text = window.bytes
      if let end = scan.blockEnd(in: text) {
        emitted += 1
        defer { window.consume(end) }
        return RecordPiece(
          bytes: window.copy(end), offset: window.offset, format: .cif, failure: nil, number: emitted)
      }
      if window.count > context.limits.largestRecord {
        let start = window.offset
        ended = true
        window.drain()
        if let failure = window.failure { throw failure }
        return context.tooLarge(offset: start, format: .cif, number: nil)
      }
      if !window.fill() { break }
    }
    ended = true
    if let failure = window.failure { throw failure }
    scan.finish(window.bytes)
    // What follows the last block with sites is no crystal, and none was meant.
    guard window.count > 0, scan.hasSites || emitted == 0 else { return nil }
    emitted += 1
    defer { window.consume(window.count) }
    return RecordPiece(
      bytes: window.copy(window.count), offset: window.offset, format: .cif, failure: nil,
      number: emitted == 1 ? nil : emitted)
  }
}

/// Goes through CIF text line by line for the start of the block after the one with sites.
private struct BlockScan {
  /// Whether a line with `_atom_site_fract_x` has been seen.
  private(set) var hasSites = false
  private var position = 0
  private var isInTextField = false

  /// Position where the next block starts, or nil when it is not in `text`; call again with a longer `text`.
  mutating func blockEnd(in text: UnsafeRawBufferPointer) -> Int? {
    while let newline = text.firstNewline(from: position) {
      let line = UnsafeRawBufferPointer(rebasing: text[position..<newline])
      if startsNextBlock(line) { return position }
      position = newline + 1
    }
    return nil
  }

  /// Looks at the last line, which has no end.
  mutating func finish(_ text: UnsafeRawBufferPointer) {
    if position < text.count { _ = startsNextBlock(UnsafeRawBufferPointer(rebasing: text[position...])) }
  }

  private mutating func startsNextBlock(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let first = line.first else { return false }
    if first == UInt8(ascii: ";") {
      isInTextField.toggle()
    } else if isInTextField {
      return false
    } else if hasSites {
      return TextLines.startsBlock(line)
    } else if first == UInt8(ascii: "_") || first == 32 || first == 9 {
      var fields = TextFields(line)
      if let tag = fields.next(), tag.count == 18, tag.elementsEqual("_atom_site_fract_x".utf8) {
        hasSites = true
      }
    }
    return false
  }
}
