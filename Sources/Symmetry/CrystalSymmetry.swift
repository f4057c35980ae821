public import Crystal

/// The symmetry of a crystal within a tolerance, found by spglib (A. Togo, K. Shinohara and I. Tanaka, Sci. Technol. Adv.
/// Mater. Meth. 4, 2384822 (2024)).
///
/// Wyckoff letters are those of the standard setting (the first that spglib lists for the number: unique axis b, hexagonal
/// axes, first origin). Where a group's normalizer exchanges positions, as 4a and 4b of Fm-3m, another description of the same
/// crystal may exchange their letters; the space group and which sites are equivalent stay.
public struct CrystalSymmetry: Hashable, Sendable {
  /// The space group.
  public let spaceGroup: SpaceGroup
  /// Number of the Hall symbol of the setting that letters refer to, 1 to 530 in spglib's list.
  public let hallNumber: Int
  /// Wyckoff letter of each of the N sites, in their order: a to z, and A for the 27th position of Pmmm.
  public let wyckoffLetters: [Character]
  /// For each of the N sites the first site that is equivalent to it.
  public let orbits: [Int]
  /// The sets of equivalent sites, by element in the order of formulas, then by letter, then by their first site.
  public let wyckoffSites: [WyckoffSite]

  /// Most sites of a crystal whose symmetry is looked for. Time grows with the square of their number, where many tolerances are
  /// tried in vain to about ten seconds.
  public static let maximumSiteCount = 1000
  /// Tolerances that are taken (Å): far above rounding, and below the distances of atoms.
  public static let tolerances = 1e-5...1.0

  /// Finds the symmetry of a crystal, given in any cell.
  ///
  /// Safe on many threads at once: all that spglib 2.0 shares between calls is the code of its last error, which is not read
  /// here.
  /// - Parameters:
  ///   - structure: the crystal.
  ///   - tolerance: how far sites may lie from their ideal places, and lattice points from theirs (Å), one of `tolerances`; up to
  ///     1.6 % less is taken, see `SymmetryFinder`. Where operations within it form no group, spglib tries smaller ones.
  /// - Throws: `SymmetryError`.
  public init(of structure: Structure, tolerance: Double) throws(SymmetryError) {
    self.init(structure, try Self.problem(of: structure, tolerance: tolerance).solution())
  }

  static func problem(
    of structure: Structure, tolerance: Double
  ) throws(SymmetryError) -> SymmetryProblem {
    guard tolerances.contains(tolerance) else { throw .badTolerance(tolerance) }
    guard structure.siteCount <= maximumSiteCount else {
      throw .tooManySites(count: structure.siteCount, limit: maximumSiteCount)
    }
    return try SymmetryProblem(structure, tolerance: tolerance)
  }

  init(_ structure: Structure, _ solution: SymmetryProblem.Solution) {
    spaceGroup = solution.spaceGroup
    hallNumber = solution.hallNumber
    wyckoffLetters = solution.letters
    orbits = solution.orbits
    wyckoffSites = Self.sites(
      structure, solution.letters, solution.orbits, conventionalSites: solution.conventionalSites)
  }

  /// - Parameter conventionalSites: sites of the conventional cell, of which multiplicities are counted.
  private static func sites(
    _ structure: Structure, _ letters: [Character], _ orbits: [Int], conventionalSites: Int
  ) -> [WyckoffSite] {
    var members: [Int: Int] = [:]
    for orbit in orbits { members[orbit, default: 0] += 1 }
    let order = structure.composition.partsInFormula.map(\.element)
    return members.map { first, count in
      WyckoffSite(
        element: structure.elements[first], letter: letters[first],
        multiplicity: count * conventionalSites / structure.siteCount, firstSite: first)
    }.sorted { left, right in
      func key(_ site: WyckoffSite) -> (Int, Character, Int) {
        (order.firstIndex(of: site.element) ?? 0, site.letter, site.firstSite)
      }
      return key(left) < key(right)
    }
  }
}

/// A set of equivalent sites of a crystal.
public struct WyckoffSite: Hashable, Sendable {
  /// The element on them.
  public let element: Element
  /// Wyckoff letter.
  public let letter: Character
  /// Their number in the conventional cell.
  public let multiplicity: Int
  /// The first of them among the sites of the crystal.
  public let firstSite: Int
}

extension [WyckoffSite] {
  /// The sites by element, e.g. "Ca 4c, Ti 4a, O 4c 8d".
  public var text: String {
    var text = ""
    for (index, site) in enumerated() {
      if index == 0 || self[index - 1].element != site.element {
        text += (index == 0 ? "" : ", ") + site.element.symbol
      }
      text += " \(site.multiplicity)\(site.letter)"
    }
    return text
  }
}
