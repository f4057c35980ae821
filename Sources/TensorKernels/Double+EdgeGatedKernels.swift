// Written by scripts/generate-kernel-forwarding from Float+EdgeGatedKernels.swift.
internal import CKernels

extension Double {
  /// See `KernelScalar`.
  public static func edgeGatedMean(
    _ graph: GatedEdges<Double>, targets: Range<Int>, width: Int, projections p: UnsafePointer<Double>,
    edges g: UnsafePointer<Double>, index: UnsafePointer<Int32>?, gates m: UnsafeMutablePointer<Double>?,
    into v: UnsafeMutablePointer<Double>, denominators: UnsafeMutablePointer<Double>?
  ) {
    sluice_edge_gated_mean_f64(
      targets.lowerBound, targets.upperBound, width, graph.offsets, graph.sources, graph.multiplicities, p,
      index,
      g, m, v, denominators)
  }

  /// See `KernelScalar`.
  public static func edgeGatedMeanBackward(
    _ graph: GatedEdges<Double>, width: Int, projections p: UnsafePointer<Double>,
    gates m: UnsafePointer<Double>,
    _ v: UnsafePointer<Double>, denominators: UnsafePointer<Double>, gradient gv: UnsafePointer<Double>,
    adds: Bool,
    gates gm: UnsafeMutablePointer<Double>, projections gp: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_gated_mean_backward_f64(
      graph.targetCount, width, graph.offsets, graph.sources, graph.multiplicities, p, m, v, denominators, gv,
      adds ? 1 : 0, gm, gp)
  }

  /// See `KernelScalar`.
  public static func residualSiLU(
    rows: Int, width: Int, _ x: UnsafePointer<Double>?, index: UnsafePointer<Int32>?,
    _ v: UnsafePointer<Double>,
    _ affine: (scale: UnsafePointer<Double>, shift: UnsafePointer<Double>),
    into out: UnsafeMutablePointer<Double>
  ) {
    sluice_residual_silu_f64(rows, width, x, index, v, affine.scale, affine.shift, out)
  }

  /// See `KernelScalar`.
  public static func siLUBackward(
    rows: Int, width: Int, _ v: UnsafePointer<Double>, _ normalization: NormalizationPointers<Double>,
    gradient g: UnsafePointer<Double>, into out: UnsafeMutablePointer<Double>,
    sumG: UnsafeMutablePointer<Double>,
    sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_silu_backward_f64(
      rows, width, v, normalization.scale, normalization.shift, normalization.mean,
      normalization.inverseDeviation, g, out, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func scatterRows(
    _ g: UnsafePointer<Double>, rows: Int, width: Int, index: UnsafePointer<Int32>,
    to out: UnsafeMutablePointer<Double>
  ) {
    sluice_scatter_rows_f64(rows, width, index, g, out)
  }
}
