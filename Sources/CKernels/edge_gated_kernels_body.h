// Kernels of edge-gated convolutions, written once over REAL, V and vector_exp; included after kernels_body.h.

// The denominator of the gated mean has this added to it.
#define GATE_EPSILON ((REAL)1e-6)

ALWAYS void sigmoid(const V *x, V *out) {
  V minus = -*x, e;
  vector_exp(&minus, &e);
  *out = (V)(1) / ((V)(1) + e);
}

// The row of an edge vector, or of the angle that it is a function of.
ALWAYS size_t row_of(const int32_t *index, size_t edge) { return index ? (size_t)index[edge] : edge; }

KERNEL void SUFFIX(sluice_edge_gated_mean)(size_t first, size_t last, size_t w, const int32_t *restrict offsets,
                                           const int32_t *restrict sources, const REAL *restrict multiplicities,
                                           const REAL *restrict p, const int32_t *restrict index, const REAL *g,
                                           REAL *m, REAL *restrict v, REAL *restrict denominators) {
  const size_t base = (size_t)offsets[first];
  for (size_t i = first; i < last; i++)
    for (size_t f = 0; f < w; f += LANES) {
      V target, own, above = (V)(0), below = (V)(0);
      load(p + i * 4 * w + 2 * w + f, &target);
      load(p + i * 4 * w + 3 * w + f, &own);
      for (size_t e = (size_t)offsets[i]; e < (size_t)offsets[i + 1]; e++) {
        const REAL *source = p + (size_t)sources[e] * 4 * w + f;
        V x, y, gate;
        load(g + (index ? (size_t)index[e] : e - base) * w + f, &x);
        load(source, &y);
        x = x + (y + target);
        if (m) store(m + (e - base) * w + f, &x);
        sigmoid(&x, &gate);
        load(source + w, &y);
        gate = weight_of(multiplicities, e) * gate;
        above = gate * y + above;
        below += gate;
      }
      below += GATE_EPSILON;
      if (denominators) store(denominators + i * w + f, &below);
      own += above / below;
      store(v + i * w + f, &own);
    }
}

KERNEL void SUFFIX(sluice_residual_silu)(size_t n, size_t w, const REAL *x, const int32_t *restrict index,
                                         const REAL *v, const REAL *restrict scale, const REAL *restrict shift,
                                         REAL *out) {
  for (size_t r = 0; r < n; r++) {
    const REAL *own = x ? x + row_of(index, r) * w : 0;
    for (size_t f = 0; f < w; f += LANES) {
      V a, b, y, gate;
      load(scale + f, &a);
      load(shift + f, &b);
      load(v + r * w + f, &y);
      y = y * a + b;
      sigmoid(&y, &gate);
      y *= gate;
      if (own) {
        load(own + f, &a);
        y += a;
      }
      store(out + r * w + f, &y);
    }
  }
}

KERNEL void SUFFIX(sluice_silu_backward)(size_t n, size_t w, const REAL *restrict v, const REAL *restrict scale,
                                         const REAL *restrict shift, const REAL *restrict mean,
                                         const REAL *restrict inverse_deviation, const REAL *g, REAL *out,
                                         double *restrict sum_g, double *restrict sum_gx) {
  for (size_t f = 0; f < w; f += LANES) {
    V a, b, m, d;
    load(scale + f, &a);
    load(shift + f, &b);
    load(mean + f, &m);
    load(inverse_deviation + f, &d);
    for (size_t i = 0; i < n; i += ROW_BLOCK) {
      V total = (V)(0), weighted = (V)(0);
      for (size_t r = i; r < n && r < i + ROW_BLOCK; r++) {
        V x, incoming, gate;
        load(v + r * w + f, &x);
        load(g + r * w + f, &incoming);
        V y = x * a + b;
        sigmoid(&y, &gate);
        incoming *= gate * ((V)(1) + y * ((V)(1) - gate));
        store(out + r * w + f, &incoming);
        total += incoming;
        weighted = incoming * ((x - m) * d) + weighted;
      }
      add_double(sum_g + f, &total);
      add_double(sum_gx + f, &weighted);
    }
  }
}

KERNEL void SUFFIX(sluice_edge_gated_mean_backward)(
    size_t n, size_t w, const int32_t *restrict offsets, const int32_t *restrict sources,
    const REAL *restrict multiplicities, const REAL *restrict p, const REAL *restrict m, const REAL *restrict v,
    const REAL *restrict denominators, const REAL *restrict gv, int adds, REAL *restrict gm, REAL *restrict gp) {
  for (size_t i = 0; i < n; i++)
    for (size_t f = 0; f < w; f += LANES) {
      V g, b, mean, own, total = (V)(0);
      load(gv + i * w + f, &g);
      load(denominators + i * w + f, &b);
      load(v + i * w + f, &mean);
      load(p + i * 4 * w + 3 * w + f, &own);
      mean -= own;
      const V share = g / b;
      for (size_t e = (size_t)offsets[i]; e < (size_t)offsets[i + 1]; e++) {
        const size_t source = (size_t)sources[e] * 4 * w + f;
        V x, y, gate, value;
        load(m + e * w + f, &x);
        sigmoid(&x, &gate);
        load(p + source + w, &value);
        const V weighted = weight_of(multiplicities, e) * share * gate;
        V slope = weighted * (value - mean) * ((V)(1) - gate);
        if (adds) {
          load(gm + e * w + f, &y);
          slope += y;
        }
        store(gm + e * w + f, &slope);
        total += slope;
        load(gp + source, &y);
        y += slope;
        store(gp + source, &y);
        load(gp + source + w, &y);
        y += weighted;
        store(gp + source + w, &y);
      }
      // The rows of a target are those of a source too, in other columns.
      store(gp + i * 4 * w + 2 * w + f, &total);
      store(gp + i * 4 * w + 3 * w + f, &g);
    }
}

KERNEL void SUFFIX(sluice_scatter_rows)(size_t n, size_t w, const int32_t *restrict index, const REAL *restrict g,
                                        REAL *restrict out) {
  for (size_t r = 0; r < n; r++) {
    REAL *row = out + row_of(index, r) * w;
    for (size_t f = 0; f < w; f += LANES) {
      V x, y;
      load(g + r * w + f, &x);
      load(row + f, &y);
      y += x;
      store(row + f, &y);
    }
  }
}
