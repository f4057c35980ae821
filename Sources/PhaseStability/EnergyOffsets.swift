public import Crystal

/// In which compounds an element's offset holds.
public enum OffsetContext: String, CaseIterable, Hashable, Sendable {
  /// In all compounds.
  case any
  /// In compounds with oxygen or fluorine.
  case oxideOrFluoride = "oxide_or_fluoride"
  /// In compounds without oxygen and fluorine.
  case elsewhere

  /// The narrower context of a compound.
  init(of composition: Composition) {
    let isBound = composition.parts.contains { Self.ligands.contains($0.element) }
    self = isBound ? .oxideOrFluoride : .elsewhere
  }

  private static let ligands: Set<Element> = Set(["O", "F"].compactMap { Element(symbol: $0) })
}

/// Offsets by element between the energies of two databases, A and B.
///
///     E_A − E_B = Σ x_e o_e
///
/// with formation energies E (eV/atom), atomic fractions x_e and offsets o_e (eV per atom of the element). An element
/// stands at 0 on both scales, so compositions of a single element are never moved.
public struct EnergyOffsets: Hashable, Sendable {
  /// The offset of one element.
  public struct Row: Hashable, Sendable {
    /// The element.
    public let element: Element
    /// Where the offset holds.
    public let context: OffsetContext
    /// The offset (eV per atom of the element), finite.
    public let value: Double
    /// Compounds that it was fitted on; nil where that is not known.
    public let compounds: Int?
    /// Its standard error (eV per atom of the element); nil where that is not known.
    public let standardError: Double?
    /// Median size of the difference (eV/atom) that fits without them leave of these compounds; nil where that is not
    /// known. Where it is large, no one offset describes the element.
    public let heldOutSize: Double?

    /// An offset.
    public init(
      element: Element, context: OffsetContext = .any, value: Double, compounds: Int? = nil,
      standardError: Double? = nil, heldOutSize: Double? = nil
    ) {
      self.element = element
      self.context = context
      self.value = value
      self.compounds = compounds
      self.standardError = standardError
      self.heldOutSize = heldOutSize
    }
  }

  /// The rows, by element and context.
  public let rows: [Row]
  private let values: [Key: Double]

  private struct Key: Hashable {
    let element: Element
    let context: OffsetContext
  }

  /// Offsets from their rows, in any order.
  ///
  /// - Throws: `EnergyOffsetError` where there is none, or where an element has two that hold in one compound.
  public init(_ rows: [Row]) throws(EnergyOffsetError) {
    guard !rows.isEmpty else { throw .noOffsets }
    var values: [Key: Double] = [:]
    for row in rows {
      guard row.value.isFinite else { throw .notFinite(row.element) }
      let clashes: [OffsetContext] = row.context == .any ? OffsetContext.allCases : [.any, row.context]
      guard clashes.allSatisfy({ values[Key(element: row.element, context: $0)] == nil }) else {
        throw .givenTwice(row.element)
      }
      values[Key(element: row.element, context: row.context)] = row.value
    }
    self.values = values
    self.rows = rows.sorted { ($0.element, $0.context.rawValue) < ($1.element, $1.context.rawValue) }
  }

  /// What has to be taken from an energy of scale A to stand on scale B (eV/atom); 0 for a single element.
  ///
  /// - Throws: `EnergyOffsetError.missing` where an element of the compound has no offset in such compounds.
  public func offset(of composition: Composition) throws(EnergyOffsetError) -> Double {
    guard composition.parts.count > 1 else { return 0 }
    let missing = missing(in: composition)
    guard missing.isEmpty else { throw .missing(missing, OffsetContext(of: composition)) }
    let atoms = Double(composition.atomCount)
    return composition.parts.reduce(0) { sum, part in
      sum + Double(part.count) / atoms * (value(part.element, in: composition) ?? 0)
    }
  }

  /// The elements of a compound that have no offset in such compounds; none for a single element.
  public func missing(in composition: Composition) -> [Element] {
    guard composition.parts.count > 1 else { return [] }
    return composition.elements.filter { value($0, in: composition) == nil }
  }

  private func value(_ element: Element, in composition: Composition) -> Double? {
    values[Key(element: element, context: .any)]
      ?? values[Key(element: element, context: OffsetContext(of: composition))]
  }
}

/// Why energies cannot be moved from one scale to another.
public enum EnergyOffsetError: Error, Hashable, Sendable {
  /// There is no offset at all.
  case noOffsets
  /// The offset of this element is no finite number.
  case notFinite(Element)
  /// Two offsets of this element hold in the same compound.
  case givenTwice(Element)
  /// These elements have no offset in compounds of this context.
  case missing([Element], OffsetContext)
  /// An offset would take all reference phases along: each holds an element without one.
  case nothingLeft
}

extension EnergyOffsetError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .noOffsets: "there is no offset"
    case .notFinite(let element): "the offset of \(element) is not finite"
    case .givenTwice(let element): "two offsets of \(element) hold in the same compounds"
    case .missing(let elements, let context):
      "no offset of \(elements.map(\.symbol).joined(separator: ", "))"
        + (context == .oxideOrFluoride
          ? " in compounds with oxygen or fluorine" : " in compounds without oxygen and fluorine")
    case .nothingLeft: "no phase is left: each holds an element without an offset"
    }
  }
}
