extension PhaseDiagram {
  /// The diagram as a self-contained SVG drawing: for two elements energies over composition, for three the triangle
  /// with its tie lines. Stable phases bear their formulas, unstable ones numbers that a legend explains.
  ///
  /// - Throws: `HullError.noDiagram` for four elements.
  public func svg() throws(HullError) -> String {
    switch elements.count {
    case 2: BinaryDrawing(self).document()
    case 3: TernaryDrawing(self).document()
    default: throw .noDiagram(elementCount: elements.count)
    }
  }

  var unstablePhases: ArraySlice<Phase> { phases.drop(while: \.isStable) }
  var stablePhases: ArraySlice<Phase> { phases.prefix(while: \.isStable) }
  var title: String { elements.map(\.symbol).joined(separator: "–") }
  var subtitle: String {
    let shown =
      candidates.isEmpty
      ? "" : " · \(candidates.count { $0.isStable }) of \(candidates.count) candidates on or below the hull"
    return "\(stablePhases.count) stable and \(unstablePhases.count) unstable phases · \(source)\(shown)"
  }

  /// The candidates that bear a label and stand in the list: the most stable ones.
  var listedCandidates: ArraySlice<Candidate> { candidates.prefix(LegendLayout.mostCandidates) }
}

extension PhaseDiagram.Candidate {
  /// One line about the candidate.
  var tooltip: String {
    let side = energyAboveHull < 0 ? "below" : "above"
    let distance =
      energyAboveHull == 0 ? "on the hull" : "\(milli(abs(energyAboveHull))) meV/atom \(side) the hull"
    return "candidate \(formula): \(fixedPoint(energyPerAtom, decimals: 4)) eV/atom, \(distance)"
  }
}

extension PhaseDiagram.Phase {
  /// One line about the phase.
  var tooltip: String {
    let distance =
      isStable
      ? "stable, \(milli(decompositionEnergy)) meV/atom against the others"
      : "\(milli(energyAboveHull)) meV/atom above the hull"
    return "\(formula): \(fixedPoint(energyPerAtom, decimals: 4)) eV/atom, \(distance)"
  }

  /// From yellow at the hull to dark red at 0.2 eV/atom above it.
  var color: String {
    let scale = ["#e9b44c", "#e08e45", "#d1603d", "#b23a48", "#7d1d3f"]
    return scale[Int(min(Double(scale.count - 1), max(0, energyAboveHull) / 0.05))]
  }
}

/// eV as whole meV; one decimal below 10.
func milli(_ energy: Double) -> String { fixedPoint(energy * 1000, decimals: abs(energy) < 0.01 ? 1 : 0) }

extension DrawingCanvas {
  /// The list of unstable phases, in columns from `origin` on; `rows` entries each.
  mutating func legend(_ phases: [PhaseDiagram.Phase], at origin: Point, rows: Int) {
    guard !phases.isEmpty else { return }
    text("above the hull (meV/atom)", at: origin, size: 11, color: "#555")
    for (place, phase) in phases.enumerated() {
      let x = origin.x + Double(place / rows) * LegendLayout.columnWidth
      let y = origin.y + 18 + Double(place % rows) * LegendLayout.rowHeight
      circle(at: Point(x + 4, y - 4), radius: 3.5, fill: "white", stroke: phase.color, tooltip: phase.tooltip)
      text("\(place + 1)", at: Point(x + 30, y), size: 10, color: "#555", anchor: "end")
      text(phase.formula, at: Point(x + 36, y), size: 10, isFormula: true)
      text(milli(phase.energyAboveHull), at: Point(x + 178, y), size: 10, color: "#555", anchor: "end")
    }
  }
}

extension DrawingCanvas {
  /// The list of candidates, in columns from `origin` on; `rows` entries each.
  mutating func legend(
    _ candidates: ArraySlice<PhaseDiagram.Candidate>, of total: Int, at origin: Point, rows: Int
  ) {
    guard !candidates.isEmpty else { return }
    let rest = total - candidates.count
    text(
      "candidates, from the hull (meV/atom)" + (rest > 0 ? "; \(rest) more not listed" : ""), at: origin,
      size: 11, color: LegendLayout.candidateColor)
    for (place, candidate) in candidates.enumerated() {
      let x = origin.x + Double(place / rows) * LegendLayout.columnWidth
      let y = origin.y + 18 + Double(place % rows) * LegendLayout.rowHeight
      marker(candidate, at: Point(x + 4, y - 4))
      text(LegendLayout.label(place), at: Point(x + 30, y), size: 10, color: "#555", anchor: "end")
      text(candidate.formula, at: Point(x + 36, y), size: 10, isFormula: true)
      let sign = candidate.energyAboveHull > 0 ? "+" : ""
      text(
        sign + milli(candidate.energyAboveHull), at: Point(x + 178, y), size: 10, color: "#555", anchor: "end"
      )
    }
  }

  /// The diamond of a candidate, filled when it lies on or below the hull.
  mutating func marker(_ candidate: PhaseDiagram.Candidate, at center: Point) {
    diamond(
      at: center, radius: 5, fill: candidate.isStable ? LegendLayout.candidateColor : "white",
      stroke: LegendLayout.candidateColor, tooltip: candidate.tooltip)
  }
}

/// How the lists of unstable phases and candidates are set.
enum LegendLayout {
  static let columnWidth = 196.0
  static let candidateColor = "#1a7f4b"
  static let mostCandidates = 96
  static let rowHeight = 14.0

  /// What a candidate is called in drawing and list.
  static func label(_ place: Int) -> String { "c\(place + 1)" }

  static func columns(_ count: Int, rows: Int) -> Int { (count + rows - 1) / rows }
}
