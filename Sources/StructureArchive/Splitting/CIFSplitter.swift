import Crystal

/// CIF text: a record is a data block with a cell or atom sites, together with the blocks with neither that stand before
/// it (publication data and the like).
final class CIFSplitter: ReplayingSplitter {
  private let context: SplitterContext
  private var names = RecordNames()
  private var emitted = 0
  private var ended = false
  // Which names have been given away shows only in the blocks before.
  var replayFailure: ArchiveError?

  init(_ context: SplitterContext) { self.context = context }

  var count: Int { emitted }

  func advance(copies: Bool) throws(ArchiveError) -> RecordPiece? {
    guard !ended else { return nil }
    passOverMark()
    let start = window.offset
    var scan = CIFBlockScan()
    var isLarge = false
    while true {
      if let end = scan.recordEnd(in: window.bytes) {
        return piece(scan, length: end, offset: start, isLarge: isLarge, copies: copies)
      }
      if window.count > context.limits.largestRecord {
        isLarge = true
        window.consume(scan.forget(window.count))
      }
      if !window.fill() { break }
    }
    ended = true
    if let failure = window.failure { throw failure }
    if let end = scan.recordEnd(in: window.bytes, isWhole: true) {
      ended = false
      return piece(scan, length: end, offset: start, isLarge: isLarge, copies: copies)
    }
    guard window.count > 0 || isLarge else { return nil }
    if isLarge || scan.holdsCrystal || emitted == 0 || CIFTokens.isCut(window.bytes) {
      return piece(scan, length: window.count, offset: start, isLarge: isLarge, copies: copies)
    }
    // What follows the last crystal is none, and none was meant, unless a crystal was begun or the text ends in its midst.
    guard scan.blockIsEmpty || (scan.blockTellsOfCrystal && window.bytes.last != 10) else { return nil }
    var cut = piece(scan, length: window.count, offset: start, isLarge: false, copies: false)
    cut.failure = RecordError(
      reason: .truncated, message: "the text ends within the data block, before any cell or sites")
    return cut
  }

  // The mark of a file that was joined to another one, which the decoder takes for a value.
  private func passOverMark() {
    while window.count < CIFTokens.mark.count, window.fill() {}
    if window.bytes.starts(with: CIFTokens.mark) { window.consume(CIFTokens.mark.count) }
  }

  private var window: ByteWindow { context.window }

  private func piece(
    _ scan: CIFBlockScan, length: Int, offset: Int, isLarge: Bool, copies: Bool
  ) -> RecordPiece {
    emitted += 1
    let isOnly = ended && emitted == 1
    let number = isOnly ? nil : emitted
    defer { window.consume(length) }
    var piece: RecordPiece
    if isLarge || length > context.limits.largestRecord {
      piece = context.tooLarge(offset: offset, format: .cif, number: number)
    } else {
      piece = RecordPiece(
        bytes: copies ? window.copy(length) : [], offset: offset, format: .cif, failure: nil, number: number)
    }
    if !isOnly {
      let name = MemberName.shown(
        String(decoding: scan.name, as: UTF8.self), longest: context.limits.longestName)
      piece.name = .part(names.unique(name, number: emitted))
    }
    return piece
  }
}

/// Goes through CIF text for the heading of the block after the first one with a cell or sites.
///
/// Headings and tags have an underscore in them, so lines without one are passed over; in the others tokens are told
/// apart as the format says: comments, quoted values, and text fields between lines that begin with a semicolon.
struct CIFBlockScan {
  /// Whether a block of this record has a cell or atom sites.
  private(set) var holdsCrystal = false
  /// Whether the last block has no tag yet.
  private(set) var blockIsEmpty = false
  /// Whether the last block has a tag that descriptions of crystals begin with: of its chemistry, cell or symmetry.
  private(set) var blockTellsOfCrystal = false
  /// The name of the last block.
  private(set) var name: [UInt8] = []
  // Where the next line begins.
  private var position = 0
  private var isInTextField = false
  // Whether `position` is in the midst of a line that was too long to be held.
  private var isWithinLine = false
  // Where the next underscore is, or up to where there is none.
  private var underscore = -1

  private static let longestName = 4096

  /// Position where the next block starts, or nil when it is not in `text`; call again with a longer `text`.
  ///
  /// - Parameter isWhole: whether nothing follows, so that the last line needs no end.
  mutating func recordEnd(in text: UnsafeRawBufferPointer, isWhole: Bool = false) -> Int? {
    while position < text.count {
      let newline = text.firstNewline(from: position)
      guard let end = newline ?? (isWhole ? text.count : nil) else { return nil }
      if let heading = headingEndingRecord(in: text, from: position, to: end) { return heading }
      position = min(end + 1, text.count)
      isWithinLine = false
    }
    return nil
  }

  /// Makes the scan fit for a text without its first bytes, of the number that is returned; `count` are there.
  mutating func forget(_ count: Int) -> Int {
    let isLongLine = position == 0
    let forgotten = isLongLine ? count : position
    isWithinLine = isWithinLine || isLongLine
    position = 0
    underscore = -1
    return forgotten
  }

  private mutating func headingEndingRecord(
    in text: UnsafeRawBufferPointer, from start: Int, to end: Int
  ) -> Int? {
    guard start < end, !isWithinLine else { return nil }
    var position = start
    if text[start] == UInt8(ascii: ";") {
      isInTextField.toggle()
      position += 1
    }
    if isInTextField || !hasUnderscore(text, from: position, to: end) { return nil }
    var tokens = CIFTokens(text, from: position, to: end)
    while let token = tokens.nextOfLine() {
      switch token.kind {
      case .heading:
        if holdsCrystal {
          // A mark before the heading goes with the heading.
          let heading = token.range.lowerBound
          let mark = heading - CIFTokens.mark.count
          return mark >= start && text[mark...].starts(with: CIFTokens.mark) ? mark : heading
        }
        let afterPrefix = token.range.dropFirst(CIFTokens.headingPrefixLength)
        name = [UInt8](text[afterPrefix].prefix(CIFBlockScan.longestName))
        blockIsEmpty = true
        blockTellsOfCrystal = false
      case .tag:
        blockIsEmpty = false
        let tag = UnsafeRawBufferPointer(rebasing: text[token.range])
        blockTellsOfCrystal = blockTellsOfCrystal || CIFTokens.tellsOfCrystal(tag)
        if !holdsCrystal {
          holdsCrystal = CIFTokens.belongsToCrystal(UnsafeRawBufferPointer(rebasing: text[token.range]))
        }
      default: break
      }
      guard hasUnderscore(text, from: token.range.upperBound, to: end) else { return nil }
    }
    return nil
  }

  private mutating func hasUnderscore(
    _ text: UnsafeRawBufferPointer, from start: Int, to end: Int
  ) -> Bool {
    if underscore < start {
      underscore = text.firstPosition(of: UInt8(ascii: "_"), from: start) ?? text.count
    }
    return underscore < end
  }
}
