internal import LinearAlgebra
internal import TensorKernels

/// The scalars that layers are computed in: `Float` for work, `Double` for checks.
typealias NetworkScalar = DenseScalar

/// One layer of a network: its parameters' places, and its forward and backward pass over a chunk of a batch, its
/// inference over a block, and the same in plain loops.
///
/// In training a pass is cut into stages. Between stages of one layer every chunk of the batch waits for the others: there
/// the sums over the whole batch are formed that batch normalization needs. Everything else about chunks, threads, the
/// order of sums and shared buffers is the executors' work.
protocol Layer: Sendable {
  /// What the layer makes.
  var outputs: [ValueShape] { get }
  /// Batch normalizations within the layer.
  var normalizations: [StagedNormalization] { get }
  /// Stages of the forward pass.
  var forwardStages: Int { get }
  /// Stages of the backward pass; 0 where nothing depends on parameters.
  var backwardStages: Int { get }
  /// Matrices of parameters, (rows, columns), that the backward pass reads transposed.
  var transposed: [StoredMatrix] { get }
  /// Buffers that live from the forward to the backward pass.
  var workBuffers: Int { get }
  /// The first output may lie where the first input lies, in inference.
  var worksInPlace: Bool { get }
  /// Whether the result is the same for all networks of an ensemble: a feature of the graph.
  var isShared: Bool { get }
  /// Whether training takes products from `DenseAlgebra`.
  var isWide: Bool { get }

  /// Computes what all chunks of a batch share, before they start.
  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>)
  /// Adds what the chunks left to be done once a batch, after them, to the gradient of the network's parameters. `contexts` are
  /// the chunks', in their order.
  func end<Scalar: NetworkScalar>(
    _ shared: SharedWork<Scalar>, _ contexts: [LayerContext<Scalar>], gradient: UnsafeMutablePointer<Scalar>)
  /// One stage of the forward pass over a chunk.
  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>)
  /// One stage of the backward pass over a chunk: from the gradients of the outputs to those of inputs and parameters.
  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>)
  /// What inference needs of the parameters, computed once a network.
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar>
  /// The layer over a block, with running statistics.
  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>)
  /// The layer as its equation is written, in plain loops over whole graphs; rows of inputs to rows of outputs.
  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]]

  /// The routines as compiled for single precision.
  func routines(_: Float.Type) -> LayerRoutines<Float>
  /// The routines as compiled for double precision.
  func routines(_: Double.Type) -> LayerRoutines<Double>
}

extension Layer {
  var normalizations: [StagedNormalization] { [] }
  var forwardStages: Int { 1 }
  var backwardStages: Int { 1 }
  var transposed: [StoredMatrix] { [] }
  var workBuffers: Int { 0 }
  var worksInPlace: Bool { false }
  var isShared: Bool { false }
  var isWide: Bool { false }

  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>) {}
  func end<Scalar: NetworkScalar>(
    _ shared: SharedWork<Scalar>, _ contexts: [LayerContext<Scalar>], gradient: UnsafeMutablePointer<Scalar>
  ) {}
  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {}
  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    PreparedLayer(arrays: [])
  }
  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) { forward(0, context) }

  func routines(_: Float.Type) -> LayerRoutines<Float> { LayerRoutines(self) }
  func routines(_: Double.Type) -> LayerRoutines<Double> { LayerRoutines(self) }
}

/// The routines of one layer in one precision. A generic method called through a protocol would run as generic code,
/// many times slower; these are closures over code that is compiled for the precision.
struct LayerRoutines<Scalar: NetworkScalar>: Sendable {
  let begin: @Sendable (SharedWork<Scalar>) -> Void
  let end: @Sendable (SharedWork<Scalar>, [LayerContext<Scalar>], UnsafeMutablePointer<Scalar>) -> Void
  let forward: @Sendable (Int, LayerContext<Scalar>) -> Void
  let backward: @Sendable (Int, LayerContext<Scalar>) -> Void
  let prepare: @Sendable (PreparedSource<Scalar>) -> PreparedLayer<Scalar>
  let infer: @Sendable (LayerContext<Scalar>) -> Void

  init(_ layer: some Layer) {
    begin = { layer.begin($0) }
    end = { layer.end($0, $1, gradient: $2) }
    forward = { layer.forward($0, $1) }
    backward = { layer.backward($0, $1) }
    prepare = { layer.prepare($0) }
    infer = { layer.infer($0) }
  }
}

extension KernelScalar {
  /// The routines of a layer in this precision.
  static func routines(of layer: any Layer) -> LayerRoutines<Self> where Self: BitwiseCopyable {
    // One of the two casts holds: there are two scalars.
    if let routines = layer.routines(Float.self) as? LayerRoutines<Self> { return routines }
    guard let routines = layer.routines(Double.self) as? LayerRoutines<Self> else {
      preconditionFailure("networks are computed in single or double precision")
    }
    return routines
  }
}

/// A matrix among the parameters, stored (rows, columns).
struct StoredMatrix: Sendable {
  let offset: Int
  let rows: Int
  let columns: Int
}

/// A batch normalization of a layer: where its parameters lie, and between which stages its sums over the batch are
/// taken.
struct StagedNormalization: Sendable {
  let slot: NormalizationSlot
  /// Stage of the forward pass that leaves the sums of x and x².
  let measuredBy: Int
  /// Stage of the backward pass that leaves the sums of g = dL/dx̃, and of g · x̂ or g · x.
  let gradientBy: Int
  /// Whether the second sum is of g · x̂, the normalized x, rather than of g · x.
  var sumsNormalized = true
}

/// What all chunks of a batch share of one layer.
final class SharedWork<Scalar: NetworkScalar> {
  /// The parameters of the whole network.
  private(set) var weights: UnsafePointer<Scalar>
  /// One for each of the layer's normalizations.
  let normalizations: [BatchNormalization<Scalar>]
  /// One for each of the layer's transposed matrices.
  let transposed: [Buffer<Scalar>]
  /// Whatever else the layer computes once a batch.
  let table = Buffer<Scalar>()
  private let matrices: [StoredMatrix]

  /// - Parameter frozen: places of the running statistics that stay as they are.
  init(
    _ layer: any Layer, weights: UnsafePointer<Scalar>, normalizationMomentum: Double, frozen: Set<Int>
  ) {
    self.weights = weights
    matrices = layer.transposed
    normalizations = layer.normalizations.map {
      BatchNormalization(
        channels: $0.slot.channels, momentum: normalizationMomentum,
        isFrozen: frozen.contains($0.slot.statistics))
    }
    transposed = matrices.map { Buffer(capacity: $0.rows * $0.columns) }
  }

  /// Takes the parameters of a new batch.
  func begin(_ weights: UnsafePointer<Scalar>) {
    self.weights = weights
    for (matrix, buffer) in zip(matrices, transposed) {
      transpose(weights + matrix.offset, rows: matrix.rows, columns: matrix.columns, into: buffer.pointer)
    }
  }
}

/// The parameters that a layer prepares for inference.
struct PreparedSource<Scalar: NetworkScalar> {
  let values: [Scalar]
  let statistics: [Scalar]
  /// Of each input that is a function of the element alone: its rows for all elements, shape (101, width).
  let inputTables: [[Scalar]?]

  /// γ / √(var + ε) and β − mean · scale of a normalization with its running statistics, in double precision.
  ///
  /// - Parameter byReciprocal: whether γ is multiplied by 1 / √(var + ε) rather than divided by the root. The two differ
  ///   in rounding alone, and each network has kept its own, so that its predictions stay what they were to the last bit.
  func affine(
    _ slot: NormalizationSlot, byReciprocal: Bool = false
  ) -> (scale: [Double], shift: [Double]) {
    var scale: [Double] = []
    var shift: [Double] = []
    for index in 0..<slot.channels {
      let variance = Double(statistics[slot.statistics + slot.channels + index])
      let deviation = (variance + batchNormalizationEpsilon).squareRoot()
      let gamma = Double(values[slot.gamma + index])
      scale.append(byReciprocal ? gamma * (1 / deviation) : gamma / deviation)
      shift.append(
        Double(values[slot.beta + index]) - Double(statistics[slot.statistics + index]) * scale[index])
    }
    return (scale, shift)
  }

  /// A matrix of the parameters, (rows, columns) from `offset` on, in panels as `KernelScalar.multiply` takes them.
  func panels(_ offset: Int, rows: Int, columns: Int) -> [Scalar] {
    [Scalar](unsafeUninitializedCapacity: rows * columns) { panels, count in
      count = rows * columns
      guard let out = panels.baseAddress else { return }
      values.withUnsafeBufferPointer {
        Scalar.pack($0.baseAddress.unsafelyUnwrapped + offset, rows: rows, columns: columns, into: out)
      }
    }
  }
}

/// A layer's parameters prepared for inference; shared by threads.
struct PreparedLayer<Scalar: NetworkScalar>: Sendable {
  /// As the layer likes them.
  let arrays: [[Scalar]]
  /// Rows of the first output for all elements, shape (101, width), where it is a function of the element alone.
  var table: [Scalar]?
}

/// A layer at work on one chunk of a batch, or on one block of inference.
final class LayerContext<Scalar: NetworkScalar> {
  /// The chunk or block.
  let chunk: Chunk<Scalar>
  /// Its values that the layer reads and makes.
  let inputs: [Int]
  let outputs: [Int]
  /// Buffers that live from the forward to the backward pass.
  let work: [Buffer<Scalar>]
  /// Sums over the chunk's rows, one pair for each of the layer's normalizations.
  let sums: [ColumnSums]
  /// What the chunks share; nil in inference.
  let sharedWork: SharedWork<Scalar>?
  /// The parameters of the whole network.
  var weights: UnsafePointer<Scalar>
  /// What the layer prepared; in inference only.
  var prepared = PreparedLayer<Scalar>(arrays: [])

  init(
    _ step: NetworkProgram.Step, of chunk: Chunk<Scalar>, shared: SharedWork<Scalar>?,
    weights: UnsafePointer<Scalar>
  ) {
    self.chunk = chunk
    inputs = step.inputs
    outputs = step.outputs
    work = (0..<step.layer.workBuffers).map { _ in Buffer() }
    sums = step.layer.normalizations.map { ColumnSums(channels: $0.slot.channels) }
    sharedWork = shared
    self.weights = weights
  }

  /// The chunk's graphs.
  var block: GraphBlock<Scalar> { chunk.block }

  /// What the chunks share.
  var shared: SharedWork<Scalar> {
    guard let sharedWork else { preconditionFailure("only batches share") }
    return sharedWork
  }

  /// Rows of input `index`.
  func input(_ index: Int) -> UnsafeMutablePointer<Scalar> { chunk.values[inputs[index]].pointer }

  /// Room for output `index`, a row of `width` each of its space.
  func output(_ index: Int) -> UnsafeMutablePointer<Scalar> { chunk.reserve(outputs[index]) }

  /// dL/d(output `index`), shape as the output.
  func outputGradient(_ index: Int) -> UnsafeMutablePointer<Scalar> {
    chunk.gradients[outputs[index]].pointer
  }

  /// Where dL/d(input `index`) is added to, and whether what lies there is to be overwritten instead; nil where nobody
  /// asks for it. To be called once a pass.
  func inputGradient(_ index: Int) -> (pointer: UnsafeMutablePointer<Scalar>, isFirst: Bool)? {
    chunk.startGradient(inputs[index])
  }

  /// As `inputGradient`, with zeros in place of what is to be overwritten.
  func clearedInputGradient(_ index: Int) -> UnsafeMutablePointer<Scalar>? {
    guard let (pointer, isFirst) = inputGradient(index) else { return nil }
    if isFirst { pointer.update(repeating: 0, count: chunk.count(inputs[index])) }
    return pointer
  }

  /// Adds dL/d(output) to dL/d(input), of the same shape: the path past a residual layer. Where nothing is there yet the
  /// one becomes the other, and the output's is lost. Returns the input's.
  func passGradient(output: Int, input: Int) -> UnsafeMutablePointer<Scalar> {
    let (source, target) = (outputs[output], inputs[input])
    guard chunk.isStarted(target) else {
      chunk.gradients.swapAt(source, target)
      _ = chunk.startGradient(target)
      return chunk.gradients[target].pointer
    }
    let (from, to) = (chunk.gradients[source].pointer, chunk.gradients[target].pointer)
    let count = chunk.count(target)
    Scalar.addRows(rows: 1, width: count, from, stride: count, to: to)
    return to
  }

  /// dL/d(parameters) of the chunk, to be added to.
  var gradient: UnsafeMutablePointer<Scalar> { chunk.gradient.pointer }
}
