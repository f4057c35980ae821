import Crystal

/// The shapes of cell that a prototype may have, and the bases of other lattices that have one of them.
struct LatticeFamily: Sendable {
  /// A basis with the shape of the prototype's cell.
  struct Basis {
    let lattice: Lattice
    /// All parameters: those that the cell depends on fitted, the others at their defaults.
    let values: [Double]
  }

  /// The parameters that the shape of the cell depends on.
  let metricParameters: [Int]

  private let prototype: Prototype
  /// The least and the largest of the six products over the range of the parameters.
  private let bounds: [ClosedRange<Double>]

  init(_ prototype: Prototype) {
    self.prototype = prototype
    let defaults = prototype.parameters.map(\.defaultValue)
    let reference = Self.products(prototype, defaults) ?? []
    metricParameters = prototype.parameters.indices.filter { index in
      let range = prototype.parameters[index].range
      return [range.lowerBound, range.upperBound].contains { end in
        var values = defaults
        values[index] = end
        let products = Self.products(prototype, values) ?? []
        return zip(products, reference).contains { abs($0 - $1) > 1e-9 }
      }
    }
    // The products over a grid; between its points they are at most a little outside what they are on them.
    var grid = [defaults]
    for index in metricParameters {
      let range = prototype.parameters[index].range
      grid = grid.flatMap { values in
        (0...8).map { step in
          var values = values
          values[index] = range.lowerBound + (range.upperBound - range.lowerBound) * Double(step) / 8
          return values
        }
      }
    }
    let samples = grid.compactMap { Self.products(prototype, $0) }
    bounds = (0..<6).map { index in
      let (least, largest) = samples.reduce((Double.infinity, -Double.infinity)) {
        (min($0.0, $1[index]), max($0.1, $1[index]))
      }
      let margin = PrototypeMatcher.tolerance + 0.05 * (largest - least)
      return least - margin...largest + margin
    }
  }

  /// The bases of a reduced lattice with one of the shapes, in a fixed order.
  func bases(of lattice: Lattice) -> [Basis] {
    let edge = cubeRoot(lattice.volume)
    let steps = (-4...4).map(Double.init)
    var vectors: [SIMD3<Double>] = []
    for i in steps {
      for j in steps { for k in steps { vectors.append(lattice.cartesian(SIMD3(i, j, k)) / edge) } }
    }
    func choices(_ bound: ClosedRange<Double>) -> [SIMD3<Double>] {
      vectors.filter { bound.contains(dot($0, $0)) }
    }
    let (first, second, third) = (choices(bounds[0]), choices(bounds[1]), choices(bounds[2]))
    var known: [[Int]: [Double]?] = [:]
    var found: [Basis] = []
    for a in first {
      for b in second where bounds[5].contains(dot(a, b)) {
        let normal = cross(a, b)
        for c in third where abs(abs(dot(normal, c)) - 1) < 1e-3 {
          let products = [dot(a, a), dot(b, b), dot(c, c), dot(b, c), dot(a, c), dot(a, b)]
          guard bounds[3].contains(products[3]), bounds[4].contains(products[4]) else { continue }
          // Bases that symmetry maps onto each other have the same products.
          let key = products.map { Int(($0 * 1e4).rounded()) }
          let values = known[key] ?? fit(products)
          known[key] = .some(values)
          guard let values, let basis = try? Lattice(a: edge * a, b: edge * b, c: edge * c) else { continue }
          found.append(Basis(lattice: basis, values: values))
        }
      }
    }
    return found
  }

  /// The values of the parameters for which the cell has these products, by Gauss–Newton steps from the defaults; nil
  /// where there are none.
  private func fit(_ target: [Double]) -> [Double]? {
    var values = prototype.parameters.map(\.defaultValue)
    for _ in 0..<12 where !metricParameters.isEmpty {
      guard let products = Self.products(prototype, values) else { return nil }
      var problem = LeastSquares(unknowns: metricParameters.count)
      var columns: [[Double]] = []
      for index in metricParameters {
        let range = prototype.parameters[index].range
        let middle = (range.lowerBound + range.upperBound) / 2
        let step = 1e-5 * (range.upperBound - range.lowerBound) * (values[index] < middle ? 1 : -1)
        var moved = values
        moved[index] += step
        guard let changed = Self.products(prototype, moved) else { return nil }
        columns.append(zip(changed, products).map { ($0 - $1) / step })
      }
      for row in 0..<6 {
        problem.add(
          columns.indices.map { ($0, columns[$0][row]) }, value: target[row] - products[row])
      }
      guard let steps = problem.solution() else { return nil }
      for (index, step) in zip(metricParameters, steps) {
        let range = prototype.parameters[index].range
        values[index] = min(max(values[index] + step, range.lowerBound), range.upperBound)
      }
    }
    guard let products = Self.products(prototype, values) else { return nil }
    let agrees = zip(products, target).allSatisfy { abs($0 - $1) < PrototypeMatcher.tolerance }
    return agrees ? values : nil
  }

  /// The scalar products aa, bb, cc, bc, ac, ab of the cell's vectors over the power ⅔ of its volume.
  private static func products(_ prototype: Prototype, _ values: [Double]) -> [Double]? {
    guard let lattice = try? prototype.geometry(values).lattice else { return nil }
    let edge = cubeRoot(lattice.volume)
    let (a, b, c) = (lattice.a / edge, lattice.b / edge, lattice.c / edge)
    return [dot(a, a), dot(b, b), dot(c, c), dot(b, c), dot(a, c), dot(a, b)]
  }
}
