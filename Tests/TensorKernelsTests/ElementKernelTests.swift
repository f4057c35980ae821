import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// log(1 + exp(x)), the plain way.
func plainSoftplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// 1 / (1 + exp(−x)), the plain way.
func plainSigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

@Suite struct ElementKernelTests {
  @Test(arguments: KernelLevel.supported)
  func `softplus and its gradient equal plain loops for every count, large and small numbers too`(
    level: KernelLevel
  ) {
    softplusEqualsPlainLoops(level.single)
    softplusEqualsPlainLoops(level.double)
  }

  private func softplusEqualsPlainLoops<Scalar>(_ kernels: KernelTable<Scalar>) {
    var random = RandomInput<Scalar>(seed: 3)
    // Four units in the last place.
    let tolerance = 4 * Double(Scalar.ulpOfOne)
    for count in 0...35 {
      let shift: Scalar = count % 2 == 0 ? 0 : 0.625
      let x =
        count == 35
        ? [-1e4, -200, -104, -88, -87, -30, -1e-6, 0, 1e-6, 30, 87, 88, 200, 1e4]
        : random.numbers(count, -9...9)
      var y = x + [7]
      kernels.softplus(x.count, shift, &y)
      #expect(y[x.count] == 7)
      for (number, found) in zip(x, y) {
        let expected = plainSoftplus(Double(number))
        // Below e⁻⁸⁷ single precision stays where it is.
        #expect(
          abs(Double(found) + Double(shift) - expected) <= tolerance * (expected + Double(shift)) + 2e-38,
          "softplus of \(number)")
      }
      let incoming = random.numbers(x.count)
      var g = incoming + [7]
      kernels.softplusBackward(x.count, shift, y, &g)
      #expect(g[x.count] == 7)
      let expected = zip(y, incoming).map { plainSum(Double($1) * -expm1(-Double($0) - Double(shift))) }
      expectEqual(Array(g.dropLast()), expected, kernels.tolerance, "gradient of softplus, \(count) numbers")
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `a softplus does not depend on where in an array its number lies, bit for bit`(level: KernelLevel) {
    softplusIsIndependent(level.single)
    softplusIsIndependent(level.double)
  }

  private func softplusIsIndependent<Scalar>(_ kernels: KernelTable<Scalar>) {
    var random = RandomInput<Scalar>(seed: 4)
    let x = random.numbers(45, -5...5)
    var together = x
    kernels.softplus(x.count, 0.625, &together)
    for index in x.indices {
      var alone = [x[index]]
      kernels.softplus(1, 0.625, &alone)
      #expect(alone[0] == together[index])
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `eight Gaussians around each distance are kept, the nearest ones, with their values`(
    level: KernelLevel
  ) {
    tapsAreTheNearest(level.single)
    tapsAreTheNearest(level.double)
  }

  private func tapsAreTheNearest<Scalar>(_ kernels: KernelTable<Scalar>) {
    var random = RandomInput<Scalar>(seed: 6)
    for (count, spacing) in [(8, 0.25), (41, 0.2), (9, 1)] as [(Int, Scalar)] {
      let distances = random.numbers(37, 0...Scalar(count) * spacing) + [0, spacing, spacing * 4]
      for edges in [0, 1, distances.count] {
        var taps = [Scalar](repeating: 7, count: edges * 8 + 1)
        var starts = [Int32](repeating: 7, count: edges + 1)
        kernels.gaussianTaps(distances, edges, spacing, Int32(count), &taps, &starts)
        #expect(taps[edges * 8] == 7 && starts[edges] == 7)
        for edge in 0..<edges {
          let position = Double(distances[edge]) / Double(spacing)
          let first = Int(starts[edge])
          guard first >= 0, first <= count - 8 else {
            Issue.record("Gaussians from \(first) of \(count)")
            continue
          }
          let away = (0..<count).map { abs(position - Double($0)) }
          let kept = away[first..<first + 8].max() ?? 0
          let left = (away[..<first] + away[(first + 8)...]).min() ?? .infinity
          #expect(left >= kept - 1e-5)
          for t in 0..<8 {
            let expected = exp(-away[first + t] * away[first + t])
            #expect(abs(Double(taps[edge * 8 + t]) - expected) <= 4 * kernels.tolerance)
          }
        }
      }
    }
  }
}
