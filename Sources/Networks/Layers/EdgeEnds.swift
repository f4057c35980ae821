internal import TensorKernels

/// The rest of a linear layer on the concatenation of an edge with its two ends: x_ij + A h_i + B h_j [+ D m_ij], with x_ij
/// what is known of the edge already, in a row of its own or of its kind. The concatenation is never formed: A h and B h are
/// one product of a node's row. Shapes: n nodes, E edges, w channels.
struct EdgeEnds: Layer {
  let name: String
  let width: Int
  let nodeWidth: Int
  /// Whether x has a row a kind of edges.
  let takesKinds: Bool
  /// (node width, 2w): A, B.
  let nodeWeight: Int
  /// Width of m and offset of D (width of m, w); nil where there is no m.
  let message: (width: Int, weight: Int)?

  init(
    _ name: String, edges: NetworkValue, nodes: NetworkValue, messages: NetworkValue?, of inputs: Int,
    _ start: WeightStart, _ parameters: inout ParameterLayout
  ) {
    precondition(edges.space == .edges || edges.space == .edgeKinds, "a row an edge or a kind")
    precondition(nodes.space == .sites && messages.map { $0.space == .edges } ?? true, "sites and edges")
    precondition(nodes.width % 16 == 0 && (messages?.width ?? 0) % 16 == 0, "widths are multiples of 16")
    self.name = name
    let (w, n) = (edges.width, nodes.width)
    (width, nodeWidth, takesKinds) = (w, n, edges.space == .edgeKinds)
    nodeWeight = parameters.takeWeight(inputs: n, of: inputs, outputs: 2 * w, start)
    parameters.name(
      name + ".ends.weight", outputs: w,
      blocks: [
        .init(columns: 0..<n, offset: nodeWeight, rowStride: 1, columnStride: 2 * w),
        .init(columns: n..<2 * n, offset: nodeWeight + w, rowStride: 1, columnStride: 2 * w),
      ])
    message = messages.map {
      ($0.width, parameters.takeWeight(inputs: $0.width, of: inputs, outputs: w, start))
    }
    if let message {
      parameters.name(
        name + ".message.weight", transposed: message.weight, outputs: w, inputs: message.width)
    }
  }

  var outputs: [ValueShape] { [ValueShape(space: .edges, width: width)] }
  var worksInPlace: Bool { !takesKinds }
  var workBuffers: Int { 1 }
  var transposed: [StoredMatrix] {
    [StoredMatrix(offset: nodeWeight, rows: nodeWidth, columns: 2 * width)]
      + (message.map { [StoredMatrix(offset: $0.weight, rows: $0.width, columns: width)] } ?? [])
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, w) = (context.block, width)
    let (n, count) = (block.siteCount, block.edgeCount)
    let projections = context.work[0].reserve(n * 2 * w)
    Scalar.multiply(
      rows: n, columns: 2 * w, inner: nodeWidth, context.input(1), aRow: nodeWidth, aColumn: 1,
      context.weights + nodeWeight, bias: nil, into: projections, accumulate: false)
    let (x, y) = (context.input(0), context.output(0))
    if takesKinds {
      let kinds = block.edgeKinds.pointer
      for edge in 0..<count { (y + edge * w).update(from: x + Int(kinds[edge]) * w, count: w) }
    } else if x != y {
      y.update(from: x, count: count * w)
    }
    Scalar.edgeAssemble(
      block.edgeLists, width: w, center: projections, neighbor: projections + w, stride: 2 * w, into: y)
    guard let message else { return }
    Scalar.multiply(
      rows: count, columns: w, inner: message.width, context.input(2), aRow: message.width, aColumn: 1,
      context.weights + message.weight, bias: nil, into: y, accumulate: true)
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, w, g) = (context.block, width, context.outputGradient(0))
    let (n, count) = (block.siteCount, block.edgeCount)
    let gp = context.chunk.scratch[0].reserve(n * 2 * w)
    gp.update(repeating: 0, count: n * 2 * w)
    Scalar.edgeScatter(block.edgeLists, width: w, g, center: gp, neighbor: gp + w, stride: 2 * w)
    Scalar.multiply(
      rows: nodeWidth, columns: 2 * w, inner: n, context.input(1), aRow: 1, aColumn: nodeWidth, gp, bias: nil,
      into: context.gradient + nodeWeight, accumulate: true)
    if let (out, isFirst) = context.inputGradient(1) {
      Scalar.multiply(
        rows: n, columns: nodeWidth, inner: 2 * w, gp, aRow: 2 * w, aColumn: 1,
        context.shared.transposed[0].pointer, bias: nil, into: out, accumulate: !isFirst)
    }
    if let message {
      Scalar.multiply(
        rows: message.width, columns: w, inner: count, context.input(2), aRow: 1, aColumn: message.width, g,
        bias: nil, into: context.gradient + message.weight, accumulate: true)
      if let (out, isFirst) = context.inputGradient(2) {
        Scalar.multiply(
          rows: count, columns: message.width, inner: w, g, aRow: w, aColumn: 1,
          context.shared.transposed[1].pointer, bias: nil, into: out, accumulate: !isFirst)
      }
    }
    // Last: this may make the output's gradient the input's.
    if !takesKinds {
      _ = context.passGradient(output: 0, input: 0)
    } else if let out = context.clearedInputGradient(0) {
      Scalar.scatterRows(g, rows: count, width: w, index: block.edgeKinds.pointer, to: out)
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let weight = context.matrix(name + ".ends.weight")
    let own = message.map { _ in context.matrix(name + ".message.weight") }
    return [
      context.edges.enumerated().map { index, edge in
        let row = plainProduct(weight, inputs[1][edge.center] + inputs[1][edge.neighbor], inputs[0][index])
        return own.map { plainProduct($0, inputs[2][index], row) } ?? row
      }
    ]
  }
}

extension NetworkBuilder {
  /// x_ij + A h_i + B h_j, and + D m_ij where there are messages; tensors `name.ends.weight`, (width, twice that of the nodes)
  /// with the columns of the center first, and `name.message.weight`.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - edges: x, a row an edge or a kind of edges; the width is a multiple of 16.
  ///   - nodes: h, a row a site.
  ///   - messages: m, a row an edge; nil for none.
  ///   - inputs: numbers that the layer sees in all, by which parameters are drawn.
  ///   - start: how they are.
  public mutating func edgeEnds(
    _ name: String, _ edges: NetworkValue, nodes: NetworkValue, messages: NetworkValue? = nil, of inputs: Int,
    start: WeightStart = .byInputs
  ) -> NetworkValue {
    add([edges, nodes] + (messages.map { [$0] } ?? [])) {
      EdgeEnds(name, edges: edges, nodes: nodes, messages: messages, of: inputs, start, &$0)
    }[0]
  }
}
