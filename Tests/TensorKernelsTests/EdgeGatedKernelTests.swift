import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct EdgeGatedKernelTests {
  @Test(arguments: KernelLevel.supported)
  func `gated means equal plain loops, of all targets and of some`(level: KernelLevel) {
    for w in [16, 48] {
      for isQuotient in [false, true] {
        means(level.single, w: w, isQuotient: isQuotient)
        means(level.double, w: w, isQuotient: isQuotient)
      }
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `gradients of gated means are central differences of plain loops`(level: KernelLevel) {
    for isQuotient in [false, true] { meanGradients(level.double, w: 16, isQuotient: isQuotient) }
  }

  @Test(arguments: KernelLevel.supported)
  func `silu, its residual and its gradients equal plain loops`(level: KernelLevel) {
    for n in [0, 1, 15, 16, 17, 35] {
      silu(level.single, n: n, w: 32)
      silu(level.double, n: n, w: 32)
    }
  }

  /// Three targets, one of them without edges; five sources' rows are those of the targets and two more.
  private let offsets: [Int32] = [0, 4, 4, 7]
  private let sources: [Int32] = [2, 0, 1, 2, 0, 0, 1]
  /// Rows of edge vectors that are shared.
  private let index: [Int32] = [0, 1, 1, 0, 2, 0, 1]

  private func plain(
    _ w: Int, _ p: [Double], _ g: [Double], _ counts: [Double], shared: Bool
  ) -> (v: [Double], m: [Double]) {
    var (v, m) = ([Double](repeating: 0, count: 3 * w), [Double](repeating: 0, count: 7 * w))
    for i in 0..<3 {
      for f in 0..<w {
        var (above, below) = (0.0, 1e-6)
        for e in Int(offsets[i])..<Int(offsets[i + 1]) {
          let (s, row) = (Int(sources[e]), shared ? Int(index[e]) : e)
          m[e * w + f] = g[row * w + f] + p[s * 4 * w + f] + p[i * 4 * w + 2 * w + f]
          let gate = counts[e] / (1 + exp(-m[e * w + f]))
          above += gate * p[s * 4 * w + w + f]
          below += gate
        }
        v[i * w + f] = p[i * 4 * w + 3 * w + f] + above / below
      }
    }
    return (v, m)
  }

  private func means<Scalar>(_ kernels: KernelTable<Scalar>, w: Int, isQuotient: Bool) {
    var random = RandomInput<Scalar>(seed: UInt64(w))
    let (p, g) = (random.numbers(3 * 4 * w, -3...3), random.numbers(7 * w, -3...3))
    let counts = random.weights(7)
    for shared in [false, true] {
      let expected = plain(
        w, p.map { Double($0) }, g.map { Double($0) },
        isQuotient ? counts.map { Double($0) } : counts.map { _ in 1 }, shared: shared)
      var (m, v) = ([Scalar](repeating: 9, count: 7 * w), [Scalar](repeating: 9, count: 3 * w))
      var below = v
      // All targets at once, then the last one alone, whose edges' rows come first.
      kernels.edgeGatedMean(
        0, 3, w, offsets, sources, isQuotient ? counts : nil, p, shared ? index : nil, g, &m, &v, &below)
      expectEqual(v, expected.v.map(plainSum), 4 * kernels.tolerance, "means")
      expectEqual(m, expected.m.map(plainSum), 4 * kernels.tolerance, "gates")
      let whole = v
      v = v.map { _ in 9 }
      kernels.edgeGatedMean(
        2, 3, w, offsets, sources, isQuotient ? counts : nil, p, shared ? index : nil,
        shared ? g : Array(g[(4 * w)...]), nil, &v, nil)
      #expect(Array(v[(2 * w)...]) == Array(whole[(2 * w)...]))
    }
  }

  private func meanGradients(_ kernels: KernelTable<Double>, w: Int, isQuotient: Bool) {
    var random = RandomInput<Double>(seed: 5)
    let (p, g) = (random.numbers(3 * 4 * w, -2...2), random.numbers(7 * w, -2...2))
    let counts = isQuotient ? random.weights(7) : [Double](repeating: 1, count: 7)
    let (gv, first) = (random.numbers(3 * w), random.numbers(7 * w))
    var (m, v) = ([Double](repeating: 0, count: 7 * w), [Double](repeating: 0, count: 3 * w))
    var below = v
    kernels.edgeGatedMean(
      0, 3, w, offsets, sources, isQuotient ? counts : nil, p, nil, g, &m, &v, &below)
    var (gm, gp) = (first, [Double](repeating: 0, count: 3 * 4 * w))
    kernels.edgeGatedMeanBackward(
      3, w, offsets, sources, isQuotient ? counts : nil, p, m, v, below, gv, 1, &gm, &gp)
    var alone = [Double](repeating: 9, count: 7 * w)
    var again = [Double](repeating: 0, count: 3 * 4 * w)
    kernels.edgeGatedMeanBackward(
      3, w, offsets, sources, isQuotient ? counts : nil, p, m, v, below, gv, 0, &alone, &again)
    func loss(_ p: [Double], _ g: [Double]) -> Double {
      let found = plain(w, p, g, counts, shared: false)
      return zip(found.v, gv).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let step = 1e-5
    for place in stride(from: 0, to: g.count, by: 5) {
      var (above, below) = (g, g)
      above[place] += step
      below[place] -= step
      let difference = (loss(p, above) - loss(p, below)) / (2 * step)
      #expect(abs(alone[place] - difference) < 1e-8)
      #expect(abs(gm[place] - first[place] - alone[place]) < 1e-12)
    }
    // With what else comes to m.
    for place in stride(from: 0, to: p.count, by: 3) {
      var (above, below) = (p, p)
      above[place] += step
      below[place] -= step
      #expect(abs(again[place] - (loss(above, g) - loss(below, g)) / (2 * step)) < 1e-8, "\(place)")
      let (up, down) = (
        plain(w, above, g, counts, shared: false).m, plain(w, below, g, counts, shared: false).m
      )
      let more = zip(zip(up, down), first).reduce(0.0) { $0 + ($1.0.0 - $1.0.1) / (2 * step) * $1.1 }
      #expect(abs(gp[place] - again[place] - more) < 1e-8, "\(place)")
    }
  }

  private func silu<Scalar>(_ kernels: KernelTable<Scalar>, n: Int, w: Int) {
    var random = RandomInput<Scalar>(seed: UInt64(n))
    let (x, v, g) = (random.numbers(n * w), random.numbers(n * w, -6...6), random.numbers(n * w))
    let columns = (0..<4).map { _ in random.numbers(w, 0.5...1.5) }
    let rows = random.integers(n, 0..<max(1, n))
    for index in [nil, rows] {
      for residual in [nil, x] {
        var out = [Scalar](repeating: 9, count: n * w)
        kernels.residualSiLU(n, w, residual, index, v, columns[0], columns[1], &out)
        let expected = (0..<n * w).map { place -> PlainSum in
          let y = argument(place)
          var sum = plainSum(y / (1 + exp(-y)))
          if let residual {
            sum += Double(residual[Int(index?[place / w] ?? Int32(place / w)) * w + place % w])
          }
          return sum
        }
        expectEqual(out, expected, 4 * kernels.tolerance, "silu")
      }
    }
    func argument(_ place: Int) -> Double {
      Double(v[place]) * Double(columns[0][place % w]) + Double(columns[1][place % w])
    }
    var out = [Scalar](repeating: 9, count: n * w)
    var (sum, product) = ([Double](repeating: 2, count: w), [Double](repeating: -1, count: w))
    kernels.siLUBackward(n, w, v, columns[0], columns[1], columns[2], columns[3], g, &out, &sum, &product)
    var (expectedSum, expectedProduct) = (plainSums(w), plainSums(w))
    var slopes: [PlainSum] = []
    for f in 0..<w {
      expectedSum[f] += 2
      expectedProduct[f] += -1
    }
    for place in 0..<n * w {
      let (y, f) = (argument(place), place % w)
      let gate = 1 / (1 + exp(-y))
      let slope = Double(g[place]) * gate * (1 + y * (1 - gate))
      var term = PlainSum()
      term += slope
      slopes.append(term)
      expectedSum[f] += slope
      expectedProduct[f] += slope * (Double(v[place]) - Double(columns[2][f])) * Double(columns[3][f])
    }
    expectEqual(out, slopes, 8 * kernels.tolerance, "gradient of silu")
    expectEqual(sum, expectedSum, 8 * kernels.tolerance, "its sums")
    expectEqual(product, expectedProduct, 8 * kernels.tolerance, "its sums of products")
    var scattered = x
    kernels.scatterRows(n, w, rows, g, &scattered)
    var places = x.map { plainSum($0) }
    for place in 0..<n * w { places[Int(rows[place / w]) * w + place % w] += Double(g[place]) }
    expectEqual(scattered, places, kernels.tolerance, "scattered rows")
  }
}
