internal import Configuration
internal import Crystal
internal import CrystalGraphs
internal import Foundation
internal import PhaseStability
internal import StructureArchive

/// A campaign as it will run: every default filled in, every file found, read and fingerprinted.
public struct CampaignPlan: Sendable {
  /// A stage ready to run.
  enum Stage: Sendable {
    case filter(CandidateFilter)
    /// Space groups within a tolerance (Å), where there is a largest distance (eV/atom) of candidates within it alone.
    case symmetry(tolerance: Double, maximumDistance: Double?)
    case graph(NeighborRule)
    /// A model by its position in `models`.
    case predict(Int)
    /// Energies from a column of the input, by their position in `models`, less offsets where there are some.
    case energy(Int, column: String, offsets: EnergyOffsetTable?)
    /// The hull.
    case hull(HullStage)
  }

  /// Something that says a number of each candidate, under its name in this run.
  struct Model: Sendable {
    enum Origin: Sendable {
      case ensemble(ModelFolder)
      case regression(RegressionPredictor)
      /// A column of the input, less the offsets of a table where there is one.
      case column(String, offsets: EnergyOffsetTable?)
    }

    let name: String
    let origin: Origin

    /// Whether it predicts for any structure; a column of the input says nothing of others.
    var predicts: Bool { if case .column = origin { false } else { true } }
  }

  /// Name of the campaign.
  public let name: String
  /// Largest energy above hull that counts as stable (eV/atom).
  public let threshold: Double
  /// Largest accepted share of rejections.
  public let allowedRejectionShare: Double
  /// The plan as canonical YAML: the file with defaults and its variables' values, and digests of what it names.
  public let canonicalText: String
  /// How a cluster runs it.
  public let engine: EngineSettings
  /// SHA-256 of what of the plan decides results, which paths do not: equal fingerprints give equal results.
  public let fingerprint: String

  let tree: ConfigurationTree
  var sources: [CrystalSource]
  let sourceFingerprints: [String?]
  let sourceStamps: [FileStamp?]
  var stages: [Stage]
  let models: [Model]
  /// The searches for free parameters, by source.
  var searches: [Int: ShapeSearch]
  let batchSize: Int
  /// Seed of what is drawn at random.
  let seed: Int
  let keepsStructures: Bool
  /// The reference phases, where there is a hull stage.
  let references: LoadedReferences?

  /// Reads and resolves a campaign file.
  ///
  /// - Parameters:
  ///   - file: the campaign file.
  ///   - folder: what its paths are relative to; nil for the file's own folder.
  ///   - runDirectory: where an earlier call may have left an index of the references; nil for the default.
  ///   - resources: where models and references lie that the file calls by name.
  ///   - variables: values of the file's variables, by name, that go before its own.
  /// - Throws: `ConfigurationError` or `ScreeningError`, each naming file, line and column.
  public init(
    file: String, relativeTo folder: String? = nil, runDirectory: String? = nil,
    resources: ResourceFolders = .none, variables: [String: String] = [:]
  ) throws {
    let value = try readConfiguration(file, CampaignSchema.schema, variables: variables)
    name = value.string("name")
    guard !name.contains("/"), !name.hasPrefix(".") else {
      throw ScreeningError.invalid("\(value["name"].location): a name that can name a folder is needed")
    }
    let base =
      folder.map { URL(filePath: $0, directoryHint: .isDirectory) }
      ?? URL(filePath: file).deletingLastPathComponent()
    var resolver = CampaignResolver(
      folder: base, resources: resources,
      referenceIndex: (runDirectory ?? name + ".sluice") + "/" + CampaignRun.referenceIndexName,
      columns: CampaignResolver.columns(value.elements("stages")))
    threshold = value.number("threshold")
    allowedRejectionShare = value["rejections"].number("allowed_share")
    batchSize = value["store"].integer("batch")
    keepsStructures = value["store"].boolean("structures")
    for input in value.elements("inputs") { try resolver.addInput(input) }
    for stage in value.elements("stages") { try resolver.addStage(stage) }
    try resolver.checkOrder(value["stages"])
    searches = try resolver.searches()
    seed = value.integer("seed")
    engine = EngineSettings(value.optional("engine"))
    sources = resolver.sources
    sourceFingerprints = resolver.sourceFingerprints
    sourceStamps = resolver.sourceStamps
    stages = resolver.stages
    models = resolver.models
    references = resolver.references
    var digests: [String: ConfigurationTree] = [
      "inputs": .list(resolver.sourceFingerprints.map { .string($0 ?? "none") }),
      PlanIdentity.namesKey: .list(resolver.inputNames.map { .list($0.map { .string($0) }) }),
      "models": .mapping(
        Dictionary(resolver.models.map { ($0.name, .string($0.fingerprint)) }) { first, _ in first }),
      "references": .list(resolver.referenceDigests.map { .string($0) }),
      "hulls": .list(resolver.references.map { [.string($0.fingerprint)] } ?? []),
    ]
    // Apart from the models': the same weights stay the same weights when their error bars are fitted anew.
    let calibrations = resolver.models.compactMap { model in
      model.calibration.map { (model.name, ConfigurationTree.string($0.digest)) }
    }
    if !calibrations.isEmpty {
      digests["calibrations"] = .mapping(Dictionary(calibrations) { first, _ in first })
    }
    if !resolver.offsetDigests.isEmpty {
      digests["offsets"] = .list(resolver.offsetDigests.map { .string($0) })
    }
    if !resolver.prototypeDigests.isEmpty {
      digests[PlanIdentity.prototypesKey] = .list(resolver.prototypeDigests.map { .string($0) })
    }
    tree = .mapping(["campaign": value.tree, "digests": .mapping(digests)])
    canonicalText = tree.canonicalText
    fingerprint = PlanIdentity.fingerprint(of: tree)
  }

  /// Number of records of each source, and its name; nil where the source cannot be counted.
  ///
  /// Archives are read through, without decoding their structures.
  public func countRecords() -> [(name: String, records: Int?)] {
    sources.map { source in
      switch source {
      case .decoration(let decoration): (source.name, decoration.count)
      case .archive(let path, _, let limits):
        (source.name, try? ArchiveReader.countRecords(path: path, limits: limits))
      }
    }
  }

  /// Number of candidates where it is known without reading archives; nil otherwise.
  public var knownRecordCount: Int? {
    var sum = 0
    for source in sources {
      guard case .decoration(let decoration) = source else { return nil }
      sum += decoration.count
    }
    return sum
  }

  /// Whether something is computed before the first record, of which every row depends.
  var hasPasses: Bool {
    hullStage?.competitors.map { $0.count > 0 } ?? false || searches.values.contains { $0.cascade != nil }
  }

  /// Whether candidates' space groups are looked for.
  var findsSymmetry: Bool { stages.contains { if case .symmetry = $0 { true } else { false } } }

  /// One line a stage: what it is and what it uses.
  public var stageSummaries: [String] {
    stages.map { stage in
      switch stage {
      case .filter(let filter): "filter \(filter.name)"
      case .symmetry(let tolerance, let distance):
        "symmetry: space groups within \(tolerance) Å"
          + (distance.map { ", of candidates at most \($0) eV/atom above the hull" } ?? "")
      case .graph(let rule): "graph: \(describe(rule))"
      case .predict(let index):
        "predict \(models[index].name): \(models[index].property) (\(models[index].unit)), "
          + "\(models[index].kind), weights \(models[index].fingerprint.prefix(12))"
          + (models[index].calibration.map { ", calibration \($0.digest.prefix(12))" } ?? "")
      case .energy(let index, let column, let offsets):
        "energy \(models[index].name): \(models[index].property) (\(models[index].unit)) from column \(column)"
          + (offsets.map { ", moved by \($0.summary)" } ?? "")
      case .hull(let stage):
        "hull: \(stage.references.phaseCount) reference phases from \(stage.references.name)"
          + (references.map { $0.notes.isEmpty ? "" : " (\($0.notes.joined(separator: "; ")))" } ?? "")
          + " for "
          + stage.models.map { models[$0].name }.joined(separator: ", ")
          + (stage.options.excludesSameComposition ? ", own composition left out" : "")
          + (stage.competitors.map { ", " + $0.summary } ?? "")
      }
    }
  }
}

extension CampaignPlan.Model {
  /// Identity of what gives the numbers.
  var fingerprint: String {
    switch origin {
    case .ensemble(let folder): folder.fingerprint
    case .regression(let predictor): predictor.folder.fingerprint
    case .column(let column, let offsets):
      "column:\(column)" + (offsets.map { " offsets:\($0.fingerprint)" } ?? "")
    }
  }

  /// The distribution of the numbers' errors, where it has been fitted.
  var calibration: Calibration? {
    switch origin {
    case .ensemble(let folder): folder.card.calibration
    case .regression, .column: nil
    }
  }

  /// What the numbers are.
  var property: String {
    switch origin {
    case .ensemble(let folder): folder.card.property
    case .regression(let predictor): predictor.folder.card.property
    case .column: formationEnergyProperty
    }
  }

  /// Unit of the numbers.
  var unit: String {
    switch origin {
    case .ensemble(let folder): folder.card.unit
    case .regression(let predictor): predictor.folder.card.unit
    case .column: "eV/atom"
    }
  }

  /// Members of the ensemble; 0 where there is none.
  var memberCount: Int {
    switch origin {
    case .ensemble(let folder): folder.card.members.count
    case .regression: 1
    case .column: 0
    }
  }

  /// What it is, in a word or two.
  fileprivate var kind: String {
    switch origin {
    case .ensemble, .column: counted(memberCount, "member")
    case .regression(let predictor):
      "\(predictor.folder.card.method) regression on \(predictor.folder.card.trainingCrystals) crystals"
    }
  }
}

/// "1 member", "3 members".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
