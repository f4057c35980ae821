import Crystal
import PhaseStability
import TestSupport

/// A random set of phases: the elements at 0 and compounds of random subsets of them, no composition twice. Fewer
/// compounds than asked for where the elements have no more to offer.
func randomPhases(
  elementCount: Int, compoundCount: Int, using generator: inout SeededGenerator
) throws -> (elements: [Element], entries: [PhaseEntry]) {
  let elements = Array(Element.all.shuffled(using: &generator).prefix(elementCount)).sorted()
  var entries = try elements.map {
    try PhaseEntry(composition: Composition(counting: [$0]), energyPerAtom: 0)
  }
  var seen = Set(entries.map(\.composition))
  for _ in 0..<(20 * compoundCount) where entries.count < elementCount + compoundCount {
    let composition = try randomComposition(of: elements, using: &generator).reduced
    guard composition.parts.count > 1, seen.insert(composition).inserted else { continue }
    let energy = Double.random(in: -2...0.3, using: &generator)
    entries.append(try PhaseEntry(composition: composition, energyPerAtom: energy))
  }
  return (elements, entries)
}

/// A composition of some of the elements, with up to six atoms of each.
func randomComposition(of elements: [Element], using generator: inout SeededGenerator) throws -> Composition {
  let width = Int.random(in: 1...elements.count, using: &generator)
  let chosen = elements.shuffled(using: &generator).prefix(width)
  return try Composition(
    parts: chosen.map { Composition.Part(element: $0, count: Int.random(in: 1...6, using: &generator)) })
}

/// The energy (eV/atom) of the best mixture with the composition of `candidate`, by trying every set of as many phases
/// as the candidate has elements: the plain reference for the solver.
func bruteForceEnergy(of candidate: Composition, among entries: [PhaseEntry]) -> Double {
  let elements = candidate.elements
  let usable = entries.filter { $0.composition.elements.allSatisfy(elements.contains) }
  let target = fractions(of: candidate, elements: elements)
  var best = Double.infinity
  func extend(_ chosen: [PhaseEntry], from start: Int) {
    if chosen.count == elements.count {
      let columns = chosen.map { fractions(of: $0.composition, elements: elements) }
      guard let amounts = solveLinear(columns, target), amounts.allSatisfy({ $0 > -1e-12 }) else { return }
      best = min(best, zip(amounts, chosen).reduce(0) { $0 + $1.0 * $1.1.energyPerAtom })
      return
    }
    for next in start..<max(start, usable.count) { extend(chosen + [usable[next]], from: next + 1) }
  }
  extend([], from: 0)
  return best
}

/// Atomic fractions in the order of `elements`.
func fractions(of composition: Composition, elements: [Element]) -> [Double] {
  elements.map { Double(composition.count(of: $0)) / Double(composition.atomCount) }
}

/// Solves Σ xⱼ columnⱼ = target by elimination; nil when singular.
private func solveLinear(_ columns: [[Double]], _ target: [Double]) -> [Double]? {
  let k = target.count
  var rows = (0..<k).map { i in columns.map { $0[i] } + [target[i]] }
  for column in 0..<k {
    let pivot = (column..<k).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
    guard abs(rows[pivot][column]) > 1e-10 else { return nil }
    rows.swapAt(pivot, column)
    for row in 0..<k where row != column {
      let factor = rows[row][column] / rows[column][column]
      for j in column...k { rows[row][j] -= factor * rows[column][j] }
    }
  }
  return (0..<k).map { rows[$0][k] / rows[$0][$0] }
}
