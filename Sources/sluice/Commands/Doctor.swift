import ArgumentParser
import Foundation
import PipelineEngine
import Screening

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what an archive is and holds, and what of it cannot be read.",
    discussion: """
      Reads each archive through, in one thread, and writes nothing. The exit code is 0 where every record is a \
      structure, 1 otherwise.

      Example: sluice doctor crystals.tar.zst --format json
      """)

  @Argument(help: "Archives, files or folders of crystals.")
  var archives: [String]

  @Option(help: "text or json.")
  var format: ReportFormat = .text

  func validate() throws {
    if archives.isEmpty { throw ValidationError("name at least one archive") }
  }

  func run() throws {
    try reportingErrors {
      var reports: [ArchiveReport] = []
      for archive in archives {
        var meter = Terminal.meter(unit: "records", total: nil)
        let report = try ArchiveExamination(archive).run(clock: { Terminal.now }) {
          meter.update(done: $0, now: Terminal.now)
        }
        meter.finish(done: report.records, now: Terminal.now)
        reports.append(report)
        if format == .text { Terminal.result(text(report)) }
      }
      if format == .json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        Terminal.write(Array(try encoder.encode(reports)) + [10])
      }
      if !reports.allSatisfy(\.isReadable) { throw ExitStatus.notReadable }
    }
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
