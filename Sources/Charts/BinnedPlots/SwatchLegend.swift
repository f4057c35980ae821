/// Names beside patches of their colors, in as many rows as they need.
struct SwatchLegend {
  private let entries: [(x: Double, y: Double, name: String, color: Int)]
  /// Where the legend ends (px from the top).
  let bottom: Double

  private static let rowHeight = 17.0

  /// A legend from `top` down within a width (px); without names it takes no room.
  init(_ names: [(name: String, color: Int)], top: Double, width: Double) {
    var entries: [(x: Double, y: Double, name: String, color: Int)] = []
    var (x, y) = (0.0, top)
    for (name, color) in names {
      let length = 16 + Double(name.count) * AxisFrame.characterWidth + 16
      if x > 0, x + length > width { (x, y) = (0, y + Self.rowHeight) }
      entries.append((x, y, name, color))
      x += length
    }
    self.entries = entries
    bottom = names.isEmpty ? top : y + Self.rowHeight
  }

  /// Draws the names from `left` on.
  func draw(_ canvas: inout DrawingCanvas, left: Double) {
    for entry in entries {
      canvas.boxes(
        [Rectangle(left: left + entry.x, top: entry.y, width: 11, height: 11)], fill: Ink.color(entry.color))
      canvas.text(entry.name, at: Point(left + entry.x + 16, entry.y + 10))
    }
  }
}
