import ArgumentParser
import Foundation
import PipelineEngine
import Screening

struct Pack: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rewrite archives as one file that is read fast and resumed at once.",
    discussion: """
      Reads any archive, file or folder of crystals and writes JSON lines in zstd frames with an index. Ids, labels \
      and coordinates are kept exactly. Records that cannot be read are left out, counted, and listed with --rejected; \
      then the exit code is 1 unless --allow-rejections is given, and the output is written all the same.

      Example: sluice pack cifs.tar.gz more/ --output crystals.jsonl.zst --rejected rejected.csv
      """)

  @Argument(help: "Archives, files or folders of crystals.")
  var inputs: [String]

  @Option(help: "File to write, best named .jsonl.zst.")
  var output: String

  @Option(help: "Records in a frame, 1 to 100,000.")
  var frameRecords = 1000

  @Option(help: "CSV file for the records that cannot be read.")
  var rejected: String?

  @Flag(help: "End with 0 also where records were rejected.")
  var allowRejections = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if !(1...100_000).contains(frameRecords) {
      throw ValidationError("--frame-records takes 1 to 100,000")
    }
    if inputs.isEmpty { throw ValidationError("name at least one archive") }
  }

  func run() throws {
    try reportingErrors {
      let stop = Interruption.flag()
      var meter = Terminal.meter(unit: "records", total: nil)
      let report = try ArchivePacking(
        inputs, recordsPerFrame: frameRecords, policy: reading.policy, jobs: threads.count
      ).write(to: output, rejected: rejected, stop: stop) { meter.update(done: $0, now: Terminal.now) }
      meter.finish(done: report.records, now: Terminal.now)
      guard report.isFinished else {
        Terminal.note("Stopped; nothing was written.")
        throw ExitStatus.failed
      }
      for message in report.messages where rejected == nil { Terminal.note("rejected: \(message)") }
      Terminal.note(
        "\(output): \(report.records) records = \(report.packed) packed in \(report.frames) frames + "
          + "\(report.rejectedCount) rejected")
      for (reason, count) in report.rejected.sorted(by: { $0.key < $1.key }) {
        Terminal.note("  rejected, \(reason): \(count)")
      }
      if report.rejectedCount > 0, !allowRejections { throw ExitStatus.tooManyRejections }
    }
  }
}
