public import ModelFormats
internal import TensorKernels

/// The names and shapes of the published CGCNN files, so that weights travel both ways.
extension CGCNNParameters {
  /// One tensor of the published layout and where its numbers live here.
  private struct Entry {
    let name: String
    let shape: [Int]
    /// True when the numbers are running statistics.
    let isStatistic: Bool
    /// Index here of element (row, column) of the published tensor; column is 0 for vectors.
    let index: (Int, Int) -> Int
  }

  private var entries: [Entry] {
    let (w, h) = (configuration.nodeWidth, configuration.hiddenWidth)
    let features = CGCNNConfiguration.elementFeatureCount
    let gaussians = configuration.gaussianCount
    var list: [Entry] = []
    func vector(_ name: String, _ offset: Int, _ count: Int, isStatistic: Bool = false) {
      list.append(Entry(name: name, shape: [count], isStatistic: isStatistic) { row, _ in offset + row })
    }
    func transposed(_ name: String, _ offset: Int, outputs: Int, inputs: Int) {
      list.append(
        Entry(name: name, shape: [outputs, inputs], isStatistic: false) { row, column in
          offset + column * outputs + row
        })
    }
    transposed("embedding.weight", layout.embeddingWeight, outputs: w, inputs: features)
    vector("embedding.bias", layout.embeddingBias, w)
    for (number, convolution) in layout.convolutions.enumerated() {
      let prefix = "convs.\(number)."
      list.append(
        Entry(name: prefix + "fc_full.weight", shape: [2 * w, 2 * w + gaussians], isStatistic: false) {
          row, column in
          if column < w { return convolution.nodeWeight + column * 4 * w + row }
          if column < 2 * w { return convolution.nodeWeight + (column - w) * 4 * w + 2 * w + row }
          return convolution.edgeWeight + (column - 2 * w) * 2 * w + row
        })
      vector(prefix + "fc_full.bias", convolution.bias, 2 * w)
      vector(prefix + "bn1.weight", convolution.gamma1, 2 * w)
      vector(prefix + "bn1.bias", convolution.beta1, 2 * w)
      vector(prefix + "bn1.running_mean", convolution.statistics, 2 * w, isStatistic: true)
      vector(prefix + "bn1.running_var", convolution.statistics + 2 * w, 2 * w, isStatistic: true)
      vector(prefix + "bn2.weight", convolution.gamma2, w)
      vector(prefix + "bn2.bias", convolution.beta2, w)
      vector(prefix + "bn2.running_mean", convolution.statistics + 4 * w, w, isStatistic: true)
      vector(prefix + "bn2.running_var", convolution.statistics + 5 * w, w, isStatistic: true)
    }
    for (number, layer) in layout.head.hidden.enumerated() {
      let name = number == 0 ? "conv_to_fc" : "fcs.\(number - 1)"
      transposed(name + ".weight", layer.weight, outputs: h, inputs: layer.inputs)
      vector(name + ".bias", layer.bias, h)
    }
    list.append(
      Entry(name: "fc_out.weight", shape: [configuration.outputCount, h], isStatistic: false) {
        [outputWeight = layout.head.outputWeight] row, column in outputWeight + row * h + column
      })
    vector("fc_out.bias", layout.head.outputBias, configuration.outputCount)
    return list
  }

  /// All parameters and running statistics under their published names, in single precision.
  public var namedTensors: [NamedTensor] {
    entries.map { entry in
      let columns = entry.shape.count == 2 ? entry.shape[1] : 1
      let source = entry.isStatistic ? statistics : values
      var numbers = [Float](repeating: 0, count: entry.shape[0] * columns)
      for row in 0..<entry.shape[0] {
        for column in 0..<columns {
          numbers[row * columns + column] = Float(source[entry.index(row, column)])
        }
      }
      return NamedTensor(name: entry.name, shape: entry.shape, values: numbers)
    }
  }

  /// The network of the given shape with the given tensors; tensors it does not know are ignored.
  ///
  /// - Throws: `ModelError` when a tensor is missing, has another shape, or holds NaN or infinity.
  public init(_ configuration: CGCNNConfiguration, tensors: [NamedTensor]) throws(ModelError) {
    try self.init(zeros: configuration)
    var byName: [String: NamedTensor] = [:]
    for tensor in tensors { byName[tensor.name] = tensor }
    for entry in entries {
      guard let tensor = byName[entry.name] else { throw .missingTensor(name: entry.name) }
      guard tensor.shape == entry.shape, let numbers = tensor.floats else {
        throw .wrongShape(name: entry.name, expected: entry.shape, found: tensor.shape)
      }
      guard numbers.allSatisfy(\.isFinite) else { throw .notFinite(name: entry.name) }
      let columns = entry.shape.count == 2 ? entry.shape[1] : 1
      for row in 0..<entry.shape[0] {
        for column in 0..<columns {
          let number = Scalar(numbers[row * columns + column])
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
