/// Named bars under one another, each with its number: how many are left after each step, for example.
public struct BarList: Hashable, Sendable {
  /// One bar.
  public struct Bar: Hashable, Sendable {
    /// The name before it.
    public let name: String
    /// Its length.
    public let value: Int
    /// What is written behind it.
    public let text: String
    /// The color, by place in the palette.
    public let color: Int

    /// A bar.
    public init(name: String, value: Int, text: String, color: Int) {
      self.name = name
      self.value = value
      self.text = text
      self.color = color
    }
  }

  /// What the bars show, for those who do not see them.
  public let title: String
  /// The bars, from the top.
  public let bars: [Bar]

  /// A list of bars.
  public init(title: String, bars: [Bar]) {
    self.title = title
    self.bars = bars
  }

  private static let rowHeight = 26.0

  /// The chart as an SVG document, as high as its bars need.
  ///
  /// - Parameters:
  ///   - width: width of the picture (px), at least 300.
  ///   - place: whether the picture is a file of its own, or a part of a page.
  public func svg(width: Int = 560, for place: PicturePlace = .file) -> String {
    precondition(width >= 300, "too small for names")
    var canvas = DrawingCanvas(
      width: Double(width), height: Double(bars.count) * Self.rowHeight + 8)
    let names = min(
      canvas.width * 0.45, Double(bars.map(\.name.count).max() ?? 0) * AxisFrame.characterWidth + 12)
    let texts = Double(bars.map(\.text.count).max() ?? 0) * AxisFrame.characterWidth + 12
    let room = max(40, canvas.width - names - texts)
    let largest = Double(max(1, bars.map(\.value).max() ?? 1))
    for (row, bar) in bars.enumerated() {
      let top = Double(row) * Self.rowHeight + 4
      let length = max(bar.value > 0 ? 1 : 0, Double(bar.value) / largest * room)
      canvas.text(bar.name, at: Point(names - 8, top + 15), anchor: "end")
      canvas.boxes(
        [Rectangle(left: names, top: top + 1, width: length, height: Self.rowHeight - 6)],
        fill: Ink.color(bar.color))
      canvas.text(bar.text, at: Point(names + length + 6, top + 15), color: Ink.note)
    }
    return canvas.document(title: title, for: place)
  }
}
