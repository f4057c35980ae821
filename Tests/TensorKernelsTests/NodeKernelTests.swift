import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct NodeKernelTests {
  /// Rows around the size of the block that is added up in working precision.
  private static let rowCounts = [0, 1, 2, 15, 16, 17, 35]

  @Test(arguments: KernelLevel.supported)
  func `column sums equal plain loops, with and without weights`(level: KernelLevel) {
    for n in Self.rowCounts {
      for w in [16, 32] {
        sums(level.single, n: n, w: w)
        sums(level.double, n: n, w: w)
      }
    }
  }

  private func sums<Scalar>(_ kernels: KernelTable<Scalar>, n: Int, w: Int) {
    var random = RandomInput<Scalar>(seed: UInt64(n + w))
    let (x, g, weights) = (random.numbers(n * w), random.numbers(n * w), random.weights(n))
    for rowWeights in [nil, weights] {
      var (sum, square) = ([Double](repeating: 2, count: w), [Double](repeating: -1, count: w))
      kernels.columnStatistics(n, w, x, rowWeights, &sum, &square)
      var (plainSum, plainSquare) = (plainSums(w), plainSums(w))
      for f in 0..<w {
        plainSum[f] += 2
        plainSquare[f] += -1
        for row in 0..<n {
          let (value, weight) = (Double(x[row * w + f]), Double(rowWeights?[row] ?? 1))
          plainSum[f] += weight * value
          plainSquare[f] += weight * value * value
        }
      }
      expectEqual(sum, plainSum, kernels.tolerance, "sums of \(n) rows")
      expectEqual(square, plainSquare, kernels.tolerance, "sums of squares of \(n) rows")
    }
    var (sum, product) = ([Double](repeating: 2, count: w), [Double](repeating: -1, count: w))
    kernels.columnProducts(n, w, x, g, &sum, &product)
    var (plainSum, plainProduct) = (plainSums(w), plainSums(w))
    for f in 0..<w {
      plainSum[f] += 2
      plainProduct[f] += -1
      for row in 0..<n {
        plainSum[f] += Double(g[row * w + f])
        plainProduct[f] += Double(g[row * w + f]) * Double(x[row * w + f])
      }
    }
    expectEqual(sum, plainSum, kernels.tolerance, "sums of the gradient of \(n) rows")
    expectEqual(product, plainProduct, kernels.tolerance, "sums of products of \(n) rows")
  }

  @Test(arguments: KernelLevel.supported)
  func `the residual softplus and its gradients equal plain loops`(level: KernelLevel) {
    for n in Self.rowCounts {
      for w in [16, 32] {
        residual(level.single, n: n, w: w)
        residual(level.double, n: n, w: w)
      }
    }
  }

  private func residual<Scalar>(_ kernels: KernelTable<Scalar>, n: Int, w: Int) {
    var random = RandomInput<Scalar>(seed: UInt64(7 * n + w))
    let (v, s, incoming) = (random.numbers(n * w, -4...4), random.numbers(n * w), random.numbers(n * w))
    let (scale, shift) = (random.numbers(w, 0.5...2), random.numbers(w))
    let (mean, inverse) = (random.numbers(w), random.numbers(w, 0.5...2))
    let (k1, k2, k3) = (random.numbers(w), random.numbers(w), random.numbers(w))
    let weights = random.weights(n)
    var y = [Scalar](repeating: 7, count: n * w)
    kernels.residualSoftplus(n, w, v, s, scale, shift, &y)
    var g = incoming
    var (sumG, sumGX) = ([Double](repeating: 2, count: w), [Double](repeating: -1, count: w))
    kernels.residualSoftplusBackward(n, w, y, s, mean, inverse, &g, &sumG, &sumGX)
    var (plainY, plainG) = (plainSums(n * w), plainSums(n * w))
    var (plainSumG, plainSumGX) = (plainSums(w), plainSums(w))
    for f in 0..<w {
      plainSumG[f] += 2
      plainSumGX[f] += -1
      for row in 0..<n {
        let index = row * w + f
        let x = Double(v[index]) + Double(s[index]) * Double(scale[f]) + Double(shift[f])
        plainY[index] += plainSoftplus(x)
        // The derivative of softplus is the sigmoid.
        let gradient = Double(incoming[index]) * plainSigmoid(x)
        plainG[index] += gradient
        plainSumG[f] += gradient
        plainSumGX[f] += gradient * (Double(s[index]) - Double(mean[f])) * Double(inverse[f])
      }
    }
    expectEqual(y, plainY, kernels.tolerance, "residual softplus of \(n) rows")
    expectEqual(g, plainG, kernels.tolerance, "its gradient")
    expectEqual(sumG, plainSumG, kernels.tolerance, "sums of its gradient")
    expectEqual(sumGX, plainSumGX, kernels.tolerance, "sums of its gradient's products")
    for rowWeights in [nil, weights] {
      var out = [Scalar](repeating: 7, count: n * w)
      kernels.normalizationBackward(n, w, g, s, mean, inverse, rowWeights, k1, k2, k3, &out)
      let plain = (0..<n * w).map { index in
        let f = index % w
        let standardized = (Double(s[index]) - Double(mean[f])) * Double(inverse[f])
        let weight = Double(rowWeights?[index / w] ?? 1)
        var sum = PlainSum()
        sum += Double(k1[f]) * Double(g[index])
        sum += -weight * Double(k2[f])
        sum += -weight * Double(k3[f]) * standardized
        return sum
      }
      expectEqual(out, plain, kernels.tolerance, "backward normalization of \(n) rows")
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `a row of a node kernel does not depend on the rows beside it, bit for bit`(level: KernelLevel) {
    rowsAreIndependent(level.single)
    rowsAreIndependent(level.double)
  }

  private func rowsAreIndependent<Scalar>(_ kernels: KernelTable<Scalar>) {
    let (n, w) = (21, 48)
    var random = RandomInput<Scalar>(seed: 9)
    let (v, s, incoming) = (random.numbers(n * w), random.numbers(n * w), random.numbers(n * w))
    let columns = (0..<6).map { _ in random.numbers(w, 0.5...2) }
    func results(_ rows: Range<Int>) -> [[Scalar]] {
      let part = rows.lowerBound * w..<rows.upperBound * w
      var y = [Scalar](repeating: 0, count: part.count)
      kernels.residualSoftplus(rows.count, w, Array(v[part]), Array(s[part]), columns[0], columns[1], &y)
      var g = Array(incoming[part])
      var (sumG, sumGX) = ([Double](repeating: 0, count: w), [Double](repeating: 0, count: w))
      kernels.residualSoftplusBackward(
        rows.count, w, y, Array(s[part]), columns[2], columns[3], &g, &sumG, &sumGX)
      var out = [Scalar](repeating: 0, count: part.count)
      kernels.normalizationBackward(
        rows.count, w, g, Array(s[part]), columns[2], columns[3], nil, columns[4], columns[5], columns[0],
        &out)
      return [y, g, out]
    }
    let together = results(0..<n)
    for row in 0..<n {
      let alone = results(row..<row + 1)
      for (one, all) in zip(alone, together) { #expect(one == Array(all[row * w..<(row + 1) * w])) }
    }
  }
}
