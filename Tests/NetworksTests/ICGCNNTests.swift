import Crystal
import CrystalGraphs
import CrystalModels
import TestSupport
import Testing

private func configuration(
  facets: Bool = true, encoding: FacetEncoding = .scalars, moments: Bool = false, weights: Bool = false,
  saturating: Bool? = nil, updates: Bool = true, triplets: Bool = true, normalized: Bool = true,
  layers: Int = 2,
  depth: Int = 1
) -> ICGCNNConfiguration {
  var configuration = ICGCNNConfiguration()
  configuration.nodeWidth = 16
  configuration.edgeWidth = 16
  configuration.hiddenWidth = 16
  configuration.convolutionCount = layers
  configuration.hiddenLayerCount = depth
  configuration.usesFacets = facets
  configuration.facetEncoding = encoding
  configuration.usesAngularMoments = moments
  configuration.weighsBySolidAngle = weights
  configuration.saturatesWeights = saturating
  configuration.updatesEdges = updates
  configuration.hasTriplets = triplets
  configuration.normalizesTriplets = normalized
  return configuration
}

private let variants: [ICGCNNConfiguration] = [
  configuration(), configuration(facets: false, layers: 3), configuration(updates: false),
  configuration(triplets: false), configuration(normalized: false, depth: 2),
  configuration(facets: false, updates: false, triplets: false, layers: 1),
  configuration(encoding: .gaussians, moments: true, weights: true, triplets: false),
  configuration(encoding: .gaussians, weights: true),
  configuration(encoding: .gaussians, moments: true, weights: true, saturating: true, triplets: false),
  configuration(facets: false, moments: true, triplets: false, layers: 1),
]

/// Voronoi graphs of small random crystals.
private func collection(_ structures: Int, seed: UInt64) throws -> GraphCollection {
  var generator = SeededGenerator(seed: seed)
  var collection = GraphCollection()
  for _ in 0..<structures {
    let sites = Int.random(in: 1...2, using: &generator)
    let structure = try randomStructure(siteCount: sites, using: &generator)
    collection.append(try VoronoiGraphBuilder(minimumSolidAngleFraction: 0.3).graph(of: structure))
  }
  return collection
}

private func parameters(_ configuration: ICGCNNConfiguration, seed: UInt64) throws -> ICGCNNParameters<Double>
{
  var generator = SeededRandom(seed: seed)
  var parameters = try ICGCNNParameters<Double>(configuration, using: &generator)
  for index in parameters.values.indices {
    parameters.values[index] *= Double.random(in: 0.5...2, using: &generator)
  }
  for index in parameters.statistics.indices {
    parameters.statistics[index] += Double.random(in: 0.1...0.5, using: &generator)
  }
  return parameters
}

@Suite struct ICGCNNTests {
  @Test(arguments: variants.indices)
  func `the split evaluation equals the plain loop over triplets`(variant: Int) throws {
    let parameters = try parameters(variants[variant], seed: 3)
    let graphs = try collection(3, seed: 17)
    let expected = ReferenceICGCNN(parameters).outputs(graphs, normalization: .running)
    let double = ICGCNNPredictor<Double>(parameters).predictions(graphs, jobs: 1)
    let single = ICGCNNPredictor<Float>(ICGCNNParameters<Float>(parameters)).predictions(graphs, jobs: 1)
    let same = ReferenceICGCNN(parameters, gaussians: .nearestEight).outputs(graphs, normalization: .running)
    for (index, value) in expected.enumerated() {
      #expect(abs(double[index] - same[index]) < 1e-10 * max(1, abs(value)))
      // The Gaussians that the fast code leaves out are below e⁻¹⁶, about 1e-7.
      #expect(abs(double[index] - value) < 1e-6 * max(1, abs(value)))
      #expect(abs(Double(single[index]) - value) < 1e-5 * max(1, abs(value)))
    }
  }

  @Test(arguments: variants.indices)
  func `every gradient equals central differences of the plain loops`(variant: Int) throws {
    let parameters = try parameters(variants[variant], seed: 5)
    let graphs = try collection(4, seed: 23)
    let targets: [Float] = [0.3, -1.2, 0.7, 2.1]
    let network = ICGCNNTrainingNetwork<Double>(parameters, jobs: 1)
    let value = network.computeGradient([0, 1, 2, 3], of: graphs, targets: targets, loss: .squared)
    func lossValue(_ parameters: ICGCNNParameters<Double>) -> Double {
      let outputs = ReferenceICGCNN(parameters).outputs(graphs, normalization: .batch)
      return zip(outputs, targets).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) } / 4
    }
    #expect(abs(value - lossValue(parameters)) < 1e-5 * max(1, abs(value)))
    var generator = SeededGenerator(seed: UInt64(variant))
    // The largest gradient or a random one of each stretch of parameters, in turn: every kind of weight is met.
    let stretch = max(1, parameters.values.count / 12)
    let scale = network.gradient.map { abs($0) }.max() ?? 0
    for start in stride(from: 0, to: parameters.values.count, by: stretch) {
      let range = start..<min(start + stretch, parameters.values.count)
      let largest = range.max { abs(network.gradient[$0]) < abs(network.gradient[$1]) } ?? start
      let index = start / stretch % 3 == 2 ? Int.random(in: range, using: &generator) : largest
      var shifted = parameters
      let step = 1e-4
      shifted.values[index] += step
      let above = lossValue(shifted)
      shifted.values[index] -= 2 * step
      let difference = (above - lossValue(shifted)) / (2 * step)
      #expect(
        abs(difference - network.gradient[index]) < 1e-5 * max(abs(difference), 0.1 * scale),
        "parameter \(index): \(difference) against \(network.gradient[index])")
    }
  }

  @Test func `the gradient does not depend on the number of threads, bit for bit`() throws {
    let parameters = ICGCNNParameters<Float>(try parameters(variants[0], seed: 7))
    let graphs = try collection(12, seed: 31)
    let targets = (0..<12).map { Float($0 % 5) - 2 }
    let gradients = [1, 2, 3].map { jobs in
      let network = ICGCNNTrainingNetwork<Float>(parameters, jobs: jobs)
      _ = network.computeGradient(Array(0..<12), of: graphs, targets: targets, loss: .squared)
      return network.gradient
    }
    #expect(gradients[1] == gradients[0])
    #expect(gradients[2] == gradients[0])
  }

  @Test func `a prediction does not depend on what else is in the block, bit for bit`() throws {
    let predictor = ICGCNNPredictor<Float>(ICGCNNParameters<Float>(try parameters(variants[0], seed: 9)))
    let graphs = try collection(9, seed: 37)
    let together = predictor.predictions(graphs, jobs: 2)
    let scratch = predictor.makeScratch()
    for index in 0..<graphs.count {
      var alone: Float = 0
      predictor.predict(index..<index + 1, of: graphs, scratch: scratch, into: &alone)
      #expect(alone.bitPattern == together[index].bitPattern)
    }
  }
}
