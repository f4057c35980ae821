/// Decides by its first bytes how a member is cut into records.
enum ContentDetection {
  private static let headLength = 4096
  private static let longestPreamble = 1 << 18

  /// The splitter for the member in `context.window`.
  static func splitter(for context: SplitterContext) -> any RecordSplitter {
    let window = context.window
    var wanted = headLength
    while true {
      while window.count < wanted, window.fill() {}
      switch kind(of: window.bytes) {
      case .preamble where window.count >= wanted && wanted < longestPreamble,
        .empty where window.count >= wanted && wanted < longestPreamble:
        wanted *= 4
        continue
      case .json: return JSONProbe.splitter(for: context)
      case .jsonLines: return LineSplitter(context)
      case .cif: return CIFSplitter(context)
      case .poscar: return POSCARSplitter(context)
      case .extendedXYZ: return FrameSplitter(context)
      case .empty, .preamble, .unknown: return WholeSplitter(context)
      }
    }
  }

  enum Kind { case json, jsonLines, cif, poscar, extendedXYZ, unknown, empty, preamble }

  /// What the first bytes of a member say; `.preamble` when there are only comments so far, `.empty` when blanks.
  static func kind(of head: UnsafeRawBufferPointer) -> Kind {
    let bytes = head[...]
    guard let start = bytes.firstIndex(where: { !TextLines.isBlank($0) }) else {
      return .empty
    }
    var lines = TextLines(UnsafeRawBufferPointer(rebasing: bytes))
    var first: [UnsafeRawBufferPointer] = []
    while first.count < 5, let line = lines.next() { first.append(line) }
    // The title of a POSCAR may be any text, so what follows it decides first.
    if isFrame(first) { return .extendedXYZ }
    if isPOSCAR(first) { return .poscar }
    if bytes[start] == UInt8(ascii: "{") || bytes[start] == UInt8(ascii: "[") { return .json }
    return firstStatement(of: bytes)
  }

  // The first line that is not a comment: a data block or something unknown.
  private static func firstStatement(of bytes: Slice<UnsafeRawBufferPointer>) -> Kind {
    var lines = TextLines(UnsafeRawBufferPointer(rebasing: bytes))
    while let line = lines.next() {
      guard let first = line.first(where: { !TextLines.isBlank($0) }) else { continue }
      if first == UInt8(ascii: "#") { continue }
      return CIFTokens.startsBlock(line) ? .cif : laterRecords(of: bytes)
    }
    return .preamble
  }

  // A stream whose first record is damaged shows by those that follow.
  private static func laterRecords(of bytes: Slice<UnsafeRawBufferPointer>) -> Kind {
    var lines = TextLines(UnsafeRawBufferPointer(rebasing: bytes))
    var followsNumber = false
    while let line = lines.next() {
      if line.count > 1, line[0] == UInt8(ascii: "{"), line[1] == UInt8(ascii: "\"") { return .jsonLines }
      if followsNumber, TextLines.holdsLattice(line) { return .extendedXYZ }
      followsNumber = TextLines.wholeNumber(line) != nil
    }
    return .unknown
  }

  private static func isFrame(_ lines: [UnsafeRawBufferPointer]) -> Bool {
    guard lines.count >= 2, TextLines.wholeNumber(lines[0]) != nil else { return false }
    if TextLines.holdsLattice(lines[1]) { return true }
    // Plain XYZ: refused later for want of a lattice, but with the right words.
    guard lines.count >= 3, !isPOSCAR(lines) else { return false }
    var fields = TextFields(lines[2])
    guard let symbol = fields.next(), let letter = symbol.first, letter >= 65, letter <= 90 else {
      return false
    }
    return fields.vector() != nil
  }

  private static func isPOSCAR(_ lines: [UnsafeRawBufferPointer]) -> Bool {
    guard lines.count >= 5 else { return false }
    var scale = TextFields(lines[1])
    // Any text may be a title, but what holds zero bytes is none.
    guard scale.number() != nil, !lines[0].contains(0) else { return false }
    return lines[2...4].allSatisfy { line in
      var fields = TextFields(line)
      return fields.vector() != nil
    }
  }
}
