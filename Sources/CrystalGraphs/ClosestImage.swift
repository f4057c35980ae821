import Crystal

/// Finds, among the periodic images of a point, the one nearest to another point, whatever the shape of the cell.
///
/// With the reduced basis a, b, c (|a| ≤ |b| ≤ |c|) the lattice is layers of rows: layer k holds the rows, row j the
/// points. The covering radius of a reduced lattice is at most √(a² + b² + c²)/2 ≤ √3/2 |c| and its layers are at
/// least |c|/√2 apart, so the nearest point lies in one of the three layers around the target; in a layer, by the same
/// argument in the plane, in one of the two rows beside it; in a row it is the rounded one. Six points to compare.
struct ClosestImage {
  private let reciprocal: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)
  /// Squared length of a, of b across a, of c across a and b.
  private let squareA: Double
  private let squareB: Double
  private let squareC: Double
  /// b = slantBA · a + (part across a);  c = slantCA · a + slantCB · b + (part across both).
  private let slantBA: Double
  private let slantCA: Double
  private let slantCB: Double

  init(_ cell: borrowing ReducedCell) {
    let (a, b, c) = cell.basis
    reciprocal = cell.reciprocal
    squareA = dot(a, a)
    slantBA = dot(a, b) / squareA
    let acrossB = b - slantBA * a
    squareB = dot(acrossB, acrossB)
    slantCB = dot(c, acrossB) / squareB
    slantCA = dot(c - slantCB * b, a) / squareA
    let acrossC = c - slantCA * a - slantCB * b
    squareC = dot(acrossC, acrossC)
  }

  /// The translation n (reduced basis) for which n · basis is nearest to `target`, and the squared distance (Å²).
  @inline(__always)
  func nearest(to target: SIMD3<Double>) -> (translation: SIMD3<Double>, square: Double) {
    let (p, q, r) = (dot(target, reciprocal.0), dot(target, reciprocal.1), dot(target, reciprocal.2))
    var best = Double.infinity
    var translation = SIMD3<Double>()
    let middle = nearestWhole(r)
    for layer in 0..<3 {
      let k = layer == 0 ? middle : layer == 1 ? middle - 1 : middle + 1
      let restC = r - k
      let squareLayer = restC * restC * squareC
      if squareLayer >= best { continue }
      let across = q + restC * slantCB
      let firstRow = wholeBelow(across)
      for row in 0..<2 {
        let j = row == 0 ? firstRow : firstRow + 1
        let restB = across - j
        let squareRow = squareLayer + restB * restB * squareB
        let along = p + restC * slantCA + restB * slantBA
        let i = nearestWhole(along)
        let square = squareRow + (along - i) * (along - i) * squareA
        if square < best {
          best = square
          translation = SIMD3(i, j, k)
        }
      }
    }
    return (translation, best)
  }
}

/// The nearest whole number; of two, the one farther from zero.
@inline(__always)
private func nearestWhole(_ value: Double) -> Double { Double(Int(value + (value < 0 ? -0.5 : 0.5))) }

/// The greatest whole number not above the value.
@inline(__always)
private func wholeBelow(_ value: Double) -> Double {
  let truncated = Double(Int(value))
  return truncated > value ? truncated - 1 : truncated
}
