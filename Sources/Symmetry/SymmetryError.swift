/// Why no symmetry of a crystal is known.
public enum SymmetryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The tolerance (Å) is none of `CrystalSymmetry.tolerances`.
  case badTolerance(Double)
  /// More sites than are looked at.
  case tooManySites(count: Int, limit: Int)
  /// Two sites of one element are the same within the tolerance (distance in Å).
  case coincidentSites(siteA: Int, siteB: Int, distance: Double)
  /// The cell is none that a crystal has: too skew to be reduced, or with lattice vectors below 0.5 Å or above 10,000 Å.
  case degenerateCell
  /// No space group fits within the tolerance.
  case notFound

  /// The error as a code, as stores and counts have it.
  public var code: String {
    switch self {
    case .badTolerance: "bad_tolerance"
    case .tooManySites: "too_many_sites"
    case .coincidentSites: "coincident_sites"
    case .degenerateCell: "degenerate_cell"
    case .notFound: "not_found"
    }
  }

  /// The error in words.
  public var description: String {
    switch self {
    case .badTolerance(let tolerance):
      "a tolerance from \(CrystalSymmetry.tolerances.lowerBound) to \(CrystalSymmetry.tolerances.upperBound) Å is needed, "
        + "not \(tolerance)"
    case .tooManySites(let count, let limit):
      "\(count) sites; symmetry is looked for in cells of at most \(limit)"
    case .coincidentSites(let siteA, let siteB, let distance):
      "sites \(siteA + 1) and \(siteB + 1) hold the same element \(distance) Å apart, within the tolerance"
    case .degenerateCell:
      "the cell is too skew, or has lattice vectors shorter than 0.5 Å or longer than 10,000 Å"
    case .notFound: "no space group fits within the tolerance"
    }
  }
}
