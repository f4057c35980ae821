import Crystal

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension VoronoiKernel {
  /// Records the facets of the finished cell of `site`, in canonical order.
  ///
  /// A facet is measured once, in the cell of its lower site (of two images, in the cell from which the other is in
  /// the lexicographically positive direction); the cell on the other side takes the same numbers.
  mutating func record(_ site: Int, _ elements: [Element]) {
    measureVertices()
    let first = facets.count
    var edges = 0
    for face in 0..<polyhedron.faceCount {
      let label = polyhedron.labels[face]
      let neighbor = Int(label.site)
      let image = search.cell.image(
        SIMD3<Int>(truncatingIfNeeded: label.image), from: site, to: neighbor)
      let vertexCount = polyhedron.loopCounts[face]
      edges += vertexCount
      var facet = Facet(
        neighbor: label.site, vertexCount: Int32(truncatingIfNeeded: vertexCount), image: image,
        distance: dot(label.normal, label.normal).squareRoot(), area: 0, solidAngle: 0, isPaired: false)
      if neighbor > site || (neighbor == site && isPositive(image)) { measure(face, &facet) }
      insert(facet, from: first, elements)
    }
    offsets.append(facets.count)
    vertexCounts.append(polyhedron.slotCount - polyhedron.freeCount)
    edgeCounts.append(edges / 2)
    pair(site, from: first)
  }

  private mutating func measureVertices() {
    vertexLengths.reserve(polyhedron.slotCount)
    let (squares, lengths) = (polyhedron.square, vertexLengths.base)
    for slot in 0..<polyhedron.slotCount { lengths[slot] = squares[slot].squareRoot() }
    farthestVertex = max(farthestVertex, polyhedron.farthestSquare().squareRoot())
  }

  /// Area and solid angle of a face, as a fan of triangles from its first vertex.
  ///
  ///     A = ½ |Σ (v_k − v_0) × (v_{k+1} − v_0)|
  ///     tan(Ω/2) = a · (b × c) / (|a||b||c| + (a·b)|c| + (a·c)|b| + (b·c)|a|)   for each triangle a, b, c
  ///
  /// The half solid angles add up as arguments of complex numbers, so their product is formed and one arctangent
  /// taken; half the solid angle of a facet is below π, so the sum does not wrap around.
  /// Source: A. van Oosterom and J. Strackee, IEEE Trans. Biomed. Eng. BME-30, 125 (1983).
  private func measure(_ face: Int, _ facet: inout Facet) {
    let loop = polyhedron.loops + face * polyhedron.loopCapacity
    let lengths = vertexLengths.base
    let start = polyhedron.vertex(Int(loop[0]))
    let startLength = lengths[Int(loop[0])]
    var middle = polyhedron.vertex(Int(loop[1]))
    var middleLength = lengths[Int(loop[1])]
    var toMiddle = middle - start
    var startMiddle = dot(start, middle)
    var areaVector = SIMD3<Double>()
    var (real, imaginary) = (1.0, 0.0)
    for index in 2..<polyhedron.loopCounts[face] {
      let slot = Int(loop[index])
      let last = polyhedron.vertex(slot)
      let lastLength = lengths[slot]
      let toLast = last - start
      let startLast = dot(start, last)
      let normal = cross(toMiddle, toLast)
      areaVector += normal
      // A positive scale leaves the argument alone and keeps long products in range.
      let scale = 0.25 / (startLength * middleLength * lastLength)
      let tripleProduct = dot(start, normal) * scale
      let denominator =
        (startLength * middleLength * lastLength + startMiddle * lastLength + startLast * middleLength
          + dot(middle, last) * startLength) * scale
      (real, imaginary) = (
        real * denominator - imaginary * tripleProduct, real * tripleProduct + imaginary * denominator
      )
      (middle, middleLength, toMiddle, startMiddle) = (last, lastLength, toLast, startLast)
    }
    facet.area = 0.5 * length(areaVector)
    facet.solidAngle = max(0, 2 * atan2(imaginary, real))
  }

  /// Appends a facet, keeping those from `first` on in order of (rounded distance, atomic number, site, image).
  private mutating func insert(_ facet: Facet, from first: Int, _ elements: [Element]) {
    facets.append(facet)
    facets.withUnsafeMutableBufferPointer { facets in
      var slot = facets.count &- 1
      while slot > first, Self.precedes(facet, facets[slot &- 1], elements) {
        facets[slot] = facets[slot &- 1]
        slot &-= 1
      }
      facets[slot] = facet
    }
  }

  @inline(__always)
  private static func precedes(_ left: Facet, _ right: Facet, _ elements: [Element]) -> Bool {
    let (leftKey, rightKey) = (
      DistanceShell.number(left.distance), DistanceShell.number(right.distance)
    )
    if leftKey != rightKey { return leftKey < rightKey }
    if left.neighbor != right.neighbor {
      let (first, second) = (elements[Int(left.neighbor)], elements[Int(right.neighbor)])
      return first == second ? left.neighbor < right.neighbor : first < second
    }
    return isPositive(right.image &- left.image)
  }

  /// Gives the facets of `site` that were measured in another cell, or as the opposite one in this, their numbers.
  private mutating func pair(_ site: Int, from first: Int) {
    let last = facets.count
    facets.withUnsafeMutableBufferPointer { facets in
      for index in first..<last {
        let neighbor = Int(facets[index].neighbor)
        if neighbor > site || (neighbor == site && isPositive(facets[index].image)) { continue }
        let opposite = 0 &- facets[index].image
        for candidate in offsets[neighbor]..<offsets[neighbor + 1]
        where Int(facets[candidate].neighbor) == site && facets[candidate].image == opposite {
          facets[index].area = facets[candidate].area
          facets[index].solidAngle = facets[candidate].solidAngle
          facets[index].distance = facets[candidate].distance
          facets[index].isPaired = true
          facets[candidate].isPaired = true
          break
        }
      }
    }
  }

  /// Leaves out the facets that only one of their two cells has: they are as narrow as the tolerance.
  ///
  /// A facet that goes shrinks to a point, so a polygon of k corners takes k − 1 vertices and k edges with it.
  mutating func dropUnpaired(_ siteCount: Int) {
    guard facets.contains(where: { !$0.isPaired }) else { return }
    var kept: [Facet] = []
    for site in 0..<siteCount {
      let range = offsets[site]..<offsets[site + 1]
      offsets[site] = kept.count
      for facet in facets[range] {
        if facet.isPaired {
          kept.append(facet)
        } else {
          unpairedCount += 1
          vertexCounts[site] -= Int(facet.vertexCount) - 1
          edgeCounts[site] -= Int(facet.vertexCount)
        }
      }
    }
    offsets[siteCount] = kept.count
    facets = kept
  }
}

/// Whether the first component that is not zero is positive.
@inline(__always)
func isPositive(_ image: SIMD3<Int32>) -> Bool {
  image.x != 0 ? image.x > 0 : image.y != 0 ? image.y > 0 : image.z > 0
}
