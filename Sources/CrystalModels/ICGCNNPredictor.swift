internal import CrystalGraphs
public import TensorKernels

/// An iCGCNN prepared for inference; see `CGCNNPredictor` for what threads may do with it.
public final class ICGCNNPredictor<Scalar: KernelScalar & BitwiseCopyable>: @unchecked Sendable {
  // The normalizations are written once, in the initializer, and only read afterwards.

  /// Working memory of one thread.
  public final class Scratch {
    let chunk: ICGCNNChunk<Scalar>

    fileprivate init(_ parameters: ICGCNNParameters<Scalar>) {
      chunk = ICGCNNChunk(parameters.configuration, parameters.layout)
    }
  }

  /// Sites a block holds at most, unless a single structure has more.
  public static var sitesPerBlock: Int { 64 }

  /// Shape of the network.
  public var configuration: ICGCNNConfiguration { parameters.configuration }
  private let parameters: ICGCNNParameters<Scalar>
  private let normalizations: [ICGCNNNormalizations<Scalar>]
  private let elements: [Scalar]

  /// Prepares the parameters of a trained network.
  public init(_ parameters: ICGCNNParameters<Scalar>) {
    self.parameters = parameters
    let layout = parameters.layout
    normalizations = layout.convolutions.map { convolution in
      let own = ICGCNNNormalizations<Scalar>(convolution, momentum: 0)
      func set(_ normalization: BatchNormalization<Scalar>?, _ offsets: ICGCNNLayout.Normalization?) {
        guard let normalization, let offsets else { return }
        parameters.values.withUnsafeBufferPointer { values in
          parameters.statistics.withUnsafeBufferPointer { statistics in
            let base = values.baseAddress.unsafelyUnwrapped
            let mean = statistics.baseAddress.unsafelyUnwrapped + offsets.statistics
            normalization.setRunning(
              mean: mean, variance: mean + offsets.count, gamma: base + offsets.gamma,
              beta: base + offsets.beta)
          }
        }
      }
      set(own.pair, convolution.pairNormalization)
      set(own.triplet, convolution.triplet?.normalization)
      set(own.node, convolution.nodeNormalization)
      set(own.edge, convolution.edgeNormalization)
      return own
    }
    elements = elementEmbedding(
      parameters.values, weight: layout.embeddingWeight, bias: layout.embeddingBias,
      width: parameters.configuration.nodeWidth)
  }

  /// New working memory for one thread.
  public func makeScratch() -> Scratch { Scratch(parameters) }

  /// Predicts the structures `indices` of `collection`: standardized values, shape (number of indices).
  public func predict(
    _ indices: Range<Int>, of collection: GraphCollection, scratch: Scratch,
    into output: UnsafeMutablePointer<Scalar>
  ) {
    let chunk = scratch.chunk
    parameters.values.withUnsafeBufferPointer { values in
      let base = values.baseAddress.unsafelyUnwrapped
      chunk.begin(Array(indices), of: collection, base, elements)
      for index in parameters.layout.convolutions.indices {
        chunk.project(index, base, measures: false)
        chunk.gate(index, normalizations[index], measures: false)
        chunk.update(index, normalizations[index])
      }
      chunk.head.forward(chunk.block, chunk.nodes[chunk.nodes.count - 1].pointer, base)
      for structure in 0..<indices.count { output[structure] = chunk.head.output(structure, 0, base) }
    }
  }

  /// Predicts every structure of a collection: standardized values, shape (S).
  public func predictions(_ collection: GraphCollection, jobs: Int) -> [Scalar] {
    let blocks = collection.blocks(sites: Self.sitesPerBlock)
    let output = Buffer<Scalar>(capacity: collection.count)
    let workers = min(max(1, jobs), max(1, blocks.count))
    performInParallel(count: workers, jobs: workers) { worker in
      let scratch = makeScratch()
      for index in stride(from: worker, to: blocks.count, by: workers) {
        predict(
          blocks[index], of: collection, scratch: scratch, into: output.pointer + blocks[index].lowerBound)
      }
    }
    return Array(UnsafeBufferPointer(start: output.pointer, count: collection.count))
  }
}
