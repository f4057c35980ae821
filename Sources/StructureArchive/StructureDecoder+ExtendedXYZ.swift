import Crystal

extension StructureDecoder {
  /// One frame of extended XYZ: Cartesian positions (Å), the cell in `Lattice`, other numbers of the comment line as
  /// properties, its `id` (or `material_id`, `mat_id`, `entry_id`) as the id.
  func decodeExtendedXYZ(_ record: ArchiveRecord) throws(RecordError) -> DecodedRecord {
    do {
      return try record.bytes.withUnsafeBytes { bytes in
        try decode(frame: bytes, of: record)
      }
    } catch let error as RecordError {
      throw error
    } catch {
      throw RecordError(reason: .unreadable, message: "\(error)")
    }
  }

  private func decode(
    frame bytes: UnsafeRawBufferPointer, of record: ArchiveRecord
  ) throws(RecordError) -> DecodedRecord {
    var lines = TextLines(bytes)
    guard let header = lines.next(), let count = TextLines.wholeNumber(header), let comment = lines.next()
    else {
      throw RecordError(
        reason: .unreadable, message: "a frame starts with its number of atoms and a comment line")
    }
    guard count <= largestSiteCount else {
      throw RecordError(reason: .tooManySites, message: "\(count) sites in the cell")
    }
    let fields = FrameComment(comment)
    guard let rows = fields.lattice else {
      throw RecordError(reason: .notACrystal, message: "the comment line has no Lattice of nine numbers")
    }
    let columns = try fields.columns()
    var elements: [Element] = []
    var positions: [SIMD3<Double>] = []
    elements.reserveCapacity(count)
    positions.reserveCapacity(count)
    for site in 0..<count {
      guard let line = lines.next() else {
        throw RecordError(reason: .truncated, message: "\(site) of \(count) atoms", byteOffset: bytes.count)
      }
      let (element, point) = try columns.read(line, site: site)
      elements.append(element)
      positions.append(point)
    }
    let structure = try makeStructure(
      lattice: (rows[0], rows[1], rows[2]), elements: elements, positions: positions, areCartesian: true)
    var values: [String: Double] = [:]
    for name in takesAllProperties ? fields.keys : properties {
      if let value = fields.number(name), value.isFinite { values[name] = value }
    }
    return DecodedRecord(
      id: fields.id ?? record.defaultID, structure: structure, properties: values, form: .extendedXYZ)
  }
}

/// The key=value pairs of a frame's comment line.
private struct FrameComment {
  private var pairs: [(key: String, value: UnsafeRawBufferPointer)] = []

  init(_ line: UnsafeRawBufferPointer) {
    var position = 0
    while position < line.count {
      while position < line.count, TextLines.isBlank(line[position]) { position += 1 }
      let start = position
      while position < line.count, line[position] != UInt8(ascii: "="), !TextLines.isBlank(line[position]) {
        position += 1
      }
      guard position < line.count, line[position] == UInt8(ascii: "=") else { continue }
      let key = String(decoding: line[start..<position], as: UTF8.self)
      position += 1
      let value = FrameComment.value(line, &position)
      pairs.append((key, value))
    }
  }

  // A value ends at a blank, or at the closing quote or bracket of one that opens with such.
  private static func value(_ line: UnsafeRawBufferPointer, _ position: inout Int) -> UnsafeRawBufferPointer {
    guard position < line.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let closers: [UInt8: UInt8] = [34: 34, 39: 39, 123: 125, 91: 93]
    let close = closers[line[position]]
    if close != nil { position += 1 }
    let start = position
    var depth = 1
    while position < line.count {
      let byte = line[position]
      if let close {
        if byte == 91, close == 93 { depth += 1 }
        if byte == close { depth -= 1 }
        if depth == 0 { break }
      } else if TextLines.isBlank(byte) {
        break
      }
      position += 1
    }
    let value = UnsafeRawBufferPointer(rebasing: line[start..<position])
    position += 1
    return value
  }

  /// The keys in their order.
  var keys: [String] { pairs.map(\.key) }

  private func value(_ key: String) -> UnsafeRawBufferPointer? { pairs.first { $0.key == key }?.value }

  /// Rows a, b, c of the cell (Å), from nine numbers.
  var lattice: [SIMD3<Double>]? {
    guard let text = pairs.first(where: { $0.key.lowercased() == "lattice" })?.value else { return nil }
    // Also the form of a list of lists: brackets and commas separate like blanks.
    let plain = text.map { byte in byte == 91 || byte == 93 || byte == 44 ? UInt8(32) : byte }
    return plain.withUnsafeBytes { bytes in
      var fields = TextFields(bytes)
      guard let a = fields.vector(), let b = fields.vector(), let c = fields.vector() else { return nil }
      return fields.next() == nil ? [a, b, c] : nil
    }
  }

  /// The id the frame gives itself.
  var id: String? {
    for key in ["id", "material_id", "mat_id", "entry_id"] {
      if let value = value(key), !value.isEmpty { return String(decoding: value, as: UTF8.self) }
    }
    return nil
  }

  /// The value of `key` where it is one number.
  func number(_ key: String) -> Double? {
    guard let value = value(key) else { return nil }
    var fields = TextFields(value)
    guard let number = fields.number(), fields.next() == nil else { return nil }
    return number
  }

  /// Where species and positions stand in an atom line.
  func columns() throws(RecordError) -> AtomColumns {
    guard let text = value("Properties") ?? value("properties") else {
      return AtomColumns(species: 0, position: 1)
    }
    let parts = String(decoding: text, as: UTF8.self).split(separator: ":", omittingEmptySubsequences: false)
    var species: Int?
    var position: Int?
    var column = 0
    for start in stride(from: 0, to: parts.count - 2, by: 3) {
      guard let width = Int(parts[start + 2]), width > 0, width < 1000 else { break }
      let name = parts[start].lowercased()
      if name == "species" || name == "element" || name == "symbol", width == 1 { species = column }
      if name == "pos" || name == "positions", width == 3 { position = column }
      column += width
    }
    guard let species, let position else {
      throw RecordError(
        reason: .unreadable, message: "Properties names no species of one column and pos of three")
    }
    return AtomColumns(species: species, position: position)
  }
}

/// Where species and positions stand in an atom line.
private struct AtomColumns {
  let species: Int
  let position: Int

  func read(
    _ line: UnsafeRawBufferPointer, site: Int
  ) throws(RecordError) -> (Element, SIMD3<Double>) {
    var fields = TextFields(line)
    var element: Element?
    var point: SIMD3<Double>?
    var column = 0
    while element == nil || point == nil {
      if column == position {
        guard let vector = fields.vector() else {
          throw RecordError(reason: .unreadable, message: "the position of site \(site) needs three numbers")
        }
        point = vector
        column += 3
        continue
      }
      guard let field = fields.next() else {
        throw RecordError(reason: .unreadable, message: "the line of site \(site) has too few columns")
      }
      if column == species {
        guard let found = Element(speciesText: field) else {
          let name = String(decoding: field.prefix(24), as: UTF8.self)
          throw RecordError(reason: .unknownElement, message: "site \(site): no element named '\(name)'")
        }
        element = found
      }
      column += 1
    }
    guard let element, let point else { preconditionFailure("both were found") }
    return (element, point)
  }
}
