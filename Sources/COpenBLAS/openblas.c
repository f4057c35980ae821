#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

// ---- Calls that a signal may end ----------------------------------------------------------------------------------

static const int watched[] = {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { watched_count = sizeof watched / sizeof *watched };
static struct sigaction before[watched_count];
// One guarded call at a time.
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local sigjmp_buf *way_back;

static void end_of_call(int number) {
  if (way_back) siglongjmp(*way_back, number);
  // Another thread's: as if nobody had watched.
  for (int index = 0; index < watched_count; index++)
    if (watched[index] == number) sigaction(number, &before[index], NULL);
  raise(number);
}

static void watch(void) {
  pthread_mutex_lock(&guard);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = end_of_call;
  action.sa_flags = SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int index = 0; index < watched_count; index++) sigaction(watched[index], &action, &before[index]);
}

static void stop_watching(void) {
  way_back = NULL;
  for (int index = 0; index < watched_count; index++) sigaction(watched[index], &before[index], NULL);
  pthread_mutex_unlock(&guard);
}

// Carries out CALL and returns 0, or the signal that ended it.
#define GUARDED(CALL)                                                                                             \
  {                                                                                                               \
    sigjmp_buf here;                                                                                              \
    watch();                                                                                                      \
    int number = sigsetjmp(here, 1);                                                                              \
    if (number == 0) {                                                                                            \
      way_back = &here;                                                                                           \
      CALL;                                                                                                       \
    }                                                                                                             \
    stop_watching();                                                                                              \
    return number;                                                                                                \
  }

#define MAYBE_GUARDED(CALL)                                                                                       \
  {                                                                                                               \
    if (is_guarded) GUARDED(CALL)                                                                                 \
    CALL;                                                                                                         \
    return 0;                                                                                                     \
  }

// ---- The library --------------------------------------------------------------------------------------------------

// From the interfaces of CBLAS and of LAPACK with 32-bit integers. Fortran routines take the lengths of their texts at
// the end.
enum { row_major = 101, as_stored = 111, transposed = 112 };

#define DECLARE_ROUTINES(REAL, SUFFIX)                                                                            \
  static void (*gemm_##SUFFIX)(int, int, int, int, int, int, REAL, const REAL *, int, const REAL *, int, REAL,     \
                               REAL *, int);                                                                      \
  static void (*syevd_##SUFFIX)(const char *, const char *, const int *, REAL *, const int *, REAL *, REAL *,      \
                                const int *, int *, const int *, int *, size_t, size_t);                          \
  static void (*potrf_##SUFFIX)(const char *, const int *, REAL *, const int *, int *, size_t);                    \
  static void (*potrs_##SUFFIX)(const char *, const int *, const int *, const REAL *, const int *, REAL *,         \
                                const int *, int *, size_t);
DECLARE_ROUTINES(float, f32)
DECLARE_ROUTINES(double, f64)
static char *(*core_name)(void);
static void (*set_thread_count)(int);

static char problem[512];

const char *sluice_openblas_problem(void) { return problem; }
const char *sluice_openblas_core(void) { return core_name(); }

static void describe(const char *fallback) {
  const char *text = dlerror();
  snprintf(problem, sizeof problem, "%s", text ? text : fallback);
}

static int load(void) {
  static const struct {
    const char *name;
    void *routine;
  } routines[] = {
      {"cblas_sgemm", &gemm_f32},          {"cblas_dgemm", &gemm_f64},
      {"ssyevd_", &syevd_f32},             {"dsyevd_", &syevd_f64},
      {"spotrf_", &potrf_f32},             {"dpotrf_", &potrf_f64},
      {"spotrs_", &potrs_f32},             {"dpotrs_", &potrs_f64},
      {"openblas_get_corename", &core_name}, {"openblas_set_num_threads", &set_thread_count},
  };
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    describe("libopenblas.so.0 cannot be loaded");
    return -1;
  }
  for (size_t index = 0; index < sizeof routines / sizeof *routines; index++) {
    void *routine = dlsym(library, routines[index].name);
    if (!routine) {
      describe(routines[index].name);
      return -1;
    }
    memcpy(routines[index].routine, &routine, sizeof routine);
  }
  // Whoever calls has threads of its own.
  set_thread_count(1);
  return 0;
}

static volatile int load_result;

static int guarded_load(void) GUARDED(load_result = load())

int sluice_openblas_load(void) {
  int number = guarded_load();
  return number ? number : load_result;
}

#define DEFINE_OPENBLAS(REAL, SUFFIX)                                                                             \
  int sluice_openblas_product_##SUFFIX(int is_guarded, int transposes_a, int transposes_b, int n, int m, int k,   \
                                       const REAL *a, int lda, const REAL *b, int ldb, int accumulates, REAL *c,  \
                                       int ldc)                                                                   \
      MAYBE_GUARDED(gemm_##SUFFIX(row_major, transposes_a ? transposed : as_stored,                                \
                                  transposes_b ? transposed : as_stored, n, m, k, 1, a, lda, b, ldb,               \
                                  accumulates ? 1 : 0, c, ldc))                                                   \
  /* LAPACK goes by columns: the lower triangle by rows is the upper one by columns. */                           \
  int sluice_openblas_eigen_##SUFFIX(int is_guarded, int n, REAL *a, REAL *eigenvalues, REAL *work, int work_size, \
                                     int *integers, int integer_size, int *info)                                  \
      MAYBE_GUARDED(syevd_##SUFFIX("V", "U", &n, a, &n, eigenvalues, work, &work_size, integers, &integer_size,     \
                                   info, 1, 1))                                                                   \
  int sluice_openblas_cholesky_##SUFFIX(int is_guarded, int n, REAL *a, int *info)                                \
      MAYBE_GUARDED(potrf_##SUFFIX("U", &n, a, &n, info, 1))                                                       \
  int sluice_openblas_cholesky_solve_##SUFFIX(int is_guarded, int n, int count, const REAL *l, REAL *b, int *info) \
      MAYBE_GUARDED(potrs_##SUFFIX("U", &n, &count, l, &n, b, &n, info, 1))

DEFINE_OPENBLAS(float, f32)
DEFINE_OPENBLAS(double, f64)
