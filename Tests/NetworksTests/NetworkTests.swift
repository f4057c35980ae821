import Foundation
import Networks
import TestSupport
import Testing
import Training

@Suite struct InferenceTests {
  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `the kernels give what the plain loops do, in both precisions`(network: NetworkCase) throws {
    let weights = try network.parameters(seed: 3)
    let program = try network.configuration.program()
    let graphs = try network.graphs(
      5, seed: 17, isolated: network.configuration.requirements.neighbors.isNearest)
    func plain(_ gaussians: PlainGaussians) -> [[Double]] {
      PlainReference(
        program, values: weights.values, statistics: weights.statistics, gaussians: gaussians
      ).outputs(graphs, normalization: .running)
    }
    let (all, nearest) = (plain(.all), plain(.nearestEight))
    let double = program.doubleOutputs(
      values: weights.values, statistics: weights.statistics, graphs)
    let single = NetworkPredictor([try network.singleParameters(seed: 3)]).predictions(graphs, jobs: 1)
    for structure in 0..<graphs.count {
      for (output, value) in nearest[structure].enumerated() {
        let scale = max(1, abs(value))
        #expect(abs(double[structure][output] - value) < 1e-10 * scale)
        // The Gaussians that the fast code leaves out are below e⁻¹⁶, about 1e-7.
        #expect(abs(all[structure][output] - value) < 1e-6 * scale)
      }
      let row = all[structure]
      let predictions =
        network.configuration.task == .regression
        ? row : [1 / (1 + exp(row.count == 1 ? -row[0] : row[0] - row[1]))]
      for (place, expected) in predictions.enumerated() {
        let found = Double(single[structure * predictions.count + place])
        #expect(abs(found - expected) < 2e-5 * max(1, abs(expected)))
      }
    }
  }

  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `a prediction does not depend on what else is in the block, nor on the threads, bit for bit`(
    network: NetworkCase
  ) throws {
    let predictor = NetworkPredictor([
      try network.singleParameters(seed: 1), try network.singleParameters(seed: 2),
    ])
    let graphs = try network.graphs(19, seed: 8)
    let together = predictor.predictions(graphs, jobs: 1)
    #expect(predictor.predictions(graphs, jobs: 3) == together)
    let scratch = NetworkPredictor.Scratch()
    let width = network.configuration.predictionCount
    for index in 0..<graphs.count {
      var alone = GraphCollection()
      alone.append(contentsOf: graphs, structure: index)
      var found = [Float](repeating: 0, count: 2 * width)
      predictor.predict(alone, scratch: scratch, into: &found)
      let expected = [index, graphs.count + index].flatMap { together[$0 * width..<($0 + 1) * width] }
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
    }
  }

  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `weights survive the way through named tensors, and a missing one is named`(network: NetworkCase)
    throws
  {
    let parameters = try network.singleParameters(seed: 6)
    let back = try NetworkParameters(network.configuration, tensors: parameters.namedTensors)
    #expect(back.values == parameters.values)
    #expect(back.statistics == parameters.statistics)
    let first = try #require(parameters.namedTensors.first)
    #expect(throws: ModelError.missingTensor(name: first.name)) {
      try NetworkParameters(network.configuration, tensors: Array(parameters.namedTensors.dropFirst()))
    }
  }

  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `every parameter and statistic belongs to one named tensor`(network: NetworkCase) throws {
    let layout = try network.configuration.program().parameters
    let (statistics, values) = (
      layout.tensors.filter(\.isStatistic), layout.tensors.filter { !$0.isStatistic }
    )
    #expect(values.flatMap(\.indices).sorted() == Array(0..<layout.count))
    #expect(statistics.flatMap(\.indices).sorted() == Array(0..<layout.statisticCount))
    #expect(Set(layout.tensors.map(\.name)).count == layout.tensors.count)
  }
}

@Suite struct GradientTests {
  /// An objective for graphs whose targets or classes are arbitrary.
  private func objective(_ network: NetworkCase, _ count: Int, _ loss: RegressionLoss) -> any Objective {
    switch network.configuration.task {
    case .regression:
      RegressionObjective(
        targets: (0..<count * network.configuration.outputCount).map {
          // Of several targets some are not known.
          network.configuration.outputCount > 1 && $0 % 4 == 1 ? .nan : Float($0 % 5) / 2 - 0.8
        }, count: network.configuration.outputCount, loss: loss)
    case .classification:
      network.configuration.outputCount == 1
        ? BinaryCrossEntropyObjective(classes: (0..<count).map { $0 % 2 })
        : ClassificationObjective(classes: (0..<count).map { $0 % 2 })
    }
  }

  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `the gradient of every named tensor equals central differences of the plain loops`(
    network: NetworkCase
  ) throws {
    let weights = try network.parameters(seed: 5)
    let program = try network.configuration.program()
    let graphs = try network.graphs(3, largest: 2, seed: 23)
    let batch = Array(0..<graphs.count)
    let objective = objective(network, graphs.count, network.name.count % 2 == 0 ? .squared : .huber)
    func lossValue(_ values: [Double]) -> Double {
      let outputs = PlainReference(
        program, values: values, statistics: weights.statistics, gaussians: .nearestEight
      ).outputs(graphs, normalization: .batch)
      return objective.loss(of: outputs.flatMap { $0 }, for: batch).value
    }
    let found = program.doubleBatch(
      values: weights.values, statistics: weights.statistics, batch, of: graphs
    ) { objective.loss(of: $0, for: batch) }
    #expect(abs(found.loss - lossValue(weights.values)) < 1e-10 * max(1, abs(found.loss)))
    for tensor in program.parameters.tensors where network.isFrozen(tensor.name) {
      if tensor.isStatistic {
        #expect(tensor.indices.allSatisfy { found.statistics[$0] == weights.statistics[$0] })
      } else {
        #expect(tensor.indices.allSatisfy { found.gradient[$0] == 0 }, "\(tensor.name) is frozen")
      }
    }
    try expectCentralDifferences(
      program.parameters.tensors.filter { !$0.isStatistic && !network.isFrozen($0.name) }.map {
        ($0.name, $0.indices)
      },
      gradient: found.gradient, isConstant: network.constant, at: weights.values, random: 0, seed: 4,
      loss: lossValue)
  }

  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `single precision follows double precision`(network: NetworkCase) throws {
    let graphs = try network.graphs(24, seed: 21)
    let batch = Array(0..<graphs.count)
    let objective = objective(network, graphs.count, .squared)
    let parameters = try network.singleParameters(seed: 12)
    let training = parameters.trainable(jobs: 1)
    _ = training.computeGradient(batch, of: graphs) { objective.loss(of: $0, for: batch) }
    let double = parameters.program.doubleBatch(
      values: parameters.values.map { Double($0) }, statistics: parameters.statistics.map { Double($0) },
      batch, of: graphs
    ) { objective.loss(of: $0, for: batch) }
    let scale = double.gradient.map { abs($0) }.max() ?? 0
    #expect(scale > 0)
    for (a, b) in zip(training.gradient, double.gradient) { #expect(abs(Double(a) - b) < 1e-4 * scale) }
    for (a, b) in zip(training.networkParameters.statistics, double.statistics) {
      #expect(abs(Double(a) - b) < 1e-4 * max(1, abs(b)))
    }
  }

  @Test(arguments: NetworkCase.all + NetworkCase.pretrained)
  func `the gradient does not depend on the number of threads, bit for bit`(network: NetworkCase) throws {
    let graphs = try network.graphs(40, seed: 31)
    let batch = Array(0..<graphs.count)
    let objective = objective(network, graphs.count, .squared)
    let parameters = try network.singleParameters(seed: 13)
    let gradients = [1, 2, 3, 8].map { jobs in
      let training = parameters.trainable(jobs: jobs)
      _ = training.computeGradient(batch, of: graphs) { objective.loss(of: $0, for: batch) }
      return training.gradient
    }
    for other in gradients.dropFirst() { #expect(other == gradients[0]) }
  }
}
