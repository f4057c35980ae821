internal import Crystal
internal import Foundation
internal import PhaseStability
public import ScreeningStore

/// What of a run and its labels was compared, and what was not.
public struct ComparisonCounts: Hashable, Sendable {
  /// Candidates of the run with an id: rows and rejected records, each id once.
  public internal(set) var candidates = 0
  /// Records that repeat the id of another candidate; the first that came through stands for it.
  public internal(set) var duplicateCandidates = 0
  /// Rejected records without an id.
  public internal(set) var rejectedWithoutID = 0
  /// Candidates without a label, which were left out.
  public internal(set) var candidatesWithoutLabel = 0
  /// Labels, each id once.
  public internal(set) var labels = 0
  /// Labels that repeat an earlier one with the same value.
  public internal(set) var duplicateLabels = 0
  /// Records of the labels' file without a number.
  public internal(set) var recordsWithoutLabel = 0
  /// Labels whose id no candidate has, which were left out.
  public internal(set) var labelsWithoutCandidate = 0
  /// Labelled candidates whose true distance is not known, which were left out: an element without a reference, or a
  /// rejected record whose label names no composition.
  public internal(set) var labelsWithoutDistance = 0
  /// Labelled candidates left out since the offsets hold none for one of their elements.
  public internal(set) var labelsNotAligned = 0
  /// These elements' symbols.
  public internal(set) var elementsNotAligned: [String] = []
  /// Candidates whose own composition is a phase of the judging hull and competes with them there.
  public internal(set) var judgedByOwnComposition = 0
}

/// What decides which candidates are truly stable, where that is not simply the hull of the run.
public struct ComparisonJudgment: Hashable, Sendable {
  /// File of reference phases that labels are placed on instead of the run's; nil for the run's.
  public var reference: String?
  /// Whether references of a candidate's own composition are left out, whatever the campaign says.
  public var excludesSameComposition: Bool
  /// File of offsets by element that are taken off the labels' formation energies; nil for none.
  public var offsets: String?

  /// A judgment by the hull of the run, as the campaign sets it, unless said otherwise.
  public init(reference: String? = nil, excludesSameComposition: Bool = false, offsets: String? = nil) {
    self.reference = reference
    self.excludesSameComposition = excludesSameComposition
    self.offsets = offsets
  }
}

/// Two models of a run, compared by the labels of its candidates.
public struct RunComparison: Sendable {
  /// A hull that distances are taken to.
  public struct Hull: Hashable, Sendable {
    /// File of the references, as the campaign or the caller names it.
    public let reference: String
    /// Fingerprint of the references, hexadecimal.
    public let fingerprint: String
    /// Whether references of a candidate's own composition are left out.
    public let excludesSameComposition: Bool
    /// Whether each model's predicted competitors take part.
    public var hasCompetitors = false

    /// Name of the file, without its folder.
    public var fileName: String { reference.split(separator: "/").last.map(String.init) ?? reference }

    /// What is left out of it, for behind its name.
    public var ownCompositionText: String {
      excludesSameComposition ? " without a candidate's own composition" : ""
    }
  }

  /// The hulls that rank and judge, by the names of their files.
  public var hullsText: String {
    let ranking =
      "ranked on \(hull.fileName)\(hull.hasCompetitors ? " and predicted competitors" : "")\(hull.ownCompositionText)"
    guard let judgingHull else { return ranking + "; judged by distances as given" }
    return judgingHull == hull
      ? "hull: \(hull.fileName)\(hull.ownCompositionText)"
      : ranking + "; judged on \(judgingHull.fileName)\(judgingHull.ownCompositionText)"
  }

  /// The table that moved the labels' energies.
  public struct Offsets: Hashable, Sendable {
    /// The file, as it was named.
    public let path: String
    /// SHA-256 of the file, hexadecimal.
    public let fingerprint: String
  }

  /// Name of the campaign.
  public let campaign: String
  /// Names of the first and the second model.
  public let modelNames: [String]
  /// What the labels are.
  public let labelKind: LabelKind
  /// The hull of the run, which ranks: predicted distances are to this one.
  public let hull: Hull
  /// The hull that judges: true distances are to this one. Nil where the labels are distances to a hull of their own.
  public let judgingHull: Hull?
  /// What moved the labels' energies; nil where nothing did.
  public let labelOffsets: Offsets?
  /// How the labels' energies lie to the judging hull's phases of the same compositions; nil where they are distances,
  /// or too few are shared.
  public let scale: LabelScale?
  /// What was left out.
  public let counts: ComparisonCounts
  /// The figures.
  public let comparison: ModelComparison
  /// What the probabilities of the first and the second model are worth.
  public let reliability: [ModelReliability]

  /// Compares two models of a finished run.
  ///
  /// - Parameters:
  ///   - directory: the run directory.
  ///   - labels: file of labels; see docs/compare.md.
  ///   - kind: which number of the labels counts; nil to find out.
  ///   - models: names of the first and the second model.
  ///   - threshold: largest energy above hull that counts as stable (eV/atom); nil for the campaign's own.
  ///   - reference: file of the references; nil for the index that the run keeps. Not needed, and not opened, where
  ///     labels are energies above hull or another hull judges.
  ///   - rankingHull: the hull that predicted distances are to, of the references or with predicted competitors; nil for
  ///     the run's standard one.
  ///   - judgment: what decides which candidates are truly stable.
  ///   - options: budgets and resamples.
  /// - Throws: `ScreeningError`, `StoreError`, `ArchiveError`.
  public init(
    directory: String, labels: String, kind: LabelKind? = nil, models: (first: String, second: String),
    threshold: Double? = nil, reference: String? = nil, rankingHull: RankingHull? = nil,
    judgment: ComparisonJudgment = ComparisonJudgment(),
    options: ComparisonOptions = ComparisonOptions()
  ) throws {
    let store = try openRun(directory)
    let description = try store.description()
    guard try store.finishedDate() != nil else {
      throw ScreeningError.unreadable(
        path: directory, reason: "the run is not finished; go on with sluice run before comparing its models")
    }
    let threshold = threshold ?? description.stabilityThreshold ?? 0
    let stage = try StoredHullStage(plan: description.plan, directory: directory)
    let truth = try ComparisonLabels(path: labels, kind: kind)
    let indices = try [models.first, models.second].map { try modelIndex(named: $0, in: store) }
    let ranking = try rankingHull ?? store.standardHull()
    guard ranking != .combined else {
      throw ScreeningError.invalid(
        "a comparison ranks on the hull of the references or with predicted competitors; on that of references and "
          + "candidates, one model's candidates compete with each other")
    }
    var found = try RunCandidates(store, models: indices, on: ranking)
    for (index, name) in zip(indices.indices, [models.first, models.second])
    where !found.hasPredictions(of: index) {
      throw ScreeningError.invalid(
        "\(directory): no candidate is on the hull by \"\(name)\"; only formation energies before the hull stage are"
      )
    }
    var judge = try Judge(judgment, truth, stage, directory, reference, labels, threshold)
    var candidates: [ComparedCandidate] = []
    var odds: [[ModelReliability.Odds?]] = []
    var labelled = 0
    for candidate in found.candidates {
      guard let label = truth.byID[candidate.id] else { continue }
      labelled += 1
      guard let distance = try judge.trueDistance(of: candidate, label) else { continue }
      candidates.append(
        ComparedCandidate(
          id: candidate.id, trueDistance: distance, predictedDistances: candidate.distances))
      odds.append(candidate.odds)
    }
    judge.count(in: &found.counts)
    guard !candidates.isEmpty else {
      throw ScreeningError.invalid(
        labelled == 0
          ? "\(labels): none of its \(truth.byID.count) labels belongs to a candidate of \(directory)"
          : "\(labels): none of the \(labelled) labels of candidates has a true distance: "
            + "\(found.counts.labelsNotAligned) hold an element without an offset, "
            + "\(found.counts.labelsWithoutDistance) one without a reference")
    }
    found.counts.labels = truth.byID.count
    found.counts.duplicateLabels = truth.duplicateCount
    found.counts.recordsWithoutLabel = truth.withoutValueCount
    found.counts.candidatesWithoutLabel = found.candidates.count - labelled
    found.counts.labelsWithoutCandidate = truth.byID.count - labelled
    campaign = description.name
    modelNames = [models.first, models.second]
    labelKind = truth.kind
    hull = Hull(
      reference: stage.reference, fingerprint: stage.fingerprint ?? "unknown",
      excludesSameComposition: stage.options.excludesSameComposition,
      hasCompetitors: ranking == .competitors)
    judgingHull = judge.hull
    labelOffsets = judge.offsets.map { Offsets(path: $0.path, fingerprint: $0.fingerprint) }
    scale = judge.scale
    counts = found.counts
    let pool = ComparisonPool(candidates, threshold: threshold)
    comparison = ModelComparison(pool, options)
    reliability = try indices.enumerated().map { position, model in
      ModelReliability(
        pool, model: position, odds: odds.map { $0[position] },
        errors: try description.models[model].errorModel())
    }
  }
}

/// A candidate as the store holds it.
struct RunCandidate {
  let id: String
  /// Formula of the reduced composition; nil for a rejected record.
  let formula: String?
  /// Predicted distance (eV/atom) by each of the two models.
  let distances: [Double?]
  /// What is known of the error of each.
  let odds: [ModelReliability.Odds?]

  /// The composition: the candidate's own, else the label's; nil where neither is known.
  ///
  /// - Throws: `ScreeningError` where the label cannot be one of this candidate.
  func composition(_ label: ComparisonLabel, _ file: String) throws -> Composition? {
    let own: Composition?
    do {
      own = try formula.map { try Composition(formula: $0) }
    } catch {
      throw ScreeningError.invalid("\(id): the stored formula \"\(formula ?? "")\" cannot be read (\(error))")
    }
    if let own, let given = label.composition, given.reduced != own.reduced {
      throw ScreeningError.unreadable(
        path: file,
        reason: "\(label.place): the label is of \(given.reducedFormula), the candidate of that id is "
          + own.reducedFormula)
    }
    return own ?? label.composition
  }
}

/// The candidates of a run with the predictions of two models: rows in the order of their records, then rejected
/// records.
private struct RunCandidates {
  private(set) var candidates: [RunCandidate] = []
  var counts = ComparisonCounts()

  /// - Parameters:
  ///   - models: the models by position in the run.
  ///   - hull: the hull that distances are to.
  init(_ store: RunStore, models: [Int], on hull: RankingHull) throws {
    var seen: Set<String> = []
    var (found, counts) = (candidates, counts)
    func add(
      _ id: String, formula: String?, _ distances: [Double?], _ odds: [ModelReliability.Odds?]
    ) {
      guard seen.insert(id).inserted else {
        counts.duplicateCandidates += 1
        return
      }
      found.append(RunCandidate(id: id, formula: formula, distances: distances, odds: odds))
    }
    try store.forEachRow { stored in
      let row = stored.row
      let places = models.map { model in row.stabilities.first { $0.model == model } }
      let odds = places.map { place in
        place.map { place in
          ModelReliability.Odds(
            sigma: place.sigma,
            spread: row.scores.first { $0.model == place.model }?.standardDeviation)
        }
      }
      add(
        row.materialID, formula: row.formula,
        places.map { place in
          (hull == .competitors ? place?.withCompetitors?.energyAboveHull : nil) ?? place?.energyAboveHull
        }, odds)
    }
    try store.forEachRejection { rejection in
      guard let id = rejection.materialID else {
        counts.rejectedWithoutID += 1
        return
      }
      add(id, formula: nil, models.map { _ in nil }, models.map { _ in nil })
    }
    counts.candidates = found.count
    (candidates, self.counts) = (found, counts)
  }

  /// Whether a model places any candidate on the hull.
  func hasPredictions(of model: Int) -> Bool { candidates.contains { $0.distances[model] != nil } }
}
