public import Crystal

/// Other descriptions of the same crystal.
extension Structure {
  /// The crystal turned by a random rotation.
  public func rotated(using generator: inout some RandomNumberGenerator) throws -> Structure {
    // A unit quaternion drawn evenly from the ball of four dimensions.
    var quaternion = SIMD4<Double>(repeating: 0)
    var norm = 0.0
    while norm < 0.01 || norm > 1 {
      for index in 0..<4 { quaternion[index] = Double.random(in: -1...1, using: &generator) }
      norm = (quaternion * quaternion).sum()
    }
    quaternion /= norm.squareRoot()
    let axis = SIMD3(quaternion.x, quaternion.y, quaternion.z)
    func turned(_ vector: SIMD3<Double>) -> SIMD3<Double> {
      let once = 2 * cross(axis, vector)
      return vector + quaternion.w * once + cross(axis, once)
    }
    return try Structure(
      lattice: Lattice(a: turned(lattice.a), b: turned(lattice.b), c: turned(lattice.c)), elements: elements,
      fractionalPositions: fractionalPositions)
  }

  /// The crystal with all sites moved by the same fractional vector.
  public func translated(by shift: SIMD3<Double>) throws -> Structure {
    try Structure(
      lattice: lattice, elements: elements, fractionalPositions: fractionalPositions.map { $0 + shift })
  }

  /// The crystal with its sites in a random order.
  public func reordered(using generator: inout some RandomNumberGenerator) throws -> Structure {
    let order = elements.indices.shuffled(using: &generator)
    return try Structure(
      lattice: lattice, elements: order.map { elements[$0] },
      fractionalPositions: order.map { fractionalPositions[$0] })
  }

  /// The crystal in another basis of its lattice: lattice vectors are added to each other `steps` times.
  public func inOtherBasis(steps: Int = 3, using generator: inout some RandomNumberGenerator) throws
    -> Structure
  {
    var rows = [lattice.a, lattice.b, lattice.c]
    var positions = fractionalPositions
    for _ in 0..<steps {
      let target = Int.random(in: 0..<3, using: &generator)
      let other = (target + Int.random(in: 1...2, using: &generator)) % 3
      let factor = Double([-2, -1, 1, 2].randomElement(using: &generator) ?? 1)
      rows[target] += factor * rows[other]
      for index in positions.indices { positions[index][other] -= factor * positions[index][target] }
    }
    return try Structure(
      lattice: Lattice(a: rows[0], b: rows[1], c: rows[2]), elements: elements, fractionalPositions: positions
    )
  }
}
