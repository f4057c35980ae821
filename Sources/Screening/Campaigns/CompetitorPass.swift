internal import Crystal
internal import PhaseStability
internal import PipelineEngine
internal import ScreeningStore

/// How far a pass before the stream has come.
public struct PreparationProgress: Sendable {
  /// What is counted: "competitors", or the "pilots" of a search.
  public let unit: String
  /// How many are done.
  public let done: Int
  /// How many there are.
  public let total: Int
}

/// The hulls of references and predicted competitors, by model.
struct CompetitorHulls: Sendable {
  /// For each model that predicts some, by position.
  var byModel: [Int: HullReferences] = [:]
}

extension CompetitorHulls {
  /// The references with what each model predicts where they have no phase; of one composition the lowest counts.
  ///
  /// - Throws: `ScreeningError` where a stored competitor cannot be read.
  init(_ references: HullReferences, _ competitors: [PredictedCompetitor]) throws {
    var entries: [Int: [PhaseEntry]] = [:]
    for competitor in competitors where !competitor.isReference {
      guard let energy = competitor.energy else { continue }
      entries[competitor.model, default: []].append(
        try PhaseEntry(
          composition: competitor.composition(), energyPerAtom: energy,
          formula: competitor.formula + competitor.mark))
    }
    self.init(byModel: entries.mapValues { references.adding($0) })
  }
}

extension PredictedCompetitor {
  /// Its composition.
  ///
  /// - Throws: `ScreeningError` where the stored formula is none.
  func composition() throws -> Composition {
    do {
      return try Composition(formula: formula)
    } catch {
      throw ScreeningError.invalid(
        "competitor \(number): the stored formula \"\(formula)\" cannot be read (\(error))")
    }
  }

  /// What stands behind its formula in decompositions.
  var mark: String { " (\(prototype)" + Self.markEnding }

  /// What every such mark ends with.
  static let markEnding = ", predicted)"
}

/// Predicts the competitors of a campaign before its stream begins, with its own graph and predict stages.
///
/// What it finds lies in the run's store, a transaction a batch: ended at any moment, it goes on there. The stream begins
/// when it is complete, so a row depends on its own record and on fixed inputs as without it.
struct CompetitorPass {
  /// Name of the pass in the store.
  static let task = "competitors"

  let plan: CampaignPlan
  let jobs: Int

  /// Predicts what has not been predicted yet.
  ///
  /// - Returns: the hulls; nil where `stop` was raised before the end.
  func run(
    _ store: RunStore, stop: StopFlag, progress: (PreparationProgress) -> Void
  ) throws -> CompetitorHulls? {
    guard let stage = plan.hullStage, let competitors = stage.competitors, competitors.count > 0 else {
      return CompetitorHulls()
    }
    let done = try store.preparation(Self.task)?.done ?? 0
    if done < competitors.count {
      guard try predict(competitors, stage, from: done, store, stop: stop, progress: progress) else {
        return nil
      }
    }
    return try CompetitorHulls(stage.references, store.competitors())
  }

  private func predict(
    _ competitors: CompetitorPlan, _ stage: HullStage, from first: Int, _ store: RunStore, stop: StopFlag,
    progress: (PreparationProgress) -> Void
  ) throws -> Bool {
    let plan = plan.predicting(competitors)
    let worker = CampaignWorker(plan)
    var next = first
    var done = first
    let total = competitors.count
    _ = try OrderedPipeline(jobs: jobs, batchSize: plan.batchSize).run(
      read: { () -> Int? in
        defer { next += 1 }
        return next < total ? next : nil
      },
      makeScratch: { CampaignScratch(plan) },
      work: { scratch, numbers in
        Self.outcomes(
          numbers, competitors, stage, worker.process(numbers.map { competitors.record($0) }, scratch))
      },
      write: { (found: [PredictedCompetitor]) in
        // One number has an outcome for each model.
        done += Set(found.map(\.number)).count
        try store.notePreparation(
          Self.task, PreparationState(done: done, of: total), competitors: found)
        progress(PreparationProgress(unit: "competitors", done: done, total: total))
      }, stop: stop)
    return done == total
  }

  /// What the models say of a batch of competitors.
  private static func outcomes(
    _ numbers: [Int], _ competitors: CompetitorPlan, _ stage: HullStage, _ batch: StoreBatch
  ) -> [PredictedCompetitor] {
    let rows = Dictionary(batch.rows.map { ($0.key, $0) }) { first, _ in first }
    let rejections = Dictionary(batch.rejections.map { ($0.key, $0) }) { first, _ in first }
    return numbers.flatMap { number -> [PredictedCompetitor] in
      let record = competitors.record(number)
      let key = RecordKey(source: record.source, record: record.record)
      let decoration = competitors.decorations[record.source]
      let structure = decoration.candidate(at: record.record).structure
      let composition = structure.composition
      let isReference = stage.references.phaseIndex(of: composition) != nil
      return stage.models.compactMap { model in
        let score = rows[key]?.scores.first { $0.model == model }
        // Energies given by the input predict nothing.
        guard score != nil || rejections[key] != nil else { return nil }
        return PredictedCompetitor(
          number: number, model: model, prototype: decoration.prototype.name,
          formula: composition.reducedFormula, volume: structure.lattice.volume, energy: score?.mean,
          standardDeviation: score?.standardDeviation, isReference: isReference,
          message: rejections[key]?.message)
      }
    }
  }
}

extension CampaignPlan {
  /// The hull stage, where there is one.
  var hullStage: HullStage? {
    for case .hull(let stage) in stages { return stage }
    return nil
  }

  /// A plan that only predicts competitors: its sources are their decorations, its stages this plan's graphs and models.
  fileprivate func predicting(_ competitors: CompetitorPlan) -> CampaignPlan {
    var plan = self
    plan.sources = competitors.decorations.map { .decoration($0) }
    plan.searches = [:]
    plan.stages = stages.filter { stage in
      switch stage {
      case .graph, .predict: true
      case .filter, .symmetry, .energy, .hull: false
      }
    }
    return plan
  }
}
