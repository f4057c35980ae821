extension Structure {
  /// The crystal in a cell `counts` times as large along each lattice vector: cell after cell, the last vector's first, the sites of
  /// each in their order.
  ///
  /// - Throws: `LatticeError`, `StructureError` where the cell or a coordinate is not one any more.
  public func supercell(_ counts: SIMD3<Int>) throws -> Structure {
    precondition(counts.min() >= 1, "at least one cell along each vector")
    let factors = SIMD3<Double>(counts)
    var species: [Element] = []
    var positions: [SIMD3<Double>] = []
    for i in 0..<counts.x {
      for j in 0..<counts.y {
        for k in 0..<counts.z {
          species += elements
          positions += fractionalPositions.map { ($0 + SIMD3(Double(i), Double(j), Double(k))) / factors }
        }
      }
    }
    return try Structure(
      lattice: Lattice(a: factors.x * lattice.a, b: factors.y * lattice.b, c: factors.z * lattice.c),
      elements: species, fractionalPositions: positions)
  }
}
