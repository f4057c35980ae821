internal import Dispatch

/// Runs `body` for every index of 0 ..< count on up to `jobs` threads and returns when all are done.
///
/// Worker k takes the indices k, k + jobs, …, so which indices share a thread is fixed; results must not depend on
/// it anyway. `body` may touch shared memory as long as no two indices touch the same part of it: that promise is the
/// caller's, the compiler cannot check it.
public func performInParallel(count: Int, jobs: Int, _ body: (Int) -> Void) {
  let workers = min(max(1, jobs), count)
  if workers <= 1 {
    for index in 0..<count { body(index) }
    return
  }
  withoutActuallyEscaping(body) { body in
    let shared = DisjointWork(body: body)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      for index in stride(from: worker, to: count, by: workers) { shared.body(index) }
    }
  }
}

/// Carries the caller's promise of `performInParallel` past the compiler.
private struct DisjointWork: @unchecked Sendable {
  let body: (Int) -> Void
}
