import BigInt
public import Crystal

/// Which distance a verdict is about.
public enum HullCriterion: String, CaseIterable, Hashable, Sendable {
  /// Against all references.
  case energyAboveHull = "energy_above_hull"
  /// Against references of other compositions only.
  case decompositionEnergy = "decomposition_energy"
}

/// Whether a candidate's distance is at most a threshold.
public struct HullVerdict: Hashable, Sendable {
  /// Whether distance ≤ threshold.
  public let isWithin: Bool
  /// The distance by floating point (eV/atom).
  public let distance: Double
  /// Whether the verdict was too close to call in floating point and was settled in exact arithmetic.
  public let wasSettledExactly: Bool
}

extension HullSolver {
  /// Distances this close to a threshold (eV/atom) are settled exactly. The error of the floating-point solve is
  /// some 1e-12 eV/atom; the margin leaves room for ill-conditioned bases.
  public static let exactMargin = 1e-7

  /// Whether a candidate lies within `threshold` of the hull. Clear cases are decided in floating point; close ones in
  /// exact arithmetic over the atom counts and the energies as decimal numbers.
  ///
  /// - Throws: as `distance(of:energyPerAtom:options:)`.
  public mutating func verdict(
    of composition: Composition, energyPerAtom: DecimalNumber, threshold: DecimalNumber,
    criterion: HullCriterion = .energyAboveHull
  ) throws(HullError) -> HullVerdict {
    let options = HullOptions(excludesSameComposition: criterion == .decompositionEnergy)
    let distance = try distance(of: composition, energyPerAtom: energyPerAtom.doubleValue, options: options)
      .energyAboveHull
    let limit = threshold.doubleValue
    if abs(distance - limit) > Self.exactMargin {
      return HullVerdict(isWithin: distance <= limit, distance: distance, wasSettledExactly: false)
    }
    let certificate = try certificate(
      of: composition, energyPerAtom: energyPerAtom, threshold: threshold, criterion: criterion)
    return HullVerdict(isWithin: certificate.isWithin, distance: distance, wasSettledExactly: true)
  }

  /// The exact distances of a candidate with their proof: a mixture of phases that reaches the hull's energy, and
  /// chemical potentials whose plane supports every competing phase from below and has that energy too.
  ///
  /// - Throws: as `distance(of:energyPerAtom:options:)`.
  public mutating func certificate(
    of composition: Composition, energyPerAtom: DecimalNumber, threshold: DecimalNumber,
    criterion: HullCriterion = .energyAboveHull
  ) throws(HullError) -> HullCertificate {
    let reduced = composition.reduced
    let (program, basis, same) = try exactProgram(of: reduced)
    let solution = program.solve(startingFrom: basis)
    let atoms = BigInt(reduced.atomCount)
    var products: [HullCertificate.Product] = []
    var mixtureEnergy = Rational(0)
    for (row, amount) in zip(solution.basis, solution.amounts) where amount > 0 {
      let phase = program.phases[row]
      let fraction = Rational(
        amount * BigInt(references.table.atomCount(ofPhase: phase)), over: solution.determinant * atoms)
      mixtureEnergy = mixtureEnergy + fraction * references.table.exactEnergy(at: phase)
      products.append(HullCertificate.Product(table: references.table, phase: phase, fraction: fraction))
    }
    let potentials = zip(reduced.parts, solution.potentials).map {
      HullCertificate.Potential(
        element: $0.element, value: Rational($1, over: solution.determinant * program.scale))
    }
    return HullCertificate(
      referencesFingerprint: references.fingerprint, composition: reduced, energy: energyPerAtom,
      threshold: threshold, criterion: criterion,
      products: products.sorted(by: HullCertificate.Product.precedes),
      potentials: potentials, sameCompositionEnergy: same.map { references.table.energyText(at: $0) },
      distances: HullCertificate.Distances(
        energy: energyPerAtom.rational, mixture: mixtureEnergy,
        sameComposition: same.map { references.table.exactEnergy(at: $0) }, threshold: threshold.rational,
        criterion: criterion))
  }
}
