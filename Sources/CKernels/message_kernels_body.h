// Kernels of networks whose messages go through layers of their own, written once over REAL, V and vector_exp; included
// after edge_gated_kernels_body.h.

// The `lanes` numbers from `x` on; zeros behind them.
ALWAYS void load_some(const REAL *x, size_t lanes, V *v) {
  if (lanes == LANES) {
    load(x, v);
    return;
  }
  *v = (V)(0);
  for (size_t lane = 0; lane < lanes; lane++) (*v)[lane] = x[lane];
}

ALWAYS void store_some(REAL *x, size_t lanes, const V *v) {
  if (lanes == LANES) {
    store(x, v);
    return;
  }
  for (size_t lane = 0; lane < lanes; lane++) x[lane] = (*v)[lane];
}

KERNEL void SUFFIX(sluice_silu)(size_t count, const REAL *x, REAL *y) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t lanes = count - i < LANES ? count - i : LANES;
    V v, gate;
    load_some(x + i, lanes, &v);
    sigmoid(&v, &gate);
    v *= gate;
    store_some(y + i, lanes, &v);
  }
}

KERNEL void SUFFIX(sluice_silu_slope)(size_t count, const REAL *restrict x, REAL *restrict g) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t lanes = count - i < LANES ? count - i : LANES;
    V v, gate, slope;
    load_some(x + i, lanes, &v);
    load_some(g + i, lanes, &slope);
    sigmoid(&v, &gate);
    slope *= gate * ((V)(1) + v * ((V)(1) - gate));
    store_some(g + i, lanes, &slope);
  }
}

KERNEL void SUFFIX(sluice_edge_sum)(size_t n, size_t w, const int32_t *restrict edge_offsets,
                                    const REAL *restrict weights, const REAL *restrict x, REAL *restrict s) {
  for (size_t i = 0; i < n; i++)
    for (size_t f = 0; f < w; f += LANES) {
      V total = (V)(0);
      for (size_t e = (size_t)edge_offsets[i]; e < (size_t)edge_offsets[i + 1]; e++) {
        V row;
        load(x + e * w + f, &row);
        total = weight_of(weights, e) * row + total;
      }
      store(s + i * w + f, &total);
    }
}

KERNEL void SUFFIX(sluice_edge_sum_backward)(size_t n, size_t w, const int32_t *restrict edge_offsets,
                                             const REAL *restrict weights, const REAL *restrict g, int adds,
                                             REAL *restrict out) {
  for (size_t i = 0; i < n; i++)
    for (size_t e = (size_t)edge_offsets[i]; e < (size_t)edge_offsets[i + 1]; e++)
      for (size_t f = 0; f < w; f += LANES) {
        V slope, own = (V)(0);
        load(g + i * w + f, &slope);
        if (adds) load(out + e * w + f, &own);
        own = weight_of(weights, e) * slope + own;
        store(out + e * w + f, &own);
      }
}
