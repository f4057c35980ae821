import Crystal

/// Collects entries, keeps the lowest of each reduced composition and lays them out as a `PhaseTable`.
struct PhaseTableBuilder {
  struct Result {
    var table: PhaseTable
    var entryCount: Int
    var duplicateCount: Int
    var missingTerminals: [Element]
  }

  /// A phase by its numbers alone: sorting entries themselves would count references at every step.
  private struct Pending {
    var mask: ElementMask
    var firstCount: Int
    var energy: Double
    /// Its place in `base`, or behind those in `added`.
    var place: Int
  }

  private let base: PhaseTable
  private var added: [PhaseEntry] = []
  private var pending: [Pending] = []
  private var counts: [Int32]

  /// A builder that begins with the phases of a table.
  init(extending base: PhaseTable = PhaseTable()) {
    self.base = base
    counts = base.counts
    pending.reserveCapacity(base.energies.count)
    for system in base.systems {
      for phase in 0..<Int(system.phaseCount) {
        let place = Int(system.firstPhase) + phase
        pending.append(
          Pending(
            mask: system.mask, firstCount: Int(system.firstValue) + phase * Int(system.elementCount),
            energy: base.energies[place], place: place))
      }
    }
  }

  /// Makes room for further entries.
  mutating func reserve(_ count: Int) {
    added.reserveCapacity(count)
    pending.reserveCapacity(pending.count + count)
    counts.reserveCapacity(counts.count + 4 * count)
  }

  mutating func add(_ entry: PhaseEntry) {
    let reduced = entry.composition.reduced
    let start = counts.count
    var mask = ElementMask()
    for part in reduced.parts {
      mask = mask.union(ElementMask(atomicNumber: part.element.atomicNumber))
      counts.append(Int32(part.count))
    }
    pending.append(
      Pending(
        mask: mask, firstCount: start, energy: entry.energyPerAtom, place: base.energies.count + added.count))
    added.append(entry)
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
  private mutating func sortPending() {
    let (base, added) = (base, added)
    func texts(_ phase: Pending) -> (String, String) {
      guard phase.place >= base.energies.count else {
        return (base.energyText(at: phase.place), base.formula(at: phase.place))
      }
      let entry = added[phase.place - base.energies.count]
      return (entry.energyText, entry.formula)
    }
    var sorted = pending
    pending = []
    counts.withUnsafeBufferPointer { counts in
      sorted.sort { left, right in
        if left.mask != right.mask { return left.mask < right.mask }
        for i in 0..<left.mask.count {
          let (a, b) = (counts[left.firstCount + i], counts[right.firstCount + i])
          if a != b { return a < b }
        }
        return left.energy != right.energy ? left.energy < right.energy : texts(left) < texts(right)
      }
    }
    pending = sorted
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
      table.energies.append(phase.energy)
      if phase.place < base.energies.count {
        table.formulaBytes.append(contentsOf: base.formulaBytes[base.formulaRange(of: phase.place)])
        table.energyBytes.append(contentsOf: base.energyBytes[base.energyRange(of: phase.place)])
      } else {
        let entry = added[phase.place - base.energies.count]
        table.formulaBytes.append(contentsOf: entry.formula.utf8)
        table.energyBytes.append(contentsOf: entry.energyText.utf8)
      }
      table.formulaEnds.append(UInt32(table.formulaBytes.count))
      table.energyEnds.append(UInt32(table.energyBytes.count))
    }
    table.fillFractions()
    table.buildSlots()
    return (table, duplicateCount)
  }
}
