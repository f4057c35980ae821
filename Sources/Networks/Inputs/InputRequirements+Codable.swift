internal import CrystalGraphs

/// The requirements as model cards have them: `neighbors` (`nearest` or `nearestShells` with `count` and
/// `cutoff`, `symmetricShells` with `count` and `doublesOwnImages`, `within` with `cutoff`, `voronoi` with
/// `minimumSolidAngleFraction`, or `none`), `neighborLimit` and `paddingDistance` where there are such, `countsBonds`,
/// `orbitalField` with `orbitals` and `distancePower` where there is one, and `usesAngles` and `reversesEdges` where they are
/// true.
extension InputRequirements: Codable {
  private enum CodingKeys: String, CodingKey {
    case neighbors, neighborLimit, paddingDistance, countsBonds, orbitalField, usesAngles, reversesEdges
  }

  private enum RuleKeys: String, CodingKey {
    case nearest, nearestShells, symmetricShells, within, voronoi, none
  }

  private struct Nearest: Codable {
    let count: Int
    let cutoff: Double
  }

  private struct Symmetric: Codable {
    let count: Int
    let doublesOwnImages: Bool
  }

  private struct Within: Codable {
    let cutoff: Double
  }

  private struct Voronoi: Codable {
    let minimumSolidAngleFraction: Double
  }

  private struct NoNeighbors: Codable {}

  /// Reads the requirements.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let rule = try container.nestedContainer(keyedBy: RuleKeys.self, forKey: .neighbors)
    let neighbors: NeighborRule
    if let nearest = try rule.decodeIfPresent(Nearest.self, forKey: .nearest) {
      neighbors = .nearest(count: nearest.count, cutoff: nearest.cutoff)
    } else if let shells = try rule.decodeIfPresent(Nearest.self, forKey: .nearestShells) {
      neighbors = .nearestShells(count: shells.count, cutoff: shells.cutoff)
    } else if let shells = try rule.decodeIfPresent(Symmetric.self, forKey: .symmetricShells) {
      neighbors = .symmetricShells(count: shells.count, doublesOwnImages: shells.doublesOwnImages)
    } else if let within = try rule.decodeIfPresent(Within.self, forKey: .within) {
      neighbors = .within(cutoff: within.cutoff)
    } else if let voronoi = try rule.decodeIfPresent(Voronoi.self, forKey: .voronoi) {
      neighbors = .voronoi(minimumSolidAngleFraction: voronoi.minimumSolidAngleFraction)
    } else {
      _ = try rule.decode(NoNeighbors.self, forKey: .none)
      neighbors = .noNeighbors
    }
    self.init(
      neighbors: neighbors,
      neighborLimit: try container.decodeIfPresent(Int.self, forKey: .neighborLimit) ?? .max,
      paddingDistance: try container.decodeIfPresent(Double.self, forKey: .paddingDistance),
      countsBonds: try container.decode(Bool.self, forKey: .countsBonds),
      orbitalField: try container.decodeIfPresent(OrbitalField.self, forKey: .orbitalField),
      usesAngles: try container.decodeIfPresent(Bool.self, forKey: .usesAngles) ?? false,
      reversesEdges: try container.decodeIfPresent(Bool.self, forKey: .reversesEdges) ?? false)
  }

  /// Writes the requirements.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    var rule = container.nestedContainer(keyedBy: RuleKeys.self, forKey: .neighbors)
    switch neighbors {
    case .nearest(let count, let cutoff):
      try rule.encode(Nearest(count: count, cutoff: cutoff), forKey: .nearest)
    case .nearestShells(let count, let cutoff):
      try rule.encode(Nearest(count: count, cutoff: cutoff), forKey: .nearestShells)
    case .symmetricShells(let count, let doubles):
      try rule.encode(Symmetric(count: count, doublesOwnImages: doubles), forKey: .symmetricShells)
    case .within(let cutoff): try rule.encode(Within(cutoff: cutoff), forKey: .within)
    case .voronoi(let fraction):
      try rule.encode(Voronoi(minimumSolidAngleFraction: fraction), forKey: .voronoi)
    case .noNeighbors: try rule.encode(NoNeighbors(), forKey: .none)
    }
    try container.encodeIfPresent(neighborLimit == .max ? nil : neighborLimit, forKey: .neighborLimit)
    try container.encodeIfPresent(paddingDistance, forKey: .paddingDistance)
    try container.encode(countsBonds, forKey: .countsBonds)
    try container.encodeIfPresent(orbitalField, forKey: .orbitalField)
    // Cards written before there were these choices lack them.
    if usesAngles { try container.encode(usesAngles, forKey: .usesAngles) }
    if reversesEdges { try container.encode(reversesEdges, forKey: .reversesEdges) }
  }
}
