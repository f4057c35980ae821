internal import Crystal

extension Structure {
  /// The same crystal in a primitive cell with a Minkowski-reduced basis.
  ///
  /// Two sites count as equal by translation where they lie within `tolerance` of the cube root of the volume per site.
  /// - Throws: `LatticeError` when rounding makes the cell singular (a cell no crystal has).
  func primitive(tolerance: Double) throws(LatticeError) -> Structure {
    let reduced = try lattice.minkowskiReduced().lattice
    let positions = fractionalPositions.map { reduced.fractional(lattice.cartesian($0)) }
    let limit = tolerance * cubeRoot(lattice.volume / Double(siteCount))
    func isSite(_ point: SIMD3<Double>, _ element: Element) -> Bool {
      positions.indices.contains { site in
        elements[site] == element && length(reduced.cartesian(folded(point - positions[site]))) < limit
      }
    }
    // A translation that maps the crystal onto itself maps a site of the rarest element onto another.
    let rarest = Dictionary(grouping: elements.indices) { elements[$0] }.values.min {
      ($0.count, $0[0]) < ($1.count, $1[0])
    }
    guard let sites = rarest else { return self }
    let translations = sites.dropFirst().map { folded(positions[$0] - positions[sites[0]]) }.filter { shift in
      positions.indices.allSatisfy { isSite(positions[$0] + shift, elements[$0]) }
    }
    let cell = try Self.basis(of: reduced, with: translations)
    var kept: [Int] = []
    for site in elements.indices {
      let isCopy = kept.contains { other in
        elements[other] == elements[site]
          && length(
            cell.cartesian(folded(cell.fractional(reduced.cartesian(positions[site] - positions[other])))))
            < limit
      }
      if !isCopy { kept.append(site) }
    }
    do {
      return try Structure(
        lattice: cell, elements: kept.map { elements[$0] },
        fractionalPositions: kept.map { cell.fractional(reduced.cartesian(positions[$0])) })
    } catch {
      preconditionFailure("sites of a structure are no structure: \(error)")
    }
  }

  /// A reduced basis of the lattice that the translations span together with `lattice`.
  private static func basis(
    of lattice: Lattice, with translations: [SIMD3<Double>]
  ) throws(LatticeError) -> Lattice {
    guard !translations.isEmpty else { return lattice }
    let target = lattice.volume / Double(translations.count + 1)
    let vectors =
      (translations.map { lattice.cartesian($0) } + [lattice.a, lattice.b, lattice.c])
      .sorted { dot($0, $0) < dot($1, $1) }
    for (i, a) in vectors.enumerated() {
      for (j, b) in vectors[(i + 1)...].enumerated() {
        for c in vectors[(i + j + 2)...] where abs(abs(dot(a, cross(b, c))) / target - 1) < 0.1 {
          return try Lattice(a: a, b: b, c: c).minkowskiReduced().lattice
        }
      }
    }
    return lattice
  }
}

/// The representative of a fractional difference nearest to zero, component by component.
func folded(_ difference: SIMD3<Double>) -> SIMD3<Double> {
  difference - difference.rounded(.toNearestOrEven)
}
