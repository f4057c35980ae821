import Crystal

/// The comment line of an extended XYZ frame, by the grammar that libAtoms publishes: `key=value` with blanks around the
/// sign, or `key` alone for true; keys and values bare, quoted with backslash escapes, or lists in brackets.
struct FrameComment {
  private enum Value {
    /// A bare or quoted text, escapes resolved; nil for a key alone.
    case text([UInt8]?)
    /// What stands between the brackets of a list, as it is.
    case list([UInt8])

    /// The bytes with all that separates the items of a list made blank.
    var items: [UInt8] {
      switch self {
      case .text(let bytes): bytes ?? [UInt8(ascii: "T")]
      case .list(let bytes): bytes.map { [91, 93, 44, 123, 125].contains($0) ? 32 : $0 }
      }
    }
  }

  private var pairs: [(key: String, value: Value, text: [UInt8])] = []

  /// - Throws: `.unreadable` for a quote or bracket that is not closed.
  init(_ line: UnsafeRawBufferPointer) throws(RecordError) {
    var position = 0
    FrameComment.skipBlanks(line, &position)
    while position < line.count {
      let key = try FrameComment.key(line, &position)
      FrameComment.skipBlanks(line, &position)
      var value = Value.text(nil)
      let start = position
      if position < line.count, line[position] == UInt8(ascii: "=") {
        position += 1
        FrameComment.skipBlanks(line, &position)
        value = try FrameComment.value(line, &position, of: key)
        FrameComment.skipBlanks(line, &position)
      }
      if !key.isEmpty { pairs.append((key, value, Array(line[start..<position]))) }
    }
  }

  /// The keys in their order, each once.
  var keys: [String] {
    var seen: Set<String> = []
    return pairs.map(\.key).filter { seen.insert($0).inserted }
  }

  // The value under one of `keys`, which are spellings of one. Given twice with different values it says nothing for
  // certain.
  private func value(_ keys: String...) throws(RecordError) -> Value? {
    guard let first = pairs.first(where: { keys.contains($0.key) }) else { return nil }
    guard pairs.allSatisfy({ !keys.contains($0.key) || $0.text == first.text }) else {
      throw RecordError(
        reason: .unreadable, message: "the comment line gives '\(first.key)' twice, with different values")
    }
    return first.value
  }

  /// Rows a, b, c of the cell (Å), from nine numbers or three of a right-angled cell; nil where there is none.
  func lattice() throws(RecordError) -> [SIMD3<Double>]? {
    guard let value = try value("Lattice", "lattice", "LATTICE") else { return nil }
    let numbers: [Double]? = value.items.withUnsafeBytes { bytes in
      var fields = TextFields(bytes)
      var numbers: [Double] = []
      while let number = fields.number() { numbers.append(number) }
      return fields.next() == nil ? numbers : nil
    }
    switch numbers?.count {
    case 9:
      guard let n = numbers else { break }
      return [SIMD3(n[0], n[1], n[2]), SIMD3(n[3], n[4], n[5]), SIMD3(n[6], n[7], n[8])]
    case 3:
      guard let n = numbers else { break }
      return [SIMD3(n[0], 0, 0), SIMD3(0, n[1], 0), SIMD3(0, 0, n[2])]
    default: break
    }
    throw RecordError(
      reason: .notACrystal, message: "Lattice in the comment line is not nine numbers, or three")
  }

  /// Along which lattice vectors the frame repeats; nil where it does not say.
  func periodicity() throws(RecordError) -> Periodicity? {
    guard let value = try value("pbc", "PBC") else { return nil }
    let words = String(decoding: value.items, as: UTF8.self).split { $0 == " " || $0 == "\t" }
    let flags = words.compactMap { word -> Bool? in
      switch word.trimmed(of: "\"").lowercased() {
      case "t", "true", "1": true
      case "f", "false", "0": false
      default: nil
      }
    }
    guard flags.count == words.count, flags.count == 3 || flags.count == 1 else {
      throw RecordError(
        reason: .unreadable, message: "pbc in the comment line is not three times true or false")
    }
    return Periodicity(along: flags.count == 3 ? flags : [flags[0], flags[0], flags[0]])
  }

  /// The id the frame gives itself.
  func id() throws(RecordError) -> String? {
    for key in ["id", "material_id", "mat_id", "entry_id"] {
      if case .text(let bytes?)? = try value(key), !bytes.isEmpty {
        return String(decoding: bytes, as: UTF8.self)
      }
    }
    return nil
  }

  /// The value of `key` where it is one number.
  func number(_ key: String) throws(RecordError) -> Double? {
    guard let value = try value(key) else { return nil }
    return value.items.withUnsafeBytes { bytes in
      var fields = TextFields(bytes)
      guard let number = fields.number(), fields.next() == nil else { return nil }
      return number
    }
  }

  /// Where species and positions stand in an atom line: by `Properties`, or else species and position.
  func columns() throws(RecordError) -> FrameColumns {
    guard let value = try value("Properties", "properties") else { return .plain }
    return try FrameColumns(properties: String(decoding: value.items, as: UTF8.self))
  }
}

extension FrameComment {
  private static func skipBlanks(_ line: UnsafeRawBufferPointer, _ position: inout Int) {
    while position < line.count, TextLines.isBlank(line[position]) { position += 1 }
  }

  private static func key(
    _ line: UnsafeRawBufferPointer, _ position: inout Int
  ) throws(RecordError) -> String {
    if isQuote(line[position]) {
      return String(decoding: try quoted(line, &position, of: "a key"), as: UTF8.self)
    }
    return String(
      decoding: bare(line, &position) { TextLines.isBlank($0) || $0 == UInt8(ascii: "=") }, as: UTF8.self)
  }

  private static func value(
    _ line: UnsafeRawBufferPointer, _ position: inout Int, of key: String
  ) throws(RecordError) -> Value {
    guard position < line.count else { return .text([]) }
    switch line[position] {
    case let byte where isQuote(byte): return .text(try quoted(line, &position, of: "the value of '\(key)'"))
    case UInt8(ascii: "["), UInt8(ascii: "{"): return .list(try list(line, &position, of: key))
    default: return .text(bare(line, &position, until: TextLines.isBlank))
    }
  }

  private static func isQuote(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
  }

  // A text without quotes; a backslash takes the next byte as it is.
  private static func bare(
    _ line: UnsafeRawBufferPointer, _ position: inout Int, until ends: (UInt8) -> Bool
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    while position < line.count, !ends(line[position]) {
      if line[position] == UInt8(ascii: "\\"), position + 1 < line.count { position += 1 }
      bytes.append(line[position])
      position += 1
    }
    return bytes
  }

  // A text in quotes, of which escapes are the next byte itself, or \n.
  private static func quoted(
    _ line: UnsafeRawBufferPointer, _ position: inout Int, of what: String
  ) throws(RecordError) -> [UInt8] {
    let quote = line[position]
    let start = position
    var bytes: [UInt8] = []
    position += 1
    while position < line.count, line[position] != quote {
      var byte = line[position]
      if byte == UInt8(ascii: "\\"), position + 1 < line.count {
        position += 1
        byte = line[position] == UInt8(ascii: "n") ? 10 : line[position]
      }
      bytes.append(byte)
      position += 1
    }
    guard position < line.count else {
      throw RecordError(
        reason: .unreadable, message: "in the comment line the quote of \(what) is not closed",
        byteOffset: start)
    }
    position += 1
    return bytes
  }

  // What stands between a bracket and the one that closes it; brackets in quotes do not count.
  private static func list(
    _ line: UnsafeRawBufferPointer, _ position: inout Int, of key: String
  ) throws(RecordError) -> [UInt8] {
    let start = position
    var depth = 0
    repeat {
      switch line[position] {
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case let byte where isQuote(byte):
        _ = try quoted(line, &position, of: "an item of '\(key)'")
        position -= 1
      default: break
      }
      position += 1
    } while depth > 0 && position < line.count
    guard depth == 0 else {
      throw RecordError(
        reason: .unreadable, message: "in the comment line the bracket of '\(key)' is not closed",
        byteOffset: start)
    }
    return Array(line[(start + 1)..<(position - 1)])
  }
}

extension Substring {
  fileprivate func trimmed(of character: Character) -> Substring {
    var text = self
    while text.first == character { text.removeFirst() }
    while text.last == character { text.removeLast() }
    return text
  }
}
