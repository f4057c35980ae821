// Single precision: sixteen lanes, polynomial exponentials and logarithms accurate to about 2 units in the last place.
#define REAL float
#define SUFFIX(name) name##_f32
#define LANES 16
typedef float V __attribute__((ext_vector_type(16), aligned(4)));
typedef int VI __attribute__((ext_vector_type(16)));

#define ALWAYS static inline __attribute__((always_inline))

// exp(x). Range reduction to |r| <= ln2/2 as in the Cephes library's expf (S. L. Moshier), then 1 + r + r^2 q(r) with the
// q of degree 4 whose largest relative error is least (3e-9); within 0.9 units in the last place in all.
ALWAYS void vector_exp(const V *in, V *out) {
  V x = __builtin_elementwise_min(__builtin_elementwise_max(*in, (V)(-87.0f)), (V)(88.0f));
  const V magic = (V)(12582912.0f);  // 1.5 * 2^23: adding it rounds to the nearest integer
  V shifted = x * 1.44269504088896341f + magic;
  V n = shifted - magic;
  V r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  V p = r * 1.38212170e-3f + 8.36866722e-3f;
  p = p * r + 4.16682586e-2f;
  p = p * r + 1.66665211e-1f;
  p = p * r + 4.99999940e-1f;
  p = p * r + 1.0f;
  union { V v; VI i; } bits = {.v = shifted}, e = {.v = p * r + 1.0f};
  // The low bits of `shifted` hold n, which is added to the exponent.
  e.i += bits.i << 23;
  *out = e.v;
}

// log(1 + f) for sqrt(1/2) <= 1 + f <= sqrt(2), the polynomial of Cephes' logf.
ALWAYS void log_polynomial(const V *in, V *out) {
  V f = *in;
  V z = f * f;
  V y = f * 7.0376836292e-2f - 1.1514610310e-1f;
  y = y * f + 1.1676998740e-1f;
  y = y * f - 1.2420140846e-1f;
  y = y * f + 1.4249322787e-1f;
  y = y * f - 1.6668057665e-1f;
  y = y * f + 2.0000714765e-1f;
  y = y * f - 2.4999993993e-1f;
  y = y * f + 3.3333331174e-1f;
  y = y * f * z - 0.5f * z;
  *out = f + y;
}

// log(1 + t) for 0 <= t <= 1: t + t^2 p(t) with the p of degree 7 whose largest relative error is least (3e-8); within
// 1.4 units in the last place in all.
ALWAYS void vector_log1p(const V *in, V *out) {
  V t = *in;
  V p = t * 5.36542246e-3f - 3.00683007e-2f;
  p = p * t + 7.92088285e-2f;
  p = p * t - 1.37541875e-1f;
  p = p * t + 1.91538483e-1f;
  p = p * t - 2.48572171e-1f;
  p = p * t + 3.33213300e-1f;
  p = p * t - 4.99996483e-1f;
  *out = p * (t * t) + t;
}

// log(u) for 1 <= u < 3e38: exponent and mantissa apart.
ALWAYS void vector_log_above_one(const V *in, V *out) {
  union { V v; VI i; } u = {.v = *in}, m;
  // The mantissa goes to [sqrt(1/2), sqrt(2)): 0x3f3504f3 is sqrt(1/2).
  VI shifted = u.i - 0x3f3504f3;
  VI exponent = shifted >> 23;
  m.i = u.i - (exponent << 23);
  V f = m.v - 1.0f, l;
  log_polynomial(&f, &l);
  V n = __builtin_convertvector(exponent, V);
  *out = l + n * 0.693147180559945f;
}

#include "kernels_body.h"
#include "product_body.h"
#include "edge_kernels_body.h"
#include "filter_kernels_body.h"
#include "edge_gated_kernels_body.h"
#include "message_kernels_body.h"
