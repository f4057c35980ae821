// Single precision: sixteen lanes, polynomial exponentials and logarithms accurate to about 2 units in the last place.
#define REAL float
#define SUFFIX(name) name##_f32
#define LANES 16
typedef float V __attribute__((ext_vector_type(16), aligned(4)));
typedef int VI __attribute__((ext_vector_type(16)));

#define ALWAYS static inline __attribute__((always_inline))

// exp(x). Range reduction to |r| <= ln2/2, then the polynomial of the Cephes library's expf (S. L. Moshier).
ALWAYS void vector_exp(const V *in, V *out) {
  V x = __builtin_elementwise_min(__builtin_elementwise_max(*in, (V)(-87.0f)), (V)(88.0f));
  const V magic = (V)(12582912.0f);  // 1.5 * 2^23: adding it rounds to the nearest integer
  V shifted = x * 1.44269504088896341f + magic;
  V n = shifted - magic;
  V r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  V e = p * (r * r) + r + 1.0f;
  union { V v; VI i; } bits = {.v = shifted}, scale;
  // The low bits of `shifted` hold n; 127 + n is the exponent of 2^n.
  scale.i = (bits.i + 127) << 23;
  *out = e * scale.v;
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

// log(1 + t) for 0 <= t <= 1.
ALWAYS void vector_log1p(const V *in, V *out) {
  V t = *in;
  VI large = t > 0.41421356237f;
  V f = large ? (t - 1.0f) * 0.5f : t, l;
  log_polynomial(&f, &l);
  *out = l + (large ? (V)(0.693147180559945f) : (V)(0.0f));
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
