import Screening

/// The report on a calibration as tables for a terminal.
struct CalibrationText {
  private let report: CalibrationReport

  init(_ report: CalibrationReport) { self.report = report }

  /// Everything, without a line end after the last line.
  var text: String {
    let calibration = report.calibration
    let errors = calibration.errors
    let limit = calibration.maximumSites.map { " of at most \($0) sites" } ?? ""
    let lines = [
      "\(report.model): errors of \(calibration.property) in \(calibration.unit)",
      "error / σ: Student's t with \(decimals(errors.degreesOfFreedom, 3)) degrees of freedom",
      "σ² = \(decimals(errors.constantVariance.squareRoot(), 5))² + \(decimals(errors.spreadFactor, 4)) std²",
      "fitted to \(calibration.data.structures) structures\(limit) of \(calibration.data.file)",
      "tested on \(report.quality.structures) structures of \(report.data.file)"
        + leftOut,
      "",
      qualities,
      "",
      "By size of the error bar:",
      groups,
    ]
    return lines.joined(separator: "\n")
  }

  private var leftOut: String {
    let causes = report.data.leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    return causes.isEmpty ? "" : "; left out: " + causes.joined(separator: ", ")
  }

  private var qualities: String {
    var table = TerminalTable(
      [.init("", .left), .init("−ln density", .right)]
        + CalibrationQuality.levels.map { .init("within \(decimals(100 * $0, 0)) %", .right) })
    for (name, quality) in [("calibrated", report.quality), ("raw spread, normal", report.rawSpread)] {
      guard let quality else { continue }
      table.append([name, quality.negativeLogLikelihood.map { decimals($0, 4) } ?? "∞"] + shares(quality))
    }
    return table.text
  }

  private var groups: String {
    var table = TerminalTable(
      [
        .init("σ from", .right), .init("to", .right), .init("count", .right),
        .init("median error expected", .right), .init("seen", .right),
      ] + CalibrationQuality.levels.map { .init("within \(decimals(100 * $0, 0)) %", .right) })
    for group in report.groups {
      table.append(
        group.scales.map { decimals($0, 4) }
          + [
            "\(group.quality.structures)", decimals(group.expectedMedianError, 4),
            decimals(group.medianError, 4),
          ] + shares(group.quality))
    }
    return table.text
  }

  private func shares(_ quality: CalibrationQuality) -> [String] {
    quality.coverage.map { decimals(100 * $0.share, 1) + " %" }
  }
}
