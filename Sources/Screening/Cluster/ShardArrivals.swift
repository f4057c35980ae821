internal import Dispatch
internal import Foundation

/// Waits for the shards of a run that tasks of this machine still compute.
///
/// Sendable because the lock guards all that changes.
final class ShardArrivals: @unchecked Sendable {
  private enum Phase { case awaited, ended, cancelled }
  /// What may not change between two looks at the folder: one listing serves all shards that are in it.
  private typealias Listing = [Int: [String]]

  private let lock = NSLock()
  private var phase: Phase
  private var listing: Listing?
  /// Pause between two looks (s).
  private static let pause = 0.05

  /// Arrivals.
  ///
  /// - Parameter haveEnded: whether what is there now is all.
  init(haveEnded: Bool = false) { phase = haveEnded ? .ended : .awaited }

  /// No more shards come: those that are not there are missing.
  func end() {
    lock.withLock {
      guard phase == .awaited else { return }
      (phase, listing) = (.ended, nil)
    }
  }

  /// Nobody wants them any more.
  func cancel() { lock.withLock { phase = .cancelled } }

  /// The path of a shard's file that is whole, and what is wrong with others: as soon as there is one, or no more come.
  func wait(for shard: Int, of run: ShardedRun) -> (path: String?, problems: [String]) {
    while true {
      let (now, present) = lock.withLock {
        let present = listing ?? run.files.present()
        listing = present
        return (phase, present)
      }
      guard now != .cancelled else { return (nil, []) }
      let found = run.files.valid(shard, among: present)
      if found.path != nil || now == .ended { return found }
      Thread.sleep(forTimeInterval: Self.pause)
      lock.withLock { if phase == .awaited { listing = nil } }
    }
  }
}

/// A merge that goes on beside the tasks of this machine, so that little of it is left when the last one ends.
///
/// Sendable because the outcome is written before the semaphore is raised and read after it.
public final class ConcurrentMerge: @unchecked Sendable {
  private let arrivals = ShardArrivals()
  private let isDone = DispatchSemaphore(value: 0)
  private var outcome: Result<MergeReport, any Error>?

  /// Begins. The caller holds the claim of the run directory until the merge has ended.
  ///
  /// - Parameters:
  ///   - run: of which run.
  ///   - localFolder: a folder of the node's own storage, with room for all shards.
  public init(_ run: ShardedRun, localFolder: String) {
    let merge = ShardMerge(run, localFolder: localFolder)
    Thread.detachNewThread { [self] in
      outcome = Result { try merge.run(arrivals: arrivals) { _ in } }
      isDone.signal()
    }
  }

  /// Waits for the end, when all tasks have ended. To be called once.
  ///
  /// - Throws: as `ShardMerge.run`.
  public func finish() throws -> MergeReport {
    arrivals.end()
    isDone.wait()
    guard let outcome else { preconditionFailure("a merge that is done has an outcome") }
    return try outcome.get()
  }

  /// Gives up what has been merged, instead of `finish`.
  public func cancel() {
    arrivals.cancel()
    isDone.wait()
  }
}
