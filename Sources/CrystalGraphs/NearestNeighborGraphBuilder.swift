public import Crystal

/// The crystal graph of CGCNN: every site is joined to its M nearest periodic neighbors within a cutoff R.
///
/// Neighbors of a site are all sites at 0 < d ≤ R, its own periodic images included. They are ordered by
///
///     (distance rounded to 1e-8 Å, atomic number, site, image lexicographically)
///
/// and the first M are kept; where fewer lie within R, fewer are stored. Distances are compared with R as rounded. The
/// boundaries of the rounding lie beside the decimal halves (by π/100 of a step), where files' distances may fall.
/// The order makes the graph a function of the crystal alone, not of the order in which neighbors were found.
///
/// Source: T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), and its published code.
public struct NearestNeighborGraphBuilder: Hashable, Sendable {
  /// Number of neighbors M to keep.
  public let neighborCount: Int
  /// Greatest distance R of a neighbor (Å).
  public let cutoff: Double
  /// Crystals with two sites closer than this (Å) are refused.
  public let minimumDistance: Double
  /// A cut at M counts as tied when the next neighbor is farther than the last kept one by at most this (Å).
  public let tieTolerance: Double

  /// A builder of M-nearest-neighbor graphs.
  ///
  /// - Precondition: M ≥ 1, R > 0 and finite, 0.001 Å ≤ `minimumDistance` ≤ R, 1e-8 Å ≤ `tieTolerance` ≤ 0.01 Å.
  public init(
    neighborCount: Int = 12, cutoff: Double = 8.0, minimumDistance: Double = 0.4, tieTolerance: Double = 1e-8
  ) {
    precondition(neighborCount >= 1, "a graph needs at least one neighbor per site")
    precondition(cutoff > 0 && cutoff < 1e6, "the cutoff is a positive distance in Å")
    precondition(minimumDistance >= 1e-3 && minimumDistance <= cutoff, "0.001 Å ≤ minimum distance ≤ cutoff")
    precondition(tieTolerance >= 1e-8 && tieTolerance <= 0.01, "1e-8 Å ≤ tie tolerance ≤ 0.01 Å")
    self.neighborCount = neighborCount
    self.cutoff = cutoff
    self.minimumDistance = minimumDistance
    self.tieTolerance = tieTolerance
  }

  /// Working memory, to be kept from one crystal to the next by one worker.
  public struct Scratch: ~Copyable {
    var search = NeighborSearch()
    var selection = NeighborSelection()
    var counts = GrowableBuffer<Int32>()
    var pending = GrowableBuffer<Int32>()
    var tied = GrowableBuffer<Bool>()
    var neighbors = GrowableBuffer<Int32>()
    var distances = GrowableBuffer<Double>()
    var images = GrowableBuffer<SIMD3<Int32>>()

    /// Empty working memory.
    public init() {}
  }

  /// The graph of a crystal.
  ///
  /// - Throws: `GraphError`, foremost `.sitesTooClose` with the closest pair (where the lattice itself is that short, an own image).
  public func graph(of structure: Structure) throws(GraphError) -> CrystalGraph {
    var scratch = Scratch()
    return try graph(of: structure, scratch: &scratch)
  }

  /// The graph of a crystal, in working memory that is reused.
  ///
  /// - Throws: `GraphError`, foremost `.sitesTooClose` with the closest pair (where the lattice itself is that short, an own image).
  /// - Complexity: O(N) searches in a cloud of periodic images whose radius follows from the density; allocates
  ///   nothing but the result once `scratch` has grown.
  public func graph(of structure: Structure, scratch: inout Scratch) throws(GraphError) -> CrystalGraph {
    try scratch.search.cell.load(structure)
    if let error = scratch.search.cell.ownImageCloser(than: minimumDistance) { throw error }
    let siteCount = structure.siteCount
    prepare(&scratch, siteCount: siteCount)
    var radius = startingRadius(scratch.search.cell)
    var pendingCount = siteCount
    var closest = ClosePair(distance: minimumDistance)
    while true {
      try scratch.search.cloud.build(scratch.search.cell, radius: radius)
      pendingCount = structure.elements.withUnsafeBufferPointer {
        search($0, &scratch, pendingCount: pendingCount, closest: &closest)
      }
      if let pair = closest.pair {
        throw .sitesTooClose(siteA: pair.0, siteB: pair.1, distance: closest.distance)
      }
      if pendingCount == 0 { break }
      radius = min(radius * 1.3, searchLimit)
    }
    return packed(structure.elements, scratch)
  }

  /// The radius that shows every neighbor at R, rounded distances included.
  private var searchLimit: Double { cutoff + 1e-7 }

  /// A sphere that holds somewhat more than M neighbors at the crystal's mean density.
  private func startingRadius(_ cell: borrowing ReducedCell) -> Double {
    min(max(cell.radius(holding: 1.3 * Double(neighborCount) + 2), 2 * minimumDistance), searchLimit)
  }

  private func prepare(_ scratch: inout Scratch, siteCount: Int) {
    scratch.selection.reserve(neighborCount + 1)
    scratch.counts.reserve(siteCount)
    scratch.pending.reserve(siteCount)
    scratch.tied.reserve(siteCount)
    scratch.neighbors.reserve(siteCount * neighborCount)
    scratch.distances.reserve(siteCount * neighborCount)
    scratch.images.reserve(siteCount * neighborCount)
    for site in 0..<siteCount { scratch.pending.base[site] = Int32(truncatingIfNeeded: site) }
  }
}
