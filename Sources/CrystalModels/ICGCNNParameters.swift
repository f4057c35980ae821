internal import ModelFormats
public import TensorKernels

/// Where each parameter of an iCGCNN lies in one flat array. Matrices are stored (in, out).
///
/// d node width, e edge width, o = 2d + 2e' gate channels of a convolution (e' = e, or 0 where edges are not updated).
public struct ICGCNNLayout: Sendable {
  /// Offsets of γ and β of a normalization of `count` channels, and of its running mean and variance.
  public struct Normalization: Sendable {
    let gamma: Int
    let beta: Int
    let statistics: Int
    let count: Int
  }

  /// Offsets of one convolution's parameters.
  public struct Convolution: Sendable {
    /// (d, o · blocks): pair center, pair neighbor, and with triplets first center, first neighbor, second neighbor.
    let nodeWeight: Int
    /// (e, o): the pair's edge.
    let pairEdgeWeight: Int
    /// (o).
    let pairBias: Int
    let pairNormalization: Normalization
    /// (e, o): first and second edge of a triplet, and (o); nil without triplets.
    let triplet: (first: Int, second: Int, bias: Int, normalization: Normalization)?
    let nodeNormalization: Normalization
    /// nil where edges are not updated.
    let edgeNormalization: Normalization?
    let widths: GateWidths
    /// Blocks of o columns of `nodeWeight`.
    var blocks: Int { triplet == nil ? 2 : 5 }
  }

  /// (92, d), then bias (d).
  let embeddingWeight: Int
  let embeddingBias: Int
  /// (F, e), then bias (e).
  let edgeEmbeddingWeight: Int
  let edgeEmbeddingBias: Int
  let convolutions: [Convolution]
  let head: HeadLayout
  /// Number of trainable parameters.
  public let count: Int
  /// Number of running statistics.
  public let statisticsCount: Int

  /// The layout of a network of the given shape.
  public init(_ configuration: ICGCNNConfiguration) {
    let (d, e) = (configuration.nodeWidth, configuration.edgeWidth)
    var next = 0
    var nextStatistic = 0
    func take(_ count: Int) -> Int {
      defer { next += count }
      return next
    }
    func normalization(_ count: Int) -> Normalization {
      defer { nextStatistic += 2 * count }
      return Normalization(gamma: take(count), beta: take(count), statistics: nextStatistic, count: count)
    }
    embeddingWeight = take(CGCNNConfiguration.elementFeatureCount * d)
    embeddingBias = take(d)
    edgeEmbeddingWeight = take(configuration.edgeFeatureCount * e)
    edgeEmbeddingBias = take(e)
    var convolutions: [Convolution] = []
    for index in 0..<configuration.convolutionCount {
      let gates = configuration.gateWidths(index)
      let widths = GateWidths(node: gates.node, edge: gates.edge)
      let o = widths.row
      let nodeWeight = take(d * o * (configuration.hasTriplets ? 5 : 2))
      let pairEdgeWeight = take(e * o)
      let pairBias = take(o)
      let pairNormalization = normalization(o)
      let triplet =
        configuration.hasTriplets
        ? (first: take(e * o), second: take(e * o), bias: take(o), normalization: normalization(o)) : nil
      convolutions.append(
        Convolution(
          nodeWeight: nodeWeight, pairEdgeWeight: pairEdgeWeight, pairBias: pairBias,
          pairNormalization: pairNormalization, triplet: triplet, nodeNormalization: normalization(d),
          edgeNormalization: widths.edge > 0 ? normalization(e) : nil, widths: widths))
    }
    self.convolutions = convolutions
    head = HeadLayout(
      inputs: d, hidden: configuration.hiddenWidth, layers: configuration.hiddenLayerCount, outputs: 1,
      from: next)
    count = head.end
    statisticsCount = nextStatistic
  }

  /// All normalizations.
  var normalizations: [Normalization] {
    convolutions.flatMap { convolution in
      [
        convolution.pairNormalization, convolution.triplet?.normalization, convolution.nodeNormalization,
        convolution.edgeNormalization,
      ].compactMap { $0 }
    }
  }
}

/// The parameters and running statistics of one iCGCNN.
public struct ICGCNNParameters<Scalar: KernelScalar>: Sendable {
  /// Shape of the network.
  public let configuration: ICGCNNConfiguration
  /// Where each parameter lies in `values`.
  public let layout: ICGCNNLayout
  /// All trainable parameters.
  public var values: [Scalar]
  /// Running means and variances of the batch normalizations.
  public var statistics: [Scalar]

  /// Parameters drawn as PyTorch draws them: linear layers uniform in ±1/√inputs, γ = 1, β = 0.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(
    _ configuration: ICGCNNConfiguration, using generator: inout some RandomNumberGenerator
  ) throws(ModelError) {
    try self.init(zeros: configuration)
    let (d, e) = (configuration.nodeWidth, configuration.edgeWidth)
    func fill(_ first: Int, _ count: Int, inputs: Int, _ generator: inout some RandomNumberGenerator) {
      let bound = 1 / Double(inputs).squareRoot()
      for index in first..<first + count {
        values[index] = Scalar(Double.random(in: -bound...bound, using: &generator))
      }
    }
    let features = CGCNNConfiguration.elementFeatureCount
    fill(layout.embeddingWeight, features * d + d, inputs: features, &generator)
    let edgeFeatures = configuration.edgeFeatureCount
    fill(layout.edgeEmbeddingWeight, edgeFeatures * e + e, inputs: edgeFeatures, &generator)
    for convolution in layout.convolutions {
      let o = convolution.widths.row
      let (pair, triple) = (2 * d + e, 3 * d + 2 * e)
      // The pair's blocks of the node weight and the triplet's lie side by side in each row.
      for row in 0..<d {
        let start = convolution.nodeWeight + row * o * convolution.blocks
        fill(start, 2 * o, inputs: pair, &generator)
        if convolution.triplet != nil { fill(start + 2 * o, 3 * o, inputs: triple, &generator) }
      }
      fill(convolution.pairEdgeWeight, e * o, inputs: pair, &generator)
      fill(convolution.pairBias, o, inputs: pair, &generator)
      if let triplet = convolution.triplet {
        fill(triplet.first, e * o, inputs: triple, &generator)
        fill(triplet.second, e * o, inputs: triple, &generator)
        fill(triplet.bias, o, inputs: triple, &generator)
      }
    }
    for layer in layout.head.hidden {
      fill(
        layer.weight, layer.inputs * configuration.hiddenWidth + configuration.hiddenWidth,
        inputs: layer.inputs, &generator)
    }
    fill(
      layout.head.outputWeight, configuration.hiddenWidth + 1, inputs: configuration.hiddenWidth, &generator)
  }

  /// All weights zero, γ = 1, running variance 1: a frame to be filled.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(zeros configuration: ICGCNNConfiguration) throws(ModelError) {
    try configuration.validate()
    self.configuration = configuration
    layout = ICGCNNLayout(configuration)
    values = [Scalar](repeating: 0, count: layout.count)
    statistics = [Scalar](repeating: 0, count: layout.statisticsCount)
    for normalization in layout.normalizations {
      for index in 0..<normalization.count {
        values[normalization.gamma + index] = 1
        statistics[normalization.statistics + normalization.count + index] = 1
      }
    }
  }

  /// The same network in another precision.
  public init(_ other: ICGCNNParameters<some KernelScalar>) {
    configuration = other.configuration
    layout = other.layout
    values = other.values.map { Scalar($0) }
    statistics = other.statistics.map { Scalar($0) }
  }
}
