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

  /// Most labels a prototype may have: with 118 elements on each of 8 labels all counts fit in an Int.
  public static let maximumLabelCount = 8

  /// A prototype from its cell and labeled sites.
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

  /// Number of sites in the cell.
  public var siteCount: Int { positions.count }

  /// Number of sites that carry each label, in order of `labels`.
  public var multiplicities: [Int] {
    var counts = [Int](repeating: 0, count: labels.count)
    for index in labelIndices { counts[index] += 1 }
    return counts
  }
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
