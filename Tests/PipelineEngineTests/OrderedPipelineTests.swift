import Dispatch
import PipelineEngine
import Synchronization
import TestSupport
import Testing

private struct PlannedFailure: Error, Equatable {
  let place: String
  let index: Int
}

/// Keeps a thread busy for an amount of work that depends on the item, so that batches end out of order.
private func busyWork(_ item: Int) -> UInt64 {
  var generator = SeededGenerator(seed: UInt64(item))
  let rounds = Int.random(in: 0..<400, using: &generator)
  return (0..<rounds).reduce(UInt64(item)) { sum, _ in sum ^ generator.next() }
}

/// A counter as a source of items, with optional failures, and what came out of the other end.
private func run(
  _ pipeline: OrderedPipeline, count: Int, readFails: Int? = nil, workFails: Set<Int> = [],
  writeFails: Int? = nil,
  stop: StopFlag = StopFlag(), stopAfter: Int? = nil
) -> (written: [Int], report: OrderedPipeline.Report?, failure: PlannedFailure?) {
  var written: [Int] = []
  var next = 0
  do {
    let report = try pipeline.run(
      read: {
        if next == readFails { throw PlannedFailure(place: "read", index: next) }
        if next == stopAfter { stop.raise() }
        guard next < count else { return nil }
        defer { next += 1 }
        return next
      },
      makeScratch: { [UInt64]() },
      work: { (scratch: inout [UInt64], items: [Int]) -> [Int] in
        for item in items {
          if workFails.contains(item) { throw PlannedFailure(place: "work", index: item) }
          scratch.append(busyWork(item))
        }
        return items
      },
      write: { items in
        if let writeFails, items.contains(writeFails) {
          throw PlannedFailure(place: "write", index: writeFails)
        }
        written += items
      }, stop: stop)
    return (written, report, nil)
  } catch {
    return (written, nil, error as? PlannedFailure)
  }
}

@Suite struct OrderedPipelineTests {
  @Test(arguments: [1, 2, 3, 8], [1, 7, 1000])
  func `what is written is what was read, in order, for any jobs and batch size`(jobs: Int, batchSize: Int) {
    for count in [0, 1, 6, 7, 8, 500] {
      let result = run(OrderedPipeline(jobs: jobs, batchSize: batchSize), count: count)
      #expect(result.written == Array(0..<count))
      #expect(result.report?.ending == .finished)
      #expect(result.report?.itemCount == count)
      #expect(result.report?.batchCount == (count + batchSize - 1) / batchSize)
    }
  }

  @Test(arguments: [1, 2, 5])
  func `a failure in reading comes after everything read before it is written`(jobs: Int) {
    for position in [0, 1, 9, 10, 11, 99, 100] {
      let result = run(OrderedPipeline(jobs: jobs, batchSize: 10), count: 100, readFails: position)
      #expect(result.failure == PlannedFailure(place: "read", index: position))
      #expect(result.written == Array(0..<position))
    }
  }

  @Test(arguments: [1, 2, 5])
  func `of several failures in working the earliest in order is thrown, after all before its batch`(jobs: Int)
  {
    for position in [0, 9, 10, 55, 99] {
      let later = Set(stride(from: position, to: 100, by: 7))
      let result = run(OrderedPipeline(jobs: jobs, batchSize: 10), count: 100, workFails: later)
      #expect(result.failure == PlannedFailure(place: "work", index: position))
      #expect(result.written == Array(0..<(position / 10 * 10)))
    }
  }

  @Test(arguments: [1, 2, 5])
  func `a failure in working comes before a later failure in reading and the other way round`(jobs: Int) {
    let pipeline = OrderedPipeline(jobs: jobs, batchSize: 10)
    #expect(run(pipeline, count: 100, readFails: 60, workFails: [35]).failure?.place == "work")
    #expect(run(pipeline, count: 100, readFails: 30, workFails: [35]).failure?.place == "read")
    #expect(run(pipeline, count: 100, workFails: [35], writeFails: 20).failure?.place == "write")
  }

  @Test(arguments: [1, 2, 5])
  func `a failure in writing ends the run at once`(jobs: Int) {
    for position in [0, 55, 99] {
      let result = run(OrderedPipeline(jobs: jobs, batchSize: 10), count: 100, writeFails: position)
      #expect(result.failure == PlannedFailure(place: "write", index: position))
      #expect(result.written == Array(0..<(position / 10 * 10)))
    }
  }

  @Test(arguments: [1, 2, 5])
  func `a failure in making scratch is the failure of that batch`(jobs: Int) {
    #expect(throws: PlannedFailure(place: "scratch", index: 0)) {
      var next = 0
      _ = try OrderedPipeline(jobs: jobs, batchSize: 1).run(
        read: {
          next += 1
          return next < 20 ? next : nil
        }, makeScratch: { throw PlannedFailure(place: "scratch", index: 0) },
        work: { (_: inout Int, items: [Int]) in items },
        write: { _ in Issue.record("nothing can be written") })
    }
  }

  @Test(arguments: [1, 2, 5])
  func `after a stop everything that was read is written and nothing more is read`(jobs: Int) {
    for position in [0, 1, 35, 99] {
      let result = run(OrderedPipeline(jobs: jobs, batchSize: 10), count: 1000, stopAfter: position)
      // The item that raises the flag is still handed out; it is the last.
      #expect(result.written == Array(0...position))
      #expect(result.report?.ending == .stopped)
      #expect(result.report?.itemCount == position + 1)
    }
    let raised = StopFlag()
    raised.raise()
    #expect(run(OrderedPipeline(jobs: jobs, batchSize: 10), count: 10, stop: raised).written.isEmpty)
  }

  @Test func `reading runs ahead of writing by the batches in flight and no further`() throws {
    let (limit, batchSize) = (3, 4)
    let (readCount, writtenCount, largestLead) = (Counter(), Counter(), Counter())
    let isFull = DispatchSemaphore(value: 0)
    var isFirst = true
    _ = try OrderedPipeline(jobs: 2, batchSize: batchSize, maximumBatchesInFlight: limit).run(
      read: {
        let count = readCount.value.add(1, ordering: .sequentiallyConsistent).newValue
        let lead = count - writtenCount.value.load(ordering: .sequentiallyConsistent)
        largestLead.value.max(lead, ordering: .sequentiallyConsistent)
        if count == limit * batchSize { isFull.signal() }
        return count <= 200 ? count : nil
      }, makeScratch: { 0 }, work: { (_: inout Int, items: [Int]) in items },
      write: { items in
        // The first batch is held back until reading has gone as far as it may.
        if isFirst { isFull.wait() }
        isFirst = false
        writtenCount.value.add(items.count, ordering: .sequentiallyConsistent)
      })
    #expect(largestLead.value.load(ordering: .sequentiallyConsistent) == limit * batchSize)
  }

  @Test(arguments: [1, 3])
  func `each worker makes one scratch and keeps it`(jobs: Int) throws {
    let made = Counter()
    let seen = Counter()
    var next = 0
    _ = try OrderedPipeline(jobs: jobs, batchSize: 1).run(
      read: {
        next += 1
        return next <= 50 ? next : nil
      },
      makeScratch: {
        made.value.add(1, ordering: .relaxed)
        return 0
      },
      work: { (scratch: inout Int, _: [Int]) in
        scratch += 1
        if scratch == 1 { seen.value.add(1, ordering: .relaxed) }
      }, write: {})
    let count = made.value.load(ordering: .relaxed)
    #expect((1...jobs).contains(count))
    #expect(seen.value.load(ordering: .relaxed) == count)
  }
}

/// A counter that threads share.
private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
