extension DenseLibrary {
  /// The first thing that the loaded library computes wrongly or does not survive; nil where there is none.
  func fault() -> DenseFault? { single.fault("single") ?? double.fault("double") }
}

extension DenseRoutines {
  /// Shapes (n, m, k) around the sizes of kernels' tiles: with tails, in whole tiles, flat ones, and one that is too large
  /// for kernels of small matrices.
  private static var shapes: [(Int, Int, Int)] {
    [
      (1, 1, 1), (1, 37, 5), (5, 1, 19), (3, 17, 33), (29, 31, 67), (48, 64, 96), (131, 77, 259),
      (7, 50, 400),
    ]
  }

  fileprivate func fault(_ precision: String) -> DenseFault? {
    for (n, m, k) in Self.shapes {
      if let fault = productFault(n, m, k, precision) { return fault }
    }
    return decompositionFault(precision)
  }

  /// Numbers −1 … 1 in sixteenths in no apparent order: their products and sums are exact in both precisions, so that the
  /// order of a sum does not count, and a wrong or missing term does.
  private static func numbers(_ count: Int, _ start: Int) -> [Scalar] {
    (0..<count).map { Scalar(($0 * 37 + start + $0 / 29 * 11) % 33 - 16) / 16 }
  }

  private func productFault(_ n: Int, _ m: Int, _ k: Int, _ precision: String) -> DenseFault? {
    let (a, b, before) = (Self.numbers(n * k, 3), Self.numbers(k * m, 17), Self.numbers(n * m, 5))
    let sums = plainProduct(a, b, rows: n, columns: m, inner: k)
    for form in ProductForm.allCases {
      let left = form == .leftTransposed ? transposed(a, rows: n, columns: k) : a
      let right = form == .rightTransposed ? transposed(b, rows: k, columns: m) : b
      for accumulates in [false, true] {
        let shape = ProductShape(form, rows: n, columns: m, inner: k, accumulates: accumulates)
        var c = before
        let signal = c.withUnsafeMutableBufferPointer {
          product(shape, left, right, into: $0.baseAddress.unsafelyUnwrapped, guarded: true)
        }
        let what = "a product of \(n) × \(k) × \(m) in \(precision) precision, \(form.rawValue)"
        if signal != 0 { return .ended(routine: what, signal: Int(signal)) }
        let expected = accumulates ? zip(before, sums).map { $0 + $1 } : sums
        if c != expected { return .wrong(routine: what) }
      }
    }
    return nil
  }

  /// Checks the decompositions of A = M Mᵀ + 1 with the numbers above in M.
  private func decompositionFault(_ precision: String) -> DenseFault? {
    let n = 37
    let m = Self.numbers(n * n, 7)
    var matrix = plainProduct(m, transposed(m, rows: n, columns: n), rows: n, columns: n, inner: n)
    for i in 0..<n { matrix[i * n + i] += 1 }
    let trace = (0..<n).reduce(0) { $0 + matrix[$1 * n + $1] }
    let tolerance = 8 * .ulpOfOne * trace
    func agree(_ found: [Scalar], _ expected: [Scalar]) -> Bool {
      zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance }
    }
    func lower(_ factor: [Scalar]) -> [Scalar] { (0..<n).flatMap { factor[$0 * n...$0 * n + $0] } }

    let what = "a decomposition in \(precision) precision"
    let factor = cholesky(matrix, order: n, guarded: true)
    if factor.signal != 0 { return .ended(routine: what, signal: Int(factor.signal)) }
    let right = Self.numbers(2 * n, 2)
    let solved = choleskySolve(factor.factor, order: n, right, guarded: true)
    if solved.signal != 0 { return .ended(routine: what, signal: Int(solved.signal)) }
    let found = eigen(matrix, order: n, guarded: true)
    if found.signal != 0 { return .ended(routine: what, signal: Int(found.signal)) }
    // Eigenvalues are compared with those of double precision: by the plain rotations in single precision they may be off by as much as
    // is tolerated. Bases may differ where eigenvalues are close; A · u = λ u may not.
    let images = plainProduct(
      found.vectors, matrix, rows: n, columns: n, inner: n)
    let multiples = found.vectors.indices.map { found.values[$0 / n] * found.vectors[$0] }
    guard factor.info == 0, found.info == 0,
      let plain = try? Cholesky(plain: matrix, order: n),
      let values = try? plainEigen(matrix.map { Double($0) }, order: n).values,
      agree(lower(factor.factor), lower(plain.factor)), agree(solved.solution, plain.solve(right)),
      agree(found.values, values.map { Scalar($0) }), agree(images, multiples)
    else { return .wrong(routine: what) }
    return nil
  }
}

/// A (n, k) · B (k, m) in plain loops.
private func plainProduct<Scalar: DenseScalar>(
  _ a: [Scalar], _ b: [Scalar], rows n: Int, columns m: Int, inner k: Int
) -> [Scalar] {
  var c = [Scalar](repeating: 0, count: n * m)
  c.withUnsafeMutableBufferPointer { c in
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        for i in 0..<n {
          for l in 0..<k {
            for j in 0..<m { c[i * m + j] += a[i * k + l] * b[l * m + j] }
          }
        }
      }
    }
  }
  return c
}

private func transposed<Scalar>(_ matrix: [Scalar], rows: Int, columns: Int) -> [Scalar] {
  (0..<columns).flatMap { column in (0..<rows).map { matrix[$0 * columns + column] } }
}
