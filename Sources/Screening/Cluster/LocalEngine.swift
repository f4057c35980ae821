internal import Foundation
public import PipelineEngine
internal import ScreeningStore

/// Runs the tasks of a run as processes of this machine, on the same path as a cluster does.
public struct LocalEngine: Sendable {
  private let run: any SubmittedRun
  private let program: String
  private let settings: EngineSettings

  /// An engine.
  ///
  /// - Parameters:
  ///   - run: whose tasks.
  ///   - program: path of this program.
  ///   - settings: how many threads a task has and how many tasks run at once.
  public init(_ run: any SubmittedRun, program: String, settings: EngineSettings) {
    self.run = run
    self.program = program
    self.settings = settings
  }

  /// A task's process, the size of its journal when it was started, and how many processes before it were killed without a line
  /// in it.
  private struct Worker {
    let process: Process
    let journalSize: Int
    let silentDeaths: Int
  }

  /// Runs tasks to their ends, or until `stop` is raised: then they finish the batch in hand.
  ///
  /// A process that a signal ended is started again; the journal says when its shard is given up, and one that dies without a line in it
  /// is given up after as many tries.
  /// - Parameter progress: called now and then.
  /// - Returns: the tasks that did not come to their end, with what their processes ended with.
  /// - Throws: `ScreeningError`.
  public func run(_ tasks: [Int], stop: StopFlag, progress: () -> Void) throws -> [Int: Int32] {
    var record = try EngineRecord(directory: run.directory) ?? EngineRecord(.local, settings)
    try record.add(tasks: rangesText(tasks), directory: run.directory)
    let most = max(1, min(settings.processesAtOnce, tasks.count))
    var waiting = tasks[...]
    var workers: [Int: Worker] = [:]
    var failed: [Int: Int32] = [:]
    defer { for worker in workers.values { worker.process.terminate() } }
    var isStopping = false
    while !workers.isEmpty || (!waiting.isEmpty && !stop.isRaised) {
      if stop.isRaised, !isStopping {
        isStopping = true
        for worker in workers.values { worker.process.terminate() }
      }
      while workers.count < most, !stop.isRaised, let task = waiting.popFirst() {
        workers[task] = try start(task)
      }
      Thread.sleep(forTimeInterval: 0.02)
      progress()
      for (task, worker) in workers where !worker.process.isRunning {
        workers[task] = nil
        let deaths = journalSize(task) > worker.journalSize ? 0 : worker.silentDeaths + 1
        if worker.process.terminationReason == .uncaughtSignal, !stop.isRaised, deaths < TaskJournal.mostTries
        {
          workers[task] = try start(task, silentDeaths: deaths)
        } else if worker.process.terminationReason != .exit || worker.process.terminationStatus != 0 {
          failed[task] = worker.process.terminationStatus
        }
      }
    }
    for task in waiting { failed[task] = 75 }
    return failed
  }

  private func start(_ task: Int, silentDeaths: Int = 0) throws(ScreeningError) -> Worker {
    let journal = run.journal(ofTask: task)
    let size = journalSize(task)
    let descriptor = open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable(path: journal, reason: String(cString: strerror(errno))) }
    let log = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = [
      "shard", run.directory, "\(task)", "--tasks", "\(run.taskCount)", "--jobs",
      "\(settings.processors)",
    ]
    if run is ShardedRun { process.arguments?.append("--steal") }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = log
    process.standardError = log
    do { try process.run() } catch { throw .unreadable(path: program, reason: describe(error)) }
    return Worker(process: process, journalSize: size, silentDeaths: silentDeaths)
  }

  private func journalSize(_ task: Int) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: run.journal(ofTask: task))
    return attributes?[.size] as? Int ?? 0
  }
}

extension LocalEngine {
  /// Asks the process that waits for the tasks to end them.
  ///
  /// - Throws: `ScreeningError.invalid` where there is none on this machine.
  public static func cancel(_ run: any SubmittedRun, _ record: EngineRecord) throws {
    guard let last = record.submissions.last, last.host == hostName() else {
      throw ScreeningError.invalid(
        "the tasks of \(run.directory) were started on \(record.submissions.last?.host ?? "another machine"); cancel "
          + "them there")
    }
    // Who holds the claim is who waits; a process id alone may have become another's.
    guard holder(of: run) == last.process else {
      throw ScreeningError.invalid("no process runs the tasks of \(run.directory)")
    }
    kill(pid_t(last.process), SIGTERM)
  }

  /// The process that works on a run directory; nil where there is none.
  private static func holder(of run: any SubmittedRun) -> Int? {
    do throws(RunClaimError) {
      let claim = try RunClaim(folder: run.directory)
      withExtendedLifetime(claim) {}
      return nil
    } catch {
      guard case .held(_, let process) = error else { return nil }
      return process
    }
  }
}
