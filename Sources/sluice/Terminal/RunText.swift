import Screening
import ScreeningStore

/// Tells the person what became of the records of a run.
func note(_ counts: RunCounts, of directory: String) {
  Terminal.note(
    "\(directory): \(counts.records) records = \(counts.rows) rows + \(counts.rejected) rejected + "
      + "\(counts.leftOut) filtered out")
  for (reason, records) in counts.rejectionsByReason { Terminal.note("  rejected, \(reason): \(records)") }
}

/// Tells the person how many rows of a run are stable.
func note(_ stable: StableCounts, threshold: Double, rows: Int) {
  for (index, line) in stableText(stable, threshold: threshold, rows: rows).enumerated() {
    Terminal.note(index == 0 ? "stable: \(line)" : line)
  }
}

/// Ends with the exit code for it where a finished run has more rejections than its campaign allows.
func checkRejections(_ counts: RunCounts, allowedShare: Double) throws {
  guard counts.rejectedShare > allowedShare else { return }
  let leading = counts.rejectionsByReason.max { $0.records < $1.records }
  Terminal.note(
    "error: \(decimals(100 * counts.rejectedShare, 2)) % of the records were rejected; the campaign allows "
      + "\(decimals(100 * allowedShare, 2)) %. The leading reason is \(leading?.reason ?? "unknown").")
  throw ExitStatus.tooManyRejections
}
