internal import TensorKernels

/// The sum over the edges of each site, an edge as often as it counts.
struct EdgeSum: Layer {
  let width: Int
  /// Whether what an edge counts by comes in.
  let hasWeights: Bool

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }

  private func weights<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) -> UnsafePointer<Scalar>? {
    hasWeights ? UnsafePointer(context.input(1)) : context.block.multiplicities.edges
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    Scalar.edgeSum(
      context.block.edgeLists, width: width, context.input(0), weights: weights(context),
      into: context.output(0))
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let (out, isFirst) = context.inputGradient(0) else { return }
    Scalar.edgeSumBackward(
      context.block.edgeLists, width: width, weights: weights(context), gradient: context.outputGradient(0),
      adds: !isFirst, into: out)
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    var sums = context.atomicNumbers.map { _ in [Double](repeating: 0, count: width) }
    for (index, edge) in context.edges.enumerated() {
      let weight = hasWeights ? inputs[1][index][0] : 1
      for channel in 0..<width { sums[edge.center][channel] += weight * inputs[0][index][channel] }
    }
    return [sums]
  }
}

extension NetworkBuilder {
  /// The sum of `edges` over those of each site.
  ///
  /// - Parameters:
  ///   - edges: a row an edge that depends on parameters; the width is a multiple of 16.
  ///   - weights: what each edge counts by, as `solidAngleWeights` gives it; 1 where nil.
  public mutating func edgeSum(_ edges: NetworkValue, weights: NetworkValue? = nil) -> NetworkValue {
    precondition(edges.space == .edges && edges.width % 16 == 0, "rows of edges, a multiple of 16 wide")
    return add([edges] + (weights.map { [$0] } ?? [])) { _ in
      EdgeSum(width: edges.width, hasWeights: weights != nil)
    }[0]
  }
}
