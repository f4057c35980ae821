import Crystal

/// Where species and positions stand in the atom lines of an extended XYZ frame.
struct FrameColumns {
  /// Column of the element symbol; nil where atoms are given by their numbers alone.
  private let species: Int?
  /// Column of the atomic number, where there is one.
  private let number: Int?
  /// Column of the position's first component.
  private let position: Int
  /// Number of columns of each line; nil where it is not said.
  private let count: Int?

  /// Symbol and position, whatever follows.
  static let plain = FrameColumns(species: 0, number: nil, position: 1, count: nil)

  private init(species: Int?, number: Int?, position: Int, count: Int?) {
    self.species = species
    self.number = number
    self.position = position
    self.count = count
  }

  /// The columns that `Properties` names: triplets of a name, a type (S, I, R or L) and a number of columns.
  ///
  /// - Throws: `.unreadable` where it is no such list, or names no species (or atomic numbers) or no positions.
  init(properties text: String) throws(RecordError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count % 3 == 0 else { throw FrameColumns.notTriplets }
    var species: Int?
    var number: Int?
    var position: Int?
    var column = 0
    // Of two columns of one meaning nothing says which is meant.
    func note(_ column: Int, in place: inout Int?, _ name: Substring) throws(RecordError) {
      guard place == nil else {
        throw RecordError(
          reason: .unreadable,
          message: "Properties names two columns that mean the same, '\(name)' the second"
        )
      }
      place = column
    }
    for start in stride(from: 0, to: parts.count, by: 3) {
      guard let width = Int(parts[start + 2]), width > 0, width < 1000,
        ["S", "I", "R", "L"].contains(parts[start + 1].uppercased())
      else { throw FrameColumns.notTriplets }
      switch (parts[start].lowercased(), parts[start + 1].uppercased(), width) {
      case ("species", "S", 1), ("element", "S", 1), ("symbol", "S", 1), ("symbols", "S", 1):
        try note(column, in: &species, parts[start])
      case ("z", "I", 1), ("numbers", "I", 1): try note(column, in: &number, parts[start])
      case ("pos", "R", 3), ("positions", "R", 3), ("pos", "I", 3), ("positions", "I", 3):
        try note(column, in: &position, parts[start])
      default: break
      }
      column += width
    }
    guard species != nil || number != nil else {
      throw RecordError(reason: .unreadable, message: "Properties names neither species:S:1 nor Z:I:1")
    }
    guard let position else { throw RecordError(reason: .unreadable, message: "Properties names no pos:R:3") }
    self.init(species: species, number: number, position: position, count: column)
  }

  private static let notTriplets = RecordError(
    reason: .unreadable, message: "Properties is not a list of name:type:columns with the types S, I, R and L"
  )

  /// The species and the Cartesian position (Å) of an atom line.
  func read(
    _ line: UnsafeRawBufferPointer, site: Int
  ) throws(RecordError) -> (Species, SIMD3<Double>) {
    var fields = TextFields(line)
    var named: Species?
    var numbered: Element?
    var point: SIMD3<Double>?
    var column = 0
    let last = max(species ?? 0, number ?? 0, position + 2)
    while column <= last {
      if column == position {
        point = try vector(&fields, site: site)
        column += 3
        continue
      }
      guard let field = fields.next() else {
        throw RecordError(reason: .unreadable, message: "the line of site \(site) has too few columns")
      }
      if column == species { named = try symbol(field, site: site) }
      if column == number { numbered = try element(numbered: field, site: site) }
      column += 1
    }
    if let count { try check(&fields, read: column, of: count, site: site) }
    guard let point, let species = named ?? numbered.map({ Species(element: $0) }) else {
      preconditionFailure("both were found")
    }
    if let numbered, numbered != species.element {
      throw RecordError(
        reason: .unreadable,
        message: "site \(site) is \(species.element) by its symbol and \(numbered) by its atomic number")
    }
    return (species, point)
  }

  // A line that was cut may end within a number: it shows by the columns that are missing.
  private func check(
    _ fields: inout TextFields, read: Int, of count: Int, site: Int
  ) throws(RecordError) {
    var found = read
    while fields.next() != nil { found += 1 }
    guard found != count else { return }
    throw RecordError(
      reason: .unreadable,
      message: "the line of site \(site) has \(found) columns where Properties says \(count)")
  }

  private func vector(_ fields: inout TextFields, site: Int) throws(RecordError) -> SIMD3<Double> {
    guard let vector = fields.vector() else {
      throw RecordError(reason: .unreadable, message: "the position of site \(site) needs three numbers")
    }
    return vector
  }

  private func symbol(_ field: UnsafeRawBufferPointer, site: Int) throws(RecordError) -> Species {
    if let found = Species(text: field) { return found }
    let name = String(decoding: field.prefix(24), as: UTF8.self)
    throw RecordError(reason: .unknownElement, message: "site \(site): no element named '\(name)'")
  }

  private func element(numbered field: UnsafeRawBufferPointer, site: Int) throws(RecordError) -> Element {
    if let value = TextLines.wholeNumber(field), let number = UInt8(exactly: value),
      let element = Element(rawValue: number)
    {
      return element
    }
    let name = String(decoding: field.prefix(24), as: UTF8.self)
    throw RecordError(reason: .unknownElement, message: "site \(site): no element has the number '\(name)'")
  }
}
