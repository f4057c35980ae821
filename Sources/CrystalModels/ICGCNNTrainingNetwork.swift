internal import CrystalGraphs
public import TensorKernels

/// Forward and backward pass of an iCGCNN in training mode over one batch.
///
/// As in `CGCNNTrainingNetwork`, a batch is cut into a fixed number of chunks whose partial sums are added up in chunk
/// order: the result does not depend, to the last bit, on `jobs`.
public final class ICGCNNTrainingNetwork<Scalar: KernelScalar & BitwiseCopyable> {
  /// Parameters and running statistics.
  public var parameters: ICGCNNParameters<Scalar>
  /// dL/d(parameters) of the last batch.
  public private(set) var gradient: [Scalar]

  private let jobs: Int
  private let chunks: [ICGCNNChunk<Scalar>]
  private let normalizations: [ICGCNNNormalizations<Scalar>]
  private let transposedNode: [Buffer<Scalar>]
  private let transposedEdge: [[Buffer<Scalar>]]
  private let transposedHidden: [Buffer<Scalar>]
  private var layout: ICGCNNLayout { parameters.layout }

  /// A network that computes with `jobs` threads; see `CGCNNTrainingNetwork`.
  public init(_ parameters: ICGCNNParameters<Scalar>, jobs: Int, normalizationMomentum: Double = 0.1) {
    self.parameters = parameters
    self.jobs = max(1, jobs)
    gradient = [Scalar](repeating: 0, count: parameters.values.count)
    let (configuration, layout) = (parameters.configuration, parameters.layout)
    chunks = (0..<CGCNNTrainingNetwork<Scalar>.chunkCount).map { _ in ICGCNNChunk(configuration, layout) }
    normalizations = layout.convolutions.map { ICGCNNNormalizations($0, momentum: normalizationMomentum) }
    let (d, e) = (configuration.nodeWidth, configuration.edgeWidth)
    transposedNode = layout.convolutions.map { Buffer(capacity: d * $0.widths.row * $0.blocks) }
    transposedEdge = layout.convolutions.map { convolution in
      (0..<(convolution.triplet == nil ? 1 : 3)).map { _ in Buffer(capacity: e * convolution.widths.row) }
    }
    transposedHidden = layout.head.hidden.map { Buffer(capacity: $0.inputs * configuration.hiddenWidth) }
  }

  /// Computes loss and gradient of one batch and updates the running statistics; see
  /// `CGCNNTrainingNetwork.computeGradient`.
  public func computeGradient(
    _ indices: [Int], of collection: GraphCollection, targets: [Float], loss: RegressionLoss
  ) -> Double {
    let active = assignChunks(indices, of: collection)
    let elements = elementEmbedding(
      parameters.values, weight: layout.embeddingWeight, bias: layout.embeddingBias,
      width: parameters.configuration.nodeWidth)
    parameters.values.withUnsafeBufferPointer { values in
      let base = values.baseAddress.unsafelyUnwrapped
      transposeWeights(base)
      parallel(active) { chunk in
        chunk.begin(chunk.members, of: collection, base, elements)
        chunk.project(0, base, measures: true)
      }
      forward(active, base)
      parallel(active) { chunk in
        chunk.headForwardBackward(
          base, targets: targets, loss: loss, batchSize: indices.count, transposed: self.transposedHidden)
      }
      backward(active)
      parallel(active) { $0.finish() }
    }
    reduceGradient(active)
    return active.reduce(0) { $0 + $1.lossSum } / Double(indices.count)
  }

  private func forward(_ active: [ICGCNNChunk<Scalar>], _ values: UnsafePointer<Scalar>) {
    let totals = active.map(\.block.totals)
    let edgeCount = totals.reduce(0) { $0 + $1.edges }
    let siteCount = totals.reduce(0) { $0 + $1.sites }
    let tripletCount = totals.reduce(0) { $0 + $1.triplets }
    for (index, convolution) in layout.convolutions.enumerated() {
      let own = normalizations[index]
      measure(
        own.pair, convolution.pairNormalization, active.map { $0.layers[index].pairStatistics }, edgeCount)
      if let triplet = own.triplet, let normalization = convolution.triplet?.normalization {
        measure(triplet, normalization, active.map { $0.layers[index].tripletStatistics }, tripletCount)
      }
      parallel(active) { $0.gate(index, own, measures: true) }
      measure(
        own.node, convolution.nodeNormalization, active.map { $0.layers[index].nodeStatistics }, siteCount)
      if let edge = own.edge, let normalization = convolution.edgeNormalization {
        measure(edge, normalization, active.map { $0.layers[index].edgeStatistics }, edgeCount)
      }
      let isLast = index == layout.convolutions.count - 1
      parallel(active) { chunk in
        chunk.update(index, own)
        if !isLast { chunk.project(index + 1, values, measures: true) }
      }
    }
  }

  private func backward(_ active: [ICGCNNChunk<Scalar>]) {
    for index in layout.convolutions.indices.reversed() {
      let (convolution, own) = (layout.convolutions[index], normalizations[index])
      parallel(active) { $0.updateBackward(index, own) }
      takeGradients(
        own.node, convolution.nodeNormalization, active.map { $0.layers[index].nodeStatistics },
        isNormalized: true)
      if let edge = own.edge, let normalization = convolution.edgeNormalization {
        takeGradients(edge, normalization, active.map { $0.layers[index].edgeStatistics }, isNormalized: true)
      }
      parallel(active) { $0.gateBackward(index, own) }
      takeGradients(
        own.pair, convolution.pairNormalization, active.map { $0.layers[index].pairStatistics },
        isNormalized: false)
      if let triplet = own.triplet, let normalization = convolution.triplet?.normalization {
        takeGradients(
          triplet, normalization, active.map { $0.layers[index].tripletStatistics }, isNormalized: false)
      }
      parallel(active) { chunk in
        chunk.projectBackward(
          index, own, transposedNode: self.transposedNode[index].pointer,
          transposedEdge: self.transposedEdge[index].map { UnsafePointer($0.pointer) })
      }
    }
  }

  /// Sums of all chunks in chunk order, shape (2, channels).
  private func total(_ sums: [ColumnSums]) -> [Double] {
    var result = [Double](repeating: 0, count: 2 * (sums.first?.channels ?? 0))
    for partial in sums {
      for index in result.indices { result[index] += partial.memory.pointer[index] }
    }
    return result
  }

  private func measure(
    _ normalization: BatchNormalization<Scalar>, _ offsets: ICGCNNLayout.Normalization, _ sums: [ColumnSums],
    _ rows: Int
  ) {
    let total = total(sums)
    let values = parameters.values
    parameters.statistics.withUnsafeMutableBufferPointer { statistics in
      values.withUnsafeBufferPointer { values in
        total.withUnsafeBufferPointer { total in
          let base = values.baseAddress.unsafelyUnwrapped
          let running = statistics.baseAddress.unsafelyUnwrapped + offsets.statistics
          let sums = total.baseAddress.unsafelyUnwrapped
          normalization.setStatistics(
            sum: sums, square: sums + offsets.count, rows: rows, gamma: base + offsets.gamma,
            beta: base + offsets.beta, runningMean: running, runningVariance: running + offsets.count)
        }
      }
    }
  }

  private func takeGradients(
    _ normalization: BatchNormalization<Scalar>, _ offsets: ICGCNNLayout.Normalization, _ sums: [ColumnSums],
    isNormalized: Bool
  ) {
    let total = total(sums)
    gradient.withUnsafeMutableBufferPointer { gradient in
      total.withUnsafeBufferPointer { total in
        let base = gradient.baseAddress.unsafelyUnwrapped
        let sums = total.baseAddress.unsafelyUnwrapped
        if isNormalized {
          normalization.setGradients(
            sumG: sums, sumGX: sums + offsets.count, gamma: base + offsets.gamma, beta: base + offsets.beta)
        } else {
          normalization.setGradients(
            sumG: sums, sumOfProducts: sums + offsets.count, gamma: base + offsets.gamma,
            beta: base + offsets.beta)
        }
      }
    }
  }

  private func assignChunks(_ indices: [Int], of collection: GraphCollection) -> [ICGCNNChunk<Scalar>] {
    let assigned = chunkMembers(indices, of: collection, count: chunks.count)
    return zip(chunks, assigned).map { chunk, members in
      chunk.members = members
      return chunk
    }
  }

  private func parallel(_ active: [ICGCNNChunk<Scalar>], _ body: (ICGCNNChunk<Scalar>) -> Void) {
    performInParallel(count: active.count, jobs: jobs) { body(active[$0]) }
  }

  private func reduceGradient(_ active: [ICGCNNChunk<Scalar>]) {
    gradient.withUnsafeMutableBufferPointer { gradient in
      // γ and β were written by the normalizations; the chunks hold zeros there.
      for normalization in layout.normalizations {
        for offset in [normalization.gamma, normalization.beta] {
          for index in offset..<offset + normalization.count {
            active[0].gradient.pointer[index] = gradient[index]
          }
        }
      }
      gradient.baseAddress.unsafelyUnwrapped.update(from: active[0].gradient.pointer, count: gradient.count)
      for chunk in active.dropFirst() {
        for index in 0..<gradient.count { gradient[index] += chunk.gradient.pointer[index] }
      }
    }
  }

  private func transposeWeights(_ values: UnsafePointer<Scalar>) {
    let (d, e) = (parameters.configuration.nodeWidth, parameters.configuration.edgeWidth)
    for (index, convolution) in layout.convolutions.enumerated() {
      let o = convolution.widths.row
      transpose(
        values + convolution.nodeWeight, rows: d, columns: o * convolution.blocks,
        into: transposedNode[index].pointer)
      let weights = [convolution.pairEdgeWeight] + (convolution.triplet.map { [$0.first, $0.second] } ?? [])
      for (weight, buffer) in zip(weights, transposedEdge[index]) {
        transpose(values + weight, rows: e, columns: o, into: buffer.pointer)
      }
    }
    for (layer, buffer) in zip(layout.head.hidden, transposedHidden) {
      transpose(values + layer.weight, rows: layer.inputs, columns: layout.head.width, into: buffer.pointer)
    }
  }
}

/// Cuts a batch into at most `count` contiguous chunks of about equal numbers of sites, none empty.
func chunkMembers(_ indices: [Int], of collection: GraphCollection, count: Int) -> [[Int]] {
  let total = indices.reduce(0) { $0 + collection.siteCount(of: $1) }
  let count = min(count, indices.count)
  var assigned: [[Int]] = Array(repeating: [], count: count)
  var sites = 0
  for index in indices {
    assigned[min(count - 1, sites * count / max(1, total))].append(index)
    sites += collection.siteCount(of: index)
  }
  return assigned.filter { !$0.isEmpty }
}
