/// What one fit of a learning curve came to; kept as `fits/NAME.json`.
public struct LearningCurveFit: Codable, Hashable, Sendable {
  /// Digest of what the result follows from: training file, data, initial model, size and seed.
  var identity: String
  /// Name of the protocol.
  public let `protocol`: String
  /// Labelled crystals, those of the validation included.
  public let size: Int
  /// Seed of the draw and of the network.
  public let seed: UInt64
  /// Crystals that were learned from.
  public let trainingCrystals: Int
  /// Crystals that chose the epoch.
  public let validationCrystals: Int
  /// The epoch whose weights were tested.
  public let epoch: Int
  /// Mean absolute error on the validation crystals.
  public let validationError: Double
  /// Mean absolute error on the test crystals.
  public let testError: Double
  /// Root of the mean squared error on the test crystals.
  public let testRootMeanSquaredError: Double

  /// The name of its file, without ending.
  static func name(_ strategy: String, size: Int, seed: UInt64) -> String {
    "\(strategy)-size-\(size)-seed-\(seed)"
  }
}
