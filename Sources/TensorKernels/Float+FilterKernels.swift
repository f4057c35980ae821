internal import CKernels

extension Float {
  /// See `KernelScalar`.
  public static func filterSum(
    _ edges: EdgeLists<Float>, width: Int, _ x: UnsafePointer<Float>, _ filter: FilterRows<Float>,
    times second: FilterRows<Float>?, into s: UnsafeMutablePointer<Float>
  ) {
    precondition(width % 16 == 0, "the width is a multiple of 16")
    sluice_filter_sum_f32(
      edges.centerCount, width, edges.offsets, edges.neighbors, x, filter.weights, filter.starts,
      filter.table, second?.weights, second?.starts, second?.table, s)
  }

  /// See `KernelScalar`.
  public static func filterSumBackward(
    _ edges: EdgeLists<Float>, width: Int, _ x: UnsafePointer<Float>, _ filter: FilterRows<Float>,
    times second: FilterRows<Float>?, gradient g: UnsafePointer<Float>, nodes: UnsafeMutablePointer<Float>,
    table: UnsafeMutablePointer<Float>, secondTable: UnsafeMutablePointer<Float>?
  ) {
    precondition(width % 16 == 0, "the width is a multiple of 16")
    precondition((second == nil) == (secondTable == nil), "a gradient for each table")
    sluice_filter_sum_backward_f32(
      edges.centerCount, width, edges.offsets, edges.neighbors, x, filter.weights, filter.starts,
      filter.table, second?.weights, second?.starts, second?.table, g, nodes, table, secondTable)
  }
}
