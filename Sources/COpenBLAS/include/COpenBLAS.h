// OpenBLAS with the LAPACK within it, loaded when it is first asked for.
//
// The program does not link it: loading would cost every command some 20 ms and a thread a core, and where it cannot be
// loaded the program still runs. Until it is loaded with result 0, no routine may be called.
//
// Every routine returns 0, or where it `is_guarded` the number of the signal (as SIGILL) that ended it. Memory that it had
// in hand is then lost, and it must not be called again.
#ifndef SLUICE_COPENBLAS_H
#define SLUICE_COPENBLAS_H

#ifdef __cplusplus
extern "C" {
#endif

/// Loads the library, and lets it compute on the calling thread alone. 0; -1 where it is not there or lacks a routine, see
/// `sluice_openblas_problem`; or the number of the signal that ended the loading. Not for two threads at once.
int sluice_openblas_load(void);

/// Why the library could not be loaded, in words; empty where it could.
const char *sluice_openblas_problem(void);

/// Name of the processor that its kernels were chosen for.
const char *sluice_openblas_core(void);

#define SLUICE_DECLARE_OPENBLAS(REAL, SUFFIX)                                                                     \
  /* C (n, m; ldc) = [C +] A · B, row-major. A is stored (n, k; lda) or, transposed, (k, n; lda); B (k, m; ldb) or, \
     transposed, (m, k; ldb). */                                                                                  \
  int sluice_openblas_product_##SUFFIX(int is_guarded, int transposes_a, int transposes_b, int n, int m, int k,   \
                                       const REAL *a, int lda, const REAL *b, int ldb, int accumulates, REAL *c,  \
                                       int ldc);                                                                  \
  /* Eigenvalues (n), ascending, of the symmetric matrix whose lower triangle is in a (n, n), row-major; row i of a \
     becomes eigenvector i. work (work_size >= 1 + 6 n + 2 n²), integers (integer_size >= 3 + 5 n). info > 0: not  \
     converged. */                                                                                                \
  int sluice_openblas_eigen_##SUFFIX(int is_guarded, int n, REAL *a, REAL *eigenvalues, REAL *work, int work_size, \
                                     int *integers, int integer_size, int *info);                                 \
  /* L of A = L Lᵀ in place of the lower triangle of a (n, n), row-major. info > 0: the leading minor of that order \
     is not positive. */                                                                                          \
  int sluice_openblas_cholesky_##SUFFIX(int is_guarded, int n, REAL *a, int *info);                               \
  /* x with L Lᵀ x = b in place of each of the rows of b (count, n). */                                           \
  int sluice_openblas_cholesky_solve_##SUFFIX(int is_guarded, int n, int count, const REAL *l, REAL *b, int *info);

SLUICE_DECLARE_OPENBLAS(float, f32)
SLUICE_DECLARE_OPENBLAS(double, f64)

#ifdef __cplusplus
}
#endif
#endif
