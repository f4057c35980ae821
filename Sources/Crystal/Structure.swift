/// A periodic crystal: a lattice and fully occupied sites.
public struct Structure: Hashable, Sendable {
  /// The lattice (Å, row vectors).
  public let lattice: Lattice
  /// Element of each site.
  public let elements: [Element]
  /// Fractional coordinates of each site, as given (not wrapped into the cell).
  public let fractionalPositions: [SIMD3<Double>]

  /// A structure from its lattice and sites.
  ///
  /// - Parameters:
  ///   - lattice: row vectors in Å.
  ///   - elements: element of each of N sites, N ≥ 1.
  ///   - fractionalPositions: fractional coordinates of the same N sites.
  /// - Throws: `StructureError` when there are no sites, the counts differ, or a coordinate is not finite.
  public init(
    lattice: Lattice, elements: [Element], fractionalPositions: [SIMD3<Double>]
  ) throws(StructureError) {
    guard !elements.isEmpty else { throw .noSites }
    guard elements.count == fractionalPositions.count else {
      throw .countMismatch(elements: elements.count, positions: fractionalPositions.count)
    }
    // Beyond 1e6 cells from the origin a double no longer resolves 1e-9 Å, and no real file says so.
    if let bad = fractionalPositions.firstIndex(where: {
      !$0.isFinite || abs($0.x) > 1e6 || abs($0.y) > 1e6 || abs($0.z) > 1e6
    }) {
      throw .badCoordinate(site: bad)
    }
    self.lattice = lattice
    self.elements = elements
    self.fractionalPositions = fractionalPositions
  }

  /// Number of sites N.
  public var siteCount: Int { elements.count }

  /// The atoms of one cell.
  public var composition: Composition { Composition(counting: elements) }
}

/// Why a lattice and a list of sites are not a structure.
public enum StructureError: Error, Equatable, Sendable {
  /// There are no sites.
  case noSites
  /// As many positions as elements are needed.
  case countMismatch(elements: Int, positions: Int)
  /// The coordinates of this site are not finite, or absurdly far from the cell.
  case badCoordinate(site: Int)
}
