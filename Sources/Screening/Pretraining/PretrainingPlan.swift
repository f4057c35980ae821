internal import Configuration
internal import Foundation
internal import Networks
internal import Training

/// A pretraining as it will run: every default filled in, every path resolved.
public struct PretrainingPlan: Sendable {
  /// Name of the model.
  public let name: String
  /// Archive of the crystals.
  let crystals: String
  let validationShare: Double
  let maximumSites: Int?
  /// Archives whose compositions are left out.
  let excluded: [String]
  /// What is learned.
  let task: PretrainingTask
  /// How, with the shape of the network that is trained: what is kept of it and what the task alone needs.
  let options: TrainingOptions
  /// Shape of the network that is kept.
  let result: NetworkConfiguration
  let license: String?
  /// The resolved file as canonical YAML, paths as they are written there.
  let canonicalText: String
  /// What of that text decides the weights.
  let identityText: String

  /// Reads and resolves the file of a pretraining.
  ///
  /// - Parameters:
  ///   - file: path of the file.
  ///   - variables: values of the file's variables, by name, that go before its own.
  /// - Throws: `ConfigurationError` naming file, line and column; `ScreeningError` for a shape that no network has.
  public init(file: String, variables: [String: String] = [:]) throws {
    let value = try readConfiguration(file, PretrainingSchema.schema, variables: variables)
    let folder = URL(filePath: file).deletingLastPathComponent()
    func path(_ value: ConfigurationValue) throws -> String {
      try existingFile(
        value, relativeTo: folder, kind: "one file of crystals, as sluice pack makes of a folder,")
    }
    let data = value["data"]
    name = value.string("name")
    crystals = try path(data["crystals"])
    validationShare = data.number("validation_share")
    maximumSites = data.optional("maximum_sites")?.integer
    excluded = try data.optional("exclude").map { try $0.elements.map(path) } ?? []
    license = value.optional("license")?.string
    var choices = PretrainingChoices(value)
    (task, options, result) = try Self.task(&choices)
    try choices.checkAllTaken()
    guard case .mapping(var tree) = value.treeAsWritten else {
      preconditionFailure("a pretraining file is a mapping")
    }
    tree[variablesField.name] = nil
    for (section, values) in choices.taken {
      guard case .mapping(var own)? = tree[section] else {
        preconditionFailure("sections of a pretraining file are mappings")
      }
      own.merge(values) { $1 }
      // As if it were not written: it is what is meant without it.
      if section == "views", own["supercell"] == .string(SupercellView.none.rawValue) {
        own["supercell"] = nil
      }
      tree[section] = .mapping(own)
    }
    canonicalText = ConfigurationTree.mapping(tree).canonicalText
    identityText = PretrainingSchema.schema.withoutPaths(.mapping(tree)).canonicalText
  }

  /// What is learned, how, and what is kept of it.
  private static func task(
    _ choices: inout PretrainingChoices
  ) throws -> (PretrainingTask, TrainingOptions, NetworkConfiguration) {
    let task: PretrainingTask
    let (trained, kept): (NetworkConfiguration, NetworkConfiguration)
    var options = TrainingOptions()
    switch choices.task {
    case .twins:
      var views = TwinViews()
      views.maskedSites = choices.number("views", "masked_sites", or: views.maskedSites)
      views.droppedEdges = choices.number("views", "dropped_edges", or: views.droppedEdges)
      views.displacement = choices.number("views", "displacement", or: views.displacement)
      let loss = choices.loss
      options.epochs = choices.integer("training", "epochs", or: 15)
      options.batchSize = choices.integer("training", "batch_size", or: loss == .simsiam ? 256 : 64)
      options.learningRate = choices.number("training", "learning_rate", or: 0.00001)
      options.weightDecay = choices.number("training", "weight_decay", or: 0.000001)
      // Two layers lie behind the crystal's vector, as in the published code, whose `fc_head.0` and `fc_head.2` are `fcs.0` and
      // `fc_out` here.
      var encoder = CGCNN()
      encoder.hiddenLayerCount = 2
      encoder.padding = .firstAtom
      switch loss {
      case .barlow:
        try choices.shape(&encoder)
        kept = NetworkConfiguration(encoder, outputs: choices.integer("model", "projection", or: 256))
        trained = kept
        task = .twins(views, .barlow(redundancy: choices.number("training", "redundancy", or: 0.0051)))
      case .simsiam:
        encoder.hiddenWidth = 256
        try choices.shape(&encoder)
        // Vectors and predictions are outputs side by side.
        let widest = NetworkConfiguration.outputCounts.upperBound / 2
        guard encoder.hiddenWidth <= widest else {
          throw ScreeningError.invalid(
            "\(choices.modelLocation): hidden_width \(encoder.hiddenWidth); with SimSiam at most \(widest)")
        }
        kept = NetworkConfiguration(encoder, outputs: encoder.hiddenWidth)
        let network = SiameseNetwork(encoder)
        trained = NetworkConfiguration(network, outputs: network.outputCount)
        task = .twins(views, .simSiam)
      }
    case .masked, .contrastive:
      options.epochs = choices.integer("training", "epochs", or: 100)
      options.batchSize = choices.integer("training", "batch_size", or: 256)
      options.learningRate = choices.number("training", "learning_rate", or: 0.001)
      options.weightDecay = choices.number("training", "weight_decay", or: 0)
      var encoder = CGConv()
      (encoder.padding, encoder.messages) = (.firstAtom, .toNeighbors)
      try choices.shape(&encoder)
      kept = NetworkConfiguration(encoder, outputs: 0)
      if choices.task == .masked {
        let share = choices.number("views", "masked_sites", or: 0.15)
        task = .masked(PartHiding(sites: share, edges: nil))
        trained = NetworkConfiguration(HiddenPartNetwork(encoder), outputs: HiddenPart.columnCount)
      } else {
        let hiding = PartHiding(
          sites: choices.number("views", "masked_sites", or: 0.2),
          edges: choices.number("views", "masked_edges", or: 0.2),
          supercell: choices.supercell)
        task = .contrastive(hiding, temperature: choices.number("training", "temperature", or: 0.1))
        trained = NetworkConfiguration(
          ContrastiveNetwork(encoder),
          outputs: choices.integer("model", "projection", or: encoder.nodeWidth))
      }
    }
    options.configuration = trained
    options.seed = choices.seed
    options.optimizer = choices.optimizer
    options.schedule = .constant
    try choices.check(kept)
    try choices.check(trained)
    return (task, options, kept)
  }
}

/// What the file of a pretraining chooses, where what is left out depends on the task.
private struct PretrainingChoices {
  private let value: ConfigurationValue
  let task: PretrainingTask.Name
  /// By section and key what was asked for.
  private(set) var taken: [String: [String: ConfigurationTree]] = [:]

  init(_ value: ConfigurationValue) {
    self.value = value
    task = PretrainingTask.Name(rawValue: value.string("task")) ?? .twins
  }

  var modelLocation: ConfigurationLocation { value["model"].location }
  var seed: UInt64 { UInt64(value["training"].integer("seed")) }
  var optimizer: OptimizerKind { OptimizerKind(rawValue: value["training"].string("optimizer")) ?? .adam }

  /// The loss of `twins`.
  var loss: PretrainingTask.LossName {
    mutating get {
      let word = value["training"].optional("loss")?.string
      let loss = word.flatMap { PretrainingTask.LossName(rawValue: $0) } ?? .barlow
      taken["training", default: [:]]["loss"] = .string(loss.rawValue)
      return loss
    }
  }

  /// Which supercell views are of.
  var supercell: SupercellView {
    mutating get {
      // Not written where absent, so that checkpoints from before it could be chosen go on.
      guard let word = value["views"].optional("supercell")?.string else { return .none }
      taken["views", default: [:]]["supercell"] = .string(word)
      return SupercellView(rawValue: word) ?? .none
    }
  }

  mutating func number(_ section: String, _ key: String, or absent: Double) -> Double {
    let number = value[section].optional(key)?.number ?? absent
    taken[section, default: [:]][key] = .number(number)
    return number
  }

  mutating func integer(_ section: String, _ key: String, or absent: Int) -> Int {
    let number = value[section].optional(key)?.integer ?? absent
    taken[section, default: [:]][key] = .integer(number)
    return number
  }

  /// Sets what the file says of an encoder.
  mutating func shape<Kind: Architecture>(_ encoder: inout Kind) throws {
    let model = value["model"]
    for option in Kind.options {
      guard let own = model.optional(option.key) else { continue }
      do throws(ModelError) {
        switch option.values {
        case .number:
          try option.set(.number(own.number), of: &encoder)
          taken["model", default: [:]][option.key] = .number(own.number)
        case .choice:
          try option.set(.choice(own.string), of: &encoder)
          taken["model", default: [:]][option.key] = .string(own.string)
        default:
          // A CGConv without a read-out has no hidden layers.
          guard option.key != "hidden_width" || task == .twins else { continue }
          try option.set(.integer(own.integer), of: &encoder)
          taken["model", default: [:]][option.key] = .integer(own.integer)
        }
      } catch {
        throw ScreeningError.invalid("\(model.location): \(describe(error))")
      }
    }
  }

  /// Checks that there is a network of this shape.
  func check(_ configuration: NetworkConfiguration) throws {
    do throws(ModelError) {
      try configuration.validate()
    } catch {
      throw ScreeningError.invalid("\(value["model"].location): \(describe(error))")
    }
  }

  /// Checks that nothing is said that the task does not ask for.
  func checkAllTaken() throws {
    for section in ["model", "views", "training"] {
      for (key, own) in value[section].entries where taken[section]?[key] == nil && !own.isDefault {
        guard !["seed", "optimizer"].contains(key) else { continue }
        let word = value["training"].optional("loss")?.string
        let name = task.rawValue + (task == .twins ? " with the loss \(word ?? "barlow")" : "")
        throw ScreeningError.invalid("\(own.location): \(section).\(key) is nothing of the task \(name)")
      }
    }
  }
}
