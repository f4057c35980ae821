/// The improved crystal graph convolutional neural network.
///
/// Source: C. W. Park and C. Wolverton, Phys. Rev. Materials 4, 063801 (2020): Voronoi neighbors with facet measures,
/// edge vectors that are updated, and three-body terms. What the paper leaves open (normalizations, encoding of the
/// facets, widths) is a choice made here; each can be switched off to see what it is worth.
public struct ICGCNN: Architecture {
  /// Width d of the atom vectors.
  public var nodeWidth = 64
  /// Width e of the edge vectors.
  public var edgeWidth = 32
  /// Width h of the layers after pooling.
  public var hiddenWidth = 128
  /// Number of convolutions.
  public var convolutionCount = 3
  /// Number of hidden layers after pooling.
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
  /// What is averaged over the sites; nil, as in cards written before there was the choice, is `pooled`.
  public var readout: Readout?

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "icgcnn"
  /// Name in model cards.
  public static let title = "iCGCNN"
  /// What it is and where it is from.
  public static let summary =
    "Voronoi neighbors, edge vectors and three-body terms (C. W. Park and C. Wolverton, PRM 4, 063801, 2020)."

  /// How a training file says whether the sum over triplets is divided.
  private enum TripletSum: String, CaseIterable {
    case normalized
    case plain
  }

  private var tripletSum: TripletSum {
    get { normalizesTriplets ? .normalized : .plain }
    set { normalizesTriplets = newValue == .normalized }
  }

  /// Nearest neighbors have no facets; who asks for them does so without saying it.
  private var neighborChoice: Int? {
    get { nearestNeighborCount }
    set {
      nearestNeighborCount = newValue
      usesFacets = newValue == nil
    }
  }

  /// What may be chosen.
  public static let options: [ArchitectureOption<ICGCNN>] = [
    .integer("node_width", \.nodeWidth, 16...1024, multipleOf: 16, "Width of the atom vectors."),
    .integer("edge_width", \.edgeWidth, 16...1024, multipleOf: 16, "Width of the edge vectors."),
    .integer("hidden_width", \.hiddenWidth, 16...1024, multipleOf: 16, "Width after pooling."),
    .integer("convolutions", \.convolutionCount, 1...16, "Number of convolutions."),
    .integer("hidden_layers", \.hiddenLayerCount, 1...16, "Number of hidden layers after pooling."),
    .integer(
      "neighbors", \.neighborChoice, 1...64,
      "Nearest neighbors of each site; Voronoi neighbors when absent."),
    .number("cutoff", \.gaussianReach, 0.4...20, "Reach of the Gaussians and of nearest neighbors (Å)."),
    .number("gaussian_spacing", \.gaussianSpacing, 0.001...2, "Spacing of the Gaussians (Å)."),
    .boolean(
      "facets", \.usesFacets,
      "Whether solid angle, area and pyramid volume are edge features; true with Voronoi neighbors."),
    .choice(
      "facet_encoding", \.facetEncoding,
      "The facet's three measures as they are, or their roots on Gaussians."),
    .boolean(
      "angular_moments", \.usesAngularMoments,
      "Whether the angles between facets, as moments, are edge features (not in the paper)."),
    .boolean(
      "solid_angle_weights", \.weighsBySolidAngle,
      "Whether a message counts by the solid angle of its facet (not in the paper)."),
    .boolean(
      "saturating_weights", \.saturatesWeights, absence: false,
      "Whether that weight levels off below 2, so that no facet counts for many."),
    .boolean("edge_updates", \.updatesEdges, "Whether edge vectors are updated."),
    .boolean("triplets", \.hasTriplets, "Whether there are three-body terms."),
    .choice(
      "triplet_sum", \.tripletSum, "Whether the sum over triplets is divided by the number of other edges."),
    .number(
      "minimum_solid_angle", \.minimumSolidAngleFraction, 0...0.99,
      "Facets below this fraction of the larger cell's largest solid angle are left out."),
    .readout(\.readout),
  ]

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    try checkGaussians(reach: gaussianReach, spacing: gaussianSpacing)
    if saturatesWeights == true, !weighsBySolidAngle {
      throw .unsupportedConfiguration("weights that saturate need weights by solid angle")
    }
    if nearestNeighborCount != nil, usesFacets || usesAngularMoments || weighsBySolidAngle {
      throw .unsupportedConfiguration("nearest neighbors have no facets to be used")
    }
  }

  /// Those of facets and triplets that the network does not have.
  public var idleOptions: [String: String] {
    var idle: [String: String] = [:]
    if !usesFacets { idle["facet_encoding"] = "the measures of facets are no edge features" }
    if nearestNeighborCount != nil { idle["minimum_solid_angle"] = "nearest neighbors have no facets" }
    if !hasTriplets { idle["triplet_sum"] = "there are no three-body terms" }
    return idle
  }

  /// What its graphs are.
  public var requirements: InputRequirements {
    if let count = nearestNeighborCount {
      InputRequirements(neighbors: .nearest(count: count, cutoff: gaussianReach))
    } else {
      InputRequirements(neighbors: .voronoi(minimumSolidAngleFraction: minimumSolidAngleFraction))
    }
  }

  /// Vectors of edges take more room than those of sites.
  public var sitesPerBlock: Int { 32 }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let features = network.facetFeatures(
      reach: gaussianReach, spacing: gaussianSpacing, usesMeasures: usesFacets,
      usesMoments: usesAngularMoments, encoding: facetEncoding)
    let weights =
      weighsBySolidAngle ? network.solidAngleWeights(saturates: saturatesWeights == true) : nil
    var nodes = network.elementEmbedding("embedding", width: nodeWidth)
    network.represent("embedding", nodes)
    var edges = network.linear("edge_embedding", features, to: edgeWidth)
    for number in 0..<convolutionCount {
      (nodes, edges) = network.pairTripletConvolution(
        "convs.\(number)", nodes, edges, weights: weights,
        updatesEdges: updatesEdges && number < convolutionCount - 1, hasTriplets: hasTriplets,
        normalizesTriplets: normalizesTriplets)
      network.represent("convs.\(number)", nodes)
    }
    return network.readout(readout, nodes, "output", to: outputs) { network, x in
      network.hiddenLayers(hiddenLayerCount, network.activation(.softplus, x), width: hiddenWidth)
    }
  }
}
