/// What the references know of a candidate's chemical system: how much its distance to the hull can be relied on.
///
/// A candidate competes with what the references hold. Where they lack a phase, it wins against nothing, and the lower
/// its distance the likelier that is the reason.
public struct HullCoverage: Hashable, Sendable {
  /// Compounds, of two or more elements, within the chemical system; the candidate's own composition is not counted.
  public let compoundCount: Int
  /// Pairs of the candidate's elements of which the references have no binary compound, its own composition not counted.
  public let unknownPairCount: Int
  /// Elements of the candidate without a phase of their own among the references, which stand at 0 eV/atom.
  public let elementsWithoutPhase: Int
  /// Whether the best mixture consists of elements alone; false for a candidate of one element.
  public let decomposesIntoElements: Bool

  /// The coverage of one candidate.
  public init(
    compoundCount: Int, unknownPairCount: Int, elementsWithoutPhase: Int, decomposesIntoElements: Bool
  ) {
    self.compoundCount = compoundCount
    self.unknownPairCount = unknownPairCount
    self.elementsWithoutPhase = elementsWithoutPhase
    self.decomposesIntoElements = decomposesIntoElements
  }
}
