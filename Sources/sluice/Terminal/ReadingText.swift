import ScreeningStore

/// How many records were read by which rule, e.g. "12 setting_by_formula, 3 majority_occupancy"; nil where none was.
func readingText(_ counts: [ReadingCount]) -> String? {
  counts.isEmpty ? nil : counts.map { "\($0.records) \($0.rule)" }.joined(separator: ", ")
}
