import Networks
import Training

/// Values and running statistics of a network, in its own order.
struct Weights<Scalar: Sendable>: Sendable {
  var values: [Scalar]
  var statistics: [Scalar]
}

/// Outputs, loss, gradient, and running statistics after one batch in training mode.
struct BatchResult {
  let outputs: [Double]
  let loss: Double
  let gradient: [Double]
  let statistics: [Double]
}

/// A network with graphs and targets, for the comparison with PyTorch.
struct NetworkUnderTest {
  /// The network, its weights by formula unless others were put in.
  var parameters: NetworkParameters
  let graphs: GraphCollection
  let targets: [Float]
  private let tensors: [String: ParameterTensor]

  init(_ configuration: NetworkConfiguration, graphs: GraphCollection, targets: [Float]) throws {
    self.graphs = graphs
    self.targets = targets
    var generator = SeededRandom(seed: 0)
    let drawn = try NetworkParameters(configuration, using: &generator)
    tensors = drawn.program.parameters.tensors.reduce(into: [:]) { $0[$1.name] = $1 }
    var weights = Weights(values: drawn.values, statistics: drawn.statistics)
    for (name, tensor) in tensors {
      let owner = name.split(separator: ".").dropLast().joined(separator: ".")
      let inputs =
        Self.concatenationWidth(configuration, name) ?? tensors[owner + ".weight"]?.shape.last ?? 1
      let indices = tensor.indices
      let numbers = FormulaNumbers.weights(name, count: indices.count, inputs: inputs)
      for (index, number) in zip(indices, numbers) {
        if tensor.isStatistic {
          weights.statistics[index] = Float(number)
        } else {
          weights.values[index] = Float(number)
        }
      }
    }
    parameters = drawn.replacing(values: weights.values, statistics: weights.statistics)
  }

  /// Width of the concatenation that a pair's or a triplet's weights act on; nil for other tensors.
  private static func concatenationWidth(_ configuration: NetworkConfiguration, _ name: String) -> Int? {
    guard let shape = configuration.architecture as? ICGCNN else { return nil }
    if name.contains(".pair.") { return 2 * shape.nodeWidth + shape.edgeWidth }
    if name.contains(".triplet.") { return 3 * shape.nodeWidth + 2 * shape.edgeWidth }
    return nil
  }

  /// Names of the trainable tensors.
  var parameterNames: [String] { tensors.filter { !$0.value.isStatistic }.keys.sorted() }

  /// Names of the running statistics.
  var statisticNames: [String] { tensors.filter(\.value.isStatistic).keys.sorted() }

  /// Where the entries of a named tensor lie within values or running statistics, row-major; nil for an unknown name.
  func indices(_ name: String) -> [Int]? { tensors[name]?.indices }

  /// The entries of a tensor within values (or a gradient) or running statistics; nil for an unknown name.
  func tensor(_ name: String, of numbers: [Double]) -> [Double]? {
    tensors[name].map { tensor in tensor.indices.map { numbers[$0] } }
  }

  /// First output of every structure, of the plain loops.
  func reference(_ gaussians: PlainGaussians, _ normalization: PlainReference.Normalization) -> [Double] {
    PlainReference(parameters, gaussians: gaussians).outputs(graphs, normalization: normalization).map {
      $0[0]
    }
  }

  /// Predictions of the single-precision kernels.
  func singlePredictions() -> [Double] {
    NetworkPredictor([parameters]).predictions(graphs, jobs: 1).map { Double($0) }
  }

  /// First output of every structure, of the double-precision kernels.
  func doublePredictions() -> [Double] {
    parameters.program.doubleOutputs(
      values: parameters.values.map { Double($0) }, statistics: parameters.statistics.map { Double($0) },
      graphs
    ).map { $0[0] }
  }

  /// One batch through the double-precision kernels, from the given weights or those by formula.
  func doubleBatch(_ objective: some Objective, from weights: Weights<Float>? = nil) -> BatchResult {
    let batch = Array(0..<graphs.count)
    var outputs: [Double] = []
    let result = parameters.program.doubleBatch(
      values: (weights?.values ?? parameters.values).map { Double($0) },
      statistics: (weights?.statistics ?? parameters.statistics).map { Double($0) }, batch, of: graphs,
      jobs: 2
    ) {
      outputs = $0
      return objective.loss(of: $0, for: batch)
    }
    return BatchResult(
      outputs: outputs, loss: result.loss, gradient: result.gradient, statistics: result.statistics)
  }

  /// The same for a loss of the targets.
  func doubleBatch(_ loss: RegressionLoss, from weights: Weights<Float>? = nil) -> BatchResult {
    doubleBatch(RegressionObjective(targets: targets, loss: loss), from: weights)
  }

  /// As `doubleBatch`, through the kernels that train.
  func singleBatch(_ loss: RegressionLoss, from weights: Weights<Float>? = nil) -> BatchResult {
    let start = weights.map { parameters.replacing(values: $0.values, statistics: $0.statistics) }
    let network = (start ?? parameters).trainable(jobs: 2)
    let objective = RegressionObjective(targets: targets, loss: loss)
    let batch = Array(0..<graphs.count)
    var outputs: [Double] = []
    let value = network.computeGradient(batch, of: graphs) {
      outputs = $0
      return objective.loss(of: $0, for: batch)
    }
    return BatchResult(
      outputs: outputs, loss: value, gradient: network.gradient.map { Double($0) },
      statistics: network.networkParameters.statistics.map { Double($0) })
  }
}
