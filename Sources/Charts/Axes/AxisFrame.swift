/// Two axes around an area, where values have their places (px).
struct AxisFrame {
  let horizontal: AxisTicks
  let vertical: AxisTicks
  /// What the axes enclose.
  let area: Rectangle
  private let horizontalTicks: [AxisTicks.Tick]
  private let verticalTicks: [AxisTicks.Tick]

  /// Mean width of a character at 12 px, a little generous: fonts differ between viewers.
  static let characterWidth = 7.0

  /// The frame that fills a picture of this size from `top` down, with room for numbers and captions.
  init(horizontal: AxisTicks, vertical: AxisTicks, top: Double, width: Double, height: Double) {
    let plotHeight = max(40, height - top - 52)
    let verticalTicks = vertical.ticks(about: max(2, Int(plotHeight / 45)))
    let longest = verticalTicks.map { $0.text?.count ?? 0 }.max() ?? 0
    let left = 40 + Double(longest) * Self.characterWidth
    let plotWidth = max(40, width - left - 24)
    self.horizontal = horizontal
    self.vertical = vertical
    self.verticalTicks = verticalTicks
    horizontalTicks = horizontal.ticks(about: max(2, Int(plotWidth / 75)))
    area = Rectangle(left: left, top: top, width: plotWidth, height: plotHeight)
  }

  /// Where a pair of values lies, from the corner of the area; nil when it cannot be placed.
  func place(_ x: Double, _ y: Double) -> Point? {
    guard let x = horizontal.fraction(x), let y = vertical.fraction(y) else { return nil }
    return Point(x * area.width, (1 - y) * area.height)
  }

  /// Grid, marks, numbers and captions.
  func drawAxes(_ canvas: inout DrawingCanvas) {
    drawHorizontalAxis(&canvas)
    drawVerticalAxis(&canvas)
  }

  /// The border around the area; drawn last, it lies on top of what the chart shows.
  func drawBorder(_ canvas: inout DrawingCanvas) { canvas.border(of: area, color: Ink.text) }

  private func drawHorizontalAxis(_ canvas: inout DrawingCanvas) {
    for tick in horizontalTicks {
      guard let fraction = horizontal.fraction(tick.value) else { continue }
      let x = area.left + fraction * area.width
      if let number = tick.text {
        canvas.line(from: Point(x, area.top), to: Point(x, area.bottom), color: Ink.grid)
        canvas.text(
          number, at: Point(x, area.bottom + 18), size: horizontal.names.isEmpty ? 12 : 10, anchor: "middle")
      }
      let end = area.bottom + (tick.text == nil ? 3 : 5)
      canvas.line(from: Point(x, area.bottom), to: Point(x, end), color: Ink.text)
    }
    canvas.text(
      horizontal.caption, at: Point(area.left + area.width / 2, area.bottom + 40), size: 13, anchor: "middle")
  }

  private func drawVerticalAxis(_ canvas: inout DrawingCanvas) {
    for tick in verticalTicks {
      guard let fraction = vertical.fraction(tick.value) else { continue }
      let y = area.top + (1 - fraction) * area.height
      if let number = tick.text {
        canvas.line(from: Point(area.left, y), to: Point(area.right, y), color: Ink.grid)
        canvas.text(number, at: Point(area.left - 8, y + 4), anchor: "end")
      }
      let start = area.left - (tick.text == nil ? 3 : 5)
      canvas.line(from: Point(start, y), to: Point(area.left, y), color: Ink.text)
    }
    canvas.upwardText(vertical.caption, at: Point(18, area.top + area.height / 2), size: 13)
  }
}
