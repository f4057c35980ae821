import LinearAlgebra
import TestSupport
import Testing

@Suite struct ProductTests {
  /// Sizes (n, m, k) with tails, whole tiles and nothing at all.
  private static let sizes = [
    (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (5, 7, 3), (16, 32, 48), (29, 33, 130), (64, 16, 65),
  ]

  @Test(arguments: ProductForm.allCases)
  func `products equal plain loops, by OpenBLAS and by own kernels`(form: ProductForm) {
    for algebra in [DenseAlgebra.shared, DenseAlgebra(.missing)] {
      for (n, m, k) in Self.sizes {
        for accumulates in [false, true] {
          let shape = ProductShape(form, rows: n, columns: m, inner: k, accumulates: accumulates)
          product(shape, algebra, Float.self)
          product(shape, algebra, Double.self)
        }
      }
    }
  }

  private func product<Scalar: DenseScalar>(_ shape: ProductShape, _ algebra: DenseAlgebra, _: Scalar.Type) {
    let (n, m, k) = (shape.rows, shape.columns, shape.inner)
    var generator = SeededGenerator(seed: UInt64(n + 100 * m + 10_000 * k))
    let a: [Scalar] = randomMatrix(n, k, using: &generator)
    let b: [Scalar] = randomMatrix(k, m, using: &generator)
    // One number more, which stays as it is.
    let before: [Scalar] = randomMatrix(1, n * m + 1, using: &generator)
    var c = before
    algebra.multiply(shape, a, b, into: &c)
    let (aRow, aColumn) = shape.form == .leftTransposed ? (1, n) : (k, 1)
    let (bRow, bColumn) = shape.form == .rightTransposed ? (1, k) : (m, 1)
    for i in 0..<n {
      for j in 0..<m {
        var (sum, size) = (shape.accumulates ? Double(before[i * m + j]) : 0, 1.0)
        for l in 0..<k {
          let term = Double(a[i * aRow + l * aColumn]) * Double(b[l * bRow + j * bColumn])
          sum += term
          size += abs(term)
        }
        #expect(
          abs(Double(c[i * m + j]) - sum) <= 4 * Double(Scalar.ulpOfOne) * size,
          "\(shape), row \(i), column \(j)")
      }
    }
    #expect(c[n * m] == before[n * m])
  }

  @Test func `a product is the same on any thread, bit for bit`() async {
    let shape = ProductShape(.leftTransposed, rows: 131, columns: 160, inner: 75)
    var generator = SeededGenerator(seed: 8)
    let a: [Float] = randomMatrix(75, 131, using: &generator)
    let b: [Float] = randomMatrix(75, 160, using: &generator)
    let results = await withTaskGroup(of: [Float].self) { group in
      for _ in 0..<8 {
        group.addTask {
          var c = [Float](repeating: 0, count: 131 * 160)
          DenseAlgebra.shared.multiply(shape, a, b, into: &c)
          return c
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    for result in results { #expect(result == results[0]) }
  }
}
