internal import TensorKernels

/// The length of each edge on Gaussians exp(−(d − kΔ)²/Δ²), of which the eight around the length are kept.
///
/// Where marked edges are hidden, they have the mean over the edges of their structure instead. That is more than eight numbers: such
/// an edge is stored as a 1 in the place K + 1 + s of its structure s, behind the Gaussians and a row for a bias, and the means
/// are a value of their own (`GatedConvolution`).
struct RadialBasis: Layer {
  /// Δ (Å).
  let spacing: Double
  let count: Int
  /// Whether marked edges have the mean.
  var hidesMarked = false

  var outputs: [ValueShape] {
    let lengths = ValueShape(space: .edges, width: count, needsGradient: false, stored: gaussianTapCount)
    return hidesMarked
      ? [lengths, ValueShape(space: .structures, width: count, needsGradient: false)] : [lengths]
  }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let block = context.block
    let (taps, starts) = (
      context.output(0), context.chunk.starts[context.outputs[0]].reserve(block.edgeCount)
    )
    Scalar.gaussianTaps(
      block.distances.pointer, count: block.edgeCount, spacing: Scalar(spacing), gaussianCount: count,
      taps: taps, starts: starts)
    if hidesMarked { hideMarked(block, taps, starts, means: context.output(1)) }
  }

  private func hideMarked<Scalar: NetworkScalar>(
    _ block: GraphBlock<Scalar>, _ taps: UnsafeMutablePointer<Scalar>, _ starts: UnsafeMutablePointer<Int32>,
    means: UnsafeMutablePointer<Scalar>
  ) {
    let (sites, edges, marks) = (block.structureOffsets.pointer, block.edgeOffsets.pointer, block.marks)
    for structure in 0..<block.structureCount {
      let mean = means + structure * count
      mean.update(repeating: 0, count: count)
      let own = Int(edges[Int(sites[structure])])..<Int(edges[Int(sites[structure + 1])])
      for edge in own {
        for tap in 0..<gaussianTapCount {
          mean[Int(starts[edge]) + tap] += taps[edge * gaussianTapCount + tap]
        }
      }
      for gaussian in 0..<count where !own.isEmpty { mean[gaussian] /= Scalar(own.count) }
      for mark in marks.edgeOffsets[structure]..<marks.edgeOffsets[structure + 1] {
        let edge = marks.edges[mark]
        starts[edge] = Int32(count + 1 + structure)
        for tap in 0..<gaussianTapCount { taps[edge * gaussianTapCount + tap] = tap == 0 ? 1 : 0 }
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    var rows = context.edges.map { context.gaussians.values($0.distance / spacing, count: count) }
    guard hidesMarked else { return [rows] }
    let means = context.structures.map { sites in
      let own = context.edges.indices.filter { sites.contains(context.edges[$0].center) }
      return (0..<count).map { gaussian in
        own.reduce(0) { $0 + rows[$1][gaussian] } / Double(max(own.count, 1))
      }
    }
    for (structure, marked) in context.markedEdges.enumerated() {
      for edge in marked { rows[edge] = means[structure] }
    }
    return [rows, means]
  }
}

extension NetworkBuilder {
  /// The length of each edge on Gaussians from 0 to `reach` (Å), `spacing` (Å) apart and as wide.
  public mutating func radialBasis(reach: Double, spacing: Double) -> NetworkValue {
    let count = Int((reach / spacing).rounded()) + 1
    return add([]) { _ in RadialBasis(spacing: spacing, count: count) }[0]
  }

  /// The same, but that marked edges (`GraphMarks`) have the mean over the edges of their structure; and these means, a row a
  /// structure.
  mutating func hidingRadialBasis(
    reach: Double, spacing: Double
  ) -> (lengths: NetworkValue, means: NetworkValue) {
    let count = Int((reach / spacing).rounded()) + 1
    let values = add([]) { _ in RadialBasis(spacing: spacing, count: count, hidesMarked: true) }
    return (values[0], values[1])
  }
}
