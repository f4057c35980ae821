/// Finds places for labels beside their points where they cover as little as possible.
struct LabelPlacer {
  private struct Box {
    var minimum: Point
    var maximum: Point

    func overlaps(_ other: Box) -> Bool {
      minimum.x < other.maximum.x && other.minimum.x < maximum.x && minimum.y < other.maximum.y
        && other.minimum.y < maximum.y
    }

    func contains(_ point: Point) -> Bool {
      point.x > minimum.x && point.x < maximum.x && point.y > minimum.y && point.y < maximum.y
    }
  }

  private var occupied: [Box] = []
  private var lines: [(Point, Point)] = []
  private let frame: Box

  /// A placer for a drawing of this size.
  init(width: Double, height: Double) {
    frame = Box(minimum: Point(2, 2), maximum: Point(width - 2, height - 2))
  }

  /// Keeps labels off a marker.
  mutating func avoid(_ point: Point, radius: Double) {
    occupied.append(
      Box(
        minimum: Point(point.x - radius, point.y - radius), maximum: Point(point.x + radius, point.y + radius)
      ))
  }

  /// Makes labels prefer not to cross a line.
  mutating func avoid(from start: Point, to end: Point) { lines.append((start, end)) }

  /// The baseline start for a label of this many characters beside `point`; the place is taken from then on.
  mutating func place(characters: Int, size: Double, beside point: Point) -> Point {
    let (width, height) = (0.58 * size * Double(characters), size)
    var best: (cost: Double, box: Box)?
    for distance in [6.0, 12, 20, 30, 42] {
      for step in 0..<16 {
        let (dx, dy) = Self.directions[step]
        let center = Point(
          point.x + dx * (distance + width / 2), point.y + dy * (distance + height / 2))
        let box = Box(
          minimum: Point(center.x - width / 2, center.y - height / 2),
          maximum: Point(center.x + width / 2, center.y + height / 2))
        // Preference for near places, and among them for those straight above, below and beside.
        let cost = self.cost(of: box) + distance / 10 + Double(step) / 100
        if cost < (best?.cost ?? .infinity) { best = (cost, box) }
      }
    }
    guard let box = best?.box else { return point }
    occupied.append(box)
    return Point(box.minimum.x, box.maximum.y - 0.2 * size)
  }

  private func cost(of box: Box) -> Double {
    var cost = 0.0
    for other in occupied where box.overlaps(other) { cost += 20 }
    for (start, end) in lines where crosses(box, start, end) { cost += 3 }
    for corner in [box.minimum, box.maximum] where !frame.contains(corner) { cost += 50 }
    return cost
  }

  /// Whether a line passes through a box, by sampling it at about the box's height.
  private func crosses(_ box: Box, _ start: Point, _ end: Point) -> Bool {
    let length = ((end.x - start.x) * (end.x - start.x) + (end.y - start.y) * (end.y - start.y)).squareRoot()
    let steps = max(1, Int(length / 4))
    return (0...steps).contains { step in
      let t = Double(step) / Double(steps)
      return box.contains(Point(start.x + t * (end.x - start.x), start.y + t * (end.y - start.y)))
    }
  }

  /// Sixteen directions, the ones that read best first.
  private static let directions: [(Double, Double)] = [
    (0, -1), (0, 1), (1, 0), (-1, 0), (0.8, -0.9), (-0.8, -0.9), (0.8, 0.9), (-0.8, 0.9), (0.4, -1),
    (-0.4, -1),
    (0.4, 1), (-0.4, 1), (1, -0.4), (-1, -0.4), (1, 0.4), (-1, 0.4),
  ]
}
