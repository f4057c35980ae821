public import Crystal

/// What the sites of a crystal see around them, free of size, orientation, origin and choice of cell: a test of
/// whether two descriptions are of one structure.
///
/// For each site and each element e of the crystal, the distances to the nearest n_e atoms of e, ascending, in units of
/// the cube root of the volume per atom; n_e = max(8, 72 x_e) with the atomic fraction x_e. A small displacement moves
/// each of these numbers by no more than the largest change of a distance, whatever shells it splits.
///
/// Two crystals are taken for one structure where their sites can be paired, each with one of the same element all of
/// whose distances differ by at most the tolerance, and their volumes per atom differ by at most a fifth. Mirror images
/// are one structure. That is a necessary condition of sameness and, with 72 neighbors, in practice a sufficient one.
public struct SiteEnvironments: Sendable {
  /// Largest difference of two distances, in units of the cube root of the volume per atom: about 0.08 Å.
  public static let tolerance = 0.03
  /// Largest ratio of two volumes per atom.
  public static let largestVolumeRatio = 1.2

  private struct Site: Sendable {
    let element: Element
    /// Element by element, by atomic number.
    let distances: [Double]
  }

  /// Sites in the order of their elements.
  private let sites: [Site]
  private let composition: Composition
  /// Volume per atom (Å³).
  private let volume: Double

  private static let totalNeighbors = 72
  private static let leastNeighbors = 8
  /// First and last radius searched, in units of the cube root of the volume per atom.
  private static let radii = (first: 3.0, last: 6.0)

  /// The environments of a crystal's sites.
  ///
  /// - Returns: nil where sites are too close for a crystal, or an element so unevenly spread that its atoms are not
  ///   found within six times the cube root of the volume per atom.
  public init?(of structure: Structure) {
    let composition = structure.composition
    let volume = structure.lattice.volume / Double(structure.siteCount)
    let unit = cubeRoot(volume)
    let wanted = composition.parts.map { part in
      max(Self.leastNeighbors, Self.totalNeighbors * part.count / composition.atomCount)
    }
    var radius = Self.radii.first
    while radius <= Self.radii.last {
      guard let list = try? NeighborList(of: structure, cutoff: radius * unit) else { return nil }
      if let sites = Self.sites(structure, list, composition, wanted, unit) {
        self.sites = sites
        self.composition = composition.reduced
        self.volume = volume
        return
      }
      radius *= 1.2
    }
    return nil
  }

  /// The sites with their distances; nil where a site has fewer neighbors of an element than wanted.
  private static func sites(
    _ structure: Structure, _ list: NeighborList, _ composition: Composition, _ wanted: [Int], _ unit: Double
  ) -> [Site]? {
    var sites: [Site] = []
    for (site, element) in structure.elements.enumerated() {
      var distances: [Double] = []
      for (part, count) in zip(composition.parts, wanted) {
        // Entries ascend by distance.
        let own = list.entries(of: site).lazy
          .filter { structure.elements[Int(list.neighbors[$0])] == part.element }.prefix(count)
          .map { list.distances[$0] / unit }
        distances += own
      }
      guard distances.count == wanted.reduce(0, +) else { return nil }
      sites.append(Site(element: element, distances: distances))
    }
    return sites.sorted { $0.element < $1.element }
  }

  /// Whether both are environments of one structure, as far as they can tell.
  public func matches(_ other: SiteEnvironments) -> Bool {
    guard composition == other.composition,
      max(volume, other.volume) <= Self.largestVolumeRatio * min(volume, other.volume)
    else { return false }
    // Cells of different numbers of formula units: each is repeated as often as the other has units.
    let atoms = composition.atomCount
    var matching = SiteMatching(
      slots: [Int](repeating: sites.count / atoms, count: other.sites.count),
      copies: other.sites.count / atoms)
    return sites.allSatisfy { site in
      matching.place(other.sites.indices.filter { Self.matches(site, other.sites[$0]) })
    }
  }

  private static func matches(_ left: Site, _ right: Site) -> Bool {
    guard left.element == right.element else { return false }
    for (first, second) in zip(left.distances, right.distances) where abs(first - second) > tolerance {
      return false
    }
    return true
  }
}

/// Assigns copies of sites to slots, each slot holding a number of them: augmenting paths.
///
/// Source: H. W. Kuhn, Naval Res. Logist. Q. 2, 83 (1955), with capacities.
private struct SiteMatching {
  /// Copies that each slot may hold.
  let slots: [Int]
  /// Copies of each site.
  let copies: Int
  /// The candidates of each site placed so far.
  private var options: [[Int]] = []
  /// The site of each copy that a slot holds.
  private var held: [[Int]]

  init(slots: [Int], copies: Int) {
    self.slots = slots
    self.copies = copies
    held = slots.map { _ in [] }
  }

  /// Places all copies of a site that fits these slots, moving others where that is needed.
  mutating func place(_ fitting: [Int]) -> Bool {
    options.append(fitting)
    let site = options.count - 1
    for _ in 0..<copies {
      var visited = [Bool](repeating: false, count: slots.count)
      guard moved(site, &visited) else { return false }
    }
    return true
  }

  private mutating func moved(_ site: Int, _ visited: inout [Bool]) -> Bool {
    for slot in options[site] where !visited[slot] {
      visited[slot] = true
      if held[slot].count < slots[slot] {
        held[slot].append(site)
        return true
      }
      for position in held[slot].indices where moved(held[slot][position], &visited) {
        held[slot][position] = site
        return true
      }
    }
    return false
  }
}
