import TestSupport

/// A cluster that computes nothing: tasks begin shards and finish them after times drawn at random, on nodes of which some
/// are slow, some lose their power, and some lose their network and go on unseen beside the task's second process.
struct SimulatedCluster {
  /// Something that happens.
  enum Event {
    /// A process begins a shard.
    case begin(shard: Int, Process)
    /// A process puts a shard into its place, after so many seconds of work.
    case done(shard: Int, Process, seconds: Double)
  }

  /// A process of a task.
  struct Process: Hashable {
    let task: Int
    /// Number of the node.
    let node: Int
    /// Number of the process.
    let number: Int
    /// Whether its node was given up for lost.
    var isLost = false
  }

  /// What went wrong.
  struct Tally {
    var powerLosses = 0
    var goneOn = 0
    var doubleWrites = 0
    var slowNodes = 0
  }

  private struct Step {
    let time: Double
    let shard: Int
    let process: Process
    let seconds: Double
    let ending: Ending
  }

  private enum Ending { case done, powerLoss, requeue }

  let shards: Int
  let tasks: Int
  let nodes: Int
  /// Share of shards in the midst of which the node is lost.
  let losses: Double
  private(set) var tally = Tally()
  private var generator: SeededGenerator
  private var slow: [Bool]
  private var processCount = 0
  private var queue: [Step] = []
  private var isFinished: [Bool]

  init(shards: Int, tasks: Int, nodes: Int, losses: Double, seed: UInt64) {
    self.shards = shards
    self.tasks = tasks
    self.nodes = nodes
    self.losses = losses
    var generator = SeededGenerator(seed: seed)
    slow = (0..<nodes).map { _ in Int.random(in: 0..<20, using: &generator) == 0 }
    tally.slowNodes = slow.count { $0 }
    self.generator = generator
    isFinished = Array(repeating: false, count: shards)
  }

  /// Lets all tasks come to their ends.
  ///
  /// - Parameter handle: called with what happens, in the order of time, in seconds from the start.
  mutating func run(_ handle: (Double, Event) throws -> Void) rethrows {
    for task in 0..<tasks { try begin(task, newProcess(of: task), at: 0, handle) }
    while let step = pop() {
      switch step.ending {
      case .powerLoss, .requeue:
        // Slurm starts the task anew elsewhere, and it begins with the first shard that is not there.
        let (process, time) = (newProcess(of: step.process.task), step.time + 120)
        try goOn(from: step.process.task, process, at: time, handle)
      case .done:
        try handle(step.time, .done(shard: step.shard, step.process, seconds: step.seconds))
        if isFinished[step.shard] { tally.doubleWrites += 1 }
        isFinished[step.shard] = true
        // Who was given up for lost is ended by Slurm when the network is back.
        guard !step.process.isLost else { continue }
        try goOn(from: step.shard + tasks, step.process, at: step.time, handle)
      }
    }
  }

  private mutating func goOn(
    from first: Int, _ process: Process, at time: Double, _ handle: (Double, Event) throws -> Void
  ) rethrows {
    var shard = first
    while shard < shards, isFinished[shard] { shard += tasks }
    guard shard < shards else { return }
    try begin(shard, process, at: time, handle)
  }

  private mutating func begin(
    _ shard: Int, _ process: Process, at time: Double, _ handle: (Double, Event) throws -> Void
  ) rethrows {
    try handle(time, .begin(shard: shard, process))
    let seconds = Double.random(in: 40...80, using: &generator) * (slow[process.node] ? 10 : 1)
    guard Double.random(in: 0..<1, using: &generator) < losses else {
      return push(time + seconds, shard, process, seconds, .done)
    }
    let loss = time + seconds * Double.random(in: 0..<1, using: &generator)
    guard Bool.random(using: &generator) else {
      tally.powerLosses += 1
      return push(loss, shard, process, seconds, .powerLoss)
    }
    // Cut off, it goes on to the end of its shard, while a second process begins it anew.
    tally.goneOn += 1
    var lost = process
    lost.isLost = true
    push(loss, shard, process, seconds, .requeue)
    push(time + seconds * Double.random(in: 1...4, using: &generator), shard, lost, seconds, .done)
  }

  private mutating func newProcess(of task: Int) -> Process {
    processCount += 1
    return Process(task: task, node: Int.random(in: 0..<nodes, using: &generator), number: processCount)
  }

  // MARK: A heap by time

  private mutating func push(
    _ time: Double, _ shard: Int, _ process: Process, _ seconds: Double, _ ending: Ending
  ) {
    queue.append(
      Step(
        time: time, shard: shard, process: process, seconds: seconds, ending: ending))
    var child = queue.count - 1
    while child > 0, queue[child].time < queue[(child - 1) / 2].time {
      queue.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> Step? {
    guard let first = queue.first, let last = queue.popLast() else { return nil }
    guard !queue.isEmpty else { return first }
    queue[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < queue.count else { return first }
      if child + 1 < queue.count, queue[child + 1].time < queue[child].time { child += 1 }
      guard queue[child].time < queue[parent].time else { return first }
      queue.swapAt(child, parent)
      parent = child
    }
  }
}
