public import Crystal
internal import TextFormats

/// Which references a candidate competes with.
public struct HullOptions: Hashable, Sendable {
  /// Leaves references of the candidate's own reduced composition out of the energy above hull too, which then
  /// equals the decomposition energy.
  public var excludesSameComposition: Bool

  /// Options; references of the candidate's own composition compete by default.
  public init(excludesSameComposition: Bool = false) {
    self.excludesSameComposition = excludesSameComposition
  }
}

/// How far a candidate lies from the hull of the references.
///
///     energyAboveHull     = E − min { Σ xⱼ Eⱼ : Σ xⱼ cⱼ = c, x ≥ 0 },  j over all references
///     decompositionEnergy = the same, j over references of another composition than the candidate's
///
/// with energies E per atom, compositions c as atomic fractions and x as fractions of atoms.
public struct HullDistance: Hashable, Sendable {
  /// One product of a decomposition.
  public struct Product: Hashable, Sendable {
    /// Number of the phase in the references.
    public let phase: Int
    /// Share of the candidate's atoms that end up in it.
    public let fraction: Double
  }

  /// The chemical potential of one element.
  public struct Potential: Hashable, Sendable {
    /// The element.
    public let element: Element
    /// Its chemical potential (eV/atom), relative to the zero of the formation energies.
    public let value: Double
  }

  /// Energy minus the hull's (eV/atom). Not below 0 when the candidate is among the references; negative when it lies
  /// below all of them.
  public let energyAboveHull: Double
  /// Energy minus that of the best mixture of phases of other compositions (eV/atom); negative for a phase that the
  /// others cannot break down. For an element, whose composition no mixture has, the same as `energyAboveHull`.
  public let decompositionEnergy: Double
  /// The mixture behind `decompositionEnergy`: largest fraction first, ties by phase number; fractions sum to 1.
  public let decomposition: [Product]
  /// Chemical potentials of the candidate's elements in that mixture, by atomic number: the plane through the
  /// products, below or on every competing phase.
  public let chemicalPotentials: [Potential]
  /// The reference of the candidate's own composition, if there is one.
  public let sameCompositionPhase: Int?
  /// What the references know of the candidate's chemical system.
  public let coverage: HullCoverage
}

extension HullReferences {
  /// A decomposition as text, "0.538462 MgCr2O4 + 0.461538 MgCrO4".
  public func description(of decomposition: [HullDistance.Product]) -> String {
    decomposition
      .map { "\(fixedPoint($0.fraction, decimals: 6)) \(formula(at: $0.phase))" }
      .joined(separator: " + ")
  }
}
