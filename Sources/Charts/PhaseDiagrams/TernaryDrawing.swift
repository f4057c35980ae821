internal import PhaseStability

/// The triangle of a ternary system: elements at the corners, tie lines between phases that coexist.
struct TernaryDrawing {
  private let diagram: PhaseDiagram
  private let unstable: [PhaseDiagram.Phase]

  private static let side = 620.0
  private static let left = 70.0
  private static let top = 90.0
  private static let legendRows = 38

  init(_ diagram: PhaseDiagram) {
    self.diagram = diagram
    unstable = Array(diagram.unstablePhases)
  }

  /// The whole drawing.
  func document() -> String {
    let listed = diagram.listedCandidates
    let columns = LegendLayout.columns(unstable.count, rows: Self.legendRows)
    let allColumns = columns + LegendLayout.columns(listed.count, rows: Self.legendRows)
    let triangleWidth = Self.side + 2 * Self.left
    var canvas = DrawingCanvas(
      width: triangleWidth + Double(allColumns) * LegendLayout.columnWidth,
      height: Self.top + Self.side * 0.8660254 + 70)
    var placer = LabelPlacer(width: triangleWidth, height: canvas.height)
    diagram.drawTitle(&canvas)
    Self.drawGrid(&canvas)
    for line in diagram.tieLines {
      let (start, end) = (Self.point(diagram.phases[line[0]]), Self.point(diagram.phases[line[1]]))
      canvas.line(from: start, to: end, color: PhaseInk.tieLine, width: 1.1)
      placer.avoid(from: start, to: end)
    }
    for phase in diagram.phases { placer.avoid(Self.point(phase), radius: phase.isStable ? 5.5 : 4) }
    for candidate in diagram.candidates { placer.avoid(Self.point(candidate.fractions), radius: 5.5) }
    // The least stable first, so that the more stable lie on top.
    for phase in unstable.reversed() { canvas.marker(phase, at: Self.point(phase)) }
    for phase in diagram.stablePhases { canvas.marker(phase, at: Self.point(phase)) }
    for phase in diagram.stablePhases {
      let characters = phase.formula.count
      let place = placer.place(characters: characters, size: 12, beside: Self.point(phase))
      canvas.text(phase.formula, at: place, size: 12, color: PhaseInk.formula, isFormula: true)
    }
    drawCandidates(&canvas, &placer)
    for (number, phase) in unstable.enumerated() {
      let label = "\(number + 1)"
      let place = placer.place(characters: label.count, size: 8, beside: Self.point(phase))
      canvas.text(label, at: place, size: 8, color: PhaseInk.number)
    }
    canvas.legend(unstable, at: Point(triangleWidth, 30), rows: Self.legendRows)
    canvas.legend(
      listed, of: diagram.candidates.count,
      at: Point(triangleWidth + Double(columns) * LegendLayout.columnWidth, 30), rows: Self.legendRows)
    return diagram.document(canvas)
  }

  private func drawCandidates(_ canvas: inout DrawingCanvas, _ placer: inout LabelPlacer) {
    for candidate in diagram.candidates.reversed() {
      canvas.marker(candidate, at: Self.point(candidate.fractions))
    }
    for (place, candidate) in diagram.listedCandidates.enumerated() {
      let label = LegendLayout.label(place)
      canvas.text(
        label,
        at: placer.place(characters: label.count, size: 10, beside: Self.point(candidate.fractions)),
        size: 10, color: PhaseInk.candidate)
    }
  }

  private static func point(_ phase: PhaseDiagram.Phase) -> Point { point(phase.fractions) }

  /// First element at the lower left, second at the lower right, third on top.
  private static func point(_ fractions: [Double]) -> Point {
    Point(
      left + side * (fractions[1] + 0.5 * fractions[2]), top + side * 0.8660254 * (1 - fractions[2]))
  }

  private static func drawGrid(_ canvas: inout DrawingCanvas) {
    for step in 1...4 {
      let x = 0.2 * Double(step)
      for (start, end) in [
        ([x, 1 - x, 0], [x, 0, 1 - x]), ([1 - x, x, 0], [0, x, 1 - x]), ([1 - x, 0, x], [0, 1 - x, x]),
      ] {
        canvas.line(from: point(start), to: point(end), color: Ink.grid, width: 0.8)
      }
    }
    canvas.polygon(
      [point([1, 0, 0]), point([0, 1, 0]), point([0, 0, 1])], fill: "none", stroke: PhaseInk.zero)
  }
}
