public import Crystal

/// A crystal structure type: the shape of a cell, and sites that carry labels instead of elements.
public struct Prototype: Sendable {
  /// The name, which begins the names of candidates.
  public let name: String
  /// The cell of the reference crystal; candidates have its shape, scaled evenly.
  public let lattice: Lattice
  /// Fractional coordinates of the sites.
  public let positions: [SIMD3<Double>]
  /// The different labels, in order of first appearance among the sites.
  public let labels: [String]
  /// For each site its position in `labels`.
  public let labelIndices: [Int]
  /// Typical cell volume over the sum of `elementalVolume(of:)` of its atoms; nil when unknown.
  public let volumeRatio: Double?
  /// What may be chosen about the shape; see `with(_:)`.
  public let parameters: [PrototypeParameter]
  /// The values of `parameters` that this shape has.
  public let values: [Double]

  /// What the shape is made from when values are chosen.
  private let form: Form

  private enum Form: Sendable {
    /// This cell, strained.
    case strained(Lattice)
    case type(PrototypeType)
  }

  /// Most labels a prototype may have: with 118 elements on each of 8 labels all counts fit in an Int.
  public static let maximumLabelCount = 8

  /// A prototype from its cell and labeled sites. Its parameters are the strains of `strainParameters`.
  ///
  /// - Parameters:
  ///   - name: name of the structure type.
  ///   - lattice: cell of a reference crystal (Å).
  ///   - positions: fractional coordinates of N ≥ 1 sites.
  ///   - siteLabels: label of each of the N sites: letters, digits or underscores.
  ///   - volumeRatio: typical cell volume over the sum of `elementalVolume(of:)`, if known.
  /// - Throws: `PrototypeError`, naming what does not fit.
  public init(
    name: String, lattice: Lattice, positions: [SIMD3<Double>], siteLabels: [String],
    volumeRatio: Double? = nil
  ) throws(PrototypeError) {
    let parameters = Self.strainParameters
    try self.init(
      name: name, lattice: lattice, positions: positions, siteLabels: siteLabels, volumeRatio: volumeRatio,
      parameters: parameters, values: parameters.map(\.defaultValue), form: .strained(lattice))
  }

  /// A prototype from a known crystal, with a label for each of its sites.
  ///
  /// Its volume ratio is that of the crystal itself where all its elements have a tabulated volume.
  ///
  /// - Throws: `PrototypeError`, naming what does not fit.
  public init(name: String, structure: Structure, labels: [String]) throws(PrototypeError) {
    let sum = volumeSum(of: structure.elements)
    try self.init(
      name: name, lattice: structure.lattice, positions: structure.fractionalPositions, siteLabels: labels,
      volumeRatio: sum.map { structure.lattice.volume / $0 })
  }

  /// A structure type with these values of its parameters.
  init(_ type: PrototypeType, values: [Double]) throws(PrototypeError) {
    let geometry = try type.geometry(ParameterValues(parameters: type.parameters, values: values))
    try self.init(
      name: type.name, lattice: geometry.lattice, positions: geometry.positions, siteLabels: geometry.labels,
      volumeRatio: type.volumeRatio, parameters: type.parameters, values: values, form: .type(type))
  }

  private init(
    name: String, lattice: Lattice, positions: [SIMD3<Double>], siteLabels: [String], volumeRatio: Double?,
    parameters: [PrototypeParameter], values: [Double], form: Form
  ) throws(PrototypeError) {
    guard positions.count == siteLabels.count else {
      throw .labelCountMismatch(sites: positions.count, labels: siteLabels.count)
    }
    guard !positions.isEmpty else { throw .structure(.noSites) }
    for label in siteLabels {
      guard !label.isEmpty, label.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
        throw .badLabel(label)
      }
    }
    if let volumeRatio {
      guard volumeRatio > 0, volumeRatio.isFinite else { throw .badVolume(volumeRatio) }
    }
    if let bad = positions.firstIndex(where: { !$0.isFinite || $0.min() < -1e6 || $0.max() > 1e6 }) {
      throw .structure(.badCoordinate(site: bad))
    }
    var labels: [String] = []
    var indices: [Int] = []
    for label in siteLabels {
      if let known = labels.firstIndex(of: label) {
        indices.append(known)
      } else {
        indices.append(labels.count)
        labels.append(label)
      }
    }
    guard labels.count <= Self.maximumLabelCount else { throw .tooManyLabels(labels.count) }
    self.name = name
    self.lattice = lattice
    self.positions = positions
    self.labels = labels
    self.labelIndices = indices
    self.volumeRatio = volumeRatio
    self.parameters = parameters
    self.values = values
    self.form = form
  }

  /// The same prototype with other values of some parameters; the others keep theirs.
  ///
  /// - Parameter values: new values by the parameters' names.
  /// - Throws: `PrototypeError.unknownParameter` or `.badParameter`.
  public func with(_ values: [String: Double]) throws(PrototypeError) -> Prototype {
    var chosen = self.values
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let index = parameters.firstIndex(where: { $0.name == name }) else {
        throw .unknownParameter(name, known: parameters.map(\.name))
      }
      guard parameters[index].range.contains(value) else {
        throw .badParameter(name, value, range: parameters[index].range)
      }
      chosen[index] = value
    }
    let geometry = try geometry(chosen)
    return try Prototype(
      name: name, lattice: geometry.lattice, positions: geometry.positions,
      siteLabels: labelIndices.map { labels[$0] }, volumeRatio: volumeRatio, parameters: parameters,
      values: chosen, form: form)
  }

  /// The cell and the positions of the sites, in their order, with these values of all parameters.
  func geometry(
    _ values: [Double]
  ) throws(PrototypeError) -> (lattice: Lattice, positions: [SIMD3<Double>]) {
    let named = ParameterValues(parameters: parameters, values: values)
    switch form {
    case .type(let type):
      let geometry = try type.geometry(named)
      return (geometry.lattice, geometry.positions)
    case .strained(let lattice): return (try lattice.strained(named), positions)
    }
  }

  /// The value of a parameter in this shape; nil where the prototype has no such parameter.
  public func value(of parameter: String) -> Double? {
    parameters.firstIndex { $0.name == parameter }.map { values[$0] }
  }

  /// The compound that a built-in prototype is named after; nil for others.
  public var typeCompound: String? {
    if case .type(let type) = form { type.compound } else { nil }
  }

  /// The space group of a built-in prototype with a different element on each label; nil for others.
  public var spaceGroup: SpaceGroup? {
    if case .type(let type) = form { SpaceGroup(number: type.spaceGroup) } else { nil }
  }

  /// The Wyckoff sites of a built-in prototype; empty for others.
  public var sites: [PrototypeSite] {
    if case .type(let type) = form { type.sites } else { [] }
  }

  /// Number of sites in the cell.
  public var siteCount: Int { positions.count }

  /// Number of sites that carry each label, in order of `labels`.
  public var multiplicities: [Int] {
    var counts = [Int](repeating: 0, count: labels.count)
    for index in labelIndices { counts[index] += 1 }
    return counts
  }

  /// The formula with the labels in place of elements, e.g. "AB2X2".
  public var formula: String {
    let counts = multiplicities
    let divisor = counts.reduce(0) { greatestCommonDivisor($0, $1) }
    return zip(labels, counts).map { $0 + ($1 == divisor ? "" : "\($1 / divisor)") }.joined()
  }
}

private func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
  var (first, second) = (first, second)
  while second != 0 { (first, second) = (second, first % second) }
  return first
}

/// The sum of the tabulated volumes (Å³), or nil when an element has none.
private func volumeSum(of elements: [Element]) -> Double? {
  var sum = 0.0
  for element in elements {
    guard let volume = elementalVolume(of: element) else { return nil }
    sum += volume
  }
  return sum
}
