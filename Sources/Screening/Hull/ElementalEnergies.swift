internal import Crystal
internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// A file of the elements' energies.
enum ElementalEnergies {
  /// Reads a CSV with the columns `element` and `energy_per_atom`, or a JSON object of numbers by symbol (eV/atom).
  ///
  /// An element without a number (empty, null or NaN) is not given.
  ///
  /// - Throws: `ScreeningError` naming the line.
  static func read(_ path: String) throws -> [Element: Double] {
    let text = try readWholeText(path: path)
    return TextForm(text) == .json ? try json(path, text) : try csv(path, text)
  }

  private static func json(_ path: String, _ text: [UInt8]) throws -> [Element: Double] {
    func problem(_ reason: String) -> ScreeningError { .unreadable(path: path, reason: reason) }
    let tree: JSONTree
    do { tree = try JSONTree(text) } catch {
      throw problem("cannot be read as a JSON object (\(error))")
    }
    guard let members = tree.members else { throw problem("is no JSON object") }
    var energies: [Element: Double] = [:]
    for member in members {
      guard let element = Element(symbol: member.name) else {
        throw problem("\"\(member.name)\" is no element")
      }
      if member.value.isNull { continue }
      guard case .number(let digits) = member.value, let energy = DecimalNumber(digits)?.doubleValue,
        energy.isFinite
      else { throw problem("the energy of \(member.name) is no finite number") }
      energies[element] = energy
    }
    return energies
  }

  private static func csv(_ path: String, _ text: [UInt8]) throws -> [Element: Double] {
    var table = try TableFile(path: path, text: text, comments: .anywhere)
    let (symbolColumn, energyColumn) = (try table.column("element"), try table.column("energy_per_atom"))
    var energies: [Element: Double] = [:]
    while try table.next() {
      let symbol = try table.text(symbolColumn)
      guard let element = Element(symbol: symbol) else { throw table.problem("\"\(symbol)\" is no element") }
      if try table.isNotFinite(energyColumn) { continue }
      guard let energy = try table.number(energyColumn) else { continue }
      guard energies.updateValue(energy, forKey: element) == nil else {
        throw table.problem("\(symbol) is given twice")
      }
    }
    return energies
  }
}
