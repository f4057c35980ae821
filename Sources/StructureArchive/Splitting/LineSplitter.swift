/// JSON lines: every line that is not blank is a record.
///
/// Lines of an OPTIMADE stream that describe the stream itself are passed over: the "x-optimade" header and what
/// follows it with a "type" other than "structures".
final class LineSplitter: RecordSplitter {
  private let context: SplitterContext
  private var line = 0
  private var isOptimade = false
  private var ended = false

  init(_ context: SplitterContext) { self.context = context }

  var count: Int { line }

  func resume(offset: Int, count: Int) {
    guard count > 0 else { return }
    // Whether the stream is OPTIMADE's stands in its first line.
    line = 1
    if let length = nextLineLength() {
      _ = classify(UnsafeRawBufferPointer(rebasing: context.window.bytes[..<length]))
    }
    line = count
    context.window.skip(to: offset)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    while !ended {
      line += 1
      guard let length = nextLineLength() else {
        return try passOverLongLine()
      }
      let number = line == 1 && window.holdsOnlyBlanks(after: length) ? nil : line
      let hasNewline = length < window.count
      if !hasNewline { ended = true }
      // The mark of a file that was joined to another one.
      let mark = window.bytes[..<length].starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
      let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[mark..<length])
      defer { window.consume(length + (hasNewline ? 1 : 0)) }
      let kind = classify(bytes)
      if kind == .blank {
        if !hasNewline, let failure = window.failure { throw failure }
        continue
      }
      // Without its newline the last line may be cut; it is whole when its brackets close.
      if !hasNewline, JSONScanner.isCut(bytes) { throw context.truncation }
      if kind == .header { continue }
      return RecordPiece(
        bytes: [UInt8](bytes), offset: window.offset + mark, format: .json, failure: nil, number: number)
    }
    if let failure = window.failure { throw failure }
    return nil
  }

  // Bytes up to the newline, or all that is left; nil when the line exceeds the limit.
  private func nextLineLength() -> Int? {
    let window = context.window
    var searched = 0
    while true {
      if let length = window.bytes.firstNewline(from: searched) {
        return length <= context.limits.largestRecord ? length : nil
      }
      searched = window.count
      if searched > context.limits.largestRecord { return nil }
      if !window.fill() { return window.count }
    }
  }

  private func passOverLongLine() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    let start = window.offset
    while true {
      if let newline = window.bytes.firstNewline(from: 0) {
        window.consume(newline + 1)
        return context.tooLarge(offset: start, format: .json, number: line)
      }
      window.consume(window.count)
      if !window.fill() {
        ended = true
        if let failure = window.failure { throw failure }
        return context.tooLarge(offset: start, format: .json, number: line)
      }
    }
  }

  private enum Kind { case blank, header, record }

  private func classify(_ bytes: UnsafeRawBufferPointer) -> Kind {
    var start = 0
    while start < bytes.count, TextLines.isBlank(bytes[start]) { start += 1 }
    if start == bytes.count { return .blank }
    if line == 1, LineSplitter.strings(bytes, from: start, count: 1) == ["x-optimade"] {
      isOptimade = true
      return .header
    }
    guard isOptimade else { return .record }
    let strings = LineSplitter.strings(bytes, from: start, count: 2)
    // The optional second line describes the database.
    if line == 2, strings.first == "meta" { return .header }
    return strings.first != "type" || strings.last == "structures" ? .record : .header
  }

  // The first strings of an object, for as long as they are short and near its beginning.
  private static func strings(_ bytes: UnsafeRawBufferPointer, from start: Int, count: Int) -> [String] {
    let quote = UInt8(ascii: "\"")
    let head = bytes[start..<min(bytes.count, start + 96)]
    var strings: [String] = []
    guard head.first == UInt8(ascii: "{") else { return [] }
    var rest = head
    while strings.count < count, let open = rest.firstIndex(of: quote),
      let close = rest[(open + 1)...].firstIndex(of: quote)
    {
      strings.append(String(decoding: rest[(open + 1)..<close], as: UTF8.self))
      rest = rest[(close + 1)...]
    }
    return strings
  }
}
