internal import CKernels

extension Float {
  /// See `KernelScalar`.
  public static func edgeGatedMean(
    _ graph: GatedEdges<Float>, targets: Range<Int>, width: Int, projections p: UnsafePointer<Float>,
    edges g: UnsafePointer<Float>, index: UnsafePointer<Int32>?, gates m: UnsafeMutablePointer<Float>?,
    into v: UnsafeMutablePointer<Float>, denominators: UnsafeMutablePointer<Float>?
  ) {
    sluice_edge_gated_mean_f32(
      targets.lowerBound, targets.upperBound, width, graph.offsets, graph.sources, graph.multiplicities, p,
      index,
      g, m, v, denominators)
  }

  /// See `KernelScalar`.
  public static func edgeGatedMeanBackward(
    _ graph: GatedEdges<Float>, width: Int, projections p: UnsafePointer<Float>,
    gates m: UnsafePointer<Float>,
    _ v: UnsafePointer<Float>, denominators: UnsafePointer<Float>, gradient gv: UnsafePointer<Float>,
    adds: Bool,
    gates gm: UnsafeMutablePointer<Float>, projections gp: UnsafeMutablePointer<Float>
  ) {
    sluice_edge_gated_mean_backward_f32(
      graph.targetCount, width, graph.offsets, graph.sources, graph.multiplicities, p, m, v, denominators, gv,
      adds ? 1 : 0, gm, gp)
  }

  /// See `KernelScalar`.
  public static func residualSiLU(
    rows: Int, width: Int, _ x: UnsafePointer<Float>?, index: UnsafePointer<Int32>?,
    _ v: UnsafePointer<Float>,
    _ affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>),
    into out: UnsafeMutablePointer<Float>
  ) {
    sluice_residual_silu_f32(rows, width, x, index, v, affine.scale, affine.shift, out)
  }

  /// See `KernelScalar`.
  public static func siLUBackward(
    rows: Int, width: Int, _ v: UnsafePointer<Float>, _ normalization: NormalizationPointers<Float>,
    gradient g: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
    sumG: UnsafeMutablePointer<Double>,
    sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_silu_backward_f32(
      rows, width, v, normalization.scale, normalization.shift, normalization.mean,
      normalization.inverseDeviation, g, out, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func scatterRows(
    _ g: UnsafePointer<Float>, rows: Int, width: Int, index: UnsafePointer<Int32>,
    to out: UnsafeMutablePointer<Float>
  ) {
    sluice_scatter_rows_f32(rows, width, index, g, out)
  }
}
