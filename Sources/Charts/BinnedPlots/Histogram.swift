/// How many things lie in each of a row of equal bins, told apart by kinds that are stacked.
public struct Histogram: Hashable, Sendable {
  /// One kind, whose counts are drawn upon those of the kinds before it.
  public struct Kind: Hashable, Sendable {
    /// Its name in the legend.
    public let name: String
    /// The number of things in each bin.
    public let counts: [Int]
    /// The color, by place in the palette.
    public let color: Int

    /// A kind with its counts.
    public init(name: String, counts: [Int], color: Int) {
      self.name = name
      self.counts = counts
      self.color = color
    }
  }

  /// What is counted, as the axis says it.
  public let label: String
  /// Its unit; empty for none.
  public let unit: String
  /// The values that the bins cover, from the lower end of the first to the upper of the last.
  public let range: ClosedRange<Double>
  /// The kinds, lowest first; all with the same number of bins.
  public let kinds: [Kind]
  /// A value to mark by a line, e.g. a threshold; nil for none.
  public let mark: Double?
  /// What things are counted, as the vertical axis says it.
  public let things: String

  /// Counts over a range that is finite and not empty.
  ///
  /// - Precondition: there is at least one bin, and all kinds have as many.
  public init(
    label: String, unit: String, range: ClosedRange<Double>, kinds: [Kind], mark: Double? = nil,
    things: String
  ) {
    precondition(
      range.lowerBound.isFinite && range.upperBound.isFinite && range.lowerBound < range.upperBound,
      "bins cover a range")
    precondition(
      !kinds.isEmpty && kinds.allSatisfy { $0.counts.count == kinds[0].counts.count && !$0.counts.isEmpty },
      "all kinds have the same bins")
    self.label = label
    self.unit = unit
    self.range = range
    self.kinds = kinds
    self.mark = mark
    self.things = things
  }

  /// The number of bins.
  public var binCount: Int { kinds[0].counts.count }

  /// The values that a bin covers.
  public func bin(_ index: Int) -> ClosedRange<Double> {
    let width = (range.upperBound - range.lowerBound) / Double(binCount)
    return range.lowerBound + Double(index) * width...range.lowerBound + Double(index + 1) * width
  }

  /// The chart as an SVG document.
  ///
  /// - Parameters:
  ///   - width: width of the picture (px), at least 200.
  ///   - height: height of the picture (px), at least 150.
  ///   - place: whether the picture is a file of its own, or a part of a page.
  public func svg(width: Int = 560, height: Int = 320, for place: PicturePlace = .file) -> String {
    precondition(width >= 200 && height >= 150, "too small for axes")
    var canvas = DrawingCanvas(width: Double(width), height: Double(height))
    let names = kinds.count > 1 ? kinds.map { (name: $0.name, color: $0.color) } : []
    let legend = SwatchLegend(names, top: 8, width: canvas.width - 60)
    let tallest = (0..<binCount).map { bin in kinds.reduce(0) { $0 + $1.counts[bin] } }.max() ?? 0
    let frame = AxisFrame(
      horizontal: AxisTicks(PlotAxis(label: label, unit: unit, range: range), showing: [], padding: 0),
      vertical: AxisTicks(
        PlotAxis(label: things, range: 0...Double(max(1, tallest)) * 1.05), showing: [], padding: 0),
      top: legend.bottom + 6, width: canvas.width, height: canvas.height)
    legend.draw(&canvas, left: frame.area.left)
    frame.drawAxes(&canvas)
    canvas.inside(frame.area) { part in
      var bottoms = [Int](repeating: 0, count: binCount)
      for kind in kinds {
        var boxes: [Rectangle] = []
        for (bin, count) in kind.counts.enumerated() where count > 0 {
          let covered = self.bin(bin)
          guard let low = frame.place(covered.lowerBound, Double(bottoms[bin])),
            let high = frame.place(covered.upperBound, Double(bottoms[bin] + count))
          else { continue }
          boxes.append(
            Rectangle(left: low.x, top: high.y, width: max(0.5, high.x - low.x - 0.5), height: low.y - high.y)
          )
          bottoms[bin] += count
        }
        part.boxes(boxes, fill: Ink.color(kind.color))
      }
      if let mark, let place = frame.place(mark, 0) {
        part.polyline(
          [Point(place.x, 0), Point(place.x, frame.area.height)], color: Ink.text, width: 1, dashes: "3 3")
      }
    }
    frame.drawBorder(&canvas)
    return canvas.document(title: "Number of \(things) by \(label)", for: place)
  }
}
