internal import Crystal

/// Which candidates a campaign wants, by composition and size.
struct CandidateFilter: Sendable {
  let name: String
  var onlyElements: Set<Element>?
  var withoutElements: Set<Element> = []
  var withElements: Set<Element> = []
  var elementCounts: ClosedRange<Int> = 1...118
  var siteCounts: ClosedRange<Int> = 1...Int.max
  /// Reduced compositions to keep; nil for all.
  var compositions: Set<Composition>?

  /// Whether the structure stays.
  func keeps(_ structure: Structure) -> Bool {
    guard siteCounts.contains(structure.siteCount) else { return false }
    let composition = structure.composition
    let elements = Set(composition.elements)
    guard elementCounts.contains(elements.count), elements.isDisjoint(with: withoutElements),
      elements.isSuperset(of: withElements)
    else { return false }
    if let onlyElements, !elements.isSubset(of: onlyElements) { return false }
    if let compositions, !compositions.contains(composition.reduced) { return false }
    return true
  }
}
