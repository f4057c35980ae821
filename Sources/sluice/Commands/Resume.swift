import ArgumentParser
import Foundation
import Screening
import ScreeningStore

struct Resume: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Submit what is missing of a run in shards or of a training.",
    discussion: """
      Every finished shard is compared with its digest; the tasks of those that are missing or damaged are handed to the \
      engine of the run again, unless they still wait or run. Finished shards are not touched. Members of a training go \
      on from their last checkpoints.

      Example: sluice resume my-crystals.sluice
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let run = try submittedRun(in: URL(filePath: directory).standardizedFileURL.path)
      guard let record = try EngineRecord(directory: run.directory) else {
        throw ScreeningError.invalid(
          "\(directory) has not been handed to an engine; sluice submit does it, and any scheduler may call sluice shard"
        )
      }
      let merged = try claiming(run.directory) {
        try handOver(run, record.engine, record.settings, stop: Interruption.flag())
      }
      if record.engine == .local { try merge(run, merged, jobs: threads.count) }
    }
  }
}
