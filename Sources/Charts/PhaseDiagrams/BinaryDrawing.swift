internal import PhaseStability

/// Energies of a binary system over composition, with its lower hull.
struct BinaryDrawing {
  private let diagram: PhaseDiagram
  private let unstable: [PhaseDiagram.Phase]
  private let frame: AxisFrame

  private static let width = 750.0
  private static let height = 560.0
  private static let legendRows = 32

  init(_ diagram: PhaseDiagram) {
    self.diagram = diagram
    unstable = Array(diagram.unstablePhases)
    let energies = diagram.phases.map(\.energyPerAtom) + diagram.candidates.map(\.energyPerAtom)
    let deepest = energies.reduce(0, min)
    // Phases far above the elements would flatten the hull; they are named in the legend only.
    let ceiling = max(0.1, -0.4 * deepest)
    let tallest = energies.reduce(0) { $1 <= ceiling ? max($0, $1) : $0 }
    let range = max(tallest - deepest, 0.05)
    let fraction = PlotAxis(label: "atomic fraction of \(diagram.elements[1])", range: 0...1)
    let energy = PlotAxis(
      label: "formation energy", unit: "eV/atom", range: deepest - 0.10 * range...tallest + 0.08 * range)
    // To the right there is room for the formula of the second element.
    frame = AxisFrame(
      horizontal: AxisTicks(fraction, showing: [], padding: 0),
      vertical: AxisTicks(energy, showing: [], padding: 0), top: 80, width: Self.width - 26,
      height: Self.height)
  }

  /// The whole drawing.
  func document() -> String {
    let listed = diagram.listedCandidates
    let columns = LegendLayout.columns(unstable.count, rows: Self.legendRows)
    let allColumns = columns + LegendLayout.columns(listed.count, rows: Self.legendRows)
    var canvas = DrawingCanvas(
      width: Self.width + Double(allColumns) * LegendLayout.columnWidth, height: Self.height)
    diagram.drawTitle(&canvas)
    frame.drawAxes(&canvas)
    canvas.line(from: point(0, 0), to: point(1, 0), color: PhaseInk.zero)
    frame.drawBorder(&canvas)
    drawPhases(&canvas)
    canvas.legend(unstable, at: Point(Self.width, 30), rows: Self.legendRows)
    canvas.legend(
      listed, of: diagram.candidates.count,
      at: Point(Self.width + Double(columns) * LegendLayout.columnWidth, 30), rows: Self.legendRows)
    return diagram.document(canvas)
  }

  /// Both axes are linear, so every energy has a place.
  private func point(_ fraction: Double, _ energy: Double) -> Point {
    let (area, axis) = (frame.area, frame.vertical)
    return Point(
      area.left + area.width * fraction,
      area.top + area.height * (axis.upper - energy) / (axis.upper - axis.lower))
  }

  private func point(_ phase: PhaseDiagram.Phase) -> Point { point(phase.fractions[1], phase.energyPerAtom) }

  private func point(_ candidate: PhaseDiagram.Candidate) -> Point {
    point(candidate.fractions[1], candidate.energyPerAtom)
  }

  private func drawPhases(_ canvas: inout DrawingCanvas) {
    let highest = frame.vertical.upper
    var placer = LabelPlacer(width: Self.width, height: canvas.height)
    for x in [0.0, 1] { placer.avoid(from: point(x, frame.vertical.lower), to: point(x, highest)) }
    // The elements stand on the axes, where the number beside the tick at zero stands too.
    placer.avoid(Point(frame.area.left - 18, point(0, 0).y), radius: 12)
    for line in diagram.tieLines {
      let ends = line.map { point(diagram.phases[$0]) }
      canvas.line(from: ends[0], to: ends[1], color: PhaseInk.tieLine, width: 1.4)
      placer.avoid(from: ends[0], to: ends[1])
    }
    let shown = unstable.enumerated().filter { $0.element.energyPerAtom <= highest }
    for phase in diagram.stablePhases { placer.avoid(point(phase), radius: 5.5) }
    for (_, phase) in shown { placer.avoid(point(phase), radius: 4) }
    let candidates = diagram.candidates.enumerated().filter { $0.element.energyPerAtom <= highest }
      .map { (place: $0.offset, candidate: $0.element, at: point($0.element)) }
    for candidate in candidates { placer.avoid(candidate.at, radius: 5.5) }
    for (_, phase) in shown.reversed() { canvas.marker(phase, at: point(phase)) }
    for phase in diagram.stablePhases { canvas.marker(phase, at: point(phase)) }
    for phase in diagram.stablePhases {
      let place = placer.place(characters: phase.formula.count, size: 12, beside: point(phase))
      canvas.text(phase.formula, at: place, size: 12, color: PhaseInk.formula, isFormula: true)
    }
    for (_, candidate, position) in candidates.reversed() { canvas.marker(candidate, at: position) }
    for (place, _, position) in candidates.prefix(LegendLayout.mostCandidates) {
      let label = LegendLayout.label(place)
      canvas.text(
        label, at: placer.place(characters: label.count, size: 10, beside: position), size: 10,
        color: PhaseInk.candidate)
    }
    for (number, phase) in shown {
      let label = "\(number + 1)"
      let place = placer.place(characters: label.count, size: 8, beside: point(phase))
      canvas.text(label, at: place, size: 8, color: PhaseInk.number)
    }
  }
}
