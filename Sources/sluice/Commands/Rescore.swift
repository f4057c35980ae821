import ArgumentParser
import PipelineEngine
import Screening

struct Rescore: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Place the rows of a finished run on other references, or judge them by another threshold.",
    discussion: """
      Makes a new run beside the old one, which stays as it is: by default NAME-2.sluice. Predictions are copied, \
      distances to the hull, coverage and probabilities computed anew as the campaign would. A call that is interrupted \
      leaves nothing under the new name.

      Example: sluice rescore thcr2si2-quickstart.sluice --reference newer-phases.csv
      Example: sluice rescore thcr2si2-quickstart.sluice --threshold 0.05 --output lenient.sluice
      """)

  @Argument(help: ArgumentHelp("Run directory of a finished campaign.", valueName: "run"))
  var directory: String

  @Option(help: "New reference phases: CSV, computed entries in JSON, or an index. (default: the run's)")
  var reference: String?

  @Option(
    help: "Table of offsets by sluice hull align to take off the new references' energies. (default: none)")
  var offsets: String?

  @Option(
    parsing: .unconditional,
    help: "Largest energy above hull that counts as stable, eV/atom. (default: the run's)")
  var threshold: Double?

  @Option(help: "Run directory to make. (default: the run's name with the next free number)")
  var output: String?

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if reference == nil, threshold == nil {
      throw ValidationError("give --reference, --threshold or both: what is to change")
    }
    if offsets != nil, reference == nil { throw ValidationError("--offsets goes with --reference") }
    if let threshold, !threshold.isFinite { throw ValidationError("--threshold takes a finite number") }
  }

  func run() throws {
    try reportingErrors {
      let start = Terminal.now
      var meter: ProgressMeter?
      let rescoring = Rescoring(
        directory, reference: reference.map(Resources.reference), offsets: offsets, threshold: threshold,
        output: output,
        jobs: threads.count)
      let report = try rescoring.run(stop: Interruption.flag()) { done, total in
        if meter == nil { meter = Terminal.meter(unit: "rows", total: total) }
        meter?.update(done: done, now: Terminal.now)
        if done == total { meter?.finish(done: done, now: Terminal.now) }
      }
      guard let report else {
        Terminal.note("Stopped; there is no \(rescoring.output). Call the same command again to start over.")
        throw ExitStatus.failed
      }
      try conclude(report, rescoring.output)
      Terminal.note("done in \(decimals(Terminal.now - start, 1)) s")
      try checkRejections(report.counts, allowedShare: report.allowedShare)
    }
  }

  private func conclude(_ report: RescoreReport, _ output: String) throws {
    if let references = report.references { Terminal.note(references) }
    for note in report.notes { Terminal.note(note) }
    note(report.counts, of: output)
    if report.newlyRejected > 0 {
      Terminal.note("\(report.newlyRejected) rows of \(directory) are rejections now")
    }
    if report.leftRejected > 0 {
      Terminal.note(
        "\(report.leftRejected) records that the hull stage of \(directory) had rejected stay rejections, since their "
          + "energies are not stored; sluice run on the changed campaign decides on them")
    }
    Terminal.note("before, by \(directory):")
    let rows = report.counts.rows + report.newlyRejected
    note(report.stableBefore, threshold: report.thresholdBefore, rows: rows)
    Terminal.note("now:")
    note(report.stable, threshold: report.threshold, rows: report.counts.rows)
  }
}
