internal import ModelFormats
public import TensorKernels

/// iCGCNN in plain loops and double precision, as the equations are written: the concatenations
///
///     z_ij = v_i ⊕ v_j ⊕ u_ij,   z_ijl = v_i ⊕ v_j ⊕ v_l ⊕ u_ij ⊕ u_il   (l ≠ j)
///
/// are formed for every pair and triplet, every weight acts on the whole of them, nothing is split or shared. Slow; what
/// the fast code is held to.
///
/// Source: C. W. Park and C. Wolverton, Phys. Rev. Materials 4, 063801 (2020); normalizations as in CGCNN's code.
public struct ReferenceICGCNN: Sendable {
  private let parameters: ICGCNNParameters<Double>
  private var configuration: ICGCNNConfiguration { parameters.configuration }

  private let expansion: ReferenceGaussians

  /// The network with the given parameters, which adds up the Gaussians `expansion`.
  public init(_ parameters: ICGCNNParameters<Double>, gaussians expansion: ReferenceGaussians = .all) {
    self.parameters = parameters
    self.expansion = expansion
  }

  private struct Edge {
    let center: Int
    let neighbor: Int
    var vector: [Double]
    /// What a pair's message to the center is multiplied by.
    let weight: Double
  }

  /// Outputs of all structures of `collection` as one batch, shape (S).
  public func outputs(_ collection: GraphCollection, normalization: ReferenceCGCNN.Normalization) -> [Double]
  {
    let d = configuration.nodeWidth
    let embedded = elementEmbedding(
      parameters.values, weight: parameters.layout.embeddingWeight, bias: parameters.layout.embeddingBias,
      width: d)
    var nodes = collection.atomicNumbers.map { Array(embedded[Int($0) * d..<(Int($0) + 1) * d]) }
    var edges = self.edges(collection)
    for convolution in parameters.layout.convolutions {
      (nodes, edges) = convolve(nodes, edges, convolution, normalization)
    }
    return (0..<collection.count).map { structure in
      head(Array(nodes[collection.siteOffsets[structure]..<collection.siteOffsets[structure + 1]]))
    }
  }

  private func edges(_ collection: GraphCollection) -> [Edge] {
    var result: [Edge] = []
    for structure in 0..<collection.count {
      let first = collection.siteOffsets[structure]
      for site in first..<collection.siteOffsets[structure + 1] {
        for edge in collection.edgeOffsets[site]..<collection.edgeOffsets[site + 1] {
          var features = expansion.values(
            Double(collection.distances[edge]) / configuration.gaussianSpacing,
            count: configuration.gaussianCount)
          features += facetFeatures(collection, edge)
          let vector = affine(
            features, weight: parameters.layout.edgeEmbeddingWeight,
            bias: parameters.layout.edgeEmbeddingBias,
            outputs: configuration.edgeWidth)
          var weight = 1.0
          if configuration.weighsBySolidAngle {
            weight = 12 * Double(collection.facets[GraphCollection.facetMeasureCount * edge])
            if configuration.saturatesWeights == true { weight = 2 / (1 + 1 / weight) }
          }
          result.append(
            Edge(
              center: site, neighbor: first + Int(collection.neighbors[edge]), vector: vector, weight: weight)
          )
        }
      }
    }
    return result
  }

  private func facetFeatures(_ collection: GraphCollection, _ edge: Int) -> [Double] {
    let count = GraphCollection.facetMeasureCount
    guard configuration.usesFacets || configuration.usesAngularMoments else { return [] }
    let measures = collection.facets[count * edge..<count * (edge + 1)].map { Double($0) }
    var features: [Double] = []
    if configuration.usesFacets {
      for (measure, spacing) in zip(measures, FacetEncoding.gaussianSpacings) {
        switch configuration.facetEncoding {
        case .scalars: features.append(measure)
        case .gaussians:
          features += expansion.values(measure.squareRoot() / spacing, count: FacetEncoding.gaussianCount)
        }
      }
    }
    if configuration.usesAngularMoments {
      for moment in measures.dropFirst(3) {
        switch configuration.facetEncoding {
        case .scalars: features.append(moment)
        case .gaussians:
          features += expansion.values(
            (moment + 1) / FacetEncoding.momentGaussianSpacing, count: FacetEncoding.momentGaussianCount)
        }
      }
    }
    return features
  }

  private func affine(_ input: [Double], weight: Int, bias: Int, outputs: Int) -> [Double] {
    (0..<outputs).map { column in
      input.indices.reduce(parameters.values[bias + column]) {
        $0 + input[$1] * parameters.values[weight + $1 * outputs + column]
      }
    }
  }

  private func convolve(
    _ nodes: [[Double]], _ edges: [Edge], _ convolution: ICGCNNLayout.Convolution,
    _ normalization: ReferenceCGCNN.Normalization
  ) -> ([[Double]], [Edge]) {
    let (d, e) = (convolution.widths.node, convolution.widths.edge)
    var nodeSums = nodes.map { _ in [Double](repeating: 0, count: d) }
    var edgeSums = edges.map { _ in [Double](repeating: 0, count: e) }
    func add(
      _ rows: [[Double]], _ targets: [(center: Int, edge: Int, nodeFactor: Double, edgeFactor: Double)]
    ) {
      for (row, target) in zip(rows, targets) {
        for channel in 0..<d {
          nodeSums[target.center][channel] += target.nodeFactor * message(row[channel], row[d + channel])
        }
        for channel in 0..<e {
          edgeSums[target.edge][channel] +=
            target.edgeFactor * message(row[2 * d + channel], row[2 * d + e + channel])
        }
      }
    }
    var pairs = edges.map { preactivation(convolution, nodes, $0) }
    normalize(&pairs, convolution.pairNormalization, normalization)
    add(pairs, edges.enumerated().map { ($1.center, $0, $1.weight, 1) })
    if let triplet = convolution.triplet {
      var rows: [[Double]] = []
      var targets: [(center: Int, edge: Int, nodeFactor: Double, edgeFactor: Double)] = []
      for (j, first) in edges.enumerated() {
        let others = edges.indices.filter { $0 != j && edges[$0].center == first.center }
        let factor = configuration.normalizesTriplets ? 1 / Double(max(1, others.count)) : 1
        for l in others {
          rows.append(preactivation(convolution, nodes, first, edges[l], triplet))
          targets.append((first.center, j, factor, factor))
        }
      }
      normalize(&rows, triplet.normalization, normalization)
      add(rows, targets)
    }
    normalize(&nodeSums, convolution.nodeNormalization, normalization)
    var newEdges = edges
    if let own = convolution.edgeNormalization {
      normalize(&edgeSums, own, normalization)
      for edge in edges.indices {
        newEdges[edge].vector = zip(edges[edge].vector, edgeSums[edge]).map { referenceSoftplus($0 + $1) }
      }
    }
    let newNodes = zip(nodes, nodeSums).map { zip($0, $1).map { referenceSoftplus($0 + $1) } }
    return (newNodes, newEdges)
  }

  private func preactivation(
    _ convolution: ICGCNNLayout.Convolution, _ nodes: [[Double]], _ edge: Edge
  ) -> [Double] {
    let z = nodes[edge.center] + nodes[edge.neighbor] + edge.vector
    let (d, o) = (convolution.widths.node, convolution.widths.row)
    return (0..<o).map { column in
      z.indices.reduce(parameters.values[convolution.pairBias + column]) { sum, row in
        let weight: Int
        if row < 2 * d {
          weight = convolution.nodeWeight + (row % d) * o * convolution.blocks + (row / d) * o + column
        } else {
          weight = convolution.pairEdgeWeight + (row - 2 * d) * o + column
        }
        return sum + z[row] * parameters.values[weight]
      }
    }
  }

  private func preactivation(
    _ convolution: ICGCNNLayout.Convolution, _ nodes: [[Double]], _ first: Edge, _ second: Edge,
    _ triplet: (first: Int, second: Int, bias: Int, normalization: ICGCNNLayout.Normalization)
  ) -> [Double] {
    let z =
      nodes[first.center] + nodes[first.neighbor] + nodes[second.neighbor] + first.vector + second.vector
    let (d, o, e) = (convolution.widths.node, convolution.widths.row, first.vector.count)
    return (0..<o).map { column in
      z.indices.reduce(parameters.values[triplet.bias + column]) { sum, row in
        let weight: Int
        if row < 3 * d {
          weight = convolution.nodeWeight + (row % d) * o * convolution.blocks + (2 + row / d) * o + column
        } else if row < 3 * d + e {
          weight = triplet.first + (row - 3 * d) * o + column
        } else {
          weight = triplet.second + (row - 3 * d - e) * o + column
        }
        return sum + z[row] * parameters.values[weight]
      }
    }
  }

  private func normalize(
    _ rows: inout [[Double]], _ offsets: ICGCNNLayout.Normalization,
    _ normalization: ReferenceCGCNN.Normalization
  ) {
    guard !rows.isEmpty else { return }
    for channel in 0..<offsets.count {
      var mean = parameters.statistics[offsets.statistics + channel]
      var variance = parameters.statistics[offsets.statistics + offsets.count + channel]
      if normalization == .batch {
        mean = rows.reduce(0) { $0 + $1[channel] } / Double(rows.count)
        variance = rows.reduce(0) { $0 + ($1[channel] - mean) * ($1[channel] - mean) } / Double(rows.count)
      }
      let scale =
        parameters.values[offsets.gamma + channel] / (variance + batchNormalizationEpsilon).squareRoot()
      for row in rows.indices {
        rows[row][channel] = (rows[row][channel] - mean) * scale + parameters.values[offsets.beta + channel]
      }
    }
  }

  private func head(_ nodes: [[Double]]) -> Double {
    let layout = parameters.layout.head
    var vector = (0..<configuration.nodeWidth).map { channel in
      referenceSoftplus(nodes.reduce(0) { $0 + $1[channel] } / Double(nodes.count))
    }
    for layer in layout.hidden {
      vector = affine(vector, weight: layer.weight, bias: layer.bias, outputs: layout.width).map(
        referenceSoftplus)
    }
    return vector.indices.reduce(parameters.values[layout.outputBias]) {
      $0 + parameters.values[layout.outputWeight + $1] * vector[$1]
    }
  }

  private func message(_ filter: Double, _ core: Double) -> Double {
    referenceSigmoid(filter) * referenceSoftplus(core)
  }
}
