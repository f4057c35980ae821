public import Crystal

extension HullReferences {
  /// These references on another energy scale: every phase less its offset.
  ///
  /// Offsets depend on the composition alone, so the lowest phase of a composition stays the lowest. An element of which
  /// some phase cannot be moved is left out with all its phases, its own included: a candidate that holds it then has
  /// no terminal reference, and no other candidate competes with them. So no verdict rests on a phase of the other scale
  /// or misses one.
  ///
  /// - Parameter offsets: what is taken off.
  /// - Returns: the phases, the elements left out, and how many phases went with them.
  /// - Throws: `EnergyOffsetError.nothingLeft`; `HullError` where a moved energy is beyond all bounds.
  public func moved(
    by offsets: EnergyOffsets
  ) throws -> (references: HullReferences, leftOut: [Element], leftOutPhases: Int) {
    let phases = (0..<phaseCount).map { phase(at: $0) }
    let leftOut = Set(phases.flatMap { offsets.missing(in: $0.composition) })
    var builder = PhaseTableBuilder()
    builder.reserve(phaseCount)
    var kept = 0
    for phase in phases where leftOut.isDisjoint(with: phase.composition.elements) {
      kept += 1
      guard phase.composition.parts.count > 1 else {
        builder.add(phase)
        continue
      }
      builder.add(
        try PhaseEntry(
          composition: phase.composition,
          energyPerAtom: phase.energyPerAtom - (try offsets.offset(of: phase.composition)),
          formula: phase.formula))
    }
    guard kept > 0 else { throw EnergyOffsetError.nothingLeft }
    // The elements supplied at zero are among the phases, also those whose compounds are gone.
    let built = builder.build(suppliesElementsAtZero: false)
    let missing = missingTerminals.filter { !leftOut.contains($0) }
    let supplied = options.suppliesElementsAtZero ? missing.count : 0
    let moved = HullReferences(
      name: name, options: options, source: nil, entryCount: built.entryCount - supplied,
      duplicateCount: duplicateCount, missingTerminals: missing, table: built.table)
    return (moved, leftOut.sorted(), phaseCount - kept)
  }
}
