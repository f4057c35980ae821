internal import CrystalGraphs

/// How solid angle, area and pyramid volume of a facet are made into features of its edge.
public enum FacetEncoding: String, Codable, CaseIterable, Hashable, Sendable {
  /// Ω/4π, A/10 Å², V/10 Å³ as they are: three columns.
  case scalars
  /// The square roots of these three, each on 13 Gaussians exp(−(x − kΔ)²/Δ²) from 0: Δ = 0.05, 0.1 and 0.1; angular
  /// moments each on 9 Gaussians from −1 to 1, Δ = 0.25.
  case gaussians

  /// Gaussians a measure is expanded on.
  static let gaussianCount = 13
  /// Δ of the root of Ω/4π, A/10 Å² and V/10 Å³.
  static let gaussianSpacings = [0.05, 0.1, 0.1]

  /// Gaussians an angular moment is expanded on, and Δ.
  static let momentGaussianCount = 9
  static let momentGaussianSpacing = 0.25

  /// Columns of one angular moment.
  var momentColumnCount: Int { self == .scalars ? 1 : Self.momentGaussianCount }

  /// Columns of the three measures together.
  var columnCount: Int { self == .scalars ? 3 : 3 * Self.gaussianCount }
}

/// Everything needed to rebuild an improved crystal graph convolutional neural network.
///
/// Source: C. W. Park and C. Wolverton, Phys. Rev. Materials 4, 063801 (2020): Voronoi neighbors with facet measures,
/// edge vectors that are updated, and three-body terms. What the paper leaves open (normalizations, encoding of the
/// facets, widths) is a choice made here; each can be switched off to see what it is worth.
public struct ICGCNNConfiguration: Codable, Hashable, Sendable {
  /// Width d of the atom vectors; a multiple of 16.
  public var nodeWidth = 64
  /// Width e of the edge vectors; a multiple of 16.
  public var edgeWidth = 32
  /// Width h of the layers after pooling; a multiple of 16.
  public var hiddenWidth = 128
  /// Number of convolutions.
  public var convolutionCount = 3
  /// Number of hidden layers after pooling, at least 1.
  public var hiddenLayerCount = 1
  /// Gaussians of the bond length reach from 0 to here (Å); longer bonds see the last ones.
  public var gaussianReach = 8.0
  /// Spacing and width of the Gaussians (Å).
  public var gaussianSpacing = 0.2
  /// Whether solid angle, area and pyramid volume of the facet belong to the edge's features.
  public var usesFacets = true
  /// How these three are made into features.
  public var facetEncoding = FacetEncoding.scalars
  /// Whether the angular moments of the facets belong to the edge's features: an addition to the paper.
  public var usesAngularMoments = false
  /// Whether a pair's message to its center counts by the solid angle of the facet, 12 Ω/4π: an addition to the paper. A
  /// facet that appears as atoms move then comes in with no weight.
  public var weighsBySolidAngle = false
  /// Whether that weight w = 12 Ω/4π is taken as 2 w / (1 + w): 1 for a facet among twelve, as before, but below 2 for
  /// any. In a crystal with much empty room one short bond can hold most of the solid angle, and its message would
  /// count for several. Nil, as in cards written before there was the choice, is false.
  public var saturatesWeights: Bool?
  /// Whether edge vectors are updated (in all convolutions but the last, whose edges nobody reads).
  public var updatesEdges = true
  /// Whether there are three-body terms.
  public var hasTriplets = true
  /// Whether the sum over a center's triplets is divided by the number of its edges less one.
  public var normalizesTriplets = true
  /// Facets below this fraction of the larger cell's largest solid angle are left out of the graph.
  public var minimumSolidAngleFraction = 0.01
  /// So many nearest neighbors within `gaussianReach` instead of Voronoi neighbors; nil for Voronoi.
  public var nearestNeighborCount: Int?

  /// The default configuration.
  public init() {}

  /// Number of Gaussians.
  public var gaussianCount: Int { Int((gaussianReach / gaussianSpacing).rounded()) + 1 }

  /// Columns F of an edge's features: Gaussians of the length, the facet's measures, its angular moments.
  public var edgeFeatureCount: Int {
    gaussianCount + (usesFacets ? facetEncoding.columnCount : 0)
      + (usesAngularMoments ? VoronoiGraph.angularMomentCount * facetEncoding.momentColumnCount : 0)
  }

  /// Widths of the gates of convolution `index`.
  func gateWidths(_ index: Int) -> (node: Int, edge: Int) {
    (nodeWidth, updatesEdges && index < convolutionCount - 1 ? edgeWidth : 0)
  }

  /// What a message counts by in the sum over a site's facets.
  ///
  /// - Parameter solidAngle: share Ω/4π of the full solid angle.
  func messageWeight<Scalar: BinaryFloatingPoint>(solidAngle: Scalar) -> Scalar {
    guard weighsBySolidAngle else { return 1 }
    let weight = 12 * solidAngle
    return saturatesWeights == true ? 2 * weight / (1 + weight) : weight
  }

  /// Checks that a network of this shape can be built.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming the value.
  public func validate() throws(ModelError) {
    func require(_ condition: Bool, _ message: String) throws(ModelError) {
      if !condition { throw .unsupportedConfiguration(message) }
    }
    for (name, width) in [("node", nodeWidth), ("edge", edgeWidth), ("hidden", hiddenWidth)] {
      try require(
        width > 0 && width % 16 == 0 && width <= 1024,
        "\(name) width \(width) is not a multiple of 16 in 16 … 1024")
    }
    try require((1...16).contains(convolutionCount), "\(convolutionCount) convolutions are not in 1 … 16")
    try require((1...16).contains(hiddenLayerCount), "\(hiddenLayerCount) hidden layers are not in 1 … 16")
    try require(
      gaussianSpacing > 0 && gaussianReach / gaussianSpacing >= 8 && gaussianReach / gaussianSpacing <= 1000,
      "Gaussian spacing \(gaussianSpacing) Å does not give 9 … 1001 Gaussians")
    try require(
      saturatesWeights != true || weighsBySolidAngle, "weights that saturate need weights by solid angle")
    if let count = nearestNeighborCount {
      try require((1...64).contains(count), "\(count) neighbors are not in 1 … 64")
      try require(
        !usesFacets && !usesAngularMoments && !weighsBySolidAngle,
        "nearest neighbors have no facets to be used")
      try require(gaussianReach <= 20, "a reach of \(gaussianReach) Å is above 20 Å")
    }
    try require(
      minimumSolidAngleFraction >= 0 && minimumSolidAngleFraction < 1, "the facet threshold is not in 0 ..< 1"
    )
  }
}
