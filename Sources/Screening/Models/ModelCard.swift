public import Networks
public import Training

/// What a model folder says about itself: everything needed to use the weights and to judge them.
public struct ModelCard: Codable, Sendable {
  /// One network of the ensemble.
  public struct Member: Codable, Sendable {
    /// File of the weights within the folder.
    public var file: String
    /// SHA-256 of that file, hexadecimal.
    public var sha256: String
    /// Standardization of the target; of several the first one's.
    public var normalizer: Normalizer
    /// Seed of the initial weights and the order of structures; absent for imported weights.
    public var seed: UInt64?
    /// Epoch the weights are from.
    public var epoch: Int?
    /// Mean absolute error on the validation split; of a regression.
    public var validationError: Double?
    /// Mean absolute error on the test split; of a regression.
    public var testError: Double?
    /// ROC-AUC on the validation split; of a classification.
    public var validationAreaUnderCurve: Double?
    /// ROC-AUC on the test split; of a classification.
    public var testAreaUnderCurve: Double?

    /// A member; `ModelFolder.write` fills in its file and digest.
    public init(
      file: String = "", sha256: String = "", normalizer: Normalizer, seed: UInt64? = nil, epoch: Int? = nil,
      validationError: Double? = nil, validationAreaUnderCurve: Double? = nil
    ) {
      self.file = file
      self.sha256 = sha256
      self.normalizer = normalizer
      self.seed = seed
      self.epoch = epoch
      self.validationError = validationError
      self.validationAreaUnderCurve = validationAreaUnderCurve
    }
  }

  /// A split of the data the model was trained with.
  public struct Split: Codable, Hashable, Sendable {
    /// File name, without folders.
    public var file: String
    /// SHA-256 of the file.
    public var sha256: String
    /// Structures used.
    public var structures: Int
    /// Records of the file that were not used, by cause.
    public var leftOut: [String: Int]
  }

  /// The model whose members the members started from.
  public struct InitialModel: Codable, Sendable {
    /// Its name.
    public var name: String
    /// What it predicts; nil where it was trained without a target.
    public var property: String?
    /// Its fingerprint; see `ModelFolder.fingerprint`.
    public var fingerprint: String
    /// Beginnings of the names of the tensors that were taken over; nil for all of them.
    public var taken: [String]?
    /// Beginnings of the names of the parameters that were not trained; nil for none.
    public var frozen: [String]?
    /// By the beginning of parameters' names what their learning rate was multiplied by; nil where all had the same.
    public var learningRateFactors: [String: Double]?
    /// Beginnings of the names of running statistics that stayed as they were taken over; nil for none.
    public var frozenStatistics: [String]?
    /// How many crystals of validation and test it was trained on; nil where that is not known.
    public var sharedCrystals: SharedCrystals?
  }

  /// What a network was trained to do without labels; such a network predicts nothing.
  public struct Pretraining: Codable, Sendable {
    /// Its objective, "barlow_twins", "simsiam", "masked" or "contrastive"; of imported weights "crystal_twins".
    public var objective: String
    /// The loss on the validation crystals; nil where there were none, or it is not known.
    public var loss: Double?
    /// How evenly its outputs spread over their dimensions there, 1 evenly and 0 collapsed; nil where nothing is compared.
    public var spread: Double?
    /// Share of the hidden elements whose group, and of those whose period, it says rightly there, as a mean of the two.
    public var elementAccuracy: Double?
    /// Share of the hidden lengths that it says rightly there.
    public var lengthAccuracy: Double?

    /// What the card has in the place of a property.
    static let property = "pretraining"
  }

  /// The model whose representations sites begin with (`NodeSource`). The weights hold a copy of it.
  public struct NodeModel: Codable, Sendable {
    /// Its name.
    public var name: String
    /// What it predicts; nil where it was trained without a target.
    public var property: String?
    /// Its fingerprint; see `ModelFolder.fingerprint`.
    public var fingerprint: String
    /// How many crystals of validation and test it was trained on; nil where that is not known.
    public var sharedCrystals: SharedCrystals?
  }

  /// A target of a model of several, beside the first, for which the card itself speaks.
  public struct Target: Codable, Sendable {
    /// The predicted property, as its column is named in the data.
    public var property: String
    /// Its unit.
    public var unit: String
    /// Its standardization by each member.
    public var normalizers: [Normalizer]
    /// Mean absolute error of each member on the validation split.
    public var validationErrors: [Double]?
    /// Mean absolute error of each member on the test split.
    public var testErrors: [Double]?
    /// How well the ensemble predicts it in the test split.
    public var testMetrics: Metrics?
    /// The distribution of the ensemble's errors; nil where it has not been fitted.
    public var calibration: Calibration?
  }

  /// How well the ensemble's mean predicts a split: errors of a regression, or figures of a classification.
  public struct Metrics: Codable, Sendable {
    /// Structures that were predicted.
    public var structures: Int
    /// Mean absolute error.
    public var meanAbsoluteError: Double?
    /// Root of the mean squared error.
    public var rootMeanSquaredError: Double?
    /// Share of structures whose more probable class is theirs.
    public var accuracy: Double?
    /// ROC-AUC.
    public var areaUnderCurve: Double?
    /// F1 of class 1 at a probability of 0.5.
    public var f1: Double?
    /// Mean of −ln of the probability of the right class.
    public var logLoss: Double?

    /// The figures that a card holds of all there are.
    public init(_ statistics: PredictionStatistics) {
      switch statistics {
      case .errors(let errors):
        structures = errors.count
        meanAbsoluteError = errors.meanAbsoluteError
        rootMeanSquaredError = errors.rootMeanSquaredError
      case .classification(let figures):
        structures = figures.count
        accuracy = figures.accuracy
        areaUnderCurve = figures.areaUnderCurve
        f1 = figures.f1
        logLoss = figures.logLoss
      }
    }
  }

  /// Version of this format.
  public var format = ModelCard.formats.upperBound
  /// Name of the model, e.g. "cgcnn-formation-energy".
  public var name: String
  /// Architecture, e.g. "CGCNN".
  public var architecture: String { configuration.title }
  /// Shape of every member.
  public var configuration: NetworkConfiguration
  /// The predicted property, as its column is named in the data; of a classification its class 1. Empty, and absent from the
  /// file, where the network has no read-out (`NetworkConfiguration.isTrunk`), as its unit is.
  public var property: String
  /// Unit of the property, e.g. "eV/atom"; of a classification "probability".
  public var unit: String
  /// The targets after the first of a model of several, in the order of the network's outputs; nil for a model of one.
  public var otherTargets: [Target]?
  /// How classes follow from a column of the data; nil for a regression, and where it is not known.
  public var classes: ClassRule?
  /// Members in order.
  public var members: [Member]
  /// The resolved training file, or where imported weights are from.
  public var training: String?
  /// The model that training started from; nil where it started from parameters drawn by seeds, or is not known.
  public var initialModel: InitialModel?
  /// Of a network that was trained without labels: how; nil where it predicts something.
  public var pretraining: Pretraining?
  /// The model whose representations sites begin with; nil for none.
  public var nodeModel: NodeModel?
  /// Splits by role: "train", "validation", "test".
  public var data: [String: Split]?
  /// How well the ensemble predicts the test split.
  public var testMetrics: Metrics?
  /// The distribution of the ensemble's errors; nil where it has not been fitted.
  public var calibration: Calibration?
  /// Licence and source of data and weights.
  public var license: String?

  /// A card of the current format; what is known beyond this is set afterwards.
  public init(
    name: String, configuration: NetworkConfiguration, property: String, unit: String, members: [Member]
  ) {
    self.name = name
    self.configuration = configuration
    self.property = property
    self.unit = unit
    self.members = members
  }

  /// The formats this program reads; it writes the last. Format 1 knows CGCNN and iCGCNN; format 2 the other
  /// architectures too, and has the requirements on graphs, how classes are made, and figures of classification.
  public static let formats = 1...2
}

extension ModelCard {
  private enum CodingKeys: String, CodingKey {
    case format, name, architecture, configuration, requirements, property, unit, otherTargets, classes,
      members, training, initialModel, pretraining, nodeModel, data, testMetrics, calibration, license
  }

  /// Reads a card; the architecture says what its configuration is.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let architecture = try container.decode(String.self, forKey: .architecture)
    guard let kind = Architectures.titled(architecture) else {
      throw DecodingError.dataCorruptedError(
        forKey: .architecture, in: container,
        debugDescription: "architecture \"\(architecture)\"; this version knows "
          + Architectures.all.map { $0.title }.joined(separator: ", "))
    }
    let configuration = try NetworkConfiguration(
      kind, from: try container.superDecoder(forKey: .configuration))
    self.init(
      name: try container.decode(String.self, forKey: .name), configuration: configuration,
      property: configuration.isTrunk ? "" : try container.decode(String.self, forKey: .property),
      unit: configuration.isTrunk ? "" : try container.decode(String.self, forKey: .unit),
      members: try container.decode([Member].self, forKey: .members))
    format = try container.decode(Int.self, forKey: .format)
    try Self.check(container, format: format, configuration)
    otherTargets = try container.decodeIfPresent([Target].self, forKey: .otherTargets)
    classes = try container.decodeIfPresent(ClassRule.self, forKey: .classes)
    training = try container.decodeIfPresent(String.self, forKey: .training)
    initialModel = try container.decodeIfPresent(InitialModel.self, forKey: .initialModel)
    pretraining = try container.decodeIfPresent(Pretraining.self, forKey: .pretraining)
    nodeModel = try container.decodeIfPresent(NodeModel.self, forKey: .nodeModel)
    data = try container.decodeIfPresent([String: Split].self, forKey: .data)
    testMetrics = try container.decodeIfPresent(Metrics.self, forKey: .testMetrics)
    calibration = try container.decodeIfPresent(Calibration.self, forKey: .calibration)
    license = try container.decodeIfPresent(String.self, forKey: .license)
  }

  /// Whether the graphs that the card asks for are those that its network takes: a program that builds them otherwise
  /// would predict nonsense without a word.
  private static func check(
    _ container: KeyedDecodingContainer<CodingKeys>, format: Int, _ configuration: NetworkConfiguration
  ) throws {
    guard format > 1 else { return }
    let stated = try container.decode(InputRequirements.self, forKey: .requirements)
    guard stated == configuration.requirements else {
      throw DecodingError.dataCorruptedError(
        forKey: .requirements, in: container,
        debugDescription: "the graphs it asks for are not those that its configuration takes")
    }
  }

  /// Writes the card.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(format, forKey: .format)
    try container.encode(name, forKey: .name)
    try container.encode(architecture, forKey: .architecture)
    try container.encode(configuration, forKey: .configuration)
    if format > 1 { try container.encode(configuration.requirements, forKey: .requirements) }
    if !configuration.isTrunk {
      try container.encode(property, forKey: .property)
      try container.encode(unit, forKey: .unit)
    }
    try container.encodeIfPresent(otherTargets, forKey: .otherTargets)
    try container.encodeIfPresent(classes, forKey: .classes)
    try container.encode(members, forKey: .members)
    try container.encodeIfPresent(training, forKey: .training)
    try container.encodeIfPresent(initialModel, forKey: .initialModel)
    try container.encodeIfPresent(pretraining, forKey: .pretraining)
    try container.encodeIfPresent(nodeModel, forKey: .nodeModel)
    try container.encodeIfPresent(data, forKey: .data)
    try container.encodeIfPresent(testMetrics, forKey: .testMetrics)
    try container.encodeIfPresent(calibration, forKey: .calibration)
    try container.encodeIfPresent(license, forKey: .license)
  }
}
