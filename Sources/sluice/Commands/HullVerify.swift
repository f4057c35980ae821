import ArgumentParser
import Screening

struct HullVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check the proofs of verdicts with exact arithmetic alone.",
    discussion: """
      Every line must be a certificate that the references bear out: its products are references and balance, no \
      reference lies below its potentials, and distances and verdict follow. Exit code 0 when all hold, 1 when one \
      does not.

      Example: sluice hull verify proofs.jsonl --reference phases.csv
      """)

  @Argument(help: "File of certificates (JSON lines).")
  var certificates: String

  @OptionGroup var references: ReferenceOptions

  func run() throws {
    try reportingErrors {
      let verification = try HullVerification(
        reference: references.path, reading: references.reading)
      Terminal.note(verification.summary)
      let report = try verification.verify(certificates)
      for failure in report.failures {
        Terminal.result("\(certificates) line \(failure.line): \(failure.reason)")
      }
      Terminal.note(
        "\(report.verified) certificates hold (\(report.withinThreshold) verdicts within the threshold), "
          + "\(report.failures.count) do not")
      if !report.failures.isEmpty { throw ExitStatus.notVerified }
    }
  }
}
