internal import Crystal
internal import TextFormats

/// Reads a table of phases: comma-separated lines under a header that names `formula` and
/// `formation_energy_per_atom` (in any order, among other columns), below comments that start with `#`.
struct ReferenceTableReader {
  private var table: CSVReader
  private let formulaColumn: Int
  private let energyColumn: Int
  private let byteCount: Int

  /// Reads the header.
  init(bytes: [UInt8]) throws(HullError) {
    byteCount = bytes.count
    do throws(CSVError) {
      table = try CSVReader(bytes, comments: .aboveHeader)
      formulaColumn = try table.column("formula")
      energyColumn = try table.column("formation_energy_per_atom")
    } catch {
      throw .table(error)
    }
  }

  /// All entries in the order of the table.
  mutating func entries() throws(HullError) -> [PhaseEntry] {
    var entries: [PhaseEntry] = []
    entries.reserveCapacity(byteCount / 24)
    while let (formula, energyText) = try next() {
      entries.append(try entry(formula: formula, energyText: energyText))
    }
    return entries
  }

  private mutating func next() throws(HullError) -> (formula: String, energyText: String)? {
    do throws(CSVError) {
      return try table.next() ? (try table.text(formulaColumn), try table.text(energyColumn)) : nil
    } catch {
      throw .table(error)
    }
  }

  private func entry(formula: String, energyText: String) throws(HullError) -> PhaseEntry {
    let composition: Composition
    do {
      composition = try Composition(formula: formula)
    } catch {
      throw .unreadableFormula(line: table.line, text: formula, reason: error)
    }
    guard energyText.utf8.count <= DecimalNumber.maximumLength, isDecimal(energyText.utf8),
      let energy = Double(energyText), abs(energy) <= PhaseEntry.largestEnergy
    else {
      throw .unreadableEnergy(line: table.line, text: energyText)
    }
    return PhaseEntry(
      formula: formula, composition: composition, energyPerAtom: energy, energyText: energyText)
  }
}
