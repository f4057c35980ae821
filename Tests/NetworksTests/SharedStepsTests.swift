import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import Networks
import StructureArchive
import TestSupport
import Testing
import Training

/// The published CGCNN code in training, from the shared data folder.
///
/// Its network is 24 wide, which no network here is. It is put into one of width 32 whose other channels are nothing but
/// zeros, and stay so, since their gradient is not followed. Graphs hold distances in single precision and the fast code
/// leaves out Gaussians below e⁻¹⁶: values agree to 1e-5.
@Suite struct SharedStepsTests {
  private static let tolerance = 1e-5
  private static let width = 24
  private static let padded = 32

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `outputs are those of the published code`() throws {
    let golden = try SharedSteps.read()
    let crystals = golden.regression.eval.keys.sorted()
    let expected = crystals.compactMap { golden.regression.eval[$0]?[0] }
    #expect(relativeError(try network("regression", crystals).singlePredictions(), expected) < Self.tolerance)
    // The plain loops are slow: some crystals are enough for them.
    let few = Array(crystals.prefix(8))
    let reference = try network("regression", few).reference(.all, .running)
    #expect(relativeError(reference, Array(expected.prefix(8))) < Self.tolerance)
    let probabilities = try network("classification", crystals).singlePredictions()
    let logarithms = crystals.compactMap { golden.classification.eval[$0]?[1] }
    #expect(relativeError(probabilities, logarithms.map { exp($0) }) < Self.tolerance)
  }

  @Test(
    .enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"),
    arguments: PredictionTask.allCases)
  func `three steps of gradient descent are those of the published code`(task: PredictionTask) throws {
    let golden = try SharedSteps.read()
    for steps in (task == .regression ? golden.regression : golden.classification).steps {
      let network = try network(task.rawValue, steps.ids, targets: steps.standardized)
      let objective = steps.objective(task)
      let first = network.doubleBatch(objective).outputs
      #expect(relativeError(steps.published(first, task), steps.output.flatMap { $0 }) < Self.tolerance)
      let rates = steps.losses.map { _ in LearningRate(learningRate: 0.01, momentum: 0.9) }
      let (weights, gradient) = train(
        network, Optimizer(.sgd, weightDecay: 0, parameterCount: network.parameters.values.count), rates,
        objective, losses: steps.losses)
      let largest = steps.gradientNorms.values.max() ?? 0
      for (name, norm) in steps.gradientNorms {
        let scale = name.hasSuffix("fc_full.bias") ? largest : norm
        let error = abs(try norm2(name, of: gradient, in: network) - norm) / scale
        #expect(error < Self.tolerance, "gradient of \(name): \(error)")
      }
      for (name, norm) in steps.parameterNorms {
        let found = try norm2(name, of: weights.values.map { Double($0) }, in: network)
        #expect(abs(found - norm) < Self.tolerance * norm, "\(name): \(found)")
      }
      for (name, expected) in steps.running {
        let entries = try real(name, of: weights.statistics.map { Double($0) }, in: network)
        let norm = entries.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let mean = entries.reduce(0, +) / Double(entries.count)
        #expect(abs(mean - expected[0]) < Self.tolerance * expected[1], "\(name): \(mean)")
        #expect(abs(norm - expected[1]) < Self.tolerance * expected[1], "\(name): \(norm)")
      }
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `six steps of Adam and AdamW in one cycle are those of the published code`() throws {
    let golden = try SharedSteps.read()
    let steps = try #require(golden.regression.steps.first)
    for (kind, decay) in [(OptimizerKind.adam, 1e-6), (.adamw, 1e-2)] {
      let expected = try #require(golden.optimizers[kind.rawValue])
      let network = try network("regression", steps.ids, targets: steps.standardized)
      let rates = expected.rates.indices.map {
        LearningRateSchedule.oneCycle(warmUp: 0.3).rate(
          step: $0, totalSteps: expected.rates.count, stepsPerEpoch: 1, peak: 0.01, momentum: 0.9)
      }
      #expect(relativeError(rates.map(\.learningRate), expected.rates) < 1e-12)
      #expect(relativeError(rates.map(\.momentum), expected.momenta) < 1e-12)
      let (weights, _) = train(
        network, Optimizer(kind, weightDecay: decay, parameterCount: network.parameters.values.count), rates,
        steps.objective(.regression), losses: expected.losses)
      for (name, norm) in expected.parameterNorms {
        let found = try norm2(name, of: weights.values.map { Double($0) }, in: network)
        #expect(abs(found - norm) < Self.tolerance * norm, "\(kind.rawValue), \(name): \(found)")
      }
    }
  }

  /// Trains with gradients in double precision; the weights at the end and the first gradient.
  private func train(
    _ network: NetworkUnderTest, _ start: Optimizer, _ rates: [LearningRate], _ objective: any Objective,
    losses: [Double]
  ) -> (weights: Weights<Float>, gradient: [Double]) {
    var optimizer = start
    var weights = Weights(values: network.parameters.values, statistics: network.parameters.statistics)
    var first: [Double] = []
    let followed = Set(network.parameterNames.flatMap { realIndices($0, in: network) })
    for (rate, loss) in zip(rates, losses) {
      let result = network.doubleBatch(objective, from: weights)
      #expect(abs(result.loss - loss) < Self.tolerance * losses[0], "loss \(result.loss)")
      if first.isEmpty { first = result.gradient }
      weights.statistics = result.statistics.map { Float($0) }
      let gradient = result.gradient.indices.map { followed.contains($0) ? Float(result.gradient[$0]) : 0 }
      optimizer.update(&weights.values, gradient: gradient, rate: rate)
    }
    return (weights, first)
  }

  private func network(_ task: String, _ ids: [String], targets: [Float]? = nil) throws -> NetworkUnderTest {
    var configuration = CGCNN()
    configuration.nodeWidth = Self.padded
    configuration.hiddenWidth = 16
    configuration.convolutionCount = 2
    configuration.hiddenLayerCount = 2
    let task = try #require(PredictionTask(rawValue: task))
    let shape = NetworkConfiguration(configuration, task: task)
    var graphs = GraphCollection()
    let crystals = try SharedSteps.graphs()
    for id in ids { graphs.append(try #require(crystals[id])) }
    var network = try NetworkUnderTest(shape, graphs: graphs, targets: targets ?? [])
    var values = network.parameters.values.map { _ in Float(0) }
    var statistics = network.parameters.statistics.map { _ in Float(1) }
    for tensor in try SafeTensors.decode(try SharedNetworks.bytes("cgcnn_\(task.rawValue).safetensors"))
      .tensors
    {
      for (index, number) in zip(realIndices(tensor.name, in: network), tensor.values) {
        if tensor.name.contains(".running_") {
          statistics[index] = number
        } else {
          values[index] = number
        }
      }
    }
    network.parameters = network.parameters.replacing(values: values, statistics: statistics)
    return network
  }

  /// Where the entries of the tensor of the narrow network lie, row-major.
  private func realIndices(_ name: String, in network: NetworkUnderTest) -> [Int] {
    guard let indices = network.indices(name) else { return [] }
    let (w, p) = (Self.width, Self.padded)
    let isGate = name.contains("fc_full") || name.contains("bn1")
    let isHead = name.hasPrefix("fc")
    // Channels of the wide network that are those of the narrow one, filter and core apart.
    let channels = isGate ? Array(0..<w) + Array(p..<p + w) : Array(0..<w)
    guard name.hasSuffix("weight"), !name.contains("bn") else {
      return isHead || name.hasPrefix("conv_to_fc") ? indices : channels.map { indices[$0] }
    }
    if isHead { return indices }
    if name.hasPrefix("conv_to_fc") { return rows(indices, Array(0..<16), of: p, Array(0..<w)) }
    guard isGate else { return rows(indices, channels, of: AtomFeatureTable.cgcnn.featureCount, nil) }
    let columns = indices.count / (2 * p)
    return rows(indices, channels, of: columns, channels + Array(2 * p..<columns))
  }

  private func rows(_ indices: [Int], _ rows: [Int], of count: Int, _ columns: [Int]?) -> [Int] {
    rows.flatMap { row in (columns ?? Array(0..<count)).map { indices[row * count + $0] } }
  }

  private func real(_ name: String, of numbers: [Double], in network: NetworkUnderTest) throws -> [Double] {
    let indices = realIndices(name, in: network)
    try #require(!indices.isEmpty, "\(name)")
    return indices.map { numbers[$0] }
  }

  private func norm2(_ name: String, of numbers: [Double], in network: NetworkUnderTest) throws -> Double {
    try real(name, of: numbers, in: network).reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}

extension SharedStepsTests {
  /// The shared file of training steps.
  fileprivate struct SharedSteps: Decodable {
    let regression: Task
    let classification: Task
    let optimizers: [String: Optimized]

    struct Task: Decodable {
      let eval: [String: [Double]]
      let steps: [Steps]
    }

    struct Steps: Decodable {
      let ids: [String]
      let target: [Double]
      /// Of a regression.
      let mean: Double?
      let std: Double?
      let losses: [Double]
      /// What the network gives each crystal in training mode, before the first step: a number, or two logarithms of
      /// probabilities.
      let output: [[Double]]
      let gradientNorms: [String: Double]
      let parameterNorms: [String: Double]
      let running: [String: [Double]]

      var standardized: [Float] { target.map { Float(($0 - (mean ?? 0)) / (std ?? 1)) } }

      func objective(_ task: PredictionTask) -> any Objective {
        switch task {
        case .regression: RegressionObjective(targets: standardized, loss: .squared)
        case .classification: ClassificationObjective(classes: target.map { Int($0) })
        }
      }

      /// The network's outputs as the published code gives them: log-softmax of two.
      func published(_ outputs: [Double], _ task: PredictionTask) -> [Double] {
        guard task == .classification else { return outputs }
        return stride(from: 0, to: outputs.count, by: 2).flatMap { first in
          let pair = outputs[first..<first + 2]
          let sum = log(pair.reduce(0) { $0 + exp($1) })
          return pair.map { $0 - sum }
        }
      }

      private enum CodingKeys: String, CodingKey {
        case ids, target, mean, std, losses, output
        case gradientNorms = "gradient_norms"
        case parameterNorms = "parameter_norms_after_3"
        case running = "running_after_3"
      }
    }

    struct Optimized: Decodable {
      let losses: [Double]
      let rates: [Double]
      let momenta: [Double]
      let parameterNorms: [String: Double]

      private enum CodingKeys: String, CodingKey {
        case losses
        case rates = "lr"
        case momenta = "beta1"
        case parameterNorms = "parameter_norms_after_6"
      }
    }

    private enum CodingKeys: String, CodingKey {
      case regression, classification
      case optimizers = "optimisers"
    }

    static func read() throws -> SharedSteps {
      try JSONDecoder().decode(SharedSteps.self, from: Data(try SharedNetworks.bytes("cgcnn_steps.json.zst")))
    }

    /// Twelve neighbors a site; those that are missing stand as the first site at 9 Å.
    static func graphs() throws -> [String: CrystalGraph] { try SharedNetworks.graphs { _ in true } }
  }
}
