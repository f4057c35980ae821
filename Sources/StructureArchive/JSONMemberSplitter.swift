import Crystal

/// The members of a JSON object that are crystals, each a record under its key; the text is never held whole.
final class JSONMemberSplitter: RecordSplitter {
  /// What is known about the object.
  struct Document {
    /// Whether its members are crystals listed by id: then each is a record, whatever comes of it.
    let isListedByID: Bool
    /// Whether it holds one crystal.
    let holdsOne: Bool
    /// Keys of further crystals that are no records.
    let passedOver: [String]
  }

  private let context: SplitterContext
  private let document: Document
  private var number = 0
  private var isInside = false
  private var ended = false

  /// A splitter that starts at the object's opening brace.
  init(_ context: SplitterContext, _ document: Document) {
    self.context = context
    self.document = document
  }

  var count: Int { number }

  func resume(offset: Int, count: Int) {
    number = count
    isInside = count > 0
    context.window.skip(to: offset)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    while !ended {
      switch try firstByte() {
      case UInt8(ascii: "}"):
        ended = true
        guard window.holdsOnlyBlanks(after: 1) else {
          throw fault("the document ends, but the text goes on")
        }
        window.drain()
        if let failure = window.failure { throw failure }
      case UInt8(ascii: "\""): if let piece = try member() { return piece }
      case UInt8(ascii: "{") where !isInside:
        isInside = true
        window.consume(1)
      case UInt8(ascii: ","): window.consume(1)
      case let byte where TextLines.isBlank(byte): window.consume(1)
      default: throw fault("no key stands where one should")
      }
    }
    return nil
  }

  private func firstByte() throws(ArchiveError) -> UInt8 {
    guard context.window.count > 0 || context.window.fill() else {
      ended = true
      throw context.truncation
    }
    return context.window.base[0]
  }

  private func fault(_ detail: String) -> ArchiveError {
    ended = true
    let offset = context.window.offset
    context.window.drain()
    return context.window.failure
      ?? .damaged(archive: context.archive, member: context.member, byteOffset: offset, detail: detail)
  }

  // Passes over the member whose key begins the window; gives it where it is a record.
  private func member() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    guard let keyLength = try valueLength() else { throw fault("a key is longer than a record may be") }
    let key = String(decoding: window.bytes[1..<(keyLength - 1)], as: UTF8.self)
    window.consume(keyLength)
    while TextLines.isBlank(try firstByte()) { window.consume(1) }
    guard try firstByte() == UInt8(ascii: ":") else {
      throw fault("no value follows the key '\(key.prefix(48))'")
    }
    window.consume(1)
    while TextLines.isBlank(try firstByte()) { window.consume(1) }
    let offset = window.offset
    let isObject = try firstByte() == UInt8(ascii: "{")
    let length = try valueLength()
    defer { window.consume(length ?? 0) }
    guard isObject else { return nil }
    if let length, !document.isListedByID {
      guard case .crystal = JSONShape(UnsafeRawBufferPointer(rebasing: window.bytes[..<length])) else {
        return nil
      }
    }
    number += 1
    let ownNumber = document.holdsOne ? nil : number
    var piece =
      length.map {
        RecordPiece(bytes: window.copy($0), offset: offset, format: .json, failure: nil, number: ownNumber)
      } ?? context.tooLarge(offset: offset, format: .json, number: ownNumber)
    piece.name = name(key)
    if number == 1 { piece.passedOver = document.passedOver }
    return piece
  }

  private func name(_ key: String) -> RecordName? {
    let shown = MemberName.shown(key, longest: context.limits.longestName)
    let name = document.isListedByID ? RecordName(key: shown) : .part(shown)
    if document.holdsOne, case .part = name { return nil }
    return name
  }

  // Length of the value that begins the window; nil where it is beyond the limit, and has been passed over.
  private func valueLength() throws(ArchiveError) -> Int? {
    let window = context.window
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
      guard window.fill() else {
        ended = true
        throw context.truncation
      }
    }
  }

  private func scalarEnd(from start: Int) -> JSONScanner.Result {
    let text = context.window.bytes
    let end = text[start...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") || $0 == 10 }
    return end.map { .end($0) } ?? .more
  }
}
