internal import PhaseStability

/// How the lists of unstable phases and candidates are set.
enum LegendLayout {
  static let columnWidth = 196.0
  static let mostCandidates = 96
  static let rowHeight = 14.0

  /// What a candidate is called in drawing and list.
  static func label(_ place: Int) -> String { "c\(place + 1)" }

  static func columns(_ count: Int, rows: Int) -> Int { (count + rows - 1) / rows }
}

/// The colors of phase diagrams beside those of all pictures.
enum PhaseInk {
  static let tieLine = "#3c6e9f"
  static let stable = "#1b5e8c"
  static let formula = "#12405f"
  static let candidate = "#1a7f4b"
  static let number = "#777777"
  static let zero = "#888888"
}

extension DrawingCanvas {
  /// The list of unstable phases, in columns from `origin` on; `rows` entries each.
  mutating func legend(_ phases: [PhaseDiagram.Phase], at origin: Point, rows: Int) {
    guard !phases.isEmpty else { return }
    text("above the hull (meV/atom)", at: origin, size: 11, color: Ink.note)
    for (place, phase) in phases.enumerated() {
      let x = origin.x + Double(place / rows) * LegendLayout.columnWidth
      let y = origin.y + 18 + Double(place % rows) * LegendLayout.rowHeight
      marker(phase, at: Point(x + 4, y - 4))
      text("\(place + 1)", at: Point(x + 30, y), size: 10, color: Ink.note, anchor: "end")
      text(phase.formula, at: Point(x + 36, y), size: 10, isFormula: true)
      text(milli(phase.energyAboveHull), at: Point(x + 178, y), size: 10, color: Ink.note, anchor: "end")
    }
  }

  /// The list of candidates, in columns from `origin` on; `rows` entries each.
  mutating func legend(
    _ candidates: ArraySlice<PhaseDiagram.Candidate>, of total: Int, at origin: Point, rows: Int
  ) {
    guard !candidates.isEmpty else { return }
    let rest = total - candidates.count
    text(
      "candidates, from the hull (meV/atom)" + (rest > 0 ? "; \(rest) more not listed" : ""), at: origin,
      size: 11, color: PhaseInk.candidate)
    for (place, candidate) in candidates.enumerated() {
      let x = origin.x + Double(place / rows) * LegendLayout.columnWidth
      let y = origin.y + 18 + Double(place % rows) * LegendLayout.rowHeight
      marker(candidate, at: Point(x + 4, y - 4))
      text(LegendLayout.label(place), at: Point(x + 30, y), size: 10, color: Ink.note, anchor: "end")
      text(candidate.formula, at: Point(x + 36, y), size: 10, isFormula: true)
      let sign = candidate.energyAboveHull > 0 ? "+" : ""
      text(
        sign + milli(candidate.energyAboveHull), at: Point(x + 178, y), size: 10, color: Ink.note,
        anchor: "end"
      )
    }
  }

  /// The circle of a phase, filled when it is stable.
  mutating func marker(_ phase: PhaseDiagram.Phase, at center: Point) {
    if phase.isStable {
      circle(
        at: center, radius: 5, fill: PhaseInk.stable, stroke: "white", strokeWidth: 1, tooltip: phase.tooltip)
    } else {
      circle(
        at: center, radius: 3.5, fill: "white", stroke: phase.color, strokeWidth: 1.2, tooltip: phase.tooltip)
    }
  }

  /// The diamond of a candidate, filled when it lies on or below the hull.
  mutating func marker(_ candidate: PhaseDiagram.Candidate, at center: Point) {
    let corners = [(0.0, -5.0), (5, 0), (0, 5), (-5, 0)].map { Point(center.x + $0.0, center.y + $0.1) }
    polygon(
      corners, fill: candidate.isStable ? PhaseInk.candidate : "white", stroke: PhaseInk.candidate,
      strokeWidth: 1.4, tooltip: candidate.tooltip)
  }
}
