internal import CrystalGraphs
internal import ModelFormats
public import TensorKernels

/// A CGCNN prepared for inference: normalizations folded into the weights, the first layer tabulated by element.
///
/// Immutable, so any number of threads may use it, each with its own `Scratch`. A structure's result does not
/// depend, to the last bit, on what else is in its block or on which thread computes it: every kernel treats each
/// row alike.
public final class CGCNNPredictor: Sendable {
  /// Working memory of one thread.
  public final class Scratch {
    let nodes = Buffer<Float>()
    let sums = Buffer<Float>()
    let projections = Buffer<Float>()
    private var heads: [(end: Int, width: Int, head: PredictionHead<Float>)] = []

    /// Empty; grows with use.
    public init() {}

    /// The head for networks of this shape; one scratch may serve networks of several shapes.
    fileprivate func head(_ layout: HeadLayout, nodeWidth: Int) -> PredictionHead<Float> {
      if let found = heads.first(where: { $0.end == layout.end && $0.width == nodeWidth }) {
        return found.head
      }
      let head = PredictionHead<Float>(layout, nodeWidth: nodeWidth)
      heads.append((layout.end, nodeWidth, head))
      return head
    }
  }

  fileprivate struct Convolution: Sendable {
    let nodeWeight: [Float]
    let edgeWeight: [Float]
    let bias: [Float]
    let scale: [Float]
    let shift: [Float]
  }

  /// Shape of the network.
  public let configuration: CGCNNConfiguration
  fileprivate let convolutions: [Convolution]
  /// Embedded elements, shape (101, w); row 0 is unused.
  private let elementNodes: [Float]
  /// Projections of embedded elements for the first convolution, shape (101, 4w).
  private let elementProjections: [Float]
  private let headLayout: HeadLayout
  /// All parameters, of which the head reads its own.
  private let values: [Float]

  /// Prepares the parameters of a trained network.
  public init(_ parameters: CGCNNParameters<Float>) {
    let configuration = parameters.configuration
    self.configuration = configuration
    let (w, layout) = (configuration.nodeWidth, parameters.layout)
    convolutions = layout.convolutions.map { CGCNNPredictor.folded(parameters, $0) }
    let table = elementEmbedding(parameters)
    elementNodes = table
    elementProjections = convolutions[0].project(table, rows: 101, width: w)
    headLayout = layout.head
    values = parameters.values
  }

  /// Folds the first normalization into the weights (p̃ = s·p + t is linear) and the second into a scale and shift.
  private static func folded(
    _ parameters: CGCNNParameters<Float>, _ offsets: CGCNNLayout.Convolution
  ) -> Convolution {
    let w = parameters.configuration.nodeWidth
    let (values, statistics) = (parameters.values, parameters.statistics)
    func affine(_ gamma: Int, _ beta: Int, _ mean: Int, _ variance: Int, _ count: Int) -> ([Double], [Double])
    {
      var scale: [Double] = []
      var shift: [Double] = []
      for index in 0..<count {
        let deviation = (Double(statistics[variance + index]) + batchNormalizationEpsilon).squareRoot()
        scale.append(Double(values[gamma + index]) / deviation)
        shift.append(Double(values[beta + index]) - Double(statistics[mean + index]) * scale[index])
      }
      return (scale, shift)
    }
    let base = offsets.statistics
    let (scale1, shift1) = affine(offsets.gamma1, offsets.beta1, base, base + 2 * w, 2 * w)
    let (scale2, shift2) = affine(offsets.gamma2, offsets.beta2, base + 4 * w, base + 5 * w, w)
    var nodeWeight = Array(values[offsets.nodeWeight..<offsets.edgeWeight])
    for index in nodeWeight.indices {
      nodeWeight[index] = Float(Double(nodeWeight[index]) * scale1[index % (2 * w)])
    }
    var edgeWeight = Array(values[offsets.edgeWeight..<offsets.bias])
    for index in edgeWeight.indices {
      edgeWeight[index] = Float(Double(edgeWeight[index]) * scale1[index % (2 * w)])
    }
    // The bias belongs to the center's half; the neighbor's half has none.
    var bias = [Float](repeating: 0, count: 4 * w)
    for index in 0..<2 * w {
      bias[index] = Float(Double(values[offsets.bias + index]) * scale1[index] + shift1[index])
    }
    return Convolution(
      nodeWeight: nodeWeight, edgeWeight: edgeWeight, bias: bias, scale: scale2.map { Float($0) },
      shift: shift2.map { Float($0) })
  }

  /// Sites a block holds at most, unless a single structure has more: its activations then stay in a core's cache.
  static let sitesPerBlock = 192

  /// Largest atomic number the network has features for.
  public static let largestAtomicNumber = AtomFeatureTable.cgcnn.elementCount

  /// Predicts every structure of `block`.
  ///
  /// - Parameters:
  ///   - block: graphs assembled for `configuration`; atomic numbers at most `largestAtomicNumber`.
  ///   - scratch: this thread's working memory.
  ///   - output: shape (S); standardized values for regression, the probability of class 1 for classification.
  public func predict(_ block: GraphBlock<Float>, scratch: Scratch, into output: UnsafeMutablePointer<Float>)
  {
    let (n, w) = (block.siteCount, configuration.nodeWidth)
    let nodes = scratch.nodes.reserve(n * w)
    let sums = scratch.sums.reserve(n * w)
    let projections = scratch.projections.reserve(n * 4 * w)
    let atomicNumbers = block.atomicNumbers.pointer
    for site in 0..<n {
      let row = Int(atomicNumbers[site])
      elementNodes.withUnsafeBufferPointer { table in
        (nodes + site * w).update(from: table.baseAddress.unsafelyUnwrapped + row * w, count: w)
      }
      elementProjections.withUnsafeBufferPointer { table in
        (projections + site * 4 * w).update(
          from: table.baseAddress.unsafelyUnwrapped + row * 4 * w, count: 4 * w)
      }
    }
    for (index, convolution) in convolutions.enumerated() {
      if index > 0 {
        Float.multiply(
          rows: n, columns: 4 * w, inner: w, nodes, aRow: w, aColumn: 1, convolution.nodeWeight,
          bias: convolution.bias, into: projections, accumulate: false)
      }
      convolution.edgeWeight.withUnsafeBufferPointer { weights in
        let edges = block.edges(
          width: w, projections: projections, edgeWeights: weights.baseAddress.unsafelyUnwrapped)
        Float.edgeGate(edges, scale: nil, shift: nil, into: sums)
      }
      Float.residualSoftplus(
        rows: n, width: w, nodes, sums, scale: convolution.scale, shift: convolution.shift, into: nodes)
    }
    head(block, nodes, scratch, into: output)
  }

  private func head(
    _ block: GraphBlock<Float>, _ nodes: UnsafeMutablePointer<Float>, _ scratch: Scratch,
    into output: UnsafeMutablePointer<Float>
  ) {
    let head = scratch.head(headLayout, nodeWidth: configuration.nodeWidth)
    values.withUnsafeBufferPointer { values in
      let base = values.baseAddress.unsafelyUnwrapped
      head.forward(block, nodes, base)
      for structure in 0..<block.structureCount {
        let first = head.output(structure, 0, base)
        if configuration.task == .classification {
          // softmax over two classes
          output[structure] = Float(
            1 / (1 + exponential(Double(first) - Double(head.output(structure, 1, base)))))
        } else {
          output[structure] = first
        }
      }
    }
  }
}

/// ε of batch normalization, as in PyTorch.
let batchNormalizationEpsilon = 1e-5

/// Embeds all elements, shape (101, w): row Z is W x_Z + b.
func elementEmbedding<Scalar: KernelScalar>(_ parameters: CGCNNParameters<Scalar>) -> [Scalar] {
  elementEmbedding(
    parameters.values, weight: parameters.layout.embeddingWeight, bias: parameters.layout.embeddingBias,
    width: parameters.configuration.nodeWidth)
}

/// Embeds all elements, shape (101, w), with weight (92, w) and bias (w) at the given places of `values`.
func elementEmbedding<Scalar: KernelScalar>(_ values: [Scalar], weight: Int, bias: Int, width w: Int)
  -> [Scalar]
{
  let table = AtomFeatureTable.cgcnn
  var result = [Scalar](repeating: 0, count: 101 * w)
  for number in 1...table.elementCount {
    guard let row = table.row(for: number) else { continue }
    for channel in 0..<w {
      var sum = values[bias + channel]
      for feature in 0..<table.featureCount where row[feature] != 0 {
        sum += values[weight + feature * w + channel]
      }
      result[number * w + channel] = sum
    }
  }
  return result
}

/// Mean of the nodes of each structure, shape (S, w), atoms in order; a node that stands for several counts as often.
func meanPool<Scalar: KernelScalar & BitwiseCopyable>(
  _ block: GraphBlock<Scalar>, _ nodes: UnsafePointer<Scalar>, width w: Int,
  into pooled: UnsafeMutablePointer<Scalar>
) {
  let offsets = block.structureOffsets.pointer
  for structure in 0..<block.structureCount {
    let row = pooled + structure * w
    row.update(repeating: 0, count: w)
    let sites = Int(offsets[structure])..<Int(offsets[structure + 1])
    var total: Scalar = 0
    for site in sites {
      let node = nodes + site * w
      let weight = block.multiplicities.centers?[site] ?? 1
      total += weight
      for channel in 0..<w { row[channel] += weight * node[channel] }
    }
    let factor = 1 / total
    for channel in 0..<w { row[channel] *= factor }
  }
}

extension CGCNNPredictor.Convolution {
  fileprivate func project(_ nodes: [Float], rows: Int, width w: Int) -> [Float] {
    var result = [Float](repeating: 0, count: rows * 4 * w)
    result.withUnsafeMutableBufferPointer { result in
      Float.multiply(
        rows: rows, columns: 4 * w, inner: w, nodes, aRow: w, aColumn: 1, nodeWeight, bias: bias,
        into: result.baseAddress.unsafelyUnwrapped, accumulate: false)
    }
    return result
  }
}
