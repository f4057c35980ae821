internal import Foundation

/// Work in a run directory that tasks do part by part: the shards of a campaign, or the members of an ensemble.
public protocol SubmittedRun: Sendable {
  /// The run directory.
  var directory: String { get }
  /// Identity of what is run, which begins the names of its jobs.
  var id: String { get }
  /// Number of parts.
  var partCount: Int { get }
  /// What parts are called.
  var partName: String { get }
  /// Number of tasks, each of which takes every so-manieth part.
  var taskCount: Int { get }
  /// Path of the file that is there when they are.
  var mergedPath: String { get }
  /// Whether putting them together uses as many threads as a task; otherwise it is the work of one.
  var mergesWithThreads: Bool { get }

  /// The parts that are not there whole, and what is wrong with files that are there.
  ///
  /// - Parameter checking: whether each file is read and compared with its digest; without it what is noted is believed.
  func missing(checking: Bool) -> (parts: [Int], problems: [String])

  /// The parts that cannot be run, with the reason, as journals say.
  func failures() throws -> [(part: Int, message: String)]
}

extension SubmittedRun {
  /// Whether the parts are put together.
  public var isMerged: Bool { FileManager.default.fileExists(atPath: mergedPath) }

  /// The tasks that have one of some parts.
  public func tasks(of parts: [Int]) -> [Int] { Set(parts.map { $0 % taskCount }).sorted() }

  /// The parts that are not there though a journal says that they are done: on some file systems a new file shows late on
  /// other machines. A journal that is there is read as it is, since it is opened anew.
  public func late() -> [Int] {
    let missing = missing(checking: false).parts
    let done = Set(
      tasks(of: missing).flatMap { task in
        TaskJournal(path: journal(ofTask: task)).events().filter { $0.kind == .done }.map(\.shard)
      })
    return missing.filter(done.contains)
  }

  /// Notes that parts which were given up are to be tried again.
  ///
  /// - Throws: `ScreeningError.unwritable`.
  public func forgetTries(ofTasks tasks: [Int]) throws(ScreeningError) {
    for task in tasks {
      let journal = TaskJournal(path: journal(ofTask: task))
      guard journal.events().contains(where: { $0.kind == .begin }) else { continue }
      try journal.append(.resumed, shard: task)
    }
  }

  /// The path of the journal of the task that a part belongs to, whoever runs it and however many tasks that one counts.
  func journal(ofPart part: Int) -> String { journal(ofTask: part % taskCount) }

  /// The path of a task's journal.
  public func journal(ofTask task: Int) -> String {
    "\(directory)/\(ShardPlan.tasksName)/\(paddedNumber(task)).log"
  }
}

/// Opens what was submitted in a run directory.
///
/// - Throws: `ScreeningError.unreadable` where that is neither a campaign nor a training.
public func submittedRun(in directory: String) throws(ScreeningError) -> any SubmittedRun {
  SubmittedTraining.exists(in: directory)
    ? try SubmittedTraining(directory: directory) : try ShardedRun(directory: directory)
}
