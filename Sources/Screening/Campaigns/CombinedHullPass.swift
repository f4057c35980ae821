internal import Crystal
internal import Foundation
internal import PhaseStability
internal import PipelineEngine
internal import ScreeningStore

/// What the pass over the second hull came to.
public struct CombinedHullReport: Sendable {
  /// One model's candidates on both hulls.
  public struct Model: Sendable {
    /// Name of the model.
    public let name: String
    /// Its candidates on the hull.
    public let candidates: Int
    /// Those at or below the threshold on the hull of the references.
    public let stableAgainstReferences: Int
    /// Those at or below the threshold on the hull of references and candidates.
    public let stableAgainstAll: Int
    /// Candidates that repeat a composition of the references or of another candidate.
    public let duplicates: Int
  }

  /// Models with candidates on the hull.
  public let models: [Model]
  /// Largest distance that counts as stable (eV/atom).
  public let threshold: Double
  /// What the references are.
  public let references: String
}

/// Places all candidates of a run on the hull of the references and the candidates themselves, which compete.
///
/// A pass of its own over the store: unlike the distance to the references, which a row has for itself, these
/// distances depend on all rows at once, though not on their order.
public struct CombinedHullPass: Sendable {
  private let directory: String
  private let reference: String?
  private let jobs: Int

  /// A pass over a run.
  ///
  /// - Parameters:
  ///   - directory: the run directory.
  ///   - reference: file of the references; nil for the index that the run keeps.
  ///   - jobs: number of threads; results do not depend on it.
  public init(directory: String, reference: String? = nil, jobs: Int) {
    self.directory = directory
    self.reference = reference
    self.jobs = jobs
  }

  /// Computes all places and stores them, replacing those of an earlier call.
  ///
  /// - Throws: `ScreeningError` where the run has no hull stage or the references are not the run's; `StoreError`;
  ///   `RunClaimError` while the run is going on.
  public func run() throws -> CombinedHullReport {
    let path = directory + "/" + CampaignRun.storeName
    guard FileManager.default.fileExists(atPath: path) else {
      throw ScreeningError.unreadable(
        path: directory, reason: "no run directory (there is no \(CampaignRun.storeName) in it)")
    }
    let claim = try RunClaim(folder: directory)
    defer { withExtendedLifetime(claim) {} }
    let store = try RunStore.open(at: path, access: .readWrite)
    let description = try store.description()
    let plan = try StoredHullStage(plan: description.plan, directory: directory)
    let loaded = try plan.references(directory: directory, reference: reference)
    let threshold = description.stabilityThreshold ?? 0
    var places: [CombinedStability] = []
    var models: [CombinedHullReport.Model] = []
    for (index, model) in description.models.enumerated() {
      let energies = try store.placedEnergies(model: index)
      guard !energies.isEmpty else { continue }
      let hull = try CombinedPlaces(loaded.references, energies, threshold: threshold, options: plan.options)
      let own = try hull.places(model: index, jobs: jobs)
      models.append(
        CombinedHullReport.Model(
          name: model.name, candidates: own.count,
          stableAgainstReferences: try store.ranked(
            RankingFilter(model: index, maximumEnergyAboveHull: threshold)
          ).count,
          stableAgainstAll: own.count { $0.energyAboveHull <= threshold }, duplicates: hull.duplicateCount))
      places += own
    }
    try store.replaceCombinedHull(
      places, computed: timestamp(), reference: loaded.references.name,
      referenceFingerprint: loaded.fingerprint)
    try store.close()
    return CombinedHullReport(models: models, threshold: threshold, references: loaded.summary)
  }
}

/// Candidates of one model on the hull of references and all of them.
struct CombinedPlaces: Sendable {
  private struct Point: Sendable {
    let key: RecordKey
    let composition: Composition
    let energy: Double
  }

  private let points: [Point]
  private let hull: HullReferences
  private let threshold: Double
  private let options: HullOptions
  /// Candidates whose composition a reference or another candidate has.
  let duplicateCount: Int

  init(
    _ references: HullReferences, _ energies: [PlacedEnergy], threshold: Double, options: HullOptions
  ) throws {
    var points: [Point] = []
    points.reserveCapacity(energies.count)
    for energy in energies {
      let composition: Composition
      do {
        composition = try Composition(formula: energy.formula)
      } catch {
        throw ScreeningError.invalid(
          "source \(energy.key.source), record \(energy.key.record): the stored formula \"\(energy.formula)\" "
            + "cannot be read (\(error))")
      }
      points.append(Point(key: energy.key, composition: composition, energy: energy.energy))
    }
    let entries = try points.map {
      try PhaseEntry(composition: $0.composition, energyPerAtom: $0.energy)
    }
    hull = references.adding(entries)
    duplicateCount = hull.duplicateCount - references.duplicateCount
    self.points = points
    self.threshold = threshold
    self.options = options
  }

  private final class Scratch {
    var solver: HullSolver
    init(_ hull: HullReferences) { solver = HullSolver(references: hull) }
  }

  /// The places, in the order of the energies.
  func places(model: Int, jobs: Int) throws -> [CombinedStability] {
    var places: [CombinedStability] = []
    places.reserveCapacity(points.count)
    var next = 0
    let (points, hull, threshold, options) = (points, hull, threshold, options)
    _ = try OrderedPipeline(jobs: jobs, batchSize: 256).run(
      read: {
        defer { next += 1 }
        return next < points.count ? points[next] : nil
      },
      makeScratch: { Scratch(hull) },
      work: { scratch, points in
        try points.map { point in
          let (distance, energyAboveHull) = try scratch.solver.settledDistance(
            of: point.composition, energyPerAtom: point.energy, threshold: threshold, options: options)
          return CombinedStability(
            key: point.key, model: model, energyAboveHull: energyAboveHull,
            decompositionEnergy: distance.decompositionEnergy,
            decomposition: hull.description(of: distance.decomposition))
        }
      },
      write: { (batch: [CombinedStability]) in places += batch })
    return places
  }
}
