package import Crystal

/// Periodic neighbors by looking at every image that could be in reach: the reference for the fast searches.
///
/// Plain loops in the basis as given: no reduction, no guess of a radius, no cloud. The number of images follows from
/// the thicknesses of the cell: a site within R of another differs from it by at most R/t along the axis of
/// thickness t. Slow in skewed cells; used by tests.
package struct PlainNeighborSearch: Sendable {
  /// A neighbor of a site.
  package struct Neighbor: Sendable {
    /// Site index.
    package let site: Int
    /// Lattice translation in the basis as given.
    package let image: SIMD3<Int32>
    /// Distance (Å).
    package let distance: Double
    /// Atomic number.
    package let atomicNumber: Int
    /// Distance in units of 1e-8 Å.
    package var roundedDistance: UInt64 { DistanceShell.number(distance) }
  }

  /// Greatest distance (Å).
  package let cutoff: Double

  /// A search within `cutoff` (Å).
  package init(cutoff: Double) { self.cutoff = cutoff }

  /// All neighbors of `site`, by (rounded distance, atomic number, site, image).
  package func neighbors(of site: Int, in structure: Structure) -> [Neighbor] {
    let lattice = structure.lattice
    let positions = structure.fractionalPositions
    let reach = SIMD3(repeating: cutoff) / lattice.thicknesses
    var found: [Neighbor] = []
    for other in 0..<structure.siteCount {
      let difference = positions[other] - positions[site]
      let first = -reach - difference
      let last = reach - difference
      for i in Int(first.x.rounded(.down))...Int(last.x.rounded(.up)) {
        for j in Int(first.y.rounded(.down))...Int(last.y.rounded(.up)) {
          for k in Int(first.z.rounded(.down))...Int(last.z.rounded(.up)) {
            if other == site && i == 0 && j == 0 && k == 0 { continue }
            let vector = lattice.cartesian(difference + SIMD3(Double(i), Double(j), Double(k)))
            let distance = dot(vector, vector).squareRoot()
            guard DistanceShell.number(distance) <= DistanceShell.number(cutoff) else { continue }
            found.append(
              Neighbor(
                site: other, image: SIMD3(Int32(i), Int32(j), Int32(k)), distance: distance,
                atomicNumber: structure.elements[other].atomicNumber))
          }
        }
      }
    }
    return found.sorted { left, right in
      let leftKey = (left.roundedDistance, left.atomicNumber, left.site)
      let rightKey = (right.roundedDistance, right.atomicNumber, right.site)
      if leftKey != rightKey { return leftKey < rightKey }
      return (left.image.x, left.image.y, left.image.z) < (right.image.x, right.image.y, right.image.z)
    }
  }
}
