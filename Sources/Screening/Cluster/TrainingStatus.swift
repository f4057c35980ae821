internal import Foundation
internal import TextFormats

/// How far a submitted training is, by the journals of its tasks.
public struct TrainingStatus: Sendable {
  /// A member.
  public struct Member: Sendable {
    /// Its number, from 0.
    public let member: Int
    /// What became of it.
    public internal(set) var state = State.waiting
    /// Epochs that are done.
    public internal(set) var epochs = 0
    /// The last figure on the validation split, with its name; nil before the first epoch.
    public internal(set) var figure: (name: String, value: Double)?
    /// Where it was trained last; empty where that has not begun.
    public internal(set) var host = ""
    /// When something was last noted, ISO 8601.
    public internal(set) var time = ""
    /// The journal that says more.
    public let log: String
    /// How often it was begun.
    var begun = 0
  }

  /// What became of a member.
  public enum State: Equatable, Sendable {
    /// No task has begun with it.
    case waiting
    /// A task has it in hand, as last heard.
    case running
    /// Its task was asked to end.
    case stopped
    /// It is trained to its end.
    case finished
    /// It cannot be trained.
    case failing(String)
  }

  /// The members in order.
  public let members: [Member]
  /// How often a member was begun by another process than before.
  public let restarts: Int
  /// The kinds of processors that trained members to their ends; weights have other last bits on others.
  public let processors: [String]
  /// Whether the members are collected into the model.
  public let isMerged: Bool

  /// Looks at a training.
  public init(_ run: SubmittedTraining) {
    var members = (0..<run.partCount).map {
      Member(member: $0, log: run.journal(ofPart: $0))
    }
    var (restarts, processors): (Int, Set<String>) = (0, [])
    for task in 0..<run.taskCount {
      for event in TaskJournal(path: run.journal(ofTask: task)).events() {
        if event.kind == .resumed {
          for member in stride(from: task, to: run.partCount, by: run.taskCount) {
            if case .failing = members[member].state { members[member].state = .waiting }
          }
          continue
        }
        guard members.indices.contains(event.shard) else { continue }
        members[event.shard].take(event)
        if event.kind == .begin, members[event.shard].begun > 1 { restarts += 1 }
        if event.kind == .done, let name = event.tree["processor"]?.text { processors.insert(name) }
      }
    }
    // A journal is no proof.
    for member in members.indices
    where members[member].state == .finished
      && !FileManager.default.fileExists(atPath: run.checkpointPath(member))
    {
      members[member].state = .waiting
    }
    self.members = members
    self.restarts = restarts
    self.processors = processors.sorted()
    isMerged = run.isMerged
  }
}

extension TrainingStatus.Member {
  fileprivate mutating func take(_ event: TaskJournal.Event) {
    host = event.host
    time = event.time
    switch event.kind {
    case .begin:
      begun += 1
      state = .running
    case .progress:
      state = .running
      epochs = event.records
      if let name = event.tree["metric"]?.text, let value = event.tree["validation"]?.real {
        figure = (name, value)
      }
    case .done:
      state = .finished
      epochs = event.records
    case .stopped: state = .stopped
    case .failed: state = .failing(event.message)
    case .resumed: break
    }
  }
}
