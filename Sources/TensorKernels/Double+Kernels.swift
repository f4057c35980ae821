// Written by scripts/generate-kernel-forwarding from Float+Kernels.swift.
internal import CKernels

extension Double: KernelScalar {
  /// See `KernelScalar`.
  public static func gaussianTaps(
    _ distances: UnsafePointer<Double>, count: Int, spacing: Double, gaussianCount: Int,
    taps: UnsafeMutablePointer<Double>, starts: UnsafeMutablePointer<Int32>
  ) {
    precondition(gaussianCount >= gaussianTapCount, "at least eight Gaussians are needed")
    sluice_gaussian_taps_f64(distances, count, spacing, Int32(gaussianCount), taps, starts)
  }

  /// See `KernelScalar`.
  public static func multiply(
    rows n: Int, columns m: Int, inner k: Int, _ a: UnsafePointer<Double>, aRow: Int, aColumn: Int,
    _ b: UnsafePointer<Double>, bias: UnsafePointer<Double>?, into c: UnsafeMutablePointer<Double>,
    accumulate: Bool
  ) {
    precondition(m % 16 == 0, "the number of columns is a multiple of 16")
    sluice_gemm_f64(n, m, k, a, aRow, aColumn, b, m, bias, c, m, accumulate ? 1 : 0)
  }

  /// See `KernelScalar`.
  public static func multiply(
    rows n: Int, columns m: Int, inner k: Int, _ a: UnsafePointer<Double>, aRow: Int,
    panels: UnsafePointer<Double>, bias: UnsafePointer<Double>?, into c: UnsafeMutablePointer<Double>
  ) {
    precondition(m % 16 == 0, "the number of columns is a multiple of 16")
    sluice_gemm_panels_f64(n, m, k, a, aRow, panels, bias, c)
  }

  /// See `KernelScalar`.
  public static func pack(
    _ b: UnsafePointer<Double>, rows k: Int, columns m: Int, into panels: UnsafeMutablePointer<Double>
  ) {
    sluice_pack_panels_f64(m, k, b, panels)
  }

  /// See `KernelScalar`.
  public static func edgeStatistics(
    _ block: EdgeBlock<Double>, sum: UnsafeMutablePointer<Double>, square: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_statistics_f64(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, block.multiplicities.rows, sum, square)
  }

  /// See `KernelScalar`.
  public static func edgeGate(
    _ block: EdgeBlock<Double>, scale: UnsafePointer<Double>?, shift: UnsafePointer<Double>?,
    into s: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_gate_f64(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, scale, shift, block.multiplicities.edges, s)
  }

  /// See `KernelScalar`.
  public static func edgeGateBackwardStatistics(
    _ block: EdgeBlock<Double>, _ normalization: NormalizationPointers<Double>,
    gradient: UnsafePointer<Double>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_gate_backward_statistics_f64(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, normalization.scale, normalization.shift, normalization.mean,
      normalization.inverseDeviation, gradient, block.multiplicities.edges, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func edgeGateBackward(
    _ block: EdgeBlock<Double>, _ normalization: NormalizationPointers<Double>,
    gradient: UnsafePointer<Double>,
    _ coefficients: NormalizationGradientPointers<Double>, projections: UnsafeMutablePointer<Double>,
    edgeWeights: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_gate_backward_f64(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, normalization.scale, normalization.shift, normalization.mean,
      normalization.inverseDeviation, gradient, block.multiplicities.edges, block.multiplicities.rows,
      coefficients.k1, coefficients.k2, coefficients.k3,
      projections,
      edgeWeights)
  }

  /// See `KernelScalar`.
  public static func columnStatistics(
    _ x: UnsafePointer<Double>, rows: Int, width: Int, weights: UnsafePointer<Double>?,
    sum: UnsafeMutablePointer<Double>,
    square: UnsafeMutablePointer<Double>
  ) {
    sluice_column_statistics_f64(rows, width, x, weights, sum, square)
  }

  /// See `KernelScalar`.
  public static func residualSoftplus(
    rows: Int, width: Int, _ v: UnsafePointer<Double>, _ s: UnsafePointer<Double>,
    scale: UnsafePointer<Double>,
    shift: UnsafePointer<Double>, into out: UnsafeMutablePointer<Double>
  ) {
    sluice_residual_softplus_f64(rows, width, v, s, scale, shift, out)
  }

  /// See `KernelScalar`.
  public static func residualSoftplusBackward(
    rows: Int, width: Int, output y: UnsafePointer<Double>, _ s: UnsafePointer<Double>,
    _ normalization: NormalizationPointers<Double>, gradient g: UnsafeMutablePointer<Double>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_residual_softplus_backward_f64(
      rows, width, y, s, normalization.mean, normalization.inverseDeviation, g, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func normalizationBackward(
    rows: Int, width: Int, gradient g: UnsafePointer<Double>, _ s: UnsafePointer<Double>,
    _ normalization: NormalizationPointers<Double>, _ coefficients: NormalizationGradientPointers<Double>,
    weights: UnsafePointer<Double>?, into out: UnsafeMutablePointer<Double>
  ) {
    sluice_normalization_backward_f64(
      rows, width, g, s, normalization.mean, normalization.inverseDeviation, weights, coefficients.k1,
      coefficients.k2,
      coefficients.k3, out)
  }

  /// See `KernelScalar`.
  public static func softplus(_ x: UnsafeMutablePointer<Double>, count: Int, shift: Double) {
    sluice_softplus_f64(count, shift, x)
  }

  /// See `KernelScalar`.
  public static func softplusBackward(
    output y: UnsafePointer<Double>, gradient g: UnsafeMutablePointer<Double>, count: Int, shift: Double
  ) {
    sluice_softplus_backward_f64(count, shift, y, g)
  }

  /// See `KernelScalar`.
  public static func addRows(
    rows: Int, width: Int, _ x: UnsafePointer<Double>, stride: Int, to out: UnsafeMutablePointer<Double>
  ) {
    sluice_add_rows_f64(rows, width, x, stride, out)
  }

  /// See `KernelScalar`.
  public static func addToRows(
    rows: Int, width: Int, _ vector: UnsafePointer<Double>, _ x: UnsafeMutablePointer<Double>, stride: Int
  ) {
    sluice_add_to_rows_f64(rows, width, vector, x, stride)
  }

  /// See `KernelScalar`.
  public static func adamStep(
    _ step: AdamStep<Double>, count: Int, gradient: UnsafePointer<Double>,
    values: UnsafeMutablePointer<Double>,
    first: UnsafeMutablePointer<Double>, second: UnsafeMutablePointer<Double>
  ) {
    var numbers = sluice_adam_f64(
      coupled_decay: step.coupledDecay, decoupled_factor: step.decoupledFactor, beta1: step.beta1,
      beta2: step.beta2, step_size: step.stepSize, denominator_scale: step.denominatorScale,
      epsilon: step.epsilon)
    sluice_adam_step_f64(count, &numbers, gradient, values, first, second)
  }
}
