import Dispatch
import Foundation

/// The place where reader, workers and writer of a pipeline meet.
///
/// All state is guarded by one lock, held for a few assignments at a time; the semaphores only say when looking is
/// worth while, one waking one, so that a hundred workers do not wake for each batch. `@unchecked Sendable` because the
/// compiler cannot see the lock; `Synchronization.Mutex` would show it, but the thread sanitizer does not know that one.
final class BatchExchange<Item: Sendable, Outcome: Sendable>: @unchecked Sendable {
  struct Input: Sendable {
    let index: Int
    let items: [Item]
  }

  enum Slot {
    case outcome(Outcome)
    case failure(any Error)
    case end(OrderedPipeline.Report)
  }

  private let lock = NSLock()
  // Semaphores start at zero and are raised: one that starts higher must not be let go while it is lower than that.
  private let freeSlots = DispatchSemaphore(value: 0)
  private let waitingInputs = DispatchSemaphore(value: 0)
  private let filledSlots = DispatchSemaphore(value: 0)

  private var inputs: [Input] = []
  private var slots: [Slot?]
  private var nextToWrite = 0
  private var firstFailure = Int.max
  private var isAbandoned = false

  init(capacity: Int) {
    slots = Array(repeating: nil, count: capacity)
    for _ in 0..<capacity { freeSlots.signal() }
  }

  // MARK: Reader

  /// Waits until there is room for a batch; false when no more batches are wanted.
  func claimSlot() -> Bool {
    freeSlots.wait()
    return lock.withLock { !isAbandoned && firstFailure == .max }
  }

  /// Hands a batch to the workers.
  func put(_ input: Input) {
    lock.withLock { inputs.append(input) }
    waitingInputs.signal()
  }

  // MARK: Workers

  /// Waits for a batch; nil when there will be none. Batches after one that failed are passed over.
  func takeInput() -> Input? {
    while true {
      waitingInputs.wait()
      // Each signal stands for one input, or else for the end.
      let (input, isWanted) = lock.withLock { () -> (Input?, Bool) in
        guard !isAbandoned, !inputs.isEmpty else { return (nil, true) }
        let first = inputs.removeFirst()
        return (first, first.index < firstFailure)
      }
      if isWanted { return input }
    }
  }

  /// Fills the slot of a batch.
  func put(_ slot: Slot, at index: Int) {
    lock.withLock {
      if case .failure = slot { firstFailure = min(firstFailure, index) }
      slots[index % slots.count] = slot
    }
    filledSlots.signal()
  }

  // MARK: Writer

  /// Waits for the slot that comes next in order and empties it.
  func takeOutcome() -> Slot {
    while true {
      let ready: Slot? = lock.withLock {
        let place = nextToWrite % slots.count
        guard let slot = slots[place] else { return nil }
        slots[place] = nil
        nextToWrite += 1
        return slot
      }
      if let ready { return ready }
      filledSlots.wait()
    }
  }

  /// Makes room for one more batch, after one has been written.
  func freeSlot() { freeSlots.signal() }

  /// Ends everything: nobody waits any more, and nothing further is read or worked on.
  func abandon(workers: Int) {
    lock.withLock {
      isAbandoned = true
      inputs = []
    }
    freeSlots.signal()
    for _ in 0..<workers { waitingInputs.signal() }
  }
}
