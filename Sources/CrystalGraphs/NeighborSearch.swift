import Crystal

/// A crystal's reduced cell with the cloud of its periodic images, and the scan of that cloud around one site.
struct NeighborSearch: ~Copyable {
  var cell = ReducedCell()
  var cloud = PeriodicCloud()
  /// Points of the cloud found by the last scan, and their squared distances (Å²).
  private(set) var found = GrowableBuffer<Int32>()
  private(set) var squares = GrowableBuffer<Double>()

  /// Collects the points of the cloud within its radius of a site (the site itself among them) in `found` and
  /// `squares`; returns how many.
  mutating func pointsInReach(of site: Int) -> Int {
    let range = cloud.candidates(at: cell.fractional.base[site])
    squares.reserve(range.count)
    found.reserve(range.count)
    let center = cell.cartesian.base[site]
    let (x, y, z) = (cloud.x.base, cloud.y.base, cloud.z.base)
    let (squares, found) = (squares.base, found.base)
    let limit = cloud.radius * cloud.radius
    var count = 0
    // Without a branch: each point is written, and kept by moving on. Whether it is in reach cannot be predicted.
    var point = range.lowerBound
    while point &+ 4 <= range.upperBound {
      let dx = Self.four(x, point) - center.x
      let dy = Self.four(y, point) - center.y
      let dz = Self.four(z, point) - center.z
      let square = dx * dx + dy * dy + dz * dz
      for lane in 0..<4 {
        squares[count] = square[lane]
        found[count] = Int32(truncatingIfNeeded: point &+ lane)
        count &+= square[lane] <= limit ? 1 : 0
      }
      point &+= 4
    }
    while point < range.upperBound {
      let (dx, dy, dz) = (x[point] - center.x, y[point] - center.y, z[point] - center.z)
      let square = dx * dx + dy * dy + dz * dz
      squares[count] = square
      found[count] = Int32(truncatingIfNeeded: point)
      count &+= square <= limit ? 1 : 0
      point &+= 1
    }
    return count
  }

  /// Four neighboring numbers from `index` on.
  @inline(__always)
  private static func four(_ values: UnsafeMutablePointer<Double>, _ index: Int) -> SIMD4<Double> {
    UnsafeRawPointer(values + index).loadUnaligned(as: SIMD4<Double>.self)
  }

  /// The translation from `center` to a point of the cloud, in the basis and for the positions as given.
  @inline(__always)
  func image(of point: Int, from center: Int) -> SIMD3<Int32> {
    cell.image(
      SIMD3<Int>(truncatingIfNeeded: cloud.image.base[point]), from: center, to: Int(cloud.site.base[point]))
  }
}
