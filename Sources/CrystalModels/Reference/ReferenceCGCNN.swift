internal import ModelFormats
public import TensorKernels

/// CGCNN in plain loops and double precision, as the equations are written: the concatenation z = vᵢ ⊕ vⱼ ⊕ u is
/// formed for every edge, all Gaussians are kept (unless told otherwise), nothing is folded or shared. Slow; what the fast code is held to.
///
/// Source: T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), in the form of the authors' code.
public struct ReferenceCGCNN: Sendable {
  private let parameters: CGCNNParameters<Double>
  private var configuration: CGCNNConfiguration { parameters.configuration }

  private let expansion: ReferenceGaussians

  /// The network with the given parameters, which adds up the Gaussians `expansion`.
  public init(_ parameters: CGCNNParameters<Double>, gaussians expansion: ReferenceGaussians = .all) {
    self.parameters = parameters
    self.expansion = expansion
  }

  /// Where batch normalizations take their mean and variance from.
  public enum Normalization: Sendable {
    /// The running statistics: inference.
    case running
    /// The batch itself: training.
    case batch
  }

  /// Outputs of all structures of `collection` as one batch, shape (S, outputs), before any softmax.
  public func outputs(_ collection: GraphCollection, normalization: Normalization) -> [[Double]] {
    let w = configuration.nodeWidth
    let edges = (0..<collection.count).flatMap { structure in
      (collection.siteOffsets[structure]..<collection.siteOffsets[structure + 1]).flatMap { site in
        (collection.edgeOffsets[site]..<collection.edgeOffsets[site + 1]).map { edge in
          (
            center: site, neighbor: collection.siteOffsets[structure] + Int(collection.neighbors[edge]),
            gaussians: expansion.values(
              Double(collection.distances[edge]) / configuration.gaussianSpacing,
              count: configuration.gaussianCount)
          )
        }
      }
    }
    let embedded = elementEmbedding(parameters)
    var nodes = collection.atomicNumbers.map { Array(embedded[Int($0) * w..<(Int($0) + 1) * w]) }
    for offsets in parameters.layout.convolutions {
      var rows = edges.map { preactivation(nodes[$0.center] + nodes[$0.neighbor] + $0.gaussians, offsets) }
      normalize(
        &rows, gamma: offsets.gamma1, beta: offsets.beta1, statistics: offsets.statistics, normalization)
      var sums = nodes.map { _ in [Double](repeating: 0, count: w) }
      for (edge, row) in zip(edges, rows) {
        for channel in 0..<w {
          sums[edge.center][channel] += referenceSigmoid(row[channel]) * referenceSoftplus(row[w + channel])
        }
      }
      normalize(
        &sums, gamma: offsets.gamma2, beta: offsets.beta2, statistics: offsets.statistics + 4 * w,
        normalization)
      for site in nodes.indices {
        for channel in 0..<w {
          nodes[site][channel] = referenceSoftplus(nodes[site][channel] + sums[site][channel])
        }
      }
    }
    return (0..<collection.count).map { structure in
      head(Array(nodes[collection.siteOffsets[structure]..<collection.siteOffsets[structure + 1]]))
    }
  }

  private func preactivation(_ z: [Double], _ offsets: CGCNNLayout.Convolution) -> [Double] {
    let w = configuration.nodeWidth
    let values = parameters.values
    return (0..<2 * w).map { row in
      var sum = values[offsets.bias + row]
      for column in 0..<w {
        sum += values[offsets.nodeWeight + column * 4 * w + row] * z[column]
        sum += values[offsets.nodeWeight + column * 4 * w + 2 * w + row] * z[w + column]
      }
      for column in 2 * w..<z.count {
        sum += values[offsets.edgeWeight + (column - 2 * w) * 2 * w + row] * z[column]
      }
      return sum
    }
  }

  private func normalize(
    _ rows: inout [[Double]], gamma: Int, beta: Int, statistics: Int, _ normalization: Normalization
  ) {
    guard let channels = rows.first?.count else { return }
    for channel in 0..<channels {
      var mean = parameters.statistics[statistics + channel]
      var variance = parameters.statistics[statistics + channels + channel]
      if normalization == .batch {
        mean = rows.reduce(0) { $0 + $1[channel] } / Double(rows.count)
        variance = rows.reduce(0) { $0 + ($1[channel] - mean) * ($1[channel] - mean) } / Double(rows.count)
      }
      let scale = parameters.values[gamma + channel] / (variance + batchNormalizationEpsilon).squareRoot()
      for row in rows.indices {
        rows[row][channel] = (rows[row][channel] - mean) * scale + parameters.values[beta + channel]
      }
    }
  }

  private func head(_ nodes: [[Double]]) -> [Double] {
    let (w, h, layout, values) = (
      configuration.nodeWidth, configuration.hiddenWidth, parameters.layout, parameters.values
    )
    var vector = (0..<w).map { channel in
      referenceSoftplus(nodes.reduce(0) { $0 + $1[channel] } / Double(nodes.count))
    }
    for layer in layout.head.hidden {
      vector = (0..<h).map { row in
        var sum = values[layer.bias + row]
        for column in 0..<layer.inputs { sum += values[layer.weight + column * h + row] * vector[column] }
        return referenceSoftplus(sum)
      }
    }
    return (0..<configuration.outputCount).map { output in
      (0..<h).reduce(values[layout.head.outputBias + output]) {
        $0 + values[layout.head.outputWeight + output * h + $1] * vector[$1]
      }
    }
  }
}
