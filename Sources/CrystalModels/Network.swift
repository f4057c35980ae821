public import CrystalGraphs
public import ModelFormats
public import TensorKernels

/// The shape of a network of any architecture.
public enum NetworkConfiguration: Hashable, Sendable {
  /// Crystal graph convolutional neural network.
  case cgcnn(CGCNNConfiguration)
  /// Improved crystal graph convolutional neural network.
  case icgcnn(ICGCNNConfiguration)

  /// Name of the architecture, as model cards have it.
  public var architecture: String {
    switch self {
    case .cgcnn: "CGCNN"
    case .icgcnn: "iCGCNN"
    }
  }

  /// The graphs this network is made for.
  public var rule: NeighborRule {
    switch self {
    case .cgcnn(let configuration):
      .nearest(count: configuration.neighborCount, cutoff: configuration.cutoff)
    case .icgcnn(let configuration):
      if let count = configuration.nearestNeighborCount {
        .nearest(count: count, cutoff: configuration.gaussianReach)
      } else {
        .voronoi(minimumSolidAngleFraction: configuration.minimumSolidAngleFraction)
      }
    }
  }

  /// Checks that a network of this shape can be built.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming the value.
  public func validate() throws(ModelError) {
    switch self {
    case .cgcnn(let configuration): try configuration.validate()
    case .icgcnn(let configuration): try configuration.validate()
    }
  }

  /// Edges of a site that count.
  var neighborLimit: Int {
    if case .cgcnn(let configuration) = self { configuration.neighborCount } else { .max }
  }

  /// Length (Å) of the edges that stand in for missing neighbors; nil where nothing does.
  var paddingDistance: Double? {
    guard case .cgcnn(let configuration) = self, configuration.padding == .firstAtom else { return nil }
    return configuration.cutoff + 1
  }
}

/// The parameters and running statistics of a network of any architecture, in single precision.
public enum NetworkParameters: Sendable {
  /// Crystal graph convolutional neural network.
  case cgcnn(CGCNNParameters<Float>)
  /// Improved crystal graph convolutional neural network.
  case icgcnn(ICGCNNParameters<Float>)

  /// Parameters drawn as PyTorch draws them.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(
    _ configuration: NetworkConfiguration, using generator: inout some RandomNumberGenerator
  ) throws(ModelError) {
    switch configuration {
    case .cgcnn(let configuration): self = .cgcnn(try CGCNNParameters(configuration, using: &generator))
    case .icgcnn(let configuration): self = .icgcnn(try ICGCNNParameters(configuration, using: &generator))
    }
  }

  /// The network of the given shape with the given tensors; tensors it does not know are ignored.
  ///
  /// - Throws: `ModelError` when a tensor is missing, has another shape, or holds NaN or infinity.
  public init(_ configuration: NetworkConfiguration, tensors: [NamedTensor]) throws(ModelError) {
    switch configuration {
    case .cgcnn(let configuration): self = .cgcnn(try CGCNNParameters(configuration, tensors: tensors))
    case .icgcnn(let configuration): self = .icgcnn(try ICGCNNParameters(configuration, tensors: tensors))
    }
  }

  /// Shape of the network.
  public var configuration: NetworkConfiguration {
    switch self {
    case .cgcnn(let parameters): .cgcnn(parameters.configuration)
    case .icgcnn(let parameters): .icgcnn(parameters.configuration)
    }
  }

  /// All trainable parameters.
  public var values: [Float] {
    switch self {
    case .cgcnn(let parameters): parameters.values
    case .icgcnn(let parameters): parameters.values
    }
  }

  /// Running means and variances of the batch normalizations.
  public var statistics: [Float] {
    switch self {
    case .cgcnn(let parameters): parameters.statistics
    case .icgcnn(let parameters): parameters.statistics
    }
  }

  /// The same shape with other numbers; as many as there were.
  public func replacing(values: [Float], statistics: [Float]) -> NetworkParameters {
    precondition(
      values.count == self.values.count && statistics.count == self.statistics.count,
      "as many numbers as before")
    switch self {
    case .cgcnn(var parameters):
      parameters.values = values
      parameters.statistics = statistics
      return .cgcnn(parameters)
    case .icgcnn(var parameters):
      parameters.values = values
      parameters.statistics = statistics
      return .icgcnn(parameters)
    }
  }

  /// All parameters and running statistics under their names.
  public var namedTensors: [NamedTensor] {
    switch self {
    case .cgcnn(let parameters): parameters.namedTensors
    case .icgcnn(let parameters): parameters.namedTensors
    }
  }
}

/// A network in training: what `Trainer` needs of it, and whoever measures how fast a training goes.
///
/// Reached by `NetworkParameters.trainable`, the classes behind it run as compiled for single precision. Made outside of
/// this module they would run as generic code, several times slower.
package protocol TrainableNetwork: AnyObject {
  var networkParameters: NetworkParameters { get set }
  var values: [Float] { get set }
  var gradient: [Float] { get }

  func computeGradient(
    _ indices: [Int], of collection: GraphCollection, targets: [Float], loss: RegressionLoss
  ) -> Double
}

extension CGCNNTrainingNetwork: TrainableNetwork where Scalar == Float {
  package var networkParameters: NetworkParameters {
    get { .cgcnn(parameters) }
    set {
      guard case .cgcnn(let new) = newValue else { preconditionFailure("parameters of this architecture") }
      parameters = new
    }
  }

  package var values: [Float] {
    get { parameters.values }
    _modify { yield &parameters.values }
  }
}

extension ICGCNNTrainingNetwork: TrainableNetwork where Scalar == Float {
  package var networkParameters: NetworkParameters {
    get { .icgcnn(parameters) }
    set {
      guard case .icgcnn(let new) = newValue else { preconditionFailure("parameters of this architecture") }
      parameters = new
    }
  }

  package var values: [Float] {
    get { parameters.values }
    _modify { yield &parameters.values }
  }
}

extension NetworkParameters {
  /// A network in training that starts here.
  package func trainable(jobs: Int, normalizationMomentum: Double) -> any TrainableNetwork {
    switch self {
    case .cgcnn(let parameters):
      CGCNNTrainingNetwork(parameters, jobs: jobs, normalizationMomentum: normalizationMomentum)
    case .icgcnn(let parameters):
      ICGCNNTrainingNetwork(parameters, jobs: jobs, normalizationMomentum: normalizationMomentum)
    }
  }
}
