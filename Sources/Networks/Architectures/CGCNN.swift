/// What stands in for a neighbor that does not exist within the cutoff.
public enum NeighborPadding: String, Codable, CaseIterable, Hashable, Sendable {
  /// Missing neighbors are left out.
  case none
  /// As in the published CGCNN code: the first atom of the structure at the distance cutoff + 1 Å, not masked.
  case firstAtom = "first_atom"
}

/// The crystal graph convolutional neural network.
///
/// Source: T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), in the form of the authors' code, whose command
/// line has these defaults but for the padding.
public struct CGCNN: Architecture {
  /// Width w of the atom vectors.
  public var nodeWidth = 64
  /// Width h of the layers after pooling.
  public var hiddenWidth = 128
  /// Number of convolutions.
  public var convolutionCount = 3
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
  /// Probability that a number of the first hidden layer is left out in a step of training, as in the published classifier,
  /// which has 0.5. Nil, as in cards written before there was the choice, is 0.
  public var dropout: Double?
  /// What is averaged over the sites; nil, as in cards written before there was the choice, is `pooled`.
  public var readout: Readout?

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "cgcnn"
  /// Name in model cards.
  public static let title = "CGCNN"
  /// What it is and where it is from.
  public static let summary =
    "Crystal graph convolutions over the nearest neighbors (T. Xie and J. C. Grossman, PRL 120, 145301, 2018)."
  /// Cards of this network said the task from the start.
  public static let alwaysNamesTask = true

  /// 0 is what nothing said means, and the same network.
  private var dropoutChoice: Double? {
    get { dropout }
    set { dropout = newValue == 0 ? nil : newValue }
  }

  /// What may be chosen.
  public static let options: [ArchitectureOption<CGCNN>] = [
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
    .number(
      "dropout", \.dropoutChoice, 0...0.9,
      "Probability that a number of the first hidden layer is left out in a step of training; 0 when absent."),
    .readout(\.readout),
  ]

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    try checkGaussians(reach: cutoff, spacing: gaussianSpacing)
    try checkDropout(dropout, readout)
  }

  /// What its graphs are.
  public var requirements: InputRequirements {
    InputRequirements(
      neighbors: .nearest(count: neighborCount, cutoff: cutoff), neighborLimit: neighborCount,
      paddingDistance: padding == .firstAtom ? cutoff + 1 : nil)
  }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let lengths = network.radialBasis(reach: cutoff, spacing: gaussianSpacing)
    let nodes = network.elementEmbedding("embedding", width: nodeWidth)
    network.represent("embedding", nodes)
    return network.crystalGraphTrunk(
      nodes, lengths: lengths, convolutions: convolutionCount, hiddenLayers: hiddenLayerCount,
      hiddenWidth: hiddenWidth, dropout: dropout, readout: readout, outputs: outputs)
  }
}

extension NetworkBuilder {
  /// What CGCNN and the networks on its terms do with the sites' first vectors: convolutions, the mean over sites, hidden
  /// layers and the output, under the names of the published code.
  ///
  /// - Parameters:
  ///   - nodes: a row a site.
  ///   - lengths: the edges' lengths on Gaussians.
  ///   - convolutions: how many.
  ///   - hiddenLayers: layers after pooling.
  ///   - hiddenWidth: their width.
  ///   - dropout: probability that a number behind the first of them is left out in training; nil for none.
  ///   - readout: what is averaged over the sites.
  ///   - outputs: numbers of a structure.
  mutating func crystalGraphTrunk(
    _ nodes: NetworkValue, lengths: NetworkValue, convolutions: Int, hiddenLayers: Int, hiddenWidth: Int,
    dropout: Double? = nil, readout: Readout?, outputs: Int
  ) -> NetworkValue {
    var nodes = nodes
    for number in 0..<convolutions {
      nodes = crystalGraphConvolution("convs.\(number)", nodes, lengths: lengths)
      represent("convs.\(number)", nodes)
    }
    return self.readout(readout, nodes, "fc_out", to: outputs) { network, x in
      var x = network.activation(.softplus, x)
      for number in 0..<hiddenLayers {
        let name = number == 0 ? "conv_to_fc" : "fcs.\(number - 1)"
        x = network.linear(name, x, to: hiddenWidth, activation: .softplus)
        if number == 0, let dropout { x = network.dropout(dropout, x) }
      }
      return x
    }
  }
}

/// Checks that Gaussians from 0 to `reach`, `spacing` apart (Å), are a number that the kernels take.
func checkGaussians(reach: Double, spacing: Double) throws(ModelError) {
  guard spacing > 0, reach / spacing >= 8, reach / spacing <= 1000 else {
    throw .unsupportedConfiguration("Gaussian spacing \(spacing) Å does not give 9 … 1001 Gaussians")
  }
}

/// Checks that there is no dropout where sites are read out one by one.
func checkDropout(_ dropout: Double?, _ readout: Readout?) throws(ModelError) {
  guard dropout == nil || readout != .additive else {
    throw .unsupportedConfiguration(
      "dropout leaves out numbers of a crystal, and readout additive has those of sites")
  }
}
