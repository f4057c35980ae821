internal import CrystalGraphs
internal import ModelFormats
internal import TensorKernels

/// The normalizations of one convolution of an iCGCNN.
struct ICGCNNNormalizations<Scalar: KernelScalar & BitwiseCopyable> {
  let pair: BatchNormalization<Scalar>
  let triplet: BatchNormalization<Scalar>?
  let node: BatchNormalization<Scalar>
  let edge: BatchNormalization<Scalar>?

  init(_ convolution: ICGCNNLayout.Convolution, momentum: Double) {
    func make(_ normalization: ICGCNNLayout.Normalization) -> BatchNormalization<Scalar> {
      BatchNormalization(channels: normalization.count, momentum: momentum)
    }
    pair = make(convolution.pairNormalization)
    triplet = convolution.triplet.map { make($0.normalization) }
    node = make(convolution.nodeNormalization)
    edge = convolution.edgeNormalization.map(make)
  }
}

/// Column sums of two kinds over a chunk's rows, to be added up over chunks.
struct ColumnSums {
  let memory: Buffer<Double>
  let channels: Int

  init(channels: Int) {
    memory = Buffer(capacity: 2 * channels)
    self.channels = channels
  }

  var first: UnsafeMutablePointer<Double> { memory.pointer }
  var second: UnsafeMutablePointer<Double> { memory.pointer + channels }

  func clear() { memory.pointer.update(repeating: 0, count: 2 * channels) }
}

/// The structures of one block of an iCGCNN, their activations, and their share of every sum; serves training (as a
/// chunk of a batch) and inference (as a block of its own).
///
/// The concatenations of the paper are never formed. With v the nodes and u the edges,
///
///     pair:     P_ij = A v_i + B v_j + U u_ij + b
///     triplet:  P'_ij = A' v_i + B' v_j + U' u_ij + b',   Q_il = C v_l + U'' u_il,   t_ijl = P'_ij + Q_il
///
/// so that only the gate is evaluated per triplet. Shapes: n sites, E edges, d node width, e edge width, o gate
/// channels.
final class ICGCNNChunk<Scalar: KernelScalar & BitwiseCopyable> {
  /// Activations of one convolution.
  struct Layer {
    let projections = Buffer<Scalar>()
    let pair = Buffer<Scalar>()
    let first = Buffer<Scalar>()
    let second = Buffer<Scalar>()
    let nodeSums = Buffer<Scalar>()
    let edgeSums = Buffer<Scalar>()
    let pairStatistics: ColumnSums
    let tripletStatistics: ColumnSums
    let nodeStatistics: ColumnSums
    let edgeStatistics: ColumnSums
  }

  var members: [Int] = []
  let block = GraphBlock<Scalar>()
  let layers: [Layer]
  let gradient = Buffer<Scalar>()
  private(set) var lossSum = 0.0

  let configuration: ICGCNNConfiguration
  let layout: ICGCNNLayout
  let d: Int
  let e: Int
  /// Node vectors before each convolution and after the last, shape (n, d).
  let nodes: [Buffer<Scalar>]
  /// Edge vectors likewise, shape (E, e); where a convolution leaves them alone, the one before stands for both.
  let edges: [Buffer<Scalar>]
  let features = Buffer<Scalar>()
  let head: PredictionHead<Scalar>
  let nodeGradient = Buffer<Scalar>()
  let edgeGradient = Buffer<Scalar>()
  let nodeSumGradient = Buffer<Scalar>()
  let edgeSumGradient = Buffer<Scalar>()
  let pairGradient = Buffer<Scalar>()
  let firstGradient = Buffer<Scalar>()
  let secondGradient = Buffer<Scalar>()
  let projectionGradient = Buffer<Scalar>()
  let elementGradient = Buffer<Scalar>()

  init(_ configuration: ICGCNNConfiguration, _ layout: ICGCNNLayout) {
    self.configuration = configuration
    self.layout = layout
    let (nodeWidth, edgeWidth) = (configuration.nodeWidth, configuration.edgeWidth)
    d = nodeWidth
    e = edgeWidth
    layers = layout.convolutions.map { convolution in
      Layer(
        pairStatistics: ColumnSums(channels: convolution.widths.row),
        tripletStatistics: ColumnSums(channels: convolution.widths.row),
        nodeStatistics: ColumnSums(channels: nodeWidth), edgeStatistics: ColumnSums(channels: edgeWidth))
    }
    nodes = (0...layout.convolutions.count).map { _ in Buffer() }
    edges = (0...layout.convolutions.count).map { _ in Buffer() }
    head = PredictionHead(layout.head, nodeWidth: nodeWidth)
  }

  /// Which buffer holds the edge vectors that convolution `index` reads.
  func edgeVectors(_ index: Int) -> UnsafeMutablePointer<Scalar> {
    var current = index
    while current > 0, layout.convolutions[current - 1].widths.edge == 0 { current -= 1 }
    return edges[current].pointer
  }

  /// The edges with the weights that pairs' messages have.
  private var pairLists: EdgeLists<Scalar> {
    configuration.weighsBySolidAngle ? block.edgeListsBySolidAngle : block.edgeLists
  }

  // MARK: Forward

  /// Lays out the graphs and embeds elements and edges.
  func begin(
    _ indices: [Int], of collection: GraphCollection, _ values: UnsafePointer<Scalar>, _ elements: [Scalar]
  ) {
    block.assemble(
      indices, of: collection, spacing: configuration.gaussianSpacing, count: configuration.gaussianCount)
    if configuration.weighsBySolidAngle { block.writeMessageWeights(configuration) }
    let first = nodes[0].reserve(block.siteCount * d)
    elements.withUnsafeBufferPointer { table in
      for site in 0..<block.siteCount {
        let row = Int(block.atomicNumbers.pointer[site]) * d
        (first + site * d).update(from: table.baseAddress.unsafelyUnwrapped + row, count: d)
      }
    }
    let featureCount = configuration.edgeFeatureCount
    let features = features.reserve(block.edgeCount * featureCount)
    block.writeEdgeFeatures(configuration, into: features)
    Scalar.multiply(
      rows: block.edgeCount, columns: e, inner: featureCount, features, aRow: featureCount, aColumn: 1,
      values + layout.edgeEmbeddingWeight, bias: values + layout.edgeEmbeddingBias,
      into: edges[0].reserve(block.edgeCount * e), accumulate: false)
  }

  /// Forms P, P' and Q of convolution `index`, and their sums where a batch needs them.
  func project(_ index: Int, _ values: UnsafePointer<Scalar>, measures: Bool) {
    let convolution = layout.convolutions[index]
    let layer = layers[index]
    let (o, n, edgeCount) = (convolution.widths.row, block.siteCount, block.edgeCount)
    let stride = o * convolution.blocks
    let projections = layer.projections.reserve(n * stride)
    Scalar.multiply(
      rows: n, columns: stride, inner: d, nodes[index].pointer, aRow: d, aColumn: 1,
      values + convolution.nodeWeight,
      bias: nil, into: projections, accumulate: false)
    let edgeVectors = edgeVectors(index)
    func fill(_ buffer: Buffer<Scalar>, _ weight: Int, bias: Int?, center: Int?, neighbor: Int) {
      let out = buffer.reserve(edgeCount * o)
      Scalar.multiply(
        rows: edgeCount, columns: o, inner: e, edgeVectors, aRow: e, aColumn: 1, values + weight,
        bias: bias.map { values + $0 }, into: out, accumulate: false)
      Scalar.edgeAssemble(
        block.edgeLists, width: o, center: center.map { UnsafePointer(projections + $0 * o) },
        neighbor: projections + neighbor * o, stride: stride, into: out)
    }
    fill(layer.pair, convolution.pairEdgeWeight, bias: convolution.pairBias, center: 0, neighbor: 1)
    if let triplet = convolution.triplet {
      fill(layer.first, triplet.first, bias: triplet.bias, center: 2, neighbor: 3)
      fill(layer.second, triplet.second, bias: nil, center: nil, neighbor: 4)
    }
    guard measures else { return }
    layer.pairStatistics.clear()
    Scalar.columnStatistics(
      layer.pair.pointer, rows: edgeCount, width: o, weights: block.multiplicities.rows,
      sum: layer.pairStatistics.first,
      square: layer.pairStatistics.second)
    if convolution.triplet != nil {
      layer.tripletStatistics.clear()
      Scalar.tripletStatistics(
        block.edgeLists, width: o, layer.first.pointer, layer.second.pointer,
        sum: layer.tripletStatistics.first,
        square: layer.tripletStatistics.second)
    }
  }

  /// Sums the gated messages of convolution `index`.
  func gate(_ index: Int, _ normalizations: ICGCNNNormalizations<Scalar>, measures: Bool) {
    let convolution = layout.convolutions[index]
    let layer = layers[index]
    let nodeSums = layer.nodeSums.reserve(block.siteCount * d)
    let edgeSums = layer.edgeSums.reserve(block.edgeCount * convolution.widths.edge)
    let pair = normalizations.pair.pointers
    Scalar.pairGate(
      pairLists, convolution.widths, layer.pair.pointer, scale: pair.scale, shift: pair.shift,
      nodes: nodeSums,
      edges: edgeSums)
    if let triplet = normalizations.triplet?.pointers {
      Scalar.tripletGate(
        block.edgeLists, convolution.widths, layer.first.pointer, layer.second.pointer, scale: triplet.scale,
        shift: triplet.shift, normalize: configuration.normalizesTriplets, nodes: nodeSums, edges: edgeSums)
    }
    guard measures else { return }
    layer.nodeStatistics.clear()
    Scalar.columnStatistics(
      nodeSums, rows: block.siteCount, width: d, weights: block.multiplicities.centers,
      sum: layer.nodeStatistics.first,
      square: layer.nodeStatistics.second)
    if convolution.widths.edge > 0 {
      layer.edgeStatistics.clear()
      Scalar.columnStatistics(
        edgeSums, rows: block.edgeCount, width: e, weights: block.multiplicities.rows,
        sum: layer.edgeStatistics.first,
        square: layer.edgeStatistics.second)
    }
  }

  /// v' = softplus(v + normalized sums), u' likewise where edges are updated.
  func update(_ index: Int, _ normalizations: ICGCNNNormalizations<Scalar>) {
    let node = normalizations.node.pointers
    Scalar.residualSoftplus(
      rows: block.siteCount, width: d, nodes[index].pointer, layers[index].nodeSums.pointer,
      scale: node.scale,
      shift: node.shift, into: nodes[index + 1].reserve(block.siteCount * d))
    if let edge = normalizations.edge?.pointers {
      Scalar.residualSoftplus(
        rows: block.edgeCount, width: e, edgeVectors(index), layers[index].edgeSums.pointer,
        scale: edge.scale,
        shift: edge.shift, into: edges[index + 1].reserve(block.edgeCount * e))
    }
  }

  // MARK: Backward

  /// Pools, predicts, takes the loss, and goes back to the last nodes and edges.
  func headForwardBackward(
    _ values: UnsafePointer<Scalar>, targets: [Float], loss: RegressionLoss, batchSize: Int,
    transposed: [Buffer<Scalar>]
  ) {
    gradient.reserve(layout.count).update(repeating: 0, count: layout.count)
    head.forward(block, nodes[nodes.count - 1].pointer, values)
    lossSum = head.lossAndBackward(
      block, members: members, targets: targets, loss: loss, batchSize: batchSize, values,
      transposed: transposed,
      gradient: gradient.pointer, nodes: nodeGradient.reserve(block.siteCount * d))
    // Nobody reads the edges after the last convolution.
    edgeGradient.reserve(block.edgeCount * e).update(repeating: 0, count: block.edgeCount * e)
  }

  /// Backward through `update`, up to the sums that its normalizations need.
  func updateBackward(_ index: Int, _ normalizations: ICGCNNNormalizations<Scalar>) {
    let layer = layers[index]
    layer.nodeStatistics.clear()
    Scalar.residualSoftplusBackward(
      rows: block.siteCount, width: d, output: nodes[index + 1].pointer, layer.nodeSums.pointer,
      normalizations.node.pointers, gradient: nodeGradient.pointer, sumG: layer.nodeStatistics.first,
      sumGX: layer.nodeStatistics.second)
    if let edge = normalizations.edge {
      layer.edgeStatistics.clear()
      Scalar.residualSoftplusBackward(
        rows: block.edgeCount, width: e, output: edges[index + 1].pointer, layer.edgeSums.pointer,
        edge.pointers,
        gradient: edgeGradient.pointer, sumG: layer.edgeStatistics.first, sumGX: layer.edgeStatistics.second)
    }
  }

  /// Backward through the gates, up to the sums that their normalizations need.
  func gateBackward(_ index: Int, _ normalizations: ICGCNNNormalizations<Scalar>) {
    let convolution = layout.convolutions[index]
    let layer = layers[index]
    let (o, edgeCount) = (convolution.widths.row, block.edgeCount)
    let gs = nodeSumGradient.reserve(block.siteCount * d)
    Scalar.normalizationBackward(
      rows: block.siteCount, width: d, gradient: nodeGradient.pointer, layer.nodeSums.pointer,
      normalizations.node.pointers, normalizations.node.gradientPointers,
      weights: block.multiplicities.centers,
      into: gs)
    let gu = edgeSumGradient.reserve(edgeCount * e)
    if let edge = normalizations.edge {
      Scalar.normalizationBackward(
        rows: edgeCount, width: e, gradient: edgeGradient.pointer, layer.edgeSums.pointer, edge.pointers,
        edge.gradientPointers, weights: block.multiplicities.rows, into: gu)
    }
    let pair = normalizations.pair.pointers
    let gp = pairGradient.reserve(edgeCount * o)
    Scalar.pairGateBackward(
      pairLists, convolution.widths, layer.pair.pointer, scale: pair.scale, shift: pair.shift,
      nodes: gs,
      edges: gu, into: gp)
    layer.pairStatistics.clear()
    Scalar.columnProducts(
      rows: edgeCount, width: o, layer.pair.pointer, gradient: gp, sumG: layer.pairStatistics.first,
      sumGX: layer.pairStatistics.second)
    guard let triplet = normalizations.triplet?.pointers else { return }
    let (first, second) = (firstGradient.reserve(edgeCount * o), secondGradient.reserve(edgeCount * o))
    Scalar.tripletGateBackward(
      block.edgeLists, convolution.widths, layer.first.pointer, layer.second.pointer, scale: triplet.scale,
      shift: triplet.shift, normalize: configuration.normalizesTriplets, nodes: gs, edges: gu, into: first,
      second)
    // Σ g t over triplets is Σ p · (Σ g) + Σ q · (Σ g); each triplet's g is in both sums, so Σ g is taken from one.
    layer.tripletStatistics.clear()
    Scalar.columnProducts(
      rows: edgeCount, width: o, layer.second.pointer, gradient: second, sumG: layer.tripletStatistics.first,
      sumGX: layer.tripletStatistics.second)
    layer.tripletStatistics.first.update(repeating: 0, count: o)
    Scalar.columnProducts(
      rows: edgeCount, width: o, layer.first.pointer, gradient: first, sumG: layer.tripletStatistics.first,
      sumGX: layer.tripletStatistics.second)
  }

  /// Backward through the normalizations and projections of convolution `index`.
  func projectBackward(
    _ index: Int, _ normalizations: ICGCNNNormalizations<Scalar>, transposedNode: UnsafePointer<Scalar>,
    transposedEdge: [UnsafePointer<Scalar>]
  ) {
    let convolution = layout.convolutions[index]
    let layer = layers[index]
    let (o, n, edgeCount) = (convolution.widths.row, block.siteCount, block.edgeCount)
    let stride = o * convolution.blocks
    let dp = projectionGradient.reserve(n * stride)
    dp.update(repeating: 0, count: n * stride)
    Scalar.normalizationBackward(
      rows: edgeCount, width: o, gradient: pairGradient.pointer, layer.pair.pointer,
      normalizations.pair.pointers,
      normalizations.pair.gradientPointers, weights: block.multiplicities.rows, into: pairGradient.pointer)
    edgeBackward(
      index, pairGradient.pointer, weight: convolution.pairEdgeWeight, bias: convolution.pairBias, center: 0,
      neighbor: 1, transposed: transposedEdge[0])
    if let triplet = convolution.triplet, let normalization = normalizations.triplet {
      Scalar.tripletNormalizationBackward(
        block.edgeLists, width: o, layer.first.pointer, layer.second.pointer, normalization.pointers,
        normalization.gradientPointers, firstGradient.pointer, secondGradient.pointer)
      edgeBackward(
        index, firstGradient.pointer, weight: triplet.first, bias: triplet.bias, center: 2, neighbor: 3,
        transposed: transposedEdge[1])
      edgeBackward(
        index, secondGradient.pointer, weight: triplet.second, bias: nil, center: nil, neighbor: 4,
        transposed: transposedEdge[2])
    }
    Scalar.multiply(
      rows: n, columns: d, inner: stride, dp, aRow: stride, aColumn: 1, transposedNode, bias: nil,
      into: nodeGradient.pointer, accumulate: true)
    Scalar.multiply(
      rows: d, columns: stride, inner: n, nodes[index].pointer, aRow: 1, aColumn: d, dp, bias: nil,
      into: gradient.pointer + convolution.nodeWeight, accumulate: true)
  }

  /// Backward of one block of per-edge channels: to the projections, to the edge vectors and to its weight and bias.
  private func edgeBackward(
    _ index: Int, _ g: UnsafeMutablePointer<Scalar>, weight: Int, bias: Int?, center: Int?, neighbor: Int,
    transposed: UnsafePointer<Scalar>
  ) {
    let convolution = layout.convolutions[index]
    let (o, edgeCount) = (convolution.widths.row, block.edgeCount)
    let dp = projectionGradient.pointer
    Scalar.edgeScatter(
      block.edgeLists, width: o, g, center: center.map { dp + $0 * o }, neighbor: dp + neighbor * o,
      stride: o * convolution.blocks)
    Scalar.multiply(
      rows: edgeCount, columns: e, inner: o, g, aRow: o, aColumn: 1, transposed, bias: nil,
      into: edgeGradient.pointer, accumulate: true)
    Scalar.multiply(
      rows: e, columns: o, inner: edgeCount, edgeVectors(index), aRow: 1, aColumn: e, g, bias: nil,
      into: gradient.pointer + weight, accumulate: true)
    if let bias { addRows(g, rows: edgeCount, width: o, to: gradient.pointer + bias) }
  }

  /// Backward through the embeddings.
  func finish() {
    let featureCount = configuration.edgeFeatureCount
    Scalar.multiply(
      rows: featureCount, columns: e, inner: block.edgeCount, features.pointer, aRow: 1,
      aColumn: featureCount,
      edgeGradient.pointer, bias: nil, into: gradient.pointer + layout.edgeEmbeddingWeight, accumulate: true)
    addRows(
      edgeGradient.pointer, rows: block.edgeCount, width: e, to: gradient.pointer + layout.edgeEmbeddingBias)
    elementEmbeddingBackward(
      block, nodeGradient.pointer, width: d, scratch: elementGradient.reserve(101 * d),
      weight: gradient.pointer + layout.embeddingWeight, bias: gradient.pointer + layout.embeddingBias)
  }
}

/// out (width) += Σ of the rows of g.
func addRows<Scalar: KernelScalar>(
  _ g: UnsafePointer<Scalar>, rows: Int, width: Int, to out: UnsafeMutablePointer<Scalar>
) {
  for row in 0..<rows {
    for channel in 0..<width { out[channel] += g[row * width + channel] }
  }
}
