internal import Foundation

/// Hands the tasks of a run to Slurm as one job array, and a job that merges after it.
public struct SlurmEngine: Sendable {
  private let run: any SubmittedRun
  private let program: String
  private let settings: EngineSettings

  /// A task as Slurm sees it.
  public struct Job: Hashable, Sendable {
    /// Number of the task; nil for the job that merges.
    public let task: Int?
    /// State in Slurm's words, as PENDING.
    public let state: String
    /// Where it runs; empty while it waits.
    public let nodes: String
    /// Why it waits.
    public let reason: String
  }

  /// An engine.
  ///
  /// - Parameters:
  ///   - run: whose tasks; its directory is an absolute path that all nodes see.
  ///   - program: path of this program, which all nodes see.
  ///   - settings: what the cluster is asked for.
  public init(_ run: any SubmittedRun, program: String, settings: EngineSettings) {
    self.run = run
    self.program = program
    self.settings = settings
  }

  // MARK: Scripts

  /// The script of the job array for some tasks.
  public func tasksScript(_ tasks: [Int]) -> String {
    let most = settings.maximumRunning.map { "%\($0)" } ?? ""
    // A shard that ends its process is tried again; its journal says when it is given up.
    let tries = TaskJournal.mostTries * ((run.partCount - 1) / run.taskCount + 1)
    let lines =
      header("tasks", log: ShardPlan.tasksName + "/%6a.log")
      + [
        "#SBATCH --array=\(rangesText(tasks))\(most)", "#SBATCH --cpus-per-task=\(settings.processors)",
        // The time limit is told to the script a while before it comes.
        "#SBATCH --signal=B:USR1@120",
      ] + asked + settings.extra + [""] + settings.prologue
      + [
        """
        interrupted= stopped=
        trap 'interrupted=1 stopped=time; kill -TERM "$worker"' USR1
        trap 'interrupted=1 stopped=person; kill -TERM "$worker"' TERM INT
        for attempt in $(seq \(tries)); do
          \(shellQuoted(program)) shard \(shellQuoted(run.directory)) "$SLURM_ARRAY_TASK_ID" --tasks \(run.taskCount) \
        --jobs \(settings.processors) &
          worker=$!
          # A signal ends the waiting, not the worker.
          while interrupted=; wait "$worker"; code=$?; [ -n "$interrupted" ]; do :; done
          [ "$code" -gt 128 ] && [ -z "$stopped" ] || break
        done
        if [ "$code" -eq 75 ] && [ "$stopped" = time ]; then
          scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
        fi
        exit "$code"
        """
      ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The script of the job that merges after the array.
  ///
  /// It begins however the tasks ended, since it says itself what is missing.
  public func mergeScript(after arrayJob: String) -> String {
    let processors = run.mergesWithThreads ? settings.processors : 1
    let lines =
      header("merge", log: "merge.log")
      + [
        "#SBATCH --dependency=afterany:\(arrayJob)", "#SBATCH --kill-on-invalid-dep=yes",
        "#SBATCH --cpus-per-task=\(processors)",
      ] + asked + settings.extra + [""] + settings.prologue
      + [
        "exec \(shellQuoted(program)) merge \(shellQuoted(run.directory)) --wait 60 --jobs \(processors)"
      ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// What every script begins with.
  ///
  /// - Parameter log: within the run directory, in which nothing stands for a number or a name of Slurm's.
  private func header(_ what: String, log: String) -> [String] {
    let folder = run.directory.replacing("%", with: "%%")
    return [
      "#!/bin/bash", "#SBATCH --job-name=sluice-\(run.id.prefix(8))-\(what)", "#SBATCH --requeue",
      "#SBATCH --open-mode=append", "#SBATCH --output=" + Self.quoted("\(folder)/\(log)"),
      "#SBATCH --ntasks=1",
    ]
  }

  private var asked: [String] {
    [
      settings.partition.map { "partition=\($0)" }, settings.account.map { "account=\($0)" },
      settings.time.map { "time=\($0)" }, settings.memory.map { "mem=\($0)" },
    ].compactMap { $0 }.map { "#SBATCH --" + $0 }
  }

  /// A word of a line that begins with `#SBATCH`.
  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Checks that what is asked for can stand in lines of a script.
  ///
  /// - Throws: `ScreeningError.invalid`.
  public func checkLines() throws(ScreeningError) {
    let texts = [run.directory, settings.partition, settings.account, settings.time, settings.memory]
    for text in texts.compactMap({ $0 }) where text.contains(where: \.isNewline) {
      throw .invalid("\(text.debugDescription) holds a line break, which no line of a script for Slurm can")
    }
  }

  // MARK: Jobs

  /// Hands tasks over.
  ///
  /// - Returns: what was handed over.
  /// - Throws: `ScreeningError` with Slurm's own words where it refuses.
  public func submit(_ tasks: [Int]) throws -> EngineRecord.Submission {
    try checkLines()
    try checkArraySize(tasks)
    let arrayJob = try submit(tasksScript(tasks), named: "tasks.sbatch")
    var record = try EngineRecord(directory: run.directory) ?? EngineRecord(.slurm, settings)
    do {
      let mergeJob = try submit(mergeScript(after: arrayJob), named: "merge.sbatch")
      try record.add(
        tasks: rangesText(tasks), arrayJob: arrayJob, mergeJob: mergeJob, directory: run.directory)
    } catch {
      // Without its merge, and without a note of it, nobody would know of the array.
      _ = try? ChildProgram.run("scancel", [arrayJob])
      throw error
    }
    return record.submissions[record.submissions.count - 1]
  }

  private func submit(_ script: String, named name: String) throws -> String {
    let path = run.directory + "/" + name
    try writeAtomically(Array(script.utf8), to: path)
    let answer = try ChildProgram.run("sbatch", ["--parsable", path])
    let job = answer.output.split { $0 == ";" || $0.isWhitespace }.first.map(String.init) ?? ""
    guard answer.code == 0, Int(job) != nil else {
      throw ScreeningError.invalid(
        "sbatch refuses \(path): \(answer.errors.isEmpty ? answer.output : answer.errors)")
    }
    return job
  }

  private func checkArraySize(_ tasks: [Int]) throws {
    guard let answer = try? ChildProgram.run("scontrol", ["show", "config"]), answer.code == 0,
      let line = answer.output.split(separator: "\n").first(where: { $0.hasPrefix("MaxArraySize") }),
      let limit = line.split(separator: "=").last.flatMap({ Int($0.trimmingCharacters(in: .whitespaces)) }),
      let last = tasks.last, last >= limit
    else { return }
    throw ScreeningError.invalid(
      "this cluster takes arrays of at most \(limit) tasks and there are \(run.taskCount); a task takes any number "
        + "of shards, so --tasks \(min(limit, 1000)) does as well, in another run directory or with this one removed"
    )
  }

  /// What Slurm knows of the jobs of a run; a job that it does not know has ended or was lost.
  ///
  /// - Throws: `ScreeningError.unreadable` where Slurm does not answer.
  public static func jobs(of record: EngineRecord) throws(ScreeningError) -> [Job] {
    var found: [Job] = []
    for submission in record.submissions {
      for (job, isArray) in [(submission.arrayJob, true), (submission.mergeJob, false)] where !job.isEmpty {
        let answer = try ChildProgram.run("squeue", ["-h", "-r", "-j", job, "-o", "%K|%T|%N|%r"])
        guard answer.code == 0 else {
          if answer.errors.contains("Invalid job id") { continue }
          throw .unreadable(path: "squeue", reason: "Slurm does not answer: \(answer.errors)")
        }
        for line in answer.output.split(separator: "\n") {
          let words = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
          guard words.count == 4, activeStates.contains(words[1]) else { continue }
          found.append(
            Job(task: isArray ? Int(words[0]) : nil, state: words[1], nodes: words[2], reason: words[3]))
        }
      }
    }
    return found
  }

  private static let activeStates: Set<String> = [
    "PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD", "RESIZING",
    "SPECIAL_EXIT", "STOPPED", "SIGNALING", "STAGE_OUT",
  ]

  /// Ends all jobs of a run.
  ///
  /// - Throws: `ScreeningError` where Slurm refuses; a job that it does not know has ended.
  public static func cancel(_ record: EngineRecord) throws(ScreeningError) {
    // The merge first: it would begin when its array is gone.
    for submission in record.submissions {
      for job in [submission.mergeJob, submission.arrayJob] where !job.isEmpty {
        let answer = try ChildProgram.run("scancel", [job])
        guard answer.code == 0 || answer.errors.contains("Invalid job id") else {
          throw .unreadable(path: "scancel", reason: answer.errors)
        }
      }
    }
  }
}

/// A text as one word of a shell.
func shellQuoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
