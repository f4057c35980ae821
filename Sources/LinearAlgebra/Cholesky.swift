/// A symmetric positive definite matrix A of n rows, decomposed into L Lᵀ; n² numbers.
public struct Cholesky<Scalar: DenseScalar>: Sendable {
  /// n.
  public let order: Int
  /// L with its diagonal, row-major, shape (n, n); what lies above is not used.
  public let factor: [Scalar]
  /// nil for the plain routines.
  private let routines: DenseRoutines<Scalar>?

  init(order: Int, factor: [Scalar], routines: DenseRoutines<Scalar>?) {
    self.order = order
    self.factor = factor
    self.routines = routines
  }

  /// The decomposition by plain loops: for a few rows, and what the library is checked against.
  ///
  /// Source: G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithm 4.2.2.
  ///
  /// - Parameters:
  ///   - matrix: A, row-major, shape (n, n); the lower triangle is read.
  ///   - n: the order of the matrix.
  /// - Throws: `LinearAlgebraError.notFinite`, `.notPositiveDefinite`, `.tooLarge`.
  /// - Complexity: O(n³).
  public init(plain matrix: [Scalar], order n: Int) throws(LinearAlgebraError) {
    try checkTriangle(matrix, order: n)
    var factor = matrix
    let minor: Int? = factor.withUnsafeMutableBufferPointer { factor in
      for row in 0..<n {
        for column in 0...row {
          var sum = factor[row * n + column]
          for k in 0..<column { sum -= factor[row * n + k] * factor[column * n + k] }
          if column < row {
            factor[row * n + column] = sum / factor[column * n + column]
          } else {
            guard sum > 0, sum.isFinite else { return row + 1 }
            factor[row * n + row] = sum.squareRoot()
          }
        }
      }
      return nil
    }
    if let minor { throw .notPositiveDefinite(order: minor) }
    self.init(order: n, factor: factor, routines: nil)
  }

  /// x with A x = b, for each of the rows b of `right`, shape (count, n); x of the same shape.
  ///
  /// - Complexity: O(n²) a row.
  public func solve(_ right: [Scalar]) -> [Scalar] {
    precondition(order == 0 ? right.isEmpty : right.count % order == 0, "rows of n numbers")
    if let routines { return routines.choleskySolve(factor, order: order, right, guarded: false).solution }
    var x = right
    for first in stride(from: 0, to: right.count, by: max(1, order)) {
      for row in 0..<order {
        for k in 0..<row { x[first + row] -= factor[row * order + k] * x[first + k] }
        x[first + row] /= factor[row * order + row]
      }
      for row in (0..<order).reversed() {
        for k in (row + 1)..<order { x[first + row] -= factor[k * order + row] * x[first + k] }
        x[first + row] /= factor[row * order + row]
      }
    }
    return x
  }
}

extension DenseAlgebra {
  /// The Cholesky decomposition (LAPACK's potrf), or where the library is not used by plain loops.
  ///
  /// A matrix that is given away becomes the result; of one that the caller keeps there is a copy of n² numbers.
  ///
  /// - Parameters:
  ///   - matrix: A, row-major, shape (n, n); the lower triangle is read.
  ///   - n: the order of the matrix.
  /// - Throws: `LinearAlgebraError.notFinite`, `.notPositiveDefinite`, `.tooLarge`.
  /// - Complexity: O(n³).
  public func cholesky<Scalar: DenseScalar>(
    _ matrix: consuming [Scalar], order n: Int
  ) throws(LinearAlgebraError) -> Cholesky<Scalar> {
    guard fault == nil else { return try Cholesky(plain: matrix, order: n) }
    try checkTriangle(matrix, order: n)
    let routines = Scalar.routines(of: library)
    let found = routines.cholesky(consume matrix, order: n, guarded: false)
    guard found.info == 0 else { throw .notPositiveDefinite(order: Int(found.info)) }
    return Cholesky(order: n, factor: found.factor, routines: routines)
  }
}

extension DenseRoutines {
  /// L in the lower triangle by the library, and how it ended; see COpenBLAS.h.
  func cholesky(
    _ matrix: consuming [Scalar], order n: Int, guarded: Bool
  ) -> (signal: Int32, info: Int32, factor: [Scalar]) {
    guard n > 0 else { return (0, 0, []) }
    var info = Int32(0)
    let signal = cholesky(guarded ? 1 : 0, Int32(n), &matrix, &info)
    return (signal, info, matrix)
  }

  /// x with L Lᵀ x = b for each of the rows b of `right`, and how it ended.
  func choleskySolve(
    _ factor: [Scalar], order n: Int, _ right: [Scalar], guarded: Bool
  ) -> (signal: Int32, solution: [Scalar]) {
    guard !right.isEmpty else { return (0, []) }
    var (x, info) = (right, Int32(0))
    let signal = choleskySolve(guarded ? 1 : 0, Int32(n), Int32(right.count / n), factor, &x, &info)
    return (signal, x)
  }
}
