// Kernels of networks with a vector per edge and with three-body terms, written once over REAL, V, vector_exp,
// vector_log1p and vector_log_above_one; included after kernels_body.h.

KERNEL void SUFFIX(sluice_edge_assemble)(size_t n, size_t w, const int32_t *restrict edge_offsets,
                                         const int32_t *restrict neighbors, const REAL *restrict center,
                                         size_t center_stride, const REAL *restrict neighbor,
                                         size_t neighbor_stride, REAL *restrict p) {
  for (size_t i = 0; i < n; i++)
    for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
      const REAL *b = neighbor + (size_t)neighbors[e] * neighbor_stride;
      REAL *row = p + (size_t)e * w;
      for (size_t f = 0; f < w; f += LANES) {
        V x, y;
        load(row + f, &x);
        load(b + f, &y);
        x += y;
        if (center) {
          load(center + i * center_stride + f, &y);
          x += y;
        }
        store(row + f, &x);
      }
    }
}

KERNEL void SUFFIX(sluice_edge_scatter)(size_t n, size_t w, const int32_t *restrict edge_offsets,
                                        const int32_t *restrict neighbors, const REAL *restrict p,
                                        REAL *restrict center, size_t center_stride, REAL *restrict neighbor,
                                        size_t neighbor_stride) {
  for (size_t i = 0; i < n; i++)
    for (size_t f = 0; f < w; f += LANES) {
      V total = (V)(0);
      for (int32_t e = edge_offsets[i]; e < edge_offsets[i + 1]; e++) {
        REAL *b = neighbor + (size_t)neighbors[e] * neighbor_stride + f;
        V x, y;
        load(p + (size_t)e * w + f, &x);
        load(b, &y);
        y += x;
        store(b, &y);
        total += x;
      }
      if (center) store(center + i * center_stride + f, &total);
    }
}

// The channel blocks of a row of o = 2d + 2e gates: `f` and `c` are the offsets of a block's filter and core.
#define FOR_NODE_BLOCKS(f, c) for (size_t f = 0, c = d; f < d; f += LANES, c += LANES)
#define FOR_EDGE_BLOCKS(f, c, k) \
  for (size_t k = 0, f = 2 * d, c = 2 * d + e; k < e; k += LANES, f += LANES, c += LANES)

#define LOAD_AFFINE(f, c)                       \
  V scale_f, scale_c, shift_f, shift_c;         \
  load(scale + (f), &scale_f);                  \
  load(scale + (c), &scale_c);                  \
  load(shift + (f), &shift_f);                  \
  load(shift + (c), &shift_c);

#define LOAD_GATE_INPUT(j, f, c, x, y)          \
  V x, y;                                       \
  load(p + (size_t)(j) * o + (f), &x);          \
  load(p + (size_t)(j) * o + (c), &y);          \
  x = x * scale_f + shift_f;                    \
  y = y * scale_c + shift_c;

// One gate of edge j's row, from filter f and core c. Where `neighbor` is given its row and the centre's are added first,
// as sluice_edge_assemble does.
ALWAYS void pair_message(const REAL *row, const REAL *center, const REAL *neighbor, size_t f, size_t c,
                         const REAL *scale, const REAL *shift, V *message) {
  LOAD_AFFINE(f, c)
  V x, y;
  load(row + f, &x);
  load(row + c, &y);
  if (neighbor) {
    V other;
    load(neighbor + f, &other);
    x += other;
    load(neighbor + c, &other);
    y += other;
    load(center + f, &other);
    x += other;
    load(center + c, &other);
    y += other;
  }
  x = x * scale_f + shift_f;
  y = y * scale_c + shift_c;
  gate(&x, &y, message);
}

KERNEL void SUFFIX(sluice_pair_gate)(size_t n, size_t d, size_t e, const int32_t *restrict edge_offsets,
                                     const int32_t *restrict neighbors, const int32_t *restrict kinds,
                                     const REAL *restrict multiplicities, const REAL *restrict p,
                                     const REAL *restrict center, const REAL *restrict neighbor, size_t stride,
                                     const REAL *restrict scale, const REAL *restrict shift, REAL *restrict s,
                                     REAL *restrict u) {
  const size_t o = 2 * (d + e);
  for (size_t i = 0; i < n; i++) {
    REAL *restrict sums = s + i * d;
    memset(sums, 0, d * sizeof(REAL));
    // A row is read once and in order: rows of many edges do not stay in a core's cache.
    for (int32_t j = edge_offsets[i]; j < edge_offsets[i + 1]; j++) {
      const REAL *row = p + (size_t)(kinds ? kinds[j] : j) * o;
      const REAL *own = center + i * stride;
      const REAL *other = neighbor ? neighbor + (size_t)neighbors[j] * stride : neighbor;
      const REAL weight = weight_of(multiplicities, (size_t)j);
      FOR_NODE_BLOCKS(f, c) {
        V message, sum;
        pair_message(row, own, other, f, c, scale, shift, &message);
        load(sums + f, &sum);
        sum = weight * message + sum;
        store(sums + f, &sum);
      }
      FOR_EDGE_BLOCKS(f, c, k) {
        V message;
        pair_message(row, own, other, f, c, scale, shift, &message);
        store(u + (size_t)j * e + k, &message);
      }
    }
  }
}

KERNEL void SUFFIX(sluice_pair_gate_backward)(size_t n, size_t d, size_t e, const int32_t *restrict edge_offsets,
                                              const REAL *restrict multiplicities, const REAL *restrict p, const REAL *restrict scale,
                                              const REAL *restrict shift, const REAL *restrict gs,
                                              const REAL *restrict gu, REAL *restrict g) {
  const size_t o = 2 * (d + e);
  FOR_NODE_BLOCKS(f, c) {
    LOAD_AFFINE(f, c)
    for (size_t i = 0; i < n; i++) {
      V incoming;
      load(gs + i * d + f, &incoming);
      for (int32_t j = edge_offsets[i]; j < edge_offsets[i + 1]; j++) {
        LOAD_GATE_INPUT(j, f, c, x, y)
        V gx, gy, weighted = weight_of(multiplicities, (size_t)j) * incoming;
        gate_backward(&x, &y, &weighted, &gx, &gy);
        store(g + (size_t)j * o + f, &gx);
        store(g + (size_t)j * o + c, &gy);
      }
    }
  }
  FOR_EDGE_BLOCKS(f, c, k) {
    LOAD_AFFINE(f, c)
    for (int32_t j = 0; j < edge_offsets[n]; j++) {
      V incoming, gx, gy;
      load(gu + (size_t)j * e + k, &incoming);
      LOAD_GATE_INPUT(j, f, c, x, y)
      gate_backward(&x, &y, &incoming, &gx, &gy);
      store(g + (size_t)j * o + f, &gx);
      store(g + (size_t)j * o + c, &gy);
    }
  }
}

// ---- Triplets -------------------------------------------------------------------------------------------------

// Edges of one centre whose exponentials are held; centres with more take the direct way.
#define MOST_EDGES 96
// exp(p) exp(q) stays in range, and is as good as exp(p + q), for exponents up to this.
#define LARGEST_EXPONENT 40

// The exponentials of one channel block of one centre's edges: with them sigmoid(p + q) = 1 / (1 + e^-p e^-q) and
// softplus(p + q) = log(1 + e^p e^q) need no exponential per triplet.
typedef struct {
  V filter_p[MOST_EDGES], filter_q[MOST_EDGES], core_p[MOST_EDGES], core_q[MOST_EDGES];
} SUFFIX(Exponentials);

// Fills the exponentials; 0 where there are too many edges or an exponent is too large.
ALWAYS int exponentials(int32_t first, int32_t count, size_t o, size_t f, size_t c, const REAL *p, const REAL *q,
                        const V *scale_f, const V *scale_c, const V *shift_f, const V *shift_c,
                        SUFFIX(Exponentials) *x) {
  if (count > MOST_EDGES) return 0;
  V largest = (V)(0);
  for (int32_t j = 0; j < count; j++) {
    const size_t row = (size_t)(first + j) * o;
    V pf, pc, qf, qc;
    load(p + row + f, &pf);
    load(p + row + c, &pc);
    load(q + row + f, &qf);
    load(q + row + c, &qc);
    pf = -(pf * *scale_f + *shift_f);
    pc = pc * *scale_c + *shift_c;
    qf = -(qf * *scale_f);
    qc = qc * *scale_c;
    largest = __builtin_elementwise_max(largest, __builtin_elementwise_abs(pf));
    largest = __builtin_elementwise_max(largest, __builtin_elementwise_abs(pc));
    largest = __builtin_elementwise_max(largest, __builtin_elementwise_abs(qf));
    largest = __builtin_elementwise_max(largest, __builtin_elementwise_abs(qc));
    vector_exp(&pf, &x->filter_p[j]);
    vector_exp(&pc, &x->core_p[j]);
    vector_exp(&qf, &x->filter_q[j]);
    vector_exp(&qc, &x->core_q[j]);
  }
  for (int lane = 0; lane < LANES; lane++)
    if (!(largest[lane] <= LARGEST_EXPONENT)) return 0;
  return 1;
}

// Adds the message of one triplet `weight` times, from its exponentials. Vectors go by pointer: by value their ABI
// would depend on the processor.
ALWAYS void separable_gate(const SUFFIX(Exponentials) *x, int32_t j, int32_t l, REAL weight, V *total) {
  V u = x->core_p[j] * x->core_q[l] + (V)(1), logarithm;
  vector_log_above_one(&u, &logarithm);
  *total += weight * logarithm / (x->filter_p[j] * x->filter_q[l] + (V)(1));
}

// How many of the edges that edge l stands for make a triplet with one of those that edge j stands for: all but the
// edge itself.
ALWAYS REAL partners(const REAL *multiplicities, int32_t first, int32_t j, int32_t l) {
  return weight_of(multiplicities, (size_t)(first + l)) - (REAL)(j == l);
}

// Edges of a centre, each as often as it counts.
ALWAYS REAL total_weight(const REAL *multiplicities, int32_t first, int32_t count) {
  if (!multiplicities) return (REAL)count;
  REAL total = 0;
  for (int32_t j = 0; j < count; j++) total += multiplicities[first + j];
  return total;
}

// Adds the message of one triplet `weight` times, by the direct way.
ALWAYS void direct_gate(int32_t j, int32_t l, REAL weight, size_t o, size_t f, size_t c, const REAL *p, const REAL *q,
                        const V *scale_f, const V *scale_c, const V *shift_f, const V *shift_c, V *total) {
  V pf, pc, qf, qc, message;
  load(p + (size_t)j * o + f, &pf);
  load(p + (size_t)j * o + c, &pc);
  load(q + (size_t)l * o + f, &qf);
  load(q + (size_t)l * o + c, &qc);
  pf = (pf + qf) * *scale_f + *shift_f;
  pc = (pc + qc) * *scale_c + *shift_c;
  gate(&pf, &pc, &message);
  *total = weight * message + *total;
}

// Sum over the other edges l of the messages of edge j; `first` and `count` are the centre's edges, j counts within
// them.
#define TRIPLET_SUM(j)                                                                                         \
  V total = (V)(0);                                                                                            \
  for (int32_t l = 0; l < count; l++) {                                                                        \
    const REAL weight = partners(multiplicities, first, (j), l);                                               \
    if (weight == 0) continue;                                                                                 \
    if (separable)                                                                                             \
      separable_gate(&x, (j), l, weight, &total);                                                              \
    else                                                                                                       \
      direct_gate(first + (j), first + l, weight, o, f, c, p, q, &scale_f, &scale_c, &shift_f, &shift_c,       \
                  &total);                                                                                     \
  }

KERNEL void SUFFIX(sluice_triplet_gate)(size_t n, size_t d, size_t e, const int32_t *restrict edge_offsets,
                                        const REAL *restrict multiplicities, const REAL *restrict p, const REAL *restrict q, const REAL *restrict scale,
                                        const REAL *restrict shift, int normalize, REAL *restrict s,
                                        REAL *restrict u) {
  const size_t o = 2 * (d + e);
  SUFFIX(Exponentials) x;
  for (size_t i = 0; i < n; i++) {
    const int32_t first = edge_offsets[i], count = edge_offsets[i + 1] - first;
    const REAL others = total_weight(multiplicities, first, count) - 1;
    if (others < 1) continue;
    const REAL factor = normalize ? 1 / others : (REAL)1;
    FOR_NODE_BLOCKS(f, c) {
      LOAD_AFFINE(f, c)
      const int separable =
          exponentials(first, count, o, f, c, p, q, &scale_f, &scale_c, &shift_f, &shift_c, &x);
      V sum;
      load(s + i * d + f, &sum);
      for (int32_t j = 0; j < count; j++) {
        TRIPLET_SUM(j)
        sum = factor * weight_of(multiplicities, (size_t)(first + j)) * total + sum;
      }
      store(s + i * d + f, &sum);
    }
    FOR_EDGE_BLOCKS(f, c, k) {
      LOAD_AFFINE(f, c)
      const int separable =
          exponentials(first, count, o, f, c, p, q, &scale_f, &scale_c, &shift_f, &shift_c, &x);
      for (int32_t j = 0; j < count; j++) {
        V sum;
        load(u + (size_t)(first + j) * e + k, &sum);
        TRIPLET_SUM(j)
        sum = factor * total + sum;
        store(u + (size_t)(first + j) * e + k, &sum);
      }
    }
  }
}

// Gradient of one triplet's message with respect to t, times `incoming` and `weight`, added to both edges.
ALWAYS void triplet_backward(int separable, REAL weight, const SUFFIX(Exponentials) *x, int32_t first, int32_t j,
                                     int32_t l, size_t o, size_t f, size_t c, const REAL *p, const REAL *q,
                                     const V *scale_f, const V *scale_c, const V *shift_f, const V *shift_c,
                                     const V *incoming, V *gpf, V *gpc, REAL *gq) {
  V gx, gy;
  if (separable) {
    V e_core = x->core_p[j] * x->core_q[l], e_filter = x->filter_p[j] * x->filter_q[l];
    V u = e_core + (V)(1), logarithm;
    vector_log_above_one(&u, &logarithm);
    V filter = (V)(1) / (e_filter + (V)(1));
    V scaled = weight * *incoming * filter;
    // 1 - sigmoid = e^-t * sigmoid, without cancellation.
    gx = scaled * logarithm * (e_filter * filter);
    gy = scaled * (e_core / u);
  } else {
    V pf, pc, qf, qc;
    load(p + (size_t)(first + j) * o + f, &pf);
    load(p + (size_t)(first + j) * o + c, &pc);
    load(q + (size_t)(first + l) * o + f, &qf);
    load(q + (size_t)(first + l) * o + c, &qc);
    pf = (pf + qf) * *scale_f + *shift_f;
    pc = (pc + qc) * *scale_c + *shift_c;
    V weighted = weight * *incoming;
    gate_backward(&pf, &pc, &weighted, &gx, &gy);
  }
  *gpf += gx;
  *gpc += gy;
  REAL *row = gq + (size_t)(first + l) * o;
  V qf, qc;
  load(row + f, &qf);
  load(row + c, &qc);
  qf += gx;
  qc += gy;
  store(row + f, &qf);
  store(row + c, &qc);
}

#define TRIPLET_BACKWARD_ROW(j)                                                                                \
  V gpf = (V)(0), gpc = (V)(0);                                                                                \
  for (int32_t l = 0; l < count; l++) {                                                                        \
    const REAL weight = partners(multiplicities, first, (j), l);                                               \
    if (weight == 0) continue;                                                                                 \
    triplet_backward(separable, weight, &x, first, (j), l, o, f, c, p, q, &scale_f, &scale_c, &shift_f,        \
                     &shift_c, &incoming, &gpf, &gpc, gq);                                                     \
  }                                                                                                            \
  store(gp + (size_t)(first + (j)) * o + f, &gpf);                                                             \
  store(gp + (size_t)(first + (j)) * o + c, &gpc);

KERNEL void SUFFIX(sluice_triplet_gate_backward)(size_t n, size_t d, size_t e,
                                                 const int32_t *restrict edge_offsets,
                                                 const REAL *restrict multiplicities, const REAL *restrict p,
                                                 const REAL *restrict q, const REAL *restrict scale,
                                                 const REAL *restrict shift, int normalize,
                                                 const REAL *restrict gs, const REAL *restrict gu,
                                                 REAL *restrict gp, REAL *restrict gq) {
  const size_t o = 2 * (d + e);
  SUFFIX(Exponentials) x;
  memset(gq, 0, (size_t)edge_offsets[n] * o * sizeof(REAL));
  for (size_t i = 0; i < n; i++) {
    const int32_t first = edge_offsets[i], count = edge_offsets[i + 1] - first;
    const REAL others = total_weight(multiplicities, first, count) - 1;
    const REAL factor = normalize && others >= 1 ? 1 / others : (REAL)1;
    FOR_NODE_BLOCKS(f, c) {
      LOAD_AFFINE(f, c)
      const int separable =
          exponentials(first, count, o, f, c, p, q, &scale_f, &scale_c, &shift_f, &shift_c, &x);
      V whole;
      load(gs + i * d + f, &whole);
      for (int32_t j = 0; j < count; j++) {
        V incoming = factor * weight_of(multiplicities, (size_t)(first + j)) * whole;
        TRIPLET_BACKWARD_ROW(j)
      }
    }
    FOR_EDGE_BLOCKS(f, c, k) {
      LOAD_AFFINE(f, c)
      const int separable =
          exponentials(first, count, o, f, c, p, q, &scale_f, &scale_c, &shift_f, &shift_c, &x);
      for (int32_t j = 0; j < count; j++) {
        V incoming;
        load(gu + (size_t)(first + j) * e + k, &incoming);
        incoming *= factor;
        TRIPLET_BACKWARD_ROW(j)
      }
    }
  }
}

// With P, Q the sums over the m edges of a centre: the sum over j != l of p_j + q_l is (m - 1)(P + Q), that of its
// square (m - 1)(sum p^2 + sum q^2) + 2 (P Q - sum p q). Edges and centres count as often as their weights say.
KERNEL void SUFFIX(sluice_triplet_statistics)(size_t n, size_t w, const int32_t *restrict edge_offsets,
                                              const REAL *restrict multiplicities,
                                              const REAL *restrict center_weights, const REAL *restrict p,
                                              const REAL *restrict q, double *restrict sum,
                                              double *restrict square) {
  for (size_t f = 0; f < w; f += LANES)
    for (size_t i = 0; i < n; i++) {
      V sp = (V)(0), sq = (V)(0), squares = (V)(0), products = (V)(0);
      const int32_t first = edge_offsets[i];
      const REAL others = total_weight(multiplicities, first, edge_offsets[i + 1] - first) - 1;
      if (others < 1) continue;
      for (int32_t j = edge_offsets[i]; j < edge_offsets[i + 1]; j++) {
        V a, b;
        load(p + (size_t)j * w + f, &a);
        load(q + (size_t)j * w + f, &b);
        const REAL weight = weight_of(multiplicities, (size_t)j);
        sp = weight * a + sp;
        sq = weight * b + sq;
        squares = weight * (a * a + b * b) + squares;
        products = weight * a * b + products;
      }
      const REAL centers = weight_of(center_weights, i);
      V linear = centers * others * (sp + sq);
      V quadratic = centers * (others * squares + (REAL)2 * (sp * sq - products));
      add_double(sum + f, &linear);
      add_double(square + f, &quadratic);
    }
}

KERNEL void SUFFIX(sluice_column_products)(size_t n, size_t w, const REAL *restrict x, const REAL *restrict g,
                                           double *restrict sum_g, double *restrict sum_gx) {
  for (size_t f = 0; f < w; f += LANES)
    for (size_t i = 0; i < n; i += ROW_BLOCK) {
      V s = (V)(0), products = (V)(0);
      for (size_t r = i; r < n && r < i + ROW_BLOCK; r++) {
        V a, b;
        load(x + r * w + f, &a);
        load(g + r * w + f, &b);
        s += b;
        products = a * b + products;
      }
      add_double(sum_g + f, &s);
      add_double(sum_gx + f, &products);
    }
}

// Summed over l, dL/dt = k1 g - k2 - k3 (t - mean) / deviation becomes dL/dp_j; the sum of t is (m - 1) p_j + Q - q_j.
KERNEL void SUFFIX(sluice_triplet_normalization_backward)(
    size_t n, size_t w, const int32_t *restrict edge_offsets, const REAL *restrict multiplicities,
    const REAL *restrict center_weights, const REAL *restrict p, const REAL *restrict q,
    const REAL *restrict mean, const REAL *restrict inverse_deviation, const REAL *restrict k1,
    const REAL *restrict k2, const REAL *restrict k3, REAL *restrict gp, REAL *restrict gq) {
  for (size_t f = 0; f < w; f += LANES) {
    V m, inverse, a, b, c;
    load(mean + f, &m);
    load(inverse_deviation + f, &inverse);
    load(k1 + f, &a);
    load(k2 + f, &b);
    load(k3 + f, &c);
    c *= inverse;
    for (size_t i = 0; i < n; i++) {
      const int32_t first = edge_offsets[i], last = edge_offsets[i + 1];
      // A lone edge has no triplet, so no gradient.
      const REAL others = total_weight(multiplicities, first, last - first) - 1;
      V sp = (V)(0), sq = (V)(0);
      for (int32_t j = first; j < last; j++) {
        const REAL weight = weight_of(multiplicities, (size_t)j);
        V x;
        load(p + (size_t)j * w + f, &x);
        sp = weight * x + sp;
        load(q + (size_t)j * w + f, &x);
        sq = weight * x + sq;
      }
      for (int32_t j = first; j < last; j++) {
        V x, y, g, h;
        load(p + (size_t)j * w + f, &x);
        load(q + (size_t)j * w + f, &y);
        load(gp + (size_t)j * w + f, &g);
        load(gq + (size_t)j * w + f, &h);
        const REAL rows = weight_of(center_weights, i) * weight_of(multiplicities, (size_t)j);
        V constant = others * b + c * (-others * m);
        g = a * g - rows * (constant + c * (others * x + sq - y));
        h = a * h - rows * (constant + c * (others * y + sp - x));
        store(gp + (size_t)j * w + f, &g);
        store(gq + (size_t)j * w + f, &h);
      }
    }
  }
}
