internal import LinearAlgebra
internal import TensorKernels

/// The spread of a Gaussian process with a model's kernel, and the errors of leaving one training row out.
///
/// With L Lᵀ = K + α and v = L⁻¹ k(x), the standard deviation of the function at x is s √(1 − |v|²). The noise of a label,
/// s √α, is not in it.
///
/// Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1 and
/// equations 5.10 to 5.12.
public struct PosteriorSpread: Sendable {
  private let model: RegressionModel
  private let distances: PairwiseDistances
  private let factor: Cholesky<Double>

  /// Decomposes the model's kernel matrix again: n² numbers.
  ///
  /// - Precondition: the model has a kernel.
  /// - Throws: `RegressionError.unsolvable`.
  /// - Complexity: O(n³).
  public init(_ model: RegressionModel, jobs: Int) throws(RegressionError) {
    guard let measure = model.method.kind.measure else { preconditionFailure("ridge has no kernel") }
    self.model = model
    distances = PairwiseDistances(to: model.points, measure)
    var matrix = distances.lowerTriangle(jobs: jobs)
    makeKernelMatrix(
      &matrix, order: model.points.rowCount, alpha: model.method.alpha, gamma: model.method.gamma, jobs: jobs)
    factor = try decompose(consume matrix, order: model.points.rowCount, model.method)
  }

  /// The standard deviation at each row of features, in the target's unit. No bit depends on the rows beside it or on `jobs`.
  ///
  /// - Complexity: O(n²) a row.
  public func deviations(_ features: FeatureMatrix, jobs: Int) -> [Double] {
    let rows = model.standardization.applied(to: features)
    let (gamma, count) = (model.method.gamma, model.points.rowCount)
    return [Double](unsafeUninitializedCapacity: rows.rowCount) { deviations, filled in
      filled = rows.rowCount
      guard let base = deviations.baseAddress else { return }
      forEachKernelBlock(distances, rows, jobs: jobs) { block, distances in
        for first in stride(from: 0, to: block.count, by: Self.lanes) {
          let used = min(Self.lanes, block.count - first)
          let squares = solvedLengths(from: 0) { point, lane in
            lane < used ? exponential(-gamma * distances[(first + lane) * count + point]) : 0
          }
          for lane in 0..<used {
            let variance = model.signalVariance * max(0, 1 - squares[lane])
            base[block.lowerBound + first + lane] = max(0, variance).squareRoot()
          }
        }
      }
    }
  }

  /// For each training row its target less what the regression predicts of it when it is fitted without it, at the same
  /// offset and standardization: c_i / (K + α)⁻¹_ii.
  ///
  /// - Complexity: O(n³).
  public func leaveOneOutErrors(jobs: Int) -> [Double] {
    let count = model.points.rowCount
    let groups = stride(from: 0, to: count, by: Self.lanes).map { $0..<min($0 + Self.lanes, count) }
    return [Double](unsafeUninitializedCapacity: count) { errors, filled in
      filled = count
      guard let base = errors.baseAddress else { return }
      performInParallel(count: groups.count, jobs: jobs) { index in
        let group = groups[index]
        // Column i of L⁻¹ starts at row i; its square is the diagonal's number.
        let squares = solvedLengths(from: group.lowerBound) { point, lane in
          point == group.lowerBound + lane ? 1 : 0
        }
        for (lane, row) in group.enumerated() { base[row] = model.coefficients[row] / squares[lane] }
      }
    }
  }

  /// Right sides that are solved at once.
  private static let lanes = 8

  /// |L⁻¹ b|² of eight right sides b, by forward substitution, each in a lane of its own: its sums have one order.
  ///
  /// - Parameters:
  ///   - first: all numbers of b before this one are 0.
  ///   - right: a number of b, by its place and lane.
  private func solvedLengths(
    from first: Int, _ right: (_ point: Int, _ lane: Int) -> Double
  ) -> SIMD8<Double> {
    let count = factor.order
    var squares = SIMD8<Double>()
    withUnsafeTemporaryAllocation(of: SIMD8<Double>.self, capacity: max(1, count)) { solved in
      factor.factor.withUnsafeBufferPointer { factor in
        for row in first..<max(first, count) {
          var sum = SIMD8<Double>()
          for lane in 0..<Self.lanes { sum[lane] = right(row, lane) }
          let own = row * count
          for column in first..<row { sum -= factor[own + column] * solved[column] }
          sum /= factor[own + row]
          solved[row] = sum
          squares += sum * sum
        }
      }
    }
    return squares
  }
}
