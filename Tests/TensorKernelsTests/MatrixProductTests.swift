import TensorKernels
import Testing

@Suite struct MatrixProductTests {
  @Test(arguments: KernelLevel.supported)
  func `a product equals plain loops for every tail of rows, columns and inner size`(level: KernelLevel) {
    equalsPlainLoops(level.single)
    equalsPlainLoops(level.double)
  }

  private func equalsPlainLoops<Scalar>(_ kernels: KernelTable<Scalar>) {
    for n in 0...14 {
      for k in [0, 1, 7] { product(kernels, n: n, m: 48, k: k, bias: k % 2 == 0) }
    }
    // Around the rows of a panel.
    for k in [127, 128, 129, 257] { product(kernels, n: 3, m: 16, k: k, bias: true) }
    // Columns that lie side by side as a tile takes them, and those that are copied to do so.
    for m in [16, 32, 48] { product(kernels, n: 70, m: m, k: 131, bias: true) }
    // More rows than a block has, two panels and two tiles of columns.
    product(kernels, n: 243, m: 48, k: 131, bias: true)
    for m in [16, 32, 80] {
      product(kernels, n: 13, m: m, k: 5, bias: true)
      product(kernels, n: 2, m: m, k: 131, accumulate: true)
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `strides of every matrix are kept, and what lies between rows is left alone`(level: KernelLevel) {
    equalsPlainLoopsWithStrides(level.single)
    equalsPlainLoopsWithStrides(level.double)
  }

  private func equalsPlainLoopsWithStrides<Scalar>(_ kernels: KernelTable<Scalar>) {
    for n in [0, 1, 13] {
      product(kernels, n: n, m: 48, k: 3, padding: 5, bias: true)
      product(kernels, n: n, m: 16, k: 130, padding: 16, accumulate: true)
      product(kernels, n: n, m: 16, k: 9, padding: 3, transposed: true, bias: true)
      product(kernels, n: n, m: 32, k: 6, transposed: true, accumulate: true)
    }
  }

  /// C (n, m) against plain loops, each matrix with `padding` more numbers a row than it needs; A (k, n) where
  /// `transposed`.
  private func product<Scalar>(
    _ kernels: KernelTable<Scalar>, n: Int, m: Int, k: Int, padding: Int = 0, transposed: Bool = false,
    bias: Bool = false, accumulate: Bool = false
  ) {
    var random = RandomInput<Scalar>(seed: UInt64(1000 * n + 10 * k + m))
    let (aRow, aColumn) = transposed ? (1, n + padding) : (k + padding, 1)
    let (ldb, ldc) = (m + padding, m + padding)
    let a = random.numbers(transposed ? k * aColumn + n : n * aRow + k)
    let b = random.numbers(k * ldb + m)
    let shift = random.numbers(m)
    let before = random.numbers(n * ldc + m)
    var c = before
    kernels.gemm(
      n, m, k, a, aRow, aColumn, b, ldb, bias ? shift : nil, &c, ldc, accumulate ? 1 : 0)
    var expected = before.map { plainSum($0) }
    for i in 0..<n {
      for j in 0..<m {
        var sum = PlainSum()
        if accumulate { sum += Double(before[i * ldc + j]) }
        if bias, !accumulate { sum += Double(shift[j]) }
        for l in 0..<k { sum += Double(a[i * aRow + l * aColumn]) * Double(b[l * ldb + j]) }
        expected[i * ldc + j] = sum
      }
    }
    expectEqual(c, expected, kernels.tolerance, "\(n) rows, \(m) columns, inner size \(k)")
    let untouched = c.indices.filter { $0 >= n * ldc || $0 % ldc >= m }
    #expect(untouched.allSatisfy { c[$0] == before[$0] })
  }

  @Test func `a product with a matrix in panels is that with the matrix itself, bit for bit`() {
    inPanels(Float.self)
    inPanels(Double.self)
  }

  private func inPanels<Scalar: KernelScalar>(_: Scalar.Type) {
    for (n, m, k, padding) in [(1, 16, 5, 0), (7, 32, 130, 3), (70, 48, 9, 0), (131, 96, 33, 1)] {
      var random = RandomInput<Scalar>(seed: UInt64(1000 * n + 10 * k + m))
      let (a, b) = (random.numbers(n * (k + padding)), random.numbers(k * m))
      for bias in [nil, random.numbers(m)] {
        var (whole, panels) = ([Scalar](repeating: 0, count: n * m), [Scalar](repeating: 0, count: k * m))
        Scalar.multiply(
          rows: n, columns: m, inner: k, a, aRow: k + padding, aColumn: 1, b, bias: bias, into: &whole,
          accumulate: false)
        Scalar.pack(b, rows: k, columns: m, into: &panels)
        #expect(panels.sorted() == b.sorted())
        var found = [Scalar](repeating: 0, count: n * m)
        Scalar.multiply(
          rows: n, columns: m, inner: k, a, aRow: k + padding, panels: panels, bias: bias, into: &found)
        #expect(found == whole)
      }
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `a row of a product does not depend on the rows beside it, bit for bit`(level: KernelLevel) {
    rowsAreIndependent(level.single)
    rowsAreIndependent(level.double)
  }

  private func rowsAreIndependent<Scalar>(_ kernels: KernelTable<Scalar>) {
    let (rows, m, k) = (29, 48, 150)
    var random = RandomInput<Scalar>(seed: 5)
    let a = random.numbers(rows * k)
    let b = random.numbers(k * m)
    let bias = random.numbers(m)
    var together = [Scalar](repeating: 0, count: rows * m)
    kernels.gemm(rows, m, k, a, k, 1, b, m, bias, &together, m, 0)
    for n in 1...14 {
      for first in [0, 3, rows - n] {
        var part = [Scalar](repeating: 0, count: n * m)
        kernels.gemm(n, m, k, Array(a[(first * k)...]), k, 1, b, m, bias, &part, m, 0)
        #expect(part == Array(together[first * m..<(first + n) * m]), "\(n) rows from row \(first)")
      }
    }
  }
}
