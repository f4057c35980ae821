internal import Configuration
internal import Crystal
internal import Foundation
internal import PhaseStability
public import PipelineEngine
public import ScreeningStore

/// What a rescored run came to.
public struct RescoreReport: Sendable {
  /// The new references in words; nil for a run without a hull stage.
  public let references: String?
  /// What of the campaign does not go with the new references.
  public let notes: [String]
  /// Counts of the new run.
  public let counts: RunCounts
  /// Rows of the old run that the new references have no place for, or that they know too little of; rejections now.
  public let newlyRejected: Int
  /// Records that the hull stage of the old run had rejected, and that the new references might place: their energies are
  /// not stored, so they stay rejections. 0 where the references are the same.
  public let leftRejected: Int
  /// Rows at or below the threshold of the old run.
  public let stableBefore: StableCounts
  /// Threshold of the old run (eV/atom).
  public let thresholdBefore: Double
  /// Rows at or below the threshold now.
  public let stable: StableCounts
  /// Threshold of the new run (eV/atom).
  public let threshold: Double
  /// Largest share of rejections that the campaign accepts.
  public let allowedShare: Double
}

/// Places the rows of a finished run on other references or judges them by another threshold, as a new run beside the old.
///
/// Only what depends on these is computed: structures, predictions, rejections and counts are copied. The new run comes
/// into being in a folder of another name, which gets its own when all is done; one that is interrupted leaves nothing
/// under that name, and the next call starts over.
public struct Rescoring: Sendable {
  /// Ending of the folder that the new run comes into being in.
  static let partialEnding = ".partial"
  /// What is said of records whose energies the old run does not hold.
  static let note = " (so in the run that was rescored, which holds no energies of this record)"
  /// Rows that are placed and committed together.
  private static let batchSize = 512

  private let source: String
  private let reference: String?
  private let offsets: String?
  private let threshold: Double?
  private let jobs: Int
  /// Directory of the new run.
  public let output: String

  /// - Parameters:
  ///   - source: directory of the run.
  ///   - reference: file of the new references; nil for those of the run.
  ///   - offsets: table of offsets to take off the energies of the new references; nil to take them as they are.
  ///   - threshold: largest energy above hull that counts as stable (eV/atom); nil for the run's.
  ///   - output: directory of the new run; nil for the run's name with the next free number.
  ///   - jobs: number of threads; results do not depend on it.
  public init(
    _ source: String, reference: String? = nil, offsets: String? = nil, threshold: Double? = nil,
    output: String? = nil, jobs: Int
  ) {
    precondition(offsets == nil || reference != nil, "offsets are those of new references")
    self.source = source
    self.reference = reference
    self.offsets = offsets
    self.threshold = threshold
    self.jobs = jobs
    self.output = output ?? Self.nextName(source)
  }

  /// The name of a run with the next free number: `name.sluice`, `name-2.sluice`, `name-3.sluice`.
  private static func nextName(_ directory: String) -> String {
    let ending = ".sluice"
    var name = directory
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    let isNamed = name.hasSuffix(ending)
    if isNamed { name.removeLast(ending.count) }
    var number = 1
    if let dash = name.lastIndex(of: "-"), let own = Int(name[name.index(after: dash)...]), own > 1 {
      number = own
      name = String(name[..<dash])
    }
    var next: String
    repeat {
      number += 1
      next = "\(name)-\(number)" + (isNamed ? ending : "")
    } while FileManager.default.fileExists(atPath: next)
    return next
  }

  /// Makes the new run.
  ///
  /// - Parameters:
  ///   - stop: raised to give up; nothing is left then.
  ///   - progress: called after each batch with the rows done and the rows in all.
  /// - Returns: what it came to; nil where `stop` was raised before the end.
  /// - Throws: `ScreeningError` where the run is unfinished, has no hull stage for references, or the output exists;
  ///   `StoreError`; `RunClaimError` where another process makes the same run.
  public func run(
    stop: StopFlag = StopFlag(), progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> RescoreReport? {
    try checkOutput()
    let store = try openRun(source)
    guard try store.finishedDate() != nil else {
      throw ScreeningError.unreadable(
        path: source, reason: "the run is not finished; go on with sluice run before rescoring it")
    }
    let before = try store.description()
    let rules = try rules(before)
    let partial = output + Self.partialEnding
    try makeFolder(partial)
    let claim = try RunClaim(folder: partial)
    defer { withExtendedLifetime(claim) {} }
    try empty(partial)
    do {
      guard let report = try fill(partial, from: store, before, rules, stop: stop, progress: progress) else {
        try? FileManager.default.removeItem(atPath: partial)
        return nil
      }
      try checkOutput()
      try moveIntoPlace(partial)
      return report
    } catch {
      try? FileManager.default.removeItem(atPath: partial)
      throw error
    }
  }

  // MARK: What decides

  /// What the places of the new run follow from.
  private struct Rules {
    /// What a person should know.
    let notes: [String]
    /// What places energies; nil for a run without a hull stage.
    let stage: HullStage?
    let loaded: LoadedReferences?
    let odds: StabilityOdds
    /// Models that predict the distance itself, by position.
    let directModels: [Int]
    /// The plan of the new run.
    let plan: ConfigurationTree
    /// Whether the phases are others than those of the run.
    let hasOtherReferences: Bool
    let allowedShare: Double
  }

  private func rules(_ run: RunDescription) throws -> Rules {
    let campaign = try StoredCampaign(plan: run.plan)
    let threshold = threshold ?? run.stabilityThreshold ?? 0
    let odds = StabilityOdds(
      threshold: threshold, calibrations: try run.models.map { try $0.storedCalibration() })
    var stage: HullStage?
    var loaded: LoadedReferences?
    var named: StoredCampaign.NewReferences?
    var notes: [String] = []
    var hasOtherReferences = false
    let hull = campaign.hull(run.models)
    if hull != nil || reference != nil {
      let stored = try StoredHullStage(plan: run.plan, directory: source)
      let references: LoadedReferences
      if let reference {
        references = try ReferenceFile.load(reference, reading: ReferenceReading(offsets: offsets))
        named = StoredCampaign.NewReferences(
          file: (reference, try InputDigest.of(reference)),
          offsets: try offsets.map { ($0, try InputDigest.of($0)) }, fingerprint: references.fingerprint)
      } else {
        references = try stored.references(directory: source, reference: nil)
      }
      hasOtherReferences = references.fingerprint != stored.fingerprint
      if hasOtherReferences {
        if offsets == nil, hull?.value.optional("offsets") != nil {
          notes.append(
            "the references of \(source) were moved by offsets, the new ones are taken as they are; --offsets moves them"
          )
        }
        if campaign.hasCascade {
          notes.append(
            "which candidates of \(source) were searched, a cascade decided by its own references; shapes stay as they are"
          )
        }
      }
      loaded = references
      stage = hull.map { hull in
        HullStage(
          references: references.references, options: stored.options, models: hull.models,
          coverage: CoverageRules(hull.value["coverage"]), competitors: nil)
      }
    }
    return Rules(
      notes: notes, stage: stage, loaded: loaded, odds: odds,
      directModels: run.models.indices.filter { run.models[$0].property == hullDistanceProperty },
      plan: campaign.rescored(from: run.planFingerprint, threshold: threshold, references: named),
      hasOtherReferences: hasOtherReferences,
      allowedShare: campaign.value["rejections"].number("allowed_share"))
  }

  // MARK: The new run

  private func fill(
    _ folder: String, from store: RunStore, _ before: RunDescription, _ rules: Rules, stop: StopFlag,
    progress: (_ done: Int, _ total: Int) -> Void
  ) throws -> RescoreReport? {
    let plan = rules.plan.canonicalText
    let path = folder + "/" + CampaignRun.storeName
    try store.copy(to: path)
    try writeAtomically(Array(plan.utf8), to: folder + "/" + CampaignRun.planName)
    try rules.loaded?.saveIndex(to: folder + "/" + CampaignRun.referenceIndexName)
    let copy = try RunStore.open(at: path, access: .readWrite)
    // The old run may have been begun anew between the look at it and the copy.
    guard try copy.finishedDate() != nil, try copy.description() == before else {
      throw ScreeningError.unreadable(path: source, reason: "the run changed while it was copied; try again")
    }
    let countsBefore = try copy.counts()
    let thresholdBefore = before.stabilityThreshold ?? 0
    let stableBefore = try copy.stableCounts(threshold: thresholdBefore)
    try copy.beginRescore(
      RunDescription(
        name: before.name, plan: plan, planFingerprint: PlanIdentity.fingerprint(of: rules.plan),
        created: timestamp(), sluiceVersion: recordedVersion, stabilityThreshold: rules.odds.threshold,
        models: before.models, sources: before.sources),
      noting: rules.hasOtherReferences ? Self.note : nil, at: HullPlacement.stageName)
    guard try place(copy, rules, total: countsBefore.rows, stop: stop, progress: progress) else { return nil }
    try copy.markFinished(at: timestamp())
    let counts = try copy.verifyCounts()
    let report = RescoreReport(
      references: rules.loaded?.summary, notes: rules.notes, counts: counts,
      newlyRejected: countsBefore.rows - counts.rows,
      leftRejected: rules.hasOtherReferences ? countsBefore.rejected(at: HullPlacement.stageName) : 0,
      stableBefore: stableBefore, thresholdBefore: thresholdBefore,
      stable: try copy.stableCounts(threshold: rules.odds.threshold), threshold: rules.odds.threshold,
      allowedShare: rules.allowedShare)
    try copy.close()
    return report
  }

  /// Places all rows; false where `stop` was raised before the end.
  private func place(
    _ store: RunStore, _ rules: Rules, total: Int, stop: StopFlag,
    progress: (_ done: Int, _ total: Int) -> Void
  ) throws -> Bool {
    let competitors = try rules.stage.map { try self.competitors(store, $0.references) } ?? CompetitorHulls()
    let (odds, directModels) = (rules.odds, rules.directModels)
    let placement = rules.stage.flatMap { stage in
      rules.loaded.map { HullPlacement(stage: stage, references: $0, odds: odds) }
    }
    var page: [ScoredRow] = []
    var last: RecordKey?
    var done = 0
    _ = try OrderedPipeline(jobs: jobs, batchSize: Self.batchSize).run(
      read: { () throws -> ScoredRow? in
        if page.isEmpty { page = try store.scoredRows(after: last, limit: Self.batchSize).reversed() }
        let row = page.popLast()
        last = row?.key ?? last
        return row
      },
      makeScratch: { placement.map { HullScratch($0.stage.references, competitors) } },
      work: { scratch, rows in
        var batch = RescoredBatch()
        for row in rows {
          let composition = try row.composition()
          do throws(HullRefusal) {
            var places = row.scores.filter { directModels.contains($0.model) }.map(odds.place)
            if let placement, let scratch {
              places += try placement.places(of: row.scores, composition, scratch)
            }
            batch.rows.append(RescoredBatch.PlacedRow(key: row.key, stabilities: places))
          } catch {
            batch.rejections.append(
              RejectedRecord(
                key: row.key, materialID: row.materialID.isEmpty ? nil : row.materialID,
                stage: HullPlacement.stageName, reason: error.reason, message: error.message))
          }
        }
        return batch
      },
      write: { (batch: RescoredBatch) in
        try store.commit(batch)
        done += batch.rows.count + batch.rejections.count
        progress(done, total)
      }, stop: stop)
    return done == total
  }

  /// The predicted competitors on the new references: which of them take part depends on what those hold.
  private func competitors(_ store: RunStore, _ references: HullReferences) throws -> CompetitorHulls {
    let competitors = try store.competitors().map { competitor in
      var competitor = competitor
      competitor.isReference = references.phaseIndex(of: try competitor.composition()) != nil
      return competitor
    }
    if let state = try store.preparation(CompetitorPass.task) {
      try store.notePreparation(CompetitorPass.task, state, competitors: competitors)
    }
    return try CompetitorHulls(references, competitors)
  }

  // MARK: Folders

  private func checkOutput() throws {
    guard !FileManager.default.fileExists(atPath: output) else {
      throw ScreeningError.unwritable(
        path: output, reason: "it exists already; name another directory with --output")
    }
  }

  /// Removes what a killed process left, all but the claim.
  private func empty(_ folder: String) throws {
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != RunClaim.fileName
      {
        try FileManager.default.removeItem(atPath: folder + "/" + name)
      }
    } catch {
      throw ScreeningError.unwritable(path: folder, reason: describe(error))
    }
  }

  private func moveIntoPlace(_ folder: String) throws {
    do {
      try FileManager.default.moveItem(atPath: folder, toPath: output)
    } catch {
      throw ScreeningError.unwritable(path: output, reason: describe(error))
    }
  }
}

extension ScoredRow {
  /// - Throws: `ScreeningError` where the stored formula is none, which no run writes.
  fileprivate func composition() throws -> Composition {
    do {
      return try Composition(formula: formula)
    } catch {
      throw ScreeningError.invalid(
        "source \(key.source), record \(key.record): the stored formula \"\(formula)\" cannot be read (\(error))"
      )
    }
  }
}

extension RunCounts {
  /// Number of rejections at a stage.
  fileprivate func rejected(at stage: String) -> Int {
    rejections.filter { $0.stage == stage }.reduce(0) { $0 + $1.records }
  }
}
