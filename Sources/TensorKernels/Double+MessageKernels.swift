// Written by scripts/generate-kernel-forwarding from Float+MessageKernels.swift.
internal import CKernels

extension Double {
  /// See `KernelScalar`.
  public static func silu(_ x: UnsafePointer<Double>, count: Int, into y: UnsafeMutablePointer<Double>) {
    sluice_silu_f64(count, x, y)
  }

  /// See `KernelScalar`.
  public static func siLUSlope(
    _ x: UnsafePointer<Double>, count: Int, gradient g: UnsafeMutablePointer<Double>
  ) {
    sluice_silu_slope_f64(count, x, g)
  }

  /// See `KernelScalar`.
  public static func edgeSum(
    _ edges: EdgeLists<Double>, width: Int, _ x: UnsafePointer<Double>, weights: UnsafePointer<Double>?,
    into s: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_sum_f64(edges.centerCount, width, edges.offsets, weights, x, s)
  }

  /// See `KernelScalar`.
  public static func edgeSumBackward(
    _ edges: EdgeLists<Double>, width: Int, weights: UnsafePointer<Double>?,
    gradient g: UnsafePointer<Double>,
    adds: Bool, into out: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_sum_backward_f64(
      edges.centerCount, width, edges.offsets, weights, g, adds ? 1 : 0, out)
  }
}
