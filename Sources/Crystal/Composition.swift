/// How many atoms of each element: whole numbers, at least one element.
public struct Composition: Hashable, Sendable {
  /// One element and the number of its atoms (≥ 1).
  public struct Part: Hashable, Sendable {
    /// The element.
    public let element: Element
    /// Number of atoms, at least 1.
    public let count: Int

    /// An element with the number of its atoms.
    public init(element: Element, count: Int) {
      self.element = element
      self.count = count
    }
  }

  /// The elements with their counts, by atomic number, each element once.
  public let parts: [Part]

  /// The composition of a list of atoms; `elements` must not be empty.
  public init(counting elements: [Element]) {
    precondition(!elements.isEmpty, "a composition has at least one atom")
    var counts = [Int](repeating: 0, count: 119)
    for element in elements { counts[element.atomicNumber] += 1 }
    self.init(countsByAtomicNumber: counts)
  }

  /// The composition with the given parts, in any order; an element given twice is added up.
  ///
  /// - Throws: `FormulaError.empty` without atoms, `.badAmount` for a negative or huge count.
  public init(parts: [Part]) throws(FormulaError) {
    var counts = [Int](repeating: 0, count: 119)
    for part in parts {
      let (sum, overflow) = counts[part.element.atomicNumber].addingReportingOverflow(part.count)
      guard part.count >= 0, !overflow, sum <= 1_000_000_000 else { throw .badAmount(position: 0) }
      counts[part.element.atomicNumber] = sum
    }
    guard counts.contains(where: { $0 > 0 }) else { throw .empty }
    self.init(countsByAtomicNumber: counts)
  }

  private init(countsByAtomicNumber counts: [Int]) {
    parts = Element.all.compactMap { element in
      let count = counts[element.atomicNumber]
      return count > 0 ? Part(element: element, count: count) : nil
    }
  }

  /// Number of atoms.
  public var atomCount: Int { parts.reduce(0) { $0 + $1.count } }

  /// The elements, by atomic number.
  public var elements: [Element] { parts.map(\.element) }

  /// The number of atoms of `element`; 0 when absent.
  public func count(of element: Element) -> Int {
    parts.first { $0.element == element }?.count ?? 0
  }

  /// The composition divided by the greatest common divisor of its counts.
  public var reduced: Composition {
    let divisor = parts.reduce(0) { greatestCommonDivisor($0, $1.count) }
    return divisor <= 1 ? self : Composition(divided: parts, by: divisor)
  }

  private init(divided parts: [Part], by divisor: Int) {
    self.parts = parts.map { Part(element: $0.element, count: $0.count / divisor) }
  }

  /// The chemical system, symbols in alphabetical order: "Cr-Si-Th".
  public var chemicalSystem: String { elements.map(\.symbol).sorted().joined(separator: "-") }

  /// The formula as counted, least electronegative element first, e.g. "Na4Cl4". Elements without a tabulated
  /// electronegativity come last; ties go by symbol.
  public var formula: String {
    partsInFormula.map { $0.count == 1 ? $0.element.symbol : "\($0.element.symbol)\($0.count)" }.joined()
  }

  /// The parts in the order of `formula`.
  public var partsInFormula: [Part] {
    parts
      .map { (part: $0, key: $0.element.electronegativity ?? 100) }
      .sorted { ($0.key, $0.part.element.symbol) < ($1.key, $1.part.element.symbol) }
      .map(\.part)
  }

  /// The formula of `reduced`, e.g. "NaCl".
  public var reducedFormula: String { reduced.formula }
}

extension Composition: CustomStringConvertible {
  /// The formula.
  public var description: String { formula }
}

private func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
  var (a, b) = (left, right)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}
