import Testing

@Suite struct EdgeKernelTests {
  /// Numbers of edges of each center: none, one, many; and no center at all.
  private static let graphs = [[], [0], [1], [0, 5, 1, 6]]

  @Test(arguments: KernelLevel.supported)
  func `the fused edge kernels equal plain loops, forward and backward`(level: KernelLevel) {
    for (number, counts) in Self.graphs.enumerated() {
      for w in [16, 32] {
        for weighted in [false, true] {
          convolution(level.single, counts, w: w, weighted: weighted, seed: UInt64(number))
          convolution(level.double, counts, w: w, weighted: weighted, seed: UInt64(number))
        }
      }
    }
  }

  private func convolution<Scalar>(
    _ kernels: KernelTable<Scalar>, _ counts: [Int], w: Int, weighted: Bool, seed: UInt64
  ) {
    var random = RandomInput<Scalar>(seed: seed)
    let block = RandomBlock(counts, width: w, weighted: weighted, using: &random)
    let edges = block.edges
    let (n, rows) = (edges.centers, edges.rowWeights)
    let normalization = (0..<4).map { _ in random.numbers(2 * w, 0.5...1.5) }
    let (scale, shift, mean, inverse) =
      (normalization[0], normalization[1], normalization[2], normalization[3])
    let k = (0..<3).map { _ in random.numbers(2 * w) }
    let incoming = random.numbers(n * w)

    var (sum, square) = ([Double](repeating: 2, count: 2 * w), [Double](repeating: -1, count: 2 * w))
    kernels.edgeStatistics(
      n, w, block.projections, edges.offsets, edges.neighbors, block.taps, block.starts, block.edgeWeights,
      rows, &sum, &square)
    var (gated, bare) = ([Scalar](repeating: 7, count: n * w), [Scalar](repeating: 7, count: n * w))
    kernels.edgeGate(
      n, w, block.projections, edges.offsets, edges.neighbors, block.taps, block.starts, block.edgeWeights,
      scale, shift, edges.multiplicities, &gated)
    kernels.edgeGate(
      n, w, block.projections, edges.offsets, edges.neighbors, block.taps, block.starts, block.edgeWeights,
      nil, nil, edges.multiplicities, &bare)
    var (sumG, sumGX) = ([Double](repeating: 2, count: 2 * w), [Double](repeating: -1, count: 2 * w))
    kernels.edgeGateBackwardStatistics(
      n, w, block.projections, edges.offsets, edges.neighbors, block.taps, block.starts, block.edgeWeights,
      scale, shift, mean, inverse, incoming, edges.multiplicities, &sumG, &sumGX)
    var projections = [Scalar](repeating: 7, count: n * 4 * w)
    var edgeWeights = [Scalar](repeating: 3, count: block.edgeWeights.count)
    kernels.edgeGateBackward(
      n, w, block.projections, edges.offsets, edges.neighbors, block.taps, block.starts, block.edgeWeights,
      scale, shift, mean, inverse, incoming, edges.multiplicities, rows, k[0], k[1], k[2], &projections,
      &edgeWeights)

    var (plainSum, plainSquare) = (plainSums(2 * w), plainSums(2 * w))
    var (plainSumG, plainSumGX) = (plainSums(2 * w), plainSums(2 * w))
    var (plainGated, plainBare) = (plainSums(n * w), plainSums(n * w))
    var (plainProjections, plainEdgeWeights) = (plainSums(n * 4 * w), plainSums(edgeWeights.count))
    for c in 0..<2 * w {
      plainSum[c] += 2
      plainSquare[c] += -1
      plainSumG[c] += 2
      plainSumGX[c] += -1
    }
    for index in edgeWeights.indices { plainEdgeWeights[index] += 3 }
    for i in 0..<n {
      for e in edges.edges(of: i) {
        let row = Double(rows?[e] ?? 1)
        for f in 0..<w {
          let channels = [f, w + f]
          let p = channels.map { block.preactivation(center: i, edge: e, channel: $0) }
          let t = zip(channels, p).map { $1 * Double(scale[$0]) + Double(shift[$0]) }
          plainGated[i * w + f] += edges.multiplicity(e) * plainGate(t[0], t[1]).value
          plainBare[i * w + f] += edges.multiplicity(e) * plainGate(p[0], p[1]).value
          let gate = plainGate(t[0], t[1])
          for (half, c) in channels.enumerated() {
            plainSum[c] += row * p[half]
            plainSquare[c] += row * p[half] * p[half]
            let standardized = (p[half] - Double(mean[c])) * Double(inverse[c])
            let g =
              edges.multiplicity(e) * Double(incoming[i * w + f]) * (half == 0 ? gate.byFilter : gate.byCore)
            plainSumG[c] += g
            plainSumGX[c] += g * standardized
            let d = Double(k[0][c]) * g - row * (Double(k[1][c]) + Double(k[2][c]) * standardized)
            plainProjections[i * 4 * w + c] += d
            plainProjections[Int(edges.neighbors[e]) * 4 * w + 2 * w + c] += d
            for tap in 0..<8 {
              plainEdgeWeights[(Int(block.starts[e]) + tap) * 2 * w + c] +=
                d * Double(block.taps[e * 8 + tap])
            }
          }
        }
      }
    }
    let tolerance = 4 * kernels.tolerance
    expectEqual(sum, plainSum, tolerance, "sums")
    expectEqual(square, plainSquare, tolerance, "sums of squares")
    expectEqual(gated, plainGated, tolerance, "gates")
    expectEqual(bare, plainBare, tolerance, "gates without normalization")
    expectEqual(sumG, plainSumG, tolerance, "sums of gradients")
    expectEqual(sumGX, plainSumGX, tolerance, "sums of gradients' products")
    expectEqual(projections, plainProjections, tolerance, "gradient of the projections")
    expectEqual(edgeWeights, plainEdgeWeights, tolerance, "gradient of the edge weights")
  }

  @Test(arguments: KernelLevel.supported)
  func `what a center gathers does not depend on the centers beside it, bit for bit`(level: KernelLevel) {
    centersAreIndependent(level.single)
    centersAreIndependent(level.double)
  }

  private func centersAreIndependent<Scalar>(_ kernels: KernelTable<Scalar>) {
    let w = 48
    var random = RandomInput<Scalar>(seed: 12)
    let block = RandomBlock([4, 0, 1, 19, 7], width: w, weighted: true, using: &random)
    let edges = block.edges
    let (scale, shift) = (random.numbers(2 * w), random.numbers(2 * w))
    func gathered(_ centers: Int) -> [Scalar] {
      var s = [Scalar](repeating: 7, count: centers * w)
      kernels.edgeGate(
        centers, w, block.projections, edges.offsets, edges.neighbors, block.taps, block.starts,
        block.edgeWeights, scale, shift, edges.multiplicities, &s)
      return s
    }
    let together = gathered(edges.centers)
    for centers in 0..<edges.centers { #expect(gathered(centers) == Array(together[..<(centers * w)])) }
  }

  @Test(arguments: KernelLevel.supported)
  func `rows of centers and neighbors are added to edges, and back, as plain loops do`(level: KernelLevel) {
    for (number, counts) in Self.graphs.enumerated() {
      assembly(level.single, counts, seed: UInt64(number))
      assembly(level.double, counts, seed: UInt64(number))
    }
  }

  private func assembly<Scalar>(_ kernels: KernelTable<Scalar>, _ counts: [Int], seed: UInt64) {
    let (w, stride) = (48, 53)
    var random = RandomInput<Scalar>(seed: seed)
    let edges = RandomEdges(counts, weighted: false, using: &random)
    let n = edges.centers
    let (centers, neighbors) = (random.numbers(n * stride + w), random.numbers(n * stride + w))
    let p = random.numbers(edges.count * w)
    for hasCenters in [false, true] {
      var assembled = p
      kernels.edgeAssemble(
        n, w, edges.offsets, edges.neighbors, hasCenters ? centers : nil, stride, neighbors, stride,
        &assembled)
      var (ownRows, otherRows) = (centers, neighbors)
      // A null pointer stands for no centers.
      ownRows.withUnsafeMutableBufferPointer { rows in
        kernels.edgeScatter(
          n, w, edges.offsets, edges.neighbors, p, hasCenters ? rows.baseAddress : nil, stride, &otherRows,
          stride)
      }
      var plain = p.map { plainSum($0) }
      var (plainOwn, plainOther) = (centers.map { plainSum($0) }, neighbors.map { plainSum($0) })
      for i in 0..<n {
        for f in 0..<w where hasCenters { plainOwn[i * stride + f] = PlainSum() }
        for e in edges.edges(of: i) {
          let j = Int(edges.neighbors[e])
          for f in 0..<w {
            plain[e * w + f] += Double(neighbors[j * stride + f])
            plainOther[j * stride + f] += Double(p[e * w + f])
            if hasCenters {
              plain[e * w + f] += Double(centers[i * stride + f])
              plainOwn[i * stride + f] += Double(p[e * w + f])
            }
          }
        }
      }
      expectEqual(assembled, plain, kernels.tolerance, "assembled rows")
      expectEqual(ownRows, plainOwn, kernels.tolerance, "rows of centers")
      expectEqual(otherRows, plainOther, kernels.tolerance, "rows of neighbors")
    }
  }
}

/// The edges of a convolution with what their pre-activations are made of.
private struct RandomBlock<Scalar: BinaryFloatingPoint> {
  let edges: RandomEdges<Scalar>
  let width: Int
  let projections: [Scalar]
  let taps: [Scalar]
  let starts: [Int32]
  let edgeWeights: [Scalar]

  init(_ counts: [Int], width: Int, weighted: Bool, using random: inout RandomInput<Scalar>) {
    let gaussians = 11
    edges = RandomEdges(counts, weighted: weighted, using: &random)
    self.width = width
    projections = random.numbers(counts.count * 4 * width)
    taps = random.numbers(edges.count * 8, 0...1)
    starts = random.integers(edges.count, 0..<gaussians - 7)
    edgeWeights = random.numbers(gaussians * 2 * width)
  }

  func preactivation(center: Int, edge: Int, channel c: Int) -> Double {
    var sum = Double(projections[center * 4 * width + c])
    sum += Double(projections[Int(edges.neighbors[edge]) * 4 * width + 2 * width + c])
    for tap in 0..<8 {
      let weight = edgeWeights[(Int(starts[edge]) + tap) * 2 * width + c]
      sum += Double(taps[edge * 8 + tap]) * Double(weight)
    }
    return sum
  }
}
