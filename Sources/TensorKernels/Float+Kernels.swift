internal import CKernels

extension Float: KernelScalar {
  /// See `KernelScalar`.
  public static func gaussianTaps(
    _ distances: UnsafePointer<Float>, count: Int, spacing: Float, gaussianCount: Int,
    taps: UnsafeMutablePointer<Float>, starts: UnsafeMutablePointer<Int32>
  ) {
    precondition(gaussianCount >= gaussianTapCount, "at least eight Gaussians are needed")
    sluice_gaussian_taps_f32(distances, count, spacing, Int32(gaussianCount), taps, starts)
  }

  /// See `KernelScalar`.
  public static func multiply(
    rows n: Int, columns m: Int, inner k: Int, _ a: UnsafePointer<Float>, aRow: Int, aColumn: Int,
    _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>?, into c: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    precondition(m % 16 == 0, "the number of columns is a multiple of 16")
    sluice_gemm_f32(n, m, k, a, aRow, aColumn, b, m, bias, c, m, accumulate ? 1 : 0)
  }

  /// See `KernelScalar`.
  public static func multiply(
    rows n: Int, columns m: Int, inner k: Int, _ a: UnsafePointer<Float>, aRow: Int,
    panels: UnsafePointer<Float>, bias: UnsafePointer<Float>?, into c: UnsafeMutablePointer<Float>
  ) {
    precondition(m % 16 == 0, "the number of columns is a multiple of 16")
    sluice_gemm_panels_f32(n, m, k, a, aRow, panels, bias, c)
  }

  /// See `KernelScalar`.
  public static func pack(
    _ b: UnsafePointer<Float>, rows k: Int, columns m: Int, into panels: UnsafeMutablePointer<Float>
  ) {
    sluice_pack_panels_f32(m, k, b, panels)
  }

  /// See `KernelScalar`.
  public static func edgeStatistics(
    _ block: EdgeBlock<Float>, sum: UnsafeMutablePointer<Double>, square: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_statistics_f32(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, block.multiplicities.rows, sum, square)
  }

  /// See `KernelScalar`.
  public static func edgeGate(
    _ block: EdgeBlock<Float>, scale: UnsafePointer<Float>?, shift: UnsafePointer<Float>?,
    into s: UnsafeMutablePointer<Float>
  ) {
    sluice_edge_gate_f32(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, scale, shift, block.multiplicities.edges, s)
  }

  /// See `KernelScalar`.
  public static func edgeGateBackwardStatistics(
    _ block: EdgeBlock<Float>, _ normalization: NormalizationPointers<Float>, gradient: UnsafePointer<Float>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_edge_gate_backward_statistics_f32(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, normalization.scale, normalization.shift, normalization.mean,
      normalization.inverseDeviation, gradient, block.multiplicities.edges, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func edgeGateBackward(
    _ block: EdgeBlock<Float>, _ normalization: NormalizationPointers<Float>, gradient: UnsafePointer<Float>,
    _ coefficients: NormalizationGradientPointers<Float>, projections: UnsafeMutablePointer<Float>,
    edgeWeights: UnsafeMutablePointer<Float>
  ) {
    sluice_edge_gate_backward_f32(
      block.centerCount, block.width, block.projections, block.edgeOffsets, block.neighbors, block.taps,
      block.starts, block.edgeWeights, normalization.scale, normalization.shift, normalization.mean,
      normalization.inverseDeviation, gradient, block.multiplicities.edges, block.multiplicities.rows,
      coefficients.k1, coefficients.k2, coefficients.k3,
      projections,
      edgeWeights)
  }

  /// See `KernelScalar`.
  public static func columnStatistics(
    _ x: UnsafePointer<Float>, rows: Int, width: Int, weights: UnsafePointer<Float>?,
    sum: UnsafeMutablePointer<Double>,
    square: UnsafeMutablePointer<Double>
  ) {
    sluice_column_statistics_f32(rows, width, x, weights, sum, square)
  }

  /// See `KernelScalar`.
  public static func residualSoftplus(
    rows: Int, width: Int, _ v: UnsafePointer<Float>, _ s: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    sluice_residual_softplus_f32(rows, width, v, s, scale, shift, out)
  }

  /// See `KernelScalar`.
  public static func residualSoftplusBackward(
    rows: Int, width: Int, output y: UnsafePointer<Float>, _ s: UnsafePointer<Float>,
    _ normalization: NormalizationPointers<Float>, gradient g: UnsafeMutablePointer<Float>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>
  ) {
    sluice_residual_softplus_backward_f32(
      rows, width, y, s, normalization.mean, normalization.inverseDeviation, g, sumG, sumGX)
  }

  /// See `KernelScalar`.
  public static func normalizationBackward(
    rows: Int, width: Int, gradient g: UnsafePointer<Float>, _ s: UnsafePointer<Float>,
    _ normalization: NormalizationPointers<Float>, _ coefficients: NormalizationGradientPointers<Float>,
    weights: UnsafePointer<Float>?, into out: UnsafeMutablePointer<Float>
  ) {
    sluice_normalization_backward_f32(
      rows, width, g, s, normalization.mean, normalization.inverseDeviation, weights, coefficients.k1,
      coefficients.k2,
      coefficients.k3, out)
  }

  /// See `KernelScalar`.
  public static func softplus(_ x: UnsafeMutablePointer<Float>, count: Int, shift: Float) {
    sluice_softplus_f32(count, shift, x)
  }

  /// See `KernelScalar`.
  public static func softplusBackward(
    output y: UnsafePointer<Float>, gradient g: UnsafeMutablePointer<Float>, count: Int, shift: Float
  ) {
    sluice_softplus_backward_f32(count, shift, y, g)
  }

  /// See `KernelScalar`.
  public static func addRows(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, stride: Int, to out: UnsafeMutablePointer<Float>
  ) {
    sluice_add_rows_f32(rows, width, x, stride, out)
  }

  /// See `KernelScalar`.
  public static func addToRows(
    rows: Int, width: Int, _ vector: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>, stride: Int
  ) {
    sluice_add_to_rows_f32(rows, width, vector, x, stride)
  }

  /// See `KernelScalar`.
  public static func adamStep(
    _ step: AdamStep<Float>, count: Int, gradient: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>
  ) {
    var numbers = sluice_adam_f32(
      coupled_decay: step.coupledDecay, decoupled_factor: step.decoupledFactor, beta1: step.beta1,
      beta2: step.beta2, step_size: step.stepSize, denominator_scale: step.denominatorScale,
      epsilon: step.epsilon)
    sluice_adam_step_f32(count, &numbers, gradient, values, first, second)
  }
}
