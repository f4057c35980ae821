internal import TensorKernels

/// f(BN(x)): a batch normalization of the rows of a value, and a function of every number.
struct Normalization: Layer {
  let name: String
  let space: RowSpace
  let width: Int
  /// nil for the identity.
  let activation: ActivationFunction?
  let slot: NormalizationSlot

  init(
    _ name: String, _ x: NetworkValue, _ activation: ActivationFunction?, _ parameters: inout ParameterLayout
  ) {
    precondition(x.width % 16 == 0, "a width is a multiple of 16")
    precondition(activation?.needsInput != true, "a slope follows from the output")
    self.name = name
    (space, width, self.activation) = (x.space, x.width, activation)
    slot = parameters.takeNormalization(x.width, over: x.space.normalizedRows)
    parameters.name(name, slot)
  }

  var outputs: [ValueShape] { [ValueShape(space: space, width: width)] }
  var normalizations: [StagedNormalization] {
    [StagedNormalization(slot: slot, measuredBy: 0, gradientBy: 0, sumsNormalized: false)]
  }
  var forwardStages: Int { 2 }
  var backwardStages: Int { 2 }
  var worksInPlace: Bool { true }

  private func apply<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ affine: AffinePointers<Scalar>
  ) {
    let (x, y, rows) = (context.input(0), context.output(0), context.chunk.rows(context.outputs[0]))
    for row in 0..<rows {
      for channel in 0..<width {
        let place = row * width + channel
        y[place] = x[place] * affine.scale[channel] + affine.shift[channel]
      }
    }
    activation?.apply(y, count: rows * width)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard stage == 0 else { return apply(context, context.shared.normalizations[0].affine) }
    let sums = context.sums[0]
    sums.clear()
    Scalar.columnStatistics(
      context.input(0), rows: context.chunk.rows(context.inputs[0]), width: width,
      weights: context.block.rowWeights(space), sum: sums.first, square: sums.second)
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (x, g, rows) = (context.input(0), context.outputGradient(0), context.chunk.rows(context.outputs[0]))
    let normalization = context.shared.normalizations[0]
    guard stage == 0 else {
      Scalar.normalizationBackward(
        rows: rows, width: width, gradient: g, x, normalization.pointers, normalization.gradientPointers,
        weights: context.block.rowWeights(space), into: g)
      _ = context.passGradient(output: 0, input: 0)
      return
    }
    activation?.backward(
      context.chunk.values[context.outputs[0]].pointer, gradient: g, count: rows * width)
    let sums = context.sums[0]
    sums.clear()
    Scalar.columnProducts(
      rows: rows, width: width, x, gradient: g, sumG: sums.first, sumGX: sums.second)
  }

  /// Scale and shift.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let (scale, shift) = source.affine(slot)
    return PreparedLayer(arrays: [scale.map { Scalar($0) }, shift.map { Scalar($0) }])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    context.withPreparedAffine(0) { apply(context, $0) }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    var rows = inputs[0]
    context.normalize(&rows, name)
    return [rows.map { $0.map { activation?.plain($0) ?? $0 } }]
  }
}

extension NetworkBuilder {
  /// f(BN(x)); tensors `name.weight`, `name.bias` and the running statistics.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - x: rows of sites, edges or pairs that depend on parameters; the width is a multiple of 16.
  ///   - activation: f, none that needs its input for its slope; the identity where nil.
  public mutating func normalization(
    _ name: String, _ x: NetworkValue, activation: ActivationFunction? = nil
  ) -> NetworkValue {
    add([x]) { Normalization(name, x, activation, &$0) }[0]
  }
}
