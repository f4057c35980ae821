/// Energies of a binary system over composition, with its lower hull.
struct BinaryDrawing {
  private let diagram: PhaseDiagram
  private let unstable: [PhaseDiagram.Phase]
  private let lowest: Double
  private let highest: Double

  private static let plotWidth = 620.0
  private static let plotHeight = 420.0
  private static let left = 80.0
  private static let top = 80.0
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
    lowest = deepest - 0.10 * range
    highest = tallest + 0.08 * range
  }

  /// The whole drawing.
  func document() -> String {
    let listed = diagram.listedCandidates
    let columns = LegendLayout.columns(unstable.count, rows: Self.legendRows)
    let allColumns = columns + LegendLayout.columns(listed.count, rows: Self.legendRows)
    let width = Self.left + Self.plotWidth + 50
    var canvas = DrawingCanvas(
      width: width + Double(allColumns) * LegendLayout.columnWidth, height: Self.top + Self.plotHeight + 60)
    canvas.text(diagram.title, at: Point(20, 30), size: 18, isBold: true)
    canvas.text(diagram.subtitle, at: Point(20, 50), size: 11, color: "#555")
    drawAxes(&canvas)
    drawPhases(&canvas, width: width)
    canvas.legend(unstable, at: Point(width, 30), rows: Self.legendRows)
    canvas.legend(
      listed, of: diagram.candidates.count,
      at: Point(width + Double(columns) * LegendLayout.columnWidth, 30), rows: Self.legendRows)
    return canvas.document
  }

  private func point(_ fraction: Double, _ energy: Double) -> Point {
    Point(
      Self.left + Self.plotWidth * fraction,
      Self.top + Self.plotHeight * (highest - energy) / (highest - lowest))
  }

  private func point(_ candidate: PhaseDiagram.Candidate) -> Point {
    point(candidate.fractions[1], candidate.energyPerAtom)
  }

  private func drawPhases(_ canvas: inout DrawingCanvas, width: Double) {
    var placer = LabelPlacer(width: width, height: canvas.height)
    for x in [0.0, 1] { placer.avoid(from: point(x, lowest), to: point(x, highest)) }
    // The elements stand on the axes, where the number beside the tick at zero stands too.
    placer.avoid(Point(Self.left - 18, point(0, 0).y), radius: 12)
    for line in diagram.tieLines {
      let ends = line.map { point(diagram.phases[$0].fractions[1], diagram.phases[$0].energyPerAtom) }
      canvas.line(from: ends[0], to: ends[1], color: "#3c6e9f", width: 1.4)
      placer.avoid(from: ends[0], to: ends[1])
    }
    let shown = unstable.enumerated().filter { $0.element.energyPerAtom <= highest }
    for phase in diagram.stablePhases {
      placer.avoid(point(phase.fractions[1], phase.energyPerAtom), radius: 5.5)
    }
    for (_, phase) in shown { placer.avoid(point(phase.fractions[1], phase.energyPerAtom), radius: 4) }
    let candidates = diagram.candidates.enumerated().filter { $0.element.energyPerAtom <= highest }
      .map { (place: $0.offset, candidate: $0.element, at: point($0.element)) }
    for candidate in candidates { placer.avoid(candidate.at, radius: 5.5) }
    for (_, phase) in shown.reversed() {
      canvas.circle(
        at: point(phase.fractions[1], phase.energyPerAtom), radius: 3.5, fill: "white", stroke: phase.color,
        tooltip: phase.tooltip)
    }
    for phase in diagram.stablePhases {
      let position = point(phase.fractions[1], phase.energyPerAtom)
      canvas.circle(
        at: position, radius: 5, fill: "#1b5e8c", stroke: "white", strokeWidth: 1, tooltip: phase.tooltip)
    }
    for phase in diagram.stablePhases {
      let position = point(phase.fractions[1], phase.energyPerAtom)
      let place = placer.place(characters: phase.formula.count, size: 12, beside: position)
      canvas.text(phase.formula, at: place, size: 12, color: "#12405f", isFormula: true)
    }
    for (_, candidate, position) in candidates.reversed() { canvas.marker(candidate, at: position) }
    for (place, _, position) in candidates.prefix(LegendLayout.mostCandidates) {
      let label = LegendLayout.label(place)
      canvas.text(
        label, at: placer.place(characters: label.count, size: 10, beside: position), size: 10,
        color: LegendLayout.candidateColor)
    }
    for (number, phase) in shown {
      let label = "\(number + 1)"
      let position = point(phase.fractions[1], phase.energyPerAtom)
      canvas.text(
        label, at: placer.place(characters: label.count, size: 8, beside: position), size: 8, color: "#777")
    }
  }

  private func drawAxes(_ canvas: inout DrawingCanvas) {
    let floor = Self.top + Self.plotHeight
    let right = Self.left + Self.plotWidth
    let spacing = Self.tickSpacing(highest - lowest)
    let decimals = spacing < 0.01 ? 3 : spacing < 0.1 ? 2 : 1
    for tick in Int((lowest / spacing).rounded(.up))...Int((highest / spacing).rounded(.down)) {
      let energy = Double(tick) * spacing
      let y = point(0, energy).y
      canvas.line(
        from: Point(Self.left, y), to: Point(right, y), color: tick == 0 ? "#888" : "#ececec", width: 0.8)
      canvas.text(
        fixedPoint(energy, decimals: decimals), at: Point(Self.left - 8, y + 4), size: 11, color: "#555",
        anchor: "end")
    }
    for tick in 0...5 {
      let x = Self.left + Self.plotWidth * Double(tick) / 5
      canvas.line(from: Point(x, floor), to: Point(x, floor + 5), color: "#888", width: 0.8)
      canvas.text(
        fixedPoint(Double(tick) / 5, decimals: 1), at: Point(x, floor + 20), size: 11, color: "#555",
        anchor: "middle")
    }
    canvas.polygon(
      [
        Point(Self.left, Self.top), Point(right, Self.top), Point(right, floor), Point(Self.left, floor),
      ], fill: "none", stroke: "#888")
    canvas.text(
      "atomic fraction of \(diagram.elements[1])", at: Point((Self.left + right) / 2, floor + 42), size: 12,
      anchor: "middle")
    canvas.text(
      "formation energy (eV/atom)", at: Point(24, Self.top + Self.plotHeight / 2), size: 12, anchor: "middle",
      rotation: -90)
  }

  /// A round spacing that gives about six ticks.
  private static func tickSpacing(_ range: Double) -> Double {
    var spacing = 0.001
    var factors = [2, 2.5, 2]
    while range / spacing > 7 {
      spacing *= factors[0]
      factors.append(factors.removeFirst())
    }
    return spacing
  }
}
