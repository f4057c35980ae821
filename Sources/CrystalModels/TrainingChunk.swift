internal import CrystalGraphs
internal import ModelFormats
internal import TensorKernels

/// The structures of one chunk of a batch, their activations, and their share of every sum.
///
/// Shapes: S structures, n sites, w node width, h hidden width. One thread at a time.
final class TrainingChunk<Scalar: KernelScalar & BitwiseCopyable> {
  var members: [Int] = []
  let block = GraphBlock<Scalar>()
  /// Two sums over this chunk's rows, contiguous: first (c), then second (c).
  let partialSums: Buffer<Double>
  /// This chunk's share of dL/d(parameters), γ and β of the normalizations left out.
  let gradient: Buffer<Scalar>
  private(set) var lossSum = 0.0

  private let w: Int
  private let parameterCount: Int
  /// Node vectors before each convolution and after the last, shape (n, w).
  private let nodes: [Buffer<Scalar>]
  /// Summed messages of each convolution, shape (n, w).
  private let sums: [Buffer<Scalar>]
  /// Projections of each convolution, shape (n, 4w).
  private let projections: [Buffer<Scalar>]
  private let nodeGradient = Buffer<Scalar>()
  private let sumGradient = Buffer<Scalar>()
  private let projectionGradient = Buffer<Scalar>()
  private let head: PredictionHead<Scalar>
  private let elementGradient: Buffer<Scalar>

  init(_ parameters: CGCNNParameters<Scalar>) {
    w = parameters.configuration.nodeWidth
    parameterCount = parameters.values.count
    partialSums = Buffer(capacity: 4 * w)
    gradient = Buffer(capacity: parameterCount)
    let layers = parameters.configuration.convolutionCount
    nodes = (0...layers).map { _ in Buffer() }
    sums = (0..<layers).map { _ in Buffer() }
    projections = (0..<layers).map { _ in Buffer() }
    head = PredictionHead(parameters.layout.head, nodeWidth: w)
    elementGradient = Buffer(capacity: 101 * w)
  }

  /// Lays out the graphs and embeds the elements.
  func begin(of collection: GraphCollection, _ parameters: CGCNNParameters<Scalar>, _ elementNodes: [Scalar])
  {
    block.assemble(members, of: collection, for: parameters.configuration)
    gradient.pointer.update(repeating: 0, count: parameterCount)
    let n = block.siteCount
    let first = nodes[0].reserve(n * w)
    elementNodes.withUnsafeBufferPointer { table in
      for site in 0..<n {
        let row = Int(block.atomicNumbers.pointer[site]) * w
        (first + site * w).update(from: table.baseAddress.unsafelyUnwrapped + row, count: w)
      }
    }
  }

  private func edges(_ index: Int, _ values: UnsafePointer<Scalar>, _ offsets: CGCNNLayout.Convolution)
    -> EdgeBlock<Scalar>
  {
    block.edges(
      width: w, projections: projections[index].pointer, edgeWeights: values + offsets.edgeWeight)
  }

  private func clearSums(_ channels: Int) -> (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) {
    partialSums.pointer.update(repeating: 0, count: 2 * channels)
    return (partialSums.pointer, partialSums.pointer + channels)
  }

  /// Projects the nodes for convolution `index` and sums the pre-activations of its edges.
  func projectAndMeasure(_ index: Int, _ parameters: CGCNNParameters<Scalar>) {
    let offsets = parameters.layout.convolutions[index]
    let n = block.siteCount
    let out = projections[index].reserve(n * 4 * w)
    parameters.values.withUnsafeBufferPointer { values in
      let base = values.baseAddress.unsafelyUnwrapped
      Scalar.multiply(
        rows: n, columns: 4 * w, inner: w, nodes[index].pointer, aRow: w, aColumn: 1,
        base + offsets.nodeWeight,
        bias: nil, into: out, accumulate: false)
      for site in 0..<n {
        for channel in 0..<2 * w { out[site * 4 * w + channel] += base[offsets.bias + channel] }
      }
      let (sum, square) = clearSums(2 * w)
      Scalar.edgeStatistics(edges(index, base, offsets), sum: sum, square: square)
    }
  }

  /// Sums the gated messages of convolution `index` and measures the sums.
  func gate(_ index: Int, _ parameters: CGCNNParameters<Scalar>, _ normalization: BatchNormalization<Scalar>)
  {
    let offsets = parameters.layout.convolutions[index]
    let n = block.siteCount
    let out = sums[index].reserve(n * w)
    parameters.values.withUnsafeBufferPointer { values in
      let pointers = normalization.pointers
      Scalar.edgeGate(
        edges(index, values.baseAddress.unsafelyUnwrapped, offsets), scale: pointers.scale,
        shift: pointers.shift, into: out)
    }
    let (sum, square) = clearSums(w)
    Scalar.columnStatistics(
      out, rows: n, width: w, weights: block.multiplicities.centers, sum: sum, square: square)
  }

  /// nodes[index + 1] = softplus(nodes[index] + normalized sums).
  func update(_ index: Int, _ normalization: BatchNormalization<Scalar>) {
    let n = block.siteCount
    let pointers = normalization.pointers
    Scalar.residualSoftplus(
      rows: n, width: w, nodes[index].pointer, sums[index].pointer, scale: pointers.scale,
      shift: pointers.shift,
      into: nodes[index + 1].reserve(n * w))
  }

  /// Pools, predicts, takes the loss, and goes back to dL/d(nodes of the last layer).
  func headForwardBackward(
    _ parameters: CGCNNParameters<Scalar>, targets: [Float], loss: RegressionLoss, batchSize: Int,
    transposedHidden: [Buffer<Scalar>]
  ) {
    parameters.values.withUnsafeBufferPointer { values in
      let base = values.baseAddress.unsafelyUnwrapped
      head.forward(block, nodes[nodes.count - 1].pointer, base)
      lossSum = head.lossAndBackward(
        block, members: members, targets: targets, loss: loss, batchSize: batchSize, base,
        transposed: transposedHidden, gradient: gradient.pointer,
        nodes: nodeGradient.reserve(block.siteCount * w))
    }
  }

  /// Backward through `update`: nodeGradient becomes the gradient before the softplus.
  func updateBackward(_ index: Int, _ normalization: BatchNormalization<Scalar>) {
    let (sumG, sumGX) = clearSums(w)
    Scalar.residualSoftplusBackward(
      rows: block.siteCount, width: w, output: nodes[index + 1].pointer, sums[index].pointer,
      normalization.pointers, gradient: nodeGradient.pointer, sumG: sumG, sumGX: sumGX)
  }

  /// Backward through the second normalization, then the sums that the first one needs.
  func gateBackwardStatistics(
    _ index: Int, _ parameters: CGCNNParameters<Scalar>, _ edgeNormalization: BatchNormalization<Scalar>,
    _ sumNormalization: BatchNormalization<Scalar>
  ) {
    let n = block.siteCount
    let out = sumGradient.reserve(n * w)
    Scalar.normalizationBackward(
      rows: n, width: w, gradient: nodeGradient.pointer, sums[index].pointer, sumNormalization.pointers,
      sumNormalization.gradientPointers, weights: block.multiplicities.centers, into: out)
    let (sumG, sumGX) = clearSums(2 * w)
    parameters.values.withUnsafeBufferPointer { values in
      Scalar.edgeGateBackwardStatistics(
        edges(index, values.baseAddress.unsafelyUnwrapped, parameters.layout.convolutions[index]),
        edgeNormalization.pointers, gradient: out, sumG: sumG, sumGX: sumGX)
    }
  }

  /// Backward through the gate, the first normalization and the projections; adds to nodeGradient.
  func gateBackward(
    _ index: Int, _ parameters: CGCNNParameters<Scalar>, _ normalization: BatchNormalization<Scalar>,
    transposedNodeWeight: UnsafePointer<Scalar>
  ) {
    let n = block.siteCount
    let offsets = parameters.layout.convolutions[index]
    let out = projectionGradient.reserve(n * 4 * w)
    parameters.values.withUnsafeBufferPointer { values in
      Scalar.edgeGateBackward(
        edges(index, values.baseAddress.unsafelyUnwrapped, offsets), normalization.pointers,
        gradient: sumGradient.pointer, normalization.gradientPointers, projections: out,
        edgeWeights: gradient.pointer + offsets.edgeWeight)
    }
    Scalar.multiply(
      rows: n, columns: w, inner: 4 * w, out, aRow: 4 * w, aColumn: 1, transposedNodeWeight, bias: nil,
      into: nodeGradient.pointer, accumulate: true)
    Scalar.multiply(
      rows: w, columns: 4 * w, inner: n, nodes[index].pointer, aRow: 1, aColumn: w, out, bias: nil,
      into: gradient.pointer + offsets.nodeWeight, accumulate: true)
    let bias = gradient.pointer + offsets.bias
    for site in 0..<n {
      for channel in 0..<2 * w { bias[channel] += out[site * 4 * w + channel] }
    }
  }

  /// Backward through the embedding.
  func finish(_ parameters: CGCNNParameters<Scalar>) {
    elementEmbeddingBackward(
      block, nodeGradient.pointer, width: w, scratch: elementGradient.pointer,
      weight: gradient.pointer + parameters.layout.embeddingWeight,
      bias: gradient.pointer + parameters.layout.embeddingBias)
  }
}

/// Backward of the element embedding: adds the nodes' gradients (n, w) to its weight (92, w) and bias (w).
///
/// Sites of one element share a row of features, so their gradients are added up first, in `scratch` (101, w).
func elementEmbeddingBackward<Scalar: KernelScalar & BitwiseCopyable>(
  _ block: GraphBlock<Scalar>, _ nodes: UnsafePointer<Scalar>, width w: Int,
  scratch elements: UnsafeMutablePointer<Scalar>, weight: UnsafeMutablePointer<Scalar>,
  bias: UnsafeMutablePointer<Scalar>
) {
  elements.update(repeating: 0, count: 101 * w)
  for site in 0..<block.siteCount {
    let row = Int(block.atomicNumbers.pointer[site]) * w
    for channel in 0..<w { elements[row + channel] += nodes[site * w + channel] }
  }
  let table = AtomFeatureTable.cgcnn
  for number in 1...table.elementCount {
    let row = elements + number * w
    guard (0..<w).contains(where: { row[$0] != 0 }) else { continue }
    for channel in 0..<w { bias[channel] += row[channel] }
    for feature in 0..<table.featureCount where table.values[(number - 1) * table.featureCount + feature] != 0
    {
      for channel in 0..<w { weight[feature * w + channel] += row[channel] }
    }
  }
}
