internal import CKernels

extension Float {
  /// See `KernelScalar`.
  public static func edgeAssemble(
    _ edges: EdgeLists<Float>, width: Int, center: UnsafePointer<Float>?, neighbor: UnsafePointer<Float>,
    stride: Int,
    into p: UnsafeMutablePointer<Float>
  ) {
    sluice_edge_assemble_f32(
      edges.centerCount, width, edges.offsets, edges.neighbors, center, stride, neighbor, stride, p)
  }

  /// See `KernelScalar`.
  public static func edgeScatter(
    _ edges: EdgeLists<Float>, width: Int, _ p: UnsafePointer<Float>, center: UnsafeMutablePointer<Float>?,
    neighbor: UnsafeMutablePointer<Float>, stride: Int
  ) {
    sluice_edge_scatter_f32(
      edges.centerCount, width, edges.offsets, edges.neighbors, p, center, stride, neighbor, stride)
  }

  /// See `KernelScalar`.
  public static func pairGate(
    _ edges: EdgeLists<Float>, _ widths: GateWidths, _ p: UnsafePointer<Float>, adding rows: PairRows<Float>?,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, nodes s: UnsafeMutablePointer<Float>,
    edges u: UnsafeMutablePointer<Float>
  ) {
    sluice_pair_gate_f32(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.neighbors, rows?.kinds,
      edges.multiplicities.edges, p, rows?.center, rows?.neighbor, rows?.stride ?? 0, scale, shift, s, u)
  }

  /// See `KernelScalar`.
  public static func pairGateBackward(
    _ edges: EdgeLists<Float>, _ widths: GateWidths, _ p: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, nodes gs: UnsafePointer<Float>, edges gu: UnsafePointer<Float>,
    into g: UnsafeMutablePointer<Float>
  ) {
    sluice_pair_gate_backward_f32(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.multiplicities.edges, p, scale, shift,
      gs, gu, g)
  }

  /// See `KernelScalar`.
  public static func tripletGate(
    _ edges: EdgeLists<Float>, _ widths: GateWidths, _ p: UnsafePointer<Float>, _ q: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, normalize: Bool,
    nodes s: UnsafeMutablePointer<Float>, edges u: UnsafeMutablePointer<Float>
  ) {
    sluice_triplet_gate_f32(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.multiplicities.edges, p, q, scale,
      shift, normalize ? 1 : 0, s, u)
  }

  /// See `KernelScalar`.
  public static func tripletGateBackward(
    _ edges: EdgeLists<Float>, _ widths: GateWidths, _ p: UnsafePointer<Float>, _ q: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, normalize: Bool, nodes gs: UnsafePointer<Float>,
    edges gu: UnsafePointer<Float>, into gp: UnsafeMutablePointer<Float>, _ gq: UnsafeMutablePointer<Float>
  ) {
    sluice_triplet_gate_backward_f32(
      edges.centerCount, widths.node, widths.edge, edges.offsets, edges.multiplicities.edges, p, q, scale,
      shift, normalize ? 1 : 0, gs,
      gu,
      gp, gq)
  }

  /// See `KernelScalar`.
  public static func tripletStatistics(
    _ edges: EdgeLists<Float>, width: Int, _ p: UnsafePointer<Float>, _ q: UnsafePointer<Float>,
    sum: UnsafeMutablePointer<Double>, square: UnsafeMutablePointer<Double>
  ) {
    sluice_triplet_statistics_f32(
      edges.centerCount, width, edges.offsets, edges.multiplicities.edges,
      edges.multiplicities.centers, p, q, sum, square)
  }

  /// See `KernelScalar`.
  public static func columnProducts(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, gradient g: UnsafePointer<Float>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_column_products_f32(rows, width, x, g, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func tripletNormalizationBackward(
    _ edges: EdgeLists<Float>, width: Int, _ p: UnsafePointer<Float>, _ q: UnsafePointer<Float>,
    _ normalization: NormalizationPointers<Float>, _ coefficients: NormalizationGradientPointers<Float>,
    _ gp: UnsafeMutablePointer<Float>, _ gq: UnsafeMutablePointer<Float>
  ) {
    sluice_triplet_normalization_backward_f32(
      edges.centerCount, width, edges.offsets, edges.multiplicities.edges,
      edges.multiplicities.centers, p, q, normalization.mean, normalization.inverseDeviation,
      coefficients.k1, coefficients.k2, coefficients.k3, gp, gq)
  }
}
