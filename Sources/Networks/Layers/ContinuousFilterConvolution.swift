internal import TensorKernels

/// The convolution of SchNet: s_i = Σ_j x_j ⊙ f(d_ij), without the matrices around it. A filter may be the product of
/// two, each a function of one number of an edge.
///
/// Filters are evaluated at the knots of a grid once a step, before the chunks, and an edge costs an interpolation. Backward,
/// the edges' gradients are spread over the same knots, added up over the chunks in their order, and go through the
/// filter's two layers once: the exact gradient of the interpolated function.
///
/// Source: K. T. Schütt et al., J. Chem. Phys. 148, 241722 (2018).
struct ContinuousFilterConvolution: Layer {
  let width: Int
  /// One or two.
  let filters: [TabulatedFilter]

  init(_ name: String, width: Int, _ filters: [EdgeFilter], _ parameters: inout ParameterLayout) {
    precondition((1...2).contains(filters.count), "the kernels take one filter or the product of two")
    self.width = width
    self.filters = filters.enumerated().map { number, filter in
      TabulatedFilter(
        name + (number == 0 ? "" : ".\(number)"), filter, width: width, &parameters)
    }
  }

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }
  var transposed: [StoredMatrix] { filters.map(\.transposed) }
  /// The gradient of each table.
  var workBuffers: Int { filters.count }

  private func rows<Scalar: NetworkScalar>(
    _ number: Int, _ context: LayerContext<Scalar>, _ table: UnsafePointer<Scalar>
  ) -> FilterRows<Scalar> {
    FilterRows(
      weights: context.input(1 + number),
      starts: context.chunk.starts[context.inputs[1 + number]].pointer, table: table)
  }

  /// Where filter `number` lies in what the chunks share; behind the last, room for a hidden layer.
  private func offset(_ number: Int) -> Int { filters[..<number].reduce(0) { $0 + $1.memoryCount } }

  private func sharedRows<Scalar: NetworkScalar>(
    _ number: Int, _ context: LayerContext<Scalar>
  ) -> FilterRows<Scalar> {
    rows(number, context, context.shared.table.pointer + offset(number))
  }

  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>) {
    let room = filters.reduce(0) { max($0, $1.tableCount) }
    let memory = shared.table.reserve(offset(filters.count) + room)
    for (number, filter) in filters.enumerated() {
      filter.tabulate(shared.weights, into: memory + offset(number))
    }
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    Scalar.filterSum(
      context.block.edgeLists, width: width, context.input(0), sharedRows(0, context),
      times: filters.count > 1 ? sharedRows(1, context) : nil, into: context.output(0))
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let nodes = context.clearedInputGradient(0) else { return }
    let tables = zip(filters, context.work).map { filter, buffer in
      let table = buffer.reserve(filter.tableCount)
      table.update(repeating: 0, count: filter.tableCount)
      return table
    }
    let isProduct = filters.count > 1
    Scalar.filterSumBackward(
      context.block.edgeLists, width: width, context.input(0), sharedRows(0, context),
      times: isProduct ? sharedRows(1, context) : nil, gradient: context.outputGradient(0), nodes: nodes,
      table: tables[0], secondTable: isProduct ? tables[1] : nil)
  }

  func end<Scalar: NetworkScalar>(
    _ shared: SharedWork<Scalar>, _ contexts: [LayerContext<Scalar>], gradient: UnsafeMutablePointer<Scalar>
  ) {
    for (number, filter) in filters.enumerated() {
      let sum = contexts[0].work[number].pointer
      for context in contexts.dropFirst() {
        let partial = context.work[number].pointer
        for index in 0..<filter.tableCount { sum[index] += partial[index] }
      }
      let memory = shared.table.pointer
      filter.backward(
        sum, memory + offset(number), transposed: shared.transposed[number].pointer,
        scratch: memory + offset(filters.count), gradient: gradient)
    }
  }

  /// The tables.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let tables = filters.map { filter in
      var memory = [Scalar](repeating: 0, count: filter.memoryCount)
      memory.withUnsafeMutableBufferPointer { memory in
        source.values.withUnsafeBufferPointer { values in
          filter.tabulate(
            values.baseAddress.unsafelyUnwrapped, into: memory.baseAddress.unsafelyUnwrapped)
        }
      }
      return Array(memory.prefix(filter.tableCount))
    }
    return PreparedLayer(arrays: tables)
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    func sum(_ first: FilterRows<Scalar>, _ second: FilterRows<Scalar>?) {
      Scalar.filterSum(
        context.block.edgeLists, width: width, context.input(0), first, times: second,
        into: context.output(0))
    }
    let tables = context.prepared.arrays
    tables[0].withUnsafeBufferPointer { table in
      let first = rows(0, context, table.baseAddress.unsafelyUnwrapped)
      guard tables.count > 1 else { return sum(first, nil) }
      tables[1].withUnsafeBufferPointer { table in
        sum(first, rows(1, context, table.baseAddress.unsafelyUnwrapped))
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let values = filters.enumerated().map { number, filter in
      filter.plain(inputs[1 + number].map { $0[0] }, context)
    }
    var sums = inputs[0].map { _ in [Double](repeating: 0, count: width) }
    for (index, edge) in context.edges.enumerated() {
      for channel in 0..<width {
        sums[edge.center][channel] += values.reduce(inputs[0][edge.neighbor][channel]) {
          $0 * $1[index][channel]
        }
      }
    }
    return [sums]
  }
}

extension NetworkBuilder {
  /// The sum over the neighbors' rows times the filters of the edges between; tensors `name.0` and `name.1` of the filter's
  /// two layers, `name.1.0` and `name.1.1` of those of a second filter.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - nodes: a row a site; the width is a multiple of 16.
  ///   - filters: one filter, or two to be multiplied, each with what `knotWeights` made of the edges for it. One of two
  ///     counts edges.
  public mutating func continuousFilterConvolution(
    _ name: String, _ nodes: NetworkValue, filters: [(filter: EdgeFilter, knots: NetworkValue)]
  ) -> NetworkValue {
    add([nodes] + filters.map(\.knots)) {
      ContinuousFilterConvolution(name, width: nodes.width, filters.map(\.filter), &$0)
    }[0]
  }
}
