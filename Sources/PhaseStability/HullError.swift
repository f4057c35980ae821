public import Crystal

/// Why reference phases cannot be read, or a distance to their hull cannot be given.
public enum HullError: Error, Equatable, Sendable {
  /// A line of the table (1-based, comments and blank lines counted) holds a formula that cannot be read.
  case unreadableFormula(line: Int, text: String, reason: FormulaError)
  /// A line of the table holds an energy that is no decimal number, or not a finite one.
  case unreadableEnergy(line: Int, text: String)
  /// The table has no line that names the columns `formula` and `formation_energy_per_atom`.
  case missingColumn(name: String, header: String)
  /// A line has fewer or more fields than the header, or a quote that is not closed.
  case brokenRow(line: Int)
  /// There is no reference phase at all.
  case noEntries
  /// The element of a candidate has no elemental reference phase.
  case noTerminalReference(Element)
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
