public import Crystal

/// Finds symmetries one after the other, each of crystals that differ in size and elements alone once: decorations of one prototype
/// take spglib's milliseconds a few times, not each. What it says of a crystal does not depend on those before it.
public struct SymmetryFinder {
  private var known: [SymmetryProblem: SymmetryProblem.Solution] = [:]
  /// Sites of the crystals that are kept.
  private var siteCount = 0
  /// Where more sites are kept, all are let go: a few tens of MB.
  private static let mostSites = 200_000

  /// A finder that knows nothing yet.
  public init() {}

  /// The symmetry of a crystal, as `CrystalSymmetry(of:tolerance:)` finds it.
  ///
  /// - Throws: `SymmetryError`.
  public mutating func symmetry(
    of structure: Structure, tolerance: Double
  ) throws(SymmetryError) -> CrystalSymmetry {
    let problem = try CrystalSymmetry.problem(of: structure, tolerance: tolerance)
    if let solution = known[problem] { return CrystalSymmetry(structure, solution) }
    let solution = try problem.solution()
    if siteCount > Self.mostSites {
      known.removeAll()
      siteCount = 0
    }
    known[problem] = solution
    siteCount += structure.siteCount
    return CrystalSymmetry(structure, solution)
  }
}
