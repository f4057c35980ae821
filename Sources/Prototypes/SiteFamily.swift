import Crystal

/// The places that the sites of a prototype may have, as functions of its parameters.
struct SiteFamily: Sendable {
  private let prototype: Prototype
  /// The parameters that places depend on and the shape of the cell does not.
  private let parameters: [Int]
  private let defaults: [SIMD3<Double>]
  /// For each of `parameters` how the places move with it; they are linear in it.
  private let derivatives: [[SIMD3<Double>]]

  init(_ prototype: Prototype, metric: [Int]) {
    self.prototype = prototype
    let values = prototype.parameters.map(\.defaultValue)
    let positions = (try? prototype.geometry(values).positions) ?? prototype.positions
    defaults = positions
    parameters = prototype.parameters.indices.filter { !metric.contains($0) }
    derivatives = parameters.map { index in
      var moved = values
      let range = prototype.parameters[index].range
      let end =
        values[index] < (range.lowerBound + range.upperBound) / 2 ? range.upperBound : range.lowerBound
      moved[index] = end
      let places = (try? prototype.geometry(moved).positions) ?? positions
      return zip(places, positions).map { folded($0 - $1) / (end - values[index]) }
    }
  }

  /// The parameters for which a crystal's sites lie where the prototype's do, and the largest distance left, over the
  /// cube root of the volume per site; nil where there are none.
  ///
  /// - Parameters:
  ///   - crystal: a crystal of as many sites as the prototype.
  ///   - basis: a basis of its lattice and the parameters that the cell fixes.
  ///   - elements: the elements on the labels.
  func fit(
    _ crystal: Structure, basis: LatticeFamily.Basis, elements: [Element]
  ) -> (values: [Double], deviation: Double)? {
    let positions = crystal.fractionalPositions.map {
      basis.lattice.fractional(crystal.lattice.cartesian($0))
    }
    let counts = prototype.multiplicities
    guard let rarest = counts.indices.min(by: { counts[$0] < counts[$1] }),
      let start = prototype.labelIndices.firstIndex(of: rarest)
    else { return nil }
    let edge = cubeRoot(basis.lattice.volume / Double(crystal.siteCount))
    for (site, position) in positions.enumerated() where crystal.elements[site] == elements[rarest] {
      var values = basis.values
      var shift = position - defaults[start]
      var assignment: [Int] = []
      for _ in 0..<10 {
        let places = self.places(values).map { $0 + shift }
        guard
          let found = assign(
            places, to: positions, crystal.elements, elements, in: basis.lattice, within: 0.6 * edge)
        else { break }
        let isSettled = found == assignment
        assignment = found
        let differences = zip(places, assignment).map { folded(positions[$1] - $0) }
        let deviation = differences.reduce(0) { max($0, length(basis.lattice.cartesian($1))) } / edge
        if isSettled {
          if deviation < PrototypeMatcher.tolerance, isWithinRanges(values) { return (values, deviation) }
          break
        }
        guard let steps = step(differences, in: basis.lattice) else { break }
        for (index, parameter) in parameters.enumerated() { values[parameter] += steps[index] }
        shift += SIMD3(steps[parameters.count], steps[parameters.count + 1], steps[parameters.count + 2])
      }
    }
    return nil
  }

  private func places(_ values: [Double]) -> [SIMD3<Double>] {
    var places = defaults
    for (index, parameter) in parameters.enumerated() {
      let change = values[parameter] - prototype.parameters[parameter].defaultValue
      for site in places.indices { places[site] += change * derivatives[index][site] }
    }
    return places
  }

  private func isWithinRanges(_ values: [Double]) -> Bool {
    parameters.allSatisfy { prototype.parameters[$0].range.contains(values[$0]) }
  }

  /// For each place the nearest site with its element; nil where one is missing or two places share one.
  private func assign(
    _ places: [SIMD3<Double>], to positions: [SIMD3<Double>], _ species: [Element], _ elements: [Element],
    in lattice: Lattice, within limit: Double
  ) -> [Int]? {
    var isTaken = [Bool](repeating: false, count: positions.count)
    var assignment: [Int] = []
    for (place, label) in zip(places, prototype.labelIndices) {
      var nearest: (site: Int, distance: Double)?
      for site in positions.indices where species[site] == elements[label] {
        let distance = length(lattice.cartesian(folded(positions[site] - place)))
        if distance < nearest?.distance ?? limit { nearest = (site, distance) }
      }
      guard let nearest, !isTaken[nearest.site] else { return nil }
      isTaken[nearest.site] = true
      assignment.append(nearest.site)
    }
    return assignment
  }

  /// The changes of the parameters and of the origin that make the differences least, in Å.
  private func step(_ differences: [SIMD3<Double>], in lattice: Lattice) -> [Double]? {
    let count = parameters.count
    var problem = LeastSquares(unknowns: count + 3)
    for (site, difference) in differences.enumerated() {
      let target = lattice.cartesian(difference)
      let moves = derivatives.map { lattice.cartesian($0[site]) } + [lattice.a, lattice.b, lattice.c]
      for axis in 0..<3 {
        problem.add(moves.indices.map { ($0, moves[$0][axis]) }, value: target[axis])
      }
    }
    return problem.solution()
  }
}
