import Crystal

extension NearestNeighborGraphBuilder {
  /// Searches the cloud for each pending site; returns how many sites need a larger cloud, and keeps those pending.
  func search(
    _ elements: UnsafeBufferPointer<Element>, _ scratch: inout Scratch, pendingCount: Int,
    closest: inout ClosePair
  ) -> Int {
    let radius = scratch.search.cloud.radius
    let isComplete = radius > cutoff
    // A list is final when all that can tie with its last neighbor is sure to lie within the radius.
    let safeDistance = isComplete ? UInt64.max : UInt64(max(0, (radius - tieTolerance) * 1e8 - 4))
    var stillPending = 0
    for index in 0..<pendingCount {
      let site = Int(scratch.pending.base[index])
      select(elements, site: site, &scratch, closest: &closest)
      let isFull = scratch.selection.count >= neighborCount
      if isComplete || (isFull && scratch.selection.roundedDistance(neighborCount - 1) < safeDistance) {
        store(site, &scratch)
      } else {
        scratch.pending.base[stillPending] = Int32(truncatingIfNeeded: site)
        stillPending += 1
      }
    }
    return stillPending
  }

  /// Selects the first M + 1 neighbors of `site` among the points of the cloud.
  private func select(
    _ elements: UnsafeBufferPointer<Element>, site: Int, _ scratch: inout Scratch, closest: inout ClosePair
  ) {
    let found = scratch.search.pointsInReach(of: site)
    let squares = scratch.search.squares.base
    let points = scratch.search.found.base
    let cutoffKey = DistanceShell.number(cutoff)
    scratch.selection.clear()
    for index in 0..<found {
      let point = points[index]
      let neighbor = Int(scratch.search.cloud.site.base[Int(point)])
      let square = squares[index]
      if square == 0 && neighbor == site { continue }
      let distance = square.squareRoot()
      if distance < closest.distance { closest.note(site, neighbor, distance) }
      if DistanceShell.number(distance) > cutoffKey { continue }
      scratch.selection.insert(
        distance: distance, element: elements[neighbor], point: point, scratch.search.cloud,
        scratch.search.cell)
    }
  }

  /// Writes the selection to the rows of `site`.
  private func store(_ site: Int, _ scratch: inout Scratch) {
    let kept = min(scratch.selection.count, neighborCount)
    let first = site * neighborCount
    for index in 0..<kept {
      let point = Int(scratch.selection.points.base[index])
      let neighbor = Int(scratch.search.cloud.site.base[point])
      scratch.neighbors.base[first + index] = Int32(truncatingIfNeeded: neighbor)
      scratch.distances.base[first + index] = scratch.selection.distances.base[index]
      scratch.images.base[first + index] = scratch.search.image(of: point, from: site)
    }
    scratch.counts.base[site] = Int32(truncatingIfNeeded: kept)
    let distances = scratch.selection.distances.base
    scratch.tied.base[site] =
      scratch.selection.count > neighborCount
      && distances[neighborCount] - distances[neighborCount - 1] <= tieTolerance
  }

  /// The graph from the rows of all sites.
  func packed(_ elements: [Element], _ scratch: borrowing Scratch) -> CrystalGraph {
    let siteCount = elements.count
    var edgeCount = 0
    let offsets = [Int32](unsafeUninitializedCapacity: siteCount + 1) { buffer, initialized in
      for site in 0..<siteCount {
        buffer[site] = Int32(truncatingIfNeeded: edgeCount)
        edgeCount += Int(scratch.counts.base[site])
      }
      buffer[siteCount] = Int32(truncatingIfNeeded: edgeCount)
      initialized = siteCount + 1
    }
    return CrystalGraph(
      elements: elements, edgeOffsets: offsets,
      neighbors: packed(scratch.neighbors.base, scratch.counts.base, siteCount, edgeCount),
      distances: packed(scratch.distances.base, scratch.counts.base, siteCount, edgeCount),
      images: packed(scratch.images.base, scratch.counts.base, siteCount, edgeCount),
      tiedCuts: Array(UnsafeBufferPointer(start: scratch.tied.base, count: siteCount)))
  }

  private func packed<Value: BitwiseCopyable>(
    _ rows: UnsafeMutablePointer<Value>, _ counts: UnsafeMutablePointer<Int32>, _ siteCount: Int,
    _ edgeCount: Int
  ) -> [Value] {
    if edgeCount == siteCount * neighborCount {
      return Array(UnsafeBufferPointer(start: rows, count: edgeCount))
    }
    return [Value](unsafeUninitializedCapacity: edgeCount) { buffer, initialized in
      for site in 0..<siteCount {
        for index in 0..<Int(counts[site]) {
          buffer[initialized] = rows[site * neighborCount + index]
          initialized += 1
        }
      }
    }
  }
}
