internal import TensorKernels

/// The convolution of CGCNN: with z_ij = v_i ⊕ v_j ⊕ u_ij and p = W z + b, normalized over all edges,
///
///     v_i' = softplus(v_i + normalized Σ_j sigmoid(p_ij filter) ⊙ softplus(p_ij core))
///
/// The concatenation is never formed, and nothing is stored per edge and channel: pre-activations are computed anew in each
/// of the four passes over the edges, which costs less than writing and reading them. Shapes: n sites, w node width, K
/// Gaussians.
///
/// Source: T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), in the form of the authors' code.
struct CrystalGraphConvolution: Layer {
  let name: String
  /// Node width w.
  let width: Int
  let gaussianCount: Int
  /// (w, 4w): columns 0 ..< 2w act on the center, 2w ..< 4w on the neighbor.
  let nodeWeight: Int
  /// (K, 2w).
  let edgeWeight: Int
  /// (2w).
  let bias: Int
  /// Of the pre-activations, over all edges.
  let edgeNormalization: NormalizationSlot
  /// Of the summed messages, over all sites.
  let sumNormalization: NormalizationSlot

  /// Buffers from forward to backward pass: the summed messages (n, w) and the projections (n, 4w).
  private enum Work {
    static let sums = 0
    static let projections = 1
  }
  private enum Scratch {
    static let sumGradient = 0
    static let projectionGradient = 1
  }
  private enum Prepared {
    static let nodeWeight = 0
    static let edgeWeight = 1
    static let bias = 2
    static let scale = 3
    static let shift = 4
    /// Projections of all elements, shape (101, 4w), where the nodes are functions of the element.
    static let elements = 5
  }

  init(_ name: String, width w: Int, gaussianCount: Int, _ parameters: inout ParameterLayout) {
    self.name = name
    width = w
    self.gaussianCount = gaussianCount
    let inputs = 2 * w + gaussianCount
    nodeWeight = parameters.take(4 * w * w, inputs: inputs)
    edgeWeight = parameters.take(gaussianCount * 2 * w, inputs: inputs)
    bias = parameters.take(2 * w, inputs: inputs)
    edgeNormalization = parameters.takeNormalization(2 * w, over: .edges)
    sumNormalization = parameters.takeNormalization(w, over: .sites)
    parameters.name(
      name + ".fc_full.weight", outputs: 2 * w,
      blocks: [
        .init(columns: 0..<w, offset: nodeWeight, rowStride: 1, columnStride: 4 * w),
        .init(columns: w..<2 * w, offset: nodeWeight + 2 * w, rowStride: 1, columnStride: 4 * w),
        .init(columns: 2 * w..<inputs, offset: edgeWeight, rowStride: 1, columnStride: 2 * w),
      ])
    parameters.name(name + ".fc_full.bias", vector: bias, 2 * w)
    parameters.name(name + ".bn1", edgeNormalization)
    parameters.name(name + ".bn2", sumNormalization)
  }

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }
  var normalizations: [StagedNormalization] {
    [
      StagedNormalization(slot: edgeNormalization, measuredBy: 0, gradientBy: 1),
      StagedNormalization(slot: sumNormalization, measuredBy: 1, gradientBy: 0),
    ]
  }
  var forwardStages: Int { 3 }
  var backwardStages: Int { 3 }
  var transposed: [StoredMatrix] { [StoredMatrix(offset: nodeWeight, rows: width, columns: 4 * width)] }
  var workBuffers: Int { 2 }
  var worksInPlace: Bool { true }

  private func edges<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ projections: UnsafePointer<Scalar>, _ weights: UnsafePointer<Scalar>
  ) -> EdgeBlock<Scalar> {
    let block = context.block
    return EdgeBlock(
      centerCount: block.siteCount, width: width, projections: projections,
      edgeOffsets: block.edgeOffsets.pointer, neighbors: block.neighbors.pointer, taps: context.input(1),
      starts: context.chunk.starts[context.inputs[1]].pointer, edgeWeights: weights,
      multiplicities: block.multiplicities)
  }

  private func trainedEdges<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> EdgeBlock<Scalar> {
    edges(context, context.work[Work.projections].pointer, context.weights + edgeWeight)
  }

  // MARK: Training

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    switch stage {
    case 0: projectAndMeasure(context)
    case 1: gate(context)
    default: update(context)
    }
  }

  /// Projects the nodes and sums the pre-activations of the edges.
  private func projectAndMeasure<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (n, w) = (context.block.siteCount, width)
    let out = context.work[Work.projections].reserve(n * 4 * w)
    Scalar.multiply(
      rows: n, columns: 4 * w, inner: w, context.input(0), aRow: w, aColumn: 1, context.weights + nodeWeight,
      bias: nil, into: out, accumulate: false)
    Scalar.addToRows(rows: n, width: 2 * w, context.weights + bias, out, stride: 4 * w)
    let sums = context.sums[0]
    sums.clear()
    Scalar.edgeStatistics(trainedEdges(context), sum: sums.first, square: sums.second)
  }

  /// Sums the gated messages and measures the sums.
  private func gate<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let n = context.block.siteCount
    let out = context.work[Work.sums].reserve(n * width)
    let pointers = context.shared.normalizations[0].pointers
    Scalar.edgeGate(trainedEdges(context), scale: pointers.scale, shift: pointers.shift, into: out)
    let sums = context.sums[1]
    sums.clear()
    Scalar.columnStatistics(
      out, rows: n, width: width, weights: context.block.multiplicities.centers, sum: sums.first,
      square: sums.second)
  }

  private func update<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let pointers = context.shared.normalizations[1].pointers
    Scalar.residualSoftplus(
      rows: context.block.siteCount, width: width, context.input(0), context.work[Work.sums].pointer,
      scale: pointers.scale, shift: pointers.shift, into: context.output(0))
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    switch stage {
    case 0: updateBackward(context)
    case 1: gateBackwardStatistics(context)
    default: gateBackward(context)
    }
  }

  /// Backward through the last softplus.
  private func updateBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let sums = context.sums[1]
    sums.clear()
    Scalar.residualSoftplusBackward(
      rows: context.block.siteCount, width: width,
      output: context.chunk.values[context.outputs[0]].pointer, context.work[Work.sums].pointer,
      context.shared.normalizations[1].pointers, gradient: context.outputGradient(0), sumG: sums.first,
      sumGX: sums.second)
  }

  /// Backward through the second normalization, then the sums that the first one needs.
  private func gateBackwardStatistics<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let n = context.block.siteCount
    let normalization = context.shared.normalizations[1]
    let out = context.chunk.scratch[Scratch.sumGradient].reserve(n * width)
    Scalar.normalizationBackward(
      rows: n, width: width, gradient: context.outputGradient(0), context.work[Work.sums].pointer,
      normalization.pointers, normalization.gradientPointers,
      weights: context.block.multiplicities.centers, into: out)
    let sums = context.sums[0]
    sums.clear()
    Scalar.edgeGateBackwardStatistics(
      trainedEdges(context), context.shared.normalizations[0].pointers, gradient: out, sumG: sums.first,
      sumGX: sums.second)
  }

  /// Backward through the gate, the first normalization and the projections.
  private func gateBackward<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (n, w) = (context.block.siteCount, width)
    let normalization = context.shared.normalizations[0]
    let out = context.chunk.scratch[Scratch.projectionGradient].reserve(n * 4 * w)
    Scalar.edgeGateBackward(
      trainedEdges(context), normalization.pointers,
      gradient: context.chunk.scratch[Scratch.sumGradient].pointer, normalization.gradientPointers,
      projections: out, edgeWeights: context.gradient + edgeWeight)
    let nodes = context.passGradient(output: 0, input: 0)
    Scalar.multiply(
      rows: n, columns: w, inner: 4 * w, out, aRow: 4 * w, aColumn: 1,
      context.shared.transposed[0].pointer, bias: nil, into: nodes, accumulate: true)
    Scalar.multiply(
      rows: w, columns: 4 * w, inner: n, context.input(0), aRow: 1, aColumn: w, out, bias: nil,
      into: context.gradient + nodeWeight, accumulate: true)
    Scalar.addRows(rows: n, width: 2 * w, out, stride: 4 * w, to: context.gradient + bias)
  }

  // MARK: Inference

  /// Folds the first normalization into the weights (p̃ = s·p + t is linear) and the second into a scale and shift.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let (w, values) = (width, source.values)
    let (scale1, shift1) = source.affine(edgeNormalization)
    let (scale2, shift2) = source.affine(sumNormalization)
    func scaled(_ range: Range<Int>) -> [Scalar] {
      values[range].enumerated().map { Scalar(Double($1) * scale1[$0 % (2 * w)]) }
    }
    let nodes = scaled(nodeWeight..<nodeWeight + 4 * w * w)
    let edges = scaled(edgeWeight..<edgeWeight + gaussianCount * 2 * w)
    // The bias belongs to the center's half; the neighbor's half has none.
    var bias = [Scalar](repeating: 0, count: 4 * w)
    for index in 0..<2 * w {
      bias[index] = Scalar(Double(values[self.bias + index]) * scale1[index] + shift1[index])
    }
    var elements: [Scalar] = []
    if let table = source.inputTables[0] {
      let rows = table.count / w
      elements = [Scalar](repeating: 0, count: rows * 4 * w)
      elements.withUnsafeMutableBufferPointer { out in
        Scalar.multiply(
          rows: rows, columns: 4 * w, inner: w, table, aRow: w, aColumn: 1, nodes, bias: bias,
          into: out.baseAddress.unsafelyUnwrapped, accumulate: false)
      }
    }
    return PreparedLayer(
      arrays: [nodes, edges, bias, scale2.map { Scalar($0) }, shift2.map { Scalar($0) }, elements])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (n, w, prepared) = (context.block.siteCount, width, context.prepared.arrays)
    let nodes = context.input(0)
    let sums = context.chunk.scratch[0].reserve(n * w)
    let projections = context.chunk.scratch[1].reserve(n * 4 * w)
    if prepared[Prepared.elements].isEmpty {
      Scalar.multiply(
        rows: n, columns: 4 * w, inner: w, nodes, aRow: w, aColumn: 1, prepared[Prepared.nodeWeight],
        bias: prepared[Prepared.bias], into: projections, accumulate: false)
    } else {
      gatherElements(context.block, prepared[Prepared.elements], width: 4 * w, into: projections)
    }
    prepared[Prepared.edgeWeight].withUnsafeBufferPointer { weights in
      Scalar.edgeGate(
        edges(context, projections, weights.baseAddress.unsafelyUnwrapped), scale: nil, shift: nil, into: sums
      )
    }
    Scalar.residualSoftplus(
      rows: n, width: w, nodes, sums, scale: prepared[Prepared.scale], shift: prepared[Prepared.shift],
      into: context.output(0))
  }

  // MARK: Plain loops

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (nodes, gaussians) = (inputs[0], inputs[1])
    let (weight, bias) = (context.matrix(name + ".fc_full.weight"), context.vector(name + ".fc_full.bias"))
    var rows = zip(context.edges, gaussians).map { edge, expansion in
      plainProduct(weight, nodes[edge.center] + nodes[edge.neighbor] + expansion, bias)
    }
    context.normalize(&rows, name + ".bn1")
    var sums = nodes.map { _ in [Double](repeating: 0, count: width) }
    for (edge, row) in zip(context.edges, rows) {
      for channel in 0..<width {
        sums[edge.center][channel] += plainSigmoid(row[channel]) * plainSoftplus(row[width + channel])
      }
    }
    context.normalize(&sums, name + ".bn2")
    return [zip(nodes, sums).map { zip($0, $1).map { plainSoftplus($0 + $1) } }]
  }
}

extension NetworkBuilder {
  /// The convolution of CGCNN; tensors `name.fc_full`, `name.bn1` and `name.bn2` as its authors name them.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - nodes: a row a site; the width is a multiple of 16.
  ///   - lengths: what `radialBasis` made of the edges.
  public mutating func crystalGraphConvolution(
    _ name: String, _ nodes: NetworkValue, lengths: NetworkValue
  ) -> NetworkValue {
    add([nodes, lengths]) {
      CrystalGraphConvolution(name, width: nodes.width, gaussianCount: lengths.width, &$0)
    }[0]
  }
}
