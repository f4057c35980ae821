import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct DecompositionTests {
  /// LAPACK, and the plain routines in its place.
  private static let algebras = [DenseAlgebra.shared, DenseAlgebra(.missing)]

  @Test func `eigenvectors are orthonormal and give the matrix back, which only its lower triangle says`()
    throws
  {
    for algebra in Self.algebras {
      for n in [0, 1, 2, 3, 17, 40] {
        try eigen(algebra, n, Float.self)
        try eigen(algebra, n, Double.self)
      }
    }
  }

  private func eigen<Scalar: DenseScalar>(_ algebra: DenseAlgebra, _ n: Int, _: Scalar.Type) throws {
    var generator = SeededGenerator(seed: UInt64(n))
    let matrix: [Scalar] = randomSymmetric(n, using: &generator)
    var lower = matrix
    for row in 0..<n { for column in row + 1..<max(n, row + 1) { lower[row * n + column] = .nan } }
    let found = try algebra.eigen(lower, order: n)
    #expect(found.values.count == n && found.vectors.count == n * n)
    #expect(found.values == found.values.sorted())
    let tolerance = 8 * Double(n + 1) * Double(Scalar.ulpOfOne)
    func vector(_ i: Int, _ k: Int) -> Double { Double(found.vectors[i * n + k]) }
    for i in 0..<n {
      for j in 0..<n {
        let product = (0..<n).reduce(0.0) { $0 + vector(i, $1) * vector(j, $1) }
        #expect(abs(product - (i == j ? 1 : 0)) < tolerance)
        let back = (0..<n).reduce(0.0) { $0 + Double(found.values[$1]) * vector($1, i) * vector($1, j) }
        #expect(abs(back - Double(matrix[i * n + j])) < tolerance * Double(n))
      }
    }
  }

  @Test func `eigenvalues of a path's Laplacian and of the matrix of minima are those of the textbooks`()
    throws
  {
    let n = 24
    for algebra in Self.algebras {
      let laplacian: [Double] = (0..<n * n).map { index in
        let (i, j) = (index / n, index % n)
        if i == j { return i == 0 || i == n - 1 ? 1 : 2 }
        return abs(i - j) == 1 ? -1 : 0
      }
      for (k, value) in try algebra.eigen(laplacian, order: n).values.enumerated() {
        #expect(abs(value - (2 - 2 * cos(.pi * Double(k) / Double(n)))) < 1e-13)
      }
      let minima: [Double] = (0..<n * n).map { Double(min($0 / n, $0 % n) + 1) }
      for (k, value) in try algebra.eigen(minima, order: n).values.enumerated() {
        let expected = 1 / (2 - 2 * cos(.pi * Double(2 * (n - k) - 1) / Double(2 * n + 1)))
        #expect(abs(value - expected) < 1e-12 * expected + 1e-13)
      }
    }
  }

  @Test func `diagonal matrices, zeros and equal eigenvalues are decomposed`() throws {
    for algebra in Self.algebras {
      for diagonal: [Double] in [[0, 0, 0], [3, -1, 2], [1, 1, 1], [1e300, 1e-300, 0]] {
        let matrix: [Double] = (0..<9).map { (index: Int) -> Double in
          let (row, column) = (index / 3, index % 3)
          return row == column ? diagonal[row] : 0
        }
        let tolerance = 4 * Double.ulpOfOne * (diagonal.max() ?? 0)
        for (value, expected) in zip(try algebra.eigen(matrix, order: 3).values, diagonal.sorted()) {
          #expect(abs(value - expected) <= tolerance)
        }
      }
    }
  }

  @Test func `a Cholesky factor gives the matrix back, and solves`() throws {
    for algebra in Self.algebras {
      for n in [0, 1, 2, 17, 40] {
        try cholesky(algebra, n, Float.self)
        try cholesky(algebra, n, Double.self)
      }
    }
  }

  private func cholesky<Scalar: DenseScalar>(_ algebra: DenseAlgebra, _ n: Int, _: Scalar.Type) throws {
    var generator = SeededGenerator(seed: UInt64(n) + 90)
    let matrix: [Scalar] = randomSymmetric(n, shift: 1, using: &generator)
    var lower = matrix
    for row in 0..<n { for column in row + 1..<max(n, row + 1) { lower[row * n + column] = .nan } }
    let found = try algebra.cholesky(lower, order: n)
    let tolerance = 16 * Double(n + 1) * Double(Scalar.ulpOfOne)
    for i in 0..<n {
      for j in 0...i {
        let back = (0...j).reduce(0.0) {
          $0 + Double(found.factor[i * n + $1]) * Double(found.factor[j * n + $1])
        }
        #expect(abs(back - Double(matrix[i * n + j])) < tolerance)
      }
    }
    let right: [Scalar] = randomMatrix(3, n, using: &generator)
    let x = found.solve(right)
    for row in 0..<3 {
      for i in 0..<n {
        let sum = (0..<n).reduce(0.0) { $0 + Double(matrix[i * n + $1]) * Double(x[row * n + $1]) }
        #expect(abs(sum - Double(right[row * n + i])) < tolerance * 16)
      }
    }
  }

  @Test func `what cannot be decomposed is refused by name`() throws {
    // Positive but for the third minor.
    let indefinite = [2.0, 0, 0, 1, 2, 0, 2, 2, 1]
    for algebra in Self.algebras {
      #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 3)) {
        try algebra.cholesky(indefinite, order: 3)
      }
      #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 1)) {
        try algebra.cholesky([-1.0], order: 1)
      }
      for bad in [Double.nan, .infinity] {
        #expect(throws: LinearAlgebraError.notFinite) { try algebra.cholesky([1, 0, bad, 1], order: 2) }
        #expect(throws: LinearAlgebraError.notFinite) { try algebra.eigen([1, 0, bad, 1], order: 2) }
      }
    }
  }
}
