import TensorKernels
import Testing

@Suite struct EntryPointTests {
  @Test func `what the product calls are the kernels of the highest level that the processor runs`() throws {
    let level = try #require(KernelLevel.supported.last)
    #expect([level.processorLevel, .only].contains(ProcessorLevel.current))
    nodeKernels(level.single)
    nodeKernels(level.double)
    convolutionKernels(level.single)
    convolutionKernels(level.double)
    gateKernels(level.single)
    gateKernels(level.double)
    filterKernels(level.single)
    filterKernels(level.double)
  }

  private func nodeKernels<Scalar: KernelScalar>(_ kernels: KernelTable<Scalar>) {
    let (n, w) = (11, 32)
    var random = RandomInput<Scalar>(seed: 1)
    let x = (0..<3).map { _ in random.numbers(n * w) }
    let columns = (0..<5).map { _ in random.numbers(w, 0.5...1.5) }
    let weights = random.weights(n)
    let distances = random.numbers(n, 0...4)
    var taps = twice(Scalar(0), n * 8)
    var starts = twice(Int32(0), n)
    kernels.gaussianTaps(distances, n, 0.25, 19, &taps.0, &starts.0)
    Scalar.gaussianTaps(
      distances, count: n, spacing: 0.25, gaussianCount: 19, taps: &taps.1, starts: &starts.1)
    #expect(taps.0 == taps.1 && starts.0 == starts.1)
    // A transposed left matrix: its strides must not be confused.
    var c = (x[2], x[2])
    kernels.gemm(n, w, n, x[0], 1, w, x[1], w, columns[0], &c.0, w, 1)
    Scalar.multiply(
      rows: n, columns: w, inner: n, x[0], aRow: 1, aColumn: w, x[1], bias: columns[0], into: &c.1,
      accumulate: true)
    #expect(c.0 == c.1)
    kernels.gemm(n, w, n, x[0], w, 1, x[1], w, columns[0], &c.0, w, 0)
    Scalar.multiply(
      rows: n, columns: w, inner: n, x[0], aRow: w, aColumn: 1, x[1], bias: columns[0], into: &c.1,
      accumulate: false)
    #expect(c.0 == c.1)
    var (sums, products) = (twice(1.0, w), twice(2.0, w))
    kernels.columnStatistics(n, w, x[0], weights, &sums.0, &products.0)
    Scalar.columnStatistics(x[0], rows: n, width: w, weights: weights, sum: &sums.1, square: &products.1)
    kernels.columnProducts(n, w, x[0], x[1], &sums.0, &products.0)
    Scalar.columnProducts(rows: n, width: w, x[0], gradient: x[1], sumG: &sums.1, sumGX: &products.1)
    var y = twice(Scalar(0), n * w)
    kernels.residualSoftplus(n, w, x[0], x[1], columns[0], columns[1], &y.0)
    Scalar.residualSoftplus(rows: n, width: w, x[0], x[1], scale: columns[0], shift: columns[1], into: &y.1)
    #expect(y.0 == y.1)
    var g = (x[2], x[2])
    var out = twice(Scalar(0), n * w)
    columns.withPointers { columns in
      let normalization = NormalizationPointers(
        scale: columns[0], shift: columns[1], mean: columns[2], inverseDeviation: columns[3])
      let coefficients = NormalizationGradientPointers(k1: columns[4], k2: columns[0], k3: columns[1])
      kernels.residualSoftplusBackward(
        n, w, y.0, x[1], columns[2], columns[3], &g.0, &sums.0, &products.0)
      Scalar.residualSoftplusBackward(
        rows: n, width: w, output: y.1, x[1], normalization, gradient: &g.1, sumG: &sums.1,
        sumGX: &products.1)
      kernels.normalizationBackward(
        n, w, g.0, x[1], columns[2], columns[3], weights, columns[4], columns[0], columns[1], &out.0)
      Scalar.normalizationBackward(
        rows: n, width: w, gradient: g.1, x[1], normalization, coefficients, weights: weights, into: &out.1)
    }
    #expect(g.0 == g.1)
    #expect(out.0 == out.1)
    #expect(sums.0 == sums.1 && products.0 == products.1)
    kernels.softplus(n * w - 3, 0.5, &out.0)
    Scalar.softplus(&out.1, count: n * w - 3, shift: 0.5)
    kernels.softplusBackward(n * w - 5, 0.5, out.0, &g.0)
    Scalar.softplusBackward(output: out.1, gradient: &g.1, count: n * w - 5, shift: 0.5)
    #expect(out.0 == out.1 && g.0 == g.1)
    kernels.silu(n * w - 3, x[0], &out.0)
    Scalar.silu(x[0], count: n * w - 3, into: &out.1)
    kernels.siLUSlope(n * w - 5, x[0], &g.0)
    Scalar.siLUSlope(x[0], count: n * w - 5, gradient: &g.1)
    #expect(out.0 == out.1 && g.0 == g.1)
    kernels.addRows(n - 1, w - 3, x[0], w + 1, &out.0)
    Scalar.addRows(rows: n - 1, width: w - 3, x[0], stride: w + 1, to: &out.1)
    kernels.addToRows(n - 1, w - 3, columns[0], &g.0, w + 1)
    Scalar.addToRows(rows: n - 1, width: w - 3, columns[0], &g.1, stride: w + 1)
    let step = AdamStep<Scalar>.sample
    var (values, moments) = ((x[0], x[0]), (x[1].map(abs), x[1].map(abs)))
    kernels.adamStep(n * w - 3, step, x[2], &values.0, &out.0, &moments.0)
    Scalar.adamStep(
      step, count: n * w - 3, gradient: x[2], values: &values.1, first: &out.1, second: &moments.1)
    #expect(out.0 == out.1 && g.0 == g.1)
    #expect(values.0 == values.1 && moments.0 == moments.1)
  }

  private func convolutionKernels<Scalar: KernelScalar>(_ kernels: KernelTable<Scalar>) {
    let w = 16
    var random = RandomInput<Scalar>(seed: 2)
    let edges = RandomEdges([3, 0, 5, 1], weighted: true, using: &random)
    let n = edges.centers
    let arrays = [
      random.numbers(n * 4 * w), random.numbers(edges.count * 8), random.numbers(12 * 2 * w),
      random.numbers(n * w), edges.multiplicities ?? [], edges.rowWeights ?? [],
    ]
    let columns = (0..<7).map { _ in random.numbers(2 * w, 0.5...1.5) }
    let starts = random.integers(edges.count, 0..<5)
    var (sum, square) = (twice(1.0, 2 * w), twice(2.0, 2 * w))
    var s = twice(Scalar(0), n * w)
    var (projections, edgeWeights) = (twice(Scalar(0), n * 4 * w), twice(Scalar(1), 12 * 2 * w))
    (arrays + columns).withPointers { all in
      let (a, c) = (Array(all[..<6]), Array(all[6...]))
      edges.offsets.withUnsafeBufferPointer { offsets in
        edges.neighbors.withUnsafeBufferPointer { neighbors in
          starts.withUnsafeBufferPointer { starts in
            guard let offsets = offsets.baseAddress, let neighbors = neighbors.baseAddress,
              let starts = starts.baseAddress
            else { return }
            let block = EdgeBlock(
              centerCount: n, width: w, projections: a[0], edgeOffsets: offsets, neighbors: neighbors,
              taps: a[1], starts: starts, edgeWeights: a[2],
              multiplicities: Multiplicities(edges: a[4], rows: a[5]))
            let normalization = NormalizationPointers(
              scale: c[0], shift: c[1], mean: c[2], inverseDeviation: c[3])
            let coefficients = NormalizationGradientPointers(k1: c[4], k2: c[5], k3: c[6])
            kernels.edgeStatistics(
              n, w, a[0], offsets, neighbors, a[1], starts, a[2], a[5], &sum.0, &square.0)
            Scalar.edgeStatistics(block, sum: &sum.1, square: &square.1)
            kernels.edgeGate(
              n, w, a[0], offsets, neighbors, a[1], starts, a[2], c[0], c[1], a[4], &s.0)
            Scalar.edgeGate(block, scale: c[0], shift: c[1], into: &s.1)
            kernels.edgeGateBackwardStatistics(
              n, w, a[0], offsets, neighbors, a[1], starts, a[2], c[0], c[1], c[2], c[3], a[3], a[4], &sum.0,
              &square.0)
            Scalar.edgeGateBackwardStatistics(
              block, normalization, gradient: a[3], sumG: &sum.1, sumGX: &square.1)
            kernels.edgeGateBackward(
              n, w, a[0], offsets, neighbors, a[1], starts, a[2], c[0], c[1], c[2], c[3], a[3], a[4], a[5],
              c[4], c[5], c[6], &projections.0, &edgeWeights.0)
            Scalar.edgeGateBackward(
              block, normalization, gradient: a[3], coefficients, projections: &projections.1,
              edgeWeights: &edgeWeights.1)
          }
        }
      }
    }
    #expect(sum.0 == sum.1 && square.0 == square.1)
    #expect(s.0 == s.1)
    #expect(projections.0 == projections.1 && edgeWeights.0 == edgeWeights.1)
  }

  private func gateKernels<Scalar: KernelScalar>(_ kernels: KernelTable<Scalar>) {
    let widths = GateWidths(node: 32, edge: 16)
    let (d, e, o) = (widths.node, widths.edge, widths.row)
    var random = RandomInput<Scalar>(seed: 3)
    let edges = RandomEdges([3, 0, 5, 1], weighted: true, using: &random)
    let n = edges.centers
    let arrays = [
      random.numbers(edges.count * o), random.numbers(edges.count * o), random.numbers(n * d),
      random.numbers(edges.count * e), edges.multiplicities ?? [], edges.centerWeights ?? [],
      random.numbers(n * o), random.numbers(n * o),
    ]
    let columns = (0..<7).map { _ in random.numbers(o, 0.5...1.5) }
    var (s, u) = (twice(Scalar(1), n * d), twice(Scalar(2), edges.count * e))
    var (g, gp) = (twice(Scalar(0), edges.count * o), twice(Scalar(0), edges.count * o))
    var (gq, p) = (twice(Scalar(0), edges.count * o), twice(Scalar(0), edges.count * o))
    var (own, other) = (twice(Scalar(1), n * o), twice(Scalar(2), n * o))
    var (sum, square) = (twice(1.0, o), twice(2.0, o))
    (arrays + columns).withPointers { all in
      let (a, c) = (Array(all[..<8]), Array(all[8...]))
      edges.offsets.withUnsafeBufferPointer { offsets in
        edges.neighbors.withUnsafeBufferPointer { neighbors in
          guard let offsets = offsets.baseAddress, let neighbors = neighbors.baseAddress else { return }
          let lists = EdgeLists(
            centerCount: n, offsets: offsets, neighbors: neighbors,
            multiplicities: Multiplicities(centers: a[5], edges: a[4]))
          let normalization = NormalizationPointers(
            scale: c[0], shift: c[1], mean: c[2], inverseDeviation: c[3])
          let coefficients = NormalizationGradientPointers(k1: c[4], k2: c[5], k3: c[6])
          kernels.edgeAssemble(n, o, offsets, neighbors, a[6], o, a[7], o, &p.0)
          Scalar.edgeAssemble(lists, width: o, center: a[6], neighbor: a[7], stride: o, into: &p.1)
          kernels.edgeScatter(n, o, offsets, neighbors, a[0], &own.0, o, &other.0, o)
          Scalar.edgeScatter(lists, width: o, a[0], center: &own.1, neighbor: &other.1, stride: o)
          kernels.edgeSum(n, d, offsets, a[4], a[0], &s.0)
          Scalar.edgeSum(lists, width: d, a[0], weights: a[4], into: &s.1)
          #expect(s.0 == s.1)
          for adds in [false, true] {
            kernels.edgeSumBackward(n, d, offsets, a[4], a[6], adds ? 1 : 0, &g.0)
            Scalar.edgeSumBackward(
              lists, width: d, weights: a[4], gradient: a[6], adds: adds, into: &g.1)
            #expect(g.0 == g.1)
          }
          kernels.pairGate(
            n, d, e, offsets, neighbors, neighbors, a[4], a[0], a[6], a[7], o, c[0], c[1], &s.0, &u.0)
          Scalar.pairGate(
            lists, widths, a[0], adding: PairRows(center: a[6], neighbor: a[7], stride: o, kinds: neighbors),
            scale: c[0],
            shift: c[1], nodes: &s.1, edges: &u.1)
          kernels.pairGateBackward(n, d, e, offsets, a[4], a[0], c[0], c[1], a[2], a[3], &g.0)
          Scalar.pairGateBackward(
            lists, widths, a[0], scale: c[0], shift: c[1], nodes: a[2], edges: a[3], into: &g.1)
          for normalize in [false, true] {
            kernels.tripletGate(
              n, d, e, offsets, a[4], a[0], a[1], c[0], c[1], normalize ? 1 : 0, &s.0, &u.0)
            Scalar.tripletGate(
              lists, widths, a[0], a[1], scale: c[0], shift: c[1], normalize: normalize, nodes: &s.1,
              edges: &u.1)
            kernels.tripletGateBackward(
              n, d, e, offsets, a[4], a[0], a[1], c[0], c[1], normalize ? 1 : 0, a[2], a[3], &gp.0, &gq.0)
            Scalar.tripletGateBackward(
              lists, widths, a[0], a[1], scale: c[0], shift: c[1], normalize: normalize, nodes: a[2],
              edges: a[3], into: &gp.1, &gq.1)
            #expect(gp.0 == gp.1 && gq.0 == gq.1)
          }
          kernels.tripletStatistics(n, o, offsets, a[4], a[5], a[0], a[1], &sum.0, &square.0)
          Scalar.tripletStatistics(lists, width: o, a[0], a[1], sum: &sum.1, square: &square.1)
          kernels.tripletNormalizationBackward(
            n, o, offsets, a[4], a[5], a[0], a[1], c[2], c[3], c[4], c[5], c[6], &gp.0, &gq.0)
          Scalar.tripletNormalizationBackward(
            lists, width: o, a[0], a[1], normalization, coefficients, &gp.1, &gq.1)
        }
      }
    }
    #expect(p.0 == p.1 && own.0 == own.1 && other.0 == other.1)
    #expect(s.0 == s.1 && u.0 == u.1 && g.0 == g.1)
    #expect(gp.0 == gp.1 && gq.0 == gq.1)
    #expect(sum.0 == sum.1 && square.0 == square.1)
  }
}

extension EntryPointTests {
  private func filterKernels<Scalar: KernelScalar>(_ kernels: KernelTable<Scalar>) {
    let (w, knots) = (32, 9)
    var random = RandomInput<Scalar>(seed: 4)
    let edges = RandomEdges([3, 0, 5, 1], weighted: false, using: &random)
    let n = edges.centers
    let arrays = [
      random.numbers(n * w), random.numbers(n * w), random.numbers(edges.count * 4),
      random.numbers(edges.count * 4), random.numbers(knots * w), random.numbers(knots * w),
    ]
    let starts = (0..<2).map { _ in random.integers(edges.count, 0..<knots - 3) }
    var (s, nodes) = (twice(Scalar(0), n * w), twice(Scalar(1), n * w))
    var (table, secondTable) = (twice(Scalar(2), knots * w), twice(Scalar(3), knots * w))
    arrays.withPointers { a in
      edges.offsets.withUnsafeBufferPointer { offsets in
        edges.neighbors.withUnsafeBufferPointer { neighbors in
          starts[0].withUnsafeBufferPointer { first in
            starts[1].withUnsafeBufferPointer { second in
              guard let offsets = offsets.baseAddress, let neighbors = neighbors.baseAddress,
                let first = first.baseAddress, let second = second.baseAddress
              else { return }
              let lists = EdgeLists<Scalar>(centerCount: n, offsets: offsets, neighbors: neighbors)
              let filters = [
                FilterRows(weights: a[2], starts: first, table: a[4]),
                FilterRows(weights: a[3], starts: second, table: a[5]),
              ]
              kernels.filterSum(
                n, w, offsets, neighbors, a[0], a[2], first, a[4], a[3], second, a[5], &s.0)
              Scalar.filterSum(lists, width: w, a[0], filters[0], times: filters[1], into: &s.1)
              #expect(s.0 == s.1)
              kernels.filterSum(n, w, offsets, neighbors, a[0], a[2], first, a[4], nil, nil, nil, &s.0)
              Scalar.filterSum(lists, width: w, a[0], filters[0], times: nil, into: &s.1)
              kernels.filterSumBackward(
                n, w, offsets, neighbors, a[0], a[2], first, a[4], a[3], second, a[5], a[1], &nodes.0,
                &table.0, &secondTable.0)
              Scalar.filterSumBackward(
                lists, width: w, a[0], filters[0], times: filters[1], gradient: a[1], nodes: &nodes.1,
                table: &table.1, secondTable: &secondTable.1)
            }
          }
        }
      }
    }
    #expect(s.0 == s.1 && nodes.0 == nodes.1)
    #expect(table.0 == table.1 && secondTable.0 == secondTable.1)
  }
}

/// The same array for the kernel and for the entry point.
private func twice<Number>(_ number: Number, _ count: Int) -> ([Number], [Number]) {
  let array = [Number](repeating: number, count: count)
  return (array, array)
}

extension Array where Element: Collection {
  /// Calls `body` with a pointer to each of the arrays, which stay valid meanwhile.
  fileprivate func withPointers<Scalar>(_ body: ([UnsafePointer<Scalar>]) -> Void) where Element == [Scalar] {
    let buffers = map { array in
      let buffer = UnsafeMutablePointer<Scalar>.allocate(capacity: Swift.max(1, array.count))
      buffer.initialize(from: array, count: array.count)
      return buffer
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    body(buffers.map { UnsafePointer($0) })
  }
}
