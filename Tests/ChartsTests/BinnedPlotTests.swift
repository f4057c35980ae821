import Testing

@testable import Charts

@Suite("Charts of counts") struct BinnedPlotTests {
  /// The areas (px²) of the boxes of each color.
  private func areas(_ svg: String) -> [String: Double] {
    var areas: [String: Double] = [:]
    for path in svg.matches(of: #/<path d="([^"]*)" fill="([^"]*)"/#) {
      for box in String(path.1).matches(of: #/h(-?[\d.]+)v([\d.]+)h/#) {
        areas[String(path.2), default: 0] += (Double(box.1) ?? 0) * (Double(box.2) ?? 0)
      }
    }
    return areas
  }

  @Test func `areas of a histogram are as its counts`() {
    let kinds = [
      Histogram.Kind(name: "few", counts: [1, 0, 2, 3], color: 1),
      Histogram.Kind(name: "many", counts: [10, 5, 0, 9], color: 2),
    ]
    let chart = Histogram(label: "x", unit: "", range: 0...4, kinds: kinds, mark: 1, things: "things")
    let areas = areas(chart.svg())
    let ratio = (areas[Ink.color(2)] ?? 0) / (areas[Ink.color(1)] ?? 1)
    #expect(abs(ratio - 24.0 / 6) < 0.05)
    #expect(chart.bin(3) == 3...4)
  }

  @Test func `a density counts every point once, at its place or outside`() {
    let axis = PlotAxis(label: "x", range: 0...1)
    let points = (0..<500).map { (x: Double($0 % 23) / 20, y: Double($0 % 17) / 16) }
    let chart = DensityPlot(horizontal: axis, vertical: axis, cells: 10, points: points, color: 0)
    #expect(chart.counts.reduce(0, +) + chart.outside == 500)
    #expect(chart.outside == points.count { $0.x > 1 })
    #expect(chart.counts[0] == points.count { $0.x < 0.1 && $0.y < 0.1 })
    // The upper end belongs to the last cell.
    #expect(chart.counts[99] == points.count { $0.x >= 0.9 && $0.x <= 1 && $0.y >= 0.9 })
    #expect(DensityPlot(horizontal: axis, vertical: axis, points: [], color: 0).svg().hasPrefix("<svg"))
  }

  @Test func `bars are as long as their values say`() {
    let bars = [("all", 200), ("half", 100), ("none", 0)].map {
      BarList.Bar(name: $0.0, value: $0.1, text: "\($0.1)", color: $0.1 == 100 ? 1 : 0)
    }
    let areas = areas(BarList(title: "left", bars: bars).svg())
    #expect(abs((areas[Ink.color(0)] ?? 0) / (areas[Ink.color(1)] ?? 1) - 2) < 0.02)
  }

  @Test func `on a page all colors are the page's, and texts stay what they are`() {
    let name = "\(Ink.text) =\"\(Ink.text)\""
    let plot = LinePlot(
      title: name, horizontal: PlotAxis(label: "x"), vertical: PlotAxis(label: "y"),
      series: [PlotSeries(name: name, values: [1, 2, 3])])
    let page = plot.svg(for: .page)
    for color in page.matches(of: #/(?:fill|stroke)="([^"]*)"/#) {
      #expect(color.1 == "none" || color.1.hasPrefix("var(--"), "\(color.1)")
    }
    #expect(page.contains(SVGElement.escaped(name)))
  }
}
