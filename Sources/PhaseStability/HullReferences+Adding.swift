import Crystal

extension HullReferences {
  /// These references together with candidates: the second hull, on which candidates compete with each other too.
  ///
  /// A barrier: distances to it depend on all candidates at once, but not on their order. Of several entries with the
  /// same reduced composition the lowest counts. Elements are supplied at 0 eV/atom where these references know them;
  /// a candidate with any other element stays in the set without a distance of its own, as before.
  ///
  /// - Complexity: O(n log n) in the number of phases and candidates.
  public func adding(_ candidates: [PhaseEntry]) -> HullReferences {
    var builder = PhaseTableBuilder(extending: table)
    builder.reserve(candidates.count)
    for candidate in candidates { builder.add(candidate) }
    // The elements that were supplied here are phases of the table by now; no others are supplied.
    let built = builder.build(suppliesElementsAtZero: false)
    let given = Set(
      candidates.filter { $0.composition.parts.count == 1 }.map { $0.composition.parts[0].element })
    let missing = missingTerminals.filter { !given.contains($0) }
    return HullReferences(
      name: "\(name) + \(candidates.count) candidates", options: options, source: nil,
      entryCount: built.entryCount - (options.suppliesElementsAtZero ? missing.count : 0),
      duplicateCount: duplicateCount + built.duplicateCount,
      missingTerminals: Set(missing).union(built.missingTerminals).sorted(), table: built.table)
  }
}
