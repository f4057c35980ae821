internal import Crystal
internal import Networks
internal import PhaseStability
internal import PipelineEngine
internal import Prototypes
internal import ScreeningStore
internal import Training

/// Searches some candidates of a source before the stream begins, to learn which of the others are worth a search.
///
/// The candidates are drawn by the campaign's seed, so the bound follows from the plan. It lies in the run's store; a pilot
/// that was interrupted begins anew.
struct SearchPilot {
  let plan: CampaignPlan
  let jobs: Int
  private static let batchSize = 32

  /// Name of the pilot of a source in the store.
  static func task(_ source: Int) -> String { "search \(source)" }

  /// The bounds of all sources that have a cascade.
  ///
  /// - Parameter hulls: the hulls that distances are taken to.
  /// - Returns: the bounds by source; nil where `stop` was raised before the end.
  func run(
    _ store: RunStore, _ hulls: CompetitorHulls, stop: StopFlag, progress: (PreparationProgress) -> Void
  ) throws -> [Int: SearchBound]? {
    var bounds: [Int: SearchBound] = [:]
    for (source, search) in plan.searches.sorted(by: { $0.key < $1.key }) {
      guard let cascade = search.cascade, case .decoration(let decoration) = plan.sources[source] else {
        continue
      }
      if let state = try store.preparation(Self.task(source)), state.isFinished {
        bounds[source] = state.result.flatMap { SearchBound(text: $0, shapeCount: search.shapes.count) }
        continue
      }
      let candidates = drawn(cascade.pilot, of: decoration, source: source)
      guard
        let samples = try samples(candidates, decoration, search, hulls, stop: stop, progress: progress)
      else { return nil }
      // Without a bound, where none of the pilot has a place on the hull, every candidate is searched.
      bounds[source] = SearchBound(samples, keep: cascade.keep)
      try store.notePreparation(
        Self.task(source),
        PreparationState(done: candidates.count, of: candidates.count, result: bounds[source]?.text))
    }
    return bounds
  }

  /// Different candidates that the filters let through, in ascending order.
  private func drawn(_ count: Int, of decoration: Decoration, source: Int) -> [Int] {
    var generator = SeededRandom(seed: UInt64(plan.seed) ^ 0x5049_4C4F_5400_0000, stream: UInt64(source))
    var drawn: Set<Int> = []
    if decoration.count <= count {
      drawn = Set(0..<decoration.count)
    } else {
      while drawn.count < count { drawn.insert(Int.random(in: 0..<decoration.count, using: &generator)) }
    }
    let filters = plan.stages.compactMap { if case .filter(let filter) = $0 { filter } else { nil } }
    return drawn.sorted().filter { index in
      let structure = decoration.candidate(at: index).structure
      return filters.allSatisfy { $0.keeps(structure) }
    }
  }

  private final class Scratch {
    let search = ShapeSearchScratch()
    let campaign: CampaignScratch
    init(_ plan: CampaignPlan, _ hulls: CompetitorHulls) { campaign = CampaignScratch(plan, hulls) }
  }

  private func samples(
    _ candidates: [Int], _ decoration: Decoration, _ search: ShapeSearch, _ hulls: CompetitorHulls,
    stop: StopFlag, progress: (PreparationProgress) -> Void
  ) throws -> [SearchBound.Sample]? {
    guard case .ensemble(let folder) = plan.models[search.model].origin else {
      preconditionFailure("only ensembles choose shapes")
    }
    let searcher = ShapeSearcher(search, folder)
    let plan = plan
    var samples: [SearchBound.Sample] = []
    var (next, done) = (0, 0)
    typealias Outcome = (count: Int, samples: [SearchBound.Sample])
    _ = try OrderedPipeline(jobs: jobs, batchSize: Self.batchSize).run(
      read: { () -> Int? in
        defer { next += 1 }
        return next < candidates.count ? candidates[next] : nil
      },
      makeScratch: { Scratch(plan, hulls) },
      work: { scratch, indices -> Outcome in
        let found = searcher.search(indices, nil, scratch.search) { _, _ in nil }
        let samples = zip(indices, found).compactMap { index, found -> SearchBound.Sample? in
          let composition = decoration.candidate(at: index).structure.composition
          let distances = found.predictions.map { prediction in
            prediction.flatMap {
              scratch.campaign.distance(of: composition, energy: $0.mean, model: search.model, plan)
            } ?? .infinity
          }
          guard let best = found.best, distances[best.shape].isFinite else { return nil }
          return SearchBound.Sample(distances: distances, chosen: distances[best.shape])
        }
        return (indices.count, samples)
      },
      write: { (outcome: Outcome) in
        done += outcome.count
        samples += outcome.samples
        progress(PreparationProgress(unit: "pilots", done: done, total: candidates.count))
      }, stop: stop)
    return done == candidates.count ? samples : nil
  }
}

extension CampaignScratch {
  /// The distance of a candidate to the hull that its model is ranked by (eV/atom); nil where it has none.
  func distance(of composition: Composition, energy: Double, model: Int, _ plan: CampaignPlan) -> Double? {
    guard let options = plan.hullStage?.options else { return nil }
    return hull?.distance(of: composition, energy: energy, model: model, options)
  }
}
