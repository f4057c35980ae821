public import Crystal

/// How large the cell of a decorated prototype is.
public enum CellVolume: Hashable, Sendable {
  /// Σ `elementalVolume(of:)` × the prototype's volume ratio × `factor`; 1 is the plain estimate.
  case estimated(factor: Double = 1)
  /// The given volume per atom (Å³), whatever the elements.
  case perAtom(Double)
  /// The prototype's own cell with its lengths multiplied by this.
  case lengthScale(Double)
}

/// All ways to put elements from given lists on the labels of a prototype, each addressable by its index.
///
/// Indices run over 0..<count in lexicographic order: the first label changes slowest, each list in the order given.
/// Nothing is stored per candidate.
public struct Decoration: Sendable {
  /// The structure type.
  public let prototype: Prototype
  /// The elements for each label, in order of `prototype.labels`.
  public let choices: [[Element]]
  /// Whether no two labels carry the same element.
  public let distinctElements: Bool
  /// How large the cells are.
  public let volume: CellVolume
  /// Number of candidates; 0 when distinct elements leave no choice.
  public let count: Int

  private let assignments: DistinctAssignments?
  private let multiplicities: [Int]

  /// The decorations of a prototype.
  ///
  /// - Parameters:
  ///   - prototype: the structure type.
  ///   - elements: the elements for each label, in the order in which they are to be enumerated.
  ///   - distinctElements: whether candidates with the same element on two labels are left out.
  ///   - volume: how large the cells are.
  /// - Throws: `PrototypeError` for a label without elements or unknown to the prototype, an element listed twice or
  ///   without a tabulated volume, and volumes at which a cell is no lattice.
  public init(
    prototype: Prototype, elements: [String: [Element]], distinctElements: Bool = true,
    volume: CellVolume = .estimated()
  ) throws(PrototypeError) {
    for label in elements.keys.sorted() where !prototype.labels.contains(label) { throw .unknownLabel(label) }
    var choices: [[Element]] = []
    for label in prototype.labels {
      guard let list = elements[label], !list.isEmpty else { throw .noElements(label: label) }
      for (index, element) in list.enumerated() where list[..<index].contains(element) {
        throw .repeatedElement(element, label: label)
      }
      choices.append(list)
    }
    self.prototype = prototype
    self.choices = choices
    self.distinctElements = distinctElements
    self.volume = volume
    multiplicities = prototype.multiplicities
    if distinctElements {
      let lists = choices.map { $0.map { $0.atomicNumber } }
      let assignments = DistinctAssignments(lists: lists, itemCount: 119)
      self.assignments = assignments
      count = assignments.count
    } else {
      assignments = nil
      count = choices.reduce(1) { $0 * $1.count }
    }
    try checkVolumes()
  }

  /// The elements of the candidate at `index`, in order of `prototype.labels`; `index` must be in 0..<count.
  public func elements(at index: Int) -> [Element] {
    precondition(index >= 0 && index < count, "candidate \(index) of \(count)")
    if let assignments { return assignments[index].compactMap { Element(rawValue: UInt8($0)) } }
    var remaining = index
    var elements: [Element] = []
    for list in choices.reversed() {
      elements.append(list[remaining % list.count])
      remaining /= list.count
    }
    return elements.reversed()
  }

  /// The index of the candidate with these elements, in order of `prototype.labels`; nil when there is none.
  public func index(of elements: [Element]) -> Int? {
    guard elements.count == choices.count else { return nil }
    if let assignments { return assignments.index(of: elements.map { $0.atomicNumber }) }
    var index = 0
    for (list, element) in zip(choices, elements) {
      guard let position = list.firstIndex(of: element) else { return nil }
      index = index * list.count + position
    }
    return index
  }

  /// The candidate at `index` in 0..<count with its name, e.g. "ThCr2Si2:Th-Cr-Si": prototype, then the elements in
  /// order of `prototype.labels`.
  public func candidate(at index: Int) -> (id: String, structure: Structure) {
    let elements = elements(at: index)
    let id = "\(prototype.name):\(elements.map(\.symbol).joined(separator: "-"))"
    do {
      return (
        id,
        try Structure(
          lattice: scaled(to: cellVolume(elements)), elements: prototype.labelIndices.map { elements[$0] },
          fractionalPositions: prototype.positions)
      )
    } catch {
      // The initializer tried the smallest and the largest cell, and the prototype its positions.
      preconditionFailure("\(id) is no structure: \(error)")
    }
  }

  /// Refuses elements without volume, and volumes at which the smallest or largest cell is no lattice.
  private func checkVolumes() throws(PrototypeError) {
    switch volume {
    case .estimated(let factor):
      guard factor > 0, factor.isFinite else { throw .badVolume(factor) }
      guard prototype.volumeRatio != nil else { throw .noVolumeRatio(prototype: prototype.name) }
      for list in choices {
        for element in list where elementalVolume(of: element) == nil { throw .noVolume(element) }
      }
    case .perAtom(let value), .lengthScale(let value):
      guard value > 0, value.isFinite else { throw .badVolume(value) }
    }
    let tabulated = { (element: Element) in elementalVolume(of: element) ?? 0 }
    let smallest = choices.compactMap { $0.min { tabulated($0) < tabulated($1) } }
    let largest = choices.compactMap { $0.max { tabulated($0) < tabulated($1) } }
    do {
      _ = try scaled(to: cellVolume(smallest))
      _ = try scaled(to: cellVolume(largest))
    } catch {
      throw .lattice(error)
    }
  }

  /// The volume (Å³) of the cell with these elements on the labels.
  private func cellVolume(_ elements: [Element]) -> Double {
    switch volume {
    case .estimated(let factor):
      let sum = zip(elements, multiplicities).reduce(0.0) { sum, part in
        sum + (elementalVolume(of: part.0) ?? 0) * Double(part.1)
      }
      return sum * (prototype.volumeRatio ?? 1) * factor
    case .perAtom(let value): return value * Double(prototype.siteCount)
    case .lengthScale(let scale): return prototype.lattice.volume * scale * scale * scale
    }
  }

  private func scaled(to volume: Double) throws(LatticeError) -> Lattice {
    let factor = cubeRoot(volume / prototype.lattice.volume)
    return try Lattice(
      a: prototype.lattice.a * factor, b: prototype.lattice.b * factor, c: prototype.lattice.c * factor)
  }
}
