internal import StructureArchive
internal import TextFormats

/// What a record says itself, for a person to hold against what was concluded: of text formats the lines on cell,
/// symmetry, formula and number of sites as they are written, of JSON the members, lists and objects by their size.
func recordStatements(_ record: ArchiveRecord) -> [String] {
  switch record.format {
  case .cif: cifStatements(record.bytes)
  case .poscar: textLines(record.bytes, most: 7).map(quoted)
  case .extendedXYZ: textLines(record.bytes, most: 2).map(quoted)
  case .json: jsonStatements(try? JSONTree(record.bytes), columns: [])
  case .tableRow(let columns): jsonStatements(try? JSONTree(record.bytes), columns: columns)
  case .unknown: []
  }
}

private let mostStatements = 40
private let longestStatement = 160

/// Beginnings of the names of items that say how many atoms of what a cell holds, in lower case.
private let telling = [
  "_cell_length_", "_cell_angle_", "_cell_volume", "_cell_formula_units_z", "_symmetry_space_group_name",
  "_symmetry_int_tables_number", "_space_group_name", "_space_group_it_number", "_space_group.",
  "_chemical_formula_sum", "_cell.length", "_cell.angle",
]

private func cifStatements(_ bytes: [UInt8]) -> [String] {
  let lines = textLines(bytes, most: Int.max)
  var statements: [String] = []
  var sites = SiteLoops()
  for (index, line) in lines.enumerated() {
    let words = line.split(whereSeparator: \.isWhitespace)
    sites.add(words, line)
    guard let first = words.first?.lowercased(), statements.count < mostStatements else { continue }
    if first.hasPrefix("data_") { statements.append(quoted(line)) }
    guard telling.contains(where: first.hasPrefix) else { continue }
    // A long value stands in the next line.
    let next = words.count == 1 && index + 1 < lines.count ? " " + lines[index + 1] : ""
    statements.append(quoted(line + next))
  }
  return statements + (sites.counts.map { "\($0) lines of atom sites" })
}

/// - Parameter columns: what the values of a table's row are called.
private func jsonStatements(_ tree: JSONTree?, columns: [String]) -> [String] {
  let members: [(name: String, value: JSONTree)] =
    switch tree {
    case .object(let members): members.map { ($0.name, $0.value) }
    case .array(let values): Array(zip(columns, values))
    default: []
    }
  return members.prefix(mostStatements).map { name, value in
    let text =
      switch value {
      case .array(let elements): "a list of \(elements.count)"
      case .object(let members): "an object of \(members.count)"
      case .notFinite(let word): word
      default: value.compactText
      }
    return quoted("\(name): \(text)")
  }
}

/// Counts the lines of loops over atom sites.
private struct SiteLoops {
  /// Lines of each such loop.
  private(set) var counts: [Int] = []
  private var isHeader = false
  private var isSites = false

  mutating func add(_ words: [Substring], _ line: String) {
    guard let first = words.first?.lowercased(), !first.hasPrefix("#") else { return }
    if first == "loop_" {
      (isHeader, isSites) = (true, false)
    } else if first.hasPrefix("_") {
      let isSite = first.hasPrefix("_atom_site_") && !first.hasPrefix("_atom_site_aniso")
      if isHeader, isSite, !isSites {
        isSites = true
        counts.append(0)
      }
      if !isHeader { isSites = false }
    } else if first.hasPrefix("data_") {
      (isHeader, isSites) = (false, false)
    } else {
      isHeader = false
      if isSites { counts[counts.count - 1] += 1 }
    }
  }
}

private func textLines(_ bytes: [UInt8], most: Int) -> [String] {
  var lines: [String] = []
  var rest = bytes[...]
  while lines.count < most, !rest.isEmpty {
    let end = rest.firstIndex(of: 10) ?? rest.endIndex
    lines.append(String(decoding: rest[..<end].filter { $0 != 13 }, as: UTF8.self))
    rest = rest[min(end + 1, rest.endIndex)...]
  }
  return lines
}

/// A line of bounded length without what would move a terminal's cursor.
private func quoted(_ line: String) -> String {
  let plain = String(line.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
  return plain.count > longestStatement ? plain.prefix(longestStatement) + " …" : plain
}
