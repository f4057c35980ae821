import ArgumentParser
import Foundation
import Screening

struct ShardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shard",
    abstract: "Run one shard of a submitted campaign or one member of a training, or all those of a task.",
    discussion: """
      What the tasks of a cluster call, and what any other scheduler may call: shards that are there are passed over, so \
      it may be called again at any time. A shard is computed in $SLURM_TMPDIR, $TMPDIR or /tmp and then put into the \
      run directory as a whole. A member of a training goes on from its last checkpoint.

      Exit codes: 0 done, 75 stopped by a signal and to be called again, 2 failed.

      Example: sluice shard my-crystals.sluice 17
      Example: sluice shard my-crystals.sluice 3 --tasks 64
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Argument(help: "Number of the shard or member, from 0; with --tasks that of the task.")
  var index: Int

  @Option(help: "Number of tasks: run the shards INDEX, INDEX + TASKS, INDEX + 2 TASKS, and so on.")
  var tasks: Int?

  @Flag(
    help: """
      After the task's own shards, run those of other tasks that nobody has begun: for tasks that all run on this machine.
      """)
  var steal = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if let tasks, tasks < 1 { throw ValidationError("--tasks takes a number of at least 1") }
  }

  func run() throws {
    try reportingErrors {
      let environment = ProcessInfo.processInfo.environment
      let job = environment["SLURM_ARRAY_JOB_ID"].map { "\($0)_\(environment["SLURM_ARRAY_TASK_ID"] ?? "")" }
      let (host, stop) = (environment["SLURMD_NODENAME"], Interruption.flag())
      let ending: ShardTask.Ending
      let name: String
      if SubmittedTraining.exists(in: directory) {
        name = "member"
        var progress = TrainingProgress()
        ending = try TrainingTask(
          SubmittedTraining(directory: directory), task: index, of: tasks, jobs: threads.count,
          job: job ?? environment["SLURM_JOB_ID"], host: host
        ).run(Resources.folders, stop: stop) { progress.show($0) }
      } else {
        name = "shard"
        ending = try ShardTask(
          ShardedRun(directory: directory), task: index, of: tasks, jobs: threads.count,
          localFolder: Resources.localFolder, job: job ?? environment["SLURM_JOB_ID"], host: host,
          restartArguments: CommandLine.arguments, steals: steal
        ).run(Resources.folders, stop: stop) { Terminal.note($0) }
      }
      Terminal.note(
        "\(ending.finished) \(name)s done, \(ending.passedOver) were there"
          + (ending.failed.isEmpty ? "" : ", \(ending.failed.count) failed")
          + (ending.isStopped ? "; stopped" : ""))
      for (part, message) in ending.failed { Terminal.note("error: \(name) \(part): \(message)") }
      if !ending.failed.isEmpty { throw ExitStatus.failed }
      if ending.isStopped { throw ExitStatus.requeueable }
    }
  }
}
