import ArgumentParser
import Foundation
import Screening

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what an archive is and holds, and what of it cannot be read.",
    discussion: """
      Reads each archive through, in one thread, and writes nothing. The exit code is 0 where every record is a \
      structure, 1 otherwise.

      With --explain it says of one record what it states, what was concluded and by which rules, or why it was \
      rejected; a run directory in place of the archive is read as its campaign says.

      With --symmetry it counts crystal systems and space groups, found by spglib within a tolerance in Å (0.01 unless \
      another follows), which takes some milliseconds a crystal.

      Example: sluice doctor crystals.tar.zst --format json
      Example: sluice doctor crystals.tar.zst --symmetry 0.1
      Example: sluice doctor crystals.tar.zst --explain '#12'
      """)

  @Argument(help: "Archives, files or folders of crystals.")
  var archives: [String]

  @Option(help: "text or json.")
  var format: ReportFormat = .text

  @Option(
    defaultAsFlag: 0.01, parsing: .next,
    help: "Count crystal systems, found within a tolerance in Å.")
  var symmetry: Double?

  @Option(help: "Explain one record: its id, the name of its member, or its number as #12.")
  var explain: String?

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    if archives.isEmpty { throw ValidationError("name at least one archive") }
    if let symmetry, !(1e-5...1).contains(symmetry) {
      throw ValidationError("--symmetry takes a tolerance from 0.00001 to 1 Å")
    }
    if explain != nil, archives.count > 1 {
      throw ValidationError("--explain takes one archive or run directory")
    }
  }

  func run() throws {
    try reportingErrors {
      if let explain {
        try show(explain)
        return
      }
      var reports: [ArchiveReport] = []
      for archive in archives {
        var meter = Terminal.meter(unit: "records", total: nil)
        let report = try ArchiveExamination(
          archive, policy: reading.policy, symmetryTolerance: symmetry
        ).run(clock: { Terminal.now }) {
          meter.update(done: $0, now: Terminal.now)
        }
        meter.finish(done: report.records, now: Terminal.now)
        reports.append(report)
        if format == .text { Terminal.result(text(report)) }
      }
      if format == .json { try writeJSON(reports) }
      if !reports.allSatisfy(\.isReadable) { throw ExitStatus.notReadable }
    }
  }

  /// Explains one record.
  private func show(_ name: String) throws {
    var meter = Terminal.meter(unit: "records", total: nil)
    let explanation = try RecordSearch(archives[0], policy: reading.policy).explain(name) {
      meter.update(done: $0, now: Terminal.now)
    }
    if format == .json {
      try writeJSON(explanation)
    } else {
      Terminal.result(ExplanationText(explanation).text)
    }
    if explanation.rejection != nil { throw ExitStatus.notReadable }
  }

  private func writeJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    Terminal.write(Array(try encoder.encode(value)) + [10])
  }

  private func text(_ report: ArchiveReport) -> String {
    let kind = ([report.container] + report.compression).joined(separator: ", ")
    var lines = [
      report.path,
      "  is           \(kind)\(report.bytesOnDisk.map { ", \($0) bytes" } ?? "")",
      "  records      \(report.records) = \(report.structures) structures + \(report.records - report.structures) rejected",
    ]
    for (form, count) in report.forms.sorted(by: { $0.key < $1.key }) {
      lines.append("  form         \(form): \(count)")
    }
    if let sites = report.sites {
      lines.append("  sites        \(sites.minimum) to \(sites.maximum), median \(sites.median)")
      let elements = report.elements.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      lines.append(
        "  elements     \(elements.count): "
          + elements.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }
    if let counts = report.symmetry, let text = symmetryText(counts) {
      lines.append("  symmetry     \(text)")
    }
    if let text = readingText(report.reading) { lines.append("  reading      \(text)") }
    for rejection in report.rejections {
      lines.append("  rejected     \(rejection.reason): \(rejection.records)")
      for example in rejection.examples {
        lines.append(
          "               \(example.member), record \(example.record), byte \(example.byteOffset): \(example.message)"
        )
      }
    }
    if let error = report.error { lines.append("  ends early   \(error)") }
    if report.duplicateIDs > 0 {
      let most = report.comparedAllIDs ? "" : "at least "
      lines.append(
        "  duplicates   \(most)\(report.duplicateIDs) records have the id of an earlier one: "
          + report.duplicateExamples.joined(separator: ", "))
    } else {
      lines.append("  duplicates   none\(report.comparedAllIDs ? "" : " among the first ids")")
    }
    lines.append("  resumes      \(report.resumption)")
    if let records = report.indexedRecords { lines.append("  index        \(records) records") }
    if report.seconds > 0 {
      let rate = Double(report.records) / report.seconds
      let megabytes = Double(report.bytes) / report.seconds / 1e6
      lines.append(
        "  reads        \(decimals(rate, 0)) records/s, \(decimals(megabytes, 1)) MB/s uncompressed, one thread"
      )
    }
    return lines.joined(separator: "\n")
  }
}
