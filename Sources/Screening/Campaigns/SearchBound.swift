/// What a pilot has found out about a search: in which order shapes tell most, and when a candidate can be given up.
///
/// After each shape a candidate has a lowest distance so far. In the pilot that distance still fell by at most `gains` of the
/// step; a candidate that cannot come down to `cutoff` even so is scored no further. So most candidates, far above the hull,
/// cost one or two cells and not all of them.
struct SearchBound: Hashable, Sendable {
  /// The shapes in the order in which they are scored.
  let order: [Int]
  /// For each step the most that the lowest distance may still fall (eV/atom).
  let gains: [Double]
  /// Distance after the search that the best share of the candidates stays below (eV/atom).
  let cutoff: Double

  /// How much larger than in the pilot a gain may be, and by how many standard deviations of a count the cutoff lies beyond
  /// the share that is kept: the chance that a pilot of 1,000 loses one of the best 1 % was 0 in 40 with these, 3 in 40 with
  /// 1 and 2.
  private static let gainMargin = 1.25
  private static let countMargin = 4.0

  /// A candidate of the pilot.
  struct Sample: Sendable {
    /// Its distance in each shape (eV/atom); infinite where it has none.
    let distances: [Double]
    /// That in the shape which the search chooses.
    let chosen: Double
  }

  /// The bound of a pilot; nil where it is empty.
  ///
  /// Each next shape is the one after which the candidates of the pilot have least to gain at most, of equal ones least on
  /// average, of equal ones the first.
  init?(_ pilot: [Sample], keep: Double) {
    guard let shapeCount = pilot.first?.distances.count else { return nil }
    var rest = Array(0..<shapeCount)
    var lowest = [Double](repeating: .infinity, count: pilot.count)
    var order: [Int] = []
    var gains: [Double] = []
    while !rest.isEmpty {
      let ranked = rest.map { shape -> (shape: Int, largest: Double, sum: Double) in
        var (largest, sum) = (0.0, 0.0)
        for (index, sample) in pilot.enumerated() {
          let gain = max(0, min(lowest[index], sample.distances[shape]) - sample.chosen)
          largest = max(largest, gain)
          sum += gain
        }
        return (shape, largest, sum)
      }
      guard
        let next = ranked.min(by: { ($0.largest, $0.sum, $0.shape) < ($1.largest, $1.sum, $1.shape) })
      else { break }
      for (index, sample) in pilot.enumerated() {
        lowest[index] = min(lowest[index], sample.distances[next.shape])
      }
      order.append(next.shape)
      gains.append(Self.gainMargin * next.largest)
      rest.removeAll { $0 == next.shape }
    }
    let searched = pilot.map(\.chosen).sorted()
    let expected = keep * Double(searched.count)
    let position = Int((expected + Self.countMargin * expected.squareRoot()).rounded(.up))
    self.order = order
    self.gains = gains
    cutoff = searched[min(max(position, 1), searched.count) - 1]
  }

  /// Whether a candidate with this lowest distance after so many shapes (eV/atom) is scored further.
  func admits(_ lowest: Double, after count: Int) -> Bool { lowest - gains[count - 1] <= cutoff }

  /// The bound as the store keeps it.
  var text: String {
    (["cutoff \(cutoff)"] + zip(order, gains).map { "shape \($0) gain \($1)" }).joined(separator: ", ")
  }

  /// The bound from its text; nil where that is none for so many shapes.
  init?(text: String, shapeCount: Int) {
    let parts = text.split(separator: ",").map { $0.split(separator: " ") }
    guard parts.count == shapeCount + 1, parts[0].count == 2, let cutoff = Double(parts[0][1]) else {
      return nil
    }
    var order: [Int] = []
    var gains: [Double] = []
    for part in parts.dropFirst() {
      guard part.count == 4, let shape = Int(part[1]), let gain = Double(part[3]) else { return nil }
      order.append(shape)
      gains.append(gain)
    }
    guard Set(order) == Set(0..<shapeCount) else { return nil }
    self.order = order
    self.gains = gains
    self.cutoff = cutoff
  }
}
