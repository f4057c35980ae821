import Crystal

/// Reads a table of phases: comma-separated lines under a header that names `formula` and
/// `formation_energy_per_atom` (in any order, among other columns). Lines that start with `#` before the header and
/// blank lines anywhere are passed over; fields may be quoted.
struct ReferenceTableReader {
  let bytes: [UInt8]
  private var position = 0
  private var line = 0
  private var fields: [Range<Int>] = []
  private var columnCount = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// All entries in the order of the table.
  mutating func entries() throws(HullError) -> [PhaseEntry] {
    let (formulaColumn, energyColumn) = try header()
    var entries: [PhaseEntry] = []
    entries.reserveCapacity(bytes.count / 24)
    while try nextRow() {
      // A surplus field would often be a decimal comma: half a number must not pass for a whole one.
      guard fields.count == columnCount else { throw .brokenRow(line: line) }
      entries.append(try entry(formula: text(fields[formulaColumn]), energyText: text(fields[energyColumn])))
    }
    return entries
  }

  private func entry(formula: String, energyText: String) throws(HullError) -> PhaseEntry {
    let composition: Composition
    do {
      composition = try Composition(formula: formula)
    } catch {
      throw .unreadableFormula(line: line, text: formula, reason: error)
    }
    guard energyText.utf8.count <= DecimalNumber.maximumLength, isDecimal(energyText.utf8),
      let energy = Double(energyText), abs(energy) <= PhaseEntry.largestEnergy
    else {
      throw .unreadableEnergy(line: line, text: energyText)
    }
    return PhaseEntry(
      formula: formula, composition: composition, energyPerAtom: energy, energyText: energyText)
  }

  private mutating func header() throws(HullError) -> (Int, Int) {
    repeat {
      guard try nextRow() else { throw .missingColumn(name: "formula", header: "") }
    } while bytes[fields[0].lowerBound..<position].first == 35
    let names = fields.map(text)
    columnCount = names.count
    // Any file may be given by mistake, with a first line of any length and content.
    let shown = String(names.joined(separator: ",").prefix(100).map { $0.isASCII && $0 < " " ? "?" : $0 })
    guard let formula = names.firstIndex(of: "formula") else {
      throw .missingColumn(name: "formula", header: shown)
    }
    guard let energy = names.firstIndex(of: "formation_energy_per_atom") else {
      throw .missingColumn(name: "formation_energy_per_atom", header: shown)
    }
    return (formula, energy)
  }

  private func text(_ range: Range<Int>) -> String {
    var slice = bytes[range]
    while let last = slice.last, last == 32 || last == 9 || last == 13 { slice.removeLast() }
    while let first = slice.first, first == 32 || first == 9 { slice.removeFirst() }
    return String(decoding: slice, as: UTF8.self)
  }

  /// Splits the next line that is not blank into `fields`; false at the end.
  private mutating func nextRow() throws(HullError) -> Bool {
    while position < bytes.count {
      line += 1
      fields.removeAll(keepingCapacity: true)
      let lineStart = position
      var end = position
      while end < bytes.count, bytes[end] != 10 { end += 1 }
      defer { position = min(end + 1, bytes.count) }
      if bytes[lineStart..<end].allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { continue }
      try split(lineStart..<end)
      return true
    }
    return false
  }

  private mutating func split(_ range: Range<Int>) throws(HullError) {
    let isComment = bytes[range.lowerBound] == 35
    var start = range.lowerBound
    while true {
      if !isComment, start < range.upperBound, bytes[start] == 34 {
        guard let close = bytes[(start + 1)..<range.upperBound].firstIndex(of: 34) else {
          throw .brokenRow(line: line)
        }
        fields.append((start + 1)..<close)
        guard let comma = bytes[close..<range.upperBound].firstIndex(of: 44) else { return }
        start = comma + 1
      } else {
        let comma = bytes[start..<range.upperBound].firstIndex(of: 44) ?? range.upperBound
        fields.append(start..<comma)
        if comma == range.upperBound { return }
        start = comma + 1
      }
    }
  }
}
