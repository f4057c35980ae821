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
    // The shifts of normalizations begin at 0.
    if parameters.values[index] == 0 {
      parameters.values[index] = Double.random(in: -0.3...0.3, using: &generator)
    }
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
  func `the gradient of every named tensor equals central differences of the plain loops`(variant: Int) throws
  {
    let parameters = try parameters(variants[variant], seed: 5)
    let graphs = try collection(2, seed: 23)
    let targets: [Float] = [0.3, -1.2]
    let network = ICGCNNTrainingNetwork<Double>(parameters, jobs: 1)
    let value = network.computeGradient([0, 1], of: graphs, targets: targets, loss: .squared)
    func lossValue(_ parameters: ICGCNNParameters<Double>) -> Double {
      let outputs = ReferenceICGCNN(parameters, gaussians: .nearestEight).outputs(
        graphs, normalization: .batch)
      return zip(outputs, targets).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) } / 2
    }
    #expect(abs(value - lossValue(parameters)) < 1e-10 * max(1, abs(value)))
    let tensors = try indicesByTensor(parameters.namedTensors) {
      try ICGCNNParameters<Double>(variants[variant], tensors: $0).values
    }
    for name in ["embedding.bias", "convs.0.node.normalization.bias", "hidden.0.bias"] {
      #expect(tensors.contains { $0.name == name })
    }
    let updatesEdges = variants[variant].updatesEdges && variants[variant].convolutionCount > 1
    try expectCentralDifferences(
      tensors, gradient: network.gradient,
      // The normalizations that follow take these biases out again; that of the edges too where no edge is updated.
      isConstant: { name in
        name.hasSuffix("pair.bias") || name.hasSuffix("triplet.bias")
          || name == "edge_embedding.bias" && !updatesEdges
      }, at: parameters.values, random: 0, seed: UInt64(variant)
    ) { values in
      var shifted = parameters
      shifted.values = values
      return lossValue(shifted)
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
