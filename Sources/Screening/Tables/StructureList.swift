internal import Crystal
internal import ScreeningStore
internal import StructureArchive
internal import TextFormats

/// A crystal of a list, to be looked up in the store.
struct ListedCrystal {
  let key: RecordKey
  let id: String
  let reading: [ReadingRule]
  /// Its space group, where one was found.
  let spaceGroup: SpaceGroup?
}

/// A list of crystals in a form that holds their structures. Cell, species and positions are the same in every form.
struct StructureList {
  struct Row {
    let crystal: ListedCrystal
    /// What the table says of it, by column.
    let values: [ExportedRow.Value]
  }

  private let format: RunExport.Format
  private let columns: [String]
  private let rows: [Row]

  init(_ format: RunExport.Format, columns: [String], rows: [Row]) {
    precondition(format.holdsStructures, "a form with structures")
    self.format = format
    self.columns = columns
    self.rows = rows
  }

  /// Writes the list.
  ///
  /// - Returns: number of crystals.
  /// - Throws: `ScreeningError` where the store lacks structures, after the others have been written; `ArchiveError`.
  func write(_ store: RunStore, to path: String) throws -> Int {
    var count = 0
    switch format {
    case .cif:
      let archive = try StructureFileArchive(path: path)
      try forEachStructure(of: store) { row, structure in
        try archive.append(
          id: row.crystal.id, structure: structure, reading: row.crystal.reading,
          spaceGroup: row.crystal.spaceGroup)
        count += 1
      }
      try archive.finish()
    case .poscar: count = try writePOSCARs(store, to: path)
    case .extxyz:
      let writer = try LineWriter(path: path)
      try forEachStructure(of: store) { row, structure in
        try writer.append(extendedXYZText(structure: structure, values: frameValues(row)))
        count += 1
      }
      try writer.finish()
    case .optimade:
      let writer = try LineWriter(path: path)
      for line in OptimadeList.header(columns) { try writer.append(line.compactText) }
      var names = UniqueNames()
      try forEachStructure(of: store) { row, structure in
        let id = names.unique(row.crystal.id)
        let entry = OptimadeList.entry(
          id: id, structure, spaceGroup: row.crystal.spaceGroup, columns, row.values)
        try writer.append(entry.compactText)
        count += 1
      }
      try writer.finish()
    case .csv, .jsonl: break
    }
    guard count == rows.count else {
      throw ScreeningError.invalid(
        "\(rows.count - count) of \(rows.count) structures are not in the store (store.structures was false); "
          + "\(path) holds the other \(count)")
    }
    return count
  }

  private func forEachStructure(of store: RunStore, _ body: (Row, Structure) throws -> Void) throws {
    for row in rows {
      guard let structure = try store.structure(of: row.crystal.key) else { continue }
      try body(row, structure)
    }
  }

  /// Members `0001_id.vasp`, numbered by rank so that a folder lists them in order and each finds its line in the table.
  private func writePOSCARs(_ store: RunStore, to path: String) throws -> Int {
    let archive = try StructureFileArchive(path: path)
    let width = max(4, "\(rows.count)".count)
    var count = 0
    for (position, row) in rows.enumerated() {
      guard let structure = try store.structure(of: row.crystal.key) else { continue }
      count += 1
      let rank = "\(position + 1)"
      let number = String(repeating: "0", count: width - rank.count) + rank
      try archive.append(
        poscarText(
          comment: "\(structure.composition.reducedFormula) \(row.crystal.id)", structure: structure),
        named: "\(number)_\(row.crystal.id)", suffix: ".vasp")
    }
    try archive.finish()
    return count
  }

  /// A column as a key of a comment line: letters, digits and "_".
  private func frameKey(_ column: String) -> String {
    String(
      column.unicodeScalars.map { scalar -> Character in
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
          ? Character(scalar) : "_"
      })
  }

  private func frameValues(_ row: Row) -> [(key: String, value: FrameValue)] {
    zip(columns, row.values).compactMap { column, value in
      switch value {
      case .number(let digits): digits.map { (frameKey(column), .number($0)) }
      case .text(let text): text.flatMap { $0.isEmpty ? nil : (frameKey(column), .text($0)) }
      }
    }
  }
}
