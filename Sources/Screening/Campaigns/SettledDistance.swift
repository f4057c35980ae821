internal import Crystal
internal import PhaseStability

extension HullSolver {
  /// A candidate's distance, and the same number on the side of the threshold that the exact verdict puts it on.
  ///
  /// The store compares numbers in floating point, whose error is some 1e-12 eV/atom. Where a distance lies so close to
  /// the threshold that this could decide, exact arithmetic over the atom counts and the energies as decimal numbers
  /// does: a candidate that is within the threshold is given the threshold itself at most, another one the next larger
  /// number at least. So `distance ≤ threshold` is the exact verdict wherever it is asked.
  ///
  /// - Throws: as `distance(of:energyPerAtom:options:)`; `HullError.energyOutOfRange`.
  mutating func settledDistance(
    of composition: Composition, energyPerAtom: Double, threshold: Double, options: HullOptions
  ) throws(HullError) -> (distance: HullDistance, energyAboveHull: Double) {
    guard abs(energyPerAtom) <= PhaseEntry.largestEnergy || !energyPerAtom.isFinite else {
      throw .energyOutOfRange(energyPerAtom)
    }
    let distance = try distance(of: composition, energyPerAtom: energyPerAtom, options: options)
    let above = distance.energyAboveHull
    // A phase of the candidate's own composition and energy, well below all mixtures: the zero is exact.
    let isItself = above == 0 && distance.decompositionEnergy < -Self.exactMargin
    guard abs(above - threshold) <= Self.exactMargin, !isItself,
      let energy = DecimalNumber(energyPerAtom), let limit = DecimalNumber(threshold)
    else { return (distance, above) }
    let certificate = try certificate(
      of: composition, energyPerAtom: energy, threshold: limit,
      criterion: options.excludesSameComposition ? .decompositionEnergy : .energyAboveHull)
    return (distance, certificate.isWithin ? min(above, threshold) : max(above, threshold.nextUp))
  }
}
