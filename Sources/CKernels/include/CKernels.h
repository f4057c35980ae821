// Fused kernels of the gated crystal-graph convolution, in single and in double precision.
//
// Common conventions: row-major contiguous arrays; w is the node-feature width, a multiple of 16; a "centre" is an
// atom, its edges are contiguous: edge_offsets[i] ..< edge_offsets[i + 1]. The pre-activation of edge e = (i, j) is
//   p_e = AB[i][0 ..< 2w] + AB[j][2w ..< 4w] + sum_t taps[e][t] * edge_weights[starts[e] + t][0 ..< 2w]
// where channels 0 ..< w are the filter (sigmoid) half and w ..< 2w the core (softplus) half.
// Where a graph is a quotient, a centre stands for center_weights[i] centres, and an edge for multiplicities[e] edges of
// each of them, row_weights[e] = center_weights[i] * multiplicities[e] in all; null means once. Gradients with respect
// to a row are those with respect to all that it stands for.
// No kernel allocates; every sum runs in an order that depends on nothing but the given range.
#ifndef SLUICE_CKERNELS_H
#define SLUICE_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Gaussians kept per edge: those whose centres lie within four spacings of the distance.
#define SLUICE_TAPS 8

/// Knots of a table whose rows make the filter of an edge.
#define SLUICE_KNOTS 4

/// Columns of a matrix that lie side by side where it is stored in panels: what every level's tile takes at once, or a
/// multiple of it.
#define SLUICE_PANEL_COLUMNS 32

/// The level of x86-64 whose kernels run on this processor: 4 (with AVX-512), 3 (with AVX2) or 1; 0 where they are compiled for
/// one level alone.
int sluice_kernel_level(void);

#define SLUICE_DECLARE(REAL, SUFFIX)                                                                              \
  /* Gaussian expansion restricted to the 8 centres nearest d: taps (n, 8), starts (n); count >= 8 centres. */     \
  void sluice_gaussian_taps_##SUFFIX(const REAL *distances, size_t n, REAL spacing, int32_t count, REAL *taps,     \
                                     int32_t *starts);                                                            \
  /* C (n, m) = [C +] A (n, k; strides row, column) * B (k, m; ldb) [+ bias (m)]; m a multiple of 16. Each row of  \
     C is computed alike whatever n is. */                                                                        \
  void sluice_gemm_##SUFFIX(size_t n, size_t m, size_t k, const REAL *a, size_t a_row, size_t a_column,            \
                            const REAL *b, size_t ldb, const REAL *bias, REAL *c, size_t ldc, int accumulate);     \
  /* C (n, m) = A (n, k; rows a_row apart) * B (k, m) [+ bias (m)] with B in panels: 32 columns of all rows, then the    \
     next 32, the last panel as narrow as it is. Bits are those of gemm. */                                        \
  void sluice_gemm_panels_##SUFFIX(size_t n, size_t m, size_t k, const REAL *a, size_t a_row, const REAL *panels,  \
                                   const REAL *bias, REAL *c);                                                    \
  /* B (k, m) in panels, as gemm_panels takes it; as many numbers. */                                               \
  void sluice_pack_panels_##SUFFIX(size_t m, size_t k, const REAL *b, REAL *panels);                               \
  /* Adds the column sums and sums of squares of p over all edges of centres 0 ..< n to sum, square (2w). */       \
  void sluice_edge_statistics_##SUFFIX(size_t n, size_t w, const REAL *ab, const int32_t *edge_offsets,            \
                                       const int32_t *neighbors, const REAL *taps, const int32_t *starts,         \
                                       const REAL *edge_weights, const REAL *row_weights, double *sum,           \
                                       double *square);                                                           \
  /* s (n, w) = sum over edges of sigmoid(p~ filter) * softplus(p~ core), p~ = p * scale + shift; null scale means \
     p~ = p. An edge counts multiplicities[e] times, once where null. Overwrites s. */                             \
  void sluice_edge_gate_##SUFFIX(size_t n, size_t w, const REAL *ab, const int32_t *edge_offsets,                  \
                                 const int32_t *neighbors, const REAL *taps, const int32_t *starts,               \
                                 const REAL *edge_weights, const REAL *scale, const REAL *shift,            \
                                 const REAL *multiplicities, REAL *s);         \
  /* Backward, first pass: with g = dL/dp~, adds the sums of g and of g * x over all edges to sum_g, sum_gx (2w),  \
     x = (p - mean) * inverse_deviation. gs (n, w) = dL/ds. */                                                     \
  void sluice_edge_gate_backward_statistics_##SUFFIX(                                                             \
      size_t n, size_t w, const REAL *ab, const int32_t *edge_offsets, const int32_t *neighbors, const REAL *taps, \
      const int32_t *starts, const REAL *edge_weights, const REAL *scale, const REAL *shift, const REAL *mean,     \
      const REAL *inverse_deviation, const REAL *gs, const REAL *multiplicities, double *sum_g, double *sum_gx);   \
  /* Backward, second pass: dL/dp = k1 * g - k2 - k3 * x; d_ab (n, 4w) is overwritten, d_edge_weights (count, 2w)  \
     is added to. */                                                                                              \
  void sluice_edge_gate_backward_##SUFFIX(                                                                        \
      size_t n, size_t w, const REAL *ab, const int32_t *edge_offsets, const int32_t *neighbors, const REAL *taps, \
      const int32_t *starts, const REAL *edge_weights, const REAL *scale, const REAL *shift, const REAL *mean,     \
      const REAL *inverse_deviation, const REAL *gs, const REAL *multiplicities, const REAL *row_weights,          \
      const REAL *k1, const REAL *k2, const REAL *k3, REAL *d_ab,                                                  \
      REAL *d_edge_weights);                                                                                      \
  /* Adds the column sums and sums of squares of x (n, w) to sum, square (w). */                                   \
  void sluice_column_statistics_##SUFFIX(size_t n, size_t w, const REAL *x, const REAL *row_weights, double *sum,   \
                                         double *square);                                                        \
  /* out (n, w) = softplus(v + s * scale + shift). */                                                             \
  void sluice_residual_softplus_##SUFFIX(size_t n, size_t w, const REAL *v, const REAL *s, const REAL *scale,      \
                                         const REAL *shift, REAL *out);                                           \
  /* g (n, w) *= 1 - exp(-y), the derivative of y = softplus(.) seen from y; adds the column sums of g and of      \
     g * (s - mean) * inverse_deviation to sum_g, sum_gx (w). */                                                   \
  void sluice_residual_softplus_backward_##SUFFIX(size_t n, size_t w, const REAL *y, const REAL *s,                \
                                                  const REAL *mean, const REAL *inverse_deviation, REAL *g,        \
                                                  double *sum_g, double *sum_gx);                                 \
  /* out = k1 * g - k2 - k3 * (s - mean) * inverse_deviation, all (n, w) by columns. */                            \
  void sluice_normalization_backward_##SUFFIX(size_t n, size_t w, const REAL *g, const REAL *s, const REAL *mean,  \
                                              const REAL *inverse_deviation, const REAL *row_weights,              \
                                              const REAL *k1, const REAL *k2,                                     \
                                              const REAL *k3, REAL *out);                                         \
  /* x (count) = softplus(x) - shift in place; any count. */                                                      \
  void sluice_softplus_##SUFFIX(size_t count, REAL shift, REAL *x);                                               \
  /* g (count) *= 1 - exp(-y - shift) in place: backward of y = softplus(x) - shift; any count. */                \
  void sluice_softplus_backward_##SUFFIX(size_t count, REAL shift, const REAL *y, REAL *g);                       \
                                                                                                                  \
  /* --- Networks with a vector per edge. A row of o = 2d + 2e gate channels: filter and core of the node update (d \
     each), filter and core of the edge update (e each). All widths are multiples of 16. --- */                    \
  /* p (E, w) += center (n, w; stride) of the edge's centre [if not null] + neighbor (n, w; stride) of its end. */  \
  void sluice_edge_assemble_##SUFFIX(size_t n, size_t w, const int32_t *edge_offsets, const int32_t *neighbors,    \
                                     const REAL *center, size_t center_stride, const REAL *neighbor,              \
                                     size_t neighbor_stride, REAL *p);                                            \
  /* Backward of edge_assemble: center (n; stride) = sums over each centre's edges [if not null], neighbor (n;     \
     stride) += the edges that end there. */                                                                      \
  void sluice_edge_scatter_##SUFFIX(size_t n, size_t w, const int32_t *edge_offsets, const int32_t *neighbors,     \
                                    const REAL *p, REAL *center, size_t center_stride, REAL *neighbor,            \
                                    size_t neighbor_stride);                                                      \
  /* Pairs: s (n, d) = sums over edges, u (E, e) = per edge, of sigmoid(filter) * softplus(core) of x * scale +     \
     shift, x = p, or where neighbor is not null what edge_assemble makes of p. Edge j has row kinds[j] of p, row j \
     where kinds is null. */                                                                                      \
  void sluice_pair_gate_##SUFFIX(size_t n, size_t d, size_t e, const int32_t *edge_offsets,                         \
                                 const int32_t *neighbors, const int32_t *kinds, const REAL *multiplicities,      \
                                 const REAL *p, const REAL *center, const REAL *neighbor, size_t stride, const REAL *scale,      \
                                 const REAL *shift, REAL *s, REAL *u);                                            \
  /* Backward of pair_gate with respect to p * scale + shift: g (E, o). */                                         \
  void sluice_pair_gate_backward_##SUFFIX(size_t n, size_t d, size_t e, const int32_t *edge_offsets,               \
                                          const REAL *multiplicities, const REAL *p, const REAL *scale,            \
                                          const REAL *shift, const REAL *gs,                                      \
                                          const REAL *gu, REAL *g);                                               \
  /* Triplets (j, l), j != l, of edges with one centre: t = (p_j + q_l) * scale + shift; s += sum over (j, l), u_j  \
     += sum over l, each times 1 / (edges of the centre - 1) where normalize is not 0. */                         \
  void sluice_triplet_gate_##SUFFIX(size_t n, size_t d, size_t e, const int32_t *edge_offsets,                      \
                                    const REAL *multiplicities, const REAL *p,                                    \
                                    const REAL *q, const REAL *scale, const REAL *shift, int normalize, REAL *s,   \
                                    REAL *u);                                                                     \
  /* Backward of triplet_gate with respect to t: gp_j = sum over l, gq_l = sum over j, both (E, o), overwritten. */  \
  void sluice_triplet_gate_backward_##SUFFIX(size_t n, size_t d, size_t e, const int32_t *edge_offsets,            \
                                             const REAL *multiplicities, const REAL *p, const REAL *q,             \
                                             const REAL *scale, const REAL *shift,                                \
                                             int normalize, const REAL *gs, const REAL *gu, REAL *gp, REAL *gq);   \
  /* Adds the column sums and sums of squares of p_j + q_l over all triplets to sum, square (w), without visiting   \
     them. */                                                                                                     \
  void sluice_triplet_statistics_##SUFFIX(size_t n, size_t w, const int32_t *edge_offsets,                          \
                                          const REAL *multiplicities, const REAL *center_weights, const REAL *p,  \
                                          const REAL *q, double *sum, double *square);                             \
  /* Adds the column sums of g and of g * x to sum_g, sum_gx; x, g (n, w). */                                      \
  void sluice_column_products_##SUFFIX(size_t n, size_t w, const REAL *x, const REAL *g, double *sum_g,            \
                                       double *sum_gx);                                                           \
  /* Backward of the normalisation of t over all triplets: gp, gq become dL/dp, dL/dq. */                          \
  void sluice_triplet_normalization_backward_##SUFFIX(                                                            \
      size_t n, size_t w, const int32_t *edge_offsets, const REAL *multiplicities, const REAL *center_weights,     \
      const REAL *p, const REAL *q, const REAL *mean,                                                             \
      const REAL *inverse_deviation, const REAL *k1, const REAL *k2, const REAL *k3, REAL *gp, REAL *gq);          \
                                                                                                                   \
  /* --- Sums and steps; any width. --- */                                                                         \
  /* out (w) += the rows of x (n, w; stride), one after the other. */                                              \
  void sluice_add_rows_##SUFFIX(size_t n, size_t w, const REAL *x, size_t stride, REAL *out);                      \
  /* Each row of x (n, w; stride) += vector (w). */                                                                \
  void sluice_add_to_rows_##SUFFIX(size_t n, size_t w, const REAL *vector, REAL *x, size_t stride);                \
  /* Numbers of a step of Adam that all parameters share. */                                                       \
  typedef struct {                                                                                                 \
    REAL coupled_decay, decoupled_factor, beta1, beta2, step_size, denominator_scale, epsilon;                     \
  } sluice_adam_##SUFFIX;                                                                                          \
  /* With g = gradient + coupled_decay * values: first = beta1 * first + (1 - beta1) * g, second = beta2 * second +\
     (1 - beta2) * g * g, values = values * decoupled_factor - step_size * first / (sqrt(second) *                 \
     denominator_scale + epsilon); all (count). */                                                                 \
  void sluice_adam_step_##SUFFIX(size_t count, const sluice_adam_##SUFFIX *step, const REAL *gradient,             \
                                 REAL *values, REAL *first, REAL *second); \
                                                                                                                  \
  /* --- Convolutions with filters that are functions of one number of an edge, known at the knots of a grid: the filter\
     of edge e is sum_t weights[e][t] * table[starts[e] + t], t = 0 ..< 4. Where table2 is not null it is the product of\
     two such. Neither of the tables' gradients is cleared. --- */                                                \
  /* s (n, w) = sums over edges of x (n, w) at the edge's end times its filter. */                                \
  void sluice_filter_sum_##SUFFIX(size_t n, size_t w, const int32_t *edge_offsets, const int32_t *neighbors,      \
                                  const REAL *x, const REAL *weights, const int32_t *starts, const REAL *table,   \
                                  const REAL *weights2, const int32_t *starts2, const REAL *table2, REAL *s);     \
  /* Backward of filter_sum, g = dL/ds: adds to d_x (n, w), d_table and d_table2. */                              \
  void sluice_filter_sum_backward_##SUFFIX(                                                                       \
      size_t n, size_t w, const int32_t *edge_offsets, const int32_t *neighbors, const REAL *x,                   \
      const REAL *weights, const int32_t *starts, const REAL *table, const REAL *weights2,                        \
      const int32_t *starts2, const REAL *table2, const REAL *g, REAL *d_x, REAL *d_table, REAL *d_table2);          \
                                                                                                                     \
  /* --- Edge-gated convolutions. Rows of p (n, 4w): what sources give to the gate and to the mean, what targets give to\
     the gate, and their own share. --- */                                                                           \
  /* Targets first ..< last, their edges e with source s: m = g + p_s[0 ..< w] + p_i[2w ..< 3w], gate = sigmoid(m), v_i =\
     p_i[3w ..< 4w] + sum(gate * p_s[w ..< 2w]) / (sum(gate) + 1e-6), an edge counting multiplicities[e] times. g has a row\
     index[e] where index is not null, else row 0 is of the first target's first edge, as in m. m, denominators may be null. */\
  void sluice_edge_gated_mean_##SUFFIX(size_t first, size_t last, size_t w, const int32_t *offsets,                  \
                                       const int32_t *sources, const REAL *multiplicities, const REAL *p,            \
                                       const int32_t *index, const REAL *g, REAL *m, REAL *v, REAL *denominators);   \
  /* out (n, w) = [x, row index[r] or r, +] silu(v * scale + shift); index, x may be null. */                        \
  void sluice_residual_silu_##SUFFIX(size_t n, size_t w, const REAL *x, const int32_t *index, const REAL *v,         \
                                     const REAL *scale, const REAL *shift, REAL *out);                               \
  /* Backward of silu(v * scale + shift) with respect to its argument: out (n, w) from g; adds the column sums of out and\
     of out * (v - mean) * inverse_deviation to sum_g, sum_gx (w). */                                                \
  void sluice_silu_backward_##SUFFIX(size_t n, size_t w, const REAL *v, const REAL *scale, const REAL *shift,        \
                                     const REAL *mean, const REAL *inverse_deviation, const REAL *g, REAL *out,      \
                                     double *sum_g, double *sum_gx);                                                 \
  /* Backward of edge_gated_mean from gv = dL/dv: dL/dm is added to gm where adds is not 0, and overwrites it where it is;\
     of gp (n, 4w), the sources' half is added to and the targets' half overwritten. */                              \
  void sluice_edge_gated_mean_backward_##SUFFIX(                                                                     \
      size_t n, size_t w, const int32_t *offsets, const int32_t *sources, const REAL *multiplicities,                \
      const REAL *p, const REAL *m, const REAL *v, const REAL *denominators, const REAL *gv, int adds, REAL *gm,     \
      REAL *gp);                                                                                                     \
  /* out (rows, w): row index[r] += row r of g (n, w). */                                                            \
  void sluice_scatter_rows_##SUFFIX(size_t n, size_t w, const int32_t *index, const REAL *g, REAL *out);              \
                                                                                                                      \
  /* --- Messages that go through layers of their own. --- */                                                         \
  /* y (count) = x * sigmoid(x); y may be x; any count. */                                                            \
  void sluice_silu_##SUFFIX(size_t count, const REAL *x, REAL *y);                                                    \
  /* g (count) *= the slope of silu at x in place; any count. */                                                      \
  void sluice_silu_slope_##SUFFIX(size_t count, const REAL *x, REAL *g);                                              \
  /* s (n, w) = sums over edges of x (E, w), row e times weights[e], where weights is not null. */                    \
  void sluice_edge_sum_##SUFFIX(size_t n, size_t w, const int32_t *edge_offsets, const REAL *weights, const REAL *x,  \
                                REAL *s);                                                                             \
  /* Backward of edge_sum from g = dL/ds: dL/dx is added to out (E, w) where adds is not 0, and overwrites it where it is. */\
  void sluice_edge_sum_backward_##SUFFIX(size_t n, size_t w, const int32_t *edge_offsets, const REAL *weights,        \
                                         const REAL *g, int adds, REAL *out);

SLUICE_DECLARE(float, f32)
SLUICE_DECLARE(double, f64)

#ifdef __cplusplus
}
#endif
#endif
