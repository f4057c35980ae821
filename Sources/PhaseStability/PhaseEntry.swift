public import Crystal

/// A phase with its formation energy: a point of the convex hull's input.
public struct PhaseEntry: Hashable, Sendable {
  /// The formula as it was given.
  public let formula: String
  /// The composition, as counted in the formula (not reduced).
  public let composition: Composition
  /// Formation energy (eV/atom), finite.
  public let energyPerAtom: Double
  /// The same energy as the decimal number that was read; exact arithmetic starts from this text.
  public let energyText: String

  /// Energies of phases beyond this (eV/atom, either sign) are refused as unit or parsing mistakes.
  public static let largestEnergy = 1e6

  /// A phase from its formula and energy (eV/atom). The exact energy is the shortest decimal number that reads back
  /// as the same `Double`.
  ///
  /// - Throws: `HullError.unreadableFormula` (line 0), `.energyNotFinite`, `.energyOutOfRange`.
  public init(formula: String, energyPerAtom: Double) throws(HullError) {
    let composition: Composition
    do {
      composition = try Composition(formula: formula)
    } catch {
      throw .unreadableFormula(line: 0, text: formula, reason: error)
    }
    try self.init(composition: composition, energyPerAtom: energyPerAtom, formula: formula)
  }

  /// A phase from its composition and energy (eV/atom); `formula` is the composition's own unless given.
  ///
  /// - Throws: `HullError.energyNotFinite`, `.energyOutOfRange`.
  public init(composition: Composition, energyPerAtom: Double, formula: String? = nil) throws(HullError) {
    guard energyPerAtom.isFinite else { throw .energyNotFinite }
    guard abs(energyPerAtom) <= Self.largestEnergy else { throw .energyOutOfRange(energyPerAtom) }
    self.init(
      formula: formula ?? composition.formula, composition: composition, energyPerAtom: energyPerAtom,
      energyText: energyPerAtom.description)
  }

  /// A phase from its composition and energy (eV/atom) as a decimal number, which is kept exactly.
  ///
  /// - Throws: `HullError.energyOutOfRange`.
  public init(
    composition: Composition, energyPerAtom: DecimalNumber, formula: String? = nil
  ) throws(HullError) {
    let energy = energyPerAtom.doubleValue
    guard abs(energy) <= Self.largestEnergy else { throw .energyOutOfRange(energy) }
    self.init(
      formula: formula ?? composition.formula, composition: composition, energyPerAtom: energy,
      energyText: energyPerAtom.text)
  }

  /// A phase whose parts are already known to agree.
  init(formula: String, composition: Composition, energyPerAtom: Double, energyText: String) {
    self.formula = formula
    self.composition = composition
    self.energyPerAtom = energyPerAtom
    self.energyText = energyText
  }
}
