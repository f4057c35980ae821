internal import TensorKernels

/// y = silu(BN(W x + b)) on every row, the building block of ALIGNN's embeddings.
struct NormalizedLinear: Layer {
  let name: String
  let space: RowSpace
  let inputCount: Int
  let outputCount: Int
  /// Whether dL/dx is asked for.
  let goesOn: Bool
  let weight: Int
  let bias: Int
  let normalization: NormalizationSlot

  init(
    _ name: String, _ x: NetworkValue, goesOn: Bool, outputs: Int, _ parameters: inout ParameterLayout
  ) {
    precondition(outputs % 16 == 0 && (!goesOn || x.width % 16 == 0), "an inner width is a multiple of 16")
    self.name = name
    space = x.space
    inputCount = x.width
    outputCount = outputs
    self.goesOn = goesOn
    weight = parameters.take(inputCount * outputs, inputs: inputCount)
    bias = parameters.take(outputs, inputs: inputCount)
    normalization = parameters.takeNormalization(outputs, over: x.space.normalizedRows)
    parameters.name(name + ".layer.0.weight", transposed: weight, outputs: outputs, inputs: inputCount)
    parameters.name(name + ".layer.0.bias", vector: bias, outputs)
    parameters.name(name + ".layer.1", normalization)
  }

  var outputs: [ValueShape] { [ValueShape(space: space, width: outputCount)] }
  var normalizations: [StagedNormalization] {
    [StagedNormalization(slot: normalization, measuredBy: 0, gradientBy: 0)]
  }
  var forwardStages: Int { 2 }
  var backwardStages: Int { 2 }
  var workBuffers: Int { 1 }
  var transposed: [StoredMatrix] {
    goesOn ? [StoredMatrix(offset: weight, rows: inputCount, columns: outputCount)] : []
  }

  private func rows<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> Int {
    context.chunk.rows(context.outputs[0])
  }

  private func project<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.multiply(
      rows: rows(context), columns: outputCount, inner: inputCount, context.input(0), aRow: inputCount,
      aColumn: 1, context.weights + weight, bias: context.weights + bias, into: out, accumulate: false)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let count = rows(context)
    if stage == 0 {
      let (v, sums) = (context.work[0].reserve(count * outputCount), context.sums[0])
      project(context, into: v)
      sums.clear()
      Scalar.columnStatistics(
        v, rows: count, width: outputCount, weights: context.block.rowWeights(space), sum: sums.first,
        square: sums.second)
    } else {
      let affine = context.shared.normalizations[0].affine
      Scalar.residualSiLU(
        rows: count, width: outputCount, nil, index: nil, context.work[0].pointer,
        (affine.scale, affine.shift), into: context.output(0))
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (count, v, g) = (rows(context), context.work[0].pointer, context.outputGradient(0))
    let normalization = context.shared.normalizations[0]
    if stage == 0 {
      let sums = context.sums[0]
      sums.clear()
      Scalar.siLUBackward(
        rows: count, width: outputCount, v, normalization.pointers, gradient: g, into: g, sumG: sums.first,
        sumGX: sums.second)
      return
    }
    Scalar.normalizationBackward(
      rows: count, width: outputCount, gradient: g, v, normalization.pointers, normalization.gradientPointers,
      weights: context.block.rowWeights(space), into: v)
    Scalar.multiply(
      rows: inputCount, columns: outputCount, inner: count, context.input(0), aRow: 1, aColumn: inputCount, v,
      bias: nil, into: context.gradient + weight, accumulate: true)
    Scalar.addRows(rows: count, width: outputCount, v, stride: outputCount, to: context.gradient + bias)
    guard let (out, isFirst) = context.inputGradient(0) else { return }
    Scalar.multiply(
      rows: count, columns: inputCount, inner: outputCount, v, aRow: outputCount, aColumn: 1,
      context.shared.transposed[0].pointer, bias: nil, into: out, accumulate: !isFirst)
  }

  /// Scale and shift of the normalization.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let (scale, shift) = source.affine(normalization)
    return PreparedLayer(arrays: [scale.map { Scalar($0) }, shift.map { Scalar($0) }])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let out = context.output(0)
    project(context, into: out)
    context.withPreparedAffine(0) { affine in
      Scalar.residualSiLU(
        rows: rows(context), width: outputCount, nil, index: nil, out, (affine.scale, affine.shift), into: out
      )
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (weight, bias) = (context.matrix(name + ".layer.0.weight"), context.vector(name + ".layer.0.bias"))
    var rows = inputs[0].map { plainProduct(weight, $0, bias) }
    context.normalize(&rows, name + ".layer.1")
    return [rows.map { $0.map(plainSiLU) }]
  }
}

func plainSiLU(_ x: Double) -> Double { x * plainSigmoid(x) }

extension RowSpace {
  /// What a normalization of a value's rows goes over.
  var normalizedRows: NormalizedRows {
    switch self {
    case .sites: .sites
    case .edges: .edges
    // An angle's row counts as often as pairs have it.
    case .edgePairs, .angles: .edgePairs
    case .structures, .edgeKinds, .markedSites, .markedEdges:
      preconditionFailure("rows of structures, of kinds of edges and of marks are not normalized")
    }
  }
}

extension GraphBlock {
  /// How many rows of whole graphs each row of a value stands for; nil where each stands for itself.
  func rowWeights(_ space: RowSpace) -> UnsafePointer<Scalar>? {
    switch space {
    case .structures, .markedSites, .markedEdges: nil
    case .edgeKinds: preconditionFailure("kinds of edges are counted by nobody")
    case .sites: multiplicities.centers
    case .edges: multiplicities.rows
    case .edgePairs: pairs.rows
    case .angles: UnsafePointer(pairs.angleMultiplicities.pointer)
    }
  }
}

extension LayerContext {
  /// Scale and shift of normalization `index` of a layer whose prepared arrays are those of each, one after the other.
  func withPreparedAffine(_ index: Int, _ body: (AffinePointers<Scalar>) -> Void) {
    prepared.arrays[2 * index].withUnsafeBufferPointer { scale in
      prepared.arrays[2 * index + 1].withUnsafeBufferPointer { shift in
        body(
          AffinePointers(
            scale: scale.baseAddress.unsafelyUnwrapped, shift: shift.baseAddress.unsafelyUnwrapped))
      }
    }
  }
}

extension NetworkBuilder {
  /// silu(BN(W x + b)) on every row of x.
  ///
  /// - Parameters:
  ///   - name: path of the tensors `name.layer.0` (W and b) and `name.layer.1` (the normalization).
  ///   - x: rows of any number of columns; of a multiple of 16 where it depends on parameters itself.
  ///   - outputs: columns of the result, a multiple of 16.
  public mutating func normalizedLinear(_ name: String, _ x: NetworkValue, to outputs: Int) -> NetworkValue {
    let goesOn = needsGradient(x)
    return add([x]) { NormalizedLinear(name, x, goesOn: goesOn, outputs: outputs, &$0) }[0]
  }
}
