public import Networks
public import Screening
internal import TensorKernels
internal import TestSupport
internal import Training

/// Small networks with random weights: they predict nonsense, but as repeatably as real ones.
public enum TinyModel {
  /// The shape: one convolution of 16-wide atom vectors.
  public static var configuration: NetworkConfiguration {
    var configuration = CGCNN()
    configuration.nodeWidth = 16
    configuration.hiddenWidth = 16
    configuration.convolutionCount = 1
    configuration.gaussianSpacing = 1
    return NetworkConfiguration(configuration)
  }

  /// The same with Voronoi neighbors, edge updates and three-body terms.
  public static var improvedConfiguration: NetworkConfiguration {
    var configuration = ICGCNN()
    configuration.nodeWidth = 16
    configuration.edgeWidth = 16
    configuration.hiddenWidth = 16
    configuration.convolutionCount = 2
    configuration.gaussianSpacing = 1
    configuration.hasTriplets = true
    return NetworkConfiguration(configuration)
  }

  /// Writes a model folder.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - name: name of the model.
  ///   - seed: decides the weights.
  ///   - memberCount: members of the ensemble.
  ///   - property: what it claims to predict.
  ///   - configuration: its shape.
  ///   - spread: scale of the predictions (eV/atom, or the property's unit).
  @discardableResult
  public static func write(
    to path: String, name: String = "tiny", seed: UInt64 = 1, memberCount: Int = 2,
    property: String = "formation_energy_per_atom",
    configuration: NetworkConfiguration = TinyModel.configuration, spread: Double = 8
  ) throws -> ModelCard {
    let isClassifier = configuration.task == .classification
    var members: [ModelCard.Member] = []
    var networks: [NetworkParameters] = []
    for index in 0..<memberCount {
      var generator = SeededRandom(seed: seed, stream: UInt64(index))
      networks.append(try NetworkParameters(configuration, using: &generator))
      members.append(
        ModelCard.Member(
          normalizer: isClassifier ? .identity : Normalizer(mean: -0.5, standardDeviation: spread), seed: seed
        ))
    }
    let perAtom = property.hasPrefix("formation_energy") || property == "e_above_hull"
    let unit = isClassifier ? "probability" : perAtom ? "eV/atom" : "eV"
    let card = ModelCard(
      name: name, configuration: configuration, property: property, unit: unit, members: members)
    return try ModelFolder.write(path: path, card: card, parameters: networks)
  }
}
