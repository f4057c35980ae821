/// Eigenvalues and eigenvectors of a symmetric matrix A of n rows: A = Σ λᵢ uᵢ uᵢᵀ.
public struct SymmetricEigen<Scalar: DenseScalar>: Sendable {
  /// λ, ascending, shape (n).
  public let values: [Scalar]
  /// Row i is uᵢ, of length 1, shape (n, n); its sign is not settled, nor is the basis where eigenvalues are equal.
  public let vectors: [Scalar]
}

extension DenseAlgebra {
  /// Rows of the largest matrix whose working memory the routines can count with 32 bits.
  static var largestOrder: Int { 32_000 }

  /// Eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer (LAPACK's syevd), or where the library is not
  /// used by Jacobi's rotations, some ten times slower.
  ///
  /// Memory beside the argument: 3 n² + 7 n numbers, of which n² + n are the result; own routines take 2 n² + n.
  ///
  /// - Parameters:
  ///   - matrix: A, row-major, shape (n, n); the lower triangle is read.
  ///   - n: the order of the matrix.
  /// - Throws: `LinearAlgebraError.notFinite`, `.notConverged`, `.tooLarge`.
  /// - Complexity: O(n³).
  public func eigen<Scalar: DenseScalar>(
    _ matrix: [Scalar], order n: Int
  ) throws(LinearAlgebraError) -> SymmetricEigen<Scalar> {
    try checkTriangle(matrix, order: n)
    guard fault == nil else { return try plainEigen(matrix, order: n) }
    let found = Scalar.routines(of: library).eigen(matrix, order: n, guarded: false)
    guard found.info == 0 else { throw .notConverged }
    return SymmetricEigen(values: found.values, vectors: found.vectors)
  }
}

/// Refuses matrices that no routine takes.
func checkTriangle<Scalar: DenseScalar>(_ matrix: [Scalar], order n: Int) throws(LinearAlgebraError) {
  precondition(matrix.count == n * n, "a square matrix")
  guard n <= DenseAlgebra.largestOrder else { throw .tooLarge(order: n, limit: DenseAlgebra.largestOrder) }
  for row in 0..<n {
    for column in 0...row where !matrix[row * n + column].isFinite { throw .notFinite }
  }
}

extension DenseRoutines {
  /// The decomposition by the library, and how it ended; see COpenBLAS.h.
  func eigen(
    _ matrix: [Scalar], order n: Int, guarded: Bool
  ) -> (signal: Int32, info: Int32, values: [Scalar], vectors: [Scalar]) {
    guard n > 0 else { return (0, 0, [], []) }
    var (values, vectors, info) = ([Scalar](repeating: 0, count: n), matrix, Int32(0))
    var work = [Scalar](repeating: 0, count: 1 + 6 * n + 2 * n * n)
    var integers = [Int32](repeating: 0, count: 3 + 5 * n)
    let signal = eigen(
      guarded ? 1 : 0, Int32(n), &vectors, &values, &work, Int32(work.count), &integers,
      Int32(integers.count), &info)
    return (signal, info, values, vectors)
  }
}

/// Eigenvalues and eigenvectors by rotations that make one pair of off-diagonal numbers zero after the other, until none
/// counts any more: what the library is checked against, and what takes its place.
///
/// Source: G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithms 8.5.1 and 8.5.3.
func plainEigen<Scalar: DenseScalar>(
  _ matrix: [Scalar], order n: Int
) throws(LinearAlgebraError) -> SymmetricEigen<Scalar> {
  var a = matrix
  for row in 0..<n {
    for column in 0..<row { a[column * n + row] = a[row * n + column] }
  }
  // Row i is what becomes eigenvector i.
  var vectors = (0..<n * n).map { $0 / n == $0 % n ? Scalar(1) : 0 }
  let largest = a.lazy.map { abs($0) }.max() ?? 0
  let negligible = .ulpOfOne * largest / Scalar(16 * max(1, n))
  let sweepLimit = 60
  var isDiagonal = false
  for _ in 0..<sweepLimit where !isDiagonal {
    isDiagonal = true
    for p in 0..<n {
      for q in p + 1..<max(n, p + 1) where abs(a[p * n + q]) > negligible {
        isDiagonal = false
        let tau = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
        let t = (tau >= 0 ? 1 : -1) / (abs(tau) + (1 + tau * tau).squareRoot())
        let cosine = 1 / (1 + t * t).squareRoot()
        let sine = t * cosine
        func rotate(_ numbers: inout [Scalar], _ first: Int, _ second: Int, step: Int) {
          for k in 0..<n {
            let (x, y) = (numbers[first + k * step], numbers[second + k * step])
            numbers[first + k * step] = cosine * x - sine * y
            numbers[second + k * step] = sine * x + cosine * y
          }
        }
        rotate(&a, p, q, step: n)
        rotate(&a, p * n, q * n, step: 1)
        rotate(&vectors, p * n, q * n, step: 1)
        (a[p * n + q], a[q * n + p]) = (0, 0)
      }
    }
  }
  guard isDiagonal else { throw .notConverged }
  let order = (0..<n).sorted { (a[$0 * n + $0], $0) < (a[$1 * n + $1], $1) }
  return SymmetricEigen(
    values: order.map { a[$0 * n + $0] }, vectors: order.flatMap { vectors[$0 * n..<($0 + 1) * n] })
}
