public import Configuration
internal import Networks
internal import Training

/// What a training file may say.
public enum TrainingSchema {
  /// The schema as JSON Schema, for editors.
  public static var jsonSchema: String {
    schema.jsonSchemaText(title: "Sluice training file", summary: "What `sluice train` reads.")
  }

  /// The schema of a training file.
  public static let schema = Schema.mapping([
    Field("version", .integer(1...1), "Version of the training format; 1."),
    Field("name", .string, "Name of the model."),
    variablesField,
    Field(
      "task", .choice(of: PredictionTask.allCases.map(\.rawValue)), default: "regression",
      "What is learned: a number, or the probability of one class of two."),
    Field("data", data, "What is learned from."),
    Field("model", model, default: [:], "Shape of the network."),
    Field("training", training, default: [:], "How it is trained."),
    .optional("license", .string, "Licence and source of the data, for the model card."),
    .optional("engine", EngineSettings.schema, "How a cluster trains the members; decides no result."),
  ])

  private static let data = Schema.mapping([
    Field("train", .path, "Archive of the training split; relative to the training file."),
    .optional(
      "validation", .path,
      "Archive of the validation split, which chooses the best epoch; required unless validation_share is given."
    ),
    .optional("test", .path, "Archive of the test split, looked at once, after training."),
    .optional(
      "validation_share", .number(above: 0, through: 0.5),
      "Share of the crystals of train that is the validation split instead. No composition stands in two splits."
    ),
    .optional(
      "test_share", .number(above: 0, through: 0.5),
      "Share of the crystals of train that is the test split instead. No composition stands in two splits."),
    .optional(
      "train_size", .integer(2...),
      "Most crystals that are learned from, drawn by split_seed; those of a smaller size are among those of a larger one."
    ),
    .optional(
      "split_seed", .integer(0...1_000_000_000), "Draws the shares and the train_size; 0 when absent."),
    .optional(
      "exclude", .list(of: .path, count: 1...),
      "Archives whose compositions are left out of train and validation, as of crystals that another model is tested by later."
    ),
    Field(
      "property", .either(.string, .list(of: .string, count: 1...64)),
      "Column of the target, or a list of several targets, of which a record may lack some."),
    .optional(
      "unit", .either(.string, .list(of: .string, count: 1...64)),
      "Unit of the target, of several a list; known for formation energies and a few more."),
    .optional(
      "positive", PositiveClass.schema,
      "Which values of the property are class 1, in a classification; when absent the property holds the classes, 0 and 1."
    ),
    .optional(
      "class", .string, "Name of class 1 for the model card, e.g. is_metal; made of the property when absent."
    ),
    .optional("maximum_sites", .integer(1...), "Largest number of sites of a structure that is used."),
  ])

  private static let model = Schema.mapping(
    [
      Field(
        "architecture", .choice(of: Architectures.all.map { $0.key }), default: "cgcnn", "The network."),
      .optional(
        nodesKey, nodes,
        "Representations of a model trained before, which sites begin with; the features of their elements alone when absent."
      ),
    ] + options)

  /// Key of `nodes` below.
  static let nodesKey = "nodes"

  private static let nodes = Schema.mapping([
    Field("from", .path, "Model folder; relative to the training file. Its first member is taken."),
    Field(
      "layers", .list(of: .either(.integer(0...), .string), count: 1...), default: .list(["last"]),
      "Layers that stand side by side, as `sluice embed` names them."),
    Field(
      "use", .choice(of: NodeSource.Use.allCases.map(\.rawValue)), default: "replace",
      "Whether representations replace the features of the elements or stand beside them."),
    Field(
      "fine_tune", .boolean, default: false,
      "Whether that model is trained with the rest; it stays as it is otherwise, running statistics included."
    ),
    allowShared,
  ])

  /// Of a model that a training starts from, and of one that sites begin with.
  private static let allowShared = Field.optional(
    "allow_shared", .choice(of: AllowedSharing.allCases.map(\.rawValue)),
    "Which crystals that the model was trained on may stand in validation or test: none, when absent; those of the same compositions in other structures; or all, as structures."
  )

  /// The options of all architectures, each key once: which architectures have it, and what it is where it is absent.
  private static var options: [Field] {
    var order: [String] = []
    var byKey: [String: [(architecture: String, option: OptionDescription)]] = [:]
    for kind in Architectures.all {
      for option in kind.optionDescriptions {
        if byKey[option.key] == nil { order.append(option.key) }
        byKey[option.key, default: []].append((kind.key, option))
      }
    }
    return order.map { key in
      let owners = byKey[key] ?? []
      let texts = owners.map(\.option.summary)
      let summary =
        Set(texts).count == 1
        ? "\(owners.map(\.architecture).joined(separator: ", ")): \(texts[0])"
        : owners.map { "\($0.architecture): \($0.option.summary)" }.joined(separator: " ")
      let defaults = owners.compactMap { owner in
        owner.option.defaultValue.map { (owner.architecture, $0.description) }
      }
      let same = Set(defaults.map(\.1)).count == 1 && defaults.count == owners.count
      let absent =
        same
        ? " When absent: \(defaults[0].1)."
        : defaults.isEmpty
          ? "" : " When absent: " + defaults.map { "\($0.1) (\($0.0))" }.joined(separator: ", ") + "."
      return .optional(key, Schema(owners.map(\.option.values)), summary + absent)
    }
  }

  private static let initial = Schema.mapping([
    Field("model", .path, "Model folder; relative to the training file."),
    .optional(
      "take", .list(of: .string, count: 1...),
      "Beginnings of the names of the tensors that are taken over; the others are drawn by the seed. All when absent."
    ),
    Field(
      "freeze", .list(of: .string), default: [],
      "Beginnings of the names of the parameters that are not trained."),
    Field(
      "learning_rate_factor", .dictionary(of: .number(above: 0, through: 1000)), default: [:],
      "By the beginning of parameters' names what their learning rate is multiplied by; the longest one counts."
    ),
    .optional(
      "freeze_statistics", .list(of: .string, count: 1...),
      "Beginnings of the names of running statistics that stay as they are taken over, and that their normalizations take in place of the batch's, as in inference."
    ),
    allowShared,
  ])

  private static let training = Schema.mapping([
    Field("members", .integer(1...64), default: 3, "Members of the ensemble."),
    Field(
      "seed", .integer(0...1_000_000_000), default: 0, "Seed of the first member; the next ones count on."),
    .optional(
      "initial_model", .path,
      "Model folder whose members the members start from, relative to the training file; drawn by the seed when absent."
    ),
    .optional("initial", initial, "A model of which the members take tensors over; none when absent."),
    Field("epochs", .integer(1...100_000), default: 24, "Passes over the training split."),
    Field("batch_size", .integer(1...100_000), default: 128, "Structures a step."),
    Field(
      "optimizer", .choice(of: OptimizerKind.allCases.map(\.rawValue)), default: "adamw", "The update rule."),
    Field("learning_rate", .number(above: 0, through: 10), default: 0.004, "Largest learning rate."),
    Field("momentum", .number(0...0.9999), default: 0.9, "Momentum of sgd, β₁ of adam and adamw."),
    Field("weight_decay", .number(0...1), default: 0.00001, "Weight decay."),
    Field(
      "normalization_momentum", .number(above: 0, through: 1), default: 0.1,
      "Weight of a batch in the running statistics of batch normalization; small values average over more batches."
    ),
    Field(
      "loss",
      .choice(of: RegressionLoss.allCases.map(\.rawValue) + ClassificationLoss.allCases.map(\.rawValue)),
      default: "squared",
      "Of the standardized target: squared, absolute or huber. Of a classification: negative_log_likelihood over two outputs, its default, or binary_cross_entropy over one."
    ),
    .optional(
      "average", .number(0...0.999999),
      "Decay of a running average of the weights, which is then what is validated and kept; the weights themselves when absent."
    ),
    .optional(
      "augmentation",
      .mapping([
        Field("strain", .number(0...0.3), default: 0.1, "Largest change of ln V, either way."),
        Field(
          "shear", .number(0...0.3), default: 0.03,
          "Standard deviation of the strain's components at constant volume."),
        Field(
          "displacement", .number(0...0.5), default: 0.05,
          "Standard deviation of the sites' displacements, each coordinate (Å)."),
        Field(
          "share", .number(above: 0, through: 1), default: 0.5,
          "Share of the crystals that are strained in an epoch, each epoch others."),
      ]), "Crystals strained at random, with the label of the relaxed one; none when absent."),
    Field(
      "schedule",
      .oneOf(tagged: [
        Alternative("constant", .mapping([]), "The same rate throughout."),
        Alternative(
          "multistep",
          .mapping([
            Field("epochs", .list(of: .integer(1...), count: 1...), "Epochs at which the rate falls."),
            Field("factor", .number(above: 0, through: 1), default: 0.1, "By which factor."),
          ]), "The rate falls at given epochs."),
        Alternative(
          "cosine",
          .mapping([
            Field("end", .number(0...1), default: 0, "Share of the learning rate that it ends at.")
          ]), "Half a cosine down."),
        Alternative(
          "one_cycle",
          .mapping([
            Field(
              "warm_up", .number(above: 0, through: 0.9), default: 0.3,
              "Share of the steps that the rate rises.")
          ]), "Up to the learning rate and down again, after Smith and Topin."),
      ]), default: ["one_cycle": [:]], "How the learning rate changes."),
  ])
}

extension Schema {
  /// Values that one of several architectures takes under one key; each checks its own.
  fileprivate init(_ values: [OptionValues]) {
    let first = values[0]
    switch first {
    case .boolean: self = .boolean
    case .choice:
      var words: [String] = []
      for case .choice(let own) in values { words += own.filter { !words.contains($0) } }
      self = .choice(of: words)
    case .integer:
      var (low, high) = (Int.max, Int.min)
      for case .integer(let own, _) in values {
        (low, high) = (min(low, own.lowerBound), max(high, own.upperBound))
      }
      self = .integer(low...high)
    case .number:
      var (low, high) = (Double.infinity, -Double.infinity)
      for case .number(let own) in values {
        (low, high) = (min(low, own.lowerBound), max(high, own.upperBound))
      }
      self = .number(low...high)
    }
  }
}
