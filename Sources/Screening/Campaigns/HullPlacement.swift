internal import Crystal
internal import PhaseStability
internal import ScreeningStore

/// Error bars and probabilities by the calibrations of a run's models.
struct StabilityOdds: Sendable {
  /// Largest distance that counts as stable (eV/atom).
  let threshold: Double
  /// The calibration of each model, by position; nil for a model without one.
  let calibrations: [Calibration?]

  /// Scale of the error of a score (eV/atom); nil without a calibration.
  func sigma(_ score: Score) -> Double? {
    calibrations[score.model]?.scale(spread: score.standardDeviation)
  }

  /// Probability that the true distance to a hull is at most the threshold; nil without a calibration.
  func probability(_ score: Score, distance: Double) -> Double? {
    guard let calibration = calibrations[score.model] else { return nil }
    return calibration.stableProbability(
      distance: distance, threshold: threshold, scale: calibration.scale(spread: score.standardDeviation))
  }

  /// The place of a score that is itself a distance to the hull.
  func place(ofDistance score: Score) -> Stability {
    Stability(
      model: score.model, energy: nil, energyAboveHull: score.mean, sigma: sigma(score),
      probability: probability(score, distance: score.mean))
  }
}

/// What one thread needs to place energies. Results do not depend on what it held before.
final class HullScratch {
  fileprivate var solver: HullSolver
  /// For each model with competitors a solver for the hull that they are part of.
  fileprivate var competitorSolvers: [Int: HullSolver]

  init(_ references: HullReferences, _ competitors: CompetitorHulls) {
    solver = HullSolver(references: references)
    competitorSolvers = competitors.byModel.mapValues { HullSolver(references: $0) }
  }
}

extension HullScratch {
  /// The distance of a candidate to the hull that its model is ranked by (eV/atom); nil where it has none.
  func distance(of composition: Composition, energy: Double, model: Int, _ options: HullOptions) -> Double? {
    func distance(_ solver: inout HullSolver) -> Double? {
      try? solver.distance(of: composition, energyPerAtom: energy, options: options).energyAboveHull
    }
    guard var solver = competitorSolvers.removeValue(forKey: model) else { return distance(&self.solver) }
    defer { competitorSolvers[model] = solver }
    return distance(&solver)
  }
}

/// Why the hull stage takes no candidate.
struct HullRefusal: Error {
  /// Why, as a code.
  let reason: RejectionReason
  /// Why, in words.
  let message: String
}

/// Places energies on the hull of the references and on that with competitors: what a campaign's hull stage does, and
/// what is done anew when the ground moves.
struct HullPlacement: Sendable {
  /// Name of the stage in rejections.
  static let stageName = "hull"

  let stage: HullStage
  /// The references of the stage, with what was left out of them.
  let references: LoadedReferences
  let odds: StabilityOdds

  /// The places of those scores that are energies of the stage's models.
  ///
  /// - Throws: `HullRefusal` where one of them has no place or the references know too little.
  func places(
    of scores: [Score], _ composition: Composition, _ scratch: HullScratch
  ) throws(HullRefusal) -> [Stability] {
    var places: [Stability] = []
    for score in scores where stage.models.contains(score.model) {
      let (place, coverage) = try place(score, of: composition, scratch)
      let distance = place.withCompetitors?.energyAboveHull ?? place.energyAboveHull
      if let message = stage.coverage.rejection(coverage, distance: distance) {
        throw HullRefusal(reason: .referencesIncomplete, message: message)
      }
      places.append(place)
    }
    return places
  }

  private func place(
    _ score: Score, of composition: Composition, _ scratch: HullScratch
  ) throws(HullRefusal) -> (place: Stability, coverage: HullCoverage) {
    let (own, energyAboveHull, decomposition) = try distance(score, of: composition, &scratch.solver)
    var place = Stability(
      model: score.model, energy: score.mean, energyAboveHull: energyAboveHull,
      decompositionEnergy: own.decompositionEnergy, decomposition: decomposition,
      coverage: stage.coverage.coverage(own.coverage), sigma: odds.sigma(score),
      probability: odds.probability(score, distance: energyAboveHull))
    if var solver = scratch.competitorSolvers.removeValue(forKey: score.model) {
      defer { scratch.competitorSolvers[score.model] = solver }
      let (other, above, products) = try distance(score, of: composition, &solver)
      place.withCompetitors = CompetitorPlace(
        energyAboveHull: above, decompositionEnergy: other.decompositionEnergy, decomposition: products,
        probability: odds.probability(score, distance: above))
    }
    return (place, own.coverage)
  }

  private func distance(
    _ score: Score, of composition: Composition, _ solver: inout HullSolver
  ) throws(HullRefusal) -> (HullDistance, Double, String) {
    do throws(HullError) {
      let (distance, above) = try solver.settledDistance(
        of: composition, energyPerAtom: score.mean, threshold: odds.threshold, options: stage.options)
      return (distance, above, solver.references.description(of: distance.decomposition))
    } catch {
      let (reason, message) = references.rejection(error)
      throw HullRefusal(reason: reason, message: message)
    }
  }
}

extension HullError {
  var rejectionReason: RejectionReason {
    switch self {
    case .noTerminalReference, .tooManyElements: .noTerminalReference
    default: .energyNotFinite
    }
  }
}
