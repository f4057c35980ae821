// Written by scripts/generate-kernel-forwarding from Float+EdgeKernels.swift.
internal import CKernels

extension Double {
  /// See `KernelScalar`.
  public static func edgeAssemble(
    _ edges: EdgeLists<Double>, width: Int, center: UnsafePointer<Double>?, neighbor: UnsafePointer<Double>,
    stride: Int,
    into p: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_assemble_f64(
      edges.centerCount, width, edges.offsets, edges.neighbors, center, stride, neighbor, stride, p)
  }

  /// See `KernelScalar`.
  public static func edgeScatter(
    _ edges: EdgeLists<Double>, width: Int, _ p: UnsafePointer<Double>, center: UnsafeMutablePointer<Double>?,
    neighbor: UnsafeMutablePointer<Double>, stride: Int
  ) {
    sluice_edge_scatter_f64(
      edges.centerCount, width, edges.offsets, edges.neighbors, p, center, stride, neighbor, stride)
  }

  /// See `KernelScalar`.
  public static func pairGate(
    _ edges: EdgeLists<Double>, _ widths: GateWidths, _ p: UnsafePointer<Double>,
    adding rows: PairRows<Double>?,
    scale: UnsafePointer<Double>, shift: UnsafePointer<Double>, nodes s: UnsafeMutablePointer<Double>,
    edges u: UnsafeMutablePointer<Double>
  ) {
    sluice_pair_gate_f64(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.neighbors, rows?.kinds,
      edges.multiplicities.edges, p, rows?.center, rows?.neighbor, rows?.stride ?? 0, scale, shift, s, u)
  }

  /// See `KernelScalar`.
  public static func pairGateBackward(
    _ edges: EdgeLists<Double>, _ widths: GateWidths, _ p: UnsafePointer<Double>,
    scale: UnsafePointer<Double>,
    shift: UnsafePointer<Double>, nodes gs: UnsafePointer<Double>, edges gu: UnsafePointer<Double>,
    into g: UnsafeMutablePointer<Double>
  ) {
    sluice_pair_gate_backward_f64(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.multiplicities.edges, p, scale, shift,
      gs, gu, g)
  }

  /// See `KernelScalar`.
  public static func tripletGate(
    _ edges: EdgeLists<Double>, _ widths: GateWidths, _ p: UnsafePointer<Double>, _ q: UnsafePointer<Double>,
    scale: UnsafePointer<Double>, shift: UnsafePointer<Double>, normalize: Bool,
    nodes s: UnsafeMutablePointer<Double>, edges u: UnsafeMutablePointer<Double>
  ) {
    sluice_triplet_gate_f64(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.multiplicities.edges, p, q, scale,
      shift, normalize ? 1 : 0, s, u)
  }

  /// See `KernelScalar`.
  public static func tripletGateBackward(
    _ edges: EdgeLists<Double>, _ widths: GateWidths, _ p: UnsafePointer<Double>, _ q: UnsafePointer<Double>,
    scale: UnsafePointer<Double>, shift: UnsafePointer<Double>, normalize: Bool,
    nodes gs: UnsafePointer<Double>,
    edges gu: UnsafePointer<Double>, into gp: UnsafeMutablePointer<Double>, _ gq: UnsafeMutablePointer<Double>
  ) {
    sluice_triplet_gate_backward_f64(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.multiplicities.edges, p, q, scale,
      shift, normalize ? 1 : 0, gs,
      gu,
      gp, gq)
  }

  /// See `KernelScalar`.
  public static func tripletStatistics(
    _ edges: EdgeLists<Double>, width: Int, _ p: UnsafePointer<Double>, _ q: UnsafePointer<Double>,
    sum: UnsafeMutablePointer<Double>, square: UnsafeMutablePointer<Double>
  ) {
    sluice_triplet_statistics_f64(
      edges.centerCount, width, edges.offsets, edges.multiplicities.edges,
      edges.multiplicities.centers, p, q, sum, square)
  }

  /// See `KernelScalar`.
  public static func columnProducts(
    rows: Int, width: Int, _ x: UnsafePointer<Double>, gradient g: UnsafePointer<Double>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_column_products_f64(rows, width, x, g, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func tripletNormalizationBackward(
    _ edges: EdgeLists<Double>, width: Int, _ p: UnsafePointer<Double>, _ q: UnsafePointer<Double>,
    _ normalization: NormalizationPointers<Double>, _ coefficients: NormalizationGradientPointers<Double>,
    _ gp: UnsafeMutablePointer<Double>, _ gq: UnsafeMutablePointer<Double>
  ) {
    sluice_triplet_normalization_backward_f64(
      edges.centerCount, width, edges.offsets, edges.multiplicities.edges,
      edges.multiplicities.centers, p, q, normalization.mean, normalization.inverseDeviation,
      coefficients.k1, coefficients.k2, coefficients.k3, gp, gq)
  }
}
