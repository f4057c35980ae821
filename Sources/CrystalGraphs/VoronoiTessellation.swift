public import Crystal

/// The Voronoi cells of a periodic crystal: for each site, all points nearer to it than to any other atom.
///
/// Exact for any cell, however skewed, long or flat, without a cutoff: each cell is cut down until it is proven that no
/// further atom can reach it. A facet is measured once and serves both cells, so facets come in reciprocal pairs of
/// equal area.
///
/// Degenerate vertices, where more than four atoms are equally far, are the rule in crystals. The bisector of a neighbor
/// at n is x · n = n²/2; a vertex with |x · n − n²/2| ≤ ε n² counts as lying on it and is not cut, with ε =
/// `VoronoiOptions.tolerance`. Facets as narrow as that may or may not exist; all others do not depend on ε.
public struct VoronoiTessellation: Sendable {
  /// The cells, one per site, in the order of the sites.
  public let cells: [VoronoiCell]
  /// Radius (Å) around each site beyond which no atom can reach its cell: twice the farthest vertex of any cell.
  public let searchRadius: Double
  /// Number of facets that one of their two cells lacked, as narrow as the tolerance; they are left out.
  public let unpairedFacetCount: Int
  /// The options used.
  public let options: VoronoiOptions

  /// Computes the cells of a crystal.
  ///
  /// - Throws: `VoronoiError`, foremost `.sitesTooClose` with the closest pair.
  public init(of structure: Structure, options: VoronoiOptions = VoronoiOptions()) throws(VoronoiError) {
    var kernel = VoronoiKernel()
    try kernel.run(structure, minimumDistance: options.minimumDistance, tolerance: options.tolerance)
    var cells: [VoronoiCell] = []
    cells.reserveCapacity(structure.siteCount)
    for site in 0..<structure.siteCount {
      let faces = kernel.facets[kernel.offsets[site]..<kernel.offsets[site + 1]].map { facet in
        VoronoiFace(
          neighbor: Int(facet.neighbor), image: facet.image, distance: facet.distance, area: facet.area,
          solidAngle: facet.solidAngle, pyramidVolume: facet.area * facet.distance / 6,
          vertexCount: Int(facet.vertexCount))
      }
      cells.append(
        VoronoiCell(
          site: site, volume: faces.reduce(0) { $0 + $1.pyramidVolume }, faces: faces,
          vertexCount: kernel.vertexCounts[site], edgeCount: kernel.edgeCounts[site]))
    }
    self.cells = cells
    self.searchRadius = 2 * kernel.farthestVertex
    self.unpairedFacetCount = kernel.unpairedCount
    self.options = options
  }
}

/// How Voronoi cells are computed.
public struct VoronoiOptions: Hashable, Sendable {
  /// Crystals with two sites closer than this (Å) are refused.
  public let minimumDistance: Double
  /// Relative tolerance ε for a vertex on a bisector; see `VoronoiTessellation`.
  public let tolerance: Double

  /// Options for Voronoi cells.
  ///
  /// - Precondition: 0.001 Å ≤ `minimumDistance`, 1e-12 ≤ `tolerance` ≤ 1e-6.
  public init(minimumDistance: Double = 0.4, tolerance: Double = 1e-10) {
    precondition(minimumDistance >= 1e-3 && minimumDistance < 1e6, "a minimum distance of at least 0.001 Å")
    precondition(tolerance >= 1e-12 && tolerance <= 1e-6, "1e-12 ≤ tolerance ≤ 1e-6")
    self.minimumDistance = minimumDistance
    self.tolerance = tolerance
  }
}

/// The Voronoi cell of a site.
public struct VoronoiCell: Hashable, Sendable {
  /// The site.
  public let site: Int
  /// Volume (Å³).
  public let volume: Double
  /// Facets, by (distance rounded to 1e-8 Å, atomic number, neighbor, image).
  public let faces: [VoronoiFace]
  /// Number of vertices V.
  public let vertexCount: Int
  /// Number of edges E.
  public let edgeCount: Int
}

/// A facet of a Voronoi cell: the polygon of points equally far from a site and from one of its neighbors.
public struct VoronoiFace: Hashable, Sendable {
  /// Site of the neighbor.
  public let neighbor: Int
  /// Lattice translation of the neighbor, in the basis and for the positions as given.
  public let image: SIMD3<Int32>
  /// Distance of the neighbor (Å); the facet's plane is at half of it.
  public let distance: Double
  /// Area (Å²).
  public let area: Double
  /// Solid angle seen from the site (sr).
  public let solidAngle: Double
  /// Volume of the pyramid from the site to the facet (Å³): area × distance / 6.
  public let pyramidVolume: Double
  /// Number of corners, in the cell of this site.
  public let vertexCount: Int
}

/// Why a crystal has no Voronoi cells.
public enum VoronoiError: Error, Equatable, Sendable {
  /// Two sites (or a site and its own image) are closer than any two atoms are; distance in Å.
  case sitesTooClose(siteA: Int, siteB: Int, distance: Double)
  /// The basis is so skewed, or coordinates so far from the cell, that a lattice translation overflows 32 bits.
  case imageOutOfRange
  /// The sphere of this radius (Å) holds more periodic images than memory allows.
  case searchTooLarge(radius: Double)
  /// The basis cannot be reduced: rounding leaves no volume.
  case degenerateLattice(LatticeError)
  /// Rounding in a cell of extreme shape spoiled the cells: their volumes do not add up to that of the crystal's cell.
  case volumeMismatch(relativeError: Double)
  /// The cell of this site has tens of thousands of vertices, or rounding in a cell of extreme shape leaves none.
  case cellTooComplex(site: Int)

  init(_ error: GraphError) {
    switch error {
    case .sitesTooClose(let siteA, let siteB, let distance):
      self = .sitesTooClose(siteA: siteA, siteB: siteB, distance: distance)
    case .imageOutOfRange: self = .imageOutOfRange
    case .searchTooLarge(let radius): self = .searchTooLarge(radius: radius)
    case .degenerateLattice(let error): self = .degenerateLattice(error)
    }
  }
}

extension VoronoiError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .sitesTooClose(let siteA, let siteB, let distance):
      "\(GraphError.sitesTooClose(siteA: siteA, siteB: siteB, distance: distance))"
    case .imageOutOfRange: "\(GraphError.imageOutOfRange)"
    case .searchTooLarge(let radius): "\(GraphError.searchTooLarge(radius: radius))"
    case .degenerateLattice(let error): "\(GraphError.degenerateLattice(error))"
    case .volumeMismatch(let error):
      "the Voronoi cells do not fill the crystal's cell (relative error \(error))"
    case .cellTooComplex(let site): "the Voronoi cell of site \(site) is too complex"
    }
  }
}
