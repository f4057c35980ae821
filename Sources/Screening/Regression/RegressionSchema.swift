public import Configuration
internal import Networks
internal import Regression

/// What a regression study may say.
public enum RegressionSchema {
  /// The schema as JSON Schema, for editors.
  public static var jsonSchema: String {
    schema.jsonSchemaText(title: "Sluice regression study", summary: "What `sluice regress` reads.")
  }

  /// The schema of a study.
  public static let schema = Schema.mapping([
    Field("version", .integer(1...1), "Version of the study format; 1."),
    Field("name", .string, "Name of the model."),
    variablesField,
    Field("data", data, "What is learned from."),
    Field(
      "features", .list(of: features, count: 1...16),
      "What crystals are described by; several stand side by side."),
    Field(
      "methods", .list(of: methods, count: 1...16),
      default: .list([["ridge": [:]], ["gaussian": [:]], ["laplacian": [:]]]),
      "The regressions that are tried; the one with the least cross-validated error is kept."),
    Field(
      "standardize", .boolean, default: true,
      "Whether features are brought to mean 0 and standard deviation 1."),
    Field("center", .boolean, default: true, "Whether the mean of the target is taken off."),
    Field("folds", .integer(2...100), default: 5, "Folds of the cross-validation."),
    Field("seed", .integer(0...1_000_000_000), default: 0, "Decides folds and test share."),
    Field(
      "leave_one_out", .boolean, default: false,
      "Whether the error of leaving each training crystal out is computed for the kernel that is kept."),
    Field("memory", .number(above: 0, through: 10_000), default: 4, "Memory that may be taken (GB)."),
    .optional("license", .string, "Licence and source of the data, for the model card."),
  ])

  private static let data = Schema.mapping([
    Field("train", .path, "Archive of labelled crystals; relative to the study."),
    .optional("test", .path, "Archive of the crystals that the model is tested on."),
    Field(
      "test_share", .number(0...0.9), default: 0,
      "Share of the crystals of train, drawn by the seed, that the model is tested on instead."),
    Field("property", .string, "Column of the target."),
    .optional("unit", .string, "Unit of the target; known for formation energies and a few more."),
    .optional("maximum_sites", .integer(1...), "Largest number of sites of a structure that is used."),
  ])

  private static let pool = Field(
    "pool", .choice(of: ["sum", "mean"]), default: "mean", "How the sites of a crystal are pooled.")

  private static let features = Schema.oneOf(tagged: [
    Alternative("composition", .mapping([]), "The share of each element among the sites."),
    Alternative(
      "orbital_field",
      .mapping([
        pool,
        Field(
          "orbitals", .choice(of: OrbitalChoice.allCases.map(\.rawValue)), default: "ground_states",
          "Which table says what orbitals an element has."),
        Field("distance_power", .integer(1...12), default: 4, "Exponent p of the distances."),
      ]), "The orbital field matrix [D | X] of OGCNN, 1056 numbers."),
    Alternative(
      "embedding",
      .mapping([
        Field("model", .path, "Model folder, relative to the study, or the name of one."),
        Field(
          "layers", .list(of: .either(.integer(0...), .string), count: 1...), default: .list(["last"]),
          "Layers as `sluice embed` names them."),
        pool,
        Field("member", .integer(1...64), default: 1, "Which network of an ensemble."),
      ]), "What a network knows of the crystal behind some of its layers."),
    Alternative(
      "file",
      .mapping([
        Field("path", .path, "Array in NumPy's format, a row a crystal; relative to the study."),
        .optional("ids", .path, "CSV file with a column id, a line a row; X.csv beside X.npy when absent."),
      ]), "Numbers of any other program."),
  ])

  private static let alphas = Field(
    "alpha", .list(of: .number(above: 0), count: 1...100),
    default: .list([.number(1e-8), .number(1e-6), .number(1e-4), .number(0.01), .number(1)]),
    "Values that are tried of what is added to the diagonal.")
  private static let gammas = Field(
    "gamma", .list(of: .number(above: 0), count: 1...100),
    default: .list([.number(1e-5), .number(1e-4), .number(0.001), .number(0.01), .number(0.1), .number(1)]),
    "Values that are tried of the factor of distances.")

  private static let methods = Schema.oneOf(tagged: [
    Alternative("ridge", .mapping([alphas]), "w · x."),
    Alternative("gaussian", .mapping([alphas, gammas]), "Kernel ridge with exp(−γ |x − x'|²)."),
    Alternative("laplacian", .mapping([alphas, gammas]), "Kernel ridge with exp(−γ Σ |x − x'|)."),
  ])
}
