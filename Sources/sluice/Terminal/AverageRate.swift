import Foundation

/// Records a second between the creation of a run and its end, or now; nil where the dates say nothing.
func averageRate(created: String, finished: String?, records: Int) -> String? {
  let style = Date.ISO8601FormatStyle()
  guard let start = try? style.parse(created) else { return nil }
  let end = finished.flatMap { try? style.parse($0) } ?? Date.now
  let seconds = end.timeIntervalSince(start)
  guard seconds >= 1 else { return nil }
  return "\(decimals(Double(records) / seconds, 1)) records/s since the run was created, pauses included"
}
