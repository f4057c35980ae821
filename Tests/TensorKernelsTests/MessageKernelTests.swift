import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct MessageKernelTests {
  @Test(arguments: KernelLevel.supported)
  func `silu and its slope equal plain loops, for any count, wherever a number lies`(level: KernelLevel) {
    silu(level.single)
    silu(level.double)
  }

  private func silu<Scalar>(_ kernels: KernelTable<Scalar>) {
    var random = RandomInput<Scalar>(seed: 5)
    for count in 0...35 {
      let x = count == 35 ? [-200, -88, -30, -1e-6, 0, 1e-6, 30, 88, 200] : random.numbers(count, -9...9)
      var y = [Scalar](repeating: 7, count: x.count + 1)
      kernels.silu(x.count, x, &y)
      #expect(y[x.count] == 7)
      var inPlace = x + [7]
      inPlace.withUnsafeMutableBufferPointer { kernels.silu(x.count, $0.baseAddress, $0.baseAddress) }
      #expect(inPlace == y)
      let incoming = random.numbers(x.count)
      var g = incoming + [7]
      kernels.siLUSlope(x.count, x, &g)
      #expect(g[x.count] == 7)
      let gates = x.map { 1 / (1 + exp(-Double($0))) }
      let values = zip(x, gates).map { plainSum(Double($0) * $1) }
      expectEqual(Array(y.dropLast()), values, 4 * kernels.tolerance, "silu")
      let slopes = x.indices.map { index in
        let (own, gate) = (Double(x[index]), gates[index])
        return plainSum(Double(incoming[index]) * gate * (1 + own * (1 - gate)))
      }
      expectEqual(Array(g.dropLast()), slopes, 8 * kernels.tolerance, "slope of silu")
      for index in x.indices {
        var alone = [Scalar(0)]
        kernels.silu(1, [x[index]], &alone)
        #expect(alone[0] == y[index])
      }
    }
  }

  @Test(arguments: KernelLevel.supported)
  func `sums over edges and their gradients equal plain loops, with weights and without`(level: KernelLevel) {
    for isWeighted in [false, true] {
      sums(level.single, isWeighted)
      sums(level.double, isWeighted)
    }
  }

  private func sums<Scalar>(_ kernels: KernelTable<Scalar>, _ isWeighted: Bool) {
    let (n, w, offsets) = (3, 32, [0, 4, 4, 7] as [Int32])
    var random = RandomInput<Scalar>(seed: 6)
    let (x, g) = (random.numbers(7 * w), random.numbers(n * w))
    let weights = isWeighted ? random.numbers(7, 0.5...3) : nil
    var s = [Scalar](repeating: 7, count: n * w + 1)
    kernels.edgeSum(n, w, offsets, weights, x, &s)
    #expect(s[n * w] == 7)
    var expected = plainSums(n * w)
    let before = random.numbers(7 * w)
    var (added, overwritten) = (before, before)
    kernels.edgeSumBackward(n, w, offsets, weights, g, 1, &added)
    kernels.edgeSumBackward(n, w, offsets, weights, g, 0, &overwritten)
    var slopes: [PlainSum] = []
    for center in 0..<n {
      for edge in Int(offsets[center])..<Int(offsets[center + 1]) {
        for f in 0..<w {
          let weight = weights.map { Double($0[edge]) } ?? 1
          expected[center * w + f] += weight * Double(x[edge * w + f])
          slopes.append(plainSum(weight * Double(g[center * w + f])))
        }
      }
    }
    expectEqual(Array(s.dropLast()), expected, kernels.tolerance, "sum over edges")
    expectEqual(overwritten, slopes, kernels.tolerance, "its gradient")
    var total = slopes
    for (place, own) in before.enumerated() { total[place] += Double(own) }
    expectEqual(added, total, kernels.tolerance, "its gradient, added")
  }
}
