/// Where an energy stands relative to the convex hull.
public struct Stability: Hashable, Sendable {
  /// Position of the model in the run's list of models.
  public let model: Int
  /// Formation energy (eV/atom); nil where the model predicts the distance itself.
  public let energy: Double?
  /// Energy above the hull of the references (eV/atom).
  public let energyAboveHull: Double
  /// Energy relative to the hull without the material itself (eV/atom), where known.
  public let decompositionEnergy: Double?
  /// The competing phases, e.g. "0.5 NaCl + 0.5 KCl", where known.
  public let decomposition: String?
  /// What the references know of the chemical system; nil where there is no hull stage.
  public var coverage: Coverage?
  /// The same place with predicted competitors among the references; nil without such.
  public var withCompetitors: CompetitorPlace?
  /// Scale σ of the error of the energy by the model's calibration (eV/atom); nil without one.
  public var sigma: Double?
  /// Probability that the energy above the hull of the references is at most the threshold; nil without calibration.
  public var probability: Double?

  /// A place relative to the hull.
  public init(
    model: Int, energy: Double?, energyAboveHull: Double, decompositionEnergy: Double? = nil,
    decomposition: String? = nil, coverage: Coverage? = nil, withCompetitors: CompetitorPlace? = nil,
    sigma: Double? = nil, probability: Double? = nil
  ) {
    self.model = model
    self.energy = energy
    self.energyAboveHull = energyAboveHull
    self.decompositionEnergy = decompositionEnergy
    self.decomposition = decomposition
    self.coverage = coverage
    self.withCompetitors = withCompetitors
    self.sigma = sigma
    self.probability = probability
  }
}

/// A place on the hull of the references and the competitors that a model predicts where they have no phase.
public struct CompetitorPlace: Hashable, Sendable {
  /// Energy above that hull (eV/atom).
  public let energyAboveHull: Double
  /// Energy relative to that hull without the material's own composition (eV/atom).
  public let decompositionEnergy: Double
  /// The competing phases; predicted ones say so.
  public let decomposition: String
  /// Probability that the energy above that hull is at most the threshold; nil without calibration.
  public var probability: Double?

  /// A place on that hull.
  public init(
    energyAboveHull: Double, decompositionEnergy: Double, decomposition: String, probability: Double? = nil
  ) {
    self.energyAboveHull = energyAboveHull
    self.decompositionEnergy = decompositionEnergy
    self.decomposition = decomposition
    self.probability = probability
  }
}

/// What the references know of a candidate's chemical system, and what the campaign thinks of that.
public struct Coverage: Hashable, Sendable {
  /// Reference compounds within the chemical system, the candidate's own composition not counted.
  public let compounds: Int
  /// Pairs of its elements without any binary compound among the references.
  public let unknownPairs: Int
  /// Its elements without a phase of their own among the references.
  public let elementsWithoutPhase: Int
  /// Whether it decomposes into elements alone.
  public let decomposesIntoElements: Bool
  /// Why the row is flagged by the campaign's rules; none where it is not. In the order of `CoverageFlag.allCases`.
  public let flags: [CoverageFlag]

  /// The coverage of a row.
  public init(
    compounds: Int, unknownPairs: Int, elementsWithoutPhase: Int, decomposesIntoElements: Bool,
    flags: [CoverageFlag] = []
  ) {
    self.compounds = compounds
    self.unknownPairs = unknownPairs
    self.elementsWithoutPhase = elementsWithoutPhase
    self.decomposesIntoElements = decomposesIntoElements
    self.flags = flags
  }
}

/// A reason to doubt a row's distance to the hull.
public enum CoverageFlag: String, CaseIterable, Hashable, Sendable {
  /// As many pairs of its elements as the campaign names, or more, are without a compound.
  case unknownPairs = "unknown_pairs"
  /// An element has no phase of its own.
  case elementsWithoutPhase = "elements_without_phase"
  /// It decomposes into elements alone.
  case elementsOnly = "elements_only"
  /// Fewer compounds in its chemical system than the campaign names.
  case fewCompounds = "few_compounds"
  /// The distance is too low to be true: below `lowestCredibleDistance`. Follows from the distance that is ranked by, and
  /// is not stored.
  case lowDistance = "low_distance"

  /// Distances below this (eV/atom) are flagged always: of known phases hardly any lies so far below its neighbors, and of
  /// candidates it says that the references lack a phase.
  public static let lowestCredibleDistance = -0.3
}

extension Coverage {
  /// The flags as the store holds them: names, comma-separated; nil where there are none.
  var flagText: String? { flags.isEmpty ? nil : flags.map(\.rawValue).joined(separator: ",") }

  init?(
    compounds: Int?, unknownPairs: Int?, elementsWithoutPhase: Int?, decomposesIntoElements: Bool?,
    flags: String?
  ) {
    guard let compounds, let unknownPairs, let elementsWithoutPhase, let decomposesIntoElements else {
      return nil
    }
    self.init(
      compounds: compounds, unknownPairs: unknownPairs, elementsWithoutPhase: elementsWithoutPhase,
      decomposesIntoElements: decomposesIntoElements,
      flags: (flags ?? "").split(separator: ",").compactMap { CoverageFlag(rawValue: String($0)) })
  }
}
