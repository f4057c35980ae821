public import CrystalModels

/// What a model folder says about itself: everything needed to use the weights and to judge them.
public struct ModelCard: Codable, Sendable {
  /// One network of the ensemble.
  public struct Member: Codable, Sendable {
    /// File of the weights within the folder.
    public var file: String
    /// SHA-256 of that file, hexadecimal.
    public var sha256: String
    /// Standardization of the target.
    public var normalizer: Normalizer
    /// Seed of the initial weights and the order of structures; absent for imported weights.
    public var seed: UInt64?
    /// Epoch the weights are from.
    public var epoch: Int?
    /// Mean absolute error on the validation split.
    public var validationError: Double?
    /// Mean absolute error on the test split.
    public var testError: Double?

    /// A member; `ModelFolder.write` fills in its file and digest.
    public init(
      file: String = "", sha256: String = "", normalizer: Normalizer, seed: UInt64? = nil, epoch: Int? = nil,
      validationError: Double? = nil, testError: Double? = nil
    ) {
      self.file = file
      self.sha256 = sha256
      self.normalizer = normalizer
      self.seed = seed
      self.epoch = epoch
      self.validationError = validationError
      self.testError = testError
    }
  }

  /// A split of the data the model was trained with.
  public struct Split: Codable, Sendable {
    /// File name, without folders.
    public var file: String
    /// SHA-256 of the file.
    public var sha256: String
    /// Structures used.
    public var structures: Int
    /// Records of the file that were not used, by cause.
    public var leftOut: [String: Int]
  }

  /// Errors of the ensemble's mean on a split.
  public struct Metrics: Codable, Sendable {
    /// Structures the errors were taken over.
    public var structures: Int
    /// Mean absolute error.
    public var meanAbsoluteError: Double
    /// Root of the mean squared error.
    public var rootMeanSquaredError: Double
  }

  /// Version of this format.
  public var format = ModelCard.currentFormat
  /// Name of the model, e.g. "cgcnn-formation-energy".
  public var name: String
  /// Architecture; "CGCNN".
  public var architecture = "CGCNN"
  /// Shape of every member.
  public var configuration: CGCNNConfiguration
  /// The predicted property, as its column is named in the data.
  public var property: String
  /// Unit of the property, e.g. "eV/atom".
  public var unit: String
  /// Members in order.
  public var members: [Member]
  /// The resolved training file, or where imported weights are from.
  public var training: String?
  /// Splits by role: "train", "validation", "test".
  public var data: [String: Split]?
  /// Errors of the ensemble on the test split.
  public var testMetrics: Metrics?
  /// Licence and source of data and weights.
  public var license: String?

  /// A card of the current format; what is known beyond this is set afterwards.
  public init(
    name: String, configuration: CGCNNConfiguration, property: String, unit: String, members: [Member]
  ) {
    self.name = name
    self.configuration = configuration
    self.property = property
    self.unit = unit
    self.members = members
  }

  /// The format this program writes.
  public static let currentFormat = 1
  /// The architecture this program knows.
  public static let knownArchitecture = "CGCNN"
}
