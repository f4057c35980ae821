// Double precision: the same kernels over the C library's exp and log1p, for gradient checks and references.
#include <math.h>
#define REAL double
#define SUFFIX(name) name##_f64
#define LANES 8
typedef double V __attribute__((ext_vector_type(8), aligned(8)));
typedef long long VI __attribute__((ext_vector_type(8)));

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void vector_exp(const V *in, V *out) {
  for (int lane = 0; lane < LANES; lane++) (*out)[lane] = exp((*in)[lane]);
}

ALWAYS void vector_log1p(const V *in, V *out) {
  for (int lane = 0; lane < LANES; lane++) (*out)[lane] = log1p((*in)[lane]);
}

ALWAYS void vector_log_above_one(const V *in, V *out) {
  for (int lane = 0; lane < LANES; lane++) (*out)[lane] = log((*in)[lane]);
}

#include "kernels_body.h"
#include "product_body.h"
#include "edge_kernels_body.h"
#include "filter_kernels_body.h"
#include "edge_gated_kernels_body.h"
#include "message_kernels_body.h"
