import Crystal

/// A member of no known form: one record, which is no structure.
final class WholeSplitter: RecordSplitter {
  private let context: SplitterContext
  private var ended = false

  init(_ context: SplitterContext) { self.context = context }

  var count: Int { ended ? 1 : 0 }

  func resume(offset: Int, count: Int) {
    ended = count > 0
    context.window.skip(to: offset)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    guard !ended else { return nil }
    ended = true
    while window.count <= context.limits.largestRecord, window.fill() {}
    let isLarge = window.count > context.limits.largestRecord
    if isLarge { window.drain() }
    if let failure = window.failure { throw failure }
    if isLarge { return context.tooLarge(offset: 0, format: .unknown, number: nil) }
    defer { window.consume(window.count) }
    return RecordPiece(
      bytes: window.copy(window.count), offset: 0, format: .unknown, failure: emptiness, number: nil)
  }

  // Why there is nothing to read at all.
  private var emptiness: RecordError? {
    let bytes = context.window.bytes
    let message: String
    if bytes.isEmpty {
      message = "the file is empty"
    } else if bytes.allSatisfy(TextLines.isBlank) {
      message = "the file holds nothing but blanks"
    } else if bytes.allSatisfy({ $0 == 0 }) {
      message = "the file holds nothing but zero bytes"
    } else {
      return nil
    }
    return RecordError(reason: .unreadable, message: message)
  }
}
