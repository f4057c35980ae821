// The kernels of CKernels as compiled for one processor level, for tests: the product calls what the loader picks.
#ifndef SLUICE_CKERNELLEVELS_H
#define SLUICE_CKERNELLEVELS_H

#include "CKernels.h"

/// Every kernel, by its name without prefix and precision.
#define SLUICE_KERNELS(X, SUFFIX)                                                                                 \
  X(gaussian_taps, SUFFIX)                                                                                        \
  X(gemm, SUFFIX)                                                                                                 \
  X(edge_statistics, SUFFIX)                                                                                      \
  X(edge_gate, SUFFIX)                                                                                            \
  X(edge_gate_backward_statistics, SUFFIX)                                                                        \
  X(edge_gate_backward, SUFFIX)                                                                                   \
  X(column_statistics, SUFFIX)                                                                                    \
  X(residual_softplus, SUFFIX)                                                                                    \
  X(residual_softplus_backward, SUFFIX)                                                                           \
  X(normalization_backward, SUFFIX)                                                                               \
  X(softplus, SUFFIX)                                                                                             \
  X(softplus_backward, SUFFIX)                                                                                    \
  X(edge_assemble, SUFFIX)                                                                                        \
  X(edge_scatter, SUFFIX)                                                                                         \
  X(pair_gate, SUFFIX)                                                                                            \
  X(pair_gate_backward, SUFFIX)                                                                                   \
  X(triplet_gate, SUFFIX)                                                                                         \
  X(triplet_gate_backward, SUFFIX)                                                                                \
  X(triplet_statistics, SUFFIX)                                                                                   \
  X(column_products, SUFFIX)                                                                                      \
  X(triplet_normalization_backward, SUFFIX)                                                                        \
  X(add_rows, SUFFIX)                                                                                              \
  X(add_to_rows, SUFFIX)                                                                                           \
  X(adam_step, SUFFIX) \
  X(filter_sum, SUFFIX)                                                                                           \
  X(filter_sum_backward, SUFFIX)                                                                                   \
  X(edge_gated_mean, SUFFIX)                                                                                       \
  X(edge_gated_mean_backward, SUFFIX)                                                                              \
  X(residual_silu, SUFFIX)                                                                                         \
  X(silu_backward, SUFFIX)                                                                                         \
  X(scatter_rows, SUFFIX)                                                                                          \
  X(silu, SUFFIX)                                                                                                  \
  X(silu_slope, SUFFIX)                                                                                            \
  X(edge_sum, SUFFIX)                                                                                              \
  X(edge_sum_backward, SUFFIX)

#define SLUICE_FIELD(NAME, SUFFIX) __typeof__(&sluice_##NAME##_##SUFFIX) NAME;

/// The kernels in single precision.
typedef struct {
  SLUICE_KERNELS(SLUICE_FIELD, f32)
} sluice_kernels_f32;

/// The kernels in double precision.
typedef struct {
  SLUICE_KERNELS(SLUICE_FIELD, f64)
} sluice_kernels_f64;

/// Levels that the kernels are compiled for: the lowest one is the same as what the product runs where there are no
/// clones.
typedef enum { sluice_level_default = 1, sluice_level_v3 = 3, sluice_level_v4 = 4 } sluice_level;

/// 1 where the kernels are compiled for the level and this processor runs it.
int sluice_level_is_supported(sluice_level level);

/// The kernels of a supported level.
sluice_kernels_f32 sluice_level_f32(sluice_level level);
/// The kernels of a supported level.
sluice_kernels_f64 sluice_level_f64(sluice_level level);

#endif
