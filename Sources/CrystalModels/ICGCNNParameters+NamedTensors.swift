public import ModelFormats
internal import TensorKernels

/// The names and shapes of iCGCNN weight files; matrices are stored (out, in), as PyTorch has them.
extension ICGCNNParameters {
  /// One tensor of the file and where its numbers live here.
  private struct Entry {
    let name: String
    let shape: [Int]
    let isStatistic: Bool
    /// Index here of element (0, 0), and the distance here from one row and from one column to the next.
    let offset: Int
    let rowStride: Int
    let columnStride: Int

    func index(_ row: Int, _ column: Int) -> Int { offset + row * rowStride + column * columnStride }
    var rows: Int { shape[0] }
    var columns: Int { shape.count == 2 ? shape[1] : 1 }
  }

  private var entries: [Entry] {
    let (d, e, h) = (configuration.nodeWidth, configuration.edgeWidth, configuration.hiddenWidth)
    var list: [Entry] = []
    func vector(_ name: String, _ offset: Int, _ count: Int, isStatistic: Bool = false) {
      list.append(
        Entry(
          name: name, shape: [count], isStatistic: isStatistic, offset: offset, rowStride: 1, columnStride: 0)
      )
    }
    func matrix(_ name: String, _ offset: Int, outputs: Int, inputs: Int, stride: Int? = nil) {
      list.append(
        Entry(
          name: name, shape: [outputs, inputs], isStatistic: false, offset: offset, rowStride: 1,
          columnStride: stride ?? outputs))
    }
    func normalization(_ name: String, _ own: ICGCNNLayout.Normalization) {
      vector(name + ".weight", own.gamma, own.count)
      vector(name + ".bias", own.beta, own.count)
      vector(name + ".running_mean", own.statistics, own.count, isStatistic: true)
      vector(name + ".running_var", own.statistics + own.count, own.count, isStatistic: true)
    }
    matrix(
      "embedding.weight", layout.embeddingWeight, outputs: d, inputs: CGCNNConfiguration.elementFeatureCount)
    vector("embedding.bias", layout.embeddingBias, d)
    matrix(
      "edge_embedding.weight", layout.edgeEmbeddingWeight, outputs: e, inputs: configuration.edgeFeatureCount)
    vector("edge_embedding.bias", layout.edgeEmbeddingBias, e)
    for (number, convolution) in layout.convolutions.enumerated() {
      let o = convolution.widths.row
      let stride = o * convolution.blocks
      func block(_ name: String, _ index: Int) {
        matrix(
          "convs.\(number).\(name).weight", convolution.nodeWeight + index * o, outputs: o, inputs: d,
          stride: stride)
      }
      block("pair.center", 0)
      block("pair.neighbor", 1)
      matrix("convs.\(number).pair.edge.weight", convolution.pairEdgeWeight, outputs: o, inputs: e)
      vector("convs.\(number).pair.bias", convolution.pairBias, o)
      normalization("convs.\(number).pair.normalization", convolution.pairNormalization)
      if let triplet = convolution.triplet {
        block("triplet.center", 2)
        block("triplet.first_neighbor", 3)
        block("triplet.second_neighbor", 4)
        matrix("convs.\(number).triplet.first_edge.weight", triplet.first, outputs: o, inputs: e)
        matrix("convs.\(number).triplet.second_edge.weight", triplet.second, outputs: o, inputs: e)
        vector("convs.\(number).triplet.bias", triplet.bias, o)
        normalization("convs.\(number).triplet.normalization", triplet.normalization)
      }
      normalization("convs.\(number).node.normalization", convolution.nodeNormalization)
      if let edge = convolution.edgeNormalization {
        normalization("convs.\(number).edge.normalization", edge)
      }
    }
    for (number, layer) in layout.head.hidden.enumerated() {
      matrix("hidden.\(number).weight", layer.weight, outputs: h, inputs: layer.inputs)
      vector("hidden.\(number).bias", layer.bias, h)
    }
    matrix("output.weight", layout.head.outputWeight, outputs: 1, inputs: h)
    vector("output.bias", layout.head.outputBias, 1)
    return list
  }

  /// All parameters and running statistics under their names, in single precision.
  public var namedTensors: [NamedTensor] {
    entries.map { entry in
      let source = entry.isStatistic ? statistics : values
      var numbers: [Float] = []
      numbers.reserveCapacity(entry.rows * entry.columns)
      for row in 0..<entry.rows {
        for column in 0..<entry.columns { numbers.append(Float(source[entry.index(row, column)])) }
      }
      return NamedTensor(name: entry.name, shape: entry.shape, values: numbers)
    }
  }

  /// The network of the given shape with the given tensors; tensors it does not know are ignored.
  ///
  /// - Throws: `ModelError` when a tensor is missing, has another shape, or holds NaN or infinity.
  public init(_ configuration: ICGCNNConfiguration, tensors: [NamedTensor]) throws(ModelError) {
    try self.init(zeros: configuration)
    var byName: [String: NamedTensor] = [:]
    for tensor in tensors { byName[tensor.name] = tensor }
    for entry in entries {
      guard let tensor = byName[entry.name] else { throw .missingTensor(name: entry.name) }
      guard tensor.shape == entry.shape, let numbers = tensor.floats else {
        throw .wrongShape(name: entry.name, expected: entry.shape, found: tensor.shape)
      }
      guard numbers.allSatisfy(\.isFinite) else { throw .notFinite(name: entry.name) }
      for row in 0..<entry.rows {
        for column in 0..<entry.columns {
          let number = Scalar(numbers[row * entry.columns + column])
          if entry.isStatistic {
            statistics[entry.index(row, column)] = number
          } else {
            values[entry.index(row, column)] = number
          }
        }
      }
    }
  }
}
