public import Configuration
internal import Networks
internal import Training

/// What the file of a pretraining may say.
public enum PretrainingSchema {
  /// The schema as JSON Schema, for editors.
  public static var jsonSchema: String {
    schema.jsonSchemaText(title: "Sluice pretraining", summary: "What `sluice pretrain` reads.")
  }

  /// The schema of a pretraining.
  public static let schema = Schema.mapping([
    Field("version", .integer(1...1), "Version of the format; 1."),
    Field("name", .string, "Name of the model."),
    variablesField,
    Field("data", data, "What is learned from."),
    Field("model", model, default: [:], "Shape of the network, a CGCNN."),
    Field("views", views, default: [:], "How two views of a crystal are drawn."),
    Field("training", training, default: [:], "How it is trained."),
    .optional("license", .string, "Licence and source of the data, for the model card."),
  ])

  private static let data = Schema.mapping([
    Field("crystals", .path, "Archive of crystals, without labels; relative to this file."),
    Field(
      "validation_share", .number(0...0.5), default: 0.05,
      "Share of the crystals that chooses the best epoch; the last one is taken where it is 0."),
    .optional("maximum_sites", .integer(1...), "Largest number of sites of a structure that is used."),
    .optional(
      "exclude", .list(of: .path, count: 1...),
      "Archives whose compositions are left out, as of crystals that a model is tested by later."),
  ])

  private static let model = Schema.mapping(
    [
      Field("projection", .integer(1...1024), default: 256, "Outputs D that the loss compares.")
    ]
      + CGCNN.options.filter { ["node_width", "hidden_width", "convolutions", "neighbors"].contains($0.key) }
      .map { option in
        guard case .integer(let range, _) = option.values else {
          preconditionFailure("\(option.key) is a whole number")
        }
        return .optional(option.key, .integer(range), option.summary)
      } + [
        .optional("cutoff", .number(0.4...20), "Reach of the Gaussians and of nearest neighbors (Å).")
      ])

  private static let views = Schema.mapping([
    Field(
      "masked_sites", .number(0...0.9), default: 0.1,
      "Share of the sites that lose their element, at least one."),
    Field("dropped_edges", .number(0...0.9), default: 0.1, "Share of its edges that each site loses."),
    Field(
      "displacement", .number(0...0.5), default: 0,
      "Largest displacement of a site (Å); 0 as in the published code."),
  ])

  private static let training = Schema.mapping([
    Field("seed", .integer(0...1_000_000_000), default: 0, "Seed of weights, order and views."),
    Field("epochs", .integer(1...100_000), default: 15, "Passes over the crystals."),
    Field("batch_size", .integer(2...100_000), default: 64, "Structures a step."),
    Field(
      "optimizer", .choice(of: OptimizerKind.allCases.map(\.rawValue)), default: "adam", "The update rule."),
    Field("learning_rate", .number(above: 0, through: 10), default: 0.00001, "Learning rate."),
    Field("weight_decay", .number(0...1), default: 0.000001, "Weight decay."),
    Field(
      "redundancy", .number(0...100), default: 0.0051,
      "Weight of what different outputs have in common, beside what the views have not."),
  ])
}
