internal import TensorKernels

/// The edge-gated convolution of ALIGNN, on the crystal graph or on its line graph. With h the vectors of nodes and e those
/// of edges, for an edge from j to i:
///
///     m_ji = A h_j + B h_i + C e_ji + a
///     v_i  = U h_i + u + Σ_j σ(m_ji) ⊙ (V h_j + w) / (Σ_j σ(m_ji) + 1e-6)
///     h_i' = h_i + silu(BN v_i),   e_ji' = e_ji + silu(BN m_ji)
///
/// What depends on one node or on one edge alone is computed once for it: A h, V h, B h and U h are one product of a node's
/// vector. On the line graph nodes are the edges of the crystal graph and edges are pairs of these; where the vectors of
/// pairs still are functions of their angles alone, C e is computed once an angle. Edges that nobody reads are not updated.
/// The gate takes m as it is, as the code does, while the paper gates with the updated edges. Width w for both.
///
/// Source: K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185 (2021), and its code (usnistgov/alignn, 2021.11.16).
struct EdgeGatedConvolution: Layer {
  let name: String
  let width: Int
  /// Whether it is on the line graph.
  let isLine: Bool
  /// Whether the edges that come in are angles.
  let takesAngles: Bool
  /// (w, 4w): A, V, B, U.
  let nodeWeight: Int
  /// (4w): of A, V, B, U.
  let nodeBias: Int
  /// (w, w).
  let edgeWeight: Int
  /// (w).
  let edgeBias: Int
  let nodeNormalization: NormalizationSlot
  /// nil where edges are not updated.
  let edgeNormalization: NormalizationSlot?

  private enum Work {
    static let projections = 0
    static let gates = 1
    static let nodes = 2
    static let denominators = 3
    static let angles = 4
  }
  private enum Scratch {
    static let nodes = 0
    static let gates = 1
    static let projections = 2
    static let angles = 3
  }
  /// Pairs that inference goes through at once: their gates stay in a core's cache.
  private static let tile = 96

  init(
    _ name: String, nodes: NetworkValue, edges: NetworkValue, updatesEdges: Bool,
    _ parameters: inout ParameterLayout
  ) {
    precondition(nodes.width == edges.width && nodes.width % 16 == 0, "one width, a multiple of 16")
    precondition(
      nodes.space == .sites ? edges.space == .edges : edges.space == .edgePairs || edges.space == .angles,
      "edges of the nodes' graph")
    self.name = name
    let w = nodes.width
    width = w
    isLine = nodes.space == .edges
    takesAngles = edges.space == .angles
    nodeWeight = parameters.take(4 * w * w, inputs: w)
    nodeBias = parameters.take(4 * w, inputs: w)
    edgeWeight = parameters.take(w * w, inputs: w)
    edgeBias = parameters.take(w, inputs: w)
    nodeNormalization = parameters.takeNormalization(w, over: nodes.space.normalizedRows)
    edgeNormalization = updatesEdges ? parameters.takeNormalization(w, over: edges.space.normalizedRows) : nil
    for (index, part) in ["src_gate", "dst_update", "dst_gate", "src_update"].enumerated() {
      parameters.name(
        "\(name).\(part).weight", transposed: nodeWeight + index * w, outputs: w, inputs: w, stride: 4 * w)
      parameters.name("\(name).\(part).bias", vector: nodeBias + index * w, w)
    }
    parameters.name(name + ".edge_gate.weight", transposed: edgeWeight, outputs: w, inputs: w)
    parameters.name(name + ".edge_gate.bias", vector: edgeBias, w)
    parameters.name(name + ".bn_nodes", nodeNormalization)
    if let edgeNormalization { parameters.name(name + ".bn_edges", edgeNormalization) }
  }

  private var nodeSpace: RowSpace { isLine ? .edges : .sites }
  private var edgeSpace: RowSpace { isLine ? .edgePairs : .edges }

  var outputs: [ValueShape] {
    [ValueShape(space: nodeSpace, width: width)]
      + (edgeNormalization == nil ? [] : [ValueShape(space: edgeSpace, width: width)])
  }
  var normalizations: [StagedNormalization] {
    [StagedNormalization(slot: nodeNormalization, measuredBy: 0, gradientBy: 0)]
      + (edgeNormalization.map { [StagedNormalization(slot: $0, measuredBy: 0, gradientBy: 0)] } ?? [])
  }
  var forwardStages: Int { 2 }
  var backwardStages: Int { 2 }
  var workBuffers: Int { 5 }
  var worksInPlace: Bool { true }
  var transposed: [StoredMatrix] {
    [
      StoredMatrix(offset: nodeWeight, rows: width, columns: 4 * width),
      StoredMatrix(offset: edgeWeight, rows: width, columns: width),
    ]
  }

  /// Nodes and edges of a block's graph, or line graph.
  private func graph<Scalar: NetworkScalar>(_ block: GraphBlock<Scalar>) -> GatedEdges<Scalar> {
    isLine
      ? GatedEdges(
        targetCount: block.edgeCount, offsets: block.pairs.offsets.pointer,
        sources: block.pairs.sources.pointer, multiplicities: block.pairs.multiplicities)
      : GatedEdges(
        targetCount: block.siteCount, offsets: block.edgeOffsets.pointer, sources: block.neighbors.pointer,
        multiplicities: block.multiplicities.edges)
  }

  private func edgeCount<Scalar: NetworkScalar>(_ block: GraphBlock<Scalar>) -> Int {
    isLine ? block.pairs.count : block.edgeCount
  }

  private func index<Scalar: NetworkScalar>(_ block: GraphBlock<Scalar>) -> UnsafePointer<Int32>? {
    takesAngles ? UnsafePointer(block.pairs.angles.pointer) : nil
  }

  // MARK: Forward

  private func projectNodes<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> UnsafeMutablePointer<
    Scalar
  > {
    let n = graph(context.block).targetCount
    let out = context.work[Work.projections].reserve(4 * n * width)
    Scalar.multiply(
      rows: n, columns: 4 * width, inner: width, context.input(0), aRow: width, aColumn: 1,
      context.weights + nodeWeight, bias: context.weights + nodeBias, into: out, accumulate: false)
    return out
  }

  /// C e + a of the first `rows` rows of the edges.
  private func projectEdges<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, rows: Int, into out: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.multiply(
      rows: rows, columns: width, inner: width, context.input(1), aRow: width, aColumn: 1,
      context.weights + edgeWeight, bias: context.weights + edgeBias, into: out, accumulate: false)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, graph) = (context.block, graph(context.block))
    let (n, count) = (graph.targetCount, edgeCount(block))
    guard stage == 0 else {
      update(context)
      return
    }
    let projections = projectNodes(context)
    let gates = context.work[Work.gates].reserve(count * width)
    let v = context.work[Work.nodes].reserve(n * width)
    let projected = takesAngles ? context.work[Work.angles].reserve(block.pairs.angleCount * width) : gates
    projectEdges(context, rows: takesAngles ? block.pairs.angleCount : count, into: projected)
    Scalar.edgeGatedMean(
      graph, targets: 0..<n, width: width, projections: projections, edges: projected, index: index(block),
      gates: gates, into: v, denominators: context.work[Work.denominators].reserve(n * width))
    measure(context.sums[0], v, rows: n, weights: block.rowWeights(nodeSpace))
    if edgeNormalization != nil {
      measure(context.sums[1], gates, rows: count, weights: block.rowWeights(edgeSpace))
    }
  }

  private func measure<Scalar: NetworkScalar>(
    _ sums: ColumnSums, _ x: UnsafePointer<Scalar>, rows: Int, weights: UnsafePointer<Scalar>?
  ) {
    sums.clear()
    Scalar.columnStatistics(
      x, rows: rows, width: width, weights: weights, sum: sums.first, square: sums.second)
  }

  private func update<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let block = context.block
    let normalizations = context.shared.normalizations
    let nodes = normalizations[0].affine
    Scalar.residualSiLU(
      rows: graph(block).targetCount, width: width, context.input(0), index: nil,
      context.work[Work.nodes].pointer, (nodes.scale, nodes.shift), into: context.output(0))
    guard edgeNormalization != nil else { return }
    let edges = normalizations[1].affine
    Scalar.residualSiLU(
      rows: edgeCount(block), width: width, context.input(1), index: index(block),
      context.work[Work.gates].pointer, (edges.scale, edges.shift), into: context.output(1))
  }

  // MARK: Backward

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    if stage == 0 {
      activationBackward(context)
    } else {
      gateBackward(context)
      projectBackward(context)
    }
  }

  private func activationBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let block = context.block
    func backward(_ number: Int, rows: Int, _ work: Int, _ scratch: Int) {
      let sums = context.sums[number]
      sums.clear()
      Scalar.siLUBackward(
        rows: rows, width: width, context.work[work].pointer,
        context.shared.normalizations[number].pointers, gradient: context.outputGradient(number),
        into: context.chunk.scratch[scratch].reserve(rows * width), sumG: sums.first, sumGX: sums.second)
    }
    backward(0, rows: graph(block).targetCount, Work.nodes, Scratch.nodes)
    if edgeNormalization != nil { backward(1, rows: edgeCount(block), Work.gates, Scratch.gates) }
  }

  /// From the gradients before the normalizations to those of m and of the nodes' projections.
  private func gateBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, graph) = (context.block, graph(context.block))
    let (n, count, scratch) = (graph.targetCount, edgeCount(block), context.chunk.scratch)
    func normalizationBackward(_ number: Int, rows: Int, _ work: Int, _ own: Int, _ space: RowSpace) {
      let normalization = context.shared.normalizations[number]
      let g = scratch[own].pointer
      Scalar.normalizationBackward(
        rows: rows, width: width, gradient: g, context.work[work].pointer, normalization.pointers,
        normalization.gradientPointers, weights: block.rowWeights(space), into: g)
    }
    normalizationBackward(0, rows: n, Work.nodes, Scratch.nodes, nodeSpace)
    let updatesEdges = edgeNormalization != nil
    if updatesEdges {
      normalizationBackward(1, rows: count, Work.gates, Scratch.gates, edgeSpace)
    } else {
      scratch[Scratch.gates].reserve(count * width)
    }
    let gp = scratch[Scratch.projections].reserve(4 * n * width)
    gp.update(repeating: 0, count: 4 * n * width)
    Scalar.edgeGatedMeanBackward(
      graph, width: width, projections: context.work[Work.projections].pointer,
      gates: context.work[Work.gates].pointer, context.work[Work.nodes].pointer,
      denominators: context.work[Work.denominators].pointer, gradient: scratch[Scratch.nodes].pointer,
      adds: updatesEdges, gates: scratch[Scratch.gates].pointer, projections: gp)
  }

  private func projectBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (n, scratch) = (graph(context.block).targetCount, context.chunk.scratch)
    edgeBackward(context)
    let gp = scratch[Scratch.projections].pointer
    let nodes = context.passGradient(output: 0, input: 0)
    Scalar.multiply(
      rows: n, columns: width, inner: 4 * width, gp, aRow: 4 * width, aColumn: 1,
      context.shared.transposed[0].pointer, bias: nil, into: nodes, accumulate: true)
    Scalar.multiply(
      rows: width, columns: 4 * width, inner: n, context.input(0), aRow: 1, aColumn: width, gp, bias: nil,
      into: context.gradient + nodeWeight, accumulate: true)
    Scalar.addRows(rows: n, width: 4 * width, gp, stride: 4 * width, to: context.gradient + nodeBias)
  }

  private func edgeBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, count, scratch) = (context.block, edgeCount(context.block), context.chunk.scratch)
    var (g, rows) = (scratch[Scratch.gates].pointer, count)
    var edges: UnsafeMutablePointer<Scalar>?
    if takesAngles {
      // Pairs of one angle share a row.
      rows = block.pairs.angleCount
      let (sums, index) = (scratch[Scratch.angles].reserve(rows * width), block.pairs.angles.pointer)
      sums.update(repeating: 0, count: rows * width)
      Scalar.scatterRows(g, rows: count, width: width, index: index, to: sums)
      g = sums
      edges = context.clearedInputGradient(1)
      if let edges, edgeNormalization != nil {
        Scalar.scatterRows(context.outputGradient(1), rows: count, width: width, index: index, to: edges)
      }
    } else {
      edges =
        edgeNormalization == nil
        ? context.clearedInputGradient(1) : context.passGradient(output: 1, input: 1)
    }
    if let edges {
      Scalar.multiply(
        rows: rows, columns: width, inner: width, g, aRow: width, aColumn: 1,
        context.shared.transposed[1].pointer, bias: nil, into: edges, accumulate: true)
    }
    Scalar.multiply(
      rows: width, columns: width, inner: rows, context.input(1), aRow: 1, aColumn: width, g, bias: nil,
      into: context.gradient + edgeWeight, accumulate: true)
    Scalar.addRows(rows: rows, width: width, g, stride: width, to: context.gradient + edgeBias)
  }

  // MARK: Inference

  /// Scale, then shift of each normalization; then the matrices of nodes and edges in panels.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let affine = normalizations.flatMap { staged in
      let (scale, shift) = source.affine(staged.slot)
      return [scale.map { Scalar($0) }, shift.map { Scalar($0) }]
    }
    return PreparedLayer(
      arrays: affine + [
        source.panels(nodeWeight, rows: width, columns: 4 * width),
        source.panels(edgeWeight, rows: width, columns: width),
      ])
  }

  /// The product of rows of `width` with the nodes' or edges' matrix.
  private func project<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, rows: Int, _ x: UnsafePointer<Scalar>, isEdges: Bool,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    context.prepared.arrays[2 * normalizations.count + (isEdges ? 1 : 0)].withUnsafeBufferPointer { panels in
      Scalar.multiply(
        rows: rows, columns: isEdges ? width : 4 * width, inner: width, x, aRow: width,
        panels: panels.baseAddress.unsafelyUnwrapped, bias: context.weights + (isEdges ? edgeBias : nodeBias),
        into: out)
    }
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, graph) = (context.block, graph(context.block))
    let n = graph.targetCount
    let projections = context.work[Work.projections].reserve(4 * n * width)
    project(context, rows: n, context.input(0), isEdges: false, into: projections)
    let v = context.work[Work.nodes].reserve(n * width)
    let angles = takesAngles ? context.work[Work.angles].reserve(block.pairs.angleCount * width) : nil
    if let angles {
      project(context, rows: block.pairs.angleCount, context.input(1), isEdges: true, into: angles)
    }
    let edges = edgeNormalization == nil ? nil : context.output(1)
    // Some targets at a time, all of their edges.
    var first = 0
    while first < n {
      var last = first + 1
      while last < n, Int(graph.offsets[last + 1] - graph.offsets[first]) <= Self.tile { last += 1 }
      let rows = Int(graph.offsets[first])..<Int(graph.offsets[last])
      let gates = context.work[Work.gates].reserve(max(rows.count, Self.tile) * width)
      if angles == nil {
        project(
          context, rows: rows.count, context.input(1) + rows.lowerBound * width, isEdges: true, into: gates)
      }
      Scalar.edgeGatedMean(
        graph, targets: first..<last, width: width, projections: projections, edges: angles ?? gates,
        index: index(block), gates: edges == nil ? nil : gates, into: v, denominators: nil)
      if let edges {
        context.withPreparedAffine(1) { affine in
          Scalar.residualSiLU(
            rows: rows.count, width: width,
            angles == nil ? context.input(1) + rows.lowerBound * width : context.input(1),
            index: index(block).map { $0 + rows.lowerBound }, gates, (affine.scale, affine.shift),
            into: edges + rows.lowerBound * width)
        }
      }
      first = last
    }
    context.withPreparedAffine(0) { affine in
      Scalar.residualSiLU(
        rows: n, width: width, context.input(0), index: nil, v, (affine.scale, affine.shift),
        into: context.output(0))
    }
  }

  // MARK: Plain loops

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (nodes, edges) = (inputs[0], inputs[1])
    let ends =
      isLine
      ? context.pairs.map { (target: $0.second, source: $0.first) }
      : context.edges.map { (target: $0.center, source: $0.neighbor) }
    func product(_ part: String, _ rows: [[Double]]) -> [[Double]] {
      let (weight, bias) = (
        context.matrix("\(name).\(part).weight"), context.vector("\(name).\(part).bias")
      )
      return rows.map { plainProduct(weight, $0, bias) }
    }
    let (sources, targets, own) = (
      product("src_gate", nodes), product("dst_gate", nodes), product("edge_gate", edges)
    )
    let values = product("dst_update", nodes)
    var gates = own
    var above = nodes.map { _ in [Double](repeating: 0, count: width) }
    var below = above
    for (edge, (target, source)) in ends.enumerated() {
      for channel in 0..<width {
        gates[edge][channel] += sources[source][channel] + targets[target][channel]
        let gate = plainSigmoid(gates[edge][channel])
        above[target][channel] += gate * values[source][channel]
        below[target][channel] += gate
      }
    }
    var sums = product("src_update", nodes)
    for node in sums.indices {
      for channel in 0..<width { sums[node][channel] += above[node][channel] / (below[node][channel] + 1e-6) }
    }
    func updated(_ rows: [[Double]], _ changes: inout [[Double]], _ normalization: String) -> [[Double]] {
      context.normalize(&changes, "\(name).\(normalization)")
      return zip(rows, changes).map { zip($0, $1).map { $0 + plainSiLU($1) } }
    }
    let result = updated(nodes, &sums, "bn_nodes")
    return edgeNormalization == nil ? [result] : [result, updated(edges, &gates, "bn_edges")]
  }
}

extension NetworkBuilder {
  /// The edge-gated convolution of ALIGNN.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - nodes: a row a site, or a row an edge for the line graph; the width is a multiple of 16.
  ///   - edges: a row an edge, or for the line graph a row a pair or an angle; of the same width.
  ///   - updatesEdges: whether edges are updated.
  /// - Returns: the new nodes, and the new edges or those that were.
  public mutating func edgeGatedConvolution(
    _ name: String, _ nodes: NetworkValue, _ edges: NetworkValue, updatesEdges: Bool
  ) -> (nodes: NetworkValue, edges: NetworkValue) {
    let made = add([nodes, edges]) {
      EdgeGatedConvolution(name, nodes: nodes, edges: edges, updatesEdges: updatesEdges, &$0)
    }
    return (made[0], made.count > 1 ? made[1] : edges)
  }
}
