internal import Crystal
internal import Foundation
internal import PhaseStability
internal import ScreeningStore

/// The phases that one model's candidates of a run compete with, by composition.
struct CompetingPhases {
  private let references: HullReferences?
  /// Energies (eV/atom) of the predicted competitors that take part; of one composition the lowest.
  private let predicted: [Composition: Double]

  /// - Parameters:
  ///   - references: of the run; nil where the model predicts the distance itself.
  ///   - store: of the run.
  ///   - model: by position.
  init(_ references: LoadedReferences?, _ store: RunStore, model: Int) throws {
    self.references = references?.references
    var predicted: [Composition: Double] = [:]
    for competitor in try store.competitors() where competitor.model == model && !competitor.isReference {
      guard let energy = competitor.energy else { continue }
      predicted[try competitor.composition().reduced, default: energy].formMinimum(energy)
    }
    self.predicted = predicted
  }

  /// A phase by what it is.
  private struct Name: Hashable {
    let composition: Composition
    let isPredicted: Bool
  }

  private func energy(of name: Name) -> Double? {
    if name.isPredicted { return predicted[name.composition] }
    return references.flatMap { references in
      references.phaseIndex(of: name.composition).map { references.phase(at: $0).energyPerAtom }
    }
  }

  /// The phases behind the hulls of a candidate in two runs that one run lacks or has at another energy, in order.
  ///
  /// - Throws: `ScreeningError` where a stored decomposition names what is no phase.
  static func differences(
    _ a: DifferingCandidate, in first: CompetingPhases, _ b: DifferingCandidate, in second: CompetingPhases,
    on hull: RankingHull
  ) throws -> [RunDifference.Phase] {
    let names = try first.names(of: a, on: hull).union(second.names(of: b, on: hull))
    return names.compactMap { name in
      let (before, after) = (first.energy(of: name), second.energy(of: name))
      guard before != after else { return nil }
      return RunDifference.Phase(
        formula: name.composition.reducedFormula, isPredicted: name.isPredicted, energyA: before,
        energyB: after)
    }.sorted()
  }

  /// The phases that a candidate's hulls rest on.
  private func names(of candidate: DifferingCandidate, on hull: RankingHull) throws -> Set<Name> {
    let stability = candidate.stability
    var names = try Self.names(in: stability.decomposition ?? "")
    var isHeldByOwn = stability.energyAboveHull > stability.decompositionEnergy ?? .infinity
    if hull == .competitors, let place = stability.withCompetitors {
      names.formUnion(try Self.names(in: place.decomposition))
      isHeldByOwn = isHeldByOwn || place.energyAboveHull > place.decompositionEnergy
    }
    // Decompositions leave the candidate's own composition out, but a phase of it may hold the hull.
    if isHeldByOwn {
      let own = try Self.composition(candidate.name.formula)
      names.formUnion([Name(composition: own, isPredicted: false), Name(composition: own, isPredicted: true)])
    }
    return names
  }

  /// The phases of a decomposition such as "0.600000 CaTe + 0.400000 Ge2Ir (CaF2, predicted)".
  private static func names(in decomposition: String) throws -> Set<Name> {
    var names: Set<Name> = []
    for term in decomposition.components(separatedBy: " + ") where !term.isEmpty {
      var formula = term.drop { $0 != " " }.dropFirst()
      let isPredicted = formula.hasSuffix(PredictedCompetitor.markEnding)
      if isPredicted, let mark = formula.range(of: " (", options: .backwards) {
        formula = formula[..<mark.lowerBound]
      }
      names.insert(Name(composition: try composition(String(formula)), isPredicted: isPredicted))
    }
    return names
  }

  private static func composition(_ formula: String) throws -> Composition {
    do {
      return try Composition(formula: formula).reduced
    } catch {
      throw ScreeningError.invalid("the stored formula \"\(formula)\" cannot be read (\(error))")
    }
  }
}

extension Double {
  fileprivate mutating func formMinimum(_ other: Double) { self = Swift.min(self, other) }
}
