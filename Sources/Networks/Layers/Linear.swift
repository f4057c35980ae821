internal import LinearAlgebra
internal import TensorKernels

/// y = f(W x + b) on every row.
///
/// Where inputs and outputs are both many, training takes its products from `DenseAlgebra`: a chunk is the same whatever
/// the threads, so the same product is asked for. Inference stays with our kernels, since a row's bits must depend neither
/// on its place in a block nor on the rows beside it, and in OpenBLAS they do: its single-precision kernels for AVX2 give
/// a row other last bits in another place, in whole tiles too.
///
/// W is stored (in, out) where the number of outputs is a multiple of 16, as the kernels ask, and otherwise (out, in) for
/// plain loops: the last layer of a network has one or two outputs.
struct Linear: Layer {
  let name: String
  private(set) var space: RowSpace
  let inputCount: Int
  let outputCount: Int
  let activation: ActivationFunction?
  /// Whether dL/dx is asked for.
  let goesOn: Bool
  let weight: Int
  let bias: Int?

  private static let columnMultiple = 16
  private var isNarrow: Bool { outputCount % Self.columnMultiple != 0 }
  /// Inputs and outputs from which the products of OpenBLAS take less time than ours, as `SluiceBenchmarks --products`
  /// measures them: on AVX2 gradients of weights a tenth to a fifth less.
  private static let leastWideCount = 512
  var isWide: Bool { !isNarrow && min(inputCount, outputCount) >= Self.leastWideCount }

  init(
    _ name: String, _ x: NetworkValue, goesOn: Bool, outputs: Int, hasBias: Bool,
    _ activation: ActivationFunction?, _ start: WeightStart, _ parameters: inout ParameterLayout
  ) {
    self.name = name
    space = x.space
    inputCount = x.width
    outputCount = outputs
    self.activation = activation
    self.goesOn = goesOn
    weight = parameters.takeWeight(inputs: inputCount, outputs: outputs, start)
    bias = hasBias ? parameters.takeBias(inputs: inputCount, outputs: outputs, start) : nil
    precondition(
      !goesOn || isNarrow || inputCount % Self.columnMultiple == 0, "an inner width is a multiple of 16")
    if isNarrow {
      parameters.name(
        name + ".weight", outputs: outputs,
        blocks: [.init(columns: 0..<inputCount, offset: weight, rowStride: inputCount, columnStride: 1)])
    } else {
      parameters.name(name + ".weight", transposed: weight, outputs: outputs, inputs: inputCount)
    }
    if let bias { parameters.name(name + ".bias", vector: bias, outputs) }
  }

  /// The same layer, parameters and all, over other rows.
  func over(_ space: RowSpace) -> Linear {
    var layer = self
    layer.space = space
    return layer
  }

  var outputs: [ValueShape] { [ValueShape(space: space, width: outputCount)] }
  var transposed: [StoredMatrix] {
    isNarrow || isWide || !goesOn
      ? [] : [StoredMatrix(offset: weight, rows: inputCount, columns: outputCount)]
  }

  /// What f is applied to is kept where its slope does not follow from y.
  private var keepsInput: Bool { activation?.needsInput == true }
  var workBuffers: Int { keepsInput ? 1 : 0 }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (x, y, rows) = (context.input(0), context.output(0), context.chunk.rows(context.outputs[0]))
    let v = keepsInput ? context.work[0].reserve(rows * outputCount) : y
    if isWide {
      wideProject(context, x, rows, into: v)
    } else {
      project(context, x, rows, into: v)
    }
    activation?.apply(v, count: rows * outputCount, into: y)
  }

  private func wideProject<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ x: UnsafePointer<Scalar>, _ rows: Int,
    into y: UnsafeMutablePointer<Scalar>
  ) {
    if let bias {
      for row in 0..<rows { (y + row * outputCount).update(from: context.weights + bias, count: outputCount) }
    }
    DenseAlgebra.shared.multiply(
      ProductShape(rows: rows, columns: outputCount, inner: inputCount, accumulates: bias != nil), x,
      context.weights + weight, into: y)
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    if let table = context.prepared.table {
      table.withUnsafeBufferPointer { table in
        gatherElements(
          context.block, table.baseAddress.unsafelyUnwrapped, width: outputCount, into: context.output(0))
      }
      return
    }
    let (y, rows) = (context.output(0), context.chunk.rows(context.outputs[0]))
    project(context, context.input(0), rows, into: y)
    activation?.apply(y, count: rows * outputCount)
  }

  /// W x + b by our kernels.
  private func project<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ x: UnsafePointer<Scalar>, _ rows: Int,
    into y: UnsafeMutablePointer<Scalar>
  ) {
    let values = context.weights
    if isNarrow {
      for row in 0..<rows {
        for output in 0..<outputCount {
          let (own, weight) = (x + row * inputCount, values + weight + output * inputCount)
          var sum = bias.map { values[$0 + output] } ?? 0
          for channel in 0..<inputCount { sum += weight[channel] * own[channel] }
          y[row * outputCount + output] = sum
        }
      }
    } else {
      Scalar.multiply(
        rows: rows, columns: outputCount, inner: inputCount, x, aRow: inputCount, aColumn: 1, values + weight,
        bias: bias.map { values + $0 }, into: y, accumulate: false)
    }
  }

  /// Where x is a function of the element alone, so is y.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    guard let table = source.inputTables[0], !isNarrow else { return PreparedLayer(arrays: []) }
    let rows = table.count / inputCount
    var result = [Scalar](repeating: 0, count: rows * outputCount)
    result.withUnsafeMutableBufferPointer { result in
      source.values.withUnsafeBufferPointer { values in
        let (y, values) = (result.baseAddress.unsafelyUnwrapped, values.baseAddress.unsafelyUnwrapped)
        Scalar.multiply(
          rows: rows, columns: outputCount, inner: inputCount, table, aRow: inputCount, aColumn: 1,
          values + weight, bias: bias.map { values + $0 }, into: y, accumulate: false)
        activation?.apply(y, count: rows * outputCount)
      }
    }
    return PreparedLayer(arrays: [], table: result)
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (x, g, rows) = (context.input(0), context.outputGradient(0), context.chunk.rows(context.outputs[0]))
    let known = keepsInput ? context.work[0] : context.chunk.values[context.outputs[0]]
    activation?.backward(known.pointer, gradient: g, count: rows * outputCount)
    if isNarrow {
      narrowBackward(context, x, g, rows)
      return
    }
    if let bias {
      Scalar.addRows(
        rows: rows, width: outputCount, g, stride: outputCount, to: context.gradient + bias)
    }
    if isWide {
      wideBackward(context, x, g, rows)
      return
    }
    Scalar.multiply(
      rows: inputCount, columns: outputCount, inner: rows, x, aRow: 1, aColumn: inputCount, g, bias: nil,
      into: context.gradient + weight, accumulate: true)
    guard let (out, isFirst) = context.inputGradient(0) else { return }
    Scalar.multiply(
      rows: rows, columns: inputCount, inner: outputCount, g, aRow: outputCount, aColumn: 1,
      context.shared.transposed[0].pointer, bias: nil, into: out, accumulate: !isFirst)
  }

  private func wideBackward<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ x: UnsafePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ rows: Int
  ) {
    DenseAlgebra.shared.multiply(
      ProductShape(.leftTransposed, rows: inputCount, columns: outputCount, inner: rows, accumulates: true),
      x,
      g, into: context.gradient + weight)
    guard let (out, isFirst) = context.inputGradient(0) else { return }
    DenseAlgebra.shared.multiply(
      ProductShape(
        .rightTransposed, rows: rows, columns: inputCount, inner: outputCount, accumulates: !isFirst), g,
      context.weights + weight, into: out)
  }

  private func narrowBackward<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ x: UnsafePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ rows: Int
  ) {
    let out = context.clearedInputGradient(0)
    for row in 0..<rows {
      for output in 0..<outputCount {
        let slope = g[row * outputCount + output]
        if let bias { context.gradient[bias + output] += slope }
        let (weight, gradient) = (
          context.weights + self.weight + output * inputCount,
          context.gradient + self.weight + output * inputCount
        )
        for channel in 0..<inputCount { gradient[channel] += slope * x[row * inputCount + channel] }
        if let out {
          for channel in 0..<inputCount { out[row * inputCount + channel] += slope * weight[channel] }
        }
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let weight = context.matrix(name + ".weight")
    let bias = bias == nil ? [Double](repeating: 0, count: outputCount) : context.vector(name + ".bias")
    return [
      inputs[0].map { row in
        plainProduct(weight, row, bias).map { activation?.plain($0) ?? $0 }
      }
    ]
  }
}

extension NetworkBuilder {
  /// f(W x + b) on every row of x.
  ///
  /// - Parameters:
  ///   - name: path of the tensors `name.weight` (out, in) and `name.bias`.
  ///   - x: rows of any number of columns; of a multiple of 16 where it depends on parameters itself.
  ///   - outputs: columns of the result; quick where they are a multiple of 16.
  ///   - hasBias: whether there is a b.
  ///   - activation: f; the identity where nil.
  ///   - start: how W and b are drawn.
  public mutating func linear(
    _ name: String, _ x: NetworkValue, to outputs: Int, hasBias: Bool = true,
    activation: ActivationFunction? = nil, start: WeightStart = .byInputs
  ) -> NetworkValue {
    let goesOn = needsGradient(x)
    return add([x]) {
      Linear(name, x, goesOn: goesOn, outputs: outputs, hasBias: hasBias, activation, start, &$0)
    }[0]
  }
}
