public import TensorKernels

/// Where each parameter lies in one flat array, in the order optimizers and checkpoints see.
///
/// Matrices are stored (in, out), the transposed of the published files: rows of outputs are contiguous, which is
/// what the kernels stream through. w node width, h hidden width, K Gaussians.
public struct CGCNNLayout: Sendable {
  /// Offsets of one convolution's parameters.
  public struct Convolution: Sendable {
    /// (w, 4w): columns 0 ..< 2w act on the center, 2w ..< 4w on the neighbor.
    public let nodeWeight: Int
    /// (K, 2w).
    public let edgeWeight: Int
    /// (2w).
    public let bias: Int
    /// Scale of the normalization of pre-activations (2w).
    public let gamma1: Int
    /// Shift of the normalization of pre-activations (2w).
    public let beta1: Int
    /// Scale of the normalization of summed messages (w).
    public let gamma2: Int
    /// Shift of the normalization of summed messages (w).
    public let beta2: Int
    /// Offset of the running statistics: mean1 (2w), variance1 (2w), mean2 (w), variance2 (w).
    public let statistics: Int
  }

  /// (92, w).
  public let embeddingWeight: Int
  /// (w).
  public let embeddingBias: Int
  /// One entry a convolution.
  public let convolutions: [Convolution]
  /// What comes after pooling.
  public let head: HeadLayout
  /// Number of trainable parameters.
  public let count: Int
  /// Number of running statistics.
  public let statisticsCount: Int

  /// The layout of a network of the given shape.
  public init(_ configuration: CGCNNConfiguration) {
    let w = configuration.nodeWidth
    var next = 0
    func take(_ count: Int) -> Int {
      defer { next += count }
      return next
    }
    embeddingWeight = take(CGCNNConfiguration.elementFeatureCount * w)
    embeddingBias = take(w)
    var convolutions: [Convolution] = []
    for index in 0..<configuration.convolutionCount {
      convolutions.append(
        Convolution(
          nodeWeight: take(4 * w * w), edgeWeight: take(configuration.gaussianCount * 2 * w),
          bias: take(2 * w),
          gamma1: take(2 * w), beta1: take(2 * w), gamma2: take(w), beta2: take(w), statistics: index * 6 * w)
      )
    }
    self.convolutions = convolutions
    head = HeadLayout(
      inputs: w, hidden: configuration.hiddenWidth, layers: configuration.hiddenLayerCount,
      outputs: configuration.outputCount, from: next)
    count = head.end
    statisticsCount = configuration.convolutionCount * 6 * w
  }
}

/// The parameters and running statistics of one CGCNN.
public struct CGCNNParameters<Scalar: KernelScalar>: Sendable {
  /// Shape of the network.
  public let configuration: CGCNNConfiguration
  /// Where each parameter lies in `values`.
  public let layout: CGCNNLayout
  /// All trainable parameters.
  public var values: [Scalar]
  /// Running means and variances of the batch normalizations.
  public var statistics: [Scalar]

  /// Parameters drawn as PyTorch draws them: linear layers uniform in ±1/√inputs, γ = 1, β = 0.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(
    _ configuration: CGCNNConfiguration, using generator: inout some RandomNumberGenerator
  ) throws(ModelError) {
    try self.init(zeros: configuration)
    let (w, h) = (configuration.nodeWidth, configuration.hiddenWidth)
    func fill(_ range: Range<Int>, inputs: Int, _ generator: inout some RandomNumberGenerator) {
      let bound = 1 / Double(inputs).squareRoot()
      for index in range { values[index] = Scalar(Double.random(in: -bound...bound, using: &generator)) }
    }
    let features = CGCNNConfiguration.elementFeatureCount
    fill(layout.embeddingWeight..<layout.embeddingBias + w, inputs: features, &generator)
    for convolution in layout.convolutions {
      let inputs = 2 * w + configuration.gaussianCount
      fill(convolution.nodeWeight..<convolution.bias + 2 * w, inputs: inputs, &generator)
    }
    for layer in layout.head.hidden { fill(layer.weight..<layer.bias + h, inputs: layer.inputs, &generator) }
    fill(layout.head.outputWeight..<layout.count, inputs: h, &generator)
  }

  /// All weights zero, γ = 1, running variance 1: a frame to be filled.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(zeros configuration: CGCNNConfiguration) throws(ModelError) {
    try configuration.validate()
    self.configuration = configuration
    layout = CGCNNLayout(configuration)
    values = [Scalar](repeating: 0, count: layout.count)
    statistics = [Scalar](repeating: 0, count: layout.statisticsCount)
    let w = configuration.nodeWidth
    for convolution in layout.convolutions {
      for index in 0..<2 * w { values[convolution.gamma1 + index] = 1 }
      for index in 0..<w { values[convolution.gamma2 + index] = 1 }
      for index in 0..<2 * w { statistics[convolution.statistics + 2 * w + index] = 1 }
      for index in 0..<w { statistics[convolution.statistics + 5 * w + index] = 1 }
    }
  }

  /// The same network in another precision.
  public init(_ other: CGCNNParameters<some KernelScalar>) {
    configuration = other.configuration
    layout = other.layout
    values = other.values.map { Scalar($0) }
    statistics = other.statistics.map { Scalar($0) }
  }
}
