import Crystal

/// The phases a candidate competes with, as columns of its linear program: one row of `fractions` per element of the
/// candidate, one column per phase, the elements themselves first.
struct PhaseColumns: Sendable {
  /// Number of elements k.
  private(set) var elementCount = 0
  /// Number of phases n.
  private(set) var count = 0
  /// Length of a row, at least n.
  private(set) var stride = 0
  /// Atomic fractions, shape (k, stride).
  private(set) var fractions: [Double] = []
  /// Formation energies (eV/atom).
  private(set) var energies: [Double] = []
  /// Numbers of the phases in the references.
  private(set) var phases: [Int32] = []
  /// Pairs of the elements that some phase other than the excluded one consists of.
  private(set) var knownPairCount = 0
  private var masks: [ElementMask] = []
  private var members: [Int] = []

  /// Collects all phases within the chemical system of `elements` (by atomic number), but for the phase `excluded`.
  ///
  /// - Throws: `HullError.noTerminalReference`.
  mutating func gather(
    from table: PhaseTable, elements: [Composition.Part], excluding excluded: Int?
  ) throws(HullError) {
    elementCount = elements.count
    let subsetCount = 1 << elementCount
    members.removeAll(keepingCapacity: true)
    masks.removeAll(keepingCapacity: true)
    masks.append(ElementMask())
    knownPairCount = 0
    var total = 0
    for (bit, part) in elements.enumerated() {
      let mask = ElementMask(atomicNumber: part.element.atomicNumber)
      guard let system = table.systemIndex(of: mask) else { throw .noTerminalReference(part.element) }
      members.append(1 << bit | system << Self.subsetBits)
      total += 1
    }
    for subset in 1..<subsetCount {
      let lowest = subset & -subset
      let mask = masks[subset ^ lowest].union(
        ElementMask(atomicNumber: elements[lowest.trailingZeroBitCount].element.atomicNumber))
      masks.append(mask)
      guard subset != lowest, let system = table.systemIndex(of: mask) else { continue }
      members.append(subset | system << Self.subsetBits)
      total += Int(table.systems[system].phaseCount)
      if subset.nonzeroBitCount == 2 {
        let known = table.systems[system].phaseCount - (table.systems[system].owns(excluded) ? 1 : 0)
        if known > 0 { knownPairCount += 1 }
      }
    }
    reserve(total)
    copy(from: table, excluding: excluded ?? -1)
  }

  private static let subsetBits = HullSolver.maximumElementCount

  private mutating func reserve(_ total: Int) {
    stride = total
    count = 0
    let needed = elementCount * total
    if fractions.count < needed { fractions = [Double](repeating: 0, count: 2 * needed) }
    if energies.count < total {
      energies = [Double](repeating: 0, count: 2 * total)
      phases = [Int32](repeating: 0, count: 2 * total)
    }
  }

  private mutating func copy(from table: PhaseTable, excluding excluded: Int) {
    let (width, stride) = (elementCount, stride)
    var filled = 0
    fractions.withUnsafeMutableBufferPointer { fractions in
      table.fractions.withUnsafeBufferPointer { source in
        for member in members {
          let subset = member & ((1 << Self.subsetBits) - 1)
          let system = table.systems[member >> Self.subsetBits]
          let systemWidth = Int(system.elementCount)
          for offset in 0..<Int(system.phaseCount) {
            let phase = Int(system.firstPhase) + offset
            // An element is always kept: without it its own composition has no mixture.
            if phase == excluded, systemWidth > 1 { continue }
            var value = Int(system.firstValue) + offset * systemWidth
            for row in 0..<width {
              if subset >> row & 1 == 1 {
                fractions[row * stride + filled] = source[value]
                value += 1
              } else {
                fractions[row * stride + filled] = 0
              }
            }
            energies[filled] = table.energies[phase]
            phases[filled] = Int32(phase)
            filled += 1
          }
        }
      }
    }
    count = filled
  }
}
