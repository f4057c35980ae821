extension LinePlot {
  /// The chart as an SVG document that needs nothing from outside: no fonts, scripts or style sheets.
  ///
  /// - Parameters:
  ///   - width: width of the picture (px), at least 200.
  ///   - height: height of the picture (px), at least 150.
  ///   - place: whether the picture is a file of its own, or a part of a page.
  public func svg(width: Int = 720, height: Int = 440, for place: PicturePlace = .file) -> String {
    precondition(width >= 200 && height >= 150, "too small for axes")
    var canvas = DrawingCanvas(width: Double(width), height: Double(height))
    let middle = canvas.width / 2
    if !title.isEmpty { canvas.text(title, at: Point(middle, 22), size: 15, anchor: "middle") }
    if !subtitle.isEmpty {
      canvas.text(subtitle, at: Point(middle, title.isEmpty ? 22 : 40), size: 11, anchor: "middle")
    }
    let legend = PlotLegend(
      series, top: (title.isEmpty ? 12 : 34) + (subtitle.isEmpty ? 0 : 18), width: canvas.width - 80)
    let frame = frame(below: legend.bottom, in: canvas)
    legend.draw(&canvas, left: frame.area.left)
    frame.drawAxes(&canvas)
    canvas.inside(frame.area) { part in
      for (index, line) in series.enumerated() {
        if line.hasLine {
          frame.drawBand(of: line, index: index, &part)
        } else {
          frame.drawBars(of: line, index: index, &part)
        }
      }
      for (index, line) in series.enumerated() { frame.drawLine(of: line, index: index, &part) }
    }
    frame.drawBorder(&canvas)
    return canvas.document(
      title: title.isEmpty ? "\(vertical.caption) against \(horizontal.caption)" : title, for: place)
  }

  private func frame(below top: Double, in canvas: DrawingCanvas) -> AxisFrame {
    // Only points that are drawn decide what is shown.
    let drawn = series.flatMap(\.points).filter {
      AxisTicks.canPlace($0.x, horizontal.scale) && AxisTicks.canPlace($0.y, vertical.scale)
    }
    let heights = drawn.flatMap { [$0.y, $0.low, $0.high].compactMap { $0 } }
    return AxisFrame(
      horizontal: AxisTicks(horizontal, showing: drawn.map(\.x), padding: 0.01),
      vertical: AxisTicks(vertical, showing: heights, padding: 0.05), top: top, width: canvas.width,
      height: canvas.height)
  }
}

extension DrawingCanvas {
  fileprivate mutating func stroke(_ points: [Point], of series: PlotSeries, index: Int) {
    polyline(
      points, color: Ink.color(index), width: 1.8, dashes: Ink.dashes(index, isDashed: series.isDashed))
  }

  fileprivate mutating func mark(_ point: Point, index: Int) {
    circle(at: point, radius: 3, fill: Ink.color(index))
  }
}

/// The names of the series side by side, in as many rows as they need.
private struct PlotLegend {
  private let series: [PlotSeries]
  private let rows: [[(x: Double, index: Int)]]
  private let top: Double

  private static let rowHeight = 18.0
  /// Length of a line sample and the gap behind it.
  private static let sampleWidth = 30.0

  init(_ series: [PlotSeries], top: Double, width: Double) {
    self.series = series
    self.top = top
    var rows: [[(x: Double, index: Int)]] = []
    var end = Double.infinity
    for (index, line) in series.enumerated() {
      let length = Self.sampleWidth + Double(line.name.count) * AxisFrame.characterWidth + 18
      if end + length > width {
        rows.append([])
        end = 0
      }
      rows[rows.count - 1].append((end, index))
      end += length
    }
    self.rows = rows
  }

  /// Where the chart may begin.
  var bottom: Double { top + Double(rows.count) * Self.rowHeight + 8 }

  func draw(_ canvas: inout DrawingCanvas, left: Double) {
    for (row, entries) in rows.enumerated() {
      let y = top + (Double(row) + 0.5) * Self.rowHeight
      for entry in entries {
        let (x, line) = (left + entry.x, series[entry.index])
        if line.hasLine {
          canvas.stroke([Point(x, y), Point(x + 24, y)], of: line, index: entry.index)
        }
        if line.hasMarkers { canvas.mark(Point(x + 12, y), index: entry.index) }
        canvas.text(line.name, at: Point(x + Self.sampleWidth, y + 4))
      }
    }
  }
}

extension AxisFrame {
  /// The shaded interval of a series: one polygon for each run of points that have one.
  fileprivate func drawBand(of series: PlotSeries, index: Int, _ canvas: inout DrawingCanvas) {
    let found = runs(of: series.points) { point -> (high: Point, low: Point)? in
      guard let low = point.low.flatMap({ place(point.x, $0) }),
        let high = point.high.flatMap({ place(point.x, $0) })
      else { return nil }
      return (high, low)
    }
    for run in found where run.count > 1 {
      canvas.polygon(
        run.map(\.high) + run.reversed().map(\.low), fill: Ink.color(index), opacity: 0.18)
    }
  }

  /// A bar over the interval of each point that has one.
  fileprivate func drawBars(of series: PlotSeries, index: Int, _ canvas: inout DrawingCanvas) {
    for point in series.points {
      guard let low = point.low.flatMap({ place(point.x, $0) }),
        let high = point.high.flatMap({ place(point.x, $0) })
      else { continue }
      canvas.line(from: low, to: high, color: Ink.color(index), width: 1.2)
    }
  }

  /// The points of a series, marked where they are not joined, and its line: one polyline for each run of points that can be placed; a lone point gets a marker.
  fileprivate func drawLine(of series: PlotSeries, index: Int, _ canvas: inout DrawingCanvas) {
    for run in runs(of: series.points, { place($0.x, $0.y) }) {
      if run.count > 1, series.hasLine { canvas.stroke(run, of: series, index: index) }
      guard series.hasMarkers || run.count == 1 else { continue }
      for point in run { canvas.mark(point, index: index) }
    }
  }

  /// Splits points into runs without a gap, where `place` gives nil for a gap.
  private func runs<Placed>(of points: [PlotPoint], _ place: (PlotPoint) -> Placed?) -> [[Placed]] {
    var runs: [[Placed]] = []
    var isOpen = false
    for point in points {
      guard let placed = place(point) else {
        isOpen = false
        continue
      }
      if !isOpen { runs.append([]) }
      isOpen = true
      runs[runs.count - 1].append(placed)
    }
    return runs
  }
}
