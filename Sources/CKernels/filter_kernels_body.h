// Kernels of convolutions with continuous filters, written once over REAL and V; included after kernels_body.h.

#define KNOTS SLUICE_KNOTS
// Vectors of channels that are taken at once: their sums stay in registers while a centre's edges are gone through.
#define FILTER_PANEL 4

// One vector of an edge's filter: the KNOTS rows of its table from `rows` on, weighted.
ALWAYS void interpolate(const REAL *weights, const REAL *rows, size_t w, V *filter) {
  V a, b, c, d;
  load(rows, &a);
  load(rows + w, &b);
  load(rows + 2 * w, &c);
  load(rows + 3 * w, &d);
  a = weights[0] * a;
  c = weights[2] * c;
  a = weights[1] * b + a;
  c = weights[3] * d + c;
  *filter = a + c;
}

// Adds x, weighted, to the KNOTS rows from `rows` on: interpolate backward.
ALWAYS void spread(const REAL *weights, const V *x, size_t w, REAL *rows) {
  _Pragma("unroll") for (int t = 0; t < KNOTS; t++) {
    V row;
    load(rows + (size_t)t * w, &row);
    row = weights[t] * *x + row;
    store(rows + (size_t)t * w, &row);
  }
}

#define FILTER_ARGUMENTS                                                                                          \
  size_t n, size_t w, const int32_t *restrict edge_offsets, const int32_t *restrict neighbors,                     \
      const REAL *restrict x, const REAL *restrict weights, const int32_t *restrict starts,                       \
      const REAL *restrict table, const REAL *restrict weights2, const int32_t *restrict starts2,                 \
      const REAL *restrict table2

#define FILTER_NAMES n, w, edge_offsets, neighbors, x, weights, starts, table, weights2, starts2, table2

// The channels f ..< f + vectors * LANES of all centres. `vectors` and `two` are known when this is compiled.
ALWAYS void filter_sums(FILTER_ARGUMENTS, REAL *restrict s, size_t f, const int vectors, const int two) {
  for (size_t i = 0; i < n; i++) {
    V sum[FILTER_PANEL];
    _Pragma("unroll") for (int v = 0; v < vectors; v++) sum[v] = (V)(0);
    for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
      const REAL *rows = table + (size_t)starts[e] * w + f;
      const REAL *other = two ? table2 + (size_t)starts2[e] * w + f : 0;
      const REAL *node = x + (size_t)neighbors[e] * w + f;
      _Pragma("unroll") for (int v = 0; v < vectors; v++) {
        V filter, value;
        interpolate(weights + (size_t)e * KNOTS, rows + v * LANES, w, &filter);
        if (two) {
          V factor;
          interpolate(weights2 + (size_t)e * KNOTS, other + v * LANES, w, &factor);
          filter *= factor;
        }
        load(node + v * LANES, &value);
        sum[v] = value * filter + sum[v];
      }
    }
    _Pragma("unroll") for (int v = 0; v < vectors; v++) store(s + i * w + f + v * LANES, &sum[v]);
  }
}

ALWAYS void filter_sums_backward(FILTER_ARGUMENTS, const REAL *restrict g, REAL *restrict d_x,
                                 REAL *restrict d_table, REAL *restrict d_table2, size_t f, const int vectors,
                                 const int two) {
  for (size_t i = 0; i < n; i++) {
    V incoming[FILTER_PANEL];
    _Pragma("unroll") for (int v = 0; v < vectors; v++) load(g + i * w + f + v * LANES, &incoming[v]);
    for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
      const size_t row = (size_t)starts[e] * w + f, row2 = two ? (size_t)starts2[e] * w + f : 0;
      const size_t node = (size_t)neighbors[e] * w + f;
      const REAL *own = weights + (size_t)e * KNOTS, *own2 = two ? weights2 + (size_t)e * KNOTS : 0;
      _Pragma("unroll") for (int v = 0; v < vectors; v++) {
        V filter, value, gradient;
        interpolate(own, table + row + v * LANES, w, &filter);
        load(x + node + v * LANES, &value);
        value *= incoming[v];
        if (two) {
          V factor, product = value;
          interpolate(own2, table2 + row2 + v * LANES, w, &factor);
          value *= factor;
          product *= filter;
          filter *= factor;
          spread(own2, &product, w, d_table2 + row2 + v * LANES);
        }
        spread(own, &value, w, d_table + row + v * LANES);
        load(d_x + node + v * LANES, &gradient);
        gradient = filter * incoming[v] + gradient;
        store(d_x + node + v * LANES, &gradient);
      }
    }
  }
}

// All channels, FILTER_PANEL vectors at once and then one at a time.
#define FOR_CHANNELS(CALL)                                                                                        \
  size_t f = 0;                                                                                                   \
  for (; f + FILTER_PANEL * LANES <= w; f += FILTER_PANEL * LANES) CALL(FILTER_PANEL)                              \
  for (; f < w; f += LANES) CALL(1)

KERNEL void SUFFIX(sluice_filter_sum)(FILTER_ARGUMENTS, REAL *restrict s) {
#define FORWARD(VECTORS)                                                                                          \
  {                                                                                                               \
    if (table2) filter_sums(FILTER_NAMES, s, f, VECTORS, 1);                                                       \
    else filter_sums(FILTER_NAMES, s, f, VECTORS, 0);                                                              \
  }
  FOR_CHANNELS(FORWARD)
}

KERNEL void SUFFIX(sluice_filter_sum_backward)(FILTER_ARGUMENTS, const REAL *restrict g, REAL *restrict d_x,
                                               REAL *restrict d_table, REAL *restrict d_table2) {
#define BACKWARD(VECTORS)                                                                                         \
  {                                                                                                               \
    if (table2) filter_sums_backward(FILTER_NAMES, g, d_x, d_table, d_table2, f, VECTORS, 1);                      \
    else filter_sums_backward(FILTER_NAMES, g, d_x, d_table, d_table2, f, VECTORS, 0);                             \
  }
  FOR_CHANNELS(BACKWARD)
}
