/// Collects the elements of a self-contained SVG drawing: no scripts, no style sheets, no outside references.
struct DrawingCanvas {
  let width: Double
  let height: Double
  private var elements: [String] = []

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// The whole document.
  var document: String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width))" height="\(number(height))" \
    viewBox="0 0 \(number(width)) \(number(height))" font-family="Helvetica, Arial, sans-serif">
    <rect width="100%" height="100%" fill="white"/>
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  mutating func line(
    from start: Point, to end: Point, color: String, width: Double = 1, dashes: String? = nil
  ) {
    let dash = dashes.map { #" stroke-dasharray="\#($0)""# } ?? ""
    elements.append(
      """
      <line x1="\(number(start.x))" y1="\(number(start.y))" x2="\(number(end.x))" y2="\(number(end.y))" \
      stroke="\(color)" stroke-width="\(number(width))"\(dash)/>
      """)
  }

  mutating func polygon(_ points: [Point], fill: String, stroke: String) {
    let list = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    elements.append(#"<polygon points="\#(list)" fill="\#(fill)" stroke="\#(stroke)"/>"#)
  }

  /// A marker; `tooltip` is what a viewer shows when the pointer rests on it.
  mutating func circle(
    at center: Point, radius: Double, fill: String, stroke: String, strokeWidth: Double = 1.2, tooltip: String
  ) {
    elements.append(
      """
      <circle cx="\(number(center.x))" cy="\(number(center.y))" r="\(number(radius))" fill="\(fill)" \
      stroke="\(stroke)" stroke-width="\(number(strokeWidth))"><title>\(escaped(tooltip))</title></circle>
      """)
  }

  /// A marker that stands on its corner.
  mutating func diamond(
    at center: Point, radius: Double, fill: String, stroke: String, tooltip: String
  ) {
    let corners = [(0, -radius), (radius, 0), (0, radius), (-radius, 0)]
      .map { "\(number(center.x + $0.0)),\(number(center.y + $0.1))" }
    elements.append(
      """
      <polygon points="\(corners.joined(separator: " "))" fill="\(fill)" stroke="\(stroke)" \
      stroke-width="1.4"><title>\(escaped(tooltip))</title></polygon>
      """)
  }

  /// A text whose baseline starts, is centered or ends at `position`.
  mutating func text(
    _ text: String, at position: Point, size: Double, color: String = "#222", anchor: String = "start",
    isFormula: Bool = false, isBold: Bool = false, rotation: Double? = nil
  ) {
    let turn =
      rotation.map { #" transform="rotate(\#(number($0)) \#(number(position.x)) \#(number(position.y)))""# }
      ?? ""
    let weight = isBold ? #" font-weight="bold""# : ""
    let body = isFormula ? subscripted(text, size: size) : escaped(text)
    elements.append(
      """
      <text x="\(number(position.x))" y="\(number(position.y))" font-size="\(number(size))" fill="\(color)" \
      text-anchor="\(anchor)"\(weight)\(turn)>\(body)</text>
      """)
  }

  /// A formula with its digits lowered. A shift holds for all text after it, so it is taken back where digits end.
  private func subscripted(_ formula: String, size: Double) -> String {
    var runs: [(text: String, isLowered: Bool)] = []
    for character in formula {
      if let last = runs.last, last.isLowered == character.isNumber {
        runs[runs.count - 1].text.append(character)
      } else {
        runs.append((String(character), character.isNumber))
      }
    }
    return runs.enumerated().map { place, run in
      if run.isLowered {
        return
          #"<tspan dy="\#(number(0.22 * size))" font-size="\#(number(0.75 * size))">\#(escaped(run.text))</tspan>"#
      }
      if place == 0 { return escaped(run.text) }
      return #"<tspan dy="\#(number(-0.22 * size))">\#(escaped(run.text))</tspan>"#
    }.joined()
  }

  private func number(_ value: Double) -> String {
    var text = fixedPoint(value, decimals: 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }
}

/// A point of a drawing: x to the right, y downwards.
struct Point: Hashable, Sendable {
  var x: Double
  var y: Double

  init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}
