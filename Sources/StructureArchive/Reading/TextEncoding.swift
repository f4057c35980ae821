/// How a text's byte order mark says that its characters are encoded.
///
/// All readers of this package read UTF-8 without a mark; what begins with one is brought to that form where a file or
/// member is opened.
public enum TextEncoding: Hashable, Sendable {
  /// UTF-8 with a mark, which some programs write.
  case utf8
  /// UTF-16, low or high byte first.
  case utf16(isBigEndian: Bool)
  /// UTF-32, low or high byte first.
  case utf32(isBigEndian: Bool)

  /// The encoding that the mark at the beginning of `bytes` names; nil where there is none.
  public init?(mark bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      self = .utf8
    } else if bytes.starts(with: [0xFF, 0xFE, 0, 0]) {
      self = .utf32(isBigEndian: false)
    } else if bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
      self = .utf32(isBigEndian: true)
    } else if bytes.starts(with: [0xFF, 0xFE]) {
      self = .utf16(isBigEndian: false)
    } else if bytes.starts(with: [0xFE, 0xFF]) {
      self = .utf16(isBigEndian: true)
    } else {
      return nil
    }
  }

  /// Number of bytes that must be seen to tell the marks apart.
  static let longestMark = 4

  /// Number of bytes of the mark.
  public var markLength: Int {
    switch self {
    case .utf8: 3
    case .utf16: 2
    case .utf32: 4
    }
  }

  /// Name for people.
  public var name: String {
    switch self {
    case .utf8: "UTF-8"
    case .utf16: "UTF-16"
    case .utf32: "UTF-32"
    }
  }

  /// A text as UTF-8 without a mark; as it is where it begins with none.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - file: names it in errors.
  /// - Throws: `ArchiveError.damaged` where they are not in the encoding that their mark names, `.truncated` where they
  ///   end within a character.
  public static func plainText(_ bytes: [UInt8], of file: String) throws(ArchiveError) -> [UInt8] {
    guard let encoding = bytes.withUnsafeBytes({ TextEncoding(mark: $0) }) else { return bytes }
    if encoding == .utf8 { return Array(bytes.dropFirst(3)) }
    var transcoder = Transcoder(encoding)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    var fault: String?
    bytes.withUnsafeBytes { all in
      let content = UnsafeRawBufferPointer(rebasing: all[encoding.markLength...])
      fault = transcoder.append(content, to: &text)
    }
    if let fault { throw .damaged(archive: file, member: file, byteOffset: text.count, detail: fault) }
    guard transcoder.isBetweenCharacters else {
      throw .truncated(archive: file, member: file, byteOffset: text.count)
    }
    return text
  }
}

/// Turns UTF-16 or UTF-32 into UTF-8, in whatever pieces it comes.
struct Transcoder {
  private let encoding: TextEncoding
  // The bytes of a character that has begun, at most 4.
  private var begun: UInt32 = 0
  private var begunCount = 0
  // The first half of a pair of UTF-16 units.
  private var highHalf: UInt32?

  init(_ encoding: TextEncoding) { self.encoding = encoding }

  /// Whether the text may end here.
  var isBetweenCharacters: Bool { begunCount == 0 && highHalf == nil }

  /// Appends the characters of `bytes` to `text`; what is wrong where something is, after what precedes it.
  mutating func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) -> String? {
    let (width, isBigEndian) =
      switch encoding {
      case .utf8: (1, true)
      case .utf16(let isBigEndian): (2, isBigEndian)
      case .utf32(let isBigEndian): (4, isBigEndian)
      }
    if width == 1 {
      text.append(contentsOf: bytes)
      return nil
    }
    for byte in bytes {
      begun = isBigEndian ? begun << 8 | UInt32(byte) : begun | UInt32(byte) << UInt32(8 * begunCount)
      begunCount += 1
      guard begunCount == width else { continue }
      let unit = begun
      (begun, begunCount) = (0, 0)
      guard let value = character(unit) else { continue }
      guard let scalar = Unicode.Scalar(value) else {
        return "the bytes are no \(encoding.name), which their byte order mark names"
      }
      if value < 128 { text.append(UInt8(value)) } else { text.append(contentsOf: String(scalar).utf8) }
    }
    return nil
  }

  // The character that `unit` completes; nil where it is the first half of one, a surrogate where it is no half of a
  // pair.
  private mutating func character(_ unit: UInt32) -> UInt32? {
    guard case .utf16 = encoding else { return unit }
    if let high = highHalf {
      highHalf = nil
      guard unit & 0xFC00 == 0xDC00 else { return high }
      return 0x10000 + (high & 0x3FF) << 10 + unit & 0x3FF
    }
    guard unit & 0xFC00 == 0xD800 else { return unit }
    highHalf = unit
    return nil
  }
}

/// A stream of UTF-8 without a mark, made of one that begins with a mark.
final class TranscodedSource: ByteSource {
  private let source: any ByteSource
  private let encoding: TextEncoding
  private let archive: String
  private var transcoder: Transcoder
  private var markLeft: Int
  private var text: [UInt8] = []
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
  private var given = 0
  private var produced = 0
  private var failure: ArchiveError?

  /// The text of `source`, which begins with the mark of `encoding`; `archive` names it in errors.
  init(_ source: any ByteSource, _ encoding: TextEncoding, archive: String) {
    self.source = source
    self.encoding = encoding
    self.archive = archive
    transcoder = Transcoder(encoding)
    markLeft = encoding.markLength
  }

  deinit { output.deallocate() }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    while given == text.count {
      if let failure { throw failure }
      guard let chunk = try source.nextChunk() else {
        guard transcoder.isBetweenCharacters else {
          throw .truncated(archive: archive, member: archive, byteOffset: produced)
        }
        return nil
      }
      let content = UnsafeRawBufferPointer(rebasing: chunk.dropFirst(markLeft))
      markLeft -= chunk.count - content.count
      guard !content.isEmpty else { continue }
      if encoding == .utf8 { return content }
      text.removeAll(keepingCapacity: true)
      given = 0
      if let fault = transcoder.append(content, to: &text) {
        failure = .damaged(
          archive: archive, member: archive, byteOffset: produced + text.count, detail: fault)
      }
      produced += text.count
    }
    let count = min(output.count, text.count - given)
    output.copyBytes(from: text[given..<(given + count)])
    given += count
    return UnsafeRawBufferPointer(rebasing: output[..<count])
  }

  func skip(_ count: Int) throws(ArchiveError) -> Int {
    // Only where the bytes stay as they are their number is known beforehand.
    encoding == .utf8 && markLeft == 0 ? try source.skip(count) : 0
  }
}
