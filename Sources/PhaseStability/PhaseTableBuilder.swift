import Crystal

/// Collects entries, keeps the lowest of each reduced composition and lays them out as a `PhaseTable`.
struct PhaseTableBuilder {
  struct Result {
    var table: PhaseTable
    var entryCount: Int
    var duplicateCount: Int
    var missingTerminals: [Element]
  }

  private struct Pending {
    var mask: ElementMask
    var firstCount: Int
    var entry: PhaseEntry
  }

  private var pending: [Pending] = []
  private var counts: [Int32] = []

  mutating func reserve(_ count: Int) {
    pending.reserveCapacity(count)
    counts.reserveCapacity(4 * count)
  }

  mutating func add(_ entry: PhaseEntry) {
    let reduced = entry.composition.reduced
    let start = counts.count
    var mask = ElementMask()
    for part in reduced.parts {
      mask = mask.union(ElementMask(atomicNumber: part.element.atomicNumber))
      counts.append(Int32(part.count))
    }
    pending.append(Pending(mask: mask, firstCount: start, entry: entry))
  }

  consuming func build(suppliesElementsAtZero: Bool) -> Result {
    let missing = missingTerminals()
    let given = pending.count
    if suppliesElementsAtZero { addElementsAtZero(missing) }
    sortPending()
    let (table, duplicateCount) = layOut()
    return Result(
      table: table, entryCount: given - duplicateCount, duplicateCount: duplicateCount,
      missingTerminals: missing)
  }

  /// Puts the lowest energy first within a composition; then goes by text, so that the survivor does not depend on the
  /// order given.
  ///
  /// Small keys without references are sorted, not the entries: moving those would count references at every step.
  private mutating func sortPending() {
    struct Key {
      let mask: ElementMask
      let firstCount: Int
      let energy: Double
      let index: Int
    }
    let pending = self.pending
    var keys = pending.enumerated().map { index, phase in
      Key(mask: phase.mask, firstCount: phase.firstCount, energy: phase.entry.energyPerAtom, index: index)
    }
    counts.withUnsafeBufferPointer { counts in
      keys.sort { left, right in
        if left.mask != right.mask { return left.mask < right.mask }
        for i in 0..<left.mask.count {
          let (a, b) = (counts[left.firstCount + i], counts[right.firstCount + i])
          if a != b { return a < b }
        }
        if left.energy != right.energy { return left.energy < right.energy }
        let (a, b) = (pending[left.index].entry, pending[right.index].entry)
        return (a.energyText, a.formula) < (b.energyText, b.formula)
      }
    }
    self.pending = keys.map { pending[$0.index] }
  }

  private func missingTerminals() -> [Element] {
    var (all, terminal) = (ElementMask(), ElementMask())
    for phase in pending {
      all = all.union(phase.mask)
      if phase.mask.count == 1 { terminal = terminal.union(phase.mask) }
    }
    return all.elements.filter { terminal.union(ElementMask(atomicNumber: $0.atomicNumber)) != terminal }
  }

  private mutating func addElementsAtZero(_ elements: [Element]) {
    for element in elements {
      add(
        PhaseEntry(
          formula: element.symbol, composition: Composition(counting: [element]), energyPerAtom: 0,
          energyText: "0"))
    }
  }

  private func layOut() -> (PhaseTable, duplicateCount: Int) {
    var table = PhaseTable()
    var duplicateCount = 0
    for (index, phase) in pending.enumerated() {
      let width = phase.mask.count
      let own = counts[phase.firstCount..<(phase.firstCount + width)]
      if index > 0, pending[index - 1].mask == phase.mask {
        let before = pending[index - 1].firstCount
        if counts[before..<(before + width)].elementsEqual(own) {
          duplicateCount += 1
          continue
        }
      } else {
        table.systems.append(
          PhaseTable.System(
            mask: phase.mask, firstPhase: Int32(table.energies.count), phaseCount: 0,
            firstValue: Int32(table.counts.count), elementCount: Int32(width)))
      }
      table.systems[table.systems.count - 1].phaseCount += 1
      table.counts.append(contentsOf: own)
      table.energies.append(phase.entry.energyPerAtom)
      table.formulaBytes.append(contentsOf: phase.entry.formula.utf8)
      table.formulaEnds.append(UInt32(table.formulaBytes.count))
      table.energyBytes.append(contentsOf: phase.entry.energyText.utf8)
      table.energyEnds.append(UInt32(table.energyBytes.count))
    }
    table.fillFractions()
    table.buildSlots()
    return (table, duplicateCount)
  }
}
