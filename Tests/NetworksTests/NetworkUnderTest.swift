import CrystalModels
import ModelFormats

/// Values and running statistics of a network, in its own order.
struct Weights<Scalar> {
  var values: [Scalar]
  var statistics: [Scalar]
}

/// Loss, gradient, and running statistics after one batch in training mode.
struct BatchResult {
  let loss: Double
  let gradient: [Double]
  let statistics: [Double]
}

/// Either network behind one face, for the comparison with PyTorch.
struct NetworkUnderTest {
  /// The network, its weights by formula unless others were put in.
  var parameters: NetworkParameters
  let graphs: GraphCollection
  let targets: [Float]
  private let places: [String: Place]

  /// Where the entries of a named tensor lie, row-major.
  private struct Place {
    let isStatistic: Bool
    let indices: [Int]
  }

  init(_ configuration: NetworkConfiguration, graphs: GraphCollection, targets: [Float]) throws {
    self.graphs = graphs
    self.targets = targets
    var generator = SeededRandom(seed: 0)
    let drawn = try NetworkParameters(configuration, using: &generator)
    // Filled with their own indices, the parameters say under which name each of them goes.
    let numbered = drawn.replacing(
      values: drawn.values.indices.map { Float($0) }, statistics: drawn.statistics.indices.map { Float($0) })
    let tensors = numbered.namedTensors
    places = tensors.reduce(into: [:]) { places, tensor in
      places[tensor.name] = Place(
        isStatistic: tensor.name.contains(".running_"), indices: tensor.values.map { Int($0) })
    }
    var weights = Weights(values: drawn.values, statistics: drawn.statistics)
    let columns: [String: Int] = tensors.reduce(into: [:]) { $0[$1.name] = $1.shape.last }
    for (name, place) in places {
      let owner = name.split(separator: ".").dropLast().joined(separator: ".")
      let inputs = Self.concatenationWidth(configuration, name) ?? columns[owner + ".weight"] ?? 1
      let numbers = FormulaNumbers.weights(name, count: place.indices.count, inputs: inputs)
      for (index, number) in zip(place.indices, numbers) {
        if place.isStatistic {
          weights.statistics[index] = number
        } else {
          weights.values[index] = number
        }
      }
    }
    parameters = drawn.replacing(values: weights.values, statistics: weights.statistics)
  }

  /// Width of the concatenation that a pair's or a triplet's weights act on; nil for other tensors.
  private static func concatenationWidth(_ configuration: NetworkConfiguration, _ name: String) -> Int? {
    guard case .icgcnn(let shape) = configuration else { return nil }
    if name.contains(".pair.") { return 2 * shape.nodeWidth + shape.edgeWidth }
    if name.contains(".triplet.") { return 3 * shape.nodeWidth + 2 * shape.edgeWidth }
    return nil
  }

  /// Names of the trainable tensors.
  var parameterNames: [String] { places.filter { !$0.value.isStatistic }.keys.sorted() }

  /// Names of the running statistics.
  var statisticNames: [String] { places.filter(\.value.isStatistic).keys.sorted() }

  /// Where the entries of a named tensor lie within values or running statistics, row-major; nil for an unknown name.
  func indices(_ name: String) -> [Int]? { places[name]?.indices }

  /// The entries of a tensor within values (or a gradient) or running statistics; nil for an unknown name.
  func tensor(_ name: String, of numbers: [Double]) -> [Double]? {
    places[name].map { place in place.indices.map { numbers[$0] } }
  }

  /// Outputs of the plain loops.
  func reference(_ gaussians: ReferenceGaussians, _ normalization: ReferenceCGCNN.Normalization) -> [Double] {
    switch parameters {
    case .cgcnn(let parameters):
      ReferenceCGCNN(CGCNNParameters<Double>(parameters), gaussians: gaussians)
        .outputs(graphs, normalization: normalization).map { $0[0] }
    case .icgcnn(let parameters):
      ReferenceICGCNN(ICGCNNParameters<Double>(parameters), gaussians: gaussians)
        .outputs(graphs, normalization: normalization)
    }
  }

  /// Predictions of the single-precision kernels.
  func singlePredictions() -> [Double] {
    switch parameters {
    case .cgcnn(let parameters): predictAll(CGCNNPredictor(parameters), graphs).map { Double($0) }
    case .icgcnn(let parameters):
      ICGCNNPredictor<Float>(parameters).predictions(graphs, jobs: 1).map { Double($0) }
    }
  }

  /// Predictions of the double-precision kernels; nil for CGCNN, whose predictor is single precision alone.
  func doublePredictions() -> [Double]? {
    guard case .icgcnn(let parameters) = parameters else { return nil }
    return ICGCNNPredictor<Double>(ICGCNNParameters<Double>(parameters)).predictions(graphs, jobs: 1)
  }

  /// One batch through the double-precision kernels, from the given weights or those by formula.
  func doubleBatch(_ loss: RegressionLoss, from weights: Weights<Float>? = nil) -> BatchResult {
    let start = weights.map { parameters.replacing(values: $0.values, statistics: $0.statistics) }
    let batch = Array(0..<graphs.count)
    switch start ?? parameters {
    case .cgcnn(let parameters):
      let network = CGCNNTrainingNetwork<Double>(CGCNNParameters<Double>(parameters), jobs: 2)
      let value = network.computeGradient(batch, of: graphs, targets: targets, loss: loss)
      return BatchResult(
        loss: value, gradient: network.gradient, statistics: network.parameters.statistics)
    case .icgcnn(let parameters):
      let network = ICGCNNTrainingNetwork<Double>(ICGCNNParameters<Double>(parameters), jobs: 2)
      let value = network.computeGradient(batch, of: graphs, targets: targets, loss: loss)
      return BatchResult(
        loss: value, gradient: network.gradient, statistics: network.parameters.statistics)
    }
  }

  /// As `doubleBatch`, through the kernels that train.
  func singleBatch(_ loss: RegressionLoss, from weights: Weights<Float>? = nil) -> BatchResult {
    let start = weights.map { parameters.replacing(values: $0.values, statistics: $0.statistics) }
    let network = (start ?? parameters).trainable(jobs: 2, normalizationMomentum: 0.1)
    let value = network.computeGradient(
      Array(0..<graphs.count), of: graphs, targets: targets, loss: loss)
    return BatchResult(
      loss: value, gradient: network.gradient.map { Double($0) },
      statistics: network.networkParameters.statistics.map { Double($0) })
  }
}
