/// Gated convolutions with a batch normalization after each: the encoder of self-supervised atomic representations.
///
/// Source: Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024), in the form of the authors' code, which has these
/// defaults but for the padding and the direction of messages. The read-out is that of CGCNN: the publication trains the encoder without one.
public struct CGConv: Architecture {
  /// Between which sites messages go. Lists of nearest neighbors are not symmetric.
  public enum Messages: String, Codable, CaseIterable, Hashable, Sendable {
    /// A site collects from the neighbors that it lists.
    case fromNeighbors = "from_neighbors"
    /// A site collects from the sites that list it, as in the published code. Where a list is cut among equal distances, which
    /// of equivalent sites are on it depends on the cell and the order of sites, and the prediction with it.
    case toNeighbors = "to_neighbors"
  }

  /// Width w of the atom vectors.
  public var nodeWidth = 64
  /// Width h of the layers after pooling.
  public var hiddenWidth = 128
  /// Number of convolutions.
  public var convolutionCount = 5
  /// Number of hidden layers after pooling.
  public var hiddenLayerCount = 1
  /// Neighbors per atom.
  public var neighborCount = 12
  /// Largest neighbor distance (Å).
  public var cutoff = 8.0
  /// Spacing and width of the Gaussians of the bond length (Å); they reach from 0 to the cutoff.
  public var gaussianSpacing = 0.2
  /// What stands in for missing neighbors.
  public var padding = NeighborPadding.none
  /// Between which sites messages go.
  public var messages = Messages.fromNeighbors
  /// What is averaged over the sites; nil is `pooled`.
  public var readout: Readout?

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "cgconv"
  /// Name in model cards.
  public static let title = "CGConv"
  /// What it is and where it is from.
  public static let summary =
    "Gated convolutions with a normalization after each, the encoder of self-supervised atomic representations (Kong et al., MLST 5, 035018, 2024)."

  /// What may be chosen.
  public static let options: [ArchitectureOption<CGConv>] = [
    .integer("node_width", \.nodeWidth, 16...1024, multipleOf: 16, "Width of the atom vectors."),
    .integer("hidden_width", \.hiddenWidth, 16...4096, multipleOf: 16, "Width after pooling."),
    .integer("convolutions", \.convolutionCount, 1...16, "Number of convolutions."),
    .integer("hidden_layers", \.hiddenLayerCount, 1...16, "Number of hidden layers after pooling."),
    .integer("neighbors", \.neighborCount, 1...64, "Nearest neighbors of each site."),
    .number("cutoff", \.cutoff, 0.4...20, "Reach of the Gaussians and of nearest neighbors (Å)."),
    .number("gaussian_spacing", \.gaussianSpacing, 0.001...2, "Spacing of the Gaussians (Å)."),
    .choice(
      "padding", \.padding,
      "What stands in for missing neighbors: nothing, or the first atom as in the published code."),
    .choice(
      "messages", \.messages,
      "Whether a site collects from the neighbors that it lists, or from the sites that list it, as in the published code; predictions then depend on the cell that describes a crystal where neighbors are equally far."
    ),
    .readout(\.readout),
  ]

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    try checkGaussians(reach: cutoff, spacing: gaussianSpacing)
  }

  /// What its graphs are.
  public var requirements: InputRequirements {
    InputRequirements(
      neighbors: .nearest(count: neighborCount, cutoff: cutoff), neighborLimit: neighborCount,
      paddingDistance: padding == .firstAtom ? cutoff + 1 : nil, reversesEdges: messages == .toNeighbors)
  }

  /// The layers. No activation follows the last convolution, as in the published code.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let nodes = buildEncoder(&network)
    return network.readout(readout, nodes, "output", to: outputs) { network, x in
      network.hiddenLayers(hiddenLayerCount, x, width: hiddenWidth)
    }
  }

  /// The layers up to the sites' last vectors.
  ///
  /// - Parameter hidesMarked: whether marked sites and edges (`GraphMarks`) have the means of their structure in place of their
  ///   own features.
  func buildEncoder(_ network: inout NetworkBuilder, hidesMarked: Bool = false) -> NetworkValue {
    let lengths: NetworkValue
    var means: NetworkValue?
    if hidesMarked {
      (lengths, means) = network.hidingRadialBasis(reach: cutoff, spacing: gaussianSpacing)
    } else {
      lengths = network.radialBasis(reach: cutoff, spacing: gaussianSpacing)
    }
    var nodes = network.elementEmbedding("embedding1", width: nodeWidth)
    if hidesMarked { nodes = network.siteMeans(nodes) }
    let edges = network.lengthEmbedding("embedding2", lengths, means: means, width: nodeWidth)
    network.represent("embedding1", nodes)
    for number in 0..<convolutionCount {
      nodes = network.gatedConvolution("convs.\(number)", nodes, edges: edges)
      nodes = network.normalization(
        "batch_norm.\(number)", nodes, activation: number < convolutionCount - 1 ? .relu : nil)
      network.represent("convs.\(number)", nodes)
    }
    return nodes
  }
}
