/// Collects the elements of a self-contained SVG picture: no fonts, scripts, style sheets or outside references.
struct DrawingCanvas {
  let width: Double
  let height: Double
  private var elements: [String] = []

  /// An empty picture of this size (px).
  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// The whole document.
  ///
  /// - Parameters:
  ///   - title: what the picture is, for those who do not see it.
  ///   - description: what it shows, for the same; empty for none.
  ///   - place: whether the picture is a file of its own, or a part of a page.
  func document(title: String, description: String = "", for place: PicturePlace = .file) -> String {
    let (width, height) = (number(width), number(height))
    let opening = SVGElement.opening(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height,
        "viewBox": "0 0 \(width) \(height)", "role": "img", "font-family": "sans-serif", "font-size": "12",
        "fill": Ink.text,
      ])
    var lines = [opening, named("title", title)]
    if !description.isEmpty { lines.append(named("desc", description)) }
    lines.append(SVGElement.markup("rect", ["width": width, "height": height, "fill": "white"]))
    return place.inked((lines + elements + ["</svg>"]).joined(separator: "\n") + "\n")
  }

  /// A straight line; `width` is 1 px unless given.
  mutating func line(from start: Point, to end: Point, color: String, width: Double? = nil) {
    add(
      "line",
      [
        "x1": number(start.x), "y1": number(start.y), "x2": number(end.x), "y2": number(end.y),
        "stroke": color, "stroke-width": width.map(number),
      ])
  }

  /// A line through points.
  mutating func polyline(_ points: [Point], color: String, width: Double, dashes: String) {
    add(
      "polyline",
      [
        "points": list(points), "fill": "none", "stroke": color, "stroke-width": number(width),
        "stroke-dasharray": dashes, "stroke-linejoin": "round",
      ])
  }

  /// A closed shape.
  mutating func polygon(
    _ points: [Point], fill: String, stroke: String? = nil, strokeWidth: Double? = nil,
    opacity: Double? = nil, tooltip: String? = nil
  ) {
    add(
      "polygon",
      [
        "points": list(points), "fill": fill, "stroke": stroke, "stroke-width": strokeWidth.map(number),
        "fill-opacity": opacity.map(number),
      ], tooltip: tooltip)
  }

  /// Upright boxes of one color, as one shape: a picture of many stays short.
  mutating func boxes(_ boxes: [Rectangle], fill: String, opacity: Double? = nil) {
    guard !boxes.isEmpty else { return }
    let outline = boxes.map {
      "M\(number($0.left)) \(number($0.top))h\(number($0.width))v\(number($0.height))h\(number(-$0.width))z"
    }
    add("path", ["d": outline.joined(), "fill": fill, "fill-opacity": opacity.map(number)])
  }

  /// The border of a part of the picture.
  mutating func border(of area: Rectangle, color: String) {
    add(
      "rect",
      [
        "x": number(area.left), "y": number(area.top), "width": number(area.width),
        "height": number(area.height), "fill": "none", "stroke": color,
      ])
  }

  /// A marker; `tooltip` is what a viewer shows when the pointer rests on it.
  mutating func circle(
    at center: Point, radius: Double, fill: String, stroke: String? = nil, strokeWidth: Double? = nil,
    tooltip: String? = nil
  ) {
    add(
      "circle",
      [
        "cx": number(center.x), "cy": number(center.y), "r": number(radius), "fill": fill, "stroke": stroke,
        "stroke-width": strokeWidth.map(number),
      ], tooltip: tooltip)
  }

  /// A text of `size` px whose baseline starts, is centered or ends at `position`.
  mutating func text(
    _ text: String, at position: Point, size: Double = 12, color: String? = nil, anchor: String = "start",
    isFormula: Bool = false, isBold: Bool = false
  ) {
    add(
      "text",
      [
        "x": number(position.x), "y": number(position.y), "text-anchor": anchor, "font-size": number(size),
        "fill": color, "font-weight": isBold ? "bold" : nil,
      ], content: isFormula ? subscripted(text, size: size) : SVGElement.escaped(text))
  }

  /// A text that runs upwards, centered at `position`.
  mutating func upwardText(_ text: String, at position: Point, size: Double) {
    var turned = DrawingCanvas(width: width, height: height)
    turned.text(text, at: Point(0, 0), size: size, anchor: "middle")
    add(
      "g", ["transform": "translate(\(number(position.x)) \(number(position.y))) rotate(-90)"],
      content: turned.elements.joined())
  }

  /// Draws into a part of the picture: points are given from its corner, and nothing is seen beyond its edges.
  mutating func inside(_ area: Rectangle, draw: (inout DrawingCanvas) -> Void) {
    // A nested picture clips what lies outside without needing a name that could clash on a page.
    elements.append(
      SVGElement.opening(
        "svg",
        [
          "x": number(area.left), "y": number(area.top), "width": number(area.width),
          "height": number(area.height),
        ]))
    var part = DrawingCanvas(width: area.width, height: area.height)
    draw(&part)
    elements += part.elements + ["</svg>"]
  }

  private mutating func add(
    _ name: String, _ attributes: SVGElement.Attributes, content: String? = nil, tooltip: String? = nil
  ) {
    elements.append(
      SVGElement.markup(name, attributes, content: tooltip.map { named("title", $0) } ?? content))
  }

  private func named(_ name: String, _ text: String) -> String {
    SVGElement.markup(name, [:], content: SVGElement.escaped(text))
  }

  private func list(_ points: [Point]) -> String {
    points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
  }

  private func number(_ value: Double) -> String { NumberText.coordinate(value) }

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
      let text = SVGElement.escaped(run.text)
      if place == 0, !run.isLowered { return text }
      return SVGElement.markup(
        "tspan",
        [
          "dy": number((run.isLowered ? 0.22 : -0.22) * size),
          "font-size": run.isLowered ? number(0.75 * size) : nil,
        ], content: text)
    }.joined()
  }
}
