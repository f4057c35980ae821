public import Crystal

/// All pairs of sites within a cutoff, periodic images included.
///
/// The neighbors of site i stand at positions `offsets[i] ..< offsets[i + 1]` of the flat arrays, ordered by (distance
/// rounded to 1e-8 Å, neighbor, image lexicographically). Every pair is there both ways. A site is no neighbor of
/// itself, but its images are. The neighbor of entry e sits at
///
///     x = lattice.cartesian(fractionalPositions[neighbors[e]] + images[e])
public struct NeighborList: Hashable, Sendable {
  /// Greatest distance of a neighbor (Å), compared with distances rounded to 1e-8 Å.
  public let cutoff: Double
  /// First entry of each site and, last, the number of entries; shape (N + 1).
  public let offsets: [Int]
  /// Neighboring site, one per entry.
  public let neighbors: [Int32]
  /// Distance (Å), one per entry.
  public let distances: [Double]
  /// Lattice translation of the neighbor, in the basis of the crystal as given; one per entry.
  public let images: [SIMD3<Int32>]

  /// Lists the neighbors within `cutoff` of each site.
  ///
  /// - Parameters:
  ///   - structure: the crystal, with N sites.
  ///   - cutoff: greatest distance (Å).
  ///   - minimumDistance: crystals with two sites closer than this (Å) are refused.
  /// - Throws: `GraphError`, foremost `.sitesTooClose` with the closest pair.
  /// - Precondition: 0 < `cutoff` < 1e6, 0.001 Å ≤ `minimumDistance`.
  public init(
    of structure: Structure, cutoff: Double, minimumDistance: Double = 0.4
  ) throws(GraphError) {
    precondition(cutoff > 0 && cutoff < 1e6, "the cutoff is a positive distance in Å")
    precondition(minimumDistance >= 1e-3, "a minimum distance of at least 0.001 Å")
    var search = NeighborSearch()
    try search.cell.load(structure)
    if let error = search.cell.ownImageCloser(than: minimumDistance) { throw error }
    try search.cloud.build(search.cell, radius: max(cutoff, minimumDistance) + 1e-7)
    var offsets = [0]
    var neighbors: [Int32] = []
    var distances: [Double] = []
    var images: [SIMD3<Int32>] = []
    var closest = ClosePair(distance: minimumDistance)
    for site in 0..<structure.siteCount {
      for entry in Self.entries(of: site, cutoff: cutoff, &search, &closest) {
        neighbors.append(entry.neighbor)
        distances.append(entry.distance)
        images.append(entry.image)
      }
      offsets.append(neighbors.count)
    }
    if let pair = closest.pair {
      throw .sitesTooClose(siteA: pair.0, siteB: pair.1, distance: closest.distance)
    }
    self.cutoff = cutoff
    self.offsets = offsets
    self.neighbors = neighbors
    self.distances = distances
    self.images = images
  }

  /// Number of entries: twice the number of pairs.
  public var count: Int { neighbors.count }

  /// Positions of the entries of `site` in the flat arrays.
  public func entries(of site: Int) -> Range<Int> { offsets[site]..<offsets[site + 1] }

  private struct Entry {
    let roundedDistance: UInt64
    let neighbor: Int32
    let image: SIMD3<Int32>
    let distance: Double
  }

  private static func entries(
    of site: Int, cutoff: Double, _ search: inout NeighborSearch, _ closest: inout ClosePair
  ) -> [Entry] {
    let limit = DistanceShell.number(cutoff)
    var entries: [Entry] = []
    for index in 0..<search.pointsInReach(of: site) {
      let point = Int(search.found.base[index])
      let neighbor = search.cloud.site.base[point]
      let square = search.squares.base[index]
      if square == 0 && Int(neighbor) == site { continue }
      let distance = square.squareRoot()
      closest.note(site, Int(neighbor), distance)
      let rounded = DistanceShell.number(distance)
      if rounded > limit { continue }
      entries.append(
        Entry(
          roundedDistance: rounded, neighbor: neighbor, image: search.image(of: point, from: site),
          distance: distance))
    }
    entries.sort { left, right in
      (left.roundedDistance, left.neighbor, left.image.x, left.image.y, left.image.z)
        < (right.roundedDistance, right.neighbor, right.image.x, right.image.y, right.image.z)
    }
    return entries
  }
}
