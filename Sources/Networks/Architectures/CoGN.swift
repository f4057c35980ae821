/// The connectivity-optimized graph network: messages through deep perceptrons over many neighbors, no normalization, and an
/// additive read-out.
///
/// Source: R. Ruff, P. Reiser, J. Stühmer and P. Friederich, Digital Discovery 3, 594 (2024), and its code (kgcnn 3.0.2), whose
/// sizes these are. What is known of an element is the table of CGCNN, where the code has mass, radius, electronegativity,
/// ionization energy and states of oxidation.
public struct CoGN: Architecture {
  /// Width of the vectors of atoms and messages.
  public var width = 128
  /// Width of the elements' own vectors.
  public var elementWidth = 128
  /// Number of blocks.
  public var blockCount = 5
  /// Layers of the perceptrons that make messages.
  public var messageDepth = 5
  /// Nearest neighbors of an atom, whose last shell is taken whole.
  public var neighborCount = 24
  /// Largest neighbor distance, and reach of the Gaussians (Å).
  public var cutoff = 8.0
  /// Gaussians of the distance.
  public var gaussianCount = 32
  /// Whether messages of a block see those of the block before: an addition to the publication.
  public var updatesEdges = false
  /// Whether neighbors are those of Voronoi cells, and solid angle, area and pyramid volume of the facet are among an edge's
  /// features, as roots on Gaussians: an addition to the publication.
  public var usesFacets = false
  /// Whether the angular moments of the facets are too.
  public var usesAngularMoments = false
  /// Whether a message counts by its facet: w = 12 Ω/4π as 2 w / (1 + w).
  public var weighsBySolidAngle = false
  /// Facets below this fraction of the larger cell's largest solid angle are left out of the graph.
  public var minimumSolidAngleFraction = 0.01

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "cogn"
  /// Name in model cards.
  public static let title = "coGN"
  /// What it is and where it is from.
  public static let summary =
    "Messages through deep perceptrons over whole shells of neighbors (R. Ruff et al., Digital Discovery 3, 594, 2024)."

  /// What may be chosen.
  public static let options: [ArchitectureOption<CoGN>] = [
    .integer("width", \.width, 16...1024, multipleOf: 16, "Width of the vectors of atoms and messages."),
    .integer("element_width", \.elementWidth, 16...1024, multipleOf: 16, "Width of the elements' vectors."),
    .integer("blocks", \.blockCount, 1...16, "Number of blocks."),
    .integer("depth", \.messageDepth, 1...16, "Layers of the perceptrons that make messages."),
    .integer(
      "neighbors", \.neighborCount, 1...64, "Nearest neighbors of each site; last shells are taken whole."),
    .number("cutoff", \.cutoff, 0.4...20, "Reach of nearest neighbors and of the Gaussians (Å)."),
    .integer("gaussians", \.gaussianCount, 8...512, "Gaussians of the distance."),
    .boolean(
      "edge_updates", \.updatesEdges,
      "Whether messages of a block see those of the block before (not in the paper)."),
    .boolean(
      "facets", \.usesFacets,
      "Whether neighbors are those of Voronoi cells, with their facets' measures as edge features (not in the paper)."
    ),
    .boolean(
      "angular_moments", \.usesAngularMoments,
      "Whether the angles between facets, as moments, are edge features (not in the paper)."),
    .boolean(
      "solid_angle_weights", \.weighsBySolidAngle,
      "Whether a message counts by the solid angle of its facet (not in the paper)."),
    .number(
      "minimum_solid_angle", \.minimumSolidAngleFraction, 0...0.99,
      "Facets below this fraction of the larger cell's largest solid angle are left out."),
  ]

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    if usesAngularMoments || weighsBySolidAngle, !usesFacets {
      throw .unsupportedConfiguration("nearest neighbors have no facets to be used")
    }
  }

  /// Those of the neighbors that the network does not have.
  public var idleOptions: [String: String] {
    usesFacets
      ? ["neighbors": "with facets, neighbors are those of Voronoi cells"]
      : ["minimum_solid_angle": "nearest neighbors have no facets"]
  }

  /// What its graphs are.
  public var requirements: InputRequirements {
    InputRequirements(
      neighbors: usesFacets
        ? .voronoi(minimumSolidAngleFraction: minimumSolidAngleFraction)
        : .nearestShells(count: neighborCount, cutoff: cutoff))
  }

  /// Vectors of edges take more room than those of sites.
  public var sitesPerBlock: Int { 8 }

  /// The features of edges, and what their messages count by where it is not 1.
  private func features(
    _ network: inout NetworkBuilder
  ) -> (features: NetworkValue, weights: NetworkValue?) {
    guard usesFacets else {
      return (network.lengthExpansionAboveZero(reach: cutoff, count: gaussianCount), nil)
    }
    let features = network.facetFeatures(
      reach: cutoff, spacing: cutoff / Double(gaussianCount), usesMeasures: true,
      usesMoments: usesAngularMoments, encoding: .gaussians)
    return (features, weighsBySolidAngle ? network.solidAngleWeights(saturates: true) : nil)
  }

  /// The layers. The read-out is linear, so that the mean over the atoms is taken before it.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let (features, weights) = features(&network)
    func message(_ block: Int) -> String { "blocks.\(block).message" }
    var nodes = network.elementsWithFeatures(elementWidth: elementWidth, width: width, start: .glorot)
    network.represent("embedding", nodes)
    let edges = network.edgeEmbedding(
      "edge_embedding", features, width: width, shares: (0..<blockCount).map { message($0) + ".0" },
      of: 3 * width, start: .glorot)
    var last: NetworkValue?
    for block in 0..<blockCount {
      var x = network.activation(
        .silu,
        network.edgeEnds(
          message(block) + ".0", edges[block], nodes: nodes, messages: last,
          of: (last == nil ? 3 : 4) * width, start: .glorot))
      for layer in 1..<messageDepth {
        x = network.linear(
          message(block) + ".\(layer)", x, to: width, activation: .silu, start: .glorot)
      }
      if updatesEdges { last = x }
      let sum = network.edgeSum(x, weights: weights)
      nodes = network.sum(
        nodes, network.linear("blocks.\(block).node", sum, to: width, activation: .silu, start: .glorot))
      network.represent("blocks.\(block)", nodes)
    }
    return network.linear("output", network.meanPooling(nodes), to: outputs, start: .glorot)
  }
}
