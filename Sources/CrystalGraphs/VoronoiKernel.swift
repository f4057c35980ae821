import Crystal

/// The Voronoi cells of one crystal after another: working memory and the order of work.
///
/// Each site's cell starts as the parallelepiped of the lattice's own bisectors and is cut by the bisectors of the
/// sites around it, nearest first, until the next site is farther than twice the farthest vertex: no site beyond can
/// reach the cell. Where the gathered cloud ends before that, every vertex is checked against the nearest image of
/// every site; a convex polyhedron whose vertices are all nearest to the center is the cell. Both proofs are exact, so
/// no cutoff has to be chosen.
struct VoronoiKernel: ~Copyable {
  /// A facet of a cell.
  struct Facet {
    var neighbor: Int32
    var vertexCount: Int32
    /// Translation of the neighbor in the basis, and for the positions, as given.
    var image: SIMD3<Int32>
    var distance: Double
    var area: Double
    var solidAngle: Double
    /// Whether the facet has been found in both of its cells.
    var isPaired: Bool
  }

  var search = NeighborSearch()
  var polyhedron = ConvexCell()
  /// Facets of all cells so far, those of one cell contiguous.
  var facets: [Facet] = []
  /// First facet of each cell and, last, their number.
  var offsets: [Int] = []
  /// Vertices and edges of each cell.
  var vertexCounts: [Int] = []
  var edgeCounts: [Int] = []
  /// The farthest vertex of any cell from its site (Å).
  var farthestVertex = 0.0
  /// Facets that were found in one of their two cells only, and left out.
  var unpairedCount = 0

  private var order = GrowableBuffer<Int32>(capacity: 256)
  private var binEnds = GrowableBuffer<Int>(capacity: Self.binCount + 1)
  var vertexLengths = GrowableBuffer<Double>(capacity: 128)

  private static let binCount = 64
  /// Neighbors that the cloud should hold around a site at the crystal's mean density.
  private static let neighborsGathered = 70.0
  /// Points of the cloud per site; a larger one, as very flat or long cells would need, is not worth gathering: the
  /// check of the vertices completes the cells as well.
  private static let cloudLimit = 2000.0
  /// Cuts by single nearest images that complete a cell; a crystal's cell takes some tens. Where a vertex is so far
  /// away that rounding moves it at each cut, there is no end to them.
  private static let closingCutLimit = 4000
  /// Multiples of the tolerance that are tried when rounding leaves a cut without a closed edge.
  private static let toleranceFactors = [1, 0.6, 1.7, 0.3, 3, 0.1, 10]

  /// Computes all cells of a crystal.
  mutating func run(_ structure: Structure, minimumDistance: Double, tolerance: Double) throws(VoronoiError) {
    do { try search.cell.load(structure) } catch { throw VoronoiError(error) }
    if let error = search.cell.ownImageCloser(than: minimumDistance) { throw VoronoiError(error) }
    let siteCount = structure.siteCount
    clear(siteCount)
    var radius = startingRadius(minimumDistance)
    while PeriodicCloud.estimatedCount(search.cell, radius: radius) > Self.cloudLimit
      * Double(siteCount + 10),
      radius > 3 * minimumDistance
    {
      radius /= 1.5
    }
    do { try search.cloud.build(search.cell, radius: radius) } catch { throw VoronoiError(error) }
    let closest = ClosestImage(search.cell)
    var close = ClosePair(distance: minimumDistance)
    for site in 0..<siteCount {
      let found = sortedNeighbors(of: site, &close)
      if close.pair != nil { continue }
      try carve(site, neighborCount: found, closest, tolerance: tolerance)
      record(site, structure.elements)
    }
    if let pair = close.pair {
      throw .sitesTooClose(siteA: pair.0, siteB: pair.1, distance: close.distance)
    }
    dropUnpaired(siteCount)
    try checkVolume()
  }

  /// The one law that no wrong cell can fulfill by chance: together the cells fill space.
  private func checkVolume() throws(VoronoiError) {
    var volume = 0.0
    for facet in facets { volume += facet.area * facet.distance }
    let relativeError = volume / (6 * search.cell.volume) - 1
    guard abs(relativeError) < 1e-6 else { throw .volumeMismatch(relativeError: relativeError) }
  }

  private mutating func clear(_ siteCount: Int) {
    facets.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    vertexCounts.removeAll(keepingCapacity: true)
    edgeCounts.removeAll(keepingCapacity: true)
    facets.reserveCapacity(siteCount * 20)
    offsets.append(0)
    farthestVertex = 0
    unpairedCount = 0
  }

  private func startingRadius(_ minimumDistance: Double) -> Double {
    let volume = Self.neighborsGathered * search.cell.volume / Double(search.cell.siteCount)
    return max(cubeRoot(volume * 3 / (4 * Double.pi)), 2 * minimumDistance)
  }

  /// Scans the cloud around `site` and sorts what is in reach into bins of increasing distance; returns how many.
  private mutating func sortedNeighbors(of site: Int, _ close: inout ClosePair) -> Int {
    let found = search.pointsInReach(of: site)
    order.reserve(found)
    let (squares, points, ends, order) = (search.squares.base, search.found.base, binEnds.base, order.base)
    for bin in 0...Self.binCount { ends[bin] = 0 }
    let scale = Double(Self.binCount) / (search.cloud.radius * search.cloud.radius)
    for index in 0..<found {
      ends[min(Int(squares[index] * scale), Self.binCount &- 1) &+ 1] &+= 1
    }
    for bin in 0..<Self.binCount { ends[bin &+ 1] &+= ends[bin] }
    // Filling moves each bin's start to its end, which is the start of the next one.
    for index in 0..<found {
      let bin = min(Int(squares[index] * scale), Self.binCount &- 1)
      order[ends[bin]] = Int32(truncatingIfNeeded: index)
      ends[bin] &+= 1
    }
    let limit = close.distance * close.distance
    for index in 0..<found where squares[index] < limit {
      let neighbor = Int(search.cloud.site.base[Int(points[index])])
      if squares[index] > 0 || neighbor != site { close.note(site, neighbor, squares[index].squareRoot()) }
    }
    return found
  }

  /// Cuts the polyhedron down to the cell of `site`.
  private mutating func carve(
    _ site: Int, neighborCount: Int, _ closest: ClosestImage, tolerance: Double
  ) throws(VoronoiError) {
    var attempt = 0
    while attempt < Self.toleranceFactors.count {
      polyhedron.reset(search.cell, site: site, tolerance: tolerance * Self.toleranceFactors[attempt])
      var outcome = cutByCloud(site, neighborCount)
      if outcome == .unchanged {
        let reached = search.cloud.radius * search.cloud.radius * (1 - 1e-12)
        if 4 * polyhedron.farthestSquare() <= reached { return }
        outcome = cutByClosestImages(site, closest)
        if outcome == .unchanged { return }
      }
      if outcome == .overflow {
        guard let enlarged = polyhedron.enlarged() else { throw .cellTooComplex(site: site) }
        polyhedron = enlarged
      } else {
        attempt += 1
      }
    }
    throw .cellTooComplex(site: site)
  }

  /// Cuts by the sites of the cloud, nearest first; `.unchanged` when all went well.
  private mutating func cutByCloud(_ site: Int, _ count: Int) -> ConvexCell.CutOutcome {
    let (squares, points, order) = (search.squares.base, search.found.base, order.base)
    let (x, y, z) = (search.cloud.x.base, search.cloud.y.base, search.cloud.z.base)
    let center = search.cell.cartesian.base[site]
    let binWidth = search.cloud.radius * search.cloud.radius / Double(Self.binCount)
    var security = 4 * polyhedron.farthestSquare()
    var position = 0
    for bin in 0..<Self.binCount {
      if Double(bin) * binWidth * (1 - 1e-12) > security { break }
      let end = binEnds.base[bin]
      while position < end {
        let index = Int(order[position])
        position &+= 1
        // Twice the farthest vertex is how far a site can be and still reach the cell.
        if squares[index] > security || squares[index] == 0 { continue }
        let point = Int(points[index])
        let normal = SIMD3(x[point] - center.x, y[point] - center.y, z[point] - center.z)
        let outcome = polyhedron.cut(
          normal, site: search.cloud.site.base[point], image: search.cloud.image.base[point])
        if outcome == .cut {
          security = 4 * polyhedron.farthestSquare()
        } else if outcome != .unchanged {
          return outcome
        }
      }
    }
    return .unchanged
  }

  /// Checks every vertex against the nearest image of every site, and cuts by those that are nearer than the
  /// center; `.unchanged` when all vertices have been verified.
  private mutating func cutByClosestImages(_ site: Int, _ closest: ClosestImage) -> ConvexCell.CutOutcome {
    let (cartesian, basis) = (search.cell.cartesian.base, search.cell.basis)
    let center = cartesian[site]
    var slot = 0
    var cutCount = 0
    while slot < polyhedron.slotCount {
      let vertex = polyhedron.vertex(slot)
      let ownSquare = polyhedron.square[slot]
      if ownSquare == 0 || polyhedron.isVerified[slot] {
        slot += 1
        continue
      }
      var best = ownSquare
      var label = ConvexCell.FaceLabel(site: 0, image: SIMD3(), normal: SIMD3())
      for other in 0..<search.cell.siteCount {
        let offset = cartesian[other] - center
        let (translation, square) = closest.nearest(to: vertex - offset)
        guard square < best, abs(translation.x) < 1e9, abs(translation.y) < 1e9, abs(translation.z) < 1e9
        else {
          continue
        }
        best = square
        label.site = Int32(truncatingIfNeeded: other)
        label.image = SIMD3<Int32>(translation)
        label.normal = offset + translation.x * basis.0 + translation.y * basis.1 + translation.z * basis.2
      }
      polyhedron.isVerified[slot] = true
      slot += 1
      guard best < ownSquare, dot(label.normal, label.normal) > 0 else { continue }
      let outcome = polyhedron.cut(label.normal, site: label.site, image: label.image)
      guard outcome == .cut || outcome == .unchanged else { return outcome }
      // New vertices may stand in any slot.
      if outcome == .cut { slot = 0 }
      cutCount += 1
      if cutCount > Self.closingCutLimit { return .inconsistent }
    }
    return .unchanged
  }
}
