import Crystal

/// The sites of a crystal and all their periodic images within a radius of the box that holds the sites.
///
/// Built once per crystal, then scanned by every center: no center within the box can have a neighbor within the
/// radius that is not in the cloud. The points are sorted into slabs along the thickest axis of the reduced cell, so
/// that in a large cell a center scans only the slabs that its sphere touches.
///
///     ┌─────────────────────────┐   outer box: every point within `radius` of the inner one
///     │   ┌─────────────────┐   │   inner box: the wrapped sites, lowest to highest fractional coordinate
///     │   │  ·    ·   ·     │   │
///     └───┴─────────────────┴───┘
struct PeriodicCloud: ~Copyable {
  /// Radius (Å) that the cloud was built for.
  private(set) var radius = 0.0
  /// Number of points P.
  private(set) var count = 0
  /// Cartesian coordinates (Å), shape (P) each.
  private(set) var x = GrowableBuffer<Double>(capacity: 1024)
  private(set) var y = GrowableBuffer<Double>(capacity: 1024)
  private(set) var z = GrowableBuffer<Double>(capacity: 1024)
  /// Site of each point, and its translation in the reduced basis; shape (P).
  private(set) var site = GrowableBuffer<Int32>(capacity: 1024)
  private(set) var image = GrowableBuffer<SIMD3<Int32>>(capacity: 1024)

  private var slabCount = 1
  private var slabStart = GrowableBuffer<Int>()
  private var cursor = GrowableBuffer<Int>()
  private var slabAxis = 0
  private var slabOrigin = 0.0
  private var slabScale = 0.0
  private var margin = SIMD3<Double>()

  /// Fewer points than this are not worth sorting.
  private static let smallestSlabbedSiteCount = 33
  /// More points than this are refused: the better part of a gigabyte.
  private static let pointLimit = 16_777_216.0

  /// Number of points that a cloud of this radius has, about.
  static func estimatedCount(_ cell: borrowing ReducedCell, radius: Double) -> Double {
    let extent = (cell.highest - cell.lowest) + 2 * radius / cell.thicknesses
    return max(1, extent.x) * max(1, extent.y) * max(1, extent.z) * Double(cell.siteCount)
  }

  /// Gathers the points within `radius` (Å) of the sites of `cell`.
  mutating func build(_ cell: borrowing ReducedCell, radius: Double) throws(GraphError) {
    self.radius = radius
    // The relative and the absolute margin cover the rounding of the fractional coordinates.
    margin = radius * (1 + 1e-12) / cell.thicknesses + SIMD3(repeating: 1e-9)
    let lower = cell.lowest - margin
    let upper = cell.highest + margin
    guard Self.estimatedCount(cell, radius: radius) < Self.pointLimit else {
      throw .searchTooLarge(radius: radius)
    }
    guard max(-lower.min(), upper.max()) + 1 < Double(cell.reach) else { throw .imageOutOfRange }
    chooseSlabs(cell, lower: lower, upper: upper)
    countPoints(cell, lower: lower, upper: upper)
    reserve(count)
    fill(cell, lower: lower, upper: upper)
  }

  /// The points that can lie within `radius` of a center with these fractional coordinates.
  @inline(__always)
  func candidates(at center: SIMD3<Double>) -> Range<Int> {
    if slabCount == 1 { return 0..<count }
    let coordinate = center[slabAxis]
    let first = slab(coordinate - margin[slabAxis])
    let last = slab(coordinate + margin[slabAxis])
    return slabStart.base[first]..<slabStart.base[last + 1]
  }

  private mutating func reserve(_ count: Int) {
    x.reserve(count)
    y.reserve(count)
    z.reserve(count)
    site.reserve(count)
    image.reserve(count)
  }

  private mutating func chooseSlabs(
    _ cell: borrowing ReducedCell, lower: SIMD3<Double>, upper: SIMD3<Double>
  ) {
    slabCount = 1
    if cell.siteCount >= Self.smallestSlabbedSiteCount {
      let extent = (upper - lower) * cell.thicknesses
      slabAxis = extent.x > extent.y ? (extent.x > extent.z ? 0 : 2) : (extent.y > extent.z ? 1 : 2)
      // Four slabs to the radius: finer ones hardly shorten the scan any more.
      slabCount = max(1, Int(min(4096, 4 * extent[slabAxis] / radius)))
      slabOrigin = lower[slabAxis]
      slabScale = Double(slabCount) / (upper[slabAxis] - lower[slabAxis])
    }
    slabStart.reserve(slabCount + 1)
    cursor.reserve(slabCount)
    for slab in 0...slabCount { slabStart.base[slab] = 0 }
  }

  /// The slab of a fractional coordinate; monotonic, so nothing between two coordinates is left out.
  @inline(__always)
  private func slab(_ coordinate: Double) -> Int {
    min(max(Int((coordinate - slabOrigin) * slabScale), 0), slabCount - 1)
  }

  private mutating func countPoints(
    _ cell: borrowing ReducedCell, lower: SIMD3<Double>, upper: SIMD3<Double>
  ) {
    var total = 0
    for index in 0..<cell.siteCount {
      let position = cell.fractional.base[index]
      let (first, last) = cells(position, lower: lower, upper: upper)
      let extent = last &- first &+ 1
      let number = extent.x &* extent.y &* extent.z
      total &+= number
      guard slabCount > 1 else { continue }
      let perLayer = number / extent[slabAxis]
      for layer in first[slabAxis]...last[slabAxis] {
        slabStart.base[slab(position[slabAxis] + Double(layer)) + 1] += perLayer
      }
    }
    count = total
    for slab in 0..<slabCount {
      cursor.base[slab] = slabStart.base[slab]
      slabStart.base[slab + 1] += slabStart.base[slab]
    }
  }

  /// First and last cell along each axis in which the site at `position` lies within the outer box.
  @inline(__always)
  private func cells(
    _ position: SIMD3<Double>, lower: SIMD3<Double>, upper: SIMD3<Double>
  ) -> (SIMD3<Int>, SIMD3<Int>) {
    // The site's own cell is always within, so first ≤ 0 ≤ last, and truncation rounds inwards.
    let first = lower - position
    let last = upper - position
    return (SIMD3(Int(first.x), Int(first.y), Int(first.z)), SIMD3(Int(last.x), Int(last.y), Int(last.z)))
  }

  private mutating func fill(
    _ cell: borrowing ReducedCell, lower: SIMD3<Double>, upper: SIMD3<Double>
  ) {
    let (a, b, c) = cell.basis
    let (x, y, z, site, image) = (x.base, y.base, z.base, site.base, image.base)
    let cursor = cursor.base
    for index in 0..<cell.siteCount {
      let position = cell.fractional.base[index]
      let origin = cell.cartesian.base[index]
      let (first, last) = cells(position, lower: lower, upper: upper)
      for i in first.x...last.x {
        let row = origin + Double(i) * a
        for j in first.y...last.y {
          let column = row + Double(j) * b
          for k in first.z...last.z {
            let point = column + Double(k) * c
            var slabIndex = 0
            if slabCount > 1 {
              let layer = slabAxis == 0 ? i : slabAxis == 1 ? j : k
              slabIndex = slab(position[slabAxis] + Double(layer))
            }
            let slot = cursor[slabIndex]
            cursor[slabIndex] = slot &+ 1
            x[slot] = point.x
            y[slot] = point.y
            z[slot] = point.z
            site[slot] = Int32(truncatingIfNeeded: index)
            image[slot] = SIMD3(
              Int32(truncatingIfNeeded: i), Int32(truncatingIfNeeded: j), Int32(truncatingIfNeeded: k))
          }
        }
      }
    }
  }
}
