/// Goes through the members of a JSON object in a window, releasing what it has passed.
struct JSONCursor {
  private let context: SplitterContext

  init(_ context: SplitterContext) { self.context = context }

  private var window: ByteWindow { context.window }

  /// The byte at the window's beginning.
  ///
  /// - Throws: where there is none.
  func firstByte() throws(ArchiveError) -> UInt8 {
    guard window.count > 0 || window.fill() else { throw context.truncation }
    return window.base[0]
  }

  /// Passes over the key that begins the window and its colon; gives it without quotes, escapes left as they are.
  func key() throws(ArchiveError) -> String {
    guard let length = try valueLength() else { throw fault("a key is longer than a record may be") }
    let key = String(decoding: window.bytes[1..<(length - 1)], as: UTF8.self)
    window.consume(length)
    while TextLines.isBlank(try firstByte()) { window.consume(1) }
    guard try firstByte() == UInt8(ascii: ":") else {
      throw fault("no value follows the key '\(key.prefix(48))'")
    }
    window.consume(1)
    while TextLines.isBlank(try firstByte()) { window.consume(1) }
    return key
  }

  /// Length of the value that begins the window; nil where it is beyond the limit on records, and has been passed over.
  func valueLength() throws(ArchiveError) -> Int? {
    var scanner = JSONScanner()
    var position = 0
    var isLarge = false
    let first = try firstByte()
    let isScalar = first != UInt8(ascii: "{") && first != UInt8(ascii: "[") && first != UInt8(ascii: "\"")
    while true {
      switch isScalar ? scalarEnd(from: position) : scanner.scan(window.bytes, from: position) {
      case .end(let end) where isLarge || end > context.limits.largestRecord:
        window.consume(end)
        return nil
      case .end(let end): return end
      case .damaged: throw fault("brackets or quotes do not match")
      case .more: position = window.count
      }
      if position > context.limits.largestRecord {
        isLarge = true
        window.consume(position)
        position = 0
      }
      guard window.fill() else { throw context.truncation }
    }
  }

  private func scalarEnd(from start: Int) -> JSONScanner.Result {
    let end = window.bytes[start...].firstIndex { byte in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte == 10
    }
    return end.map { .end($0) } ?? .more
  }

  /// The error of a text that is no JSON at the window's beginning; the rest of the stream is passed over.
  func fault(_ detail: String) -> ArchiveError {
    let offset = window.offset
    window.drain()
    return window.failure
      ?? .damaged(archive: context.archive, member: context.member, byteOffset: offset, detail: detail)
  }
}
