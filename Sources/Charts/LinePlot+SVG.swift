extension LinePlot {
  /// The chart as an SVG document that needs nothing from outside: no fonts, scripts or style sheets.
  ///
  /// - Parameters:
  ///   - width: width of the picture (px), at least 200.
  ///   - height: height of the picture (px), at least 150.
  public func svg(width: Int = 720, height: Int = 440) -> String {
    precondition(width >= 200 && height >= 150, "too small for axes")
    let frame = PlotFrame(self, width: Double(width), height: Double(height))
    var lines = [
      SVGElement.opening(
        "svg",
        [
          "xmlns": "http://www.w3.org/2000/svg", "width": "\(width)", "height": "\(height)",
          "viewBox": "0 0 \(width) \(height)", "role": "img", "font-family": "sans-serif", "font-size": "12",
          "fill": Ink.text,
        ]),
      SVGElement.markup("title", [:], content: SVGElement.escaped(title.isEmpty ? vertical.caption : title)),
      SVGElement.markup("rect", ["width": "\(width)", "height": "\(height)", "fill": "white"]),
    ]
    if !title.isEmpty {
      lines.append(label(title, x: Double(width) / 2, y: 22, anchor: "middle", size: 15))
    }
    if !subtitle.isEmpty {
      lines.append(
        label(subtitle, x: Double(width) / 2, y: title.isEmpty ? 22 : 40, anchor: "middle", size: 11))
    }
    lines += frame.legend(of: series)
    lines += frame.horizontalAxis(caption: horizontal.caption)
    lines += frame.verticalAxis(caption: vertical.caption)
    // A nested picture clips what lies outside the axes without needing a name that could clash on a page.
    lines.append(SVGElement.opening("svg", frame.plotArea))
    for (index, line) in series.enumerated() { lines += frame.band(of: line, color: Ink.color(index)) }
    for (index, line) in series.enumerated() { lines += frame.line(of: line, index: index) }
    lines.append("</svg>")
    lines.append(frame.border)
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Colors and dashes.
private enum Ink {
  static let text = "#222222"
  static let grid = "#e4e4e4"

  /// Colors that the color-blind can tell apart: M. Okabe and K. Ito, Color Universal Design (2008).
  static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]

  static func color(_ index: Int) -> String { palette[index % palette.count] }

  /// Beyond the palette colors repeat, so the dashes have to differ.
  static func dashes(_ series: PlotSeries, _ index: Int) -> String {
    let round = index / palette.count
    if series.isDashed { return round == 0 ? "6 4" : "6 4 \(round) 4" }
    return round == 0 ? "none" : "\(2 + 2 * round) 2"
  }
}

private func text(_ value: Double) -> String { NumberText.coordinate(value) }

private func label(_ content: String, x: Double, y: Double, anchor: String = "start", size: Int = 12)
  -> String
{
  SVGElement.markup(
    "text", ["x": text(x), "y": text(y), "text-anchor": anchor, "font-size": "\(size)"],
    content: SVGElement.escaped(content))
}

private func segment(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String) -> String {
  SVGElement.markup(
    "line", ["x1": text(x1), "y1": text(y1), "x2": text(x2), "y2": text(y2), "stroke": color])
}

private func marker(_ x: Double, _ y: Double, _ color: String) -> String {
  SVGElement.markup("circle", ["cx": text(x), "cy": text(y), "r": "3", "fill": color])
}

private func polyline(_ points: [String], _ series: PlotSeries, _ index: Int) -> String {
  SVGElement.markup(
    "polyline",
    [
      "points": points.joined(separator: " "), "fill": "none", "stroke": Ink.color(index),
      "stroke-width": "1.8",
      "stroke-dasharray": Ink.dashes(series, index), "stroke-linejoin": "round",
    ])
}

/// Where things are in the picture (px).
private struct PlotFrame {
  let left: Double
  let top: Double
  let plotWidth: Double
  let plotHeight: Double
  let horizontal: AxisTicks
  let vertical: AxisTicks
  private let horizontalTicks: [AxisTicks.Tick]
  private let verticalTicks: [AxisTicks.Tick]
  private let legendRows: [[(name: String, x: Double, index: Int)]]
  private let legendTop: Double

  /// Mean width of a character at 12 px, a little generous: fonts differ between viewers.
  private static let characterWidth = 7.0
  private static let legendRowHeight = 18.0
  /// Length of a line sample in the legend and the gap behind it.
  private static let sampleWidth = 30.0

  init(_ plot: LinePlot, width: Double, height: Double) {
    let points = plot.series.flatMap(\.points)
    // Only points that are drawn decide what is shown.
    let drawn = points.filter {
      AxisTicks.canPlace($0.x, plot.horizontal.scale) && AxisTicks.canPlace($0.y, plot.vertical.scale)
    }
    let heights = drawn.flatMap { point in
      [point.y, point.low, point.high].compactMap { $0 }
    }
    horizontal = AxisTicks(plot.horizontal, showing: drawn.map(\.x), padding: 0.01)
    vertical = AxisTicks(plot.vertical, showing: heights, padding: 0.05)
    legendTop = (plot.title.isEmpty ? 12 : 34) + (plot.subtitle.isEmpty ? 0 : 18)
    let rows = Self.legendRows(plot.series.map(\.name), width: width - 80)
    legendRows = rows
    top = legendTop + Double(rows.count) * Self.legendRowHeight + 8
    plotHeight = max(40, height - top - 52)
    verticalTicks = vertical.ticks(about: max(2, Int(plotHeight / 45)))
    let longest = verticalTicks.map { $0.text?.count ?? 0 }.max() ?? 0
    left = 40 + Double(longest) * Self.characterWidth
    plotWidth = max(40, width - left - 24)
    horizontalTicks = horizontal.ticks(about: max(2, Int(plotWidth / 75)))
  }

  /// Names side by side, in as many rows as they need.
  private static func legendRows(_ names: [String], width: Double) -> [[(
    name: String, x: Double, index: Int
  )]] {
    var rows: [[(name: String, x: Double, index: Int)]] = []
    var end = Double.infinity
    for (index, name) in names.enumerated() {
      let length = sampleWidth + Double(name.count) * characterWidth + 18
      if end + length > width {
        rows.append([])
        end = 0
      }
      rows[rows.count - 1].append((name, end, index))
      end += length
    }
    return rows
  }

  var plotArea: KeyValuePairs<String, String> {
    ["x": text(left), "y": text(top), "width": text(plotWidth), "height": text(plotHeight)]
  }

  var border: String {
    SVGElement.markup(
      "rect",
      [
        "x": text(left), "y": text(top), "width": text(plotWidth), "height": text(plotHeight), "fill": "none",
        "stroke": Ink.text,
      ])
  }

  func legend(of series: [PlotSeries]) -> [String] {
    var lines: [String] = []
    for (row, entries) in legendRows.enumerated() {
      let y = legendTop + (Double(row) + 0.5) * Self.legendRowHeight
      for entry in entries {
        let (x, line) = (left + entry.x, series[entry.index])
        lines.append(polyline(["\(text(x)),\(text(y))", "\(text(x + 24)),\(text(y))"], line, entry.index))
        if line.hasMarkers { lines.append(marker(x + 12, y, Ink.color(entry.index))) }
        lines.append(label(entry.name, x: x + Self.sampleWidth, y: y + 4))
      }
    }
    return lines
  }

  func horizontalAxis(caption: String) -> [String] {
    let bottom = top + plotHeight
    var lines: [String] = []
    for tick in horizontalTicks {
      guard let fraction = horizontal.fraction(tick.value) else { continue }
      let x = left + fraction * plotWidth
      if let number = tick.text {
        lines.append(segment(x, top, x, bottom, color: Ink.grid))
        lines.append(label(number, x: x, y: bottom + 18, anchor: "middle"))
      }
      lines.append(segment(x, bottom, x, bottom + (tick.text == nil ? 3 : 5), color: Ink.text))
    }
    lines.append(label(caption, x: left + plotWidth / 2, y: bottom + 40, anchor: "middle", size: 13))
    return lines
  }

  func verticalAxis(caption: String) -> [String] {
    var lines: [String] = []
    for tick in verticalTicks {
      guard let fraction = vertical.fraction(tick.value) else { continue }
      let y = top + (1 - fraction) * plotHeight
      if let number = tick.text {
        lines.append(segment(left, y, left + plotWidth, y, color: Ink.grid))
        lines.append(label(number, x: left - 8, y: y + 4, anchor: "end"))
      }
      lines.append(segment(left - (tick.text == nil ? 3 : 5), y, left, y, color: Ink.text))
    }
    let turn = "translate(18 \(text(top + plotHeight / 2))) rotate(-90)"
    lines.append(
      SVGElement.markup(
        "g", ["transform": turn], content: label(caption, x: 0, y: 0, anchor: "middle", size: 13)))
    return lines
  }

  /// The shaded interval of a series: one polygon for each run of points that have one.
  func band(of series: PlotSeries, color: String) -> [String] {
    let found = runs(of: series.points) { point -> (x: Double, low: Double, high: Double)? in
      guard let x = horizontal.fraction(point.x), let low = point.low.flatMap(vertical.fraction),
        let high = point.high.flatMap(vertical.fraction)
      else { return nil }
      return (x, low, high)
    }
    return found.filter { $0.count > 1 }.map { run in
      let corners = run.map { place($0.x, $0.high) } + run.reversed().map { place($0.x, $0.low) }
      return SVGElement.markup(
        "polygon", ["points": corners.joined(separator: " "), "fill": color, "fill-opacity": "0.18"])
    }
  }

  /// The line of a series: one polyline for each run of points that can be placed; a lone point gets a marker.
  func line(of series: PlotSeries, index: Int) -> [String] {
    let found = runs(of: series.points) { point -> (x: Double, y: Double)? in
      guard let x = horizontal.fraction(point.x), let y = vertical.fraction(point.y) else { return nil }
      return (x, y)
    }
    return found.flatMap { run -> [String] in
      var lines = run.count > 1 ? [polyline(run.map { place($0.x, $0.y) }, series, index)] : []
      if series.hasMarkers || run.count == 1 {
        lines += run.map { marker($0.x * plotWidth, (1 - $0.y) * plotHeight, Ink.color(index)) }
      }
      return lines
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

  private func place(_ x: Double, _ y: Double) -> String {
    "\(text(x * plotWidth)),\(text((1 - y) * plotHeight))"
  }
}
