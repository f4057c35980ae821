import Testing

@Suite struct TripletKernelTests {
  /// Numbers of edges of each center; none, one, some; and no center at all.
  private static let graphs = [[], [0], [1], [2, 0, 1, 5]]

  @Test(arguments: KernelLevel.supported)
  func `gates of pairs and their gradients equal plain loops`(level: KernelLevel) {
    for (number, counts) in Self.graphs.enumerated() {
      for (d, e) in [(16, 0), (32, 16)] {
        for weighted in [false, true] {
          pairs(level.single, counts, d: d, e: e, weighted: weighted, seed: UInt64(number))
          pairs(level.double, counts, d: d, e: e, weighted: weighted, seed: UInt64(number))
        }
      }
    }
  }

  private func pairs<Scalar>(
    _ kernels: KernelTable<Scalar>, _ counts: [Int], d: Int, e: Int, weighted: Bool, seed: UInt64
  ) {
    var random = RandomInput<Scalar>(seed: seed)
    let edges = RandomEdges(counts, weighted: weighted, using: &random)
    let (n, o) = (edges.centers, 2 * (d + e))
    let p = random.numbers(edges.count * o, -4...4)
    let (scale, shift) = (random.numbers(o), random.numbers(o))
    let (gs, gu) = (random.numbers(n * d), random.numbers(edges.count * e))
    var s = [Scalar](repeating: 7, count: n * d)
    var u = [Scalar](repeating: 7, count: edges.count * e)
    kernels.pairGate(
      n, d, e, edges.offsets, edges.neighbors, nil, edges.multiplicities, p, nil, nil, 0, scale, shift, &s, &u
    )
    addsRows(kernels, edges, d: d, e: e, p, scale, shift, using: &random)
    var g = [Scalar](repeating: 7, count: edges.count * o)
    kernels.pairGateBackward(n, d, e, edges.offsets, edges.multiplicities, p, scale, shift, gs, gu, &g)
    var (plainS, plainU, plainG) = (plainSums(s.count), plainSums(u.count), plainSums(g.count))
    for i in 0..<n {
      for j in edges.edges(of: i) {
        for channel in gateChannels(d: d, e: e) {
          let (f, c) = (channel.filter, channel.core)
          let gate = plainGate(
            Double(p[j * o + f]) * Double(scale[f]) + Double(shift[f]),
            Double(p[j * o + c]) * Double(scale[c]) + Double(shift[c]))
          let incoming: Double
          if let node = channel.node {
            plainS[i * d + node] += edges.multiplicity(j) * gate.value
            incoming = edges.multiplicity(j) * Double(gs[i * d + node])
          } else {
            plainU[j * e + channel.edge] += gate.value
            incoming = Double(gu[j * e + channel.edge])
          }
          plainG[j * o + f] += incoming * gate.byFilter
          plainG[j * o + c] += incoming * gate.byCore
        }
      }
    }
    expectEqual(s, plainS, kernels.tolerance, "node sums of pairs")
    expectEqual(u, plainU, kernels.tolerance, "edge values of pairs")
    expectEqual(g, plainG, kernels.tolerance, "gradient of pairs")
  }

  /// Pairs whose centers' and neighbors' rows the gate adds are, bit for bit, those to which they were added before.
  private func addsRows<Scalar>(
    _ kernels: KernelTable<Scalar>, _ edges: RandomEdges<Scalar>, d: Int, e: Int, _ p: [Scalar],
    _ scale: [Scalar], _ shift: [Scalar], using random: inout RandomInput<Scalar>
  ) {
    let (n, o, stride) = (edges.centers, 2 * (d + e), 2 * (d + e) + 3)
    let (centers, neighbors) = (random.numbers(n * stride + o), random.numbers(n * stride + o))
    var assembled = p
    kernels.edgeAssemble(
      n, o, edges.offsets, edges.neighbors, centers, stride, neighbors, stride, &assembled)
    let nodes = [Scalar](repeating: 7, count: n * d)
    let values = [Scalar](repeating: 7, count: edges.count * e)
    var (apart, together) = ((nodes, values), (nodes, values))
    kernels.pairGate(
      n, d, e, edges.offsets, edges.neighbors, nil, edges.multiplicities, assembled, nil, nil, 0, scale,
      shift,
      &apart.0, &apart.1)
    kernels.pairGate(
      n, d, e, edges.offsets, edges.neighbors, nil, edges.multiplicities, p, centers, neighbors, stride,
      scale,
      shift, &together.0, &together.1)
    #expect(apart == together)
    // Edges that share rows: as if each had a copy.
    let kinds = (0..<edges.count).map { Int32($0 * 7 % max(1, edges.count / 2)) }
    let copies = kinds.flatMap { p[Int($0) * o..<(Int($0) + 1) * o] }
    var shared = (nodes, values)
    kernels.pairGate(
      n, d, e, edges.offsets, edges.neighbors, nil, edges.multiplicities, copies, centers, neighbors, stride,
      scale, shift, &apart.0, &apart.1)
    kernels.pairGate(
      n, d, e, edges.offsets, edges.neighbors, kinds, edges.multiplicities, p, centers, neighbors, stride,
      scale, shift, &shared.0, &shared.1)
    #expect(apart == shared)
  }

  @Test(arguments: KernelLevel.supported)
  func `gates of triplets and their gradients equal plain loops over triplets, for large exponents too`(
    level: KernelLevel
  ) {
    for (number, counts) in Self.graphs.enumerated() {
      for (d, e) in [(16, 0), (16, 16)] {
        // Exponents beyond 40 go the way without stored exponentials, whose product would overflow.
        for (weighted, normalize, size) in [
          (false, true, 3.0), (true, true, 3.0), (true, false, 3.0), (true, true, 39.0), (false, false, 90.0),
        ] {
          let seed = UInt64(number)
          triplets(level.single, counts, d, e, weighted: weighted, normalize: normalize, Float(size), seed)
          triplets(level.double, counts, d, e, weighted: weighted, normalize: normalize, size, seed)
        }
      }
    }
    // More than 96 edges of a center go that way too.
    triplets(level.single, [97, 1], 16, 0, weighted: true, normalize: true, 3, 9)
  }

  private func triplets<Scalar>(
    _ kernels: KernelTable<Scalar>, _ counts: [Int], _ d: Int, _ e: Int, weighted: Bool, normalize: Bool,
    _ size: Scalar, _ seed: UInt64
  ) {
    var random = RandomInput<Scalar>(seed: seed)
    let edges = RandomEdges(counts, weighted: weighted, using: &random)
    let (n, o) = (edges.centers, 2 * (d + e))
    let (p, q) = (
      random.numbers(edges.count * o, -size...size), random.numbers(edges.count * o, -size...size)
    )
    let (scale, shift) = (random.numbers(o, 0.5...1), random.numbers(o))
    let (gs, gu) = (random.numbers(n * d), random.numbers(edges.count * e))
    var s = [Scalar](repeating: 2, count: n * d)
    var u = [Scalar](repeating: -1, count: edges.count * e)
    kernels.tripletGate(
      n, d, e, edges.offsets, edges.multiplicities, p, q, scale, shift, normalize ? 1 : 0, &s, &u)
    var gp = [Scalar](repeating: 7, count: edges.count * o)
    var gq = gp
    kernels.tripletGateBackward(
      n, d, e, edges.offsets, edges.multiplicities, p, q, scale, shift, normalize ? 1 : 0, gs, gu, &gp, &gq)
    var (plainS, plainU) = (s.map { _ in plainSum(2.0) }, u.map { _ in plainSum(-1.0) })
    var (plainGP, plainGQ) = (plainSums(gp.count), plainSums(gq.count))
    for i in 0..<n {
      let factor = normalize ? 1 / max(1, edges.size(of: i) - 1) : 1
      for j in edges.edges(of: i) {
        for l in edges.edges(of: i) where edges.partners(j, l) > 0 {
          let weight = factor * edges.partners(j, l)
          for channel in gateChannels(d: d, e: e) {
            let (f, c) = (channel.filter, channel.core)
            func argument(_ k: Int) -> Double {
              (Double(p[j * o + k]) + Double(q[l * o + k])) * Double(scale[k]) + Double(shift[k])
            }
            let gate = plainGate(argument(f), argument(c))
            let incoming: Double
            if let node = channel.node {
              plainS[i * d + node] += weight * edges.multiplicity(j) * gate.value
              incoming = weight * edges.multiplicity(j) * Double(gs[i * d + node])
            } else {
              plainU[j * e + channel.edge] += weight * gate.value
              incoming = weight * Double(gu[j * e + channel.edge])
            }
            plainGP[j * o + f] += incoming * gate.byFilter
            plainGP[j * o + c] += incoming * gate.byCore
            plainGQ[l * o + f] += incoming * gate.byFilter
            plainGQ[l * o + c] += incoming * gate.byCore
          }
        }
      }
    }
    // The rounding of an exponent counts as often in its exponential as the exponent is large.
    let tolerance = kernels.tolerance * max(2, Double(size))
    expectEqual(s, plainS, tolerance, "node sums of triplets")
    expectEqual(u, plainU, tolerance, "edge sums of triplets")
    expectEqual(gp, plainGP, tolerance, "gradient of first edges")
    expectEqual(gq, plainGQ, tolerance, "gradient of second edges")
  }

  @Test(arguments: KernelLevel.supported)
  func `statistics of triplets and the backward normalization equal plain loops over triplets`(
    level: KernelLevel
  ) {
    for (number, counts) in Self.graphs.enumerated() {
      for weighted in [false, true] {
        normalization(level.single, counts, weighted: weighted, seed: UInt64(number))
        normalization(level.double, counts, weighted: weighted, seed: UInt64(number))
      }
    }
  }

  private func normalization<Scalar>(
    _ kernels: KernelTable<Scalar>, _ counts: [Int], weighted: Bool, seed: UInt64
  ) {
    let w = 32
    var random = RandomInput<Scalar>(seed: seed)
    let edges = RandomEdges(counts, weighted: weighted, using: &random)
    let n = edges.centers
    let (p, q) = (random.numbers(edges.count * w), random.numbers(edges.count * w))
    let (incomingP, incomingQ) = (random.numbers(edges.count * w), random.numbers(edges.count * w))
    let (mean, inverse) = (random.numbers(w), random.numbers(w, 0.5...2))
    let k = (0..<3).map { _ in random.numbers(w) }
    var (sum, square) = ([Double](repeating: 2, count: w), [Double](repeating: -1, count: w))
    kernels.tripletStatistics(
      n, w, edges.offsets, edges.multiplicities, edges.centerWeights, p, q, &sum, &square)
    var (gp, gq) = (incomingP, incomingQ)
    kernels.tripletNormalizationBackward(
      n, w, edges.offsets, edges.multiplicities, edges.centerWeights, p, q, mean, inverse, k[0], k[1], k[2],
      &gp,
      &gq)
    var (plainSum, plainSquare) = (plainSums(w), plainSums(w))
    var (plainGP, plainGQ) = (plainSums(gp.count), plainSums(gq.count))
    for f in 0..<w {
      plainSum[f] += 2
      plainSquare[f] += -1
      for j in 0..<edges.count {
        plainGP[j * w + f] += Double(k[0][f]) * Double(incomingP[j * w + f])
        plainGQ[j * w + f] += Double(k[0][f]) * Double(incomingQ[j * w + f])
      }
      for i in 0..<n {
        for j in edges.edges(of: i) {
          for l in edges.edges(of: i) where edges.partners(j, l) > 0 {
            let t = Double(p[j * w + f]) + Double(q[l * w + f])
            let rows = edges.weight(ofCenter: i) * edges.multiplicity(j) * edges.partners(j, l)
            plainSum[f] += rows * t
            plainSquare[f] += rows * t * t
            let d = rows * (Double(k[1][f]) + Double(k[2][f]) * (t - Double(mean[f])) * Double(inverse[f]))
            plainGP[j * w + f] += -d
            plainGQ[l * w + f] += -d
          }
        }
      }
    }
    let tolerance = 4 * kernels.tolerance
    expectEqual(sum, plainSum, tolerance, "sums over triplets")
    expectEqual(square, plainSquare, tolerance, "sums of squares over triplets")
    expectEqual(gp, plainGP, tolerance, "gradient of first edges")
    expectEqual(gq, plainGQ, tolerance, "gradient of second edges")
  }

  @Test(arguments: KernelLevel.supported)
  func `what a center gathers does not depend on the centers beside it, bit for bit`(level: KernelLevel) {
    centersAreIndependent(level.single)
    centersAreIndependent(level.double)
  }

  private func centersAreIndependent<Scalar>(_ kernels: KernelTable<Scalar>) {
    let (d, e) = (32, 16)
    let o = 2 * (d + e)
    var random = RandomInput<Scalar>(seed: 14)
    let edges = RandomEdges([3, 0, 98, 1, 7], weighted: true, using: &random)
    let (p, q) = (random.numbers(edges.count * o), random.numbers(edges.count * o))
    let (scale, shift) = (random.numbers(o), random.numbers(o))
    /// Node sums and edge values of the centers within a range, taken alone.
    func results(_ centers: Range<Int>) -> [[Scalar]] {
      let first = Int(edges.offsets[centers.lowerBound])
      let own = first..<Int(edges.offsets[centers.upperBound])
      let offsets = edges.offsets[centers.lowerBound...centers.upperBound].map { $0 - Int32(first) }
      let multiplicities = edges.multiplicities.map { Array($0[own]) }
      let rows = own.lowerBound * o..<own.upperBound * o
      var s = [Scalar](repeating: 0, count: centers.count * d)
      var u = [Scalar](repeating: 0, count: own.count * e)
      kernels.pairGate(
        centers.count, d, e, offsets, edges.neighbors, nil, multiplicities, Array(p[rows]), nil, nil, 0,
        scale,
        shift, &s,
        &u)
      kernels.tripletGate(
        centers.count, d, e, offsets, multiplicities, Array(p[rows]), Array(q[rows]), scale, shift, 1, &s, &u)
      return [s, u]
    }
    let together = results(0..<edges.centers)
    for center in 0..<edges.centers {
      let alone = results(center..<center + 1)
      let own = edges.edges(of: center)
      #expect(alone[0] == Array(together[0][center * d..<(center + 1) * d]))
      #expect(alone[1] == Array(together[1][own.lowerBound * e..<own.upperBound * e]))
    }
  }
}

/// One gate of a row of 2d + 2e channels: where its filter and core lie, and the node or edge channel it adds to.
private struct GateChannel {
  let filter: Int
  let core: Int
  /// nil for a gate of the edge update.
  let node: Int?
  let edge: Int
}

private func gateChannels(d: Int, e: Int) -> [GateChannel] {
  (0..<d).map { GateChannel(filter: $0, core: d + $0, node: $0, edge: 0) }
    + (0..<e).map { GateChannel(filter: 2 * d + $0, core: 2 * d + e + $0, node: nil, edge: $0) }
}
