import Screening
import ScreeningStore

/// How many rows are stable, in words: each model's count, and where there are several, those of all and any.
func stableText(_ counts: StableCounts, threshold: Double, rows: Int) -> [String] {
  func share(_ count: Int, _ unflagged: Int) -> String {
    let share = rows > 0 ? " (\(decimals(100 * Double(count) / Double(rows), 1)) %)" : ""
    return "\(count)\(share), \(unflagged) of them not flagged"
  }
  let hull = "at or below \(threshold) eV/atom above the hull of \(counts.hull.words)"
  guard let first = counts.models.first else {
    return [rows > 0 ? "none: no model places candidates on a hull" : "none: there are no rows"]
  }
  guard counts.models.count > 1 else {
    return ["\(share(first.stable, first.unflagged)), \(hull)"]
  }
  return ["\(hull):"]
    + counts.models.map { "  by \($0.name): \(share($0.stable, $0.unflagged))" } + [
      "  by all models: \(share(counts.byAll, counts.byAllUnflagged))",
      "  by any model: \(share(counts.byAny, counts.byAnyUnflagged))",
    ]
}
