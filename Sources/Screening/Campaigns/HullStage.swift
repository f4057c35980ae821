internal import Configuration
internal import PhaseStability
internal import ScreeningStore

/// The hull stage of a campaign: what candidates compete with, and what is thought of it.
struct HullStage: Sendable {
  /// The reference phases.
  let references: HullReferences
  /// Which of them compete.
  let options: HullOptions
  /// The models whose energies are placed, by position.
  let models: [Int]
  /// What is made of chemical systems that the references know little of.
  let coverage: CoverageRules
  /// The phases to predict where the references have none; nil where nothing is predicted.
  let competitors: CompetitorPlan?
}

/// When a candidate's chemical system is known too little for its distance to be relied on.
struct CoverageRules: Sendable {
  /// Limits, each of which suffices; nil is no limit.
  struct Limits: Sendable {
    /// Least number of pairs of elements without a compound.
    var unknownPairs: Int?
    /// Least number of elements without a phase of their own.
    var elementsWithoutPhase: Int?
    /// Whether to decompose into elements alone is enough.
    var elementsOnly = false
    /// Fewer compounds in the chemical system than this are enough.
    var minimumCompounds: Int?
    /// Distances below this (eV/atom) are enough.
    var minimumDistance: Double?
  }

  /// What flags a row.
  var flag = Limits()
  /// What rejects a record.
  var reject = Limits()

  /// Coverage and flags of a candidate.
  func coverage(_ found: HullCoverage) -> Coverage {
    Coverage(
      compounds: found.compoundCount, unknownPairs: found.unknownPairCount,
      elementsWithoutPhase: found.elementsWithoutPhase,
      decomposesIntoElements: found.decomposesIntoElements, flags: flag.flags(found))
  }

  /// Why a candidate is rejected, in words; nil where it is not.
  ///
  /// - Parameters:
  ///   - found: what the references know.
  ///   - distance: the distance to their hull, predicted competitors included (eV/atom).
  func rejection(_ found: HullCoverage, distance: Double) -> String? {
    var reasons = reject.flags(found).map { flag in
      switch flag {
      case .unknownPairs:
        "the references have no compound of \(counted(found.unknownPairCount, "pair")) of its elements"
      case .elementsWithoutPhase:
        "\(counted(found.elementsWithoutPhase, "element")) of it without a phase among the references"
      case .elementsOnly: "it decomposes into elements alone"
      case .fewCompounds:
        "the references hold \(counted(found.compoundCount, "compound")) of its chemical system"
      case .lowDistance: "its distance to the hull is too low to be true"
      }
    }
    if let least = reject.minimumDistance, distance < least {
      reasons.append("\(distance) eV/atom above the hull is below \(least)")
    }
    return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }
}

extension CoverageRules {
  /// The rules of a hull stage's `coverage`.
  init(_ value: ConfigurationValue) {
    self.init(flag: Limits(value["flag"]), reject: Limits(value["reject"]))
  }
}

extension CoverageRules.Limits {
  fileprivate init(_ value: ConfigurationValue) {
    self.init(
      unknownPairs: value.optional("unknown_pairs")?.integer,
      elementsWithoutPhase: value.optional("elements_without_phase")?.integer,
      elementsOnly: value.optional("elements_only")?.boolean ?? false,
      minimumCompounds: value.optional("minimum_compounds")?.integer,
      minimumDistance: value.optional("minimum_distance")?.number)
  }

  /// The limits that a candidate's coverage reaches.
  fileprivate func flags(_ found: HullCoverage) -> [CoverageFlag] {
    CoverageFlag.allCases.filter { flag in
      switch flag {
      case .unknownPairs: unknownPairs.map { found.unknownPairCount >= $0 } ?? false
      case .elementsWithoutPhase: elementsWithoutPhase.map { found.elementsWithoutPhase >= $0 } ?? false
      case .elementsOnly: elementsOnly && found.decomposesIntoElements
      case .fewCompounds: minimumCompounds.map { found.compoundCount < $0 } ?? false
      // Depends on the hull that is ranked by.
      case .lowDistance: false
      }
    }
  }
}
