internal import LinearAlgebra
internal import TensorKernels

extension RegressionMethod.Kind {
  /// The distance that the kernel is a function of; nil for ridge, which has none.
  var measure: DistanceMeasure? {
    switch self {
    case .ridge: nil
    case .gaussian: .squared
    case .laplacian: .absolute
    }
  }
}

extension PairwiseDistances {
  /// The distances between the points, row-major, shape (n, n); only the lower triangle with its diagonal counts.
  ///
  /// - Complexity: O(n² columns).
  func lowerTriangle(jobs: Int) -> [Double] {
    let count = points.rowCount
    let blocks = Self.blocks(count)
    let scratches = (0..<max(1, jobs)).map { _ in Buffer<Double>() }
    return [Double](unsafeUninitializedCapacity: count * count) { matrix, filled in
      filled = count * count
      guard let base = matrix.baseAddress else { return }
      // The longest rows first.
      performInParallel(count: blocks.count, jobs: jobs) { worker, index in
        let rows = blocks[blocks.count - 1 - index]
        let out = base + rows.lowerBound * count
        compute(
          rows, of: points, points: rows.upperBound, into: out, rowStride: count, scratch: scratches[worker])
        // What lies above is defined, and of no use.
        for row in rows {
          (base + row * count + rows.upperBound).update(repeating: 0, count: count - rows.upperBound)
        }
      }
    }
  }
}

/// exp(−γ d) + α on the diagonal of the lower triangle of a matrix of distances.
func kernelMatrix(
  _ distances: [Double], order n: Int, alpha: Double, gamma: Double, jobs: Int
) -> [Double] {
  [Double](unsafeUninitializedCapacity: n * n) { matrix, filled in
    filled = n * n
    guard let base = matrix.baseAddress else { return }
    distances.withUnsafeBufferPointer { distances in
      fillKernel(
        distances.baseAddress.unsafelyUnwrapped, order: n, alpha: alpha, gamma: gamma, jobs: jobs, into: base)
    }
  }
}

/// The same in place of the distances, so that there is one matrix only.
func makeKernelMatrix(_ distances: inout [Double], order n: Int, alpha: Double, gamma: Double, jobs: Int) {
  distances.withUnsafeMutableBufferPointer { matrix in
    guard let base = matrix.baseAddress else { return }
    fillKernel(base, order: n, alpha: alpha, gamma: gamma, jobs: jobs, into: base)
  }
}

private func fillKernel(
  _ distances: UnsafePointer<Double>, order n: Int, alpha: Double, gamma: Double, jobs: Int,
  into matrix: UnsafeMutablePointer<Double>
) {
  let blocks = PairwiseDistances.blocks(n)
  performInParallel(count: blocks.count, jobs: jobs) { index in
    for row in blocks[blocks.count - 1 - index] {
      for column in row * n..<row * n + row { matrix[column] = exponential(-gamma * distances[column]) }
      matrix[row * n + row] = 1 + alpha
      (matrix + row * n + row + 1).update(repeating: 0, count: n - row - 1)
    }
  }
}

/// Kernel values between rows and points in plain loops: what the tiles are checked against. Shape (rows, points).
package func plainKernel(
  _ kind: RegressionMethod.Kind, gamma: Double, _ rows: FeatureMatrix, _ points: FeatureMatrix
) -> [[Double]] {
  (0..<rows.rowCount).map { row in
    (0..<points.rowCount).map { point in
      zip(rows[row], points[point]).reduce(0) { sum, pair in
        let difference = pair.0 - pair.1
        return sum + (kind == .gaussian ? difference * difference : abs(difference))
      }
    }.map { exponential(-gamma * $0) }
  }
}

/// Kernel values between rows and points as predictions take them, shape (rows, points).
package func kernelValues(
  _ kind: RegressionMethod.Kind, gamma: Double, _ rows: FeatureMatrix, _ points: FeatureMatrix, jobs: Int
) -> [Double] {
  guard let measure = kind.measure else { preconditionFailure("ridge has no kernel") }
  let count = rows.rowCount * points.rowCount
  return [Double](unsafeUninitializedCapacity: count) { values, filled in
    filled = count
    guard let base = values.baseAddress else { return }
    forEachKernelBlock(PairwiseDistances(to: points, measure), rows, jobs: jobs) { block, distances in
      let out = base + block.lowerBound * points.rowCount
      for index in 0..<block.count * points.rowCount { out[index] = exponential(-gamma * distances[index]) }
    }
  }
}

/// Calls `body` with the distances of each block of rows to all points, on the threads of `jobs`; shape (block, points).
func forEachKernelBlock(
  _ distances: PairwiseDistances, _ rows: FeatureMatrix, jobs: Int,
  _ body: (_ block: Range<Int>, _ distances: UnsafeMutablePointer<Double>) -> Void
) {
  let count = distances.points.rowCount
  let blocks = PairwiseDistances.blocks(rows.rowCount)
  let scratches = (0..<max(1, jobs)).map { _ in (tile: Buffer<Double>(), rows: Buffer<Double>()) }
  performInParallel(count: blocks.count, jobs: jobs) { worker, index in
    let block = blocks[index]
    let out = scratches[worker].rows.reserve(block.count * count)
    distances.compute(
      block, of: rows, points: count, into: out, rowStride: count, scratch: scratches[worker].tile)
    body(block, out)
  }
}
