public import Crystal
public import TextFormats

/// Why reference phases cannot be read, or a distance to their hull cannot be given.
public enum HullError: Error, Equatable, Sendable {
  /// A line of the table (1-based, comments and blank lines counted) holds a formula that cannot be read.
  case unreadableFormula(line: Int, text: String, reason: FormulaError)
  /// A line of the table holds an energy that is no decimal number, or not a finite one.
  case unreadableEnergy(line: Int, text: String)
  /// The table as such cannot be read: no header with `formula` and `formation_energy_per_atom`, a line with fewer or
  /// more fields than that, a quote that is not closed, an encoding that is not known.
  case table(CSVError)
  /// There is no reference phase at all.
  case noEntries
  /// The element of a candidate has no elemental reference phase.
  case noTerminalReference(Element)
  /// The candidate's energy is a text that is no decimal number.
  case energyNoNumber(text: String)
  /// The candidate's energy is NaN or infinite.
  case energyNotFinite
  /// The energy of a phase is finite but beyond `PhaseEntry.largestEnergy` (eV/atom): no formation energy.
  case energyOutOfRange(Double)
  /// Candidates of more than `HullSolver.maximumElementCount` elements are not handled.
  case tooManyElements(count: Int)
  /// Phase diagrams are made of 2 to 4 distinct elements, drawings of 2 or 3.
  case noDiagram(elementCount: Int)
  /// The linear program did not settle; the chemical system is named. Not known to happen.
  case notConverged(chemicalSystem: String)
}

extension HullError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .unreadableFormula(let line, let text, let reason):
      "line \(line): \"\(text)\" is no formula (\(reason))"
    case .unreadableEnergy(let line, let text): "line \(line): \(HullError.energyNoNumber(text: text))"
    case .energyNoNumber(let text): "\"\(text)\" is no finite energy\(decimalCommaHint(text))"
    case .table(let error): "\(error)"
    case .noEntries: "there is no reference phase"
    case .noTerminalReference(let element): "there is no elemental reference phase of \(element)"
    case .energyNotFinite: "the energy is not finite"
    case .energyOutOfRange(let energy): "\(energy) eV/atom is no formation energy"
    case .tooManyElements(let count):
      "\(count) elements; at most \(HullSolver.maximumElementCount) are handled"
    case .noDiagram(let count): "\(count) elements; diagrams have 2 to 4, drawings 2 or 3"
    case .notConverged(let system): "the hull of \(system) could not be solved"
    }
  }
}
