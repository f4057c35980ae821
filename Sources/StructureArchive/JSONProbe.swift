/// Finds out how a JSON member holds its records: as lines, as the elements of a list, as one value after the other.
///
/// A list stands at the top, or under one of a few keys of the top object. What is not recognised is read as lines,
/// so that the decoder says of each what is wrong with it.
struct JSONProbe {
  private static let listKeys: Set<String> = ["entries", "data", "structures", "results", "materials"]
  private static let longestColumn = 256

  private let context: SplitterContext
  private var position = 0
  private var columns: [String] = []

  private init(_ context: SplitterContext) { self.context = context }

  /// The splitter for the JSON text in `context.window`.
  static func splitter(for context: SplitterContext) -> any RecordSplitter {
    var probe = JSONProbe(context)
    return probe.run() ?? LineSplitter(context)
  }

  private var window: ByteWindow { context.window }

  private mutating func run() -> (any RecordSplitter)? {
    if peek() == 0xEF { position += 3 }
    switch skipBlanks() {
    case UInt8(ascii: "["):
      return list(isNested: false)
    case UInt8(ascii: "{"):
      return object()
    default: return nil
    }
  }

  private mutating func object() -> (any RecordSplitter)? {
    let start = position
    position += 1
    while true {
      switch skipBlanks() {
      case UInt8(ascii: "}"):
        position += 1
        return afterObject(from: start)
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "\""):
        guard let key = string(), skipBlanks() == UInt8(ascii: ":") else { return nil }
        position += 1
        guard let first = skipBlanks() else { return nil }
        if first == UInt8(ascii: "["), JSONProbe.listKeys.contains(key) {
          if let list = nestedList() { return list }
        } else if first == UInt8(ascii: "["), key == "columns" {
          columns = stringList() ?? []
        }
        guard skipValue(first) else { return nil }
      default: return nil
      }
    }
  }

  // An object that holds no list is one record. Lines hold one record each, so a newline within it means a document.
  private mutating func afterObject(from start: Int) -> (any RecordSplitter)? {
    let text = UnsafeRawBufferPointer(start: window.base, count: position)
    return text[start...].contains(10) ? JSONSequenceSplitter(context, list: nil) : nil
  }

  // The list at `position`, when its elements are objects or rows.
  private mutating func nestedList() -> (any RecordSplitter)? {
    let open = position
    position += 1
    let first = skipBlanks()
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "]") else {
      position = open
      return nil
    }
    position = open
    return list(isNested: true)
  }

  private mutating func list(isNested: Bool) -> any RecordSplitter {
    window.consume(position + 1)
    return JSONSequenceSplitter(context, list: .init(isNested: isNested, columns: columns))
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

  // The strings of the list at `position`, which is left where it is.
  private mutating func stringList() -> [String]? {
    let open = position
    defer { position = open }
    position += 1
    var list: [String] = []
    while list.count < JSONProbe.longestColumn {
      switch skipBlanks() {
      case UInt8(ascii: "\""):
        guard let text = string() else { return nil }
        list.append(text)
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"): return list
      default: return nil
      }
    }
    return nil
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
