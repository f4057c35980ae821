internal import Dispatch
internal import Synchronization

/// Runs `body` for every index of 0 ..< count on up to `jobs` threads and returns when all are done.
///
/// A thread that is done with an index takes the next one that nobody has: what takes longest is best put first. Which
/// indices share a thread is open; results must not depend on it. `body` may touch shared memory as long as no two indices
/// touch the same part of it: that promise is the caller's, the compiler cannot check it.
public func performInParallel(count: Int, jobs: Int, _ body: (_ index: Int) -> Void) {
  performInParallel(count: count, jobs: jobs) { _, index in body(index) }
}

/// As `performInParallel(count:jobs:_:)` with the number of the thread, below `jobs`: no two threads that run at once have one.
public func performInParallel(count: Int, jobs: Int, _ body: (_ worker: Int, _ index: Int) -> Void) {
  let workers = min(max(1, jobs), count)
  if workers <= 1 {
    for index in 0..<count { body(0, index) }
    return
  }
  withoutActuallyEscaping(body) { body in
    let shared = DisjointWork(body: body)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { break }
        shared.body(worker, index)
      }
    }
  }
}

/// Carries the caller's promise of `performInParallel` past the compiler.
private final class DisjointWork: @unchecked Sendable {
  let body: (Int, Int) -> Void
  /// The first index that nobody has taken.
  let next = Atomic<Int>(0)

  init(body: @escaping (Int, Int) -> Void) { self.body = body }
}
