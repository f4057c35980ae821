internal import TensorKernels

/// A function of single numbers.
public enum ActivationFunction: String, Codable, CaseIterable, Hashable, Sendable {
  /// ln(1 + eˣ).
  case softplus
  /// ln(1 + eˣ) − ln 2, which is 0 at 0.
  case shiftedSoftplus
  /// max(x, 0).
  case relu
  /// x / (1 + e⁻ˣ).
  case silu

  private static let logarithmOfTwo = logarithm1p(1)

  /// Whether f′ follows from x alone, not from y: silu takes most of its values twice.
  var needsInput: Bool { self == .silu }

  /// y = f(x) in place.
  func apply<Scalar: NetworkScalar>(_ x: UnsafeMutablePointer<Scalar>, count: Int) {
    switch self {
    case .softplus: Scalar.softplus(x, count: count, shift: 0)
    case .shiftedSoftplus: Scalar.softplus(x, count: count, shift: Scalar(Self.logarithmOfTwo))
    case .relu:
      for index in 0..<count where x[index] < 0 { x[index] = 0 }
    case .silu: Scalar.silu(x, count: count, into: x)
    }
  }

  /// y = f(x).
  func apply<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, count: Int, into y: UnsafeMutablePointer<Scalar>
  ) {
    if self == .silu { return Scalar.silu(x, count: count, into: y) }
    if x != UnsafePointer(y) { y.update(from: x, count: count) }
    apply(y, count: count)
  }

  /// g ⊙= f′ in place, from the output y, or from the input where `needsInput`.
  func backward<Scalar: NetworkScalar>(
    _ y: UnsafePointer<Scalar>, gradient g: UnsafeMutablePointer<Scalar>, count: Int
  ) {
    switch self {
    case .softplus: Scalar.softplusBackward(output: y, gradient: g, count: count, shift: 0)
    case .shiftedSoftplus:
      Scalar.softplusBackward(output: y, gradient: g, count: count, shift: Scalar(Self.logarithmOfTwo))
    case .relu:
      for index in 0..<count where y[index] <= 0 { g[index] = 0 }
    case .silu: Scalar.siLUSlope(y, count: count, gradient: g)
    }
  }

  /// f(x).
  func plain(_ x: Double) -> Double {
    switch self {
    case .softplus: plainSoftplus(x)
    case .shiftedSoftplus: plainSoftplus(x) - Self.logarithmOfTwo
    case .relu: max(x, 0)
    case .silu: plainSiLU(x)
    }
  }
}

/// A function of every number of a value.
struct Activation: Layer {
  let function: ActivationFunction
  let shape: ValueShape

  var outputs: [ValueShape] { [shape] }
  var backwardStages: Int { shape.needsGradient ? 1 : 0 }
  var worksInPlace: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    function.apply(
      context.input(0), count: context.chunk.count(context.outputs[0]), into: context.output(0))
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let count = context.chunk.count(context.outputs[0])
    let known = function.needsInput ? context.inputs[0] : context.outputs[0]
    function.backward(
      context.chunk.values[known].pointer, gradient: context.outputGradient(0), count: count)
    _ = context.passGradient(output: 0, input: 0)
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [inputs[0].map { $0.map(function.plain) }]
  }
}

extension NetworkBuilder {
  /// f of every number.
  public mutating func activation(_ function: ActivationFunction, _ x: NetworkValue) -> NetworkValue {
    let shape = ValueShape(space: x.space, width: x.width, needsGradient: needsGradient(x))
    return add([x]) { _ in Activation(function: function, shape: shape) }[0]
  }
}
