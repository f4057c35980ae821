/// A multilayer perceptron on the composition: what a network that knows the structure is to be better than.
public struct MLP: Architecture {
  /// What a composition is described by.
  public enum Features: String, Codable, CaseIterable, Hashable, Sendable {
    /// The share of each element.
    case fractions
    /// The mean of the element features of the sites.
    case pooled
  }

  /// What the composition is described by.
  public var features = Features.fractions
  /// Width of the hidden layers.
  public var hiddenWidth = 128
  /// Number of hidden layers.
  public var hiddenLayerCount = 3
  /// What is averaged over the sites; nil, as in cards written before there was the choice, is `pooled`.
  public var readout: Readout?

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "mlp"
  /// Name in model cards.
  public static let title = "MLP"
  /// What it is and where it is from.
  public static let summary = "A multilayer perceptron on the composition alone."

  /// What may be chosen.
  public static let options: [ArchitectureOption<MLP>] = [
    .choice(
      "features", \.features,
      "What describes the composition: the share of each element, or the mean of the sites' element features."
    ),
    .integer("hidden_width", \.hiddenWidth, 16...4096, multipleOf: 16, "Width of the hidden layers."),
    .integer("hidden_layers", \.hiddenLayerCount, 1...16, "Number of hidden layers."),
    .readout(\.readout),
  ]

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    guard readout != .additive || features == .pooled else {
      throw .unsupportedConfiguration(
        "readout additive needs features of sites; shares of elements are a crystal's")
    }
  }

  /// What its graphs are.
  public var requirements: InputRequirements { InputRequirements(neighbors: .noNeighbors) }

  /// The layers.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    switch features {
    case .fractions:
      let x = network.hiddenLayers(hiddenLayerCount, network.elementFractions(), width: hiddenWidth)
      return network.linear("output", x, to: outputs)
    case .pooled:
      let features = network.elementFeatures()
      network.represent("features", features)
      return network.readout(readout, features, "output", to: outputs) { network, x in
        network.hiddenLayers(hiddenLayerCount, x, width: hiddenWidth)
      }
    }
  }
}
