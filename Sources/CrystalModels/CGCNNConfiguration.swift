/// What a CGCNN predicts.
public enum PredictionTask: String, Codable, Hashable, Sendable {
  /// One real number, de-standardized.
  case regression
  /// The probability of class 1.
  case classification
}

/// What stands in for a neighbor that does not exist within the cutoff.
public enum NeighborPadding: String, Codable, Hashable, Sendable {
  /// Missing neighbors are left out.
  case none
  /// As in the published CGCNN code: the first atom of the structure at the distance cutoff + 1 Å, not masked.
  case firstAtom = "first_atom"
}

/// Everything needed to rebuild a crystal graph convolutional neural network.
///
/// Source: T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), in the form of the authors' code.
public struct CGCNNConfiguration: Codable, Hashable, Sendable {
  /// Width w of the atom vectors; a multiple of 16.
  public var nodeWidth = 64
  /// Width h of the layers after pooling; a multiple of 16.
  public var hiddenWidth = 128
  /// Number of convolutions.
  public var convolutionCount = 3
  /// Number of hidden layers after pooling, at least 1.
  public var hiddenLayerCount = 1
  /// Neighbors per atom.
  public var neighborCount = 12
  /// Largest neighbor distance (Å).
  public var cutoff = 8.0
  /// Spacing and width of the Gaussians of the bond length (Å); they reach from 0 to the cutoff.
  public var gaussianSpacing = 0.2
  /// What stands in for missing neighbors.
  public var padding = NeighborPadding.none
  /// What is predicted.
  public var task = PredictionTask.regression

  /// The configuration with the defaults of the published code's command line, without padding.
  public init() {}

  /// Columns of the element feature table.
  public static let elementFeatureCount = 92

  /// Number K of Gaussians.
  public var gaussianCount: Int { Int((cutoff / gaussianSpacing).rounded()) + 1 }

  /// Outputs of the last layer: 1, or 2 log-probabilities.
  public var outputCount: Int { task == .regression ? 1 : 2 }

  /// Checks that a network of this shape can be built.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming the value.
  public func validate() throws(ModelError) {
    func require(_ condition: Bool, _ message: String) throws(ModelError) {
      if !condition { throw .unsupportedConfiguration(message) }
    }
    try require(
      nodeWidth > 0 && nodeWidth % 16 == 0 && nodeWidth <= 1024,
      "node width \(nodeWidth) is not a multiple of 16 in 16 … 1024")
    try require(
      hiddenWidth > 0 && hiddenWidth % 16 == 0 && hiddenWidth <= 4096,
      "hidden width \(hiddenWidth) is not a multiple of 16 in 16 … 4096")
    try require((1...16).contains(convolutionCount), "\(convolutionCount) convolutions are not in 1 … 16")
    try require((1...16).contains(hiddenLayerCount), "\(hiddenLayerCount) hidden layers are not in 1 … 16")
    try require((1...64).contains(neighborCount), "\(neighborCount) neighbors are not in 1 … 64")
    try require(cutoff > 0 && cutoff <= 20, "cutoff \(cutoff) Å is not in (0, 20]")
    try require(
      gaussianSpacing > 0 && cutoff / gaussianSpacing >= 8 && cutoff / gaussianSpacing <= 1000,
      "Gaussian spacing \(gaussianSpacing) Å does not give 9 … 1001 Gaussians")
  }
}

/// Why a model cannot be built from what was given.
public enum ModelError: Error, Equatable, Sendable {
  /// A configuration that no network of this program has.
  case unsupportedConfiguration(String)
  /// A tensor that the configuration needs is absent.
  case missingTensor(name: String)
  /// A tensor has another shape than the configuration says.
  case wrongShape(name: String, expected: [Int], found: [Int])
  /// A weight is NaN or infinite.
  case notFinite(name: String)
}

extension ModelError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .unsupportedConfiguration(let reason): reason
    case .missingTensor(let name): "tensor \"\(name)\" is missing"
    case .wrongShape(let name, let expected, let found):
      "tensor \"\(name)\" has shape \(found) instead of \(expected)"
    case .notFinite(let name): "tensor \"\(name)\" holds NaN or infinity"
    }
  }
}
