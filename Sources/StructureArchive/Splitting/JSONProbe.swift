/// Finds out how a JSON member holds its records: as lines, as the elements of a list, as one value after the other.
///
/// A list stands at the top, or under one of a few keys of the top object; without one the crystals may stand under keys
/// of their own, or in columns. What is not recognised is read as lines, so that the decoder says of each what is wrong
/// with it.
struct JSONProbe {
  /// Keys under which a document may hold its list of records.
  static let listKeys: Set<String> = ["entries", "data", "structures", "results", "materials"]
  private static let mostColumns = 4096
  private static let mostGathered = 64

  private let context: SplitterContext
  private var position = 0
  private var columns: [String] = []
  /// Where a list of rows begins whose columns are not named so far.
  private var rows: Int?

  private init(_ context: SplitterContext) { self.context = context }

  /// The splitter for the JSON text in `context.window`.
  static func splitter(for context: SplitterContext) -> any RecordSplitter {
    var probe = JSONProbe(context)
    return probe.run() ?? LineSplitter(context)
  }

  private var window: ByteWindow { context.window }

  private mutating func run() -> (any RecordSplitter)? {
    switch skipBlanks() {
    case UInt8(ascii: "["):
      return list(isNested: false)
    case UInt8(ascii: "{"):
      return object()
    default: return nil
    }
  }

  // The members of the document's object that hold crystals.
  private struct Findings {
    /// Whether the object itself is a record.
    var isRecord = false
    /// Number of members, of those that are objects, and of those whose key has a digit in it, as most ids have.
    var members = 0
    var objects = 0
    var numbered = 0
    /// Keys of members that are crystals, and of objects and lists of crystals.
    var crystals: [String] = []
    var groups: [String] = []

    /// Whether the object lists crystals by their ids, so that what is none is a faulty one.
    var isListByID: Bool {
      let looksSo = numbered == members || (crystals.count > 1 && 2 * crystals.count >= members)
      return looksSo && objects == members && !crystals.contains { JSONProbe.listKeys.contains($0) }
    }
  }

  private mutating func object() -> (any RecordSplitter)? {
    let start = position
    var findings = Findings()
    position += 1
    while true {
      switch skipBlanks() {
      case UInt8(ascii: "}"):
        position += 1
        return afterObject(from: start, findings)
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "\""):
        guard let key = string(), skipBlanks() == UInt8(ascii: ":") else { return unfinished(findings) }
        position += 1
        guard let first = skipBlanks() else { return unfinished(findings) }
        if first == UInt8(ascii: "["), JSONProbe.listKeys.contains(key) {
          if let list = nestedList(findings) { return list }
        }
        let value = position
        guard skipValue(first) else { return unfinished(findings) }
        if first == UInt8(ascii: "["), key == "columns" {
          columns = names(value..<position)
          if rows != nil, !columns.isEmpty { return unnamedRows(findings) }
        }
        if value != rows { note(key, value..<position, &findings) }
        // So many are a list by ids, whatever follows: the text is not gathered any further.
        if !findings.isRecord, findings.crystals.count >= JSONProbe.mostGathered {
          return members(findings, holdsOne: false)
        }
      default: return unfinished(findings)
      }
    }
  }

  private func note(_ key: String, _ range: Range<Int>, _ findings: inout Findings) {
    let value = UnsafeRawBufferPointer(rebasing: window.bytes[range])
    let isList = value.first == UInt8(ascii: "[")
    findings.members += 1
    if key.utf8.contains(where: { $0 >= 48 && $0 <= 57 }) { findings.numbered += 1 }
    if value.first == UInt8(ascii: "{") { findings.objects += 1 }
    if isList, JSONShape.crystalKeys.contains(key) {
      findings.isRecord = true
      return
    }
    switch JSONShape(value) {
    case .crystal where JSONShape.recordKeys.contains(key): findings.isRecord = true
    case .crystal: findings.crystals.append(key)
    case .crystals:
      findings.groups.append(key)
    case .other: break
    }
  }

  // A document that is cut, or too large to be held, after members that are crystals.
  private mutating func unfinished(_ findings: Findings) -> (any RecordSplitter)? {
    if let list = unnamedRows(findings) { return list }
    let isAtEnd = position >= window.count || position > context.limits.largestRecord
    guard isAtEnd, !findings.isRecord, !findings.crystals.isEmpty else { return nil }
    return members(findings, holdsOne: false)
  }

  private func members(_ findings: Findings, holdsOne: Bool) -> any RecordSplitter {
    JSONMemberSplitter(
      context,
      .init(isListedByID: findings.isListByID, holdsOne: holdsOne, passedOver: findings.groups))
  }

  // An object that holds no list is one record, or several under their keys. Lines hold one record each, so a newline
  // within it means a document.
  private mutating func afterObject(from start: Int, _ findings: Findings) -> (any RecordSplitter)? {
    if let list = unnamedRows(findings) { return list }
    let text = UnsafeRawBufferPointer(start: window.base, count: position)
    let others = findings.crystals + findings.groups
    if !others.isEmpty, window.holdsOnlyBlanks(after: position) {
      if findings.isRecord { return JSONSequenceSplitter(context, list: nil, passedOver: others) }
      if !findings.crystals.isEmpty { return members(findings, holdsOne: findings.crystals.count == 1) }
      return JSONColumnSplitter(context, length: position, crystals: crystalColumn(findings.groups))
    }
    return text[start...].contains(10) ? JSONSequenceSplitter(context, list: nil) : nil
  }

  private func crystalColumn(_ groups: [String]) -> String {
    groups.first { JSONShape.recordKeys.contains($0) } ?? groups[0]
  }

  // The list at `position`, when its elements are objects or rows. Rows whose columns have not been named yet are passed
  // over, since the names may stand behind them.
  private mutating func nestedList(_ findings: Findings) -> (any RecordSplitter)? {
    let open = position
    position += 1
    let first = skipBlanks()
    position = open
    switch first {
    case UInt8(ascii: "[") where columns.isEmpty && rows == nil:
      rows = open
      return nil
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "]"):
      return unnamedRows(findings) ?? list(isNested: true, passedOver: findings.crystals + findings.groups)
    default: return nil
    }
  }

  // The list of rows that was passed over; without columns each row is refused.
  private mutating func unnamedRows(_ findings: Findings) -> (any RecordSplitter)? {
    guard let rows else { return nil }
    position = rows
    return list(isNested: true, passedOver: findings.crystals + findings.groups)
  }

  private mutating func list(isNested: Bool, passedOver: [String] = []) -> any RecordSplitter {
    window.consume(position + 1)
    return JSONSequenceSplitter(
      context, list: .init(isNested: isNested, columns: columns), passedOver: passedOver)
  }

  private func peek() -> UInt8? {
    while position >= window.count {
      if position > context.limits.largestRecord || !window.fill() { return nil }
    }
    return window.base[position]
  }

  // The next byte that is not blank.
  private mutating func skipBlanks() -> UInt8? {
    while let byte = peek() {
      if !TextLines.isBlank(byte) { return byte }
      position += 1
    }
    return nil
  }

  // The string at `position` without its quotes, escapes left as they are; nil when it is not closed.
  private mutating func string() -> String? {
    position += 1
    var bytes: [UInt8] = []
    while let byte = peek(), byte != 10 {
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
      if byte == UInt8(ascii: "\\"), let escaped = peek() {
        bytes.append(escaped)
        position += 1
      }
    }
    return nil
  }

  // The items of a list as names of columns: texts without quotes, anything else as it is written.
  private func names(_ list: Range<Int>) -> [String] {
    let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[list])
    var items = JSONMembers(bytes)
    var names: [String] = []
    while let item = items.next() {
      guard names.count < JSONProbe.mostColumns else { return [] }
      let text = bytes[item.value]
      let isText = text.first == UInt8(ascii: "\"")
      names.append(String(decoding: isText ? text.dropFirst().dropLast() : text, as: UTF8.self))
    }
    return names
  }

  private mutating func skipValue(_ first: UInt8) -> Bool {
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"") {
      var scanner = JSONScanner()
      while true {
        switch scanner.scan(window.bytes, from: position) {
        case .end(let end):
          position = end
          return true
        case .damaged: return false
        case .more: break
        }
        position = window.count
        if position > context.limits.largestRecord || !window.fill() { return false }
      }
    }
    while let byte = peek(), byte != UInt8(ascii: ","), byte != UInt8(ascii: "}"), !TextLines.isBlank(byte) {
      position += 1
    }
    return true
  }
}
