public import Crystal

/// A crystal recognized as a decoration of a prototype.
public struct PrototypeMatch: Sendable {
  /// The elements on the labels, in order of `Prototype.labels`.
  public let elements: [Element]
  /// The values of the prototype's parameters.
  public let values: [Double]
  /// Volume of the primitive cell (Å³).
  public let volume: Double
  /// Largest distance of a site from its place, in units of the cube root of the volume per site.
  public let deviation: Double

  /// A member with these elements, values, volume and deviation.
  public init(elements: [Element], values: [Double], volume: Double, deviation: Double) {
    self.elements = elements
    self.values = values
    self.volume = volume
    self.deviation = deviation
  }
}

/// Tells whether a crystal is a decoration of a prototype, with any values of its parameters.
///
/// A crystal is one when its primitive cell has as many sites, its elements occur as often as the labels, and a basis of
/// its lattice, a shift of the origin and values of the parameters within their ranges exist for which
/// - lengths and angles agree: the six scalar products of the basis vectors, divided by the power ⅔ of the volume, within
///   0.02, and
/// - every site lies within 0.02 of the cube root of the volume per site (about 0.05 Å) of its place.
///
/// Where more than one order of the elements fits, the one with parameters closest to the defaults counts; labels that
/// may be exchanged carry their elements by atomic number.
public struct PrototypeMatcher: Sendable {
  /// The prototype whose decorations are looked for.
  public let prototype: Prototype

  static let tolerance = 0.02

  private let lattices: LatticeFamily
  private let sites: SiteFamily

  /// A matcher for `prototype`, with any values of its parameters.
  public init(_ prototype: Prototype) {
    self.prototype = prototype
    lattices = LatticeFamily(prototype)
    sites = SiteFamily(prototype, metric: lattices.metricParameters)
  }

  /// How the crystal decorates the prototype; nil where it does not.
  public func match(_ structure: Structure) -> PrototypeMatch? {
    guard isOfPattern(structure), let crystal = try? structure.primitive(tolerance: Self.tolerance),
      crystal.siteCount == prototype.siteCount
    else { return nil }
    let orders = self.orders(of: crystal)
    guard !orders.isEmpty else { return nil }
    let bases = lattices.bases(of: crystal.lattice)
    var best: (match: PrototypeMatch, distance: Double)?
    for elements in orders {
      for basis in bases {
        guard let fit = sites.fit(crystal, basis: basis, elements: elements) else { continue }
        let distance = self.distance(fit.values)
        if let best, distance > best.distance - 1e-6 { continue }
        best = (
          PrototypeMatch(
            elements: elements, values: fit.values, volume: crystal.lattice.volume, deviation: fit.deviation),
          distance
        )
      }
    }
    return best?.match
  }

  /// Whether the elements occur in the proportions of the labels.
  private func isOfPattern(_ structure: Structure) -> Bool {
    guard structure.siteCount % prototype.siteCount == 0 else { return false }
    let copies = structure.siteCount / prototype.siteCount
    var counts: [Element: Int] = [:]
    for element in structure.elements { counts[element, default: 0] += 1 }
    return counts.values.sorted() == prototype.multiplicities.map { $0 * copies }.sorted()
  }

  /// The ways to put the crystal's elements on labels of their multiplicity, in order of atomic numbers.
  private func orders(of crystal: Structure) -> [[Element]] {
    var counts: [Element: Int] = [:]
    for element in crystal.elements { counts[element, default: 0] += 1 }
    let elements = counts.keys.sorted { $0.atomicNumber < $1.atomicNumber }
    return prototype.multiplicities.reduce([[]]) { prefixes, multiplicity in
      prefixes.flatMap { prefix in
        elements.filter { counts[$0] == multiplicity && !prefix.contains($0) }.map { prefix + [$0] }
      }
    }
  }

  /// How far values are from the defaults, in units of their ranges.
  private func distance(_ values: [Double]) -> Double {
    zip(prototype.parameters, values).reduce(0) { sum, pair in
      let (parameter, value) = pair
      let step =
        (value - parameter.defaultValue) / (parameter.range.upperBound - parameter.range.lowerBound)
      return sum + step * step
    }
  }
}
