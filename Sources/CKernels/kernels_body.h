// The kernels of CKernels.h, written once over REAL, V (LANES lanes of REAL), vector_exp and vector_log1p.
#include <string.h>

#include "CKernels.h"
#include "levels.h"

#ifdef HAS_LEVELS
// The compiler halves vectors of 512 bits, even where the processor has them, unless they are asked for.
#define KERNEL \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), min_vector_width(512)))
#else
#define KERNEL
#endif

#define TAPS SLUICE_TAPS

ALWAYS void load(const REAL *p, V *out) { memcpy(out, p, sizeof(REAL) * LANES); }
ALWAYS void store(REAL *p, const V *in) { memcpy(p, in, sizeof(REAL) * LANES); }

// message = sigmoid(x) * softplus(y).
ALWAYS void gate(const V *x, const V *y, V *message) {
  V minus = -*x, e;
  vector_exp(&minus, &e);
  V below = -__builtin_elementwise_abs(*y), t, l;
  vector_exp(&below, &t);
  vector_log1p(&t, &l);
  *message = (__builtin_elementwise_max(*y, (V)(0)) + l) / ((V)(1) + e);
}

// gx = d(f * c)/dx * gs, gy = d(f * c)/dy * gs.
ALWAYS void gate_backward(const V *x, const V *y, const V *gs, V *gx, V *gy) {
  V minus = -*x, e;
  vector_exp(&minus, &e);
  V f = (V)(1) / ((V)(1) + e);
  V below = -__builtin_elementwise_abs(*y), t, l;
  vector_exp(&below, &t);
  vector_log1p(&t, &l);
  V c = __builtin_elementwise_max(*y, (V)(0)) + l;
  V r = (V)(1) / ((V)(1) + t);
  V derivative = (*y >= 0) ? r : t * r;
  V scaled = *gs * f;
  *gx = scaled * c * ((V)(1) - f);
  *gy = scaled * derivative;
}

ALWAYS void softplus(V *x) {
  V below = -__builtin_elementwise_abs(*x), t, l;
  vector_exp(&below, &t);
  vector_log1p(&t, &l);
  *x = __builtin_elementwise_max(*x, (V)(0)) + l;
}

KERNEL void SUFFIX(sluice_gaussian_taps)(const REAL *distances, size_t n, REAL spacing, int32_t count, REAL *taps,
                                         int32_t *starts) {
  for (size_t e = 0; e < n; e++) {
    REAL position = distances[e] / spacing;
    REAL limit = (REAL)(count - TAPS);
    REAL first = (REAL)(int32_t)position - 3;
    first = first < 0 ? 0 : first > limit ? limit : first;
    starts[e] = (int32_t)first;
    V values = (V)(0);
    for (int t = 0; t < TAPS; t++) {
      REAL x = position - first - (REAL)t;
      values[t] = -x * x;
    }
    V result;
    vector_exp(&values, &result);
    for (int t = 0; t < TAPS; t++) taps[e * TAPS + t] = result[t];
  }
}

// ---- Edge kernels ---------------------------------------------------------------------------------------------

// Channels are taken in blocks of LANES filter channels with their LANES core channels, edges in the inner loop: any
// multiple of LANES is a legal width, and everything a centre accumulates stays in registers.

#define EDGE_ARGUMENTS                                                                                            \
  size_t n, size_t w, const REAL *restrict ab, const int32_t *restrict edge_offsets,                               \
      const int32_t *restrict neighbors, const REAL *restrict taps, const int32_t *restrict starts,               \
      const REAL *restrict edge_weights

// p of one edge: `base` is row A of the centre's block, already loaded.
ALWAYS void preactivation(size_t e, size_t f, size_t w, const REAL *ab, const int32_t *neighbors, const REAL *taps,
                          const int32_t *starts, const REAL *edge_weights, const V *base_f, const V *base_c,
                          V *p_f, V *p_c) {
  const REAL *b = ab + (size_t)neighbors[e] * 4 * w + 2 * w + f;
  const REAL *weights = edge_weights + (size_t)starts[e] * 2 * w + f;
  const REAL *tap = taps + e * TAPS;
  V bf, bc;
  load(b, &bf);
  load(b + w, &bc);
  V xf = *base_f + bf, xc = *base_c + bc;
  V yf = (V)(0), yc = (V)(0);
#pragma clang loop unroll(full)
  for (int t = 0; t < TAPS; t += 2) {
    V u0, u1, v0, v1;
    load(weights + (size_t)t * 2 * w, &u0);
    load(weights + (size_t)t * 2 * w + w, &u1);
    load(weights + (size_t)(t + 1) * 2 * w, &v0);
    load(weights + (size_t)(t + 1) * 2 * w + w, &v1);
    xf = tap[t] * u0 + xf;
    xc = tap[t] * u1 + xc;
    yf = tap[t + 1] * v0 + yf;
    yc = tap[t + 1] * v1 + yc;
  }
  *p_f = xf + yf;
  *p_c = xc + yc;
}

// Adds a vector of partial sums to LANES doubles.
ALWAYS void add_double(double *sum, const V *values) {
  for (int lane = 0; lane < LANES; lane++) sum[lane] += (double)(*values)[lane];
}

// How many rows a row stands for; once where there are no weights.
ALWAYS REAL weight_of(const REAL *weights, size_t row) { return weights ? weights[row] : (REAL)1; }

KERNEL void SUFFIX(sluice_edge_statistics)(EDGE_ARGUMENTS, const REAL *restrict row_weights,
                                           double *restrict sum, double *restrict square) {
  for (size_t f = 0; f < w; f += LANES) {
    for (size_t i = 0; i < n; i++) {
      V base_f, base_c;
      load(ab + i * 4 * w + f, &base_f);
      load(ab + i * 4 * w + w + f, &base_c);
      // Single-precision sums run over one centre only; centres are added up in double.
      V s_f = (V)(0), s_c = (V)(0), q_f = (V)(0), q_c = (V)(0);
      for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
        V p_f, p_c;
        preactivation((size_t)e, f, w, ab, neighbors, taps, starts, edge_weights, &base_f, &base_c, &p_f, &p_c);
        const REAL weight = weight_of(row_weights, (size_t)e);
        s_f = weight * p_f + s_f;
        s_c = weight * p_c + s_c;
        q_f = weight * p_f * p_f + q_f;
        q_c = weight * p_c * p_c + q_c;
      }
      add_double(sum + f, &s_f);
      add_double(sum + w + f, &s_c);
      add_double(square + f, &q_f);
      add_double(square + w + f, &q_c);
    }
  }
}

KERNEL void SUFFIX(sluice_edge_gate)(EDGE_ARGUMENTS, const REAL *restrict scale, const REAL *restrict shift,
                                     const REAL *restrict multiplicities, REAL *restrict s) {
  for (size_t f = 0; f < w; f += LANES) {
    V scale_f = (V)(1), scale_c = (V)(1), shift_f = (V)(0), shift_c = (V)(0);
    if (scale) {
      load(scale + f, &scale_f);
      load(scale + w + f, &scale_c);
      load(shift + f, &shift_f);
      load(shift + w + f, &shift_c);
    }
    for (size_t i = 0; i < n; i++) {
      V base_f, base_c, total = (V)(0);
      load(ab + i * 4 * w + f, &base_f);
      load(ab + i * 4 * w + w + f, &base_c);
      for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
        V p_f, p_c, message;
        preactivation((size_t)e, f, w, ab, neighbors, taps, starts, edge_weights, &base_f, &base_c, &p_f, &p_c);
        p_f = p_f * scale_f + shift_f;
        p_c = p_c * scale_c + shift_c;
        gate(&p_f, &p_c, &message);
        total = weight_of(multiplicities, (size_t)e) * message + total;
      }
      store(s + i * w + f, &total);
    }
  }
}

// Loads the normalisation of one channel block.
#define LOAD_NORMALIZATION                                                                                        \
  V scale_f, scale_c, shift_f, shift_c, mean_f, mean_c, inverse_f, inverse_c;                                      \
  load(scale + f, &scale_f);                                                                                      \
  load(scale + w + f, &scale_c);                                                                                  \
  load(shift + f, &shift_f);                                                                                      \
  load(shift + w + f, &shift_c);                                                                                  \
  load(mean + f, &mean_f);                                                                                        \
  load(mean + w + f, &mean_c);                                                                                    \
  load(inverse_deviation + f, &inverse_f);                                                                        \
  load(inverse_deviation + w + f, &inverse_c);

KERNEL void SUFFIX(sluice_edge_gate_backward_statistics)(
    EDGE_ARGUMENTS, const REAL *restrict scale, const REAL *restrict shift, const REAL *restrict mean,
    const REAL *restrict inverse_deviation, const REAL *restrict gs, const REAL *restrict multiplicities,
    double *restrict sum_g, double *restrict sum_gx) {
  for (size_t f = 0; f < w; f += LANES) {
    LOAD_NORMALIZATION
    for (size_t i = 0; i < n; i++) {
      V base_f, base_c, incoming;
      load(ab + i * 4 * w + f, &base_f);
      load(ab + i * 4 * w + w + f, &base_c);
      load(gs + i * w + f, &incoming);
      V s_f = (V)(0), s_c = (V)(0), q_f = (V)(0), q_c = (V)(0);
      for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
        V p_f, p_c, g_f, g_c;
        preactivation((size_t)e, f, w, ab, neighbors, taps, starts, edge_weights, &base_f, &base_c, &p_f, &p_c);
        V t_f = p_f * scale_f + shift_f, t_c = p_c * scale_c + shift_c;
        V weighted = weight_of(multiplicities, (size_t)e) * incoming;
        gate_backward(&t_f, &t_c, &weighted, &g_f, &g_c);
        s_f += g_f;
        s_c += g_c;
        q_f = g_f * ((p_f - mean_f) * inverse_f) + q_f;
        q_c = g_c * ((p_c - mean_c) * inverse_c) + q_c;
      }
      add_double(sum_g + f, &s_f);
      add_double(sum_g + w + f, &s_c);
      add_double(sum_gx + f, &q_f);
      add_double(sum_gx + w + f, &q_c);
    }
  }
}

KERNEL void SUFFIX(sluice_edge_gate_backward)(
    EDGE_ARGUMENTS, const REAL *restrict scale, const REAL *restrict shift, const REAL *restrict mean,
    const REAL *restrict inverse_deviation, const REAL *restrict gs, const REAL *restrict multiplicities,
    const REAL *restrict row_weights, const REAL *restrict k1, const REAL *restrict k2, const REAL *restrict k3,
    REAL *restrict d_ab, REAL *restrict d_edge_weights) {
  for (size_t f = 0; f < w; f += LANES) {
    LOAD_NORMALIZATION
    V k1_f, k1_c, k2_f, k2_c, k3_f, k3_c;
    load(k1 + f, &k1_f);
    load(k1 + w + f, &k1_c);
    load(k2 + f, &k2_f);
    load(k2 + w + f, &k2_c);
    load(k3 + f, &k3_f);
    load(k3 + w + f, &k3_c);
    const V zero = (V)(0);
    for (size_t i = 0; i < n; i++) {
      store(d_ab + i * 4 * w + 2 * w + f, &zero);
      store(d_ab + i * 4 * w + 3 * w + f, &zero);
    }
    for (size_t i = 0; i < n; i++) {
      V base_f, base_c, incoming;
      load(ab + i * 4 * w + f, &base_f);
      load(ab + i * 4 * w + w + f, &base_c);
      load(gs + i * w + f, &incoming);
      V da_f = zero, da_c = zero;
      for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
        V p_f, p_c, g_f, g_c;
        preactivation((size_t)e, f, w, ab, neighbors, taps, starts, edge_weights, &base_f, &base_c, &p_f, &p_c);
        V t_f = p_f * scale_f + shift_f, t_c = p_c * scale_c + shift_c;
        V weighted = weight_of(multiplicities, (size_t)e) * incoming;
        gate_backward(&t_f, &t_c, &weighted, &g_f, &g_c);
        const REAL rows = weight_of(row_weights, (size_t)e);
        V d_f = k1_f * g_f - rows * (k2_f + k3_f * ((p_f - mean_f) * inverse_f));
        V d_c = k1_c * g_c - rows * (k2_c + k3_c * ((p_c - mean_c) * inverse_c));
        da_f += d_f;
        da_c += d_c;
        REAL *db = d_ab + (size_t)neighbors[e] * 4 * w + 2 * w + f;
        V b_f, b_c;
        load(db, &b_f);
        load(db + w, &b_c);
        b_f += d_f;
        b_c += d_c;
        store(db, &b_f);
        store(db + w, &b_c);
        REAL *dw = d_edge_weights + (size_t)starts[e] * 2 * w + f;
        const REAL *tap = taps + (size_t)e * TAPS;
#pragma clang loop unroll(full)
        for (int t = 0; t < TAPS; t++) {
          V u, v;
          load(dw + (size_t)t * 2 * w, &u);
          load(dw + (size_t)t * 2 * w + w, &v);
          u = tap[t] * d_f + u;
          v = tap[t] * d_c + v;
          store(dw + (size_t)t * 2 * w, &u);
          store(dw + (size_t)t * 2 * w + w, &v);
        }
      }
      store(d_ab + i * 4 * w + f, &da_f);
      store(d_ab + i * 4 * w + w + f, &da_c);
    }
  }
}

// ---- Node kernels ---------------------------------------------------------------------------------------------

// Rows whose single-precision partial sums are added up before they go to double.
#define ROW_BLOCK 16

KERNEL void SUFFIX(sluice_column_statistics)(size_t n, size_t w, const REAL *restrict x,
                                             const REAL *restrict row_weights, double *restrict sum,
                                             double *restrict square) {
  for (size_t f = 0; f < w; f += LANES)
    for (size_t i = 0; i < n; i += ROW_BLOCK) {
      V s = (V)(0), q = (V)(0);
      for (size_t r = i; r < n && r < i + ROW_BLOCK; r++) {
        V value;
        load(x + r * w + f, &value);
        V weighted = weight_of(row_weights, r) * value;
        s += weighted;
        q = weighted * value + q;
      }
      add_double(sum + f, &s);
      add_double(square + f, &q);
    }
}

KERNEL void SUFFIX(sluice_residual_softplus)(size_t n, size_t w, const REAL *v, const REAL *s,
                                             const REAL *restrict scale, const REAL *restrict shift, REAL *out) {
  for (size_t i = 0; i < n; i++)
    for (size_t f = 0; f < w; f += LANES) {
      V a, b, x, y;
      load(scale + f, &a);
      load(shift + f, &b);
      load(v + i * w + f, &x);
      load(s + i * w + f, &y);
      x = x + (y * a + b);
      softplus(&x);
      store(out + i * w + f, &x);
    }
}

KERNEL void SUFFIX(sluice_residual_softplus_backward)(size_t n, size_t w, const REAL *restrict y,
                                                      const REAL *restrict s, const REAL *restrict mean,
                                                      const REAL *restrict inverse_deviation, REAL *restrict g,
                                                      double *restrict sum_g, double *restrict sum_gx) {
  for (size_t f = 0; f < w; f += LANES) {
    V m, d;
    load(mean + f, &m);
    load(inverse_deviation + f, &d);
    for (size_t i = 0; i < n; i += ROW_BLOCK) {
      V total = (V)(0), weighted = (V)(0);
      for (size_t r = i; r < n && r < i + ROW_BLOCK; r++) {
        V value, output, incoming, e;
        load(y + r * w + f, &output);
        load(g + r * w + f, &incoming);
        load(s + r * w + f, &value);
        output = -output;
        vector_exp(&output, &e);
        incoming = incoming * ((V)(1) - e);
        store(g + r * w + f, &incoming);
        total += incoming;
        weighted = incoming * ((value - m) * d) + weighted;
      }
      add_double(sum_g + f, &total);
      add_double(sum_gx + f, &weighted);
    }
  }
}

KERNEL void SUFFIX(sluice_normalization_backward)(size_t n, size_t w, const REAL *restrict g,
                                                  const REAL *restrict s, const REAL *restrict mean,
                                                  const REAL *restrict inverse_deviation,
                                                  const REAL *restrict row_weights, const REAL *restrict k1,
                                                  const REAL *restrict k2, const REAL *restrict k3,
                                                  REAL *restrict out) {
  for (size_t f = 0; f < w; f += LANES) {
    V m, d, a, b, c;
    load(mean + f, &m);
    load(inverse_deviation + f, &d);
    load(k1 + f, &a);
    load(k2 + f, &b);
    load(k3 + f, &c);
    for (size_t i = 0; i < n; i++) {
      V incoming, value;
      load(g + i * w + f, &incoming);
      load(s + i * w + f, &value);
      V result = a * incoming - weight_of(row_weights, i) * (b + c * ((value - m) * d));
      store(out + i * w + f, &result);
    }
  }
}

KERNEL void SUFFIX(sluice_softplus)(size_t count, REAL shift, REAL *x) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    V v;
    load(x + i, &v);
    softplus(&v);
    v -= shift;
    store(x + i, &v);
  }
  if (i < count) {
    V v = (V)(0);
    for (size_t lane = 0; lane < count - i; lane++) v[lane] = x[i + lane];
    softplus(&v);
    v -= shift;
    for (size_t lane = 0; lane < count - i; lane++) x[i + lane] = v[lane];
  }
}

KERNEL void SUFFIX(sluice_softplus_backward)(size_t count, REAL shift, const REAL *y, REAL *g) {
  size_t i = 0;
  for (; i < count; i += LANES) {
    size_t lanes = count - i < LANES ? count - i : LANES;
    V v = (V)(0), e;
    if (lanes == LANES) load(y + i, &v);
    else for (size_t lane = 0; lane < lanes; lane++) v[lane] = y[i + lane];
    v = -(v + shift);
    vector_exp(&v, &e);
    e = (V)(1) - e;
    for (size_t lane = 0; lane < lanes; lane++) g[i + lane] *= e[lane];
  }
}

// ---- Sums and steps -------------------------------------------------------------------------------------------

KERNEL void SUFFIX(sluice_add_rows)(size_t n, size_t w, const REAL *restrict x, size_t stride, REAL *restrict out) {
  size_t f = 0;
  for (; f + LANES <= w; f += LANES) {
    V sum, row;
    load(out + f, &sum);
    for (size_t i = 0; i < n; i++) {
      load(x + i * stride + f, &row);
      sum += row;
    }
    store(out + f, &sum);
  }
  for (; f < w; f++)
    for (size_t i = 0; i < n; i++) out[f] += x[i * stride + f];
}

KERNEL void SUFFIX(sluice_add_to_rows)(size_t n, size_t w, const REAL *restrict vector, REAL *restrict x,
                                       size_t stride) {
  for (size_t i = 0; i < n; i++) {
    size_t f = 0;
    for (; f + LANES <= w; f += LANES) {
      V row, own;
      load(x + i * stride + f, &row);
      load(vector + f, &own);
      row += own;
      store(x + i * stride + f, &row);
    }
    for (; f < w; f++) x[i * stride + f] += vector[f];
  }
}

// Every operation is rounded by itself, so that a step is the same at every level.
ALWAYS void adam_step(const V *gradient, V *value, V *first, V *second, const SUFFIX(sluice_adam) *step) {
#pragma clang fp contract(off)
  V g = *gradient + step->coupled_decay * *value;
  *first = step->beta1 * *first + (1 - step->beta1) * g;
  *second = step->beta2 * *second + (1 - step->beta2) * g * g;
  V denominator = __builtin_elementwise_sqrt(*second) * step->denominator_scale + step->epsilon;
  *value = *value * step->decoupled_factor - step->step_size * *first / denominator;
}

KERNEL void SUFFIX(sluice_adam_step)(size_t count, const SUFFIX(sluice_adam) *step, const REAL *restrict gradient,
                                     REAL *restrict values, REAL *restrict first, REAL *restrict second) {
  V g, v, m, s;
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    load(gradient + i, &g);
    load(values + i, &v);
    load(first + i, &m);
    load(second + i, &s);
    adam_step(&g, &v, &m, &s, step);
    store(values + i, &v);
    store(first + i, &m);
    store(second + i, &s);
  }
  g = v = m = s = (V)(0);
  for (size_t lane = 0; lane < count - i; lane++) {
    g[lane] = gradient[i + lane];
    v[lane] = values[i + lane];
    m[lane] = first[i + lane];
    s[lane] = second[i + lane];
  }
  adam_step(&g, &v, &m, &s, step);
  for (size_t lane = 0; lane < count - i; lane++) {
    values[i + lane] = v[lane];
    first[i + lane] = m[lane];
    second[i + lane] = s[lane];
  }
}
