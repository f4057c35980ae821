public import Crystal

/// The phases of a chemical system of two to four elements, which of them are stable, and which coexist.
public struct PhaseDiagram: Sendable {
  /// One phase of the diagram.
  public struct Phase: Hashable, Sendable {
    /// Number of the phase in the references.
    public let index: Int
    /// Formula as given.
    public let formula: String
    /// Atomic fractions of the diagram's elements, in their order.
    public let fractions: [Double]
    /// Formation energy (eV/atom).
    public let energyPerAtom: Double
    /// Distance to the hull (eV/atom), 0 for stable phases.
    public let energyAboveHull: Double
    /// Distance to the hull of the other phases (eV/atom).
    public let decompositionEnergy: Double
    /// Whether the phase lies on the hull; settled exactly where it is close.
    public let isStable: Bool
  }

  /// A candidate beside the references: it takes no part in the hull.
  public struct Candidate: Hashable, Sendable {
    /// Formula as given.
    public let formula: String
    /// Atomic fractions of the diagram's elements, in their order.
    public let fractions: [Double]
    /// Formation energy (eV/atom).
    public let energyPerAtom: Double
    /// Distance to the hull of the references (eV/atom); negative below it.
    public let energyAboveHull: Double
    /// Distance to the hull of the references of other compositions (eV/atom).
    public let decompositionEnergy: Double
    /// Whether it lies on or below the hull; settled exactly where it is close.
    public let isStable: Bool
  }

  /// The elements in the order that was asked for.
  public let elements: [Element]
  /// Name of the references.
  public let source: String
  /// All phases of the system and its subsystems; stable ones first, then by energy above hull.
  public let phases: [Phase]
  /// The facets of the hull: for each the places in `phases` of the as many phases as elements that coexist there,
  /// ascending. Where more phases coexist than elements, their region is cut into such facets in one way of several.
  public let facets: [[Int]]
  /// Pairs of phases (places in `phases`, ascending) that coexist: the edges of the facets, each once, sorted.
  public let tieLines: [[Int]]
  /// The candidates of the system and its subsystems, by energy above hull, formula and energy.
  public let candidates: [Candidate]

  /// The diagram of 2 to 4 distinct elements.
  ///
  /// - Parameters:
  ///   - references: the phases that make the hull.
  ///   - elements: the system.
  ///   - candidates: phases to show beside the references; those with other elements are left out.
  /// - Throws: `HullError.noDiagram` for another number of elements, `.noTerminalReference`.
  public init(
    references: HullReferences, elements: [Element], candidates: [PhaseEntry] = []
  ) throws(HullError) {
    guard (2...4).contains(elements.count), Set(elements).count == elements.count else {
      throw .noDiagram(elementCount: Set(elements).count)
    }
    self.elements = elements
    source = references.name
    var solver = HullSolver(references: references)
    var phases: [Phase] = []
    for index in try references.phases(within: elements) {
      phases.append(try Self.phase(index, elements: elements, solver: &solver))
    }
    phases.sort { left, right in
      if left.isStable != right.isStable { return left.isStable }
      if left.isStable || left.energyAboveHull == right.energyAboveHull { return left.index < right.index }
      return left.energyAboveHull < right.energyAboveHull
    }
    self.phases = phases
    facets = HullFacets(phases: phases.filter(\.isStable), width: elements.count).facets
    var pairs: Set<[Int]> = []
    for facet in facets {
      for (place, first) in facet.enumerated() {
        for second in facet[(place + 1)...] { pairs.insert([first, second]) }
      }
    }
    tieLines = pairs.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    var shown: [Candidate] = []
    for entry in candidates where Set(entry.composition.elements).isSubset(of: elements) {
      shown.append(try Self.candidate(entry, elements: elements, solver: &solver))
    }
    self.candidates = shown.sorted {
      ($0.energyAboveHull, $0.formula, $0.energyPerAtom) < ($1.energyAboveHull, $1.formula, $1.energyPerAtom)
    }
  }

  private static func candidate(
    _ entry: PhaseEntry, elements: [Element], solver: inout HullSolver
  ) throws(HullError) -> Candidate {
    let distance = try solver.distance(of: entry.composition, energyPerAtom: entry.energyPerAtom)
    let atoms = Double(entry.composition.atomCount)
    return Candidate(
      formula: entry.formula, fractions: elements.map { Double(entry.composition.count(of: $0)) / atoms },
      energyPerAtom: entry.energyPerAtom, energyAboveHull: distance.energyAboveHull,
      decompositionEnergy: distance.decompositionEnergy,
      isStable: try isOnHull(entry, at: distance.energyAboveHull, solver: &solver))
  }

  /// Whether an entry lies on the hull or below; close cases are settled exactly.
  private static func isOnHull(
    _ entry: PhaseEntry, at distance: Double, solver: inout HullSolver
  ) throws(HullError) -> Bool {
    guard abs(distance) < HullSolver.exactMargin, let energy = DecimalNumber(entry.energyText),
      let zero = DecimalNumber("0")
    else { return distance <= 0 }
    return try solver.verdict(of: entry.composition, energyPerAtom: energy, threshold: zero).isWithin
  }

  private static func phase(
    _ index: Int, elements: [Element], solver: inout HullSolver
  ) throws(HullError) -> Phase {
    let entry = solver.references.phase(at: index)
    let distance = try solver.distance(of: entry.composition, energyPerAtom: entry.energyPerAtom)
    let isStable = try isOnHull(entry, at: distance.energyAboveHull, solver: &solver)
    let atoms = Double(entry.composition.atomCount)
    return Phase(
      index: index, formula: entry.formula,
      fractions: elements.map { Double(entry.composition.count(of: $0)) / atoms },
      energyPerAtom: entry.energyPerAtom, energyAboveHull: isStable ? 0 : distance.energyAboveHull,
      decompositionEnergy: distance.decompositionEnergy, isStable: isStable)
  }
}

extension HullReferences {
  /// The numbers of all phases made of these elements only, in ascending order.
  ///
  /// - Throws: `HullError.noTerminalReference`, `.tooManyElements`.
  public func phases(within elements: [Element]) throws(HullError) -> [Int] {
    let distinct = Set(elements).sorted()
    guard distinct.count <= HullSolver.maximumElementCount else {
      throw .tooManyElements(count: distinct.count)
    }
    var columns = PhaseColumns()
    try columns.gather(
      from: table, elements: distinct.map { Composition.Part(element: $0, count: 1) }, excluding: nil)
    return columns.phases.prefix(columns.count).map { Int($0) }.sorted()
  }
}
