// Written by scripts/generate-kernel-forwarding from Float+FilterKernels.swift.
internal import CKernels

extension Double {
  /// See `KernelScalar`.
  public static func filterSum(
    _ edges: EdgeLists<Double>, width: Int, _ x: UnsafePointer<Double>, _ filter: FilterRows<Double>,
    times second: FilterRows<Double>?, into s: UnsafeMutablePointer<Double>
  ) {
    precondition(width % 16 == 0, "the width is a multiple of 16")
    sluice_filter_sum_f64(
      edges.centerCount, width, edges.offsets, edges.neighbors, x, filter.weights, filter.starts,
      filter.table, second?.weights, second?.starts, second?.table, s)
  }

  /// See `KernelScalar`.
  public static func filterSumBackward(
    _ edges: EdgeLists<Double>, width: Int, _ x: UnsafePointer<Double>, _ filter: FilterRows<Double>,
    times second: FilterRows<Double>?, gradient g: UnsafePointer<Double>, nodes: UnsafeMutablePointer<Double>,
    table: UnsafeMutablePointer<Double>, secondTable: UnsafeMutablePointer<Double>?
  ) {
    precondition(width % 16 == 0, "the width is a multiple of 16")
    precondition((second == nil) == (secondTable == nil), "a gradient for each table")
    sluice_filter_sum_backward_f64(
      edges.centerCount, width, edges.offsets, edges.neighbors, x, filter.weights, filter.starts,
      filter.table, second?.weights, second?.starts, second?.table, g, nodes, table, secondTable)
  }
}
