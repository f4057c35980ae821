import Crystal

/// The first few of a stream of neighbor candidates in canonical order, kept sorted.
struct NeighborSelection: ~Copyable {
  /// Rounded distance and atomic number in one number: distance / 1e-8 Å · 256 + Z.
  private(set) var keys = GrowableBuffer<UInt64>()
  /// Index of the candidate in the cloud.
  private(set) var points = GrowableBuffer<Int32>()
  /// Exact distance (Å).
  private(set) var distances = GrowableBuffer<Double>()
  /// Number of candidates kept so far.
  private(set) var count = 0
  private var limit = 0

  mutating func reserve(_ limit: Int) {
    self.limit = limit
    keys.reserve(limit)
    points.reserve(limit)
    distances.reserve(limit)
  }

  mutating func clear() { count = 0 }

  /// Rounded distance (1e-8 Å) of a kept candidate.
  @inline(__always)
  func roundedDistance(_ index: Int) -> UInt64 { keys.base[index] >> 8 }

  /// Takes a candidate into the selection if it is among the first ones.
  @inline(__always)
  mutating func insert(
    distance: Double, element: Element, point: Int32, _ cloud: borrowing PeriodicCloud,
    _ cell: borrowing ReducedCell
  ) {
    let key = DistanceShell.number(distance) << 8 | UInt64(element.rawValue)
    let (keys, points, distances) = (keys.base, points.base, distances.base)
    var slot = count
    if slot == limit {
      guard precedes(key, point, keys[slot &- 1], points[slot &- 1], cloud, cell) else { return }
      slot &-= 1
    } else {
      count = slot &+ 1
    }
    while slot > 0, precedes(key, point, keys[slot &- 1], points[slot &- 1], cloud, cell) {
      keys[slot] = keys[slot &- 1]
      points[slot] = points[slot &- 1]
      distances[slot] = distances[slot &- 1]
      slot &-= 1
    }
    keys[slot] = key
    points[slot] = point
    distances[slot] = distance
  }

  @inline(__always)
  private func precedes(
    _ leftKey: UInt64, _ left: Int32, _ rightKey: UInt64, _ right: Int32, _ cloud: borrowing PeriodicCloud,
    _ cell: borrowing ReducedCell
  ) -> Bool {
    if leftKey != rightKey { return leftKey < rightKey }
    let (leftSite, rightSite) = (cloud.site.base[Int(left)], cloud.site.base[Int(right)])
    if leftSite != rightSite { return leftSite < rightSite }
    // Between images of one site the shifts of the wrapped positions cancel.
    let difference = cell.givenImage(
      SIMD3<Int>(truncatingIfNeeded: cloud.image.base[Int(left)] &- cloud.image.base[Int(right)]))
    if difference.x != 0 { return difference.x < 0 }
    if difference.y != 0 { return difference.y < 0 }
    return difference.z < 0
  }
}

/// The closest pair of sites below a distance, if there is one.
struct ClosePair {
  /// The smallest distance seen, or the limit (Å).
  var distance: Double
  /// The two sites, in increasing order.
  var pair: (Int, Int)?

  mutating func note(_ first: Int, _ second: Int, _ found: Double) {
    guard found < distance else { return }
    distance = found
    pair = (min(first, second), max(first, second))
  }
}

/// The real cube root of a positive number, to a relative 1e-9 or so: for estimates of radii.
func cubeRoot(_ value: Double) -> Double {
  guard value > 0, value.isFinite else { return 0 }
  var root = Double(sign: .plus, exponent: Int(value.exponent) / 3, significand: 1)
  for _ in 0..<6 { root -= (root * root * root - value) / (3 * root * root) }
  return root
}
