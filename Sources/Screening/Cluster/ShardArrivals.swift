internal import Foundation

/// Waits for the shards of a run that tasks of this machine still compute.
///
/// Sendable because the condition guards all that changes.
final class ShardArrivals: @unchecked Sendable {
  private enum Phase { case awaited, ended, cancelled }

  private let condition = NSCondition()
  private var phase: Phase
  /// Names of files by shard as last seen: one look serves all shards that are there.
  private var listing: [Int: [String]]?
  /// What the files of a shard were when none was whole: until they are others nobody reads them again.
  private var refused: [Int: [FileStamp?]] = [:]
  /// Pause between two looks (s): each lists the folder of the shards, and the end of all tasks is told at once.
  private static let pause = 0.25

  /// Arrivals.
  ///
  /// - Parameter haveEnded: whether what is there now is all.
  init(haveEnded: Bool = false) { phase = haveEnded ? .ended : .awaited }

  /// No more shards come: those that are not there are missing.
  func end() {
    condition.withLock {
      guard phase == .awaited else { return }
      (phase, listing) = (.ended, nil)
      condition.broadcast()
    }
  }

  /// Nobody wants them any more.
  func cancel() {
    condition.withLock {
      phase = .cancelled
      condition.broadcast()
    }
  }

  /// The path of a shard's file that is whole, and what is wrong with others: as soon as there is one, or no more come.
  func wait(for shard: Int, of run: ShardedRun) -> (path: String?, problems: [String]) {
    while true {
      let (now, present) = condition.withLock {
        let present = listing ?? run.files.present()
        listing = present
        return (phase, present)
      }
      guard now != .cancelled else { return (nil, []) }
      let states = run.files.states(shard, among: present)
      let isKnown = now == .awaited && condition.withLock { refused[shard] == states }
      let found = isKnown ? (path: nil, problems: []) : run.files.valid(shard, among: present)
      if found.path != nil || now == .ended { return found }
      condition.withLock {
        refused[shard] = states.isEmpty ? nil : states
        guard phase == .awaited else { return }
        _ = condition.wait(until: Date(timeIntervalSinceNow: Self.pause))
        if phase == .awaited { listing = nil }
      }
    }
  }
}
