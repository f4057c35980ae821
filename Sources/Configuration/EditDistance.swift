/// The nearest of `candidates` to what was typed, or nil when none is near enough to be a slip of the keyboard.
///
/// Distance is the optimal string alignment distance (insert, delete, replace, swap neighbours) over lower-case
/// bytes with "-" and "_" equal; near enough means at most a third of the longer word, at least 1. Ties go to the
/// earlier candidate.
func nearest(to typed: String, among candidates: [String]) -> String? {
  let word = folded(typed)
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    let other = folded(candidate)
    let allowed = max(1, max(word.count, other.count) / 3)
    guard abs(word.count - other.count) <= allowed, word.count <= 200 else { continue }
    let distance = alignmentDistance(word, other)
    if distance <= allowed, distance < best?.distance ?? .max, distance < max(word.count, other.count) {
      best = (candidate, distance)
    }
  }
  return best?.candidate
}

private func folded(_ text: String) -> [UInt8] {
  text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 == 45 ? 95 : $0 }
}

private func alignmentDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...right.count)
  for i in 0..<left.count {
    var row = [i + 1]
    for j in 0..<right.count {
      var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        cost = min(cost, beforePrevious[j - 1] + 1)
      }
      row.append(cost)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[right.count]
}
