internal import CrystalModels
public import PipelineEngine

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
    Field("data", data, "What is learned from."),
    Field("model", model, default: [:], "Shape of the network."),
    Field("training", training, default: [:], "How it is trained."),
    .optional("license", .string, "Licence and source of the data, for the model card."),
  ])

  private static let data = Schema.mapping([
    Field("train", .string, "Archive of the training split; relative to the training file."),
    Field("validation", .string, "Archive of the validation split, which chooses the best epoch."),
    .optional("test", .string, "Archive of the test split, looked at once, after training."),
    Field("property", .string, "Column of the target."),
    .optional("unit", .string, "Unit of the target; known for formation energies and a few more."),
    .optional("maximum_sites", .integer(1...), "Largest number of sites of a structure that is used."),
  ])

  private static let model = Schema.mapping([
    Field("architecture", .choice(of: ["cgcnn", "icgcnn"]), default: "cgcnn", "The network."),
    Field("node_width", .integer(16...1024), default: 64, "Width of the atom vectors; a multiple of 16."),
    Field("hidden_width", .integer(16...4096), default: 128, "Width after pooling; a multiple of 16."),
    Field("convolutions", .integer(1...16), default: 3, "Number of convolutions."),
    Field("hidden_layers", .integer(1...16), default: 1, "Number of hidden layers after pooling."),
    .optional(
      "neighbors", .integer(1...64),
      "Nearest neighbors of each site. cgcnn: 12 when absent. icgcnn: Voronoi neighbors when absent."),
    Field("cutoff", .number(0.1...20), default: 8.0, "Reach of the Gaussians and of nearest neighbors (Å)."),
    Field("gaussian_spacing", .number(above: 0, through: 2), default: 0.2, "Spacing of the Gaussians (Å)."),
    .optional(
      "padding", .choice(of: ["none", "first_atom"]),
      "cgcnn: what stands in for missing neighbors: nothing (the default), or the first atom as in the published code."
    ),
    .optional("edge_width", .integer(16...1024), "icgcnn: width of the edge vectors; 32 when absent."),
    .optional(
      "facets", .boolean,
      "icgcnn: whether solid angle, area and pyramid volume are edge features; true with Voronoi neighbors."),
    .optional(
      "facet_encoding", .choice(of: FacetEncoding.allCases.map(\.rawValue)),
      "icgcnn: the facet's three measures as they are, or their roots on Gaussians; scalars when absent."),
    .optional(
      "angular_moments", .boolean,
      "icgcnn: whether the angles between facets, as moments, are edge features (not in the paper); false when absent."
    ),
    .optional(
      "solid_angle_weights", .boolean,
      "icgcnn: whether a message counts by the solid angle of its facet (not in the paper); false when absent."
    ),
    .optional(
      "saturating_weights", .boolean,
      "icgcnn: whether that weight levels off below 2, so that no facet counts for many; false when absent."
    ),
    .optional("edge_updates", .boolean, "icgcnn: whether edge vectors are updated; true when absent."),
    .optional("triplets", .boolean, "icgcnn: whether there are three-body terms; true when absent."),
    .optional(
      "triplet_sum", .choice(of: ["normalized", "plain"]),
      "icgcnn: whether the sum over triplets is divided by the number of other edges; normalized when absent."
    ),
    .optional(
      "minimum_solid_angle", .number(0...0.99),
      "icgcnn: facets below this fraction of the larger cell's largest solid angle are left out; 0.01 when absent."
    ),
  ])

  private static let training = Schema.mapping([
    Field("members", .integer(1...64), default: 3, "Members of the ensemble."),
    Field(
      "seed", .integer(0...1_000_000_000), default: 0, "Seed of the first member; the next ones count on."),
    .optional(
      "initial_model", .string,
      "Model folder whose members the members start from, relative to the training file; drawn by the seed when absent."
    ),
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
      "loss", .choice(of: RegressionLoss.allCases.map(\.rawValue)), default: "squared",
      "Loss of the standardized target."),
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
        Alternative("cosine", .mapping([]), "Half a cosine down to zero."),
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
