/// Why a record does not become a row: the closed list of reason codes that rejections carry.
public enum RejectionReason: String, CaseIterable, Hashable, Sendable {
  /// The bytes are not in the format they claim (syntax error, wrong type, missing field).
  case unreadable
  /// The record ends before it is complete.
  case truncated
  /// Readable, but no crystal: no lattice, a lattice without volume, no sites, a coordinate that is not finite.
  case notACrystal = "not_a_crystal"
  /// A species that is no chemical element (dummy atoms, unknown symbols).
  case unknownElement = "unknown_element"
  /// A site is shared by several species or partly empty.
  case partialOccupancy = "partial_occupancy"
  /// The symmetry is given in a form that is not understood, leaves several settings open, or does not fit the cell.
  case symmetryNotSettled = "symmetry_not_settled"
  /// The crystal contradicts the formula that the record itself states.
  case formulaContradicted = "formula_contradicted"
  /// The record declares atoms without listing where they are.
  case atomsNotListed = "atoms_not_listed"
  /// Two sites are closer than any two atoms can be.
  case sitesTooClose = "sites_too_close"
  /// More sites than the campaign or the reader allows.
  case tooManySites = "too_many_sites"
  /// An element that the model has no features for.
  case elementNotInModel = "element_not_in_model"
  /// A member larger than the stated limit.
  case tooLarge = "too_large"
  /// An element of the candidate has no terminal reference on the hull.
  case noTerminalReference = "no_terminal_reference"
  /// The references know too little of the chemical system for a distance to their hull, by the campaign's own rules.
  case referencesIncomplete = "references_incomplete"
  /// A predicted or given energy is NaN or infinite.
  case energyNotFinite = "energy_not_finite"
  /// Decoding the record ended the program, which has started again without it.
  case decoderCrashed = "decoder_crashed"
  /// Offsets between energy scales say nothing of an element of the candidate.
  case energyNotAligned = "energy_not_aligned"
}
