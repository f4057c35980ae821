internal import Dispatch
internal import Foundation

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
