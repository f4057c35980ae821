internal import Networks
internal import PipelineEngine
internal import Training

/// The splits of a training, loaded.
struct TrainingSplits: Sendable {
  /// What is learned from.
  var training = LoadedGraphs()
  /// What chooses the best epoch.
  var validation = LoadedGraphs()
  /// What the result is tested on, where it is loaded already.
  var test: LoadedGraphs?
  /// What a model card says of each, by role.
  var cards: [String: ModelCard.Split] = [:]
  /// SHA-256 of the archives whose compositions are left out.
  var excluded: [String] = []
}

/// Loads the splits of a training.
struct SplitLoader: Sendable {
  let plan: TrainingPlan
  let jobs: Int
  /// Whether a validation split is loaded, or cut off what is learned from.
  var hasValidation = true

  /// Loads the splits.
  ///
  /// - Parameter includesTest: whether the test split is loaded, too, where it has an archive of its own.
  /// - Throws: `ScreeningError`, `ArchiveError`; where a split has nothing to learn or to be judged by.
  func load(includesTest: Bool, report: (TrainingEvent) -> Void) throws -> TrainingSplits {
    var splits = TrainingSplits()
    let excluded = try excluded(&splits, report)
    let whole = try load("train", plan.train, excluded: excluded)
    splits.training = whole
    let shares = SplitShares(
      validation: hasValidation ? plan.shares.validation : nil, test: plan.shares.test,
      seed: plan.shares.seed)
    if !shares.isEmpty {
      let parts = shares.cut(whole)
      (splits.training, splits.validation) = (parts.training, parts.validation)
      splits.test = parts.test
      splits.training.leftOut = whole.leftOut
      splits.training.messages = whole.messages
    }
    splits.training = plan.shares.draw(from: splits.training)
    try take(splits.training, "train", from: plan.train, into: &splits, report)
    if hasValidation {
      if let path = plan.validation {
        splits.validation = try load("validation", path, excluded: excluded)
      }
      try take(splits.validation, "validation", from: plan.validation ?? plan.train, into: &splits, report)
    }
    if shares.test != nil, let test = splits.test {
      try take(test, "test", from: plan.train, into: &splits, report)
    } else {
      splits.test = nil
      if includesTest { try loadTest(&splits, report: report) }
    }
    return splits
  }

  /// Loads the test split, where there is one and it is not loaded yet.
  func loadTest(_ splits: inout TrainingSplits, report: (TrainingEvent) -> Void) throws {
    guard splits.test == nil, let path = plan.test else { return }
    let test = try load("test", path, excluded: [])
    splits.test = test
    try take(test, "test", from: path, into: &splits, report)
  }

  private func load(_ role: String, _ path: String, excluded: Set<Int64>) throws -> LoadedGraphs {
    var loader = GraphLoader(
      configuration: plan.options.configuration, properties: plan.columns,
      maximumSites: plan.maximumSites, jobs: jobs)
    loader.keepsStructures = role == "train" && plan.options.augmentation != nil
    // What a model was trained on is recorded, and what it is judged by compared with what is known of others.
    loader.identifies = true
    loader.excluded = excluded
    var loaded = try loader.load(path)
    if let rule = plan.classRule, !loaded.ids.isEmpty { try loaded.classify(by: rule, path: path) }
    return loaded
  }

  /// Checks a split, says what it is, and notes it for the card.
  private func take(
    _ loaded: LoadedGraphs, _ role: String, from path: String, into splits: inout TrainingSplits,
    _ report: (TrainingEvent) -> Void
  ) throws {
    report(
      .loaded(
        role: role, structures: loaded.ids.count, leftOut: loaded.leftOut, messages: loaded.messages))
    guard !loaded.ids.isEmpty else {
      let share = path == plan.train && role != "train"
      let causes = loaded.leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      throw ScreeningError.unreadable(
        path: path,
        reason: share
          ? "too few compositions for a share of \(role)"
          : "no structure with a \(plan.columns.joined(separator: " or a ")) is left of its records"
            + (causes.isEmpty ? "" : "; left out: \(causes.joined(separator: ", "))"))
    }
    // What has no label is not learned, and its errors choose no epoch.
    for (target, column) in plan.columns.enumerated() where role != "test" {
      guard loaded.data.values(of: target).contains(where: { !$0.isNaN }) else {
        throw ScreeningError.unreadable(
          path: path, reason: "no structure with a \(column) is left of its records")
      }
    }
    // Of one class there is nothing to learn, and no figure that chooses an epoch.
    if let rule = plan.classRule, role != "test", Set(loaded.data.targets).count == 1 {
      throw ScreeningError.unreadable(
        path: path,
        reason: "all \(loaded.ids.count) structures are of class \(Int(loaded.data.targets[0])) by their "
          + "\(rule.column)")
    }
    splits.cards[role] = try ModelCard.Split(loaded, from: path)
  }

  /// The compositions that are left out.
  private func excluded(
    _ splits: inout TrainingSplits, _ report: (TrainingEvent) -> Void
  ) throws -> Set<Int64> {
    var excluded: Set<Int64> = []
    for path in plan.excluded {
      let table = try readCompositions(of: path, jobs: jobs) { excluded.insert($0) }
      // A record that cannot be read excludes nothing, which whoever excludes it should know.
      report(
        .loaded(
          role: "exclude", structures: table.written, leftOut: table.rejected,
          messages: Array(table.messages.prefix(10))))
      splits.excluded.append(try Fingerprint(ofFile: path).hexadecimal)
    }
    return excluded
  }
}

/// Reads the compositions of an archive's crystals, see `CrystalIdentity`; says of how many.
func readCompositions(of path: String, jobs: Int, _ write: (Int64) -> Void) throws -> TableReport {
  var table = TableReport()
  try streamCrystals(
    path, jobs: jobs, report: &table,
    work: { _, records in records.map { .value(CrystalIdentity.composition(of: $0.structure)) } },
    write: write)
  return table
}

extension InitialParameters {
  /// How many crystals of splits, by role, the model was trained on; nil where it does not say.
  ///
  /// - Throws: `ScreeningError.sharedCrystals` where more than is allowed; `ScreeningError.unreadable` for a damaged record.
  func shared(with splits: [(String, LoadedGraphs)]) throws -> SharedCrystals? {
    try TrainedCrystals(of: model)?.shared(
      with: splits, allowed: allowed, model: model.path, key: "training.initial.allow_shared")
  }
}

extension TrainingSplits {
  /// The splits by which a training is judged, by role.
  var judging: [(role: String, loaded: LoadedGraphs)] {
    [(role: "validation", loaded: validation)] + (test.map { [(role: "test", loaded: $0)] } ?? [])
  }
}

extension TrainingPlan {
  /// How many crystals of splits, by role, the model was trained on that sites begin with; nil where it does not say.
  ///
  /// - Throws: as `InitialParameters.shared`.
  func nodesShared(with splits: [(String, LoadedGraphs)]) throws -> SharedCrystals? {
    guard let nodes else { return nil }
    return try TrainedCrystals(of: nodes)?.shared(
      with: splits, allowed: nodesAllowed, model: nodes.path, key: "model.nodes.allow_shared")
  }

  /// A trainer of one network at its start.
  ///
  /// - Parameters:
  ///   - seed: its seed.
  ///   - member: which member of an initial model it starts from.
  func trainer(
    seed: UInt64, member: Int, training: LoadedGraphs, validation: LabelledGraphs, jobs: Int,
    stop: StopFlag
  ) throws -> Trainer {
    var options = options
    options.seed = seed
    let epochs = options.augmentation.map { augmentation in
      AugmentedEpochs(
        augmentation: augmentation, requirements: options.configuration.requirements, training: training,
        seed: seed, jobs: jobs, stop: stop)
    }
    return try Trainer(
      options: options, training: training.data, validation: validation, examples: epochs,
      initial: try start(of: member, options), jobs: jobs)
  }

  /// What a member starts from; nil where that is what its seed draws.
  private func start(of member: Int, _ options: TrainingOptions) throws -> NetworkParameters? {
    guard initial != nil || nodes != nil else { return nil }
    let drawn = try options.drawnParameters()
    let start = try initial?.parameters(of: member, drawn: drawn) ?? drawn
    return try nodes.map { try NodeSection.taking($0, into: start) } ?? start
  }
}
