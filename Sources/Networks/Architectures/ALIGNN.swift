/// The atomistic line graph neural network.
///
/// Source: K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185 (2021), and its code (usnistgov/alignn, release
/// 2021.11.16), whose sizes these are. Whole shells are taken with a tolerance, where the code compares distances exactly, and
/// bonds to own images once unless `doublesOwnImages`.
public struct ALIGNN: Architecture {
  /// Width of the vectors of atoms, bonds and angles.
  public var width = 256
  /// Width inside the embeddings of bonds and angles.
  public var embeddingWidth = 64
  /// Number of convolutions on the crystal graph and its line graph.
  public var angleConvolutionCount = 4
  /// Number of convolutions on the crystal graph alone, after these.
  public var bondConvolutionCount = 4
  /// Nearest neighbors of each site, whose last shell is taken whole.
  public var neighborCount = 12
  /// Whether a bond between a site and its own image is there twice, and makes no pair with itself, as in the published code:
  /// predictions then depend on the cell that a crystal is given in.
  public var doublesOwnImages = false
  /// Gaussians of the bond length reach from 0 to here (Å).
  public var gaussianReach = 8.0
  /// Number of Gaussians of the bond length.
  public var lengthGaussianCount = 80
  /// Number of Gaussians of the angle's cosine.
  public var angleGaussianCount = 40
  /// Which of the two graphs a convolution goes over first.
  public var updateOrder = UpdateOrder.bondsFirst

  /// Which of the two graphs a convolution goes over first. Weights for one are not for the other.
  public enum UpdateOrder: String, Codable, CaseIterable, Hashable, Sendable {
    /// The crystal graph, as in the code and its published results.
    case bondsFirst = "bonds_first"
    /// The line graph, as the paper is written.
    case anglesFirst = "angles_first"
  }

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "alignn"
  /// Name in model cards.
  public static let title = "ALIGNN"
  /// What it is and where it is from.
  public static let summary =
    "Convolutions on bonds and on angles between bonds (K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185, 2021)."

  /// What may be chosen.
  public static let options: [ArchitectureOption<ALIGNN>] = [
    .integer(
      "width", \.width, 16...1024, multipleOf: 16, "Width of the vectors of atoms, bonds and angles."),
    .integer(
      "embedding_width", \.embeddingWidth, 16...1024, multipleOf: 16,
      "Width inside the embeddings of bonds and angles."),
    .integer(
      "angle_convolutions", \.angleConvolutionCount, 1...16, "Number of convolutions on bonds and angles."),
    .integer(
      "bond_convolutions", \.bondConvolutionCount, 1...16, "Number of convolutions on bonds after these."),
    .integer(
      "neighbors", \.neighborCount, 1...64, "Nearest neighbors of each site; last shells are taken whole."),
    .boolean(
      "doubled_images", \.doublesOwnImages,
      "Whether bonds to a site's own images count twice, as in the published code; predictions then depend on the cell."
    ),
    .number("cutoff", \.gaussianReach, 0.1...20, "Reach of the Gaussians of the bond length (Å)."),
    .integer("length_gaussians", \.lengthGaussianCount, 2...512, "Number of Gaussians of the bond length."),
    .integer("angle_gaussians", \.angleGaussianCount, 2...512, "Number of Gaussians of the angle's cosine."),
    .choice(
      "update_order", \.updateOrder,
      "Whether a convolution updates bonds (as the published code does) or angles first (as the paper has it)."
    ),
  ]

  /// What its graphs are.
  public var requirements: InputRequirements {
    InputRequirements(
      neighbors:
        .symmetricShells(count: neighborCount, doublesOwnImages: doublesOwnImages), usesAngles: true)
  }

  /// Matrices of the published width do not stay in a core's cache, so that a block of few sites reads them again for few rows.
  public var sitesPerBlock: Int { 32 }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    func embed(_ name: String, _ x: NetworkValue) -> NetworkValue {
      let inner = network.normalizedLinear(name + ".1", x, to: embeddingWidth)
      return network.normalizedLinear(name + ".2", inner, to: width)
    }
    var angles = embed("angle_embedding", network.cosineExpansion(count: angleGaussianCount))
    var nodes = network.normalizedLinear("atom_embedding", network.elementFeatures(), to: width)
    network.represent("atom_embedding", nodes)
    var bonds = embed(
      "edge_embedding", network.lengthExpansion(reach: gaussianReach, count: lengthGaussianCount))
    for number in 0..<angleConvolutionCount {
      let name = "alignn_layers.\(number)"
      // Nobody reads the angles of the last convolution.
      let updatesAngles = number < angleConvolutionCount - 1
      switch updateOrder {
      case .bondsFirst:
        (nodes, bonds) = network.edgeGatedConvolution(name + ".node_update", nodes, bonds, updatesEdges: true)
        (bonds, angles) = network.edgeGatedConvolution(
          name + ".edge_update", bonds, angles, updatesEdges: updatesAngles)
      case .anglesFirst:
        (bonds, angles) = network.edgeGatedConvolution(
          name + ".edge_update", bonds, angles, updatesEdges: updatesAngles)
        (nodes, bonds) = network.edgeGatedConvolution(name + ".node_update", nodes, bonds, updatesEdges: true)
      }
      network.represent(name, nodes)
    }
    for number in 0..<bondConvolutionCount {
      (nodes, bonds) = network.edgeGatedConvolution(
        "gcn_layers.\(number)", nodes, bonds, updatesEdges: number < bondConvolutionCount - 1)
      network.represent("gcn_layers.\(number)", nodes)
    }
    return network.linear("fc", network.meanPooling(nodes), to: outputs)
  }
}
