import Crystal

extension StructureDecoder {
  /// VASP's POSCAR: scale factor (negative: the volume; three: one for each Cartesian axis), lattice, symbols, counts,
  /// selective dynamics, direct or Cartesian coordinates.
  func decodePOSCAR(_ record: ArchiveRecord) throws(RecordError) -> DecodedRecord {
    do {
      let (structure, notes) = try record.bytes.withUnsafeBytes { bytes in
        try POSCARText(bytes, largestSiteCount: largestSiteCount).structure()
      }
      return DecodedRecord(
        id: record.defaultID, structure: structure, properties: [:], form: .poscar, notes: notes)
    } catch let error as RecordError {
      throw error
    } catch {
      throw RecordError(reason: .unreadable, message: "\(error)")
    }
  }
}

/// The text of a POSCAR file, read from top to bottom.
private struct POSCARText {
  private var lines: TextLines
  private let largestSiteCount: Int
  private var hasIsotopes = false

  init(_ bytes: UnsafeRawBufferPointer, largestSiteCount: Int) {
    lines = TextLines(bytes)
    self.largestSiteCount = largestSiteCount
  }

  func structure() throws(RecordError) -> (Structure, [ReadingNote]) {
    var text = self
    return (try text.read(), text.hasIsotopes ? [.isotopes] : [])
  }

  private mutating func read() throws(RecordError) -> Structure {
    _ = try line("the comment")
    let scales = try scaleFactors()
    var rows: [SIMD3<Double>] = []
    for _ in 0..<3 {
      var fields = TextFields(try line("a lattice row"))
      guard let row = fields.vector() else { throw unreadable("a lattice row needs three numbers") }
      rows.append(row)
    }
    let scale = try scaleVector(scales, rows)
    let elements = try species()
    passBlanksBeforeFrame()
    var mode = try firstLetter("the coordinate mode")
    let isSelective = mode == UInt8(ascii: "s")
    if isSelective { mode = try firstLetter("the coordinate mode") }
    // The format knows Cartesian by its first letter; any other word means direct.
    let isCartesian = mode == UInt8(ascii: "c") || mode == UInt8(ascii: "k")
    var positions: [SIMD3<Double>] = []
    positions.reserveCapacity(elements.count)
    for site in elements.indices {
      guard let line = lines.next() else {
        throw RecordError(
          reason: .truncated, message: "\(site) of \(elements.count) positions", byteOffset: lines.position)
      }
      var fields = TextFields(line)
      guard let point = fields.vector() else {
        throw unreadable("the position of site \(site) needs three numbers")
      }
      try check(&fields, isSelective: isSelective, names: elements[site], site: site)
      positions.append(isCartesian ? point * scale : point)
    }
    // Velocities follow a blank line or one that names their mode: numbers at once are positions that nothing counts.
    if let line = lines.next() {
      var fields = TextFields(line)
      if fields.vector() != nil {
        throw unreadable("more positions than the \(elements.count) that the counts of atoms add up to")
      }
    }
    return try makeStructure(
      lattice: (rows[0] * scale, rows[1] * scale, rows[2] * scale), elements: elements, positions: positions,
      areCartesian: isCartesian)
  }

  // Some writers of XDATCAR leave a line blank before the first frame.
  private mutating func passBlanksBeforeFrame() {
    var ahead = lines
    while let line = ahead.next(), line.allSatisfy(TextLines.isBlank) {
      var next = ahead
      if let frame = next.next(), POSCARSplitter.startsFrame(frame) { lines = ahead }
    }
  }

  // A symbol that some programs write behind a position, after its flags, is that of the header.
  private func check(
    _ fields: inout TextFields, isSelective: Bool, names element: Element, site: Int
  ) throws(RecordError) {
    if isSelective {
      for _ in 0..<3 { _ = fields.next() }
    }
    guard let text = fields.next(), fields.next() == nil, let letter = text.first, letter >= 65,
      letter <= 90, let named = Species(text: text)?.element, named != element
    else { return }
    throw unreadable("site \(site) is \(element) by the symbols and \(named) by the end of its line")
  }

  private mutating func scaleFactors() throws(RecordError) -> [Double] {
    var fields = TextFields(try line("the scale factor"))
    var factors: [Double] = []
    while factors.count < 3, let factor = fields.number() { factors.append(factor) }
    guard factors.count != 0 else { throw unreadable("the scale factor is no number") }
    guard factors.count != 2 else { throw unreadable("two scale factors, where one or three are expected") }
    // A remark may follow a single factor.
    return factors.count == 3 ? factors : [factors[0]]
  }

  private func scaleVector(
    _ factors: [Double], _ rows: [SIMD3<Double>]
  ) throws(RecordError) -> SIMD3<Double> {
    if factors.count == 3 {
      guard factors.allSatisfy({ $0 > 0 }) else { throw unreadable("three scale factors must be positive") }
      return SIMD3(factors[0], factors[1], factors[2])
    }
    if factors[0] > 0 { return SIMD3(repeating: factors[0]) }
    let volume = abs(dot(rows[0], cross(rows[1], rows[2])))
    guard factors[0] < 0, volume > 0 else {
      throw RecordError(reason: .notACrystal, message: "the scale factor or the cell's volume is zero")
    }
    return SIMD3(repeating: (-factors[0] / volume).cubeRoot)
  }

  private mutating func species() throws(RecordError) -> [Element] {
    var symbols: [Element] = []
    var numbers = TextFields(try line("the element symbols"))
    // Symbols, and then counts, may stand on several lines: the first number ends the symbols.
    while !numbers.startsWithDigit {
      guard !numbers.startsMode else {
        throw unreadable("the counts of atoms are missing before the coordinate mode")
      }
      let before = symbols.count
      while let field = numbers.next(), !POSCARText.startsRemark(field) {
        symbols.append(try element(field))
      }
      guard symbols.count > before else {
        throw unreadable("no element symbols on the line before the counts")
      }
      numbers = TextFields(try line("the counts of atoms"))
    }
    guard !symbols.isEmpty else {
      throw unreadable(
        "no element symbols before the counts: the VASP 4 form does not say what the atoms are")
    }
    var counts: [Int] = []
    while true {
      while let field = numbers.next(), let count = TextLines.wholeNumber(field) { counts.append(count) }
      guard counts.count < symbols.count else { break }
      numbers = TextFields(try line("the counts of atoms"))
      guard numbers.startsWithDigit else {
        throw unreadable("each element symbol needs a count of atoms: \(counts.count) for \(symbols.count)")
      }
    }
    guard counts.count == symbols.count else { throw unreadable("more counts of atoms than element symbols") }
    var elements: [Element] = []
    for (element, count) in zip(symbols, counts) {
      guard count <= largestSiteCount - elements.count else {
        throw RecordError(reason: .tooManySites, message: "more than \(largestSiteCount) sites")
      }
      elements += [Element](repeating: element, count: count)
    }
    return elements
  }

  private mutating func element(_ field: UnsafeRawBufferPointer) throws(RecordError) -> Element {
    guard let species = Species(text: field) else {
      let name = String(decoding: field.prefix(24), as: UTF8.self)
      throw RecordError(
        reason: .unknownElement, message: "no element named '\(name)'", byteOffset: lines.position)
    }
    if species.isIsotope { hasIsotopes = true }
    return species.element
  }

  private static func startsRemark(_ field: UnsafeRawBufferPointer) -> Bool {
    field.first == UInt8(ascii: "!") || field.first == UInt8(ascii: "#")
  }

  private mutating func line(_ what: String) throws(RecordError) -> UnsafeRawBufferPointer {
    guard let line = lines.next() else {
      throw RecordError(
        reason: .truncated, message: "the file ends before \(what)", byteOffset: lines.position)
    }
    return line
  }

  // The first letter of the next line, in lower case.
  private mutating func firstLetter(_ what: String) throws(RecordError) -> UInt8 {
    var fields = TextFields(try line(what))
    guard let letter = fields.next()?.first.map({ $0 | 0x20 }), letter >= 97, letter <= 122 else {
      throw unreadable("\(what) is missing: a line that begins with a letter, as Direct or Cartesian do")
    }
    return letter
  }

  private func unreadable(_ message: String) -> RecordError {
    RecordError(reason: .unreadable, message: message, byteOffset: lines.position)
  }
}

extension Double {
  /// The cube root of a positive number, by Newton's iteration.
  fileprivate var cubeRoot: Double {
    guard isFinite, self > 0 else { return self }
    // Start from the right power of two; each step then doubles the number of right digits.
    var x = Double(sign: .plus, exponent: Int(exponent) / 3, significand: 1)
    for _ in 0..<64 {
      let next = (2 * x + self / (x * x)) / 3
      if next == x { break }
      x = next
    }
    return x
  }
}

extension TextFields {
  /// Whether the next field is a word that names a mode of coordinates, as in "Direct configuration=".
  fileprivate var startsMode: Bool {
    var fields = self
    guard let word = fields.next() else { return false }
    return ["direct", "cartesian", "selective"].contains(String(decoding: word, as: UTF8.self).lowercased())
  }
}
