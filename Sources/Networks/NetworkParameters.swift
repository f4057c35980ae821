public import ModelFormats

/// The parameters and running statistics of a network, in single precision.
public struct NetworkParameters: Sendable {
  /// Shape of the network.
  public let configuration: NetworkConfiguration
  /// The network as a program of layers.
  public let program: NetworkProgram
  /// All trainable parameters, in the program's order.
  public private(set) var values: [Float]
  /// Running means and variances of the batch normalizations.
  public private(set) var statistics: [Float]

  /// Parameters drawn as PyTorch draws them: linear layers uniform in ±1/√inputs, γ = 1, β = 0.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(
    _ configuration: NetworkConfiguration, using generator: inout some RandomNumberGenerator
  ) throws(ModelError) {
    try self.init(frame: configuration)
    for draw in program.parameters.draws {
      for index in draw.range {
        values[index] = Float(Double.random(in: -draw.bound...draw.bound, using: &generator))
      }
    }
  }

  /// The network of the given shape with the given tensors; tensors it does not know are ignored.
  ///
  /// - Throws: `ModelError` when a tensor is missing, has another shape, or holds NaN or infinity.
  public init(_ configuration: NetworkConfiguration, tensors: [NamedTensor]) throws(ModelError) {
    try self.init(frame: configuration)
    var byName: [String: NamedTensor] = [:]
    for tensor in tensors { byName[tensor.name] = tensor }
    for own in program.parameters.tensors {
      guard let tensor = byName[own.name] else { throw .missingTensor(name: own.name) }
      guard tensor.shape == own.shape, let numbers = tensor.floats else {
        throw .wrongShape(name: own.name, expected: own.shape, found: tensor.shape)
      }
      guard numbers.allSatisfy(\.isFinite) else { throw .notFinite(name: own.name) }
      for (index, number) in zip(own.indices, numbers) {
        if own.isStatistic { statistics[index] = number } else { values[index] = number }
      }
    }
  }

  /// All parameters zero but γ = 1, running variance 1: a frame to be filled.
  private init(frame configuration: NetworkConfiguration) throws(ModelError) {
    self.configuration = configuration
    program = try configuration.program()
    let layout = program.parameters
    values = [Float](repeating: 0, count: layout.count)
    statistics = [Float](repeating: 0, count: layout.statisticCount)
    for range in layout.unitParameters { for index in range { values[index] = 1 } }
    for range in layout.unitStatistics { for index in range { statistics[index] = 1 } }
  }

  /// The same network with other numbers; as many as there were.
  public func replacing(values: [Float], statistics: [Float]) -> NetworkParameters {
    precondition(
      values.count == self.values.count && statistics.count == self.statistics.count,
      "as many numbers as before")
    var other = self
    other.values = values
    other.statistics = statistics
    return other
  }

  /// All parameters and running statistics under their names.
  public var namedTensors: [NamedTensor] {
    program.parameters.tensors.map { tensor in
      NamedTensor(
        name: tensor.name, shape: tensor.shape,
        values: tensor.indices.map { tensor.isStatistic ? statistics[$0] : values[$0] })
    }
  }
}
