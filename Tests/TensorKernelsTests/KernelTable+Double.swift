// Written by scripts/generate-kernel-forwarding from KernelTable+Float.swift.
import CKernelLevels

extension KernelTable<Double> {
  init(_ kernels: sluice_kernels_f64) {
    self.init(
      gaussianTaps: kernels.gaussian_taps,
      gemm: kernels.gemm,
      edgeStatistics: kernels.edge_statistics,
      edgeGate: kernels.edge_gate,
      edgeGateBackwardStatistics: kernels.edge_gate_backward_statistics,
      edgeGateBackward: kernels.edge_gate_backward,
      columnStatistics: kernels.column_statistics,
      residualSoftplus: kernels.residual_softplus,
      residualSoftplusBackward: kernels.residual_softplus_backward,
      normalizationBackward: kernels.normalization_backward,
      softplus: kernels.softplus,
      softplusBackward: kernels.softplus_backward,
      edgeAssemble: kernels.edge_assemble,
      edgeScatter: kernels.edge_scatter,
      pairGate: kernels.pair_gate,
      pairGateBackward: kernels.pair_gate_backward,
      tripletGate: kernels.triplet_gate,
      tripletGateBackward: kernels.triplet_gate_backward,
      tripletStatistics: kernels.triplet_statistics,
      columnProducts: kernels.column_products,
      tripletNormalizationBackward: kernels.triplet_normalization_backward,
      filterSum: kernels.filter_sum,
      filterSumBackward: kernels.filter_sum_backward,
      edgeGatedMean: kernels.edge_gated_mean,
      edgeGatedMeanBackward: kernels.edge_gated_mean_backward,
      residualSiLU: kernels.residual_silu,
      siLUBackward: kernels.silu_backward,
      scatterRows: kernels.scatter_rows,
      silu: kernels.silu,
      siLUSlope: kernels.silu_slope,
      edgeSum: kernels.edge_sum,
      edgeSumBackward: kernels.edge_sum_backward,
      addRows: kernels.add_rows,
      addToRows: kernels.add_to_rows,
      adamStep: { count, step, gradient, values, first, second in
        var numbers = sluice_adam_f64(
          coupled_decay: step.coupledDecay, decoupled_factor: step.decoupledFactor, beta1: step.beta1,
          beta2: step.beta2, step_size: step.stepSize, denominator_scale: step.denominatorScale,
          epsilon: step.epsilon)
        kernels.adam_step(count, &numbers, gradient, values, first, second)
      })
  }
}
