import Screening

/// An alignment of two databases for a terminal.
struct AlignmentText {
  private let alignment: EnergyAlignment

  init(_ alignment: EnergyAlignment) { self.alignment = alignment }

  /// Everything, without a line end after the last line.
  var text: String { [databases, shared, quality].joined(separator: "\n") + "\n\n" + table }

  private var databases: String {
    [("A (from)", alignment.from), ("B (to)", alignment.to)].map { name, side in
      let files = side.files.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
      var line = "\(name): \(side.records) records of \(files.joined(separator: ", "))"
      if side.elements > 0 { line += ", \(side.elements) of a single element left out" }
      if side.withoutEnergy > 0 { line += ", \(side.withoutEnergy) without a formation energy" }
      for (reason, count) in side.rejected.sorted(by: { $0.key < $1.key }) {
        line += ", \(count) rejected as \(reason)"
      }
      return ([line] + side.messages.prefix(3).map { "  rejected: \($0)" }).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private var shared: String {
    var line =
      "\(alignment.sharedCompounds) shared compounds by \(alignment.matching.rawValue), of "
      + "\(alignment.sharedCompositions) shared formulas"
    if alignment.ambiguous > 0 { line += "; \(alignment.ambiguous) fit several, left out" }
    if alignment.incomparable > 0 {
      line += "; \(alignment.incomparable) records have no structure that can be compared"
    }
    if !alignment.elementsWithoutOffset.isEmpty {
      line += "\nin too few of them for an offset: " + alignment.elementsWithoutOffset.joined(separator: ", ")
    }
    return line
  }

  /// Elements that one offset does not describe.
  private var undescribed: String {
    guard !alignment.undescribed.isEmpty else { return "" }
    let names = alignment.undescribed.map { offset in
      "\(offset.name) \(offset.heldOutSize.map { decimals($0, 3) } ?? "never held out")"
    }
    return "\nno offset, since held-out compounds keep more than \(alignment.largestHeldOutSize) eV/atom: "
      + names.joined(separator: ", ")
  }

  private var quality: String {
    let (before, held, after) = (alignment.before, alignment.heldOutBefore, alignment.heldOutAfter)
    let contextual = alignment.contextualElements
    return """
      A − B as it is: median \(signed(before.median)), median deviation from it \
      \(decimals(before.medianDeviation, 3)) eV/atom
      held out (\(alignment.heldOutCompounds) compounds, \(alignment.folds) folds by composition): median |A − B| \
      \(decimals(held.medianSize, 4)) before, \(decimals(after.medianSize, 4)) eV/atom after; mean \
      \(decimals(held.meanSize, 4)) before, \(decimals(after.meanSize, 4)) after
      ridge \(alignment.ridge); metals apart in oxides and fluorides: \
      \(contextual.isEmpty ? "none" : contextual.joined(separator: ", "))\(undescribed)
      """
  }

  private var table: String {
    var table = TerminalTable([
      .init("element", .left), .init("context", .left), .init("offset eV per atom of it", .right),
      .init("±", .right), .init("compounds", .right),
      .init("left of them eV/atom", .right),
    ])
    for offset in alignment.offsets {
      table.append([
        offset.element, offset.context, signed(offset.value), decimals(offset.standardError, 3),
        "\(offset.compounds)", offset.heldOutSize.map { decimals($0, 3) } ?? "—",
      ])
    }
    return table.text
  }

  private func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + decimals(value, 3) }
}
