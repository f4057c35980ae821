public import Crystal

/// Computes distances to the hull of a set of references. One solver per thread: it keeps scratch memory, and nothing
/// that would make a result depend on the candidates that came before.
public struct HullSolver: Sendable {
  /// Candidates may have up to this many elements.
  public static let maximumElementCount = 12
  /// Products with a smaller share of the atoms are rounding noise: true shares are ratios of atom counts.
  private static let smallestFraction = 1e-11

  /// The references that candidates are compared with.
  public let references: HullReferences
  private var columns = PhaseColumns()
  private var simplex = HullSimplex()
  private var target: [Double] = []
  private var counts: [Int32] = []

  /// A solver for candidates against `references`.
  public init(references: HullReferences) { self.references = references }

  /// The distance of a candidate to the hull.
  ///
  /// - Parameters:
  ///   - composition: the candidate's composition, in any multiple of its formula unit.
  ///   - energyPerAtom: its formation energy (eV/atom), against the same elements as the references'.
  ///   - options: which references compete.
  /// - Throws: `HullError.energyNotFinite`, `.noTerminalReference`, `.tooManyElements`.
  public mutating func distance(
    of composition: Composition, energyPerAtom: Double, options: HullOptions = .init()
  ) throws(HullError) -> HullDistance {
    guard energyPerAtom.isFinite else { throw .energyNotFinite }
    let same = try solve(composition)
    let mixtureEnergy = simplex.energy(columns)
    var hullEnergy = mixtureEnergy
    // A phase of the candidate's own composition can only lower the hull by standing there itself: a mixture that
    // contains a share of it is a point between it and the best mixture of the others.
    if let same, !options.excludesSameComposition {
      hullEnergy = min(hullEnergy, references.table.energies[same])
    }
    return HullDistance(
      energyAboveHull: energyPerAtom - hullEnergy, decompositionEnergy: energyPerAtom - mixtureEnergy,
      decomposition: products(), chemicalPotentials: potentials(composition), sameCompositionPhase: same,
      coverage: coverage(composition))
  }

  /// Solves for the best mixture of phases of other compositions; returns the phase of the same composition.
  private mutating func solve(_ composition: Composition) throws(HullError) -> Int? {
    let parts = composition.parts
    guard parts.count <= Self.maximumElementCount else { throw .tooManyElements(count: parts.count) }
    let same = sameCompositionPhase(parts)
    try columns.gather(from: references.table, elements: parts, excluding: same)
    let total = parts.reduce(0.0) { $0 + Double($1.count) }
    target.removeAll(keepingCapacity: true)
    for part in parts { target.append(Double(part.count) / total) }
    if simplex.solve(columns, target: target) { return same }
    // Not known to happen; exact pivots always end.
    let program = exactProgram(parts)
    guard
      simplex.adopt(basis: program.solve(startingFrom: program.elementBasis).basis, columns, target: target)
    else { throw .notConverged(chemicalSystem: composition.chemicalSystem) }
    return same
  }

  /// The exact program of a reduced composition, the basis that floating point ends in, and the phase of the same
  /// composition.
  mutating func exactProgram(
    of reduced: Composition
  ) throws(HullError) -> (program: ExactProgram, basis: [Int], same: Int?) {
    let same = try solve(reduced)
    return (exactProgram(reduced.parts), simplex.basis, same)
  }

  private func exactProgram(_ parts: [Composition.Part]) -> ExactProgram {
    ExactProgram(
      table: references.table, phases: columns.phases.prefix(columns.count).map { Int($0) }, parts: parts)
  }

  private mutating func sameCompositionPhase(_ parts: [Composition.Part]) -> Int? {
    var divisor = 0
    var mask = ElementMask()
    for part in parts {
      mask = mask.union(ElementMask(atomicNumber: part.element.atomicNumber))
      var (a, b) = (divisor, part.count)
      while b != 0 { (a, b) = (b, a % b) }
      divisor = a
    }
    guard let system = references.table.systemIndex(of: mask) else { return nil }
    counts.removeAll(keepingCapacity: true)
    for part in parts { counts.append(Int32(part.count / divisor)) }
    return references.table.phase(in: system, counts: counts)
  }

  private func products() -> [HullDistance.Product] {
    var result: [HullDistance.Product] = []
    result.reserveCapacity(simplex.basis.count)
    for (column, amount) in zip(simplex.basis, simplex.amounts) where amount > Self.smallestFraction {
      result.append(HullDistance.Product(phase: Int(columns.phases[column]), fraction: amount))
    }
    // Fractions that differ by rounding only are a tie: true ones are ratios of atom counts.
    result.sort { left, right in
      let (a, b) = ((left.fraction * 1e9).rounded(), (right.fraction * 1e9).rounded())
      return a != b ? a > b : left.phase < right.phase
    }
    return result
  }

  private func coverage(_ composition: Composition) -> HullCoverage {
    let count = columns.elementCount
    // The elements come first among the columns.
    let areElements = zip(simplex.basis, simplex.amounts).allSatisfy { column, amount in
      column < count || amount <= Self.smallestFraction
    }
    return HullCoverage(
      compoundCount: columns.count - count,
      unknownPairCount: count * (count - 1) / 2 - columns.knownPairCount,
      elementsWithoutPhase: composition.parts.count {
        references.elementsWithoutPhase.contains(atomicNumber: $0.element.atomicNumber)
      },
      decomposesIntoElements: count > 1 && areElements)
  }

  private func potentials(_ composition: Composition) -> [HullDistance.Potential] {
    zip(composition.parts, simplex.potentials).map { HullDistance.Potential(element: $0.element, value: $1) }
  }
}
