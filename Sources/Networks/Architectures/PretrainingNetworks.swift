/// A CGCNN with what SimSiam compares: the vector z of a crystal and the prediction p of the other view's, two layers behind it.
/// The outputs of a crystal are p and behind it z, each as wide as the hidden layers.
///
/// The tensors are those of a CGCNN with two hidden layers that gives p alone.
///
/// Source: R. Magar, Y. Wang and A. Barati Farimani, npj Comput. Mater. 8, 231 (2022), in the form of their code, after X. Chen
/// and K. He, CVPR 2021, 15750.
public struct SiameseNetwork: Architecture {
  /// The network that z is of, with two hidden layers and without dropout.
  public var encoder = CGCNN()

  /// About the default network.
  public init() { encoder.hiddenLayerCount = 2 }

  /// About a network.
  public init(_ encoder: CGCNN) {
    precondition(
      encoder.hiddenLayerCount == 2 && encoder.dropout == nil && encoder.readout != .additive,
      "a vector of the crystal and two layers behind it")
    self.encoder = encoder
  }

  /// Not a name of training files.
  public static let key = "siamese_cgcnn"
  /// Not a name of model cards.
  public static let title = "SiameseCGCNN"
  /// What it is.
  public static let summary = "A CGCNN in pretraining by SimSiam."
  /// Chosen where the encoder is.
  public static let options: [ArchitectureOption<SiameseNetwork>] = []

  /// What its graphs are.
  public var requirements: InputRequirements { encoder.requirements }

  /// Outputs of a crystal: p and z.
  public var outputCount: Int { 2 * encoder.hiddenWidth }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    precondition(outputs == outputCount, "p and z")
    let lengths = network.radialBasis(reach: encoder.cutoff, spacing: encoder.gaussianSpacing)
    var nodes = network.elementEmbedding("embedding", width: encoder.nodeWidth)
    for number in 0..<encoder.convolutionCount {
      nodes = network.crystalGraphConvolution("convs.\(number)", nodes, lengths: lengths)
    }
    let pooled = network.activation(.softplus, network.meanPooling(nodes))
    let width = encoder.hiddenWidth
    let z = network.linear("conv_to_fc", pooled, to: width, activation: .softplus)
    let inner = network.linear("fcs.0", z, to: width, activation: .softplus)
    return network.concatenation([network.linear("fc_out", inner, to: width), z])
  }
}

/// A CGConv that is asked for what is hidden from it: the elements of marked sites, and the lengths of marked edges (`GraphMarks`).
/// Its outputs say how well it answers, with the columns of `HiddenPart`.
///
/// Source: the predictive task of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024), in the form of the authors' code.
public struct HiddenPartNetwork: Architecture {
  /// The encoder; what it has behind the convolutions is left out.
  public var encoder = CGConv()

  /// About the default encoder.
  public init() {}

  /// About an encoder.
  public init(_ encoder: CGConv) { self.encoder = encoder }

  /// Not a name of training files.
  public static let key = "predictive_cgconv"
  /// Not a name of model cards.
  public static let title = "PredictiveCGConv"
  /// What it is.
  public static let summary = "A CGConv in pretraining on hidden elements and lengths."
  /// Chosen where the encoder is.
  public static let options: [ArchitectureOption<HiddenPartNetwork>] = []

  /// What its graphs are.
  public var requirements: InputRequirements { encoder.requirements }

  /// The layers. Heads are linear.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    precondition(outputs == HiddenPart.columnCount, "the columns of what is hidden")
    let nodes = encoder.buildEncoder(&network)
    let gaussians = Int((encoder.cutoff / encoder.gaussianSpacing).rounded()) + 1
    let atoms = network.linear(
      "linear_pred_atoms", network.markedSites(nodes), to: HiddenPartLoss.elementLogitCount)
    let bonds = network.linear("linear_pred_bonds", network.markedEdgeEnds(nodes), to: gaussians)
    return network.hiddenPartLoss(atoms: atoms, bonds: bonds, spacing: encoder.gaussianSpacing)
  }
}

/// A CGConv with the projection that tells views of one crystal from those of others. Marked sites and edges of a view have the means
/// over their crystal in place of their own features. Outputs are as wide as the atom vectors.
///
/// Source: the contrastive task of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024), in the form of the authors' code.
public struct ContrastiveNetwork: Architecture {
  /// The encoder; what it has behind the convolutions is left out.
  public var encoder = CGConv()

  /// About the default encoder.
  public init() {}

  /// About an encoder.
  public init(_ encoder: CGConv) { self.encoder = encoder }

  /// Not a name of training files.
  public static let key = "contrastive_cgconv"
  /// Not a name of model cards.
  public static let title = "ContrastiveCGConv"
  /// What it is.
  public static let summary = "A CGConv in pretraining by contrast."
  /// Chosen where the encoder is.
  public static let options: [ArchitectureOption<ContrastiveNetwork>] = []

  /// What its graphs are.
  public var requirements: InputRequirements { encoder.requirements }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let nodes = encoder.buildEncoder(&network, hidesMarked: true)
    let inner = network.linear(
      "projection_head.0", network.meanPooling(nodes), to: encoder.nodeWidth, activation: .relu)
    return network.linear("projection_head.2", inner, to: outputs)
  }
}
