internal import TensorKernels

/// The convolution of iCGCNN, with a vector for each edge and three-body terms. The concatenations of the paper,
///
///     z_ij = v_i ⊕ v_j ⊕ u_ij,   z_ijl = v_i ⊕ v_j ⊕ v_l ⊕ u_ij ⊕ u_il   (l ≠ j),
///
/// are never formed. With v the nodes and u the edges,
///
///     pair:     P_ij = A v_i + B v_j + U u_ij + b
///     triplet:  P'_ij = A' v_i + B' v_j + U' u_ij + b',   Q_il = C v_l + U'' u_il,   t_ijl = P'_ij + Q_il
///
/// so that only the gate is evaluated per triplet; pairs and triplets are normalized each over all their rows. What is
/// computed of u alone is computed once a kind of edge as long as edges of a kind have the same vector: before the
/// first update. Messages sigmoid ⊙ softplus
/// add up over the edges and triplets of a site, and over the triplets of an edge, and v' = softplus(v + normalized sum),
/// u' likewise. Shapes: n sites, E edges, d node width, e edge width, o = 2d + 2e' gate channels (e' = e, or 0 where edges
/// are left alone).
///
/// Source: C. W. Park and C. Wolverton, Phys. Rev. Materials 4, 063801 (2020); normalizations as in CGCNN's code.
struct PairTripletConvolution: Layer {
  /// What only a convolution with triplets has.
  struct Triplet {
    /// (e, o): first and second edge of a triplet.
    let first: Int
    let second: Int
    /// (o).
    let bias: Int
    let normalization: NormalizationSlot
    /// Whether the sum over a center's triplets is divided by the number of its edges less one.
    let normalizesSum: Bool
  }

  let name: String
  let widths: GateWidths
  /// e, whether edges are updated or not.
  let edgeWidth: Int
  /// (d, o · blocks): pair center, pair neighbor, and with triplets first center, first neighbor, second neighbor.
  let nodeWeight: Int
  /// (e, o): the pair's edge.
  let pairEdgeWeight: Int
  /// (o).
  let pairBias: Int
  let pairNormalization: NormalizationSlot
  let triplet: Triplet?
  let nodeNormalization: NormalizationSlot
  /// nil where edges are left alone.
  let edgeNormalization: NormalizationSlot?
  /// Whether pairs' messages have weights: the third input.
  let isWeighted: Bool
  /// Whether the edges come as a row a kind.
  let takesKinds: Bool

  private var d: Int { widths.node }
  private var e: Int { edgeWidth }
  private var o: Int { widths.row }
  /// Blocks of o columns of `nodeWeight`.
  private var blocks: Int { triplet == nil ? 2 : 5 }

  private enum Work {
    static let projections = 0
    static let pair = 1
    static let first = 2
    static let second = 3
    static let nodeSums = 4
    static let edgeSums = 5
  }
  private enum Scratch {
    static let nodeSumGradient = 0
    static let edgeSumGradient = 1
    static let pairGradient = 2
    static let firstGradient = 3
    static let secondGradient = 4
    static let projectionGradient = 5
    static let kinds = 6
  }

  init(
    _ name: String, nodes d: Int, edges e: Int, updatesEdges: Bool, hasTriplets: Bool,
    normalizesTriplets: Bool,
    isWeighted: Bool, takesKinds: Bool, _ parameters: inout ParameterLayout
  ) {
    self.name = name
    self.isWeighted = isWeighted
    self.takesKinds = takesKinds
    edgeWidth = e
    widths = GateWidths(node: d, edge: updatesEdges ? e : 0)
    let (o, blocks) = (widths.row, hasTriplets ? 5 : 2)
    let (pairInputs, tripletInputs) = (2 * d + e, 3 * d + 2 * e)
    nodeWeight = parameters.take(d * o * blocks)
    // The pair's blocks of the node weight and the triplet's lie side by side in each row.
    for row in 0..<d {
      let start = nodeWeight + row * o * blocks
      parameters.draw(start, 2 * o, inputs: pairInputs)
      if hasTriplets { parameters.draw(start + 2 * o, 3 * o, inputs: tripletInputs) }
    }
    pairEdgeWeight = parameters.take(e * o, inputs: pairInputs)
    pairBias = parameters.take(o, inputs: pairInputs)
    pairNormalization = parameters.takeNormalization(o, over: .edges)
    if hasTriplets {
      let first = parameters.take(e * o, inputs: tripletInputs)
      let second = parameters.take(e * o, inputs: tripletInputs)
      let bias = parameters.take(o, inputs: tripletInputs)
      triplet = Triplet(
        first: first, second: second, bias: bias,
        normalization: parameters.takeNormalization(o, over: .triplets), normalizesSum: normalizesTriplets)
    } else {
      triplet = nil
    }
    nodeNormalization = parameters.takeNormalization(d, over: .sites)
    edgeNormalization = updatesEdges ? parameters.takeNormalization(e, over: .edges) : nil
    nameTensors(&parameters)
  }

  private func nameTensors(_ parameters: inout ParameterLayout) {
    let (o, d, e, stride) = (o, d, e, o * blocks)
    func block(_ kind: String, _ index: Int) {
      parameters.name(
        "\(name).\(kind).weight", transposed: nodeWeight + index * o, outputs: o, inputs: d, stride: stride)
    }
    func edge(_ kind: String, _ offset: Int) {
      parameters.name("\(name).\(kind).weight", transposed: offset, outputs: o, inputs: e)
    }
    block("pair.center", 0)
    block("pair.neighbor", 1)
    edge("pair.edge", pairEdgeWeight)
    parameters.name(name + ".pair.bias", vector: pairBias, o)
    parameters.name(name + ".pair.normalization", pairNormalization)
    if let triplet {
      block("triplet.center", 2)
      block("triplet.first_neighbor", 3)
      block("triplet.second_neighbor", 4)
      edge("triplet.first_edge", triplet.first)
      edge("triplet.second_edge", triplet.second)
      parameters.name(name + ".triplet.bias", vector: triplet.bias, o)
      parameters.name(name + ".triplet.normalization", triplet.normalization)
    }
    parameters.name(name + ".node.normalization", nodeNormalization)
    if let edgeNormalization { parameters.name(name + ".edge.normalization", edgeNormalization) }
  }

  var outputs: [ValueShape] {
    [ValueShape(space: .sites, width: d)]
      + (edgeNormalization == nil ? [] : [ValueShape(space: .edges, width: e)])
  }
  /// Pair, triplet where there are any, node, edge where edges are updated.
  var normalizations: [StagedNormalization] {
    [StagedNormalization(slot: pairNormalization, measuredBy: 0, gradientBy: 1, sumsNormalized: false)]
      + (triplet.map {
        [StagedNormalization(slot: $0.normalization, measuredBy: 0, gradientBy: 1, sumsNormalized: false)]
      } ?? []) + [StagedNormalization(slot: nodeNormalization, measuredBy: 1, gradientBy: 0)]
      + (edgeNormalization.map { [StagedNormalization(slot: $0, measuredBy: 1, gradientBy: 0)] } ?? [])
  }
  private var nodeIndex: Int { triplet == nil ? 1 : 2 }
  private var edgeIndex: Int { nodeIndex + 1 }
  var forwardStages: Int { 3 }
  var backwardStages: Int { 3 }
  /// Node weight, pair's edge weight, first and second edge weight of triplets.
  var transposed: [StoredMatrix] {
    [StoredMatrix(offset: nodeWeight, rows: d, columns: o * blocks)]
      + ([pairEdgeWeight] + (triplet.map { [$0.first, $0.second] } ?? [])).map {
        StoredMatrix(offset: $0, rows: e, columns: o)
      }
  }
  var workBuffers: Int { 6 }
  var worksInPlace: Bool { true }

  // MARK: Forward

  private func pairLists<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> EdgeLists<Scalar> {
    var lists = context.block.edgeLists
    if isWeighted { lists.multiplicities.edges = UnsafePointer(context.input(2)) }
    return lists
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let normalizations = context.shared.normalizations
    switch stage {
    case 0:
      projectNodes(context)
      let pairs = projectEdges(context, Work.pair, pairEdgeWeight, bias: pairBias)
      let rows = pairRows(context)
      Scalar.edgeAssemble(
        context.block.edgeLists, width: o, center: rows.center, neighbor: rows.neighbor, stride: rows.stride,
        into: pairs)
      projectTriplets(context)
      measurePairs(context)
    case 1:
      gate(
        context, adding: nil, pair: normalizations[0].affine,
        triplet: triplet == nil ? nil : normalizations[1].affine)
      measureSums(context)
    default:
      update(
        context, node: normalizations[nodeIndex].affine,
        edge: edgeNormalization == nil ? nil : normalizations[edgeIndex].affine)
    }
  }

  private func projectNodes<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let n = context.block.siteCount
    Scalar.multiply(
      rows: n, columns: o * blocks, inner: d, context.input(0), aRow: d, aColumn: 1,
      context.weights + nodeWeight, bias: nil,
      into: context.work[Work.projections].reserve(n * o * blocks), accumulate: false)
  }

  /// U u + b, a row an edge.
  private func projectEdges<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ work: Int, _ weight: Int, bias: Int?
  ) -> UnsafeMutablePointer<Scalar> {
    let out = context.work[work].reserve(context.block.edgeCount * o)
    guard takesKinds else {
      multiplyEdges(context, weight, bias: bias, into: out)
      return out
    }
    let kinds = context.chunk.scratch[Scratch.kinds].reserve(context.block.kindCount * o)
    multiplyEdges(context, weight, bias: bias, into: kinds)
    gatherKinds(context, kinds, width: o, into: out)
    return out
  }

  /// U u + b, a row for each of the edges' rows.
  private func multiplyEdges<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ weight: Int, bias: Int?, into out: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.multiply(
      rows: edgeRows(context), columns: o, inner: e, context.input(1), aRow: e, aColumn: 1,
      context.weights + weight, bias: bias.map { context.weights + $0 }, into: out, accumulate: false)
  }

  /// Rows that edges come in.
  private func edgeRows<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> Int {
    takesKinds ? context.block.kindCount : context.block.edgeCount
  }

  /// Gives every edge the row of its kind.
  private func gatherKinds<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ rows: UnsafePointer<Scalar>, width: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    let kinds = context.block.edgeKinds.pointer
    for edge in 0..<context.block.edgeCount {
      (out + edge * width).update(from: rows + Int(kinds[edge]) * width, count: width)
    }
  }

  /// Adds the rows of edges to those of their kinds.
  private func addToKinds<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ rows: UnsafePointer<Scalar>, width: Int,
    _ out: UnsafeMutablePointer<Scalar>
  ) {
    let block = context.block
    let lists = EdgeLists<Scalar>(
      centerCount: block.siteCount, offsets: block.edgeOffsets.pointer, neighbors: block.edgeKinds.pointer)
    Scalar.edgeScatter(lists, width: width, rows, center: nil, neighbor: out, stride: width)
  }

  /// A v and B v of the pairs: what `projectEdges` lacks of P.
  private func pairRows<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> PairRows<Scalar> {
    let projections = context.work[Work.projections].pointer
    return PairRows(
      center: projections, neighbor: projections + o, stride: o * blocks,
      kinds: takesKinds ? UnsafePointer(context.block.edgeKinds.pointer) : nil)
  }

  /// Forms P' and Q from the projected nodes and the edges, where there are triplets.
  private func projectTriplets<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    guard let triplet else { return }
    let projections = context.work[Work.projections].pointer
    func fill(_ work: Int, _ weight: Int, bias: Int?, center: Int?, neighbor: Int) {
      Scalar.edgeAssemble(
        context.block.edgeLists, width: o, center: center.map { UnsafePointer(projections + $0 * o) },
        neighbor: projections + neighbor * o, stride: o * blocks,
        into: projectEdges(context, work, weight, bias: bias))
    }
    fill(Work.first, triplet.first, bias: triplet.bias, center: 2, neighbor: 3)
    fill(Work.second, triplet.second, bias: nil, center: nil, neighbor: 4)
  }

  private func measurePairs<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, pair) = (context.block, context.sums[0])
    pair.clear()
    Scalar.columnStatistics(
      context.work[Work.pair].pointer, rows: block.edgeCount, width: o, weights: block.multiplicities.rows,
      sum: pair.first, square: pair.second)
    guard triplet != nil else { return }
    let sums = context.sums[1]
    sums.clear()
    Scalar.tripletStatistics(
      block.edgeLists, width: o, context.work[Work.first].pointer, context.work[Work.second].pointer,
      sum: sums.first, square: sums.second)
  }

  /// Sums the gated messages; `rows` are what is not yet added to the pairs' P.
  private func gate<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, adding rows: PairRows<Scalar>?, pair: AffinePointers<Scalar>,
    triplet: AffinePointers<Scalar>?
  ) {
    let block = context.block
    let nodeSums = context.work[Work.nodeSums].reserve(block.siteCount * d)
    let edgeSums = context.work[Work.edgeSums].reserve(block.edgeCount * widths.edge)
    Scalar.pairGate(
      pairLists(context), widths, context.work[Work.pair].pointer, adding: rows, scale: pair.scale,
      shift: pair.shift, nodes: nodeSums, edges: edgeSums)
    if let triplet, let own = self.triplet {
      Scalar.tripletGate(
        block.edgeLists, widths, context.work[Work.first].pointer, context.work[Work.second].pointer,
        scale: triplet.scale, shift: triplet.shift, normalize: own.normalizesSum, nodes: nodeSums,
        edges: edgeSums)
    }
  }

  private func measureSums<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, node) = (context.block, context.sums[nodeIndex])
    node.clear()
    Scalar.columnStatistics(
      context.work[Work.nodeSums].pointer, rows: block.siteCount, width: d,
      weights: block.multiplicities.centers, sum: node.first, square: node.second)
    guard edgeNormalization != nil else { return }
    let edge = context.sums[edgeIndex]
    edge.clear()
    Scalar.columnStatistics(
      context.work[Work.edgeSums].pointer, rows: block.edgeCount, width: e,
      weights: block.multiplicities.rows, sum: edge.first, square: edge.second)
  }

  private func update<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, node: AffinePointers<Scalar>, edge: AffinePointers<Scalar>?
  ) {
    let block = context.block
    Scalar.residualSoftplus(
      rows: block.siteCount, width: d, context.input(0), context.work[Work.nodeSums].pointer,
      scale: node.scale, shift: node.shift, into: context.output(0))
    guard let edge else { return }
    let out = context.output(1)
    if takesKinds { gatherKinds(context, context.input(1), width: e, into: out) }
    Scalar.residualSoftplus(
      rows: block.edgeCount, width: e, takesKinds ? out : context.input(1),
      context.work[Work.edgeSums].pointer, scale: edge.scale, shift: edge.shift, into: out)
  }

  // MARK: Backward

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    switch stage {
    case 0: updateBackward(context)
    case 1: gateBackward(context)
    default: projectBackward(context)
    }
  }

  private func updateBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let block = context.block
    let normalizations = context.shared.normalizations
    func backward(_ index: Int, _ output: Int, rows: Int, width: Int, _ work: Int) {
      let sums = context.sums[index]
      sums.clear()
      Scalar.residualSoftplusBackward(
        rows: rows, width: width, output: context.chunk.values[context.outputs[output]].pointer,
        context.work[work].pointer, normalizations[index].pointers, gradient: context.outputGradient(output),
        sumG: sums.first, sumGX: sums.second)
    }
    backward(nodeIndex, 0, rows: block.siteCount, width: d, Work.nodeSums)
    if edgeNormalization != nil { backward(edgeIndex, 1, rows: block.edgeCount, width: e, Work.edgeSums) }
  }

  private func gateBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, normalizations) = (context.block, context.shared.normalizations)
    let scratch = context.chunk.scratch
    let gs = scratch[Scratch.nodeSumGradient].reserve(block.siteCount * d)
    let node = normalizations[nodeIndex]
    Scalar.normalizationBackward(
      rows: block.siteCount, width: d, gradient: context.outputGradient(0),
      context.work[Work.nodeSums].pointer, node.pointers, node.gradientPointers,
      weights: block.multiplicities.centers, into: gs)
    let gu = scratch[Scratch.edgeSumGradient].reserve(block.edgeCount * e)
    if edgeNormalization != nil {
      let edge = normalizations[edgeIndex]
      Scalar.normalizationBackward(
        rows: block.edgeCount, width: e, gradient: context.outputGradient(1),
        context.work[Work.edgeSums].pointer, edge.pointers, edge.gradientPointers,
        weights: block.multiplicities.rows, into: gu)
    }
    let (pair, pairSums) = (context.work[Work.pair].pointer, context.sums[0])
    let gp = scratch[Scratch.pairGradient].reserve(block.edgeCount * o)
    Scalar.pairGateBackward(
      pairLists(context), widths, pair, scale: normalizations[0].pointers.scale,
      shift: normalizations[0].pointers.shift, nodes: gs, edges: gu, into: gp)
    pairSums.clear()
    Scalar.columnProducts(
      rows: block.edgeCount, width: o, pair, gradient: gp, sumG: pairSums.first, sumGX: pairSums.second)
    if let triplet { tripletGateBackward(context, triplet, nodes: gs, edges: gu) }
  }

  private func tripletGateBackward<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ triplet: Triplet, nodes gs: UnsafePointer<Scalar>,
    edges gu: UnsafePointer<Scalar>
  ) {
    let (block, pointers, sums) = (context.block, context.shared.normalizations[1].pointers, context.sums[1])
    let (first, second) = (context.work[Work.first].pointer, context.work[Work.second].pointer)
    let gFirst = context.chunk.scratch[Scratch.firstGradient].reserve(block.edgeCount * o)
    let gSecond = context.chunk.scratch[Scratch.secondGradient].reserve(block.edgeCount * o)
    Scalar.tripletGateBackward(
      block.edgeLists, widths, first, second, scale: pointers.scale, shift: pointers.shift,
      normalize: triplet.normalizesSum, nodes: gs, edges: gu, into: gFirst, gSecond)
    // Σ g t over triplets is Σ p · (Σ g) + Σ q · (Σ g); each triplet's g is in both sums, so Σ g is taken from one.
    sums.clear()
    Scalar.columnProducts(
      rows: block.edgeCount, width: o, second, gradient: gSecond, sumG: sums.first, sumGX: sums.second)
    sums.first.update(repeating: 0, count: o)
    Scalar.columnProducts(
      rows: block.edgeCount, width: o, first, gradient: gFirst, sumG: sums.first, sumGX: sums.second)
  }

  private func projectBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (block, scratch) = (context.block, context.chunk.scratch)
    let (n, stride) = (block.siteCount, o * blocks)
    let normalizations = context.shared.normalizations
    let edges = residualEdgeGradient(context)
    let dp = scratch[Scratch.projectionGradient].reserve(n * stride)
    dp.update(repeating: 0, count: n * stride)
    let pair = scratch[Scratch.pairGradient].pointer
    Scalar.normalizationBackward(
      rows: block.edgeCount, width: o, gradient: pair, context.work[Work.pair].pointer,
      normalizations[0].pointers, normalizations[0].gradientPointers, weights: block.multiplicities.rows,
      into: pair)
    edgeBackward(
      context, pair, weight: pairEdgeWeight, bias: pairBias, center: 0, neighbor: 1, transposed: 1, edges)
    if let triplet {
      let (first, second) = (scratch[Scratch.firstGradient].pointer, scratch[Scratch.secondGradient].pointer)
      Scalar.tripletNormalizationBackward(
        block.edgeLists, width: o, context.work[Work.first].pointer, context.work[Work.second].pointer,
        normalizations[1].pointers, normalizations[1].gradientPointers, first, second)
      edgeBackward(
        context, first, weight: triplet.first, bias: triplet.bias, center: 2, neighbor: 3, transposed: 2,
        edges)
      edgeBackward(
        context, second, weight: triplet.second, bias: nil, center: nil, neighbor: 4, transposed: 3, edges)
    }
    let nodes = context.passGradient(output: 0, input: 0)
    Scalar.multiply(
      rows: n, columns: d, inner: stride, dp, aRow: stride, aColumn: 1,
      context.shared.transposed[0].pointer, bias: nil, into: nodes, accumulate: true)
    Scalar.multiply(
      rows: d, columns: stride, inner: n, context.input(0), aRow: 1, aColumn: d, dp, bias: nil,
      into: context.gradient + nodeWeight, accumulate: true)
  }

  /// dL/d(edges) past the layer, to be added to; nil where nobody asks for it.
  private func residualEdgeGradient<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>
  ) -> UnsafeMutablePointer<Scalar>? {
    if edgeNormalization != nil, !takesKinds { return context.passGradient(output: 1, input: 1) }
    let edges = context.clearedInputGradient(1)
    if edgeNormalization != nil, let edges {
      addToKinds(context, context.outputGradient(1), width: e, edges)
    }
    return edges
  }

  /// Backward of one block of per-edge channels: to the projections, to the edge vectors and to its weight and bias.
  private func edgeBackward<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ g: UnsafeMutablePointer<Scalar>, weight: Int, bias: Int?, center: Int?,
    neighbor: Int, transposed: Int, _ edges: UnsafeMutablePointer<Scalar>?
  ) {
    let dp = context.chunk.scratch[Scratch.projectionGradient].pointer
    Scalar.edgeScatter(
      context.block.edgeLists, width: o, g, center: center.map { dp + $0 * o }, neighbor: dp + neighbor * o,
      stride: o * blocks)
    let rows = edgeRows(context)
    var g = g
    if takesKinds {
      let kinds = context.chunk.scratch[Scratch.kinds].reserve(rows * o)
      kinds.update(repeating: 0, count: rows * o)
      addToKinds(context, g, width: o, kinds)
      g = kinds
    }
    if let edges {
      Scalar.multiply(
        rows: rows, columns: e, inner: o, g, aRow: o, aColumn: 1,
        context.shared.transposed[transposed].pointer, bias: nil, into: edges, accumulate: true)
    }
    Scalar.multiply(
      rows: e, columns: o, inner: rows, context.input(1), aRow: 1, aColumn: e, g, bias: nil,
      into: context.gradient + weight, accumulate: true)
    if let bias { Scalar.addRows(rows: rows, width: o, g, stride: o, to: context.gradient + bias) }
  }

  // MARK: Inference

  /// Scale, then shift of every normalization, in their order; last the projections of all elements, shape (101,
  /// o · blocks), where the nodes are functions of the element.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    var arrays: [[Scalar]] = []
    for staged in normalizations {
      let (scale, shift) = source.affine(staged.slot, byReciprocal: true)
      arrays.append(scale.map { Scalar($0) })
      arrays.append(shift.map { Scalar($0) })
    }
    var elements: [Scalar] = []
    if let table = source.inputTables[0] {
      let (rows, stride) = (table.count / d, o * blocks)
      elements = [Scalar](repeating: 0, count: rows * stride)
      elements.withUnsafeMutableBufferPointer { out in
        source.values.withUnsafeBufferPointer { values in
          Scalar.multiply(
            rows: rows, columns: stride, inner: d, table, aRow: d, aColumn: 1,
            values.baseAddress.unsafelyUnwrapped + nodeWeight, bias: nil,
            into: out.baseAddress.unsafelyUnwrapped, accumulate: false)
        }
      }
    }
    return PreparedLayer(arrays: arrays + [elements])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let prepared = context.prepared.arrays
    let elements = prepared[prepared.count - 1]
    if elements.isEmpty {
      projectNodes(context)
    } else {
      let stride = o * blocks
      gatherElements(
        context.block, elements, width: stride,
        into: context.work[Work.projections].reserve(context.block.siteCount * stride))
    }
    // A row a kind of edge, where edges come so: the gate adds what an edge has of its own.
    multiplyEdges(
      context, pairEdgeWeight, bias: pairBias, into: context.work[Work.pair].reserve(edgeRows(context) * o))
    projectTriplets(context)
    let rows = pairRows(context)
    func withAffine(_ index: Int, _ body: (AffinePointers<Scalar>) -> Void) {
      prepared[2 * index].withUnsafeBufferPointer { scale in
        prepared[2 * index + 1].withUnsafeBufferPointer { shift in
          body(
            AffinePointers(
              scale: scale.baseAddress.unsafelyUnwrapped, shift: shift.baseAddress.unsafelyUnwrapped))
        }
      }
    }
    withAffine(0) { pair in
      if triplet == nil {
        gate(context, adding: rows, pair: pair, triplet: nil)
      } else {
        withAffine(1) { gate(context, adding: rows, pair: pair, triplet: $0) }
      }
    }
    withAffine(nodeIndex) { node in
      if edgeNormalization == nil {
        update(context, node: node, edge: nil)
      } else {
        withAffine(edgeIndex) { update(context, node: node, edge: $0) }
      }
    }
  }

  // MARK: Plain loops

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (nodes, edges) = (inputs[0], inputs[1])
    var nodeSums = nodes.map { _ in [Double](repeating: 0, count: d) }
    var edgeSums = edges.map { _ in [Double](repeating: 0, count: widths.edge) }
    func add(_ row: [Double], center: Int, edge: Int, nodeFactor: Double, edgeFactor: Double) {
      func message(_ filter: Int, _ core: Int) -> Double {
        plainSigmoid(row[filter]) * plainSoftplus(row[core])
      }
      for channel in 0..<d { nodeSums[center][channel] += nodeFactor * message(channel, d + channel) }
      for channel in 0..<widths.edge {
        edgeSums[edge][channel] += edgeFactor * message(2 * d + channel, 2 * d + e + channel)
      }
    }
    var pairs = plainPairs(nodes, edges, context)
    context.normalize(&pairs, name + ".pair.normalization")
    for (index, (edge, row)) in zip(context.edges, pairs).enumerated() {
      add(
        row, center: edge.center, edge: index, nodeFactor: isWeighted ? inputs[2][index][0] : 1,
        edgeFactor: 1)
    }
    if let triplet {
      var (rows, places) = plainTriplets(nodes, edges, context)
      context.normalize(&rows, name + ".triplet.normalization")
      for (row, place) in zip(rows, places) {
        let factor = triplet.normalizesSum ? 1 / Double(place.others) : 1
        add(
          row, center: context.edges[place.edge].center, edge: place.edge, nodeFactor: factor,
          edgeFactor: factor)
      }
    }
    context.normalize(&nodeSums, name + ".node.normalization")
    let newNodes = zip(nodes, nodeSums).map { zip($0, $1).map { plainSoftplus($0 + $1) } }
    guard edgeNormalization != nil else { return [newNodes] }
    context.normalize(&edgeSums, name + ".edge.normalization")
    return [newNodes, zip(edges, edgeSums).map { zip($0, $1).map { plainSoftplus($0 + $1) } }]
  }

  /// Several matrices side by side: one that acts on a concatenation.
  private func concatenated(_ names: [String], _ context: PlainContext) -> [[Double]] {
    let matrices = names.map { context.matrix("\(name).\($0).weight") }
    return (0..<o).map { row in matrices.flatMap { $0[row] } }
  }

  private func plainPairs(_ nodes: [[Double]], _ edges: [[Double]], _ context: PlainContext) -> [[Double]] {
    let weight = concatenated(["pair.center", "pair.neighbor", "pair.edge"], context)
    let bias = context.vector(name + ".pair.bias")
    return zip(context.edges, edges).map { edge, vector in
      plainProduct(weight, nodes[edge.center] + nodes[edge.neighbor] + vector, bias)
    }
  }

  private func plainTriplets(
    _ nodes: [[Double]], _ edges: [[Double]], _ context: PlainContext
  ) -> (rows: [[Double]], places: [(edge: Int, others: Int)]) {
    let weight = concatenated(
      [
        "triplet.center", "triplet.first_neighbor", "triplet.second_neighbor", "triplet.first_edge",
        "triplet.second_edge",
      ], context)
    let bias = context.vector(name + ".triplet.bias")
    var rows: [[Double]] = []
    var places: [(edge: Int, others: Int)] = []
    for (j, first) in context.edges.enumerated() {
      let others = context.edges.indices.filter { $0 != j && context.edges[$0].center == first.center }
      for l in others {
        let z =
          nodes[first.center] + nodes[first.neighbor] + nodes[context.edges[l].neighbor] + edges[j] + edges[l]
        rows.append(plainProduct(weight, z, bias))
        places.append((j, others.count))
      }
    }
    return (rows, places)
  }
}

extension NetworkBuilder {
  /// The convolution of iCGCNN.
  ///
  /// - Parameters:
  ///   - name: path of the tensors `name.pair`, `name.triplet`, `name.node` and `name.edge`.
  ///   - nodes: a row a site; the width is a multiple of 16.
  ///   - edges: a row an edge or a row a kind of edge; likewise.
  ///   - weights: what pairs' messages to their center count by, one number an edge; 1 where nil.
  ///   - updatesEdges: whether edges are updated.
  ///   - hasTriplets: whether there are three-body terms.
  ///   - normalizesTriplets: whether the sum over a center's triplets is divided by the number of its edges less one.
  /// - Returns: the new nodes, and the new edges or those that were.
  public mutating func pairTripletConvolution(
    _ name: String, _ nodes: NetworkValue, _ edges: NetworkValue, weights: NetworkValue? = nil,
    updatesEdges: Bool, hasTriplets: Bool, normalizesTriplets: Bool
  ) -> (nodes: NetworkValue, edges: NetworkValue) {
    let made = add([nodes, edges] + (weights.map { [$0] } ?? [])) {
      PairTripletConvolution(
        name, nodes: nodes.width, edges: edges.width, updatesEdges: updatesEdges, hasTriplets: hasTriplets,
        normalizesTriplets: normalizesTriplets, isWeighted: weights != nil,
        takesKinds: edges.space == .edgeKinds, &$0)
    }
    return (made[0], made.count > 1 ? made[1] : edges)
  }
}
