internal import Foundation
internal import Networks
internal import PipelineEngine
public import Training

/// A training file as it will run: every default filled in, every path resolved.
public struct TrainingPlan: Sendable {
  /// Name of the model.
  public let name: String
  /// Archives by role.
  public let train: String
  /// Archive of the validation split.
  public let validation: String
  /// Archive of the test split.
  public let test: String?
  /// Column of the target.
  public let column: String
  /// What the model predicts: the column, or the class.
  public let property: String
  /// Unit of the target.
  public let unit: String
  /// How classes follow from the column; nil for a regression.
  public let classRule: ClassRule?
  /// Largest number of sites that is used.
  public let maximumSites: Int?
  /// Members of the ensemble.
  public let memberCount: Int
  /// Options of the first member; member k has the seed of the first plus k.
  public let options: TrainingOptions
  /// The model whose members the members start from; nil where they start from parameters drawn by their seeds.
  public let initialModel: ModelFolder?
  /// Licence and source of the data.
  public let license: String?
  /// The resolved file as canonical YAML, paths as they are written there.
  public let canonicalText: String

  /// Reads and resolves a training file.
  ///
  /// - Throws: `ConfigurationError` naming file, line and column; `ScreeningError` for a shape that no network has, or
  ///   an initial model that is damaged, of another shape, or of fewer members.
  public init(file: String) throws {
    let value = try readConfiguration(file, TrainingSchema.schema)
    let folder = URL(filePath: file).deletingLastPathComponent()
    func path(_ value: ConfigurationValue) throws -> String {
      try existingPath(value, relativeTo: folder, kind: "an archive of crystals")
    }
    let data = value["data"]
    name = value.string("name")
    train = try path(data["train"])
    validation = try path(data["validation"])
    test = try data.optional("test").map(path)
    let task = PredictionTask(rawValue: value.string("task")) ?? .regression
    column = data.string("property")
    classRule = try Self.classRule(value, task)
    property = data.optional("class")?.string ?? classRule?.title ?? column
    unit =
      try task == .classification
      ? Self.probability : data.optional("unit")?.string ?? Self.unit(of: data["property"])
    maximumSites = data.optional("maximum_sites")?.integer
    memberCount = value["training"].integer("members")
    license = value.optional("license")?.string
    options = try Self.options(value, task)
    let (count, configuration) = (memberCount, options.configuration)
    initialModel = try value["training"].optional("initial_model").map {
      try Self.initialModel($0, relativeTo: folder, count, configuration)
    }
    guard case .mapping(var tree) = value.tree else {
      preconditionFailure("a training file is a mapping")
    }
    tree["model"] = Self.tree(configuration)
    if task == .classification, case .mapping(var training) = tree["training"] {
      training["loss"] = nil
      tree["training"] = .mapping(training)
    }
    canonicalText = ConfigurationTree.mapping(tree).canonicalText
  }

  private static func initialModel(
    _ value: ConfigurationValue, relativeTo folder: URL, _ memberCount: Int,
    _ configuration: NetworkConfiguration
  ) throws -> ModelFolder {
    let path = try existingPath(value, relativeTo: folder, kind: "a model folder")
    let model = try ModelFolder(path: path)
    guard model.card.configuration == configuration else {
      throw ScreeningError.invalid(
        "\(value.location): \(path) is of another shape (\(model.shape)) than this file's model; its parameters "
          + "fit no other")
    }
    guard model.parameters.count >= memberCount else {
      throw ScreeningError.invalid(
        "\(value.location): \(path) has \(counted(model.parameters.count, "member")), and each of the "
          + "\(memberCount) of this training starts from its own")
    }
    return model
  }

  /// Unit of what a classifier predicts.
  private static let probability = "probability"

  /// How the file makes classes of the property; nil for a regression.
  ///
  /// - Throws: `ScreeningError` where the file says what its task has no use for.
  private static func classRule(_ value: ConfigurationValue, _ task: PredictionTask) throws -> ClassRule? {
    let data = value["data"]
    func refuse(_ key: ConfigurationValue?, _ reason: String) throws {
      if let key, !key.isDefault { throw ScreeningError.invalid("\(key.location): \(reason)") }
    }
    switch task {
    case .regression:
      for key in ["positive", "class"] {
        try refuse(data.optional(key), "a regression has no classes; task: classification has")
      }
      return nil
    case .classification:
      try refuse(data.optional("unit"), "a classification predicts a probability, which has no other unit")
      try refuse(
        value["training"].optional("loss"), "a classification has the negative log-likelihood as its loss")
      return ClassRule(
        column: data.string("property"), positive: data.optional("positive").map { PositiveClass($0) })
    }
  }

  private static func options(_ value: ConfigurationValue, _ task: PredictionTask) throws -> TrainingOptions {
    let (model, training) = (value["model"], value["training"])
    var options = TrainingOptions()
    options.configuration = try networkConfiguration(model, task)
    options.seed = UInt64(training.integer("seed"))
    options.epochs = training.integer("epochs")
    options.batchSize = training.integer("batch_size")
    options.optimizer = OptimizerKind(rawValue: training.string("optimizer")) ?? .adamw
    options.learningRate = training.number("learning_rate")
    options.momentum = training.number("momentum")
    options.weightDecay = training.number("weight_decay")
    options.normalizationMomentum = training.number("normalization_momentum")
    options.average = training.optional("average")?.number
    options.loss = RegressionLoss(rawValue: training.string("loss")) ?? .squared
    options.augmentation = training.optional("augmentation").map { value in
      StrainAugmentation(
        strain: value.number("strain"), shear: value.number("shear"),
        displacement: value.number("displacement"), share: value.number("share"))
    }
    let (kind, schedule) = training["schedule"].tagged
    switch kind {
    case "multistep":
      options.schedule = .multistep(
        epochs: schedule.elements("epochs").map(\.integer), factor: schedule.number("factor"))
    case "cosine": options.schedule = .cosine(end: schedule.number("end"))
    case "one_cycle": options.schedule = .oneCycle(warmUp: schedule.number("warm_up"))
    default: options.schedule = .constant
    }
    return options
  }

  /// The network that `model` describes; where a value is wrong the error says where it stands.
  private static func networkConfiguration(
    _ model: ConfigurationValue, _ task: PredictionTask
  ) throws -> NetworkConfiguration {
    guard let kind = Architectures.named(model.string("architecture")) else {
      throw ScreeningError.invalid("\(model.location): no such architecture")
    }
    return NetworkConfiguration(try network(kind, model), task: task)
  }

  private static func network<Network: Architecture>(
    _ kind: Network.Type, _ model: ConfigurationValue
  ) throws -> Network {
    var values: [String: OptionValue] = [:]
    for (key, value) in model.entries where key != "architecture" {
      guard let option = kind.options.first(where: { $0.key == key }) else {
        throw ScreeningError.invalid("\(value.location): a network of architecture \(kind.key) has no \(key)")
      }
      values[key] =
        switch option.values {
        case .integer: .integer(value.integer)
        case .number: .number(value.number)
        case .boolean: .boolean(value.boolean)
        case .choice: .choice(value.string)
        }
    }
    do throws(ModelError) {
      let network = try Network(options: values)
      try network.validate()
      return network
    } catch {
      throw ScreeningError.invalid("\(model.location): \(describe(error))")
    }
  }

  /// The network as a training file that says all of it.
  private static func tree(_ configuration: NetworkConfiguration) -> ConfigurationTree {
    var model: [String: ConfigurationTree] = ["architecture": .string(configuration.key)]
    for (key, value) in configuration.architecture.optionValues { model[key] = ConfigurationTree(value) }
    return .mapping(model)
  }

  private static func unit(of property: ConfigurationValue) throws -> String {
    let known = [
      "formation_energy_per_atom": "eV/atom", "e_above_hull": "eV/atom", "energy_per_atom": "eV/atom",
      "band_gap": "eV", "bulk_modulus_GPa": "GPa", "shear_modulus_GPa": "GPa", "poisson_ratio": "1",
    ]
    guard let unit = known[property.string] else {
      throw ScreeningError.invalid(
        "\(property.location): the unit of \"\(property.string)\" is not known here; add data.unit")
    }
    return unit
  }
}

extension ConfigurationTree {
  /// An option's value.
  init(_ value: OptionValue) {
    switch value {
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .boolean(let value): self = .boolean(value)
    case .choice(let value): self = .string(value)
    }
  }
}
