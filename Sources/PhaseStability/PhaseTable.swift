import Crystal

/// Phases in flat arrays, grouped by chemical system: the layout that the solver reads and the index file stores.
///
/// A system of k elements owns the phases `firstPhase ..< firstPhase + phaseCount`, and of the flat `counts` and
/// `fractions` the k·phaseCount values from `firstValue`, phase by phase, elements by atomic number.
struct PhaseTable: Sendable {
  struct System: Sendable {
    var mask: ElementMask
    var firstPhase: Int32
    var phaseCount: Int32
    var firstValue: Int32
    var elementCount: Int32

    /// Whether the phase of this number is one of the system's.
    func owns(_ phase: Int?) -> Bool {
      guard let phase else { return false }
      return phase >= Int(firstPhase) && phase < Int(firstPhase) + Int(phaseCount)
    }
  }

  /// Systems in increasing order of their masks.
  var systems: [System] = []
  /// Formation energy of each phase (eV/atom).
  var energies: [Double] = []
  /// Reduced counts.
  var counts: [Int32] = []
  /// Atomic fractions: counts over their sum.
  var fractions: [Double] = []
  /// Formulas as given, one after the other; `formulaEnds[i]` is where phase i's ends.
  var formulaBytes: [UInt8] = []
  var formulaEnds: [UInt32] = []
  /// Energies as given, likewise.
  var energyBytes: [UInt8] = []
  var energyEnds: [UInt32] = []
  /// Open-addressing table from mask to system, a power of two long; -1 is free.
  var slots: [Int32] = []

  func systemIndex(of mask: ElementMask) -> Int? {
    let last = slots.count - 1
    var slot = mask.spread & last
    while true {
      let index = Int(slots[slot])
      if index < 0 { return nil }
      if systems[index].mask == mask { return index }
      slot = (slot + 1) & last
    }
  }

  /// Computes the atomic fractions from the counts.
  mutating func fillFractions() {
    fractions.removeAll(keepingCapacity: true)
    fractions.reserveCapacity(counts.count)
    for system in systems {
      let width = Int(system.elementCount)
      var value = Int(system.firstValue)
      for _ in 0..<Int(system.phaseCount) {
        var total = 0.0
        for i in value..<(value + width) { total += Double(counts[i]) }
        for i in value..<(value + width) { fractions.append(Double(counts[i]) / total) }
        value += width
      }
    }
  }

  mutating func buildSlots() {
    var size = 16
    while size < 2 * systems.count { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    for (index, system) in systems.enumerated() {
      var slot = system.mask.spread & (size - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int32(index)
    }
  }

  /// The phase of a system with these reduced counts.
  func phase(in system: Int, counts wanted: [Int32]) -> Int? {
    let record = systems[system]
    let width = Int(record.elementCount)
    var value = Int(record.firstValue)
    for phase in 0..<Int(record.phaseCount) {
      var equal = true
      for i in 0..<width where counts[value + i] != wanted[i] {
        equal = false
        break
      }
      if equal { return Int(record.firstPhase) + phase }
      value += width
    }
    return nil
  }

  /// The system a phase belongs to.
  func system(ofPhase phase: Int) -> System {
    var (low, high) = (0, systems.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if Int(systems[middle].firstPhase) <= phase { low = middle } else { high = middle - 1 }
    }
    return systems[low]
  }

  /// The elements and reduced counts of a phase.
  func parts(ofPhase phase: Int) -> [Composition.Part] {
    let system = system(ofPhase: phase)
    let width = Int(system.elementCount)
    let start = Int(system.firstValue) + (phase - Int(system.firstPhase)) * width
    return zip(system.mask.elements, counts[start..<(start + width)]).map {
      Composition.Part(element: $0, count: Int($1))
    }
  }

  /// Atoms in one reduced formula unit of a phase.
  func atomCount(ofPhase phase: Int) -> Int { parts(ofPhase: phase).reduce(0) { $0 + $1.count } }

  func formula(at phase: Int) -> String {
    String(decoding: formulaBytes[formulaRange(of: phase)], as: UTF8.self)
  }

  func energyText(at phase: Int) -> String {
    String(decoding: energyBytes[energyRange(of: phase)], as: UTF8.self)
  }

  func formulaRange(of phase: Int) -> Range<Int> {
    (phase == 0 ? 0 : Int(formulaEnds[phase - 1]))..<Int(formulaEnds[phase])
  }

  func energyRange(of phase: Int) -> Range<Int> {
    (phase == 0 ? 0 : Int(energyEnds[phase - 1]))..<Int(energyEnds[phase])
  }

  /// The energy (eV/atom) as the decimal number that was given.
  func exactEnergy(at phase: Int) -> Rational {
    guard let number = DecimalNumber(energyText(at: phase)) else {
      preconditionFailure("a stored energy is a decimal number")
    }
    return number.rational
  }

  func composition(at phase: Int) -> Composition {
    do {
      return try Composition(parts: parts(ofPhase: phase))
    } catch {
      preconditionFailure("a stored phase has positive counts: \(error)")
    }
  }

  func entry(at phase: Int) -> PhaseEntry {
    PhaseEntry(
      formula: formula(at: phase), composition: composition(at: phase), energyPerAtom: energies[phase],
      energyText: energyText(at: phase))
  }
}
