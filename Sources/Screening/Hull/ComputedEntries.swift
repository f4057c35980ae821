internal import Crystal
internal import Foundation
internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// A file of computed entries, turned into phases with formation energies.
struct ComputedEntries {
  private let path: String
  private let reading: ReferenceReading
  private var entries: [ComputedEntry] = []
  private var withoutEnergy = 0

  /// Reads the entries.
  ///
  /// - Throws: `ScreeningError` naming the entry that cannot be read; `ArchiveError` for a damaged file.
  init(path: String, reading: ReferenceReading) throws {
    self.path = path
    self.reading = reading
    let archive = try ArchiveReader(path: path)
    while let record = try archive.next() {
      do throws(EntryProblem) {
        guard let entry = try ComputedEntry(record) else { continue }
        if entry.hasEnergy { entries.append(entry) } else { withoutEnergy += 1 }
      } catch {
        throw ScreeningError.unreadable(path: path, reason: "\(error.place): \(error.reason)")
      }
    }
    guard !entries.isEmpty else {
      throw ScreeningError.unreadable(path: path, reason: "holds no entry with an energy")
    }
  }

  /// The phases, and what a person should know about how they came about.
  ///
  /// - Throws: `ScreeningError`, `HullError`.
  func phases() throws -> (phases: [PhaseEntry], notes: [String]) {
    try checkCorrections()
    var notes = withoutEnergy > 0 ? ["\(withoutEnergy) entries without an energy left out"] : []
    if try usesFormationEnergies() {
      return (try entries.map { try phase($0, try number($0.formationEnergy, of: $0)) }, notes)
    }
    try checkFunctionals()
    let totals = try entries.map { try number($0.totalEnergy, of: $0) }
    let elemental = try elementalEnergies(totals)
    notes.append(
      "formation energies made from total energies and "
        + (reading.elementalEnergies == nil ? "the lowest entry of each element" : "the given elements"))
    let phases = try zip(entries, totals).map { entry, total in
      let atoms = Double(entry.composition.atomCount)
      let elements = entry.composition.parts.reduce(0.0) {
        $0 + Double($1.count) / atoms * (elemental[$1.element] ?? .nan)
      }
      // Differences of measured decimals have no short decimal form: the nearest binary number's is taken.
      return try phase(entry, DecimalNumber(total - elements))
    }
    return (phases, notes)
  }

  private func phase(_ entry: ComputedEntry, _ energy: DecimalNumber?) throws -> PhaseEntry {
    do {
      guard let energy else { throw HullError.energyNotFinite }
      return try PhaseEntry(composition: entry.composition, energyPerAtom: energy, formula: entry.formula)
    } catch {
      throw ScreeningError.unreadable(path: path, reason: "\(entry.place): \(describe(error))")
    }
  }

  /// The number that an entry has to have.
  private func number<Value>(_ quantity: EntryQuantity<Value>, of entry: ComputedEntry) throws -> Value {
    switch quantity {
    case .value(let value): return value
    case .unusable(let reason): throw problem("\(entry.place): \(reason)")
    case .absent: throw problem("\(entry.place) has no such energy")
    }
  }

  private func usesFormationEnergies() throws -> Bool {
    let withoutFormation = entries.first { $0.formationEnergy.isAbsent }
    let withoutTotal = entries.first { $0.totalEnergy.isAbsent }
    switch reading.energies {
    case .formation:
      if let entry = withoutFormation { throw problem("\(entry.place) has no formation energy") }
      return true
    case .total:
      if let entry = withoutTotal { throw problem("\(entry.place) has no total energy") }
      return false
    case nil:
      if let first = withoutFormation, let second = withoutTotal {
        throw problem(
          "\(second.place) has a formation energy and \(first.place) a total energy only; "
            + "they cannot stand on one hull")
      }
      return withoutFormation == nil
    }
  }

  private func problem(_ reason: String) -> ScreeningError { .unreadable(path: path, reason: reason) }

  // MARK: Elements

  private func elementalEnergies(_ totals: [Double]) throws -> [Element: Double] {
    var energies: [Element: Double] = [:]
    if let file = reading.elementalEnergies {
      energies = try ElementalEnergies.read(file)
    } else {
      for (entry, total) in zip(entries, totals) where entry.composition.parts.count == 1 {
        let element = entry.composition.parts[0].element
        energies[element] = min(energies[element] ?? .infinity, total)
      }
    }
    var missing: [Element: String] = [:]
    for entry in entries {
      for element in entry.composition.elements where energies[element] == nil && missing[element] == nil {
        missing[element] = entry.place
      }
    }
    guard missing.isEmpty else {
      let all = missing.sorted { $0.key < $1.key }.map { "\($0.key) (first in \($0.value))" }
      let list = all.count > 6 ? all.prefix(5) + ["\(all.count - 5) more elements"] : all
      throw problem(
        "no energy of the pure element for \(list.joined(separator: ", ")): formation energies cannot be made from "
          + "total energies; add the elements' entries or give all elements' energies in a file")
    }
    return energies
  }

  // MARK: Energies that do not belong together

  /// Elements whose compounds every published scheme for anions corrects.
  private static let correctedAnions: Set<Element> = Set(
    ["N", "O", "F", "S", "Cl", "Se", "Br", "I"].compactMap { Element(symbol: $0) })

  /// Refuses energies corrected by different schemes, and uncorrected ones beside those of a named scheme.
  ///
  /// Elements and compounds without anions bear no corrections under any scheme and fit to each.
  private func checkCorrections() throws {
    guard !reading.acceptsMixedCorrections else { return }
    // Schemes that mix functionals stand on top of others.
    func names(_ entry: ComputedEntry) -> [String] {
      let names = entry.schemes.filter { !$0.contains("Mixing") }
      return names.isEmpty && entry.isCorrected && entry.schemes.isEmpty ? ["unnamed"] : names.sorted()
    }
    var groups: [String: [ComputedEntry]] = [:]
    for entry in entries {
      for name in names(entry) { groups[name, default: []].append(entry) }
    }
    if groups.keys.contains(where: { $0 != "unnamed" }) {
      let bare = entries.filter { entry in
        !entry.isCorrected && entry.composition.parts.count > 1
          && !Self.correctedAnions.isDisjoint(with: entry.composition.elements)
      }
      if !bare.isEmpty { groups["none"] = bare }
    }
    guard groups.count > 1 else { return }
    let list = groups.sorted { $0.key < $1.key }.map { name, members in
      "\(name): \(members.count) entries, first \(members[0].place) \(members[0].formula)"
    }
    throw problem(
      "the entries' energies are corrected by different schemes and cannot stand on one hull ("
        + list.joined(separator: "; ") + "); correct them by one scheme, or accept them as they are with "
        + "--accept-mixed-corrections")
  }

  /// Refuses total energies of different functionals, unless a mixing scheme has joined them.
  private func checkFunctionals() throws {
    guard !reading.acceptsMixedCorrections,
      !entries.contains(where: { $0.schemes.contains { $0.contains("Mixing") } })
    else { return }
    var first: [String: ComputedEntry] = [:]
    for entry in entries {
      if let functional = entry.functional, first[functional] == nil { first[functional] = entry }
    }
    guard first.count > 1 else { return }
    let list = first.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value.place)" }
    throw problem(
      "total energies of different functionals cannot stand on one hull (\(list.joined(separator: ", "))); join them "
        + "by a mixing scheme, or accept them as they are with --accept-mixed-corrections")
  }
}
