internal import TensorKernels

/// What the features g of an edge, or of a kind of edges, give to the first layers of several perceptrons of messages:
/// C_k (W g + c) + b_k.
///
/// No activation follows the embedding W g + c, so each share is one matrix C_k W on the features, made once a step: an edge
/// costs the few features times the width. Backward, the gradients of these matrices are added up over the chunks, and
/// split up once. Shapes: F features, w channels.
struct EdgeEmbedding: Layer {
  let name: String
  let space: RowSpace
  let featureCount: Int
  let width: Int
  /// Paths of the tensors of each share.
  let shares: [String]
  /// (F, w), and behind it c (w).
  let weight: Int
  /// (w, w) each.
  let shareWeights: [Int]
  /// (w) each.
  let shareBiases: [Int]

  /// Rows of a share's matrix: those of the features, and one for the bias.
  private var rowCount: Int { featureCount + 1 }
  private var matrixCount: Int { rowCount * width }

  init(
    _ name: String, _ features: NetworkValue, width: Int, shares: [String], of inputs: Int,
    _ start: WeightStart, _ parameters: inout ParameterLayout
  ) {
    precondition(features.space == .edges || features.space == .edgeKinds, "features of edges")
    precondition(width % 16 == 0, "a width is a multiple of 16")
    self.name = name
    space = features.space
    featureCount = features.width
    self.width = width
    self.shares = shares
    weight = parameters.takeWeight(inputs: features.width, outputs: width, start)
    let bias = parameters.takeBias(inputs: features.width, outputs: width, start)
    parameters.name(name + ".weight", transposed: weight, outputs: width, inputs: features.width)
    parameters.name(name + ".bias", vector: bias, width)
    var weights: [Int] = []
    var biases: [Int] = []
    for share in shares {
      weights.append(parameters.takeWeight(inputs: width, of: inputs, outputs: width, start))
      biases.append(parameters.takeBias(inputs: inputs, outputs: width, start))
      parameters.name(
        share + ".weight", transposed: weights[weights.count - 1], outputs: width, inputs: width)
      parameters.name(share + ".bias", vector: biases[biases.count - 1], width)
    }
    (shareWeights, shareBiases) = (weights, biases)
  }

  var outputs: [ValueShape] { shares.map { _ in ValueShape(space: space, width: width) } }
  var transposed: [StoredMatrix] {
    shareWeights.map { StoredMatrix(offset: $0, rows: width, columns: width) }
  }
  /// The gradient of each share's matrix.
  var workBuffers: Int { shares.count }

  /// C_k W and C_k c + b_k of each share, one after the other.
  private func compose<Scalar: NetworkScalar>(
    _ values: UnsafePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    for share in shares.indices {
      let matrix = out + share * matrixCount
      Scalar.multiply(
        rows: rowCount, columns: width, inner: width, values + weight, aRow: width, aColumn: 1,
        values + shareWeights[share], bias: nil, into: matrix, accumulate: false)
      Scalar.addRows(
        rows: 1, width: width, values + shareBiases[share], stride: width,
        to: matrix + featureCount * width)
    }
  }

  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>) {
    compose(shared.weights, into: shared.table.reserve(shares.count * matrixCount))
  }

  private func project<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ matrices: UnsafePointer<Scalar>
  ) {
    let rows = context.chunk.rows(context.outputs[0])
    for share in shares.indices {
      let matrix = matrices + share * matrixCount
      Scalar.multiply(
        rows: rows, columns: width, inner: featureCount, context.input(0), aRow: featureCount, aColumn: 1,
        matrix, bias: matrix + featureCount * width, into: context.output(share), accumulate: false)
    }
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    project(context, context.shared.table.pointer)
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let rows = context.chunk.rows(context.outputs[0])
    for share in shares.indices {
      let (g, matrix) = (context.outputGradient(share), context.work[share].reserve(matrixCount))
      matrix.update(repeating: 0, count: matrixCount)
      Scalar.multiply(
        rows: featureCount, columns: width, inner: rows, context.input(0), aRow: 1, aColumn: featureCount, g,
        bias: nil, into: matrix, accumulate: true)
      Scalar.addRows(rows: rows, width: width, g, stride: width, to: matrix + featureCount * width)
    }
  }

  func end<Scalar: NetworkScalar>(
    _ shared: SharedWork<Scalar>, _ contexts: [LayerContext<Scalar>], gradient: UnsafeMutablePointer<Scalar>
  ) {
    for share in shares.indices {
      let sum = contexts[0].work[share].pointer
      for context in contexts.dropFirst() {
        Scalar.addRows(
          rows: 1, width: matrixCount, context.work[share].pointer, stride: matrixCount, to: sum)
      }
      Scalar.multiply(
        rows: width, columns: width, inner: rowCount, shared.weights + weight, aRow: 1, aColumn: width, sum,
        bias: nil, into: gradient + shareWeights[share], accumulate: true)
      Scalar.addRows(
        rows: 1, width: width, sum + featureCount * width, stride: width, to: gradient + shareBiases[share])
      Scalar.multiply(
        rows: rowCount, columns: width, inner: width, sum, aRow: width, aColumn: 1,
        shared.transposed[share].pointer, bias: nil, into: gradient + weight, accumulate: true)
    }
  }

  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    var matrices = [Scalar](repeating: 0, count: shares.count * matrixCount)
    matrices.withUnsafeMutableBufferPointer { matrices in
      source.values.withUnsafeBufferPointer { values in
        compose(values.baseAddress.unsafelyUnwrapped, into: matrices.baseAddress.unsafelyUnwrapped)
      }
    }
    return PreparedLayer(arrays: [matrices])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    context.prepared.arrays[0].withUnsafeBufferPointer {
      project(context, $0.baseAddress.unsafelyUnwrapped)
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    func product(_ path: String, _ rows: [[Double]]) -> [[Double]] {
      let (weight, bias) = (context.matrix(path + ".weight"), context.vector(path + ".bias"))
      return rows.map { plainProduct(weight, $0, bias) }
    }
    let embedded = product(name, inputs[0])
    return shares.map { product($0, embedded) }
  }
}

extension NetworkBuilder {
  /// C_k (W g + c) + b_k of each row of features g; tensors `name.weight` (width, features) and `name.bias`, and of each share
  /// `share.weight` (width, width) and `share.bias`.
  ///
  /// - Parameters:
  ///   - name: path of the embedding's tensors.
  ///   - features: a row an edge or a kind of edges; nothing that depends on parameters.
  ///   - width: columns of the embedding and of its shares, a multiple of 16.
  ///   - shares: paths of the tensors of each share.
  ///   - inputs: numbers that the layers see to which the shares belong, by which they are drawn.
  ///   - start: how parameters are drawn.
  /// - Returns: the shares.
  public mutating func edgeEmbedding(
    _ name: String, _ features: NetworkValue, width: Int, shares: [String], of inputs: Int,
    start: WeightStart = .byInputs
  ) -> [NetworkValue] {
    precondition(!needsGradient(features), "features are fixed")
    return add([features]) {
      EdgeEmbedding(name, features, width: width, shares: shares, of: inputs, start, &$0)
    }
  }
}
