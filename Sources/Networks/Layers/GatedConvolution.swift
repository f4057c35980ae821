internal import TensorKernels

/// The convolution CGConv: with z_ij = v_i ⊕ v_j ⊕ e_ij and e_ij = W u_ij + c the embedded Gaussians of the edge's length,
///
///     v_i' = v_i + Σ_j sigmoid(F z_ij + f) ⊙ softplus(S z_ij + s)
///
/// It is CGCNN's without normalizations and the last softplus. Neither z nor e is formed: what edges bring is one matrix on
/// their Gaussians, made once a step of W and the columns of F and S that act on e. All convolutions of a network share W
/// and c, so each chunk adds its own part of their gradient. Shapes: n sites, w node width, K Gaussians.
///
/// Source: `CGConv` of PyTorch Geometric after T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), with
/// embedded edges as in the code of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024).
struct GatedConvolution: Layer {
  let name: String
  /// Node width w.
  let width: Int
  let gaussianCount: Int
  /// W and c.
  let embedding: LengthEmbedding
  /// (w, 4w): columns 0 ..< 2w, of F and S, act on the center, 2w ..< 4w on the neighbor.
  let nodeWeight: Int
  /// (w, 2w): what F and S make of e.
  let edgeWeight: Int
  /// (2w).
  let bias: Int

  /// Buffer from forward to backward pass: the projections (n, 4w).
  private enum Work {
    static let projections = 0
  }
  private enum Scratch {
    static let sums = 0
    static let projectionGradient = 1
    static let matrixGradient = 2
    static let projections = 3
    static let matrix = 4
  }
  private enum Prepared {
    static let matrix = 0
    static let bias = 1
    /// Projections of all elements, shape (101, 4w), where the nodes are functions of the element.
    static let elements = 2
  }

  /// Rows of what edges bring: those of the Gaussians, and one that does not depend on them.
  private var rowCount: Int { gaussianCount + 1 }
  private var matrixCount: Int { rowCount * 2 * width }
  /// Whether some edges have the mean of their structure (`RadialBasis`).
  private var takesMeans: Bool { embedding.means != nil }

  init(_ name: String, _ embedding: LengthEmbedding, _ parameters: inout ParameterLayout) {
    let w = embedding.width
    self.name = name
    (width, gaussianCount, self.embedding) = (w, embedding.lengths.width, embedding)
    nodeWeight = parameters.take(4 * w * w, inputs: 3 * w)
    edgeWeight = parameters.take(2 * w * w, inputs: 3 * w)
    bias = parameters.take(2 * w, inputs: 3 * w)
    for (part, first) in [("lin_f", 0), ("lin_s", w)] {
      parameters.name(
        "\(name).\(part).weight", outputs: w,
        blocks: [
          .init(columns: 0..<w, offset: nodeWeight + first, rowStride: 1, columnStride: 4 * w),
          .init(columns: w..<2 * w, offset: nodeWeight + 2 * w + first, rowStride: 1, columnStride: 4 * w),
          .init(columns: 2 * w..<3 * w, offset: edgeWeight + first, rowStride: 1, columnStride: 2 * w),
        ])
      parameters.name("\(name).\(part).bias", vector: bias + first, w)
    }
  }

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }
  var transposed: [StoredMatrix] {
    [
      StoredMatrix(offset: nodeWeight, rows: width, columns: 4 * width),
      StoredMatrix(offset: edgeWeight, rows: width, columns: 2 * width),
    ]
  }
  var workBuffers: Int { 1 }
  var worksInPlace: Bool { true }

  /// What edges bring, (K + 1, 2w), the biases in the last row.
  private func compose<Scalar: NetworkScalar>(
    _ values: UnsafePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.multiply(
      rows: rowCount, columns: 2 * width, inner: width, values + embedding.weight, aRow: width, aColumn: 1,
      values + edgeWeight, bias: nil, into: out, accumulate: false)
    Scalar.addRows(
      rows: 1, width: 2 * width, values + bias, stride: 2 * width, to: out + gaussianCount * 2 * width)
  }

  /// Rows of what edges bring, and behind them of what those bring that have the mean of a structure. An edge reads as many rows
  /// as there are taps.
  private func rowCount<Scalar: NetworkScalar>(_ block: GraphBlock<Scalar>) -> Int {
    takesMeans ? rowCount + block.structureCount + gaussianTapCount - 1 : rowCount
  }

  /// What edges bring in a chunk: with the rows of means behind the others, where there are such.
  private func brought<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ matrix: UnsafePointer<Scalar>
  ) -> UnsafePointer<Scalar> {
    guard takesMeans else { return matrix }
    let count = rowCount(context.block) * 2 * width
    let rows = context.chunk.scratch[Scratch.matrix].reserve(count)
    rows.update(from: matrix, count: matrixCount)
    (rows + matrixCount).update(repeating: 0, count: count - matrixCount)
    Scalar.multiply(
      rows: context.block.structureCount, columns: 2 * width, inner: gaussianCount, context.input(2),
      aRow: gaussianCount, aColumn: 1, matrix, bias: nil, into: rows + matrixCount, accumulate: false)
    return UnsafePointer(rows)
  }

  private func edges<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ projections: UnsafePointer<Scalar>, _ matrix: UnsafePointer<Scalar>
  ) -> EdgeBlock<Scalar> {
    let block = context.block
    return EdgeBlock(
      centerCount: block.siteCount, width: width, projections: projections,
      edgeOffsets: block.edgeOffsets.pointer, neighbors: block.neighbors.pointer, taps: context.input(1),
      starts: context.chunk.starts[context.inputs[1]].pointer, edgeWeights: matrix,
      multiplicities: block.multiplicities)
  }

  private func addSums<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ sums: UnsafePointer<Scalar>
  ) {
    let (x, y) = (context.input(0), context.output(0))
    for index in 0..<context.block.siteCount * width { y[index] = x[index] + sums[index] }
  }

  // MARK: Training

  /// What edges bring, and behind it ones and zeros: the normalization that changes nothing.
  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>) {
    let matrix = shared.table.reserve(matrixCount + 4 * width)
    compose(shared.weights, into: matrix)
    (matrix + matrixCount).update(repeating: 1, count: 2 * width)
    (matrix + matrixCount + 2 * width).update(repeating: 0, count: 2 * width)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (n, w, matrix) = (context.block.siteCount, width, context.shared.table.pointer)
    let projections = context.work[Work.projections].reserve(n * 4 * w)
    Scalar.multiply(
      rows: n, columns: 4 * w, inner: w, context.input(0), aRow: w, aColumn: 1, context.weights + nodeWeight,
      bias: nil, into: projections, accumulate: false)
    Scalar.addToRows(
      rows: n, width: 2 * w, matrix + gaussianCount * 2 * w, projections, stride: 4 * w)
    let sums = context.chunk.scratch[Scratch.sums].reserve(n * w)
    Scalar.edgeGate(
      edges(context, projections, brought(context, matrix)), scale: nil, shift: nil, into: sums)
    addSums(context, sums)
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (n, w, matrix) = (context.block.siteCount, width, context.shared.table.pointer)
    let ones = UnsafePointer(matrix + matrixCount)
    let zeros = ones + 2 * w
    let out = context.chunk.scratch[Scratch.projectionGradient].reserve(n * 4 * w)
    let count = rowCount(context.block) * 2 * w
    let brought = context.chunk.scratch[Scratch.matrixGradient].reserve(count)
    brought.update(repeating: 0, count: count)
    Scalar.edgeGateBackward(
      edges(context, context.work[Work.projections].pointer, self.brought(context, matrix)),
      NormalizationPointers(scale: ones, shift: zeros, mean: zeros, inverseDeviation: ones),
      gradient: context.outputGradient(0), NormalizationGradientPointers(k1: ones, k2: zeros, k3: zeros),
      projections: out, edgeWeights: brought)
    Scalar.addRows(rows: n, width: 2 * w, out, stride: 4 * w, to: brought + gaussianCount * 2 * w)
    if takesMeans {
      Scalar.multiply(
        rows: gaussianCount, columns: 2 * w, inner: context.block.structureCount, context.input(2), aRow: 1,
        aColumn: gaussianCount, brought + matrixCount, bias: nil, into: brought, accumulate: true)
    }
    embeddingBackward(context, brought)
    Scalar.multiply(
      rows: w, columns: 4 * w, inner: n, context.input(0), aRow: 1, aColumn: w, out, bias: nil,
      into: context.gradient + nodeWeight, accumulate: true)
    let nodes = context.passGradient(output: 0, input: 0)
    Scalar.multiply(
      rows: n, columns: w, inner: 4 * w, out, aRow: 4 * w, aColumn: 1,
      context.shared.transposed[0].pointer, bias: nil, into: nodes, accumulate: true)
  }

  /// From the gradient of what edges bring, (K + 1, 2w), to those of W, c and the columns that act on e.
  private func embeddingBackward<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ brought: UnsafePointer<Scalar>
  ) {
    let (w, gradient) = (width, context.gradient)
    Scalar.addRows(
      rows: 1, width: 2 * w, brought + gaussianCount * 2 * w, stride: 2 * w, to: gradient + bias)
    Scalar.multiply(
      rows: w, columns: 2 * w, inner: rowCount, context.weights + embedding.weight, aRow: 1, aColumn: w,
      brought, bias: nil, into: gradient + edgeWeight, accumulate: true)
    Scalar.multiply(
      rows: rowCount, columns: w, inner: 2 * w, brought, aRow: 2 * w, aColumn: 1,
      context.shared.transposed[1].pointer, bias: nil, into: gradient + embedding.weight, accumulate: true)
  }

  // MARK: Inference

  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let w = width
    var matrix = [Scalar](repeating: 0, count: matrixCount)
    matrix.withUnsafeMutableBufferPointer { matrix in
      source.values.withUnsafeBufferPointer { values in
        compose(values.baseAddress.unsafelyUnwrapped, into: matrix.baseAddress.unsafelyUnwrapped)
      }
    }
    // The bias belongs to the center's half; the neighbor's half has none.
    let bias = Array(matrix[(gaussianCount * 2 * w)...]) + [Scalar](repeating: 0, count: 2 * w)
    var elements: [Scalar] = []
    if let table = source.inputTables[0] {
      let rows = table.count / w
      elements = [Scalar](repeating: 0, count: rows * 4 * w)
      elements.withUnsafeMutableBufferPointer { out in
        source.values.withUnsafeBufferPointer { values in
          Scalar.multiply(
            rows: rows, columns: 4 * w, inner: w, table, aRow: w, aColumn: 1,
            values.baseAddress.unsafelyUnwrapped + nodeWeight, bias: bias,
            into: out.baseAddress.unsafelyUnwrapped, accumulate: false)
        }
      }
    }
    return PreparedLayer(arrays: [matrix, bias, elements])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (n, w, prepared) = (context.block.siteCount, width, context.prepared.arrays)
    let sums = context.chunk.scratch[Scratch.sums].reserve(n * w)
    let projections = context.chunk.scratch[Scratch.projections].reserve(n * 4 * w)
    if prepared[Prepared.elements].isEmpty {
      Scalar.multiply(
        rows: n, columns: 4 * w, inner: w, context.input(0), aRow: w, aColumn: 1,
        context.weights + nodeWeight, bias: prepared[Prepared.bias], into: projections, accumulate: false)
    } else {
      gatherElements(context.block, prepared[Prepared.elements], width: 4 * w, into: projections)
    }
    prepared[Prepared.matrix].withUnsafeBufferPointer { matrix in
      Scalar.edgeGate(
        edges(context, projections, brought(context, matrix.baseAddress.unsafelyUnwrapped)), scale: nil,
        shift: nil, into: sums)
    }
    addSums(context, sums)
  }

  // MARK: Plain loops

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (weight, bias) = (
      context.matrix(embedding.name + ".weight"), context.vector(embedding.name + ".bias")
    )
    func linear(_ part: String) -> (weight: [[Double]], bias: [Double]) {
      (context.matrix("\(name).\(part).weight"), context.vector("\(name).\(part).bias"))
    }
    let (filter, core) = (linear("lin_f"), linear("lin_s"))
    var nodes = inputs[0]
    for (edge, gaussians) in zip(context.edges, inputs[1]) {
      let z = inputs[0][edge.center] + inputs[0][edge.neighbor] + plainProduct(weight, gaussians, bias)
      let gates = plainProduct(filter.weight, z, filter.bias)
      let messages = plainProduct(core.weight, z, core.bias)
      for channel in 0..<width {
        nodes[edge.center][channel] += plainSigmoid(gates[channel]) * plainSoftplus(messages[channel])
      }
    }
    return [nodes]
  }
}

/// A linear layer on the Gaussians of the edges' lengths that several convolutions share.
public struct LengthEmbedding: Sendable {
  /// Path of its tensors.
  let name: String
  /// The Gaussians.
  let lengths: NetworkValue
  /// The mean Gaussians of each structure, which marked edges have in place of their own; nil where all have their own.
  let means: NetworkValue?
  let width: Int
  /// (K, w), and behind it the bias (w).
  let weight: Int
}

extension NetworkBuilder {
  /// A linear layer on the Gaussians of the edges' lengths; tensors `name.weight` (width, Gaussians) and `name.bias`.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - lengths: what `radialBasis` made of the edges.
  ///   - width: that of the atom vectors, a multiple of 16.
  public mutating func lengthEmbedding(
    _ name: String, _ lengths: NetworkValue, width: Int
  ) -> LengthEmbedding {
    lengthEmbedding(name, lengths, means: nil, width: width)
  }

  /// The same of lengths and means that `hidingRadialBasis` made.
  mutating func lengthEmbedding(
    _ name: String, _ lengths: NetworkValue, means: NetworkValue?, width: Int
  ) -> LengthEmbedding {
    withParameters { parameters in
      let count = lengths.width
      let weight = parameters.take(count * width, inputs: count)
      let bias = parameters.take(width, inputs: count)
      parameters.name(name + ".weight", transposed: weight, outputs: width, inputs: count)
      parameters.name(name + ".bias", vector: bias, width)
      return LengthEmbedding(name: name, lengths: lengths, means: means, width: width, weight: weight)
    }
  }

  /// The convolution CGConv with its path past it; tensors `name.lin_f` and `name.lin_s` as PyTorch Geometric names them.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - nodes: a row a site, as wide as `edges`.
  ///   - edges: the embedded lengths.
  public mutating func gatedConvolution(
    _ name: String, _ nodes: NetworkValue, edges: LengthEmbedding
  ) -> NetworkValue {
    precondition(nodes.width == edges.width, "sites and edges of one width")
    return add([nodes, edges.lengths] + (edges.means.map { [$0] } ?? [])) {
      GatedConvolution(name, edges, &$0)
    }[0]
  }
}
