#include "CKernelLevels.h"

// As in kernels_body.h: where the kernels have clones. The compiler names them after function, level and rank; under
// another naming these tests do not link.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)

#define DECLARE(NAME, SUFFIX)                                                                                     \
  extern __typeof__(sluice_##NAME##_##SUFFIX) NAME##_##SUFFIX##_v4                                                 \
      __asm__("sluice_" #NAME "_" #SUFFIX ".arch_x86-64-v4.0");                                                    \
  extern __typeof__(sluice_##NAME##_##SUFFIX) NAME##_##SUFFIX##_v3                                                 \
      __asm__("sluice_" #NAME "_" #SUFFIX ".arch_x86-64-v3.1");                                                    \
  extern __typeof__(sluice_##NAME##_##SUFFIX) NAME##_##SUFFIX##_default                                            \
      __asm__("sluice_" #NAME "_" #SUFFIX ".default.2");
SLUICE_KERNELS(DECLARE, f32)
SLUICE_KERNELS(DECLARE, f64)

#define V4(NAME, SUFFIX) .NAME = NAME##_##SUFFIX##_v4,
#define V3(NAME, SUFFIX) .NAME = NAME##_##SUFFIX##_v3,
#define DEFAULT(NAME, SUFFIX) .NAME = NAME##_##SUFFIX##_default,

int sluice_level_is_supported(sluice_level level) {
  __builtin_cpu_init();
  switch (level) {
    case sluice_level_v4: return __builtin_cpu_supports("x86-64-v4") != 0;
    case sluice_level_v3: return __builtin_cpu_supports("x86-64-v3") != 0;
    default: return 1;
  }
}

#define CHOOSE(SUFFIX)                                                                                            \
  sluice_kernels_##SUFFIX sluice_level_##SUFFIX(sluice_level level) {                                              \
    switch (level) {                                                                                              \
      case sluice_level_v4: return (sluice_kernels_##SUFFIX){SLUICE_KERNELS(V4, SUFFIX)};                          \
      case sluice_level_v3: return (sluice_kernels_##SUFFIX){SLUICE_KERNELS(V3, SUFFIX)};                          \
      default: return (sluice_kernels_##SUFFIX){SLUICE_KERNELS(DEFAULT, SUFFIX)};                                  \
    }                                                                                                             \
  }

#else

#define ONLY(NAME, SUFFIX) .NAME = sluice_##NAME##_##SUFFIX,

int sluice_level_is_supported(sluice_level level) { return level == sluice_level_default; }

#define CHOOSE(SUFFIX)                                                                                            \
  sluice_kernels_##SUFFIX sluice_level_##SUFFIX(sluice_level level) {                                              \
    return (sluice_kernels_##SUFFIX){SLUICE_KERNELS(ONLY, SUFFIX)};                                                \
  }

#endif

CHOOSE(f32)
CHOOSE(f64)
