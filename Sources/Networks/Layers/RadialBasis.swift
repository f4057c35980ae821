internal import TensorKernels

/// The length of each edge on Gaussians exp(−(d − kΔ)²/Δ²), of which the eight around the length are kept.
struct RadialBasis: Layer {
  /// Δ (Å).
  let spacing: Double
  let count: Int

  var outputs: [ValueShape] {
    [ValueShape(space: .edges, width: count, needsGradient: false, stored: gaussianTapCount)]
  }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let block = context.block
    Scalar.gaussianTaps(
      block.distances.pointer, count: block.edgeCount, spacing: Scalar(spacing), gaussianCount: count,
      taps: context.output(0), starts: context.chunk.starts[context.outputs[0]].reserve(block.edgeCount))
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [context.edges.map { context.gaussians.values($0.distance / spacing, count: count) }]
  }
}

extension NetworkBuilder {
  /// The length of each edge on Gaussians from 0 to `reach` (Å), `spacing` (Å) apart and as wide.
  public mutating func radialBasis(reach: Double, spacing: Double) -> NetworkValue {
    let count = Int((reach / spacing).rounded()) + 1
    return add([]) { _ in RadialBasis(spacing: spacing, count: count) }[0]
  }
}
