import LinearAlgebra
import TestSupport

/// A matrix of numbers −1 … 1, row-major.
func randomMatrix<Scalar: DenseScalar>(
  _ rows: Int, _ columns: Int, using generator: inout SeededGenerator
) -> [Scalar] {
  (0..<rows * columns).map { _ in Scalar(Double.random(in: -1...1, using: &generator)) }
}

/// A symmetric matrix; with `shift`, M Mᵀ + shift instead, which is positive definite.
func randomSymmetric<Scalar: DenseScalar>(
  _ n: Int, shift: Scalar? = nil, using generator: inout SeededGenerator
) -> [Scalar] {
  let m: [Scalar] = randomMatrix(n, n, using: &generator)
  return (0..<n * n).map { index in
    let (i, j) = (index / n, index % n)
    guard let shift else { return m[min(i, j) * n + max(i, j)] }
    return (0..<n).reduce(i == j ? shift : 0) { $0 + m[i * n + $1] * m[j * n + $1] }
  }
}

extension DenseLibrary {
  /// A library that puts the inner size into every number of a single-precision product.
  static var wrong: DenseLibrary {
    var library = DenseLibrary.openBLAS
    library.load = { nil }
    library.single.product = { _, _, _, n, m, k, _, _, _, _, _, c, _ in
      for index in 0..<Int(n) * Int(m) { c?[index] = Float(k) }
      return 0
    }
    return library
  }

  /// A library that is not there.
  static var missing: DenseLibrary {
    var library = DenseLibrary.openBLAS
    library.load = { .missing(reason: "no such file") }
    return library
  }
}
