/// The graph convolutional network on the adjacency of nearest neighbors. It sees no distances: two crystals of one
/// adjacency and the same species are one to it, which is what makes it a baseline.
///
/// Source: T. N. Kipf and M. Welling, ICLR 2017 (the convolution); embedding, pooling and the layers after it as in CGCNN.
public struct GCN: Architecture {
  /// Width of the atom vectors.
  public var nodeWidth = 64
  /// Width of the layers after pooling.
  public var hiddenWidth = 128
  /// Number of convolutions.
  public var convolutionCount = 3
  /// Number of hidden layers after pooling.
  public var hiddenLayerCount = 1
  /// Neighbors per atom; a bond counts where either of its ends lists it.
  public var neighborCount = 12
  /// Whether all neighbors as far as the last of these are taken; nil, as in cards written before there was the choice, is false.
  public var takesWholeShells: Bool? = true
  /// Largest neighbor distance (Å).
  public var cutoff = 8.0
  /// What is averaged over the sites; nil, as in cards written before there was the choice, is `pooled`.
  public var readout: Readout?

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "gcn"
  /// Name in model cards.
  public static let title = "GCN"
  /// What it is and where it is from.
  public static let summary =
    "Graph convolutions on the adjacency of nearest neighbors, without distances (T. N. Kipf and M. Welling, 2017)."

  /// What may be chosen.
  public static let options: [ArchitectureOption<GCN>] = [
    .integer("node_width", \.nodeWidth, 16...1024, multipleOf: 16, "Width of the atom vectors."),
    .integer("hidden_width", \.hiddenWidth, 16...4096, multipleOf: 16, "Width after pooling."),
    .integer("convolutions", \.convolutionCount, 1...16, "Number of convolutions."),
    .integer("hidden_layers", \.hiddenLayerCount, 1...16, "Number of hidden layers after pooling."),
    .integer("neighbors", \.neighborCount, 1...64, "Nearest neighbors of each site."),
    .boolean(
      "whole_shells", \.takesWholeShells, absence: false,
      "Whether all neighbors as far as the last of these are taken, so that no order of equal distances matters."
    ),
    .number("cutoff", \.cutoff, 0.4...20, "Reach of nearest neighbors (Å)."),
    .readout(\.readout),
  ]

  /// What its graphs are.
  ///
  /// Bonds are counted between pairs of sites. Of lists that are cut among equal distances the counts are other ones in a
  /// larger cell of the same crystal, and with them the prediction.
  public var requirements: InputRequirements {
    takesWholeShells == true
      ? InputRequirements(
        neighbors: .nearestShells(count: neighborCount, cutoff: cutoff), countsBonds: true)
      : InputRequirements(
        neighbors: .nearest(count: neighborCount, cutoff: cutoff), neighborLimit: neighborCount,
        countsBonds: true)
  }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    var nodes = network.elementEmbedding("embedding", width: nodeWidth)
    network.represent("embedding", nodes)
    for number in 0..<convolutionCount {
      nodes = network.graphConvolution("convs.\(number)", nodes, to: nodeWidth)
      network.represent("convs.\(number)", nodes)
    }
    return network.readout(readout, nodes, "output", to: outputs) { network, x in
      network.hiddenLayers(hiddenLayerCount, x, width: hiddenWidth)
    }
  }
}
