import Foundation

/// Collects what the trials found: one table, and every failure in words.
final class Report {
  private var rows: [[String]] = []
  private(set) var failures: [String] = []

  /// Adds a line of the table: what was tried on what, how often, and what came of it.
  func add(_ trial: String, _ subject: String, tries: Int, _ found: String) {
    rows.append([trial, subject, "\(tries)", found])
    print("\(trial) | \(subject) | \(tries) | \(found)")
    fflush(nil)
  }

  /// Notes what must not be.
  func fail(_ what: String) {
    failures.append(what)
    print("FAILED: \(what)")
    fflush(nil)
  }

  /// The whole table as Markdown.
  func table() -> String {
    let all = [["trial", "on", "tries", "found"]] + rows
    let widths = (0..<4).map { column in all.map { $0[column].count }.max() ?? 0 }
    let lines = all.map { row in
      "| "
        + zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ")
        + " |"
    }
    let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n")
  }
}
