import ArgumentParser
import Foundation
import Screening

struct Cancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "End the tasks of a run in shards or of a training; what is finished stays, and sluice resume goes on.",
    discussion: "Example: sluice cancel my-crystals.sluice")

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  func run() throws {
    try reportingErrors {
      let run = try submittedRun(in: directory)
      guard let record = try EngineRecord(directory: run.directory) else {
        throw ScreeningError.invalid("\(directory) has not been handed to an engine")
      }
      switch record.engine {
      case .slurm:
        try SlurmEngine.cancel(record)
        Terminal.note("\(directory): all jobs are ended")
      case .snakemake:
        throw ScreeningError.invalid("\(directory) is run by Snakemake; end it there")
      case .local:
        try LocalEngine.cancel(run, record)
        Terminal.note("\(directory): the tasks are asked to end after the batch in hand")
      }
    }
  }
}
