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
  private let cursor: JSONCursor
  private var number = 0
  private var isInside = false
  private var ended = false

  /// A splitter that starts at the object's opening brace.
  init(_ context: SplitterContext, _ document: Document) {
    self.context = context
    self.document = document
    cursor = JSONCursor(context)
  }

  var count: Int { number }

  func resume(offset: Int, count: Int) {
    number = count
    isInside = count > 0
    context.window.skip(to: offset)
  }

  func next() throws(ArchiveError) -> RecordPiece? {
    guard !ended else { return nil }
    // Set again where a record comes out.
    ended = true
    let window = context.window
    while true {
      switch try cursor.firstByte() {
      case UInt8(ascii: "}"):
        guard window.holdsOnlyBlanks(after: 1) else {
          throw cursor.fault("the document ends, but the text goes on")
        }
        window.drain()
        if let failure = window.failure { throw failure }
        return nil
      case UInt8(ascii: "\""):
        guard let piece = try member() else { continue }
        ended = false
        return piece
      case UInt8(ascii: "{") where !isInside:
        isInside = true
        window.consume(1)
      case UInt8(ascii: ","): window.consume(1)
      case let byte where TextLines.isBlank(byte): window.consume(1)
      default: throw cursor.fault("no key stands where one should")
      }
    }
  }

  // Passes over the member whose key begins the window; gives it where it is a record.
  private func member() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    let key = try cursor.key()
    let offset = window.offset
    let isObject = try cursor.firstByte() == UInt8(ascii: "{")
    let length = try cursor.valueLength()
    defer { window.consume(length ?? 0) }
    guard isObject else { return nil }
    if let length, !document.isListedByID {
      let value = UnsafeRawBufferPointer(rebasing: window.bytes[..<length])
      guard case .crystal = JSONShape(value) else { return nil }
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
}
