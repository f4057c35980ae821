/// The tokens of CIF 1.1 text.
struct CIFTokens {
  enum Kind {
    /// `data_name` or `global_`.
    case heading
    /// `save_name`, or `save_` alone, which ends a frame.
    case frame
    case frameEnd
    case loop
    case tag
    case value
    /// A quoted value without its closing quote.
    case openValue
  }

  struct Token {
    let kind: Kind
    let range: Range<Int>
  }

  /// The byte order mark of UTF-8.
  static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  /// Number of bytes of "data_".
  static let headingPrefixLength = 5

  private let text: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int

  /// The tokens of the part of a line from `start` to `end`.
  init(_ text: UnsafeRawBufferPointer, from start: Int, to end: Int) {
    self.text = text
    position = start
    self.end = end
  }

  /// The next token of the line; nil at its end or at a comment.
  mutating func nextOfLine() -> Token? {
    while position < end, text[position] <= 32 { position += 1 }
    // The mark of a file that was joined to another one.
    if position + 3 <= end, text[position] == 0xEF, text[position...].starts(with: CIFTokens.mark) {
      position += 3
      return nextOfLine()
    }
    guard position < end, text[position] != UInt8(ascii: "#") else { return nil }
    let start = position
    let first = text[start]
    if first == UInt8(ascii: "'") || first == UInt8(ascii: "\"") { return quoted(first) }
    while position < end, text[position] > 32 { position += 1 }
    let range = start..<position
    return Token(kind: first == UInt8(ascii: "_") ? .tag : kind(range), range: range)
  }

  // A quoted value ends at the same quote with a blank behind it.
  private mutating func quoted(_ quote: UInt8) -> Token {
    let start = position
    position += 1
    while position < end {
      if text[position] == quote, position + 1 == end || text[position + 1] <= 32 {
        position += 1
        return Token(kind: .value, range: start..<position)
      }
      position += 1
    }
    return Token(kind: .openValue, range: start..<end)
  }

  private func kind(_ range: Range<Int>) -> Kind {
    switch text[range.lowerBound] | 0x20 {
    case UInt8(ascii: "d"): begins(range, "data_") ? .heading : .value
    case UInt8(ascii: "g"): begins(range, "global_") && range.count == 7 ? .heading : .value
    case UInt8(ascii: "l"): begins(range, "loop_") && range.count == 5 ? .loop : .value
    case UInt8(ascii: "s"):
      begins(range, "save_") ? (range.count == 5 ? .frameEnd : .frame) : .value
    default: .value
    }
  }

  private func begins(_ range: Range<Int>, _ word: StaticString) -> Bool {
    CIFTokens.begins(UnsafeRawBufferPointer(rebasing: text[range]), word)
  }

  // Whether `token` begins with `word`, which is in lower case, in any case.
  private static func begins(_ token: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard token.count >= word.utf8CodeUnitCount else { return false }
    for index in 0..<word.utf8CodeUnitCount {
      let byte = token[index]
      let lower = byte >= 65 && byte <= 90 ? byte | 0x20 : byte
      if lower != word.utf8Start[index] { return false }
    }
    return true
  }

  /// Whether a tag tells the cell or the atom sites of a crystal.
  static func belongsToCrystal(_ tag: UnsafeRawBufferPointer) -> Bool {
    guard tag.count > 11 else { return false }
    switch tag[1] | 0x20 {
    case UInt8(ascii: "a"): return begins(tag, "_atom_site_") || begins(tag, "_atom_site.")
    case UInt8(ascii: "c"): return begins(tag, "_cell_length_") || begins(tag, "_cell.length_")
    default: return false
    }
  }

  /// Whether a tag tells of the chemistry, the cell or the symmetry of a crystal.
  static func tellsOfCrystal(_ tag: UnsafeRawBufferPointer) -> Bool {
    begins(tag, "_chemical_") || begins(tag, "_cell") || begins(tag, "_symmetry")
      || begins(tag, "_space_group")
  }

  /// Whether the text begins a data block.
  static func startsBlock(_ line: UnsafeRawBufferPointer) -> Bool {
    var tokens = CIFTokens(line, from: 0, to: line.count)
    return tokens.nextOfLine()?.kind == .heading
  }

  /// Whether `text` ends within something: a value in quotes or between semicolons, a tag without its value, a loop without
  /// all values of its last row, a frame.
  static func isCut(_ text: UnsafeRawBufferPointer) -> Bool {
    var lines = TextLines(text)
    var state = EndState()
    while let line = lines.next() {
      var start = 0
      if line.first == UInt8(ascii: ";") {
        state.isInTextField.toggle()
        if !state.isInTextField { state.note(.value) }
        start = 1
      }
      if state.isInTextField { continue }
      var tokens = CIFTokens(line, from: start, to: line.count)
      state.hasOpenValue = false
      while let token = tokens.nextOfLine() { state.note(token.kind) }
    }
    return state.isCut
  }

  // What is open while the tokens go by.
  private struct EndState {
    var isInTextField = false
    var hasOpenValue = false
    private var awaitsValue = false
    private var isInFrame = false
    private var loop: (tags: Int, values: Int)?

    var isCut: Bool {
      if isInTextField || hasOpenValue || awaitsValue || isInFrame { return true }
      guard let loop else { return false }
      return loop.values == 0 || loop.values % loop.tags != 0
    }

    mutating func note(_ kind: Kind) {
      switch kind {
      case .tag:
        if let loop, loop.values == 0 {
          self.loop = (loop.tags + 1, 0)
        } else {
          loop = nil
          awaitsValue = true
        }
      case .value, .openValue:
        hasOpenValue = kind == .openValue
        awaitsValue = false
        if let loop, loop.tags > 0 { self.loop = (loop.tags, loop.values + 1) }
      case .loop:
        loop = (0, 0)
        awaitsValue = false
      case .heading, .frame, .frameEnd:
        loop = nil
        awaitsValue = false
        if kind != .heading { isInFrame = kind == .frame }
      }
    }
  }
}
