import Crystal

/// The crystal graph of whole shells: every site is joined to its M nearest periodic neighbors within a cutoff R, and to all
/// others as far as the last of them.
///
/// The same graph as that of a `NeighborList` within R of which the first shells are taken, without listing what is
/// farther: the search begins with a sphere that holds somewhat more than M neighbors.
struct ShellGraphBuilder {
  /// Number of neighbors M that are asked for.
  let neighborCount: Int
  /// Greatest distance R of a neighbor (Å).
  let cutoff: Double
  /// Crystals with two sites closer than this (Å) are refused.
  let minimumDistance: Double

  /// The greatest cutoff (Å): neighbors are then found however far they are.
  static let largestCutoff = 9_999.0

  /// - Precondition: M ≥ 1, 0 < R ≤ `largestCutoff`, 0.001 Å ≤ `minimumDistance` ≤ R.
  init(neighborCount: Int, cutoff: Double, minimumDistance: Double = 0.4) {
    precondition(neighborCount >= 1, "a graph needs at least one neighbor per site")
    precondition(cutoff > 0 && cutoff <= Self.largestCutoff, "the cutoff is a positive distance in Å")
    precondition(minimumDistance >= 1e-3, "a minimum distance of at least 0.001 Å")
    self.neighborCount = neighborCount
    self.cutoff = cutoff
    self.minimumDistance = minimumDistance
  }

  /// Working memory, to be kept from one crystal to the next by one worker.
  struct Scratch: ~Copyable {
    var search = NeighborSearch()
    /// Rounded distance (1e-8 Å) and index among the points found, in one number.
    var keys = GrowableBuffer<UInt64>()
    /// Edges as sites were finished, and where those of each site lie.
    var neighbors: [Int32] = []
    var distances: [Double] = []
    var images: [SIMD3<Int32>] = []
    var ranges: [Range<Int>] = []
  }

  private static let indexBits: UInt64 = 24
  /// So much farther (1e-8 Å) than the M-th neighbor points are looked at: shells are narrower.
  private static let margin: UInt64 = 1000

  /// The graph of a crystal.
  ///
  /// - Throws: `GraphError`, foremost `.sitesTooClose` with the closest pair.
  func graph(of structure: Structure, scratch: inout Scratch) throws(GraphError) -> CrystalGraph {
    try scratch.search.cell.load(structure)
    if let error = scratch.search.cell.ownImageCloser(than: minimumDistance) { throw error }
    let count = structure.siteCount
    scratch.neighbors.removeAll(keepingCapacity: true)
    scratch.distances.removeAll(keepingCapacity: true)
    scratch.images.removeAll(keepingCapacity: true)
    scratch.ranges.removeAll(keepingCapacity: true)
    scratch.ranges.append(contentsOf: repeatElement(0..<0, count: count))
    let whole = max(cutoff, minimumDistance) + 1e-7
    var radius = min(
      max(scratch.search.cell.radius(holding: 1.3 * Double(neighborCount) + 2), 2 * minimumDistance), whole)
    var pending = Array(0..<count)
    var closest = ClosePair(distance: minimumDistance)
    while true {
      try scratch.search.cloud.build(scratch.search.cell, radius: radius)
      var left: [Int] = []
      for site in pending where !find(site, isComplete: radius >= whole, &scratch, &closest) {
        left.append(site)
      }
      if let pair = closest.pair {
        throw .sitesTooClose(siteA: pair.0, siteB: pair.1, distance: closest.distance)
      }
      if left.isEmpty { break }
      pending = left
      radius = min(radius * 1.3, whole)
    }
    return packed(structure.elements, scratch)
  }

  /// Finds the edges of a site; false where the cloud is too small to be sure of them.
  private func find(
    _ site: Int, isComplete: Bool, _ scratch: inout Scratch, _ closest: inout ClosePair
  ) -> Bool {
    let found = scratch.search.pointsInReach(of: site)
    scratch.keys.reserve(found)
    let (keys, points, squares) = (
      scratch.keys.base, scratch.search.found.base, scratch.search.squares.base
    )
    let limit = DistanceShell.number(cutoff)
    var count = 0
    for index in 0..<found {
      let neighbor = Int(scratch.search.cloud.site.base[Int(points[index])])
      if squares[index] == 0 && neighbor == site { continue }
      let distance = squares[index].squareRoot()
      closest.note(site, neighbor, distance)
      let rounded = DistanceShell.number(distance)
      if rounded > limit { continue }
      keys[count] = rounded << Self.indexBits | UInt64(index)
      count += 1
    }
    if count > neighborCount {
      selectSmallest(neighborCount, keys, count)
    } else if !isComplete {
      return false
    }
    var kept = min(count, neighborCount)
    let last = (0..<kept).reduce(UInt64(0)) { max($0, keys[$1]) } >> Self.indexBits + Self.margin
    if !isComplete, last >= DistanceShell.number(scratch.search.cloud.radius) { return false }
    for index in kept..<count where keys[index] >> Self.indexBits <= last {
      (keys[index], keys[kept]) = (keys[kept], keys[index])
      kept += 1
    }
    store(site, kept, scratch: &scratch)
    return true
  }

  /// Moves the smallest `wanted` of `count` numbers to the front, in any order.
  private func selectSmallest(_ wanted: Int, _ keys: UnsafeMutablePointer<UInt64>, _ count: Int) {
    var (low, high) = (0, count - 1)
    while low < high {
      let pivot = keys[(low + high) / 2]
      var (i, j) = (low, high)
      while i <= j {
        while keys[i] < pivot { i += 1 }
        while keys[j] > pivot { j -= 1 }
        if i <= j {
          (keys[i], keys[j]) = (keys[j], keys[i])
          i += 1
          j -= 1
        }
      }
      if wanted <= j {
        high = j
      } else if wanted >= i {
        low = i
      } else {
        return
      }
    }
  }

  /// Orders the first `kept` candidates, and stores those of whole shells.
  private func store(_ site: Int, _ kept: Int, scratch: inout Scratch) {
    let (keys, points) = (scratch.keys.base, scratch.search.found.base)
    func index(_ key: UInt64) -> Int { Int(key & (1 << Self.indexBits - 1)) }
    func distance(_ place: Int) -> Double { scratch.search.squares.base[index(keys[place])].squareRoot() }
    func precedes(_ left: UInt64, _ right: UInt64) -> Bool {
      if left >> Self.indexBits != right >> Self.indexBits { return left < right }
      let (a, b) = (Int(points[index(left)]), Int(points[index(right)]))
      let (siteA, siteB) = (scratch.search.cloud.site.base[a], scratch.search.cloud.site.base[b])
      if siteA != siteB { return siteA < siteB }
      let (imageA, imageB) = (
        scratch.search.image(of: a, from: site), scratch.search.image(of: b, from: site)
      )
      return (imageA.x, imageA.y, imageA.z) < (imageB.x, imageB.y, imageB.z)
    }
    for place in stride(from: 1, to: kept, by: 1) {
      let key = keys[place]
      var slot = place
      while slot > 0, precedes(key, keys[slot - 1]) {
        keys[slot] = keys[slot - 1]
        slot -= 1
      }
      keys[slot] = key
    }
    var end = min(kept, neighborCount)
    while end < kept, end > 0, distance(end) - distance(end - 1) <= NeighborRule.shellTolerance { end += 1 }
    let first = scratch.neighbors.count
    for place in 0..<end {
      let point = Int(points[index(keys[place])])
      scratch.neighbors.append(scratch.search.cloud.site.base[point])
      scratch.distances.append(distance(place))
      scratch.images.append(scratch.search.image(of: point, from: site))
    }
    scratch.ranges[site] = first..<first + end
  }

  private func packed(_ elements: [Element], _ scratch: borrowing Scratch) -> CrystalGraph {
    var offsets: [Int32] = [0]
    var entries: [Int] = []
    entries.reserveCapacity(scratch.neighbors.count)
    for range in scratch.ranges {
      entries += range
      offsets.append(Int32(entries.count))
    }
    return CrystalGraph(
      elements: elements, edgeOffsets: offsets, neighbors: entries.map { scratch.neighbors[$0] },
      distances: entries.map { scratch.distances[$0] }, images: entries.map { scratch.images[$0] },
      tiedCuts: elements.map { _ in false })
  }
}
