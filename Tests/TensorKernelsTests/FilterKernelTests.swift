import Testing

@Suite struct FilterKernelTests {
  /// Edges of each center, with centers that have none.
  private static let graphs = [[3, 0, 5, 1], [0], [1], [0, 30]]
  private static let knots = 9

  @Test(arguments: KernelLevel.supported)
  func `sums over filtered neighbors and their gradients equal plain loops, for one filter and for a product`(
    level: KernelLevel
  ) {
    for (number, counts) in Self.graphs.enumerated() {
      // One vector of channels, four at once, and what is left of them.
      for w in [16, 32, 64, 80, 128] {
        for isProduct in [false, true] {
          sums(level.single, counts, w, isProduct: isProduct, seed: UInt64(number + w))
          sums(level.double, counts, w, isProduct: isProduct, seed: UInt64(number + w))
        }
      }
    }
  }

  private func sums<Scalar>(
    _ kernels: KernelTable<Scalar>, _ counts: [Int], _ w: Int, isProduct: Bool, seed: UInt64
  ) {
    var random = RandomInput<Scalar>(seed: seed)
    let edges = RandomEdges(counts, weighted: false, using: &random)
    let n = edges.centers
    let (x, g) = (random.numbers(n * w), random.numbers(n * w))
    let filters = (0..<2).map { _ in
      RandomFilter(edges: edges.count, knots: Self.knots, width: w, using: &random)
    }
    let second = isProduct ? filters[1] : nil
    var s = [Scalar](repeating: 7, count: n * w)
    kernels.filterSum(
      n, w, edges.offsets, edges.neighbors, x, filters[0].weights, filters[0].starts, filters[0].table,
      second?.weights, second?.starts, second?.table, &s)
    var nodes = [Scalar](repeating: 1, count: n * w)
    var tables = [
      [Scalar](repeating: 2, count: Self.knots * w), [Scalar](repeating: 3, count: Self.knots * w),
    ]
    var secondTable = tables[1]
    kernels.filterSumBackward(
      n, w, edges.offsets, edges.neighbors, x, filters[0].weights, filters[0].starts, filters[0].table,
      second?.weights, second?.starts, second?.table, g, &nodes, &tables[0], &secondTable)
    tables[1] = secondTable
    var (plainS, plainNodes) = (plainSums(n * w), nodes.map { _ in plainSum(1.0) })
    var plainTables = [tables[0].map { _ in plainSum(2.0) }, tables[1].map { _ in plainSum(3.0) }]
    let used = isProduct ? filters : [filters[0]]
    for i in 0..<n {
      for edge in edges.edges(of: i) {
        let j = Int(edges.neighbors[edge])
        for channel in 0..<w {
          let factors = used.map { $0.value(edge, channel) }
          let (node, incoming) = (Double(x[j * w + channel]), Double(g[i * w + channel]))
          plainS[i * w + channel] += node * factors.reduce(1, *)
          plainNodes[j * w + channel] += incoming * factors.reduce(1, *)
          for (number, filter) in used.enumerated() {
            let others = factors.indices.reduce(1) { $1 == number ? $0 : $0 * factors[$1] }
            for knot in 0..<4 {
              plainTables[number][(Int(filter.starts[edge]) + knot) * w + channel] +=
                Double(filter.weights[edge * 4 + knot]) * node * incoming * others
            }
          }
        }
      }
    }
    expectEqual(s, plainS, kernels.tolerance, "sums over neighbors")
    expectEqual(nodes, plainNodes, kernels.tolerance, "gradient of the nodes")
    expectEqual(tables[0], plainTables[0], kernels.tolerance, "gradient of the table")
    expectEqual(tables[1], plainTables[1], kernels.tolerance, "gradient of the second table")
  }

  @Test(arguments: KernelLevel.supported)
  func `what a center gathers does not depend on the centers beside it, bit for bit`(level: KernelLevel) {
    centersAreIndependent(level.single)
    centersAreIndependent(level.double)
  }

  private func centersAreIndependent<Scalar>(_ kernels: KernelTable<Scalar>) {
    let w = 80
    var random = RandomInput<Scalar>(seed: 14)
    let edges = RandomEdges([3, 0, 40, 1, 7], weighted: false, using: &random)
    let x = random.numbers(edges.centers * w)
    let filter = RandomFilter(edges: edges.count, knots: Self.knots, width: w, using: &random)
    func result(_ centers: Range<Int>) -> [Scalar] {
      let own = Int(edges.offsets[centers.lowerBound])..<Int(edges.offsets[centers.upperBound])
      var s = [Scalar](repeating: 0, count: centers.count * w)
      kernels.filterSum(
        centers.count, w,
        edges.offsets[centers.lowerBound...centers.upperBound].map { $0 - Int32(own.lowerBound) },
        Array(edges.neighbors[own]), x, Array(filter.weights[4 * own.lowerBound..<4 * own.upperBound]),
        Array(filter.starts[own]), filter.table, nil, nil, nil, &s)
      return s
    }
    let together = result(0..<edges.centers)
    for center in 0..<edges.centers {
      #expect(result(center..<center + 1) == Array(together[center * w..<(center + 1) * w]))
    }
  }
}

/// Random weights of four rows of a random table for each edge.
private struct RandomFilter<Scalar: BinaryFloatingPoint> {
  let weights: [Scalar]
  let starts: [Int32]
  let table: [Scalar]
  private let width: Int

  init(edges: Int, knots: Int, width: Int, using random: inout RandomInput<Scalar>) {
    weights = random.numbers(edges * 4)
    starts = random.integers(edges, 0..<knots - 3)
    table = random.numbers(knots * width)
    self.width = width
  }

  func value(_ edge: Int, _ channel: Int) -> Double {
    (0..<4).reduce(0) { sum, knot in
      sum + Double(weights[edge * 4 + knot]) * Double(table[(Int(starts[edge]) + knot) * width + channel])
    }
  }
}
