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
    Field(
      "task", .choice(of: PretrainingTask.Name.allCases.map(\.rawValue)), default: "twins",
      "What is learned: to find two views of a crystal alike (twins, a CGCNN), to say which elements and lengths are hidden (masked, a CGConv), or to tell the views of a crystal from those of others (contrastive, a CGConv)."
    ),
    Field("data", data, "What is learned from."),
    Field("model", model, default: [:], "Shape of the network."),
    Field("views", views, default: [:], "What of a crystal is hidden from the network."),
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
      .optional(
        "projection", .integer(1...1024),
        "Outputs D that the loss compares: of twins with the Barlow loss, 256 when absent; of contrastive, as wide as the atom vectors when absent."
      )
    ]
      + CGCNN.options.filter { ["node_width", "hidden_width", "convolutions", "neighbors"].contains($0.key) }
      .map { option in
        guard case .integer(let range, _) = option.values else {
          preconditionFailure("\(option.key) is a whole number")
        }
        let owner = option.key == "hidden_width" ? " Of twins; 256 when absent with SimSiam, else 128." : ""
        return .optional(option.key, .integer(range), option.summary + owner)
      } + [
        .optional("cutoff", .number(0.4...20), "Reach of the Gaussians and of nearest neighbors (Å)."),
        .optional(
          "messages", .choice(of: CGConv.Messages.allCases.map(\.rawValue)),
          "Of masked and contrastive: whether a site collects from the neighbors that it lists, as in other architectures, which can begin with such representations then, or from the sites that list it; the latter when absent, as in the published code."
        ),
      ])

  private static let views = Schema.mapping([
    .optional(
      "masked_sites", .number(0...0.9),
      "Share of the sites that are hidden, at least one. When absent 0.1 of twins, 0.15 of masked, 0.2 of contrastive."
    ),
    .optional(
      "dropped_edges", .number(0...0.9),
      "Of twins: share of its edges that each site loses; 0.1 when absent."),
    .optional(
      "masked_edges", .number(0...0.9),
      "Of contrastive: share of the edges that are hidden, at least one; 0.2 when absent."),
    .optional(
      "supercell", .choice(of: SupercellView.allCases.map(\.rawValue)),
      "Of contrastive: the supercell of the crystal that each view is of, in which a site and its images are hidden each by itself: none, a fixed one (cells along each lattice vector), or random, a draw of the published code (2/5 none, 1/5 each of the others). None when absent. An epoch takes as many times as long as there are cells, 3.2 of random on average."
    ),
    .optional(
      "displacement", .number(0...0.5),
      "Of twins: largest displacement of a site (Å); 0 when absent, as in the published code."),
  ])

  private static let training = Schema.mapping([
    .optional(
      "loss", .choice(of: PretrainingTask.LossName.allCases.map(\.rawValue)),
      "Of twins: whether outputs of two views are to be alike and have little in common otherwise (barlow, when absent), or each view predicts the other (simsiam)."
    ),
    Field("seed", .integer(0...1_000_000_000), default: 0, "Seed of weights, order and views."),
    .optional(
      "epochs", .integer(1...100_000),
      "Passes over the crystals; when absent 15 of twins, 100 of the other tasks."),
    .optional(
      "batch_size", .integer(2...100_000),
      "Structures a step; when absent 64 of twins with the Barlow loss, else 256."),
    Field(
      "optimizer", .choice(of: OptimizerKind.allCases.map(\.rawValue)), default: "adam", "The update rule."),
    .optional(
      "learning_rate", .number(above: 0, through: 10),
      "Learning rate; when absent 0.00001 of twins, 0.001 of the other tasks."),
    .optional(
      "weight_decay", .number(0...1), "Weight decay; when absent 0.000001 of twins, 0 of the other tasks."),
    .optional(
      "redundancy", .number(0...100),
      "Of the Barlow loss: weight of what different outputs have in common, beside what the views have not; 0.0051 when absent."
    ),
    .optional(
      "temperature", .number(0.01...100),
      "Of contrastive: what similarities are divided by; 0.1 when absent."),
  ])
}
