import Crystal
import CrystalGraphs
import CrystalModels
import Foundation
import TensorKernels
import TestSupport
import Testing

/// Random graphs of a few sites each; `isolated` adds a structure whose site has no neighbor.
func randomCollection(
  _ configuration: CGCNNConfiguration, structures: Int, seed: UInt64, isolated: Bool = false
) -> GraphCollection {
  var generator = SeededGenerator(seed: seed)
  var collection = GraphCollection()
  for structure in 0..<structures {
    let sites = Int.random(in: 1...6, using: &generator)
    var offsets: [Int32] = [0]
    var neighbors: [Int32] = []
    var distances: [Double] = []
    for _ in 0..<sites {
      let count =
        isolated && structure == 0 ? 0 : Int.random(in: 3...configuration.neighborCount, using: &generator)
      for _ in 0..<count {
        neighbors.append(Int32.random(in: 0..<Int32(sites), using: &generator))
        distances.append(Double.random(in: 0.5...configuration.cutoff, using: &generator))
      }
      offsets.append(Int32(neighbors.count))
    }
    let elements = (0..<sites).compactMap { _ in
      Element(rawValue: UInt8.random(in: 1...100, using: &generator))
    }
    collection.append(
      CrystalGraph(
        elements: elements, edgeOffsets: offsets, neighbors: neighbors, distances: distances,
        images: neighbors.map { _ in SIMD3<Int32>(0, 0, 0) }, tiedCuts: elements.map { _ in false }),
      for: configuration)
  }
  return collection
}

/// Parameters with every kind of number away from its initial value, running statistics included.
func randomParameters(_ configuration: CGCNNConfiguration, seed: UInt64) throws -> CGCNNParameters<Float> {
  var generator = SeededRandom(seed: seed)
  var parameters = try CGCNNParameters<Float>(configuration, using: &generator)
  for index in parameters.values.indices {
    parameters.values[index] *= Float.random(in: 0.5...2, using: &generator)
    // The shifts of normalizations begin at 0.
    if parameters.values[index] == 0 {
      parameters.values[index] = Float.random(in: -0.3...0.3, using: &generator)
    }
  }
  for index in parameters.statistics.indices {
    parameters.statistics[index] += Float.random(in: 0.1...0.5, using: &generator)
  }
  return parameters
}

func smallConfiguration(width: Int = 16, hidden: Int = 16, layers: Int = 2, depth: Int = 1)
  -> CGCNNConfiguration
{
  var configuration = CGCNNConfiguration()
  configuration.nodeWidth = width
  configuration.hiddenWidth = hidden
  configuration.convolutionCount = layers
  configuration.hiddenLayerCount = depth
  configuration.neighborCount = 5
  return configuration
}

@Suite struct PredictorTests {
  @Test(arguments: [
    (smallConfiguration(), NeighborPadding.none, PredictionTask.regression),
    (smallConfiguration(width: 64, hidden: 32, layers: 3), .firstAtom, .regression),
    (smallConfiguration(width: 48, hidden: 48, layers: 1, depth: 3), .none, .regression),
    (smallConfiguration(width: 32, hidden: 16, layers: 2), .firstAtom, .classification),
  ])
  func `fast inference equals the plain loops`(
    base: CGCNNConfiguration, padding: NeighborPadding, task: PredictionTask
  ) throws {
    var configuration = base
    configuration.padding = padding
    configuration.task = task
    let parameters = try randomParameters(configuration, seed: 3)
    let collection = randomCollection(configuration, structures: 9, seed: 5, isolated: true)
    let expected = ReferenceCGCNN(CGCNNParameters<Double>(parameters)).outputs(
      collection, normalization: .running)
    let found = predictAll(CGCNNPredictor(parameters), collection)
    for (row, value) in zip(expected, found) {
      let reference = task == .regression ? row[0] : 1 / (1 + exp(row[0] - row[1]))
      #expect(abs(Double(value) - reference) < 2e-5 * max(1, abs(reference)))
    }
  }

  @Test func `a prediction does not depend on what else is in the block, bit for bit`() throws {
    let configuration = smallConfiguration(width: 64, hidden: 128, layers: 3)
    let predictor = CGCNNPredictor(try randomParameters(configuration, seed: 1))
    let collection = randomCollection(configuration, structures: 23, seed: 8)
    let together = predictAll(predictor, collection)
    let block = GraphBlock<Float>()
    let scratch = CGCNNPredictor.Scratch()
    for index in 0..<collection.count {
      var alone: Float = 0
      block.assemble([index], of: collection, for: configuration)
      predictor.predict(block, scratch: scratch, into: &alone)
      #expect(alone.bitPattern == together[index].bitPattern)
    }
  }

  @Test func `weights survive the way through named tensors`() throws {
    let configuration = smallConfiguration(width: 32, hidden: 48, layers: 2, depth: 2)
    let parameters = try randomParameters(configuration, seed: 6)
    let back = try CGCNNParameters<Float>(configuration, tensors: parameters.namedTensors)
    #expect(back.values == parameters.values)
    #expect(back.statistics == parameters.statistics)
    #expect(throws: ModelError.missingTensor(name: "embedding.weight")) {
      try CGCNNParameters<Float>(configuration, tensors: Array(parameters.namedTensors.dropFirst()))
    }
  }
}

func predictAll(_ predictor: CGCNNPredictor, _ collection: GraphCollection) -> [Float] {
  let block = GraphBlock<Float>()
  block.assemble(0..<collection.count, of: collection, for: predictor.configuration)
  var output = [Float](repeating: 0, count: collection.count)
  predictor.predict(block, scratch: CGCNNPredictor.Scratch(), into: &output)
  return output
}

@Suite struct GradientTests {
  @Test(arguments: [
    (smallConfiguration(), RegressionLoss.squared), (smallConfiguration(layers: 3, depth: 2), .huber),
    (smallConfiguration(width: 32, hidden: 32, layers: 1), .absolute),
  ])
  func `the gradient of every named tensor equals central differences of the plain loops`(
    configuration: CGCNNConfiguration, loss: RegressionLoss
  ) throws {
    let collection = randomCollection(configuration, structures: 5, seed: 11)
    let targets: [Float] = [0.3, -1.2, 0.7, 2.1, -0.4]
    let parameters = CGCNNParameters<Double>(try randomParameters(configuration, seed: 2))
    let network = CGCNNTrainingNetwork<Double>(parameters, jobs: 1)
    let value = network.computeGradient([0, 1, 2, 3, 4], of: collection, targets: targets, loss: loss)
    func lossValue(_ parameters: CGCNNParameters<Double>) -> Double {
      let outputs = ReferenceCGCNN(parameters, gaussians: .nearestEight).outputs(
        collection, normalization: .batch)
      return zip(outputs, targets).reduce(0) { $0 + loss.value(error: $1.0[0] - Double($1.1)).loss } / 5
    }
    #expect(abs(value - lossValue(parameters)) < 1e-10 * max(1, abs(value)))
    let tensors = try indicesByTensor(parameters.namedTensors) {
      try CGCNNParameters<Double>(configuration, tensors: $0).values
    }
    for name in ["embedding.bias", "convs.0.bn1.bias", "convs.0.bn2.bias", "conv_to_fc.bias"] {
      #expect(tensors.contains { $0.name == name })
    }
    try expectCentralDifferences(
      tensors, gradient: network.gradient,
      // The normalization that follows takes this bias out again.
      isConstant: { $0.hasSuffix("fc_full.bias") }, at: parameters.values, random: 1,
      seed: 4
    ) { values in
      var shifted = parameters
      shifted.values = values
      return lossValue(shifted)
    }
  }

  @Test func `single precision follows double precision`() throws {
    let configuration = smallConfiguration(width: 64, hidden: 32, layers: 3)
    let collection = randomCollection(configuration, structures: 30, seed: 21)
    let targets = (0..<30).map { Float($0 % 7) / 3 - 1 }
    let parameters = try randomParameters(configuration, seed: 12)
    let single = CGCNNTrainingNetwork<Float>(parameters, jobs: 1)
    let double = CGCNNTrainingNetwork<Double>(CGCNNParameters<Double>(parameters), jobs: 1)
    _ = single.computeGradient(Array(0..<30), of: collection, targets: targets, loss: .squared)
    _ = double.computeGradient(Array(0..<30), of: collection, targets: targets, loss: .squared)
    let scale = double.gradient.map { abs($0) }.max() ?? 0
    for (a, b) in zip(single.gradient, double.gradient) { #expect(abs(Double(a) - b) < 1e-4 * scale) }
    for (a, b) in zip(single.parameters.statistics, double.parameters.statistics) {
      #expect(abs(Double(a) - b) < 1e-4 * max(1, abs(b)))
    }
  }

  @Test func `the gradient does not depend on the number of threads, bit for bit`() throws {
    let configuration = smallConfiguration(width: 32, hidden: 32, layers: 2)
    let collection = randomCollection(configuration, structures: 40, seed: 31)
    let targets = (0..<40).map { Float($0 % 5) - 2 }
    let parameters = try randomParameters(configuration, seed: 13)
    let gradients = [1, 2, 3, 8].map { jobs in
      let network = CGCNNTrainingNetwork<Float>(parameters, jobs: jobs)
      _ = network.computeGradient(Array(0..<40), of: collection, targets: targets, loss: .squared)
      return network.gradient
    }
    for other in gradients.dropFirst() { #expect(other == gradients[0]) }
  }
}
