internal import Foundation
public import ScreeningStore

extension RunDifference {
  /// Compares the lists of stable candidates of two runs.
  ///
  /// Candidates are joined by id and formula, and where these come several times also by source and record.
  /// - Parameters:
  ///   - directories: the run directories.
  ///   - models: names of the models that rank; nil for the first of each run on the hull.
  ///   - hull: the hull that ranks, `.references` or `.competitors`; nil for the latter where both runs have competitors.
  /// - Throws: `ScreeningError` where a run is unfinished, has no such model or places nothing by it, or where one model
  ///   predicts energies and the other distances; `StoreError`.
  public init(
    _ directories: (a: String, b: String), models: (a: String?, b: String?) = (nil, nil),
    hull: RankingHull? = nil
  ) throws {
    let (first, second) = try (
      DifferingRun(directories.a, model: models.a), DifferingRun(directories.b, model: models.b)
    )
    guard first.isDirect == second.isDirect else {
      throw ScreeningError.invalid(
        "\(first.side.model) of \(first.side.directory) and \(second.side.model) of \(second.side.directory): one predicts "
          + "formation energies and the other distances to the hull, so their difference cannot be divided")
    }
    let isOnBoth =
      try first.store.standardHull() == .competitors && second.store.standardHull() == .competitors
    let chosen = hull ?? (isOnBoth ? .competitors : .references)
    guard chosen != .combined else {
      throw ScreeningError.invalid(
        "runs are compared on the hull of the references or on that with competitors")
    }
    self.init(a: first.side, b: second.side, hull: chosen)
    try compare(first, second)
  }

  private mutating func compare(_ first: DifferingRun, _ second: DifferingRun) throws {
    let names = try first.stableNames(on: hull).union(second.stableNames(on: hull))
    let (ofA, ofB) = try (first.candidates(named: names, on: hull), second.candidates(named: names, on: hull))
    for (candidates, isFirst) in [(ofA, true), (ofB, false)] {
      let stable = candidates.byName.values.reduce(0) { $0 + $1.count(where: \.isStable) }
      if isFirst {
        (a.candidates, a.stable) = (candidates.count, stable)
      } else {
        (b.candidates, b.stable) = (candidates.count, stable)
      }
    }
    var (onlyA, onlyB): ([Unpaired], [Unpaired]) = ([], [])
    for name in names {
      let (mine, others) = (ofA.byName[name] ?? [], ofB.byName[name] ?? [])
      let pairs = Self.join(mine, others)
      for pair in pairs.joined {
        guard pair.a.isStable != pair.b.isStable else {
          stayed += pair.a.isStable ? 1 : 0
          continue
        }
        let change = try Change(pair.a, pair.b, first, second, on: hull)
        if pair.a.isStable { left.append(change) } else { entered.append(change) }
      }
      let isAmbiguous = !mine.isEmpty && !others.isEmpty
      onlyA += pairs.onlyA.filter(\.isStable).map { Unpaired(candidate: $0, isAmbiguous: isAmbiguous) }
      onlyB += pairs.onlyB.filter(\.isStable).map { Unpaired(candidate: $0, isAmbiguous: isAmbiguous) }
    }
    let fromA = try second.outcomes(of: onlyA)
    let fromB = try first.outcomes(of: onlyB)
    left += fromA.changes.map { Change($0.candidate, isOfA: true, $0.rejection) }
    entered += fromB.changes.map { Change($0.candidate, isOfA: false, $0.rejection) }
    (a.ambiguous, b.ambiguous) = (fromA.ambiguous, fromB.ambiguous)
    left.sort { ($0.a?.rank ?? 0) < ($1.a?.rank ?? 0) }
    entered.sort { ($0.b?.rank ?? 0) < ($1.b?.rank ?? 0) }
  }

  /// Joins the candidates of one id and formula: the only ones, or those of the same record.
  private static func join(
    _ a: [DifferingCandidate], _ b: [DifferingCandidate]
  ) -> (
    joined: [(a: DifferingCandidate, b: DifferingCandidate)], onlyA: [DifferingCandidate],
    onlyB: [DifferingCandidate]
  ) {
    if a.count == 1, b.count == 1 { return ([(a[0], b[0])], [], []) }
    let (keysOfA, keysOfB) = (Set(a.map(\.place.key)), Set(b.map(\.place.key)))
    let inBoth = Dictionary(uniqueKeysWithValues: b.map { ($0.place.key, $0) })
    return (
      a.compactMap { mine in inBoth[mine.place.key].map { (mine, $0) } },
      a.filter { !keysOfB.contains($0.place.key) }, b.filter { !keysOfA.contains($0.place.key) }
    )
  }
}

/// A stable candidate of one run that is no row of the other under the same id, formula and, where needed, record.
struct Unpaired {
  let candidate: DifferingCandidate
  /// Whether the other run has rows of that id and formula.
  let isAmbiguous: Bool
}

/// What two records of one candidate have in common.
struct CandidateName: Hashable {
  let id: String
  let formula: String
}

/// A candidate of one of the runs.
struct DifferingCandidate {
  let name: CandidateName
  let place: RunDifference.Place
  /// Energy above the hull of the references (eV/atom).
  let referenceDistance: WholeEnergy
  let isStable: Bool
  let stability: Stability

  /// The energy that distances are taken from; where the distance itself is predicted the hull lies at 0.
  var energy: WholeEnergy { place.energy ?? place.distance }
  var hull: WholeEnergy { energy - place.distance }
  var referenceHull: WholeEnergy { energy - (place.energy == nil ? place.distance : referenceDistance) }
}

/// One of the runs that are compared.
struct DifferingRun {
  let store: RunStore
  let side: RunDifference.Side
  let phases: CompetingPhases
  /// Whether the model predicts the distance itself.
  let isDirect: Bool
  private let model: Int

  init(_ directory: String, model name: String?) throws {
    store = try openRun(directory)
    guard try store.finishedDate() != nil else {
      throw ScreeningError.unreadable(
        path: directory, reason: "the run is not finished; go on with sluice run before comparing it")
    }
    let run = try store.description()
    model = try modelIndex(named: name, in: store)
    guard run.models.indices.contains(model),
      try store.ranked(RankingFilter(model: model, limit: 1)).count == 1
    else {
      throw ScreeningError.invalid(
        "\(directory): no candidate is on a hull by "
          + (name.map { "\"\($0)\"" } ?? "its first model; name another with --model"))
    }
    isDirect = run.models[model].property == hullDistanceProperty
    let stage = isDirect ? nil : try StoredHullStage(plan: run.plan, directory: directory)
    phases = try CompetingPhases(stage?.references(directory: directory, reference: nil), store, model: model)
    side = RunDifference.Side(
      directory: directory, campaign: run.name, planFingerprint: run.planFingerprint,
      sources: run.sources.map { exportedName($0.name) }, model: run.models[model].name,
      reference: stage?.reference, threshold: run.stabilityThreshold ?? 0)
  }

  /// The names of the stable candidates.
  func stableNames(on hull: RankingHull) throws -> Set<CandidateName> {
    var names: Set<CandidateName> = []
    let filter = RankingFilter(model: model, maximumEnergyAboveHull: side.threshold, hull: hull)
    try store.forEachRanked(filter) { names.insert(CandidateName(id: $0.materialID, formula: $0.formula)) }
    return names
  }

  /// The number of all candidates, and those of some names.
  func candidates(
    named names: Set<CandidateName>, on hull: RankingHull
  ) throws -> (count: Int, byName: [CandidateName: [DifferingCandidate]]) {
    var found: [CandidateName: [DifferingCandidate]] = [:]
    var rank = 0
    try store.forEachRanked(RankingFilter(model: model, hull: hull)) { row in
      rank += 1
      let name = CandidateName(id: row.materialID, formula: row.formula)
      guard names.contains(name) else { return }
      let distance = row.place(on: hull).energyAboveHull
      found[name, default: []].append(
        DifferingCandidate(
          name: name,
          place: RunDifference.Place(
            rank: rank, key: row.key, energy: row.stability.energy.map { WholeEnergy($0) },
            distance: WholeEnergy(distance)),
          referenceDistance: WholeEnergy(row.stability.energyAboveHull),
          isStable: distance <= side.threshold, stability: row.stability))
    }
    return (rank, found)
  }

  /// What became in this run of stable candidates of the other that are no rows here.
  func outcomes(
    of unpaired: [Unpaired]
  ) throws -> (
    changes: [(candidate: DifferingCandidate, rejection: RunDifference.Rejection?)], ambiguous: Int
  ) {
    let ids = Set(unpaired.map(\.candidate.name.id))
    var rejections: [String: [(key: RecordKey, rejection: RunDifference.Rejection)]] = [:]
    if !ids.isEmpty {
      try store.forEachRejection { item in
        guard let id = item.materialID, ids.contains(id) else { return }
        let rejection = RunDifference.Rejection(reason: item.reason, message: item.message)
        rejections[id, default: []].append((item.key, rejection))
      }
    }
    var changes: [(candidate: DifferingCandidate, rejection: RunDifference.Rejection?)] = []
    var ambiguous = 0
    for item in unpaired {
      let found = rejections[item.candidate.name.id] ?? []
      let own = found.first { $0.key == item.candidate.place.key }
      if own == nil, item.isAmbiguous {
        ambiguous += 1
      } else {
        // A rejection has no formula: another record's counts only where it is the one of that id.
        changes.append((item.candidate, (own ?? (found.count == 1 ? found.first : nil))?.rejection))
      }
    }
    return (changes, ambiguous)
  }
}

extension RunDifference.Change {
  /// A candidate that both runs place, and one of them among the stable ones.
  fileprivate init(
    _ a: DifferingCandidate, _ b: DifferingCandidate, _ first: DifferingRun, _ second: DifferingRun,
    on hull: RankingHull
  ) throws {
    let reference = b.referenceHull - a.referenceHull
    let shares = RunDifference.Shares(
      energy: b.energy - a.energy, reference: reference, competitor: (b.hull - a.hull) - reference,
      threshold: WholeEnergy(second.side.threshold) - WholeEnergy(first.side.threshold))
    let isSameHull = shares.reference == .zero && shares.competitor == .zero
    self.init(
      id: a.name.id, formula: a.name.formula, a: a.place, b: b.place,
      cause: shares.mainCause(isLeaving: a.isStable), shares: shares,
      phases: isSameHull
        ? [] : try CompetingPhases.differences(a, in: first.phases, b, in: second.phases, on: hull),
      rejection: nil)
  }

  /// A candidate that one run alone has as a row.
  fileprivate init(
    _ candidate: DifferingCandidate, isOfA: Bool, _ rejection: RunDifference.Rejection?
  ) {
    self.init(
      id: candidate.name.id, formula: candidate.name.formula, a: isOfA ? candidate.place : nil,
      b: isOfA ? nil : candidate.place, cause: rejection == nil ? .absent : .rejected, shares: nil,
      phases: [], rejection: rejection)
  }
}
