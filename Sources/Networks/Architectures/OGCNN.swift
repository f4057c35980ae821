/// The orbital graph convolutional neural network: CGCNN on atom vectors that an encoder makes of the element and the orbitals
/// around it.
///
/// Source: M. Karamad, R. Magar et al., Phys. Rev. Materials 4, 093801 (2020), in the form of the authors' code, which has
/// these defaults but for the padding and the table of orbitals.
public struct OGCNN: Architecture {
  /// Width of the encoder's hidden layer.
  public var encoderWidth = 768
  /// Width w of the atom vectors.
  public var nodeWidth = 1536
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
  /// Which orbitals an element has.
  public var orbitals = OrbitalChoice.groundStates
  /// Exponent of the distance in the orbital field: 1, 2 or 4.
  public var distancePower = 4
  /// Probability that a number of the first hidden layer is left out in a step of training, as in the published classifier.
  /// Nil, as in cards written before there was the choice, is 0.
  public var dropout: Double?
  /// What is averaged over the sites; nil, as in cards written before there was the choice, is `pooled`.
  public var readout: Readout?

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "ogcnn"
  /// Name in model cards.
  public static let title = "OGCNN"
  /// What it is and where it is from.
  public static let summary =
    "CGCNN on encoded orbital field matrices (M. Karamad, R. Magar et al., PRM 4, 093801, 2020)."

  /// 0 is what nothing said means, and the same network.
  private var dropoutChoice: Double? {
    get { dropout }
    set { dropout = newValue == 0 ? nil : newValue }
  }

  /// What may be chosen.
  public static let options: [ArchitectureOption<OGCNN>] = [
    .integer(
      "encoder_width", \.encoderWidth, 16...4096, multipleOf: 16, "Width of the encoder's hidden layer."),
    .integer("node_width", \.nodeWidth, 16...4096, multipleOf: 16, "Width of the atom vectors."),
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
      "orbitals", \.orbitals,
      "Orbitals of the free atoms' ground states, or the list of the published code with its errors."),
    .integer(
      "distance_power", \.distancePower, 1...4,
      "Exponent of the distance in the orbital field: 1, 2, or 4 as in the published code."),
    .number(
      "dropout", \.dropoutChoice, 0...0.9,
      "Probability that a number of the first hidden layer is left out in a step of training; 0 when absent."),
    .readout(\.readout),
  ]

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    try checkGaussians(reach: cutoff, spacing: gaussianSpacing)
    guard distancePower != 3 else { throw .unsupportedConfiguration("distance_power 3 is none of 1, 2, 4") }
    try checkDropout(dropout, readout)
  }

  /// What its graphs are.
  public var requirements: InputRequirements {
    InputRequirements(
      neighbors: .nearest(count: neighborCount, cutoff: cutoff), neighborLimit: neighborCount,
      paddingDistance: padding == .firstAtom ? cutoff + 1 : nil,
      orbitalField: OrbitalField(orbitals: orbitals, distancePower: distancePower))
  }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    let lengths = network.radialBasis(reach: cutoff, spacing: gaussianSpacing)
    let encoded = network.orbitalFieldEmbedding("embedding1", width: encoderWidth, orbitals: orbitals)
    let nodes = network.linear("embedding2", network.activation(.softplus, encoded), to: nodeWidth)
    network.represent("embedding2", nodes)
    return network.crystalGraphTrunk(
      nodes, lengths: lengths, convolutions: convolutionCount, hiddenLayers: hiddenLayerCount,
      hiddenWidth: hiddenWidth, dropout: dropout, readout: readout, outputs: outputs)
  }
}
