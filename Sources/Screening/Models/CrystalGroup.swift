internal import Crystal

/// Groups of crystals whose errors are told apart: by number of sites, by crystal system, with and without lanthanides.
///
/// The groups of one kind share no crystal and together hold all that the kind can place.
struct CrystalGroup: Hashable, Sendable {
  /// What its crystals are, e.g. "6 to 10 sites".
  let title: String
  private let contains: Membership

  private enum Membership: Hashable, Sendable {
    case sites(ClosedRange<Int>)
    case spaceGroups(ClosedRange<Int>)
    case lanthanides(Bool)
  }

  /// All groups, in the order of tables.
  static let all: [CrystalGroup] = sites + systems + lanthanides

  private static let sites: [CrystalGroup] =
    [1...5, 6...10, 11...20, 21...30, 31...60].map {
      CrystalGroup(title: "\($0.lowerBound) to \($0.upperBound) sites", contains: .sites($0))
    } + [CrystalGroup(title: "61 sites or more", contains: .sites(61...Int.max))]

  private static let systems = CrystalSystem.allCases.map {
    CrystalGroup(title: $0.rawValue, contains: .spaceGroups($0.spaceGroups))
  }

  private static let lanthanides = [
    CrystalGroup(title: "with a lanthanide", contains: .lanthanides(true)),
    CrystalGroup(title: "without lanthanides", contains: .lanthanides(false)),
  ]

  /// La to Lu.
  private static let lanthanideNumbers: ClosedRange<UInt8> = 57...71

  /// Whether a crystal is one of the group.
  ///
  /// - Parameter spaceGroup: its number in the data; nil where not known, and then no group of a crystal system has it.
  func holds(_ structure: Structure, spaceGroup: Double?) -> Bool {
    switch contains {
    case .sites(let range): range.contains(structure.siteCount)
    case .spaceGroups(let range): spaceGroup.flatMap { Int(exactly: $0) }.map(range.contains) ?? false
    case .lanthanides(let isWanted):
      structure.elements.contains { Self.lanthanideNumbers.contains($0.rawValue) } == isWanted
    }
  }
}
