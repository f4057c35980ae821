import BigInt
public import Crystal

/// A verdict with its proof, in exact numbers: what a verifier needs to believe it without solving anything.
///
/// The proof is linear-programming duality. The products show that the hull is not above their mixture's energy; the
/// potentials, whose plane lies on or below every competing phase, show that it is not below; both are equal.
public struct HullCertificate: Hashable, Sendable {
  /// One product of the decomposition: its reduced formula, its energy as the references give it, and its share of the
  /// atoms.
  struct Product: Hashable, Sendable {
    let formula: String
    let energyText: String
    let fraction: Rational

    init(formula: String, energyText: String, fraction: Rational) {
      self.formula = formula
      self.energyText = energyText
      self.fraction = fraction
    }

    init(table: PhaseTable, phase: Int, fraction: Rational) {
      formula = table.composition(at: phase).formula
      energyText = table.energyText(at: phase)
      self.fraction = fraction
    }

    static func precedes(_ left: Product, _ right: Product) -> Bool {
      left.fraction != right.fraction ? left.fraction > right.fraction : left.formula < right.formula
    }
  }

  struct Potential: Hashable, Sendable {
    let element: Element
    let value: Rational
  }

  /// What follows from the energies of candidate, mixture and same-composition reference.
  struct Distances: Hashable, Sendable {
    let energyAboveHull: Rational
    let decompositionEnergy: Rational
    /// Threshold minus the distance that the criterion names.
    let margin: Rational

    init(energyAboveHull: Rational, decompositionEnergy: Rational, margin: Rational) {
      self.energyAboveHull = energyAboveHull
      self.decompositionEnergy = decompositionEnergy
      self.margin = margin
    }

    init(
      energy: Rational, mixture: Rational, sameComposition: Rational?, threshold: Rational,
      criterion: HullCriterion
    ) {
      energyAboveHull = energy - min(mixture, sameComposition ?? mixture)
      decompositionEnergy = energy - mixture
      margin = threshold - (criterion == .energyAboveHull ? energyAboveHull : decompositionEnergy)
    }
  }

  /// Fingerprint of the references the verdict holds against.
  public let referencesFingerprint: UInt64
  /// The candidate's composition, reduced.
  public let composition: Composition
  /// The candidate's formation energy (eV/atom).
  public let energy: DecimalNumber
  /// The threshold of the verdict (eV/atom).
  public let threshold: DecimalNumber
  /// The distance the verdict is about.
  public let criterion: HullCriterion
  let products: [Product]
  let potentials: [Potential]
  let sameCompositionEnergy: String?
  let distances: Distances

  /// The verdict: distance ≤ threshold.
  public var isWithin: Bool { distances.margin.numerator >= 0 }
  /// The energy above hull (eV/atom) as a fraction "p/q".
  public var energyAboveHull: String { distances.energyAboveHull.description }
  /// The decomposition energy (eV/atom) as a fraction "p/q".
  public var decompositionEnergy: String { distances.decompositionEnergy.description }
}

/// Why a certificate is not believed.
public enum CertificateError: Error, Equatable, Sendable {
  /// The line is not a certificate in the one form that is written; the byte position is where it departs from it.
  case unreadable(position: Int)
  /// It was issued against other references.
  case otherReferences(expected: UInt64, found: UInt64)
  /// A product is not among the references, or not with this energy, or is the candidate's own composition.
  case unknownProduct(formula: String)
  /// The products do not add up to the candidate's composition.
  case unbalanced(Element)
  /// The potentials are not those of the candidate's elements.
  case wrongElements
  /// This reference lies below the plane of the potentials.
  case notSupporting(formula: String)
  /// Mixture and plane have different energies.
  case gap
  /// The energy given for the reference of the candidate's own composition is not the references'.
  case wrongSameComposition
  /// The distances, the margin or the verdict do not follow from the energies.
  case wrongDistances
  /// An element of the candidate has no elemental reference.
  case noTerminalReference(Element)
}

extension CertificateError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .unreadable(let position): "not a certificate as they are written, from byte \(position) on"
    case .otherReferences(let expected, let found):
      "issued against other references (\(hexadecimal(found)), these are \(hexadecimal(expected)))"
    case .unknownProduct(let formula):
      "\(formula), a product, is no reference with this energy that the candidate competes with"
    case .unbalanced(let element): "the products do not add up to the candidate's share of \(element)"
    case .wrongElements: "the potentials are not those of the candidate's elements"
    case .notSupporting(let formula): "\(formula) lies below the plane of the potentials"
    case .gap: "the products and the plane of the potentials have different energies"
    case .wrongSameComposition: "the energy of the reference of the same composition is another"
    case .wrongDistances: "the distances, the margin or the verdict do not follow from the energies"
    case .noTerminalReference(let element): "there is no elemental reference phase of \(element)"
    }
  }
}
