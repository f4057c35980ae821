import Crystal

/// A member that is one record.
final class WholeSplitter: RecordSplitter {
  private let context: SplitterContext
  private let format: RecordFormat?
  private var ended = false

  /// A splitter that yields the whole member in the given form, or nothing where `format` is nil.
  init(_ context: SplitterContext, format: RecordFormat?) {
    self.context = context
    self.format = format
  }

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
    guard let format else { return nil }
    if isLarge { return context.tooLarge(offset: 0, format: format, number: nil) }
    defer { window.consume(window.count) }
    return RecordPiece(
      bytes: window.copy(window.count), offset: 0, format: format, failure: nil, number: nil)
  }
}
