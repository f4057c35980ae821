import Dispatch

/// Reads items, works on batches of them in parallel and writes the outcomes in the order of reading.
///
/// Who does what. With `jobs` = 1 the calling thread reads a batch, works on it and writes it, then turns to the next:
/// one thread, one batch. With more, one further thread reads, `jobs` threads work, and the calling thread writes. The
/// cut into batches depends on the items alone, so what is written is the same for any number of jobs.
///
/// Memory is bounded: at most `maximumBatchesInFlight` batches are read and not yet written.
///
/// Errors are as orderly as results: where reading or working fails, everything before that batch is still written,
/// then the error is thrown, whichever thread met its error first. An error in writing is thrown at once.
public struct OrderedPipeline: Hashable, Sendable {
  /// Number of batches worked on at once.
  public let jobs: Int
  /// Number of items in a batch; the last one may be smaller. Best worth a millisecond of work or more.
  public let batchSize: Int
  /// Most batches that are read and not yet written.
  public let maximumBatchesInFlight: Int

  /// A pipeline.
  ///
  /// - Parameters:
  ///   - jobs: number of batches worked on at once, 1…200.
  ///   - batchSize: number of items in a batch, at least 1.
  ///   - maximumBatchesInFlight: at least 2; by default twice the jobs and two more, so that a worker finds a batch
  ///     waiting while another is being written.
  public init(jobs: Int, batchSize: Int, maximumBatchesInFlight: Int? = nil) {
    precondition((1...200).contains(jobs), "a pipeline has 1 to 200 jobs")
    precondition(batchSize >= 1, "a batch has at least one item")
    let inFlight = maximumBatchesInFlight ?? 2 * jobs + 2
    precondition(inFlight >= 2, "at least two batches are in flight")
    self.jobs = jobs
    self.batchSize = batchSize
    self.maximumBatchesInFlight = inFlight
  }

  /// How a run ended, and how much it did.
  public struct Report: Hashable, Sendable {
    /// Whether the items were read to their end.
    public enum Ending: Hashable, Sendable {
      /// There were no more items.
      case finished
      /// The stop flag was raised; what had been read by then is written.
      case stopped
    }

    /// How it ended.
    public let ending: Ending
    /// Number of items read, worked on and written.
    public let itemCount: Int
    /// Number of batches.
    public let batchCount: Int
  }

  /// Runs to the end of the items, to a stop or to an error.
  ///
  /// - Parameters:
  ///   - read: the next item, or nil at the end; called by one thread only, not necessarily the calling one.
  ///   - makeScratch: makes what a worker keeps from batch to batch; called once by each worker that gets work.
  ///   - work: turns a batch into an outcome; must not depend on what the scratch held before.
  ///   - write: receives the outcomes in order, on the calling thread.
  ///   - stop: when raised, reading ends and the batches in hand are finished.
  /// - Throws: the error of the earliest batch that failed, or the error of `write`. All threads have ended by then; a
  ///   `read` that waits for input delays that.
  public func run<Item: Sendable, Scratch, Outcome: Sendable>(
    read: sending @escaping () throws -> Item?,
    makeScratch: @escaping @Sendable () throws -> Scratch,
    work: @escaping @Sendable (inout Scratch, [Item]) throws -> Outcome,
    write: (Outcome) throws -> Void,
    stop: StopFlag = StopFlag()
  ) throws -> Report {
    if jobs == 1 {
      return try runInline(read: read, makeScratch: makeScratch, work: work, write: write, stop: stop)
    }
    let exchange = BatchExchange<Item, Outcome>(capacity: maximumBatchesInFlight)
    let reader = BatchReader(read: read, batchSize: batchSize, stop: stop)
    let threads = DispatchGroup()
    // Serial queues of their own get a thread each, where a shared concurrent queue might let workers that wait for
    // the reader keep the reader from starting.
    DispatchQueue(label: "sluice.read").async(group: threads) { reader.feed(exchange) }
    for number in 1...jobs {
      DispatchQueue(label: "sluice.work.\(number)").async(group: threads) {
        serve(exchange, makeScratch: makeScratch, work: work)
      }
    }
    defer {
      exchange.abandon(workers: jobs)
      threads.wait()
    }
    while true {
      switch exchange.takeOutcome() {
      case .outcome(let outcome): try write(outcome)
      case .failure(let error): throw error
      case .end(let report): return report
      }
      exchange.freeSlot()
    }
  }

  private func runInline<Item, Scratch, Outcome>(
    read: () throws -> Item?, makeScratch: () throws -> Scratch,
    work: (inout Scratch, [Item]) throws -> Outcome, write: (Outcome) throws -> Void, stop: StopFlag
  ) throws -> Report {
    var scratch: Scratch?
    var itemCount = 0
    var batchCount = 0
    while true {
      let (items, end) = readBatch(size: batchSize, stop: stop, read: read)
      if !items.isEmpty {
        var own = try scratch ?? makeScratch()
        let outcome = try work(&own, items)
        scratch = own
        try write(outcome)
        itemCount += items.count
        batchCount += 1
      }
      switch end {
      case nil: continue
      case .failure(let error)?: throw error
      case .success(let ending)?:
        return Report(ending: ending, itemCount: itemCount, batchCount: batchCount)
      }
    }
  }
}

/// Reads up to `size` items; the second value is nil as long as there may be more.
private func readBatch<Item>(
  size: Int, stop: StopFlag, read: () throws -> Item?
) -> (items: [Item], end: Result<OrderedPipeline.Report.Ending, any Error>?) {
  var items: [Item] = []
  items.reserveCapacity(min(size, 4096))
  do {
    while items.count < size {
      if stop.isRaised { return (items, .success(.stopped)) }
      guard let item = try read() else { return (items, .success(.finished)) }
      items.append(item)
    }
    return (items, nil)
  } catch {
    return (items, .failure(error))
  }
}

/// The reading side. `read` was handed over by its caller (`sending`) and is called by the reader's thread alone,
/// which is what makes passing it to that thread sound.
private struct BatchReader<Item: Sendable>: @unchecked Sendable {
  let read: () throws -> Item?
  let batchSize: Int
  let stop: StopFlag

  func feed<Outcome>(_ exchange: BatchExchange<Item, Outcome>) {
    var itemCount = 0
    var batchCount = 0
    while exchange.claimSlot() {
      let (items, end) = readBatch(size: batchSize, stop: stop, read: read)
      if !items.isEmpty {
        exchange.put(BatchExchange.Input(index: batchCount, items: items))
        itemCount += items.count
        batchCount += 1
        guard end != nil else { continue }
        guard exchange.claimSlot() else { return }
      }
      switch end {
      case nil: continue
      case .failure(let error)?: return exchange.put(.failure(error), at: batchCount)
      case .success(let ending)?:
        let report = OrderedPipeline.Report(ending: ending, itemCount: itemCount, batchCount: batchCount)
        return exchange.put(.end(report), at: batchCount)
      }
    }
  }
}

/// The working side: one thread's loop.
private func serve<Item, Scratch, Outcome>(
  _ exchange: BatchExchange<Item, Outcome>, makeScratch: () throws -> Scratch,
  work: (inout Scratch, [Item]) throws -> Outcome
) {
  var scratch: Scratch?
  while let input = exchange.takeInput() {
    do {
      var own = try scratch ?? makeScratch()
      scratch = nil
      let outcome = try work(&own, input.items)
      scratch = own
      exchange.put(.outcome(outcome), at: input.index)
    } catch {
      exchange.put(.failure(error), at: input.index)
    }
  }
}
