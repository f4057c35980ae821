/// A Minkowski-reduced basis of a lattice, with the integer matrix that leads to it.
public struct ReducedLattice: Sendable {
  /// The lattice in its reduced basis: |a| ≤ |b| ≤ |c|, each as short as lattice vectors allow.
  public let lattice: Lattice
  /// Rows t with  reduced_r = t_r.x · a + t_r.y · b + t_r.z · c  of the original basis; determinant ±1.
  public let transformation: (SIMD3<Int>, SIMD3<Int>, SIMD3<Int>)
}

extension Lattice {
  /// The Minkowski-reduced basis of this lattice.
  ///
  /// Greedy reduction in three dimensions: with the vectors sorted by length, the two shorter ones are
  /// Gauss-reduced, then the longest is replaced by its shortest representative modulo their plane lattice, until
  /// nothing shortens. Source: P. Q. Nguyen and D. Stehlé, ACM Trans. Algorithms 5, 46 (2009).
  ///
  /// - Throws: `LatticeError` when rounding makes the reduced vectors singular (a cell no crystal has).
  public func minkowskiReduced() throws(LatticeError) -> ReducedLattice {
    var vectors = [a, b, c]
    var rows: [SIMD3<Int>] = [SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)]
    // Each pass shortens a vector by more than rounding noise, so the loop ends; the bound guards against bad input.
    for _ in 0..<10_000 {
      let order = [0, 1, 2].sorted {
        (dot(vectors[$0], vectors[$0]), $0) < (dot(vectors[$1], vectors[$1]), $1)
      }
      vectors = order.map { vectors[$0] }
      rows = order.map { rows[$0] }
      if reducePair(&vectors, &rows) { continue }
      if !reduceLongest(&vectors, &rows) { break }
    }
    let lattice = try Lattice(a: vectors[0], b: vectors[1], c: vectors[2])
    return ReducedLattice(lattice: lattice, transformation: (rows[0], rows[1], rows[2]))
  }
}

/// One Gauss step on the two shortest vectors; true when the second became shorter.
private func reducePair(_ vectors: inout [SIMD3<Double>], _ rows: inout [SIMD3<Int>]) -> Bool {
  let quotient = (dot(vectors[0], vectors[1]) / dot(vectors[0], vectors[0])).rounded()
  guard quotient != 0, abs(quotient) < 1e15 else { return false }
  let candidate = vectors[1] - quotient * vectors[0]
  guard dot(candidate, candidate) < dot(vectors[1], vectors[1]) * (1 - 1e-12) else { return false }
  vectors[1] = candidate
  rows[1] = rows[1] &- Int(quotient) &* rows[0]
  return true
}

/// Replaces the longest vector by its shortest representative modulo the first two; true when it became shorter.
private func reduceLongest(_ vectors: inout [SIMD3<Double>], _ rows: inout [SIMD3<Int>]) -> Bool {
  let (a, b, c) = (vectors[0], vectors[1], vectors[2])
  let (aa, ab, bb) = (dot(a, a), dot(a, b), dot(b, b))
  let determinant = aa * bb - ab * ab
  guard determinant > 0 else { return false }
  let x = (dot(c, a) * bb - dot(c, b) * ab) / determinant
  let y = (dot(c, b) * aa - dot(c, a) * ab) / determinant
  guard abs(x) < 1e15, abs(y) < 1e15 else { return false }
  var best = dot(c, c) * (1 - 1e-12)
  var choice: (Double, Double)?
  // For a Gauss-reduced pair the closest point of the plane lattice is among the corners around (x, y).
  for dx in -1...2 {
    for dy in -1...2 {
      let (p, q) = (x.rounded(.down) + Double(dx), y.rounded(.down) + Double(dy))
      let candidate = c - p * a - q * b
      if dot(candidate, candidate) < best {
        best = dot(candidate, candidate)
        choice = (p, q)
      }
    }
  }
  guard let (p, q) = choice else { return false }
  vectors[2] = c - p * a - q * b
  rows[2] = rows[2] &- Int(p) &* rows[0] &- Int(q) &* rows[1]
  return true
}
