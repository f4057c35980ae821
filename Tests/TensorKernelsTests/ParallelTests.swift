import TensorKernels
import Testing

@Suite struct ParallelTests {
  @Test(arguments: [1, 2, 3, 8, 50])
  func `every index is taken once, by one of so many threads`(jobs: Int) {
    for count in [0, 1, 2, 7, 40] {
      var (taken, workers) = ([Int](repeating: 0, count: count), [Int](repeating: -1, count: count))
      taken.withUnsafeMutableBufferPointer { taken in
        workers.withUnsafeMutableBufferPointer { workers in
          let (taken, workers) = (Places(base: taken.baseAddress), Places(base: workers.baseAddress))
          performInParallel(count: count, jobs: jobs) { worker, index in
            taken.base?[index] += 1
            workers.base?[index] = worker
          }
        }
      }
      #expect(taken == [Int](repeating: 1, count: count))
      #expect(workers.allSatisfy { (0..<jobs).contains($0) })
    }
  }
}

/// Indices of `performInParallel` touch different places.
private struct Places: @unchecked Sendable {
  let base: UnsafeMutablePointer<Int>?
}
