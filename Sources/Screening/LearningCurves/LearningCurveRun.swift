internal import Foundation
internal import Networks
public import PipelineEngine
internal import Training

/// What a learning curve tells while it is computed.
public enum LearningCurveEvent: Sendable {
  /// An archive has been loaded, for protocols of one kind of graphs.
  case training(TrainingEvent)
  /// What is known of a protocol's initial model; see `TrainingEvent.initialModel`.
  case initialModel(protocol: String, name: String, SharedCrystals?)
  /// The same of the model whose representations a protocol's sites begin with.
  case nodeModel(protocol: String, name: String, SharedCrystals?)
  /// Fits that are finished already, of all.
  case start(done: Int, of: Int)
  /// A fit is finished.
  case fit(LearningCurveFit, done: Int, of: Int)
  /// All are.
  case finished([LearningCurveTable.Row])
}

/// Computes a learning curve into a folder: every protocol with every size and seed, tested on the same crystals.
///
/// Each fit computes on one thread and is kept as a file of its own, so that a run that was killed goes on with the next
/// one, and the results depend neither on that nor on the number of threads. The crystals of a size are those of all smaller
/// sizes of the same seed and more, the same for every protocol.
public struct LearningCurveRun: Sendable {
  /// What is computed.
  public let plan: LearningCurvePlan
  /// The folder of the tables; fits lie in `fits/` within.
  public let output: String
  /// Number of fits at once.
  public let jobs: Int

  /// A run into a folder.
  public init(plan: LearningCurvePlan, output: String, jobs: Int) {
    self.plan = plan
    self.output = output
    self.jobs = jobs
  }

  /// One fit that is to be done.
  private struct Job: Sendable {
    let strategy: Int
    let size: Int
    let seed: UInt64
    /// Digest of what the result follows from.
    let identity: String
  }

  /// Runs to the end, or until `stop` is raised.
  ///
  /// - Returns: whether all fits are finished.
  /// - Throws: `ScreeningError`, `ArchiveError`; fits of other data or training files are refused.
  public func run(stop: StopFlag, report: (LearningCurveEvent) -> Void) throws -> Bool {
    try makeFolder(output + "/fits")
    let data = try load(report)
    let pool = data[0].training
    guard let test = data[0].test else { preconditionFailure("a plan has a test split") }
    if let size = plan.sizes.last, size > pool.ids.count {
      throw ScreeningError.invalid(
        "\(plan.strategies[0].plan.train): a size of \(size) is asked for, and \(counted(pool.ids.count, "crystal")) "
          + "are not tested by")
    }
    var finished: [LearningCurveFit] = []
    var open: [Job] = []
    for task in tasks(data) {
      if let fit = try restore(task) { finished.append(fit) } else { open.append(task) }
    }
    report(.start(done: finished.count, of: plan.fitCount))
    let orders = Dictionary(
      uniqueKeysWithValues: plan.seeds.map { ($0, drawingOrder(of: pool.ids, seed: $0)) })
    let (this, queue) = (self, open)
    var next = 0
    _ = try OrderedPipeline(jobs: jobs, batchSize: 1).run(
      read: {
        defer { next += 1 }
        return next < queue.count ? queue[next] : nil
      },
      makeScratch: {},
      work: { _, batch in
        try batch.compactMap { task in
          try this.fit(
            task, data[task.strategy], order: orders[task.seed] ?? [], stop: stop)
        }
      },
      write: { (fits: [LearningCurveFit]) in
        for fit in fits {
          try keep(fit)
          finished.append(fit)
          try LearningCurveTable(finished, plan: plan, testCount: test.ids.count).write(to: output)
          report(.fit(fit, done: finished.count, of: plan.fitCount))
        }
      }, stop: stop)
    guard finished.count == plan.fitCount else { return false }
    let table = LearningCurveTable(finished, plan: plan, testCount: test.ids.count)
    try table.write(to: output)
    report(.finished(table.rows))
    return true
  }

  /// What each protocol learns from and is tested by: loaded once for each kind of graphs.
  private func load(_ report: (LearningCurveEvent) -> Void) throws -> [TrainingSplits] {
    var loaded: [(plan: TrainingPlan, splits: TrainingSplits)] = []
    return try plan.strategies.map { strategy in
      let plan = strategy.plan
      let splits: TrainingSplits
      if let known = loaded.first(where: { $0.plan.hasSameGraphs(as: plan) }) {
        splits = known.splits
      } else {
        splits = try SplitLoader(plan: plan, jobs: jobs, hasValidation: false).load(includesTest: true) {
          report(.training($0))
        }
        loaded.append((plan, splits))
      }
      guard splits.training.ids == loaded[0].splits.training.ids,
        splits.test?.ids == loaded[0].splits.test?.ids
      else {
        throw ScreeningError.invalid(
          "\(plan.train): protocol \(strategy.name) has no graphs of some crystals that the first one has graphs of, or the other way round"
        )
      }
      if let initial = plan.initial, let test = splits.test {
        let shared = try initial.shared(with: [("test", test)])
        report(.initialModel(protocol: strategy.name, name: initial.model.card.name, shared))
      }
      if let nodes = plan.nodes, let test = splits.test {
        let shared = try plan.nodesShared(with: [("test", test)])
        report(.nodeModel(protocol: strategy.name, name: nodes.card.name, shared))
      }
      return splits
    }
  }

  private func tasks(_ data: [TrainingSplits]) -> [Job] {
    plan.sizes.flatMap { size in
      plan.seeds.flatMap { seed in
        plan.strategies.indices.map { index in
          let (plan, splits) = (plan.strategies[index].plan, data[index])
          let parts =
            [
              "learning-curve-1", plan.identityText, splits.cards["train"]?.sha256 ?? "",
              splits.cards["test"]?.sha256 ?? "", plan.initial?.model.fingerprint ?? "", "\(size)", "\(seed)",
            ] + (plan.nodes.map { [$0.fingerprint] } ?? []) + splits.excluded
          return Job(
            strategy: index, size: size, seed: seed,
            identity: Fingerprint(of: parts.joined(separator: "\n")).hexadecimal)
        }
      }
    }
  }

  /// Whether the crystal at a place of the draw is one of those that choose the epoch: evenly spread, so that these are
  /// nested, too.
  static func choosesEpoch(_ place: Int, _ share: Double) -> Bool {
    (share * Double(place + 1)).rounded(.down) > (share * Double(place)).rounded(.down)
  }

  /// One fit; nil where it was stopped.
  private func fit(
    _ task: Job, _ splits: TrainingSplits, order: [Int], stop: StopFlag
  ) throws -> LearningCurveFit? {
    let strategy = plan.strategies[task.strategy]
    let (share, drawn) = (plan.validationShare, order.prefix(task.size).enumerated())
    let validation = splits.training.selecting(
      drawn.filter { Self.choosesEpoch($0.offset, share) }.map(\.element))
    let training = splits.training.selecting(
      drawn.filter { !Self.choosesEpoch($0.offset, share) }.map(\.element))
    let trainer = try strategy.plan.trainer(
      seed: task.seed, member: 0, training: training, validation: validation.data, jobs: 1, stop: stop)
    while !trainer.isFinished {
      guard let record = try trainer.runEpoch(progress: { _, _, _ in !stop.isRaised }) else { return nil }
      guard record.trainingLoss.isFinite, record.validationFigure.isFinite else {
        throw ScreeningError.invalid(
          "protocol \(strategy.name) with \(task.size) crystals and seed \(task.seed) diverged in epoch "
            + "\(record.epoch): its loss is \(record.trainingLoss); lower training.learning_rate")
      }
    }
    let (test, normalizer) = (splits.test?.data ?? LabelledGraphs(), trainer.normalizers[0])
    let predictions = NetworkPredictor([trainer.best]).predictions(test.graphs, jobs: 1)
    guard
      let errors = ErrorStatistics(
        errors: zip(predictions, test.targets).map { normalizer.restored(Double($0)) - $1 }),
      let best = trainer.history.min(by: { $0.validationFigure < $1.validationFigure })
    else { preconditionFailure("there are epochs and test crystals") }
    return LearningCurveFit(
      identity: task.identity, protocol: strategy.name, size: task.size, seed: task.seed,
      trainingCrystals: training.ids.count, validationCrystals: validation.ids.count, epoch: best.epoch,
      validationError: best.validationFigure, testError: errors.meanAbsoluteError,
      testRootMeanSquaredError: errors.rootMeanSquaredError)
  }

  private func path(_ name: String) -> String { "\(output)/fits/\(name).json" }

  private func keep(_ fit: LearningCurveFit) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let name = LearningCurveFit.name(fit.protocol, size: fit.size, seed: fit.seed)
    try writeAtomically([UInt8](try encoder.encode(fit)) + [10], to: path(name))
  }

  /// A fit of an earlier run; nil where there is none.
  private func restore(_ task: Job) throws -> LearningCurveFit? {
    let name = LearningCurveFit.name(
      plan.strategies[task.strategy].name, size: task.size, seed: task.seed)
    guard let data = FileManager.default.contents(atPath: path(name)) else { return nil }
    do {
      let fit = try JSONDecoder().decode(LearningCurveFit.self, from: data)
      guard fit.identity == task.identity else {
        throw ScreeningError.unreadable(
          path: path(name),
          reason: "a fit of another training file or of other data; name another output folder, or remove it")
      }
      return fit
    } catch let error as ScreeningError {
      throw error
    } catch {
      throw ScreeningError.unreadable(
        path: path(name), reason: "a damaged fit (\(describe(error))); remove it")
    }
  }
}

extension TrainingPlan {
  /// Whether what is loaded for one serves the other, whose data are the same.
  fileprivate func hasSameGraphs(as other: TrainingPlan) -> Bool {
    options.configuration.requirements == other.options.configuration.requirements
      && (options.augmentation == nil) == (other.options.augmentation == nil)
  }
}
