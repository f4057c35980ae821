public import CrystalGraphs

/// What a network is fed with: which edges its graphs have, and what they and the sites hold.
///
/// Networks of equal requirements take the same graphs.
public struct InputRequirements: Hashable, Sendable {
  /// Which neighbors a site has edges to.
  public var neighbors: NeighborRule
  /// Edges of a site that count at most; the nearest ones.
  public var neighborLimit: Int
  /// Length (Å) of the edges to the first site that stand in for missing ones up to the limit; nil where nothing does.
  public var paddingDistance: Double?

  /// Requirements.
  public init(neighbors: NeighborRule, neighborLimit: Int = .max, paddingDistance: Double? = nil) {
    self.neighbors = neighbors
    self.neighborLimit = neighborLimit
    self.paddingDistance = paddingDistance
  }

  /// Largest atomic number that there are element features for.
  public static let largestAtomicNumber = ElementEmbedding.elementRows - 1
}
