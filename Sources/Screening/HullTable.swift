internal import Crystal
internal import Foundation
internal import PhaseStability
internal import StructureArchive

/// Distances to the hull for a table of formulas and energies.
public struct HullTable: Sendable {
  private let references: HullReferences
  private let options: HullOptions

  /// A table against the reference phases of a CSV file.
  ///
  /// - Throws: `ScreeningError` where the references cannot be read.
  public init(reference: String, excludesSameComposition: Bool) throws {
    references = try loadReferences(reference)
    options = HullOptions(excludesSameComposition: excludesSameComposition)
  }

  /// What the references are, for the person.
  public var summary: String {
    let duplicates = references.duplicateCount > 0 ? ", \(references.duplicateCount) duplicates left out" : ""
    let missing = references.missingTerminals.map(\.symbol)
    return "\(references.phaseCount) reference phases from \(references.name)\(duplicates)"
      + (missing.isEmpty ? "" : "; no elemental reference for \(missing.joined(separator: ", ")), taken as 0")
  }

  /// Writes `formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition` in the order of the
  /// input. A line without an answer keeps its place with empty fields and is counted.
  public func write(_ candidates: String, to output: String) throws -> TableReport {
    let text = String(decoding: try readWholeFile(path: candidates), as: UTF8.self)
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .makeIterator()
    var header: [String] = []
    while let (_, line) = lines.next() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      header = csvFields(line)
      break
    }
    guard let formulaColumn = header.firstIndex(of: "formula"),
      let energyColumn = header.firstIndex(of: "formation_energy_per_atom")
    else {
      throw ScreeningError.unreadable(
        path: candidates, reason: "no header with the columns formula and formation_energy_per_atom")
    }
    let writer = try LineWriter(path: output)
    try writer.append("formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition")
    var report = TableReport()
    var solver = HullSolver(references: references)
    while let (number, line) = lines.next() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      let fields = csvFields(line)
      let formula = fields.indices.contains(formulaColumn) ? fields[formulaColumn] : ""
      let energy = fields.indices.contains(energyColumn) ? fields[energyColumn] : ""
      do {
        let composition = try Composition(formula: formula)
        guard let value = Double(energy), value.isFinite else { throw HullError.energyNotFinite }
        let distance = try solver.distance(of: composition, energyPerAtom: value, options: options)
        try writer.append(
          "\(csvField(formula)),\(csvField(energy)),\(distance.energyAboveHull),\(distance.decompositionEnergy),"
            + csvField(references.description(of: distance.decomposition)))
        report.written += 1
      } catch let error as ScreeningError {
        throw error
      } catch {
        try writer.append("\(csvField(formula)),\(csvField(energy)),,,")
        let reason = (error as? HullError)?.rejectionReason ?? .unreadable
        report.reject(reason, "\(candidates) line \(number + 1): \"\(formula)\": \(error)")
      }
    }
    try writer.finish()
    return report
  }
}

/// The fields of one CSV line; quotes as in RFC 4180, within one line.
func csvFields(_ line: some StringProtocol) -> [String] {
  var fields: [String] = []
  var field = ""
  var isQuoted = false
  var wasClosed = false
  for character in line {
    if character == "\"" {
      // A quote right after a closing one stands for itself.
      if wasClosed { field.append("\"") }
      wasClosed = isQuoted
      isQuoted.toggle()
      continue
    }
    wasClosed = false
    if character == ",", !isQuoted {
      fields.append(field)
      field = ""
    } else {
      field.append(character)
    }
  }
  return fields + [field]
}
