public import Configuration
internal import Prototypes
internal import Symmetry

/// What a campaign file may say.
public enum CampaignSchema {
  /// Version of the campaign format that this program reads.
  public static let version = 1

  /// The schema as JSON Schema, for editors.
  public static var jsonSchema: String {
    schema.jsonSchemaText(title: "Sluice campaign file", summary: "What `sluice run` reads.")
  }

  /// The schema of a campaign file.
  public static let schema = Schema.mapping([
    Field("version", .integer(1...1), "Version of the campaign format; 1."),
    Field("name", .string, "Name of the campaign; names its run directory."),
    variablesField,
    Field(
      "seed", .integer(0...Int.max), default: 0,
      "Seed of everything random: which candidates are the pilots of a search's cascade."),
    Field(
      "threshold", .number, default: 0,
      "Largest energy above hull that counts as stable (eV/atom)."),
    Field("inputs", .list(of: input, count: 1...), "Where candidates come from, read in this order."),
    Field("stages", .list(of: stage, count: 1...), "What happens to each candidate, in this order."),
    Field("store", store, default: [:], "How results are kept."),
    Field("rejections", rejections, default: [:], "What the campaign accepts of bad records."),
    .optional("engine", EngineSettings.schema, "How a cluster runs the campaign; decides no result."),
  ])

  private static let input = Schema.oneOf(tagged: [
    Alternative(
      "archive",
      .mapping([
        Field(
          "path", .either(.path, .list(of: .path, count: 1...)),
          "Archive, file or folder of crystals, a pattern with * ? or [], or a list; relative to the campaign file."
        ),
        Field(
          "occupancy", .choice(of: ["reject", "majority"]), default: "reject",
          "What becomes of partly occupied or shared sites: the record is rejected, or the majority species taken."
        ),
        Field(
          "formula", .choice(of: ["check", "note"]), default: "check",
          "What becomes of records that contradict their own formula: they are rejected, or go on with a note."
        ),
        .optional(
          "maximum_records", .integer(1...(1 << 40)),
          "Most records of one archive; reading ends there with a rejection."),
        Field(
          "limits", archiveLimits, default: [:], "What is refused of archives, so that reading stays finite."),
      ]), "Crystals from an archive."),
    Alternative(
      "decorate",
      .mapping([
        .optional("prototype", .choice(of: Prototype.all.map(\.name)), "A built-in prototype."),
        .optional(
          "file", .path,
          "A structure file to use as prototype instead; its elements are the labels of its sites."),
        Field(
          "parameters", .dictionary(of: .number), default: [:],
          "Free parameters of the prototype by name, e.g. axial_ratio and z of ThCr2Si2, or strains of a file's cell."
        ),
        Field(
          "sites", .dictionary(of: .list(of: .string, count: 1...)),
          "Elements to try on each labelled site of the prototype."),
        Field(
          "distinct", .boolean, default: true, "Whether all labels of a candidate carry different elements."),
        Field(
          "volume",
          .oneOf(tagged: [
            Alternative(
              "elemental",
              .mapping([
                Field("factor", .number(above: 0, through: 100), default: 1, "Factor on that estimate.")
              ]), "The sum of the elements' volumes times the prototype's ratio."),
            Alternative(
              "per_atom",
              .mapping([Field("value", .number(above: 0, through: 1000), "Volume per atom (Å³).")]),
              "The same volume per atom for every candidate."),
            Alternative(
              "length_scale",
              .mapping([Field("factor", .number(above: 0, through: 100), "Factor on all lengths.")]),
              "The prototype's own cell, scaled."),
            Alternative(
              "fitted",
              .mapping([
                Field(
                  "table", .path, "Table that `sluice prototypes fit` wrote; relative to the campaign file."
                )
              ]), "Volume and free parameters as fitted to known members of the prototype."),
          ]), default: ["elemental": [:]], "How large a candidate's cell is."),
        .optional(
          "search",
          .mapping(
            searchedParameters.map {
              .optional($0, .list(of: .number, count: 1...), "Values of \($0) to try.")
            } + [
              .optional(
                "model", .string,
                "The model that chooses, by its name in the run; the last of formation energies when absent."),
              Field(
                "pessimism", .number(0...10), default: 2,
                "Standard deviations of the ensemble that are added to a shape's energy before the lowest is taken."
              ),
              .optional(
                "cascade",
                .mapping([
                  Field(
                    "keep", .number(above: 0, through: 1), default: 0.01,
                    "Best share of the candidates that no candidate may miss for want of a search."),
                  Field(
                    "pilot", .integer(1...1_000_000), default: 1000,
                    "Candidates that are scored in all shapes beforehand, to learn what the others have still to gain."
                  ),
                ]),
                "Give up early what cannot reach the best share; all shapes of all candidates are scored when absent."
              ),
            ]),
          "Free parameters to search at the guessed volume: all combinations of the values listed."),
      ]), "Candidates made by decorating a prototype with elements."),
  ])

  /// The names of all free parameters of built-in prototypes, and of the strains of a structure file.
  static let searchedParameters = Set(
    (Prototype.all.flatMap(\.parameters) + Prototype.strainParameters).map(\.name)
  ).sorted()

  private static let archiveLimits = Schema.mapping([
    Field(
      "record_bytes", .integer(1...(1 << 31)), default: 67_108_864,
      "Largest record, uncompressed; larger ones are rejected."),
    Field(
      "member_bytes", .integer(1...(1 << 50)), default: 17_179_869_184,
      "Largest member of an archive, uncompressed; what lies beyond is rejected."),
    Field(
      "nesting", .integer(0...8), default: 1, "How deep archives and compressed files may lie in an archive."),
    Field(
      "expansion", .integer(1...1_000_000), default: 200,
      "How many times its size an archive may expand to; the first GiB is free."),
  ])

  private static let stage = Schema.oneOf(tagged: [
    Alternative(
      "filter",
      .mapping([
        Field("name", .string, default: "filter", "Name under which dropped candidates are counted."),
        .optional(
          "only_elements", .list(of: .string, count: 1...), "Keep candidates made of these elements alone."),
        .optional(
          "without_elements", .list(of: .string, count: 1...), "Drop candidates that hold one of these."),
        .optional(
          "with_elements", .list(of: .string, count: 1...), "Keep candidates that hold all of these."),
        .optional("minimum_elements", .integer(1...118), "Least number of different elements."),
        .optional("maximum_elements", .integer(1...118), "Largest number of different elements."),
        .optional("minimum_sites", .integer(1...), "Least number of sites of the cell."),
        .optional("maximum_sites", .integer(1...), "Largest number of sites of the cell."),
        .optional(
          "formulas", .list(of: .string, count: 1...), "Keep candidates of these reduced formulas alone."),
      ]), "Drops candidates on purpose, and counts them."),
    Alternative(
      "symmetry",
      .mapping([
        Field(
          "tolerance", .number(CrystalSymmetry.tolerances), default: 0.01,
          "How far sites may lie from where symmetry puts them (Å)."),
        .optional(
          "maximum_distance", .number,
          "Only of candidates at most this far above the hull (eV/atom) by some model; of all when absent."),
      ]), "Finds the space group of each candidate and which of its sites are equivalent."),
    Alternative(
      "graph",
      .mapping([
        Field(
          "neighbors", .choice(of: ["knn", "voronoi"]), default: "knn",
          "How neighbors are chosen: the nearest ones, or those that share a facet of the Voronoi cells."),
        Field("count", .integer(1...64), default: 12, "knn: nearest neighbors of each site."),
        Field("cutoff", .number(0.4...20), default: 8.0, "knn: largest neighbor distance (Å)."),
        Field(
          "minimum_solid_angle", .number(0...0.99), default: 0.01,
          "voronoi: facets below this fraction of the larger cell's largest solid angle are left out."),
      ]), "Builds the crystal graph that the models after it look at."),
    Alternative(
      "predict",
      .mapping([
        .optional("name", .string, "Name of the model in this run; the model's own when absent."),
        Field("model", .path, "Folder of the model; relative to the campaign file."),
        .optional("target", .string, "Which of the model's targets is predicted, where it has several."),
      ]), "Predicts a property with an ensemble."),
    Alternative(
      "energy",
      .mapping([
        Field("name", .string, default: "given", "Name of these energies in this run, like a model's."),
        Field(
          "column", .string, default: "formation_energy_per_atom",
          "Field of the input's records that holds the formation energy (eV/atom)."),
        .optional(
          "offsets", .path,
          "Table of offsets by `sluice hull align` that are taken off these energies; relative to the campaign file."
        ),
      ]), "Takes the formation energy from the input instead of a model."),
    Alternative(
      "hull",
      .mapping([
        Field(
          "reference", .path,
          "Reference phases: CSV with formula and formation_energy_per_atom (eV/atom), entries in JSON, or an index."
        ),
        Field(
          "exclude_same_composition", .boolean, default: false,
          "Whether references of the candidate's own composition are left out."),
        .optional(
          "offsets", .path,
          "Table of offsets by `sluice hull align` that are taken off the reference phases' energies."),
        Field(
          "coverage",
          .mapping([
            Field(
              "flag", .mapping(coverageLimits),
              default: ["unknown_pairs": 1, "elements_only": true],
              "What flags a candidate. A distance below -0.3 eV/atom always does."),
            Field(
              "reject",
              .mapping(
                coverageLimits + [
                  .optional("minimum_distance", .number, "A lower distance to the hull (eV/atom).")
                ]), default: [:], "What rejects a candidate."),
          ]), default: [:],
          "What is made of candidates of whose chemical systems the references know too little."),
        .optional(
          "competitors",
          .mapping([
            Field(
              "prototypes", .list(of: .choice(of: Prototype.all.map(\.name)), count: 1...),
              default: .list(CompetitorPlan.standardPrototypes.map { .string($0) }),
              "Prototypes that are decorated, those of two sites with all pairs of elements, of three with all triples."
            ),
            .optional(
              "elements", .list(of: .string, count: 2...),
              "Elements they are made of; when absent those that the campaign's candidates can hold."),
            Field(
              "volume_factor", .number(above: 0, through: 100), default: 1,
              "Factor on the estimate of their cells' volumes."),
          ]),
          "Phases that each model predicts before the first candidate is read, added where the references have none; no when absent."
        ),
      ]), "Distance to the convex hull of reference phases, for every formation energy, predicted or given."),
  ])

  private static let coverageLimits: [Field] = [
    .optional(
      "unknown_pairs", .integer(1...),
      "This many pairs of its elements, or more, of which the references have no compound."),
    .optional(
      "elements_without_phase", .integer(1...),
      "This many of its elements, or more, without a phase of their own among the references."),
    .optional("elements_only", .boolean, "Whether to decompose into elements alone is enough."),
    .optional("minimum_compounds", .integer(1...), "Fewer reference compounds in its chemical system."),
  ]

  private static let store = Schema.mapping([
    Field("batch", .integer(1...100_000), default: 512, "Records committed in one transaction."),
    Field("structures", .boolean, default: true, "Whether structures are kept, for export as CIF."),
  ])

  private static let rejections = Schema.mapping([
    Field(
      "allowed_share", .number(0...1), default: 0.05,
      "Largest share of rejected records; a finished run with more ends with exit code 1.")
  ])
}
