/// The facets of the lower convex hull of stable phases, found by walking from facet to facet: across each ridge lies
/// the facet that a step of the dual simplex method leads to.
struct HullFacets {
  /// For each facet the places of its phases, ascending; sorted.
  private(set) var facets: [[Int]] = []

  private let fractions: [[Double]]
  private let energies: [Double]
  private let width: Int

  /// Weight (eV/atom) of the convex function that is added to the energies, so that no more phases than elements lie
  /// in one plane. Far below what energies mean, far above rounding.
  private static let convexity = 1e-8
  private static let tolerance = 1e-11

  init(phases: [PhaseDiagram.Phase], width: Int) {
    self.width = width
    fractions = phases.map(\.fractions)
    // A quadratic without symmetry: phases of one plane become vertices of a triangulation of it.
    energies = phases.map { phase in
      var sum = 0.0
      for (i, x) in phase.fractions.enumerated() {
        sum += (1 + 0.1 * Double(i)) * x * x
        if i > 0 { sum += 0.013 * Double(i) * x * phase.fractions[i - 1] }
      }
      return phase.energyPerAtom + Self.convexity * sum
    }
    walk()
  }

  private mutating func walk() {
    guard let start = firstFacet() else { return }
    var seen: Set<[Int]> = [start]
    var open = [start]
    while let facet = open.popLast() {
      facets.append(facet)
      for neighbor in neighbors(of: facet) where seen.insert(neighbor).inserted { open.append(neighbor) }
    }
    facets.sort { $0.lexicographicallyPrecedes($1) }
  }

  /// The facet below one composition, found by pivoting from the elements.
  private func firstFacet() -> [Int]? {
    var basis = (0..<width).compactMap { element in fractions.firstIndex { $0[element] == 1 } }
    guard basis.count == width else { return nil }
    // Shares without a common measure, so that the composition lies on no ridge.
    let shares = (0..<width).map { 1 + 0.317 * Double($0 + 1).squareRoot() }
    let total = shares.reduce(0, +)
    let target = shares.map { $0 / total }
    for _ in 0..<(100 + 20 * energies.count) {
      guard let inverse = inverse(of: basis) else { return nil }
      let costs = reducedCosts(basis, inverse)
      guard let entering = costs.indices.min(by: { costs[$0] < costs[$1] }),
        costs[entering] < -Self.tolerance * 1e-2
      else { return basis.sorted() }
      let direction = product(inverse, fractions[entering])
      let amounts = product(inverse, target)
      let leaving = (0..<width).filter { direction[$0] > Self.tolerance }
        .min { amounts[$0] / direction[$0] < amounts[$1] / direction[$1] }
      guard let leaving else { return nil }
      basis[leaving] = entering
    }
    return nil
  }

  private func neighbors(of facet: [Int]) -> [[Int]] {
    guard let inverse = inverse(of: facet) else { return [] }
    let costs = reducedCosts(facet, inverse)
    var best = [(ratio: Double, phase: Int)?](repeating: nil, count: width)
    for phase in energies.indices where !facet.contains(phase) {
      let direction = product(inverse, fractions[phase])
      for row in 0..<width where direction[row] < -Self.tolerance {
        let ratio = costs[phase] / -direction[row]
        if let current = best[row], current.ratio <= ratio { continue }
        best[row] = (ratio, phase)
      }
    }
    return (0..<width).compactMap { row in
      best[row].map { entering in
        var neighbor = facet
        neighbor[row] = entering.phase
        return neighbor.sorted()
      }
    }
  }

  private func reducedCosts(_ basis: [Int], _ inverse: [Double]) -> [Double] {
    let potentials = (0..<width).map { column in
      (0..<width).reduce(0.0) { $0 + energies[basis[$1]] * inverse[$1 * width + column] }
    }
    return energies.indices.map { phase in
      zip(potentials, fractions[phase]).reduce(energies[phase]) { $0 - $1.0 * $1.1 }
    }
  }

  private func product(_ matrix: [Double], _ vector: [Double]) -> [Double] {
    (0..<width).map { row in (0..<width).reduce(0.0) { $0 + matrix[row * width + $1] * vector[$1] } }
  }

  /// The inverse of the matrix whose columns are the compositions of a basis; nil when it is singular.
  private func inverse(of basis: [Int]) -> [Double]? {
    let k = width
    var left = (0..<(k * k)).map { fractions[basis[$0 % k]][$0 / k] }
    var right = (0..<(k * k)).map { $0 / k == $0 % k ? 1.0 : 0 }
    for column in 0..<k {
      guard let pivot = (column..<k).max(by: { abs(left[$0 * k + column]) < abs(left[$1 * k + column]) }),
        abs(left[pivot * k + column]) > 1e-12
      else { return nil }
      if pivot != column {
        for j in 0..<k {
          left.swapAt(pivot * k + j, column * k + j)
          right.swapAt(pivot * k + j, column * k + j)
        }
      }
      let scale = 1 / left[column * k + column]
      for j in 0..<k {
        left[column * k + j] *= scale
        right[column * k + j] *= scale
      }
      for row in 0..<k where row != column {
        let factor = left[row * k + column]
        for j in 0..<k {
          left[row * k + j] -= factor * left[column * k + j]
          right[row * k + j] -= factor * right[column * k + j]
        }
      }
    }
    return right
  }
}
