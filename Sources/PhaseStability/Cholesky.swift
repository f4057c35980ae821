/// A symmetric positive definite matrix A = L Lᵀ, decomposed; n rows, row-major.
///
/// Source: G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithm 4.2.2.
struct Cholesky {
  private let size: Int
  /// L with its diagonal; what lies above is not used.
  private var factor: [Double]

  /// The decomposition of A, of which the lower triangle is read; nil where A is not positive definite.
  ///
  /// - Complexity: O(n³).
  init?(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "a square matrix")
    self.size = size
    factor = matrix
    let isDefinite = factor.withUnsafeMutableBufferPointer { factor in
      for row in 0..<size {
        for column in 0...row {
          var sum = factor[row * size + column]
          for k in 0..<column { sum -= factor[row * size + k] * factor[column * size + k] }
          if column < row {
            factor[row * size + column] = sum / factor[column * size + column]
          } else {
            guard sum > 0, sum.isFinite else { return false }
            factor[row * size + row] = sum.squareRoot()
          }
        }
      }
      return true
    }
    guard isDefinite else { return nil }
  }

  /// x with A x = b.
  func solve(_ right: [Double]) -> [Double] {
    var x = right
    for row in 0..<size {
      for k in 0..<row { x[row] -= factor[row * size + k] * x[k] }
      x[row] /= factor[row * size + row]
    }
    for row in (0..<size).reversed() {
      for k in (row + 1)..<size { x[row] -= factor[k * size + row] * x[k] }
      x[row] /= factor[row * size + row]
    }
    return x
  }
}
