internal import Crystal

extension Prototype {
  /// Groups of labels of which any two may be exchanged and give the same crystal, moved, turned or inverted; groups
  /// of one are left out.
  ///
  /// Rock salt has [["A", "X"]]: NaCl is ClNa, so each pair of elements need be tried in one order only. Exchanges of
  /// two pairs of labels at once are not looked for. Found by trying all isometries of the lattice on this shape;
  /// sites count as equal within 10⁻⁴ of the cube root of the cell's volume.
  public var exchangeableLabels: [[String]] {
    let isometries = LatticeIsometries(lattice, positions: positions)
    let counts = multiplicities
    var groups: [[Int]] = []
    // To be exchangeable is an equivalence: (1 3) = (1 2)(2 3)(1 2). So one member of a group stands for all.
    for label in labels.indices {
      let home = groups.firstIndex { group in
        counts[group[0]] == counts[label]
          && isometries.contain(exchanging: group[0], label, labels: labelIndices)
      }
      if let home { groups[home].append(label) } else { groups.append([label]) }
    }
    return groups.filter { $0.count > 1 }.map { $0.map { labels[$0] } }
  }
}

/// The isometries that map a lattice onto itself, and the sites they act on.
private struct LatticeIsometries {
  private let lattice: Lattice
  private let positions: [SIMD3<Double>]
  /// Images of the three basis vectors in units of the basis.
  private let rotations: [(SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)]
  /// Largest distance (Å) between points that count as one.
  private let tolerance: Double

  /// The isometries of a lattice; none where it cannot be reduced.
  init(_ original: Lattice, positions: [SIMD3<Double>]) {
    lattice = (try? original.minkowskiReduced().lattice) ?? original
    let reduced = lattice
    self.positions = positions.map { reduced.fractional(original.cartesian($0)) }
    let tolerance = 1e-4 * cubeRoot(lattice.volume)
    self.tolerance = tolerance
    let basis = [lattice.a, lattice.b, lattice.c]
    // Isometries of a reduced basis have coefficients of −1, 0 and 1.
    let steps: [Double] = [-1, 0, 1]
    let vectors = steps.flatMap { x in steps.flatMap { y in steps.map { SIMD3(x, y, $0) } } }
    let candidates = basis.map { edge in
      vectors.filter { abs(length(reduced.cartesian($0)) - length(edge)) < tolerance }
    }
    func isSame(_ first: SIMD3<Double>, _ second: SIMD3<Double>, _ i: Int, _ j: Int) -> Bool {
      let product = dot(reduced.cartesian(first), reduced.cartesian(second))
      return abs(product - dot(basis[i], basis[j])) < tolerance * (length(basis[i]) + length(basis[j]))
    }
    var rotations: [(SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)] = []
    for a in candidates[0] {
      for b in candidates[1] where isSame(a, b, 0, 1) {
        for c in candidates[2] where isSame(a, c, 0, 2) && isSame(b, c, 1, 2) { rotations.append((a, b, c)) }
      }
    }
    self.rotations = rotations
  }

  /// Whether one of the isometries maps sites of the one label onto those of the other and back, and all other sites
  /// onto sites of their own label.
  func contain(exchanging first: Int, _ second: Int, labels: [Int]) -> Bool {
    let targets = labels.map { $0 == first ? second : $0 == second ? first : $0 }
    guard let start = labels.firstIndex(of: first) else { return false }
    for rotation in rotations {
      let images = positions.map { $0.x * rotation.0 + $0.y * rotation.1 + $0.z * rotation.2 }
      for (site, position) in positions.enumerated() where labels[site] == second {
        let shift = position - images[start]
        if images.indices.allSatisfy({ hasSite(images[$0] + shift, label: targets[$0], labels: labels) }) {
          return true
        }
      }
    }
    return false
  }

  private func hasSite(_ point: SIMD3<Double>, label: Int, labels: [Int]) -> Bool {
    positions.indices.contains { site in
      guard labels[site] == label else { return false }
      let difference = point - positions[site]
      return length(lattice.cartesian(difference - difference.rounded(.toNearestOrEven))) < tolerance
    }
  }
}
