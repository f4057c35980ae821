/// How densely points lie in a plane, as of predictions against known values: cells of a grid, darker where more points are.
public struct DensityPlot: Hashable, Sendable {
  /// What the horizontal axis shows; its range is what is drawn.
  public let horizontal: PlotAxis
  /// What the vertical axis shows; its range is what is drawn.
  public let vertical: PlotAxis
  /// Cells along each axis.
  public let cells: Int
  /// How many points lie in each cell, row by row from the lowest values.
  public let counts: [Int]
  /// Points outside both ranges.
  public let outside: Int
  /// The color, by place in the palette.
  public let color: Int
  /// Whether the line on which both values are the same is drawn.
  public let hasDiagonal: Bool

  /// Counts points into the cells of two axes with ranges.
  ///
  /// - Precondition: both axes have a range, and there is at least one cell.
  public init(
    horizontal: PlotAxis, vertical: PlotAxis, cells: Int = 60, points: some Sequence<(x: Double, y: Double)>,
    color: Int, hasDiagonal: Bool = true
  ) {
    guard let xRange = horizontal.range, let yRange = vertical.range, cells > 0 else {
      preconditionFailure("a density is drawn over ranges")
    }
    var counts = [Int](repeating: 0, count: cells * cells)
    var outside = 0
    for point in points {
      guard xRange.contains(point.x), yRange.contains(point.y) else {
        outside += 1
        continue
      }
      func cell(_ value: Double, _ range: ClosedRange<Double>) -> Int {
        min(
          cells - 1, Int((value - range.lowerBound) / (range.upperBound - range.lowerBound) * Double(cells)))
      }
      counts[cell(point.y, yRange) * cells + cell(point.x, xRange)] += 1
    }
    self.horizontal = horizontal
    self.vertical = vertical
    self.cells = cells
    self.counts = counts
    self.outside = outside
    self.color = color
    self.hasDiagonal = hasDiagonal
  }

  /// Shades from the lightest to the darkest; a cell's is by the logarithm of its count.
  private static let shades = 6

  /// The chart as an SVG document.
  ///
  /// - Parameters:
  ///   - width: width of the picture (px), at least 200.
  ///   - height: height of the picture (px), at least 150.
  ///   - place: whether the picture is a file of its own, or a part of a page.
  public func svg(width: Int = 560, height: Int = 380, for place: PicturePlace = .file) -> String {
    precondition(width >= 200 && height >= 150, "too small for axes")
    var canvas = DrawingCanvas(width: Double(width), height: Double(height))
    let frame = AxisFrame(
      horizontal: AxisTicks(horizontal, showing: [], padding: 0),
      vertical: AxisTicks(vertical, showing: [], padding: 0), top: 12, width: canvas.width,
      height: canvas.height)
    frame.drawAxes(&canvas)
    canvas.inside(frame.area) { part in
      let (width, height) = (frame.area.width / Double(cells), frame.area.height / Double(cells))
      for (shade, members) in cellsByShade.enumerated() {
        let boxes = members.map { cell in
          Rectangle(
            left: Double(cell % cells) * width, top: Double(cells - 1 - cell / cells) * height, width: width,
            height: height)
        }
        part.boxes(
          boxes, fill: Ink.color(color), opacity: Double(shade + 1) / Double(Self.shades) * 0.85 + 0.15)
      }
      if hasDiagonal, let range = horizontal.range,
        let start = frame.place(range.lowerBound, range.lowerBound),
        let end = frame.place(range.upperBound, range.upperBound)
      {
        part.polyline([start, end], color: Ink.text, width: 1, dashes: "3 3")
      }
    }
    frame.drawBorder(&canvas)
    return canvas.document(title: "\(vertical.caption) against \(horizontal.caption)", for: place)
  }

  private var cellsByShade: [[Int]] {
    let largest = counts.max() ?? 0
    var cells = [[Int]](repeating: [], count: Self.shades)
    // Doublings of the count, in as many steps as there are shades.
    let doublings = max(1, Int.bitWidth - 1 - max(1, largest).leadingZeroBitCount)
    for (index, count) in counts.enumerated() where count > 0 {
      let step = (Int.bitWidth - 1 - count.leadingZeroBitCount) * (Self.shades - 1) / doublings
      cells[min(Self.shades - 1, step)].append(index)
    }
    return cells
  }
}
