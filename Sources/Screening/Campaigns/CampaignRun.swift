internal import Configuration
internal import Foundation
internal import Networks
internal import PhaseStability
public import PipelineEngine
public import ScreeningStore
internal import StructureArchive
internal import Training

/// What a campaign came to when it ended or was stopped.
public struct CampaignReport: Sendable {
  /// Whether every input has been read to its end.
  public let isFinished: Bool
  /// Counts over the whole run, earlier calls included.
  public let counts: RunCounts
  /// Records of this call alone.
  public let recordsNow: Int
  /// Rows at or below the threshold, by each model, by all and by any.
  public let stable: StableCounts
  /// Largest energy above hull that counts as stable (eV/atom).
  public let threshold: Double
  /// Largest share of rejections that the campaign accepts.
  public let allowedShare: Double
  /// How many rows and rejections were read by which rule.
  public let reading: [ReadingCount]
  /// How many rows have which symmetry; nil without a symmetry stage.
  public let symmetry: SymmetryCounts?
}

/// Runs a campaign into a run directory; called again, it goes on where it stopped.
public struct CampaignRun: Sendable {
  /// What runs.
  public let plan: CampaignPlan
  /// The run directory: `results.sqlite`, `plan.yaml` and the claim of the running process.
  public let directory: String
  /// Number of threads; results do not depend on it.
  public let jobs: Int

  /// Name of the store within a run directory.
  public static let storeName = "results.sqlite"
  /// Name of the index of the reference phases within a run directory.
  public static let referenceIndexName = "references.hull"
  /// Name of the plan within a run directory.
  public static let planName = "plan.yaml"

  /// The process's own command line, to start it again with where a record ends it; nil to let it end.
  public let restartArguments: [String]?
  /// The part of the inputs that is run; nil for all of them.
  let part: CampaignPart?

  /// A run of a plan in a directory.
  public init(plan: CampaignPlan, directory: String, jobs: Int, restartArguments: [String]? = nil) {
    self.init(
      plan: plan, directory: directory, jobs: jobs, restartArguments: restartArguments, part: nil)
  }

  init(
    plan: CampaignPlan, directory: String, jobs: Int, restartArguments: [String]?, part: CampaignPart?
  ) {
    self.plan = plan
    self.directory = directory
    self.jobs = jobs
    self.restartArguments = restartArguments
    self.part = part
  }

  /// Runs to the end of the inputs, to `limit` further records, or until `stop` is raised.
  ///
  /// Each batch's rows, rejections, counts and the position reached are one transaction: whatever ends the process,
  /// the next call goes on after the last committed batch.
  /// - Parameters:
  ///   - limit: most records to read in this call; nil for all.
  ///   - retryingRejected: whether the records that were rejected are read again before the inputs are read on. The plan
  ///     may then differ from the run's in what leaves its rows as they are (`RetryRules`).
  ///   - stop: raised to finish the batches in hand and return.
  ///   - preparing: called after each commit of the pass that predicts competitors, before the first record.
  ///   - progress: called after each commit with the records of this call and of the whole run.
  /// A run goes on under the same plan wherever its files have moved (`PlanIdentity`).
  /// - Throws: `ScreeningError.planChanged` where the directory holds a run of another plan, `.retryRefused` where a
  ///   retry cannot make up for what changed; `StoreError`, `RunClaimError`, `ArchiveError`.
  public func run(
    limit: Int? = nil, retryingRejected: Bool = false, stop: StopFlag,
    preparing: (PreparationProgress) -> Void = { _ in },
    progress: (_ now: Int, _ total: Int) -> Void
  ) throws -> CampaignReport {
    try run(
      limit: limit, retryingRejected: retryingRejected, stop: stop, preparing: preparing,
      finishing: { _ in }, progress: progress)
  }

  /// - Parameter finishing: called with the store when all is in it, before it is closed.
  func run(
    limit: Int? = nil, retryingRejected: Bool = false, stop: StopFlag,
    preparing: (PreparationProgress) -> Void = { _ in }, finishing: (RunStore) throws -> Void,
    progress: (_ now: Int, _ total: Int) -> Void
  ) throws -> CampaignReport {
    try makeFolder(directory)
    let claim = try part?.claim ?? RunClaim(folder: directory)
    defer { withExtendedLifetime(claim) {} }
    let store = try openStore(retryingRejected: retryingRejected)
    try part?.begin(store)
    try saveReferences()
    if try store.finishedDate() == nil || store.isRetrying() {
      for case .regression(let predictor) in plan.models.map(\.origin) { try predictor.prepare(jobs: jobs) }
    }
    let notes = CrashNotes(directory: directory)
    if let restartArguments { try CrashNotes.watch(directory: directory, arguments: restartArguments) }
    var now = 0
    let prepared = try prepare(store, stop: stop, progress: preparing)
    // Stopped before their end, the passes go on in the next call, and no record is read in this one.
    var limit = prepared == nil ? 0 : limit
    let crew = part?.crew ?? CampaignCrew(plan, prepared ?? PreparedPasses())
    // Also where an earlier call began with it: its plan holds of all records only when it has come to its end.
    if try store.isRetrying() {
      let total = try store.counts().records
      let (isDone, count) = try retryRejected(
        store, crew, notes, limit: limit, stop: stop
      ) {
        progress($0, total)
      }
      now = count
      limit = isDone ? limit.map { $0 - count } : 0
    }
    let states = try store.sourceStates()
    let before = states.reduce(0) { $0 + $1.records - $1.first } - now
    let reader = SourceReader(
      plan.sources,
      from: states.enumerated().map { source, state in
        state.isFinished || part?.range.contains(source) == false
          ? nil
          : SourceStart(
            record: state.records, position: state.resumeToken.flatMap { ArchivePosition(bytes: $0) })
      }, stamps: plan.sourceStamps, limit: limit, ends: part?.range.ends)
    let plan = plan
    defer { crew.recall() }
    _ = try OrderedPipeline(jobs: jobs, batchSize: plan.batchSize).run(
      read: { try reader.read() },
      makeScratch: { crew.takeScratch() },
      work: { scratch, records in crew.worker.process(records, scratch, notes) },
      write: { (batch: StoreBatch) in
        try store.commit(batch)
        now += batch.progress.reduce(0) { $0 + $1.records.count }
        progress(now, before + now)
      },
      stop: stop)
    let isFinished = try prepared != nil && isComplete(store.sourceStates()) && !store.isRetrying()
    if isFinished, try store.finishedDate() == nil {
      try store.markFinished(at: part?.created ?? timestamp(), indexing: part == nil)
    }
    let report = CampaignReport(
      isFinished: isFinished, counts: try store.verifyCounts(), recordsNow: now,
      stable: try store.stableCounts(threshold: plan.threshold), threshold: plan.threshold,
      allowedShare: plan.allowedRejectionShare, reading: try store.readingCounts(),
      symmetry: plan.findsSymmetry ? try store.symmetryCounts() : nil)
    if isFinished { try finishing(store) }
    try store.close()
    return report
  }

  /// What has to be known before the first record. Nil where `stop` was raised before the end; a run that is finished needs
  /// neither.
  private func prepare(
    _ store: RunStore, stop: StopFlag, progress: (PreparationProgress) -> Void
  ) throws -> PreparedPasses? {
    if part?.crew != nil { return PreparedPasses() }
    guard try store.finishedDate() == nil else { return PreparedPasses() }
    return try PreparedPasses(of: plan, jobs: jobs, store, stop: stop, progress: progress)
  }

  private func isComplete(_ states: [SourceState]) -> Bool {
    part?.range.isComplete(states) ?? states.allSatisfy(\.isFinished)
  }

  private func openStore(retryingRejected: Bool) throws -> RunStore {
    let path = directory + "/" + Self.storeName
    if FileManager.default.fileExists(atPath: path) {
      do {
        let store = try RunStore.open(at: path, access: part?.access ?? .readWrite)
        if retryingRejected {
          try beginRetry(store)
        } else {
          try checkPlan(of: store)
        }
        return store
      } catch StoreError.incomplete {
        // Killed while the store was being made: nothing is lost by making it now.
      }
    }
    guard part != nil || !FileManager.default.fileExists(atPath: directory + "/" + ShardPlan.fileName) else {
      throw ScreeningError.invalid(
        "\(directory) holds a run in shards that are not merged yet; sluice status, resume and merge go on with it"
      )
    }
    try writePlan()
    return try RunStore.create(at: path, run: description, access: part?.access ?? .readWrite)
  }

  func writePlan() throws {
    try writeAtomically(Array(plan.canonicalText.utf8), to: directory + "/" + Self.planName)
  }

  private func beginRetry(_ store: RunStore) throws {
    let changed = try RetryRules(plan, directory: directory).check(store)
    // One that was begun and is not done goes on where it is, unless the plan has changed once more.
    if try store.isRetrying(), try store.description().planFingerprint == plan.fingerprint { return }
    CrashNotes.clear(directory: directory)
    try store.beginRetry(description, reopened: changed)
    try writePlan()
  }

  /// Keeps the references with the run: it resumes in milliseconds, and the hull of references and candidates needs no
  /// other file.
  func saveReferences() throws {
    guard let loaded = plan.references, !loaded.isIndexed else { return }
    let path = directory + "/" + Self.referenceIndexName
    // What a killed process left half written goes; the claim keeps others from writing here.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    where name.hasPrefix(Self.referenceIndexName + ".") {
      try? FileManager.default.removeItem(atPath: directory + "/" + name)
    }
    try loaded.saveIndex(to: path)
  }

  /// Checks that the run is one of this plan, and notes in it where the plan's files lie now.
  private func checkPlan(of store: RunStore) throws {
    let found = try store.description()
    guard found.plan != plan.canonicalText else { return }
    let earlier = try ConfigurationDocument(text: found.plan, file: Self.planName).tree()
    let differences = PlanIdentity.differences(from: earlier, to: plan.tree)
    guard !differences.isEmpty else {
      try writePlan()
      try store.notePlan(description)
      return
    }
    // Where the inputs' bytes are all that differs, say which.
    if differences.allSatisfy({ $0.keyPath.hasPrefix("digests.inputs") }),
      found.sources.count == plan.sources.count
    {
      for (index, source) in found.sources.enumerated()
      where source.name == plan.sources[index].name && source.fingerprint != plan.sourceFingerprints[index] {
        throw ScreeningError.inputChanged(
          path: source.name,
          detail: "its digest was \(source.fingerprint?.prefix(12) ?? "none") when the run began and is now "
            + "\(plan.sourceFingerprints[index]?.prefix(12) ?? "none")")
      }
    }
    throw ScreeningError.planChanged(
      runDirectory: directory, differences: PlanIdentity.explanation(from: earlier, to: plan.tree))
  }

  var description: RunDescription {
    RunDescription(
      name: plan.name, plan: plan.canonicalText, planFingerprint: plan.fingerprint,
      created: part?.created ?? timestamp(),
      sluiceVersion: recordedVersion, stabilityThreshold: plan.threshold,
      models: plan.models.map { model in
        ModelDescription(
          name: model.name, fingerprint: model.fingerprint, property: model.property, unit: model.unit,
          memberCount: model.memberCount, calibration: model.calibration?.jsonText)
      },
      sources: zip(plan.sources, plan.sourceFingerprints).map {
        SourceDescription(name: $0.name, fingerprint: $1)
      })
  }
}

/// The time of now, ISO 8601.
func timestamp() -> String { Date.now.formatted(.iso8601) }
