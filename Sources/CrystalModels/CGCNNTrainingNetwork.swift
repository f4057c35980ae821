internal import CrystalGraphs
public import TensorKernels

/// Forward and backward pass of a CGCNN in training mode over one batch.
///
/// The batch is cut into a fixed number of chunks of whole structures; chunks are computed in parallel and their
/// partial sums are added up in chunk order, so that the result does not depend, to the last bit, on `jobs`.
/// Batch normalization needs sums over the whole batch: each of its passes ends at a barrier.
///
/// Nothing is stored per edge and channel: pre-activations are computed anew in each of the four passes over the
/// edges, which costs less than writing and reading them.
public final class CGCNNTrainingNetwork<Scalar: KernelScalar & BitwiseCopyable> {
  /// Chunks a batch is cut into; part of the definition of a training run, since rounding depends on it.
  public static var chunkCount: Int { 8 }

  /// Parameters and running statistics.
  public var parameters: CGCNNParameters<Scalar>
  /// dL/d(parameters) of the last batch.
  public private(set) var gradient: [Scalar]

  private let jobs: Int
  private let chunks: [TrainingChunk<Scalar>]
  private let edgeNormalizations: [BatchNormalization<Scalar>]
  private let sumNormalizations: [BatchNormalization<Scalar>]
  /// Node weights of each convolution transposed, shape (4w, w).
  private let transposedNodeWeights: [Buffer<Scalar>]
  private let transposedHiddenWeights: [Buffer<Scalar>]
  private let totals: Buffer<Double>

  private var configuration: CGCNNConfiguration { parameters.configuration }
  private var width: Int { parameters.configuration.nodeWidth }

  /// A network that computes with `jobs` threads.
  ///
  /// - Parameters:
  ///   - parameters: where training starts.
  ///   - jobs: number of threads.
  ///   - normalizationMomentum: weight of a batch in the running statistics; PyTorch's default is 0.1.
  public init(_ parameters: CGCNNParameters<Scalar>, jobs: Int, normalizationMomentum: Double = 0.1) {
    precondition(parameters.configuration.task == .regression, "training is for regression")
    self.parameters = parameters
    self.jobs = max(1, jobs)
    let w = parameters.configuration.nodeWidth
    gradient = [Scalar](repeating: 0, count: parameters.values.count)
    chunks = (0..<Self.chunkCount).map { _ in TrainingChunk(parameters) }
    edgeNormalizations = parameters.layout.convolutions.map { _ in
      BatchNormalization(channels: 2 * w, momentum: normalizationMomentum)
    }
    sumNormalizations = parameters.layout.convolutions.map { _ in
      BatchNormalization(channels: w, momentum: normalizationMomentum)
    }
    transposedNodeWeights = parameters.layout.convolutions.map { _ in Buffer(capacity: 4 * w * w) }
    transposedHiddenWeights = parameters.layout.head.hidden.map { layer in
      Buffer(capacity: layer.inputs * parameters.configuration.hiddenWidth)
    }
    totals = Buffer(capacity: 4 * w)
  }

  /// Computes loss and gradient of one batch and updates the running statistics.
  ///
  /// - Parameters:
  ///   - indices: structures of the batch, B ≥ 1.
  ///   - collection: graphs they are taken from.
  ///   - targets: standardized target of every structure of the collection.
  ///   - loss: loss of a single structure.
  /// - Returns: the mean loss over the batch.
  public func computeGradient(
    _ indices: [Int], of collection: GraphCollection, targets: [Float], loss: RegressionLoss
  ) -> Double {
    let active = assignChunks(indices, of: collection)
    transposeWeights()
    let elementNodes = elementEmbedding(parameters)
    parallel(active) { chunk in
      chunk.begin(of: collection, self.parameters, elementNodes)
      chunk.projectAndMeasure(0, self.parameters)
    }
    forward(active)
    let batchSize = indices.count
    parallel(active) { chunk in
      chunk.headForwardBackward(
        self.parameters, targets: targets, loss: loss, batchSize: batchSize,
        transposedHidden: self.transposedHiddenWeights)
    }
    backward(active)
    parallel(active) { $0.finish(self.parameters) }
    reduceGradient(active)
    return active.reduce(0) { $0 + $1.lossSum } / Double(batchSize)
  }

  private func forward(_ active: [TrainingChunk<Scalar>]) {
    let w = width
    let totals = active.map(\.block.totals)
    let edgeCount = totals.reduce(0) { $0 + $1.edges }
    let siteCount = totals.reduce(0) { $0 + $1.sites }
    for (index, convolution) in parameters.layout.convolutions.enumerated() {
      let (sum, square) = reduceSums(active, channels: 2 * w)
      withParameterPointers { values, statistics in
        edgeNormalizations[index].setStatistics(
          sum: sum, square: square, rows: edgeCount, gamma: values + convolution.gamma1,
          beta: values + convolution.beta1, runningMean: statistics + convolution.statistics,
          runningVariance: statistics + convolution.statistics + 2 * w)
      }
      parallel(active) { $0.gate(index, self.parameters, self.edgeNormalizations[index]) }
      let (sum2, square2) = reduceSums(active, channels: w)
      withParameterPointers { values, statistics in
        sumNormalizations[index].setStatistics(
          sum: sum2, square: square2, rows: siteCount, gamma: values + convolution.gamma2,
          beta: values + convolution.beta2, runningMean: statistics + convolution.statistics + 4 * w,
          runningVariance: statistics + convolution.statistics + 5 * w)
      }
      let isLast = index == parameters.layout.convolutions.count - 1
      parallel(active) { chunk in
        chunk.update(index, self.sumNormalizations[index])
        if !isLast { chunk.projectAndMeasure(index + 1, self.parameters) }
      }
    }
  }

  private func backward(_ active: [TrainingChunk<Scalar>]) {
    let w = width
    for index in parameters.layout.convolutions.indices.reversed() {
      let convolution = parameters.layout.convolutions[index]
      parallel(active) { $0.updateBackward(index, self.sumNormalizations[index]) }
      let (sumG2, sumGX2) = reduceSums(active, channels: w)
      gradient.withUnsafeMutableBufferPointer { gradient in
        let base = gradient.baseAddress.unsafelyUnwrapped
        sumNormalizations[index].setGradients(
          sumG: sumG2, sumGX: sumGX2, gamma: base + convolution.gamma2, beta: base + convolution.beta2)
      }
      parallel(active) { chunk in
        chunk.gateBackwardStatistics(
          index, self.parameters, self.edgeNormalizations[index], self.sumNormalizations[index])
      }
      let (sumG, sumGX) = reduceSums(active, channels: 2 * w)
      gradient.withUnsafeMutableBufferPointer { gradient in
        let base = gradient.baseAddress.unsafelyUnwrapped
        edgeNormalizations[index].setGradients(
          sumG: sumG, sumGX: sumGX, gamma: base + convolution.gamma1, beta: base + convolution.beta1)
      }
      parallel(active) { chunk in
        chunk.gateBackward(
          index, self.parameters, self.edgeNormalizations[index],
          transposedNodeWeight: self.transposedNodeWeights[index].pointer)
      }
    }
  }

  /// Cuts the batch into contiguous chunks of about equal numbers of sites.
  private func assignChunks(_ indices: [Int], of collection: GraphCollection) -> [TrainingChunk<Scalar>] {
    zip(chunks, chunkMembers(indices, of: collection, count: chunks.count)).map { chunk, members in
      chunk.members = members
      return chunk
    }
  }

  private func parallel(_ active: [TrainingChunk<Scalar>], _ body: (TrainingChunk<Scalar>) -> Void) {
    performInParallel(count: active.count, jobs: jobs) { body(active[$0]) }
  }

  /// Adds the chunks' two partial sums in chunk order.
  private func reduceSums(
    _ active: [TrainingChunk<Scalar>], channels: Int
  ) -> (UnsafePointer<Double>, UnsafePointer<Double>) {
    let total = totals.pointer
    total.update(repeating: 0, count: 2 * channels)
    for chunk in active {
      let partial = chunk.partialSums.pointer
      for index in 0..<2 * channels { total[index] += partial[index] }
    }
    return (UnsafePointer(total), UnsafePointer(total + channels))
  }

  private func reduceGradient(_ active: [TrainingChunk<Scalar>]) {
    // γ and β were written by the normalizations; the chunks hold zeros there.
    gradient.withUnsafeMutableBufferPointer { gradient in
      for convolution in parameters.layout.convolutions {
        for index in convolution.gamma1..<convolution.beta2 + width {
          active[0].gradient.pointer[index] = gradient[index]
        }
      }
      gradient.baseAddress.unsafelyUnwrapped.update(from: active[0].gradient.pointer, count: gradient.count)
      for chunk in active.dropFirst() {
        let partial = chunk.gradient.pointer
        for index in 0..<gradient.count { gradient[index] += partial[index] }
      }
    }
  }

  private func withParameterPointers(
    _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
  ) {
    parameters.values.withUnsafeBufferPointer { values in
      parameters.statistics.withUnsafeMutableBufferPointer { statistics in
        body(values.baseAddress.unsafelyUnwrapped, statistics.baseAddress.unsafelyUnwrapped)
      }
    }
  }

  private func transposeWeights() {
    let (w, h) = (width, configuration.hiddenWidth)
    parameters.values.withUnsafeBufferPointer { values in
      let base = values.baseAddress.unsafelyUnwrapped
      for (convolution, buffer) in zip(parameters.layout.convolutions, transposedNodeWeights) {
        transpose(base + convolution.nodeWeight, rows: w, columns: 4 * w, into: buffer.pointer)
      }
      for (layer, buffer) in zip(parameters.layout.head.hidden, transposedHiddenWeights) {
        transpose(base + layer.weight, rows: layer.inputs, columns: h, into: buffer.pointer)
      }
    }
  }
}
