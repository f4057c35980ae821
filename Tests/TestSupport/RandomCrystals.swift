public import Crystal

/// A random crystal: a triclinic cell of sensible density, sites at least `minimumDistance` apart.
///
/// - Parameters:
///   - siteCount: number of sites N.
///   - generator: source of randomness.
///   - elements: elements to draw from.
///   - minimumDistance: smallest distance between sites, own images included (Å).
///   - skew: how far the cell may lean: 0 is orthorhombic, 0.5 ordinary, 20 absurd (same crystal, bad basis).
public func randomStructure(
  siteCount: Int, using generator: inout some RandomNumberGenerator,
  elements: [Element] = Element.all.filter { $0.rawValue <= 83 },
  minimumDistance: Double = 1.5, skew: Double = 0.5
) throws -> Structure {
  let edge = (Double(siteCount) * 18).squareRootCubed
  while true {
    let lengths = (0..<3).map { _ in edge * Double.random(in: 0.75...1.35, using: &generator) }
    let lean = (0..<3).map { _ in Double.random(in: -skew...skew, using: &generator) * edge }
    let lattice = try Lattice(
      a: SIMD3(lengths[0], 0, 0), b: SIMD3(lean[0], lengths[1], 0), c: SIMD3(lean[1], lean[2], lengths[2]))
    var positions: [SIMD3<Double>] = []
    var tries = 0
    while positions.count < siteCount, tries < 200 * siteCount {
      tries += 1
      let point = SIMD3(
        Double.random(in: 0..<1, using: &generator), Double.random(in: 0..<1, using: &generator),
        Double.random(in: 0..<1, using: &generator))
      let clear = try positions.allSatisfy {
        try shortestImageDistance(lattice, point - $0) >= minimumDistance
      }
      if clear { positions.append(point) }
    }
    guard positions.count == siteCount else { continue }
    let species = (0..<siteCount).map { _ in elements[Int.random(in: 0..<elements.count, using: &generator)] }
    return try Structure(lattice: lattice, elements: species, fractionalPositions: positions)
  }
}

/// The shortest distance (Å) over all lattice translations of a fractional difference vector.
public func shortestImageDistance(_ lattice: Lattice, _ difference: SIMD3<Double>) throws -> Double {
  let reduced = try lattice.minkowskiReduced().lattice
  var folded = reduced.fractional(lattice.cartesian(difference))
  folded -= folded.rounded(.toNearestOrEven)
  var best = Double.infinity
  for i in -2...2 {
    for j in -2...2 {
      for k in -2...2 {
        let vector = reduced.cartesian(folded + SIMD3(Double(i), Double(j), Double(k)))
        best = min(best, length(vector))
      }
    }
  }
  return best
}

extension Double {
  fileprivate var squareRootCubed: Double {
    var x = self > 1 ? self : 1
    for _ in 0..<60 { x -= (x * x * x - self) / (3 * x * x) }
    return x
  }
}
