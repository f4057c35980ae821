internal import Regression

/// What the folder of a regression says about itself.
public struct RegressionCard: Codable, Sendable {
  /// Name of the card within the folder.
  public static let fileName = "regression.json"
  /// Name of the file of numbers.
  static let numbersName = "regression.safetensors"

  /// Version of this format; 1.
  public var format = 1
  /// Name of the model.
  public var name: String
  /// The predicted property, as its column is named in the data.
  public var property: String
  /// Its unit.
  public var unit: String
  /// What crystals are described by.
  public var features: [FeatureDescription]
  /// The method: ridge, gaussian or laplacian.
  public var method: String
  /// α.
  public var alpha: Double
  /// γ; nil for ridge.
  public var gamma: Double?
  /// What is added to the sum: the mean of the training targets, or 0.
  public var offset: Double
  /// s², the variance that error bars are scaled with; nil for ridge, which has none.
  public var signalVariance: Double?
  /// Mean absolute error of the cross-validation.
  public var crossValidatedError: Double
  /// Root of the mean squared error of the cross-validation.
  public var crossValidatedRootMeanSquaredError: Double
  /// Mean absolute error of leaving each training crystal out; nil where it was not asked for.
  public var leaveOneOutError: Double?
  /// How well the test split is predicted; nil without one.
  public var testMetrics: ModelCard.Metrics?
  /// Splits by role: "train", "test".
  public var data: [String: ModelCard.Split]
  /// Crystals of train that the model was fitted on.
  public var trainingCrystals: Int
  /// The resolved study.
  public var study: String
  /// Licence and source of the data.
  public var license: String?
  /// SHA-256 of the file of numbers.
  public var sha256: String
}
