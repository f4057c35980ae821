public import Configuration

/// What the file of a learning curve may say.
public enum LearningCurveSchema {
  /// The schema as JSON Schema, for editors.
  public static var jsonSchema: String {
    schema.jsonSchemaText(title: "Sluice learning curve", summary: "What `sluice learning-curve` reads.")
  }

  /// The schema of a learning curve.
  public static let schema = Schema.mapping([
    Field("version", .integer(1...1), "Version of the format; 1."),
    Field("name", .string, "Title of the picture."),
    variablesField,
    Field(
      "sizes", .list(of: .integer(4...), count: 1...100),
      "Numbers of labelled crystals to learn from, those of their validation included."),
    Field("seeds", .integer(1...100), default: 5, "How often each size is drawn, and each network."),
    Field(
      "first_seed", .integer(0...1_000_000_000), default: 0, "Seed of the first draw; the next ones count on."
    ),
    Field(
      "protocols", .list(of: protocols, count: 1...32),
      "What is compared; differences are taken from the first."),
  ])

  private static let protocols = Schema.mapping([
    Field("name", .string, "Name of the protocol: letters, digits, - and _."),
    Field(
      "training", .path,
      "Training file, relative to this one, of a regression of one property with a validation_share and a test split; all protocols have the same data."
    ),
    .optional(
      "variables", .dictionary(of: .path),
      "Values of variables of the training file, for this protocol alone; paths are relative to this file."),
  ])
}
