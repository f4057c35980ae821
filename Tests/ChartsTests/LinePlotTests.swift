import Foundation
import Testing

@testable import Charts

@Suite struct LinePlotTests {
  static func learningCurve() -> LinePlot {
    let epochs = (1...60).map { Double($0) }
    let decay = { (epoch: Double, floor: Double, phase: Double) in
      floor + 0.9 * exp(-epoch / 7) + 0.01 * sin(3 * epoch + phase) * exp(-epoch / 40)
    }
    return LinePlot(
      title: "Learning curve: CGCNN, 3 convolutions & 64 wide",
      horizontal: PlotAxis(label: "Epoch"),
      vertical: PlotAxis(label: "Mean absolute error", unit: "eV/atom", scale: .logarithmic),
      series: [
        PlotSeries(name: "training", values: epochs.map { decay($0, 0.021, 0) }),
        PlotSeries(
          name: "validation, mean of 5 models",
          points: epochs.map {
            let value = decay($0, 0.054, 1)
            return PlotPoint(x: $0, y: value, low: value * 0.88, high: value * 1.13)
          }),
        PlotSeries(
          name: "published", points: [PlotPoint(x: 1, y: 0.039), PlotPoint(x: 60, y: 0.039)], isDashed: true),
      ])
  }

  @Test func `a subtitle stands below the title and moves the chart down`() throws {
    var plot = Self.learningCurve()
    let plain = plot.svg()
    plot.subtitle = "ranked on a & judged on b"
    let svg = plot.svg()
    #expect(svg.contains(">ranked on a &amp; judged on b<"))
    #expect(try elements(svg).count == elements(plain).count + 1)
  }

  @Test func `a chart is well-formed, and refers to nothing outside itself`() throws {
    let svg = Self.learningCurve().svg()
    let names = try elements(svg)
    #expect(names.count { $0 == "polyline" } == 6)
    #expect(names.count { $0 == "polygon" } == 1)
    #expect(
      !svg.contains("href") && !svg.contains("url(") && !svg.contains("<script") && !svg.contains("<style"))
    #expect(svg.components(separatedBy: "http").count == 2)
    #expect(svg.contains("Mean absolute error (eV/atom)"))
    #expect(svg.contains("3 convolutions &amp; 64 wide"))
    #expect(svg == Self.learningCurve().svg())
  }

  @Test func `points lie where the axes say`() throws {
    let plot = LinePlot(
      horizontal: PlotAxis(label: "x", range: 0...10),
      vertical: PlotAxis(label: "y", scale: .logarithmic, range: 1...100),
      series: [
        PlotSeries(
          name: "s", points: [PlotPoint(x: 0, y: 1), PlotPoint(x: 5, y: 10), PlotPoint(x: 10, y: 100)])
      ])
    let svg = plot.svg(width: 400, height: 300)
    // The first polyline is the sample in the legend.
    let points = try #require(svg.matches(of: #/<polyline points="([^"]*)"/#).last).output.1
    let numbers = points.split(whereSeparator: { $0 == " " || $0 == "," }).compactMap { Double($0) }
    let frame = try #require(
      svg.firstMatch(of: #/<svg x="[^"]*" y="[^"]*" width="([^"]*)" height="([^"]*)"/#)
    ).output
    let (width, height) = (try #require(Double(frame.1)), try #require(Double(frame.2)))
    let expected = [0, height, width / 2, height / 2, width, 0]
    #expect(numbers.count == 6)
    for (found, wanted) in zip(numbers, expected) { #expect(abs(found - wanted) < 0.02) }
  }

  @Test func `values that cannot be placed interrupt the line and do not move the axes`() throws {
    let values: [Double] = [1, 2, .nan, 4, 5, .infinity, 7, -1, 9, 10, 1e305, 3]
    let plot = LinePlot(
      horizontal: PlotAxis(label: "x"), vertical: PlotAxis(label: "y", scale: .logarithmic),
      series: [PlotSeries(name: "s", values: values)])
    let names = try elements(plot.svg())
    #expect(names.count { $0 == "polyline" } == 1 + 3)
    #expect(names.count { $0 == "circle" } == 2)
    let axis = AxisTicks(plot.vertical, showing: values, padding: 0)
    #expect(abs(axis.lower - 1) < 1e-9 && abs(axis.upper - 10) < 1e-9)
  }

  @Test(
    arguments: [
      [], [0], [5], [-3, -3], [1, 1 + 1e-15], [.leastNonzeroMagnitude, 1], [-1e300, 1e300], [.nan],
      [1e15, 1e15 + 1],
      [0, 1e-300],
    ] as [[Double]], [PlotAxis.Scale.linear, .logarithmic])
  func `any values give a chart`(values: [Double], scale: PlotAxis.Scale) throws {
    let plot = LinePlot(
      title: "a<b>\"\u{1}", horizontal: PlotAxis(label: "", scale: scale),
      vertical: PlotAxis(label: "", scale: scale),
      series: [
        PlotSeries(
          name: "", points: values.map { PlotPoint(x: $0, y: $0, low: min($0, 0), high: max($0, 0)) })
      ])
    #expect(try elements(plot.svg(width: 200, height: 150)).count > 3)
    #expect(
      try elements(LinePlot(horizontal: plot.horizontal, vertical: plot.vertical, series: []).svg()).count > 3
    )
  }

  @Test func `linear ticks are multiples of 1, 2 or 5 and write as many decimals as they need`() {
    let axis = { (range: ClosedRange<Double>) in
      AxisTicks(PlotAxis(label: "", range: range), showing: [], padding: 0)
    }
    #expect(axis(0...1).ticks(about: 5).map(\.text) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(axis(-20...35).ticks(about: 4).map(\.text) == ["−20", "0", "20"])
    #expect(axis(0.03...0.0712).ticks(about: 4).map(\.text) == ["0.04", "0.06"])
    #expect(axis(0...3_000_000).ticks(about: 3).map(\.text) == ["0", "10⁶", "2·10⁶", "3·10⁶"])
    #expect(axis(-0.00025...0).ticks(about: 3).map(\.text) == ["−0.0002", "−0.0001", "0"])
    #expect(axis(1000...1001).ticks(about: 2).map(\.text) == ["1000.0", "1000.5", "1001.0"])
    #expect(axis(0...2e-8).ticks(about: 2).map(\.text) == ["0", "10⁻⁸", "2·10⁻⁸"])
  }

  @Test func `logarithmic ticks are powers of ten, with 2 and 5 where there is room`() {
    let axis = { (range: ClosedRange<Double>) in
      AxisTicks(PlotAxis(label: "", scale: .logarithmic, range: range), showing: [], padding: 0)
    }
    #expect(
      axis(0.01...1).ticks(about: 5).compactMap(\.text) == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"])
    #expect(
      axis(1...1e6).ticks(about: 6).compactMap(\.text) == [
        "1", "10", "100", "1000", "10000", "100000", "10⁶",
      ])
    #expect(axis(1e-12...1).ticks(about: 4).compactMap(\.text) == ["10⁻¹²", "10⁻⁹", "10⁻⁶", "0.001", "1"])
    #expect(axis(2...3).ticks(about: 5).compactMap(\.text) == ["2", "3"])
  }

  @Test func `a name stands in the legend with the color of its line`() throws {
    let names = (0..<9).map { "series number \($0)" }
    let plot = LinePlot(
      horizontal: PlotAxis(label: "x"), vertical: PlotAxis(label: "y"),
      series: names.enumerated().map { PlotSeries(name: $1, values: [Double($0), 1], hasMarkers: true) })
    let svg = plot.svg()
    for name in names { #expect(svg.contains(">\(name)</text>")) }
    // Each line and its sample in the legend share color and dashes; no two series do.
    let lines = svg.matches(of: #/stroke="(#[0-9a-f]{6})" stroke-width="1.8" stroke-dasharray="([^"]*)"/#)
    let styles = lines.map { "\($0.output.1) \($0.output.2)" }
    #expect(styles.count == 18)
    #expect(Set(styles).count == 9)
  }

  @Test
  func `names stand in place of numbers, and points that are not joined have bars over their intervals`()
    throws
  {
    let svg = LinePlot(
      horizontal: PlotAxis(label: "Element", names: ["O", "Ti", "Ba"]),
      vertical: PlotAxis(label: "y", range: 0...10),
      series: [
        PlotSeries(
          name: "s",
          separate: [
            PlotPoint(x: 0, y: 5, low: 0, high: 10), PlotPoint(x: 1, y: 1), PlotPoint(x: 2, y: .nan),
          ])
      ]
    ).svg(width: 400, height: 300)
    let names = try elements(svg)
    #expect(names.count { $0 == "polyline" } == 0 && names.count { $0 == "polygon" } == 0)
    // Two points and the sample in the legend.
    #expect(names.count { $0 == "circle" } == 3)
    for name in ["O", "Ti", "Ba"] { #expect(svg.contains(">\(name)</text>")) }
    let frame = try #require(
      svg.firstMatch(of: #/<svg x="[^"]*" y="[^"]*" width="([^"]*)" height="([^"]*)"/#)
    ).output
    let (width, height) = (try #require(Double(frame.1)), try #require(Double(frame.2)))
    let bars = svg.matches(
      of: #/<line x1="([^"]*)" y1="([^"]*)" x2="([^"]*)" y2="([^"]*)" [^>]*stroke-width="1.2"/#)
    let bar = try #require(bars.first).output
    #expect(bars.count == 1)
    let found = [bar.1, bar.2, bar.3, bar.4].compactMap { Double($0) }
    for (value, wanted) in zip(found, [width / 6, height, width / 6, 0]) {
      #expect(abs(value - wanted) < 0.02)
    }
  }
}
