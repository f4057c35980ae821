internal import Configuration
internal import Foundation
internal import Networks
internal import TensorKernels
public import Training

/// A training file as it will run: every default filled in, every path resolved.
public struct TrainingPlan: Sendable {
  /// Name of the model.
  public let name: String
  /// Archives by role.
  public let train: String
  /// Archive of the validation split; nil where it is a share of the first one.
  public let validation: String?
  /// Archive of the test split.
  public let test: String?
  /// Shares of the crystals of the first archive that are other splits.
  let shares: SplitShares
  /// Archives whose compositions are left out.
  let excluded: [String]
  /// Columns of the targets; a classification has one.
  public let columns: [String]
  /// What the model predicts: the columns, or the class.
  public let properties: [String]
  /// Unit of each target.
  public let units: [String]
  /// How classes follow from the column; nil for a regression.
  public let classRule: ClassRule?
  /// Largest number of sites that is used.
  public let maximumSites: Int?
  /// Members of the ensemble.
  public let memberCount: Int
  /// Options of the first member; member k has the seed of the first plus k.
  public let options: TrainingOptions
  /// What the members start from; nil where that are parameters drawn by their seeds.
  public let initial: InitialParameters?
  /// The model whose representations sites begin with; nil for none.
  public let nodes: ModelFolder?
  /// Which crystals that it was trained on may stand in the splits by which the training is judged.
  let nodesAllowed: AllowedSharing
  /// Licence and source of the data.
  public let license: String?
  /// How a cluster trains the members.
  public let engine: EngineSettings
  /// The resolved file as canonical YAML, paths as they are written there, with the variables in them.
  public let canonicalText: String
  /// What of that text decides the weights: all but where files lie.
  let identityText: String
  /// The same without the number of members, on which no member depends: an ensemble may grow later.
  let memberIdentityText: String

  /// Reads and resolves a training file.
  ///
  /// - Parameters:
  ///   - file: path of the training file.
  ///   - folder: what its paths are relative to; nil for the file's own folder.
  ///   - resources: where models lie that the file calls by name.
  ///   - variables: values of the file's variables, by name, that go before its own.
  ///   - workingFolder: what paths among these are relative to; nil for the process's current folder.
  /// - Throws: `ConfigurationError` naming file, line and column; `ScreeningError` for a shape that no network has, or
  ///   an initial model that is damaged, of another shape, or of fewer members.
  public init(
    file: String, relativeTo folder: String? = nil, resources: ResourceFolders = .none,
    variables: [String: String] = [:], workingFolder: String? = nil
  ) throws {
    let value = try readConfiguration(
      file, TrainingSchema.schema, variables: variables, workingFolder: workingFolder)
    let folder =
      folder.map { URL(filePath: $0, directoryHint: .isDirectory) }
      ?? URL(filePath: file).deletingLastPathComponent()
    func path(_ value: ConfigurationValue) throws -> String {
      try existingFile(
        value, relativeTo: folder, kind: "one file of crystals, as sluice pack makes of a folder,")
    }
    let data = value["data"]
    name = value.string("name")
    train = try path(data["train"])
    validation = try data.optional("validation").map(path)
    test = try data.optional("test").map(path)
    shares = try SplitShares(data)
    excluded = try data.optional("exclude").map { try $0.elements.map(path) } ?? []
    let task = PredictionTask(rawValue: value.string("task")) ?? .regression
    let targets = data["property"].oneOrMore
    let columns = targets.map(\.string)
    self.columns = columns
    if let twice = columns.indices.first(where: { columns[..<$0].contains(columns[$0]) }) {
      throw ScreeningError.invalid("\(targets[twice].location): \(columns[twice]) stands twice in the list")
    }
    classRule = try Self.classRule(value, task)
    let loss = try Self.loss(value["training"]["loss"], task)
    if let name = data.optional("class"),
      [formationEnergyProperty, hullDistanceProperty].contains(name.string)
    {
      throw ScreeningError.invalid(
        "\(name.location): \(name.string) is an energy, by which campaigns rank; a class needs another name")
    }
    if let classRule {
      (properties, units) = ([data.optional("class")?.string ?? classRule.title], [Self.probability])
    } else {
      (properties, units) = (columns, try Self.units(data.optional("unit"), of: targets))
    }
    maximumSites = data.optional("maximum_sites")?.integer
    memberCount = value["training"].integer("members")
    license = value.optional("license")?.string
    engine = EngineSettings(value.optional("engine"))
    let source = try value["model"].optional(TrainingSchema.nodesKey).map {
      try NodeSection($0, relativeTo: folder, resources: resources)
    }
    nodes = source?.model
    nodesAllowed = source?.allowed ?? .nothing
    var options = try Self.options(
      value, task, nodes: source?.source,
      outputs: classRule == nil ? columns.count : loss == .binaryCrossEntropy ? 1 : nil)
    let start = try InitialSection(
      value["training"], relativeTo: folder, resources: resources, memberCount: memberCount, options)
    options.groups = start.groups + (source?.groups ?? [])
    options.frozenStatistics = start.frozenStatistics
    initial = start.parameters
    self.options = options
    guard case .mapping(var tree) = value.treeAsWritten else {
      preconditionFailure("a training file is a mapping")
    }
    tree[variablesField.name] = nil
    // How and where the work is done decides nothing.
    tree["engine"] = nil
    tree["model"] = Self.tree(options.configuration, nodes: tree["model"])
    // What nothing said means.
    if loss == .negativeLogLikelihood, case .mapping(var training) = tree["training"] {
      training["loss"] = nil
      tree["training"] = .mapping(training)
    }
    canonicalText = ConfigurationTree.mapping(tree).canonicalText
    identityText = TrainingSchema.schema.withoutPaths(.mapping(tree)).canonicalText
    if case .mapping(var training) = tree["training"] {
      training["members"] = nil
      tree["training"] = .mapping(training)
    }
    memberIdentityText = TrainingSchema.schema.withoutPaths(.mapping(tree)).canonicalText
  }

  /// Unit of what a classifier predicts.
  static let probability = "probability"

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
      guard case .string(let column) = data["property"].content else {
        throw ScreeningError.invalid("\(data["property"].location): a classification has one property")
      }
      return ClassRule(
        column: column, positive: data.optional("positive").map { PositiveClass($0) })
    }
  }

  /// The loss of a classification; nil for a regression, whose losses are others.
  private static func loss(
    _ value: ConfigurationValue, _ task: PredictionTask
  ) throws -> ClassificationLoss? {
    let loss = ClassificationLoss(rawValue: value.string)
    switch task {
    case .regression:
      guard loss == nil else {
        throw ScreeningError.invalid("\(value.location): \(value.string) is the loss of a classification")
      }
      return nil
    case .classification:
      guard let loss = value.isDefault ? .negativeLogLikelihood : loss else {
        throw ScreeningError.invalid(
          "\(value.location): a classification has the negative log-likelihood or the binary cross-entropy as its "
            + "loss (\(ClassificationLoss.allCases.map(\.rawValue).joined(separator: ", ")))")
      }
      return loss
    }
  }

  private static func options(
    _ value: ConfigurationValue, _ task: PredictionTask, nodes: NodeSource?, outputs: Int?
  ) throws -> TrainingOptions {
    let (model, training) = (value["model"], value["training"])
    var options = TrainingOptions()
    options.configuration = try networkConfiguration(model, task, nodes: nodes, outputs: outputs)
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
    _ model: ConfigurationValue, _ task: PredictionTask, nodes: NodeSource?, outputs: Int?
  ) throws -> NetworkConfiguration {
    guard let kind = Architectures.named(model.string("architecture")) else {
      throw ScreeningError.invalid("\(model.location): no such architecture")
    }
    let configuration = NetworkConfiguration(
      try network(kind, model), task: task, outputs: outputs, nodes: nodes)
    do throws(ModelError) {
      if nodes != nil { _ = try configuration.program() }
    } catch {
      throw ScreeningError.invalid("\(model[TrainingSchema.nodesKey].location): \(describe(error))")
    }
    return configuration
  }

  private static func network<Network: Architecture>(
    _ kind: Network.Type, _ model: ConfigurationValue
  ) throws -> Network {
    var values: [String: OptionValue] = [:]
    for (key, value) in model.entries where key != "architecture" && key != TrainingSchema.nodesKey {
      guard let option = kind.options.first(where: { $0.key == key }) else {
        throw ScreeningError.invalid(
          "\(value.location): a network of architecture \(kind.key) has no \(key); it has "
            + kind.options.map(\.key).joined(separator: ", "))
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
      // A file with every default filled in, as model cards hold it, is read again.
      let (idle, standard) = (network.idleOptions, Network())
      for option in Network.options where option.value(of: network) != option.value(of: standard) {
        guard let reason = idle[option.key] else { continue }
        throw .unsupportedConfiguration("\(option.key) changes nothing here: \(reason)")
      }
      return network
    } catch {
      throw ScreeningError.invalid("\(model.location): \(describe(error))")
    }
  }

  /// The network as a training file that says all of it.
  ///
  /// - Parameter written: the section as it is written.
  private static func tree(
    _ configuration: NetworkConfiguration, nodes written: ConfigurationTree?
  ) -> ConfigurationTree {
    var model: [String: ConfigurationTree] = ["architecture": .string(configuration.key)]
    if case .mapping(let section)? = written {
      model[TrainingSchema.nodesKey] = section[TrainingSchema.nodesKey]
    }
    for (key, value) in configuration.architecture.optionValues { model[key] = ConfigurationTree(value) }
    return .mapping(model)
  }

  /// The unit of each target: what the file says, or what is known.
  private static func units(
    _ given: ConfigurationValue?, of targets: [ConfigurationValue]
  ) throws -> [String] {
    guard let given else { return try targets.map { try unit(of: $0) } }
    let units = given.oneOrMore.map(\.string)
    guard units.count == targets.count else {
      throw ScreeningError.invalid(
        "\(given.location): \(counted(units.count, "unit")) of \(counted(targets.count, "target"))")
    }
    return units
  }

  /// The unit of a property that is known here.
  ///
  /// - Throws: `ScreeningError.invalid` with the place where it is not.
  static func unit(of property: ConfigurationValue) throws -> String {
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

extension ConfigurationValue {
  /// The elements of a list; of anything else that alone.
  fileprivate var oneOrMore: [ConfigurationValue] {
    if case .list(let elements) = content { elements } else { [self] }
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
