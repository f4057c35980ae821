internal import CKernels

extension Float {
  /// See `KernelScalar`.
  public static func silu(_ x: UnsafePointer<Float>, count: Int, into y: UnsafeMutablePointer<Float>) {
    sluice_silu_f32(count, x, y)
  }

  /// See `KernelScalar`.
  public static func siLUSlope(
    _ x: UnsafePointer<Float>, count: Int, gradient g: UnsafeMutablePointer<Float>
  ) {
    sluice_silu_slope_f32(count, x, g)
  }

  /// See `KernelScalar`.
  public static func edgeSum(
    _ edges: EdgeLists<Float>, width: Int, _ x: UnsafePointer<Float>, weights: UnsafePointer<Float>?,
    into s: UnsafeMutablePointer<Float>
  ) {
    sluice_edge_sum_f32(edges.centerCount, width, edges.offsets, weights, x, s)
  }

  /// See `KernelScalar`.
  public static func edgeSumBackward(
    _ edges: EdgeLists<Float>, width: Int, weights: UnsafePointer<Float>?, gradient g: UnsafePointer<Float>,
    adds: Bool, into out: UnsafeMutablePointer<Float>
  ) {
    sluice_edge_sum_backward_f32(
      edges.centerCount, width, edges.offsets, weights, g, adds ? 1 : 0, out)
  }
}
