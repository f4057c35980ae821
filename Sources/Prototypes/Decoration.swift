public import Crystal

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
      let shape = try volume.shape(of: elements, on: prototype)
      return (
        id,
        try Structure(
          lattice: scaled(shape.lattice, to: volume.volume(of: elements, on: prototype)),
          elements: prototype.labelIndices.map { elements[$0] }, fractionalPositions: shape.positions)
      )
    } catch {
      // The initializer tried the smallest and the largest cell, and the prototype its positions.
      preconditionFailure("\(id) is no structure: \(error)")
    }
  }

  /// Refuses elements without volume, and volumes at which the smallest or largest cell is no lattice.
  private func checkVolumes() throws(PrototypeError) {
    let bounds = try volume.bounds(for: choices, on: prototype)
    do {
      _ = try scaled(prototype.lattice, to: bounds.least)
      _ = try scaled(prototype.lattice, to: bounds.largest)
    } catch {
      throw .lattice(error)
    }
  }

  private func scaled(_ lattice: Lattice, to volume: Double) throws(LatticeError) -> Lattice {
    let factor = cubeRoot(volume / lattice.volume)
    return try Lattice(a: lattice.a * factor, b: lattice.b * factor, c: lattice.c * factor)
  }
}
