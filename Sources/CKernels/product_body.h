// The matrix product, written once over REAL and V; included after kernels_body.h.

// A tile of C is held in registers: ROWS rows of VECTORS vectors, as many as each level's registers take. Columns of B are
// copied PANEL rows at once to where they lie side by side: a row of B is often a multiple of 1 KB, and rows that far
// apart push each other out of the cache. Few rows do not repay the copy, and columns that lie so already need none. Every sum runs over k in order, whatever the
// tile, so a row's result depends neither on the rows beside it nor on the level's tile.
#define PANEL 128
#define FEW_ROWS 64
// So many numbers of A are gone through for one panel after the other: they stay in a core's second cache.
#define BLOCK 32768
// A multiple of every level's ROWS.
#define LEAST_ROWS 48

#define PRODUCT_PARAMETERS                                                                                        \
  size_t n, size_t m, size_t k, const REAL *restrict a, size_t a_row, size_t a_column, const REAL *restrict b,     \
      size_t ldb, const REAL *restrict bias, REAL *restrict c, size_t ldc, int accumulate
#define PRODUCT_ARGUMENTS n, m, k, a, a_row, a_column, b, ldb, bias, c, ldc, accumulate

// Starts the sums of ROWS rows and VECTORS vectors of columns, runs over a panel, and stores them.
#define PRODUCT_TILE(ROWS, VECTORS)                                                                               \
  {                                                                                                               \
    V sum[ROWS][VECTORS];                                                                                         \
    _Pragma("unroll") for (int r = 0; r < ROWS; r++)                                                              \
      _Pragma("unroll") for (int v = 0; v < VECTORS; v++) {                                                       \
        if (accumulate || l0 > 0) load(c + (i + r) * ldc + j + v * LANES, &sum[r][v]);                            \
        else if (bias) load(bias + j + v * LANES, &sum[r][v]);                                                    \
        else sum[r][v] = (V)(0);                                                                                  \
      }                                                                                                           \
    const REAL *restrict left = a + i * a_row + l0 * a_column;                                                    \
    for (size_t l = 0; l < depth; l++) {                                                                          \
      V right[VECTORS];                                                                                           \
      _Pragma("unroll") for (int v = 0; v < VECTORS; v++) load(panel + l * stride + v * LANES, &right[v]);        \
      _Pragma("unroll") for (int r = 0; r < ROWS; r++) {                                                          \
        REAL x = left[r * a_row + l * a_column];                                                                  \
        _Pragma("unroll") for (int v = 0; v < VECTORS; v++) sum[r][v] = x * right[v] + sum[r][v];                 \
      }                                                                                                           \
    }                                                                                                             \
    _Pragma("unroll") for (int r = 0; r < ROWS; r++)                                                              \
      _Pragma("unroll") for (int v = 0; v < VECTORS; v++) store(c + (i + r) * ldc + j + v * LANES, &sum[r][v]);   \
  }

// All tiles of ROWS rows that fit into what is left of a block's rows.
#define PRODUCT_ROWS(ROWS, VECTORS) \
  for (; i + ROWS <= end; i += ROWS) PRODUCT_TILE(ROWS, VECTORS)

// The rows i0 ..< end by VECTORS vectors of columns from column j, over the panel from row l0 of B.
#define PRODUCT_COLUMNS(ROWS, VECTORS)                                                                            \
  {                                                                                                               \
    const REAL *restrict panel = b + l0 * ldb + j;                                                                \
    size_t stride = ldb;                                                                                          \
    if (end - i0 > FEW_ROWS && ldb != VECTORS * LANES) {                                                          \
      for (size_t l = 0; l < depth; l++)                                                                          \
        memcpy(packed + l * VECTORS * LANES, panel + l * ldb, sizeof(REAL) * VECTORS * LANES);                    \
      panel = packed;                                                                                             \
      stride = VECTORS * LANES;                                                                                   \
    }                                                                                                             \
    size_t i = i0;                                                                                                \
    PRODUCT_ROWS(ROWS, VECTORS)                                                                                   \
    PRODUCT_ROWS(4, VECTORS)                                                                                      \
    PRODUCT_ROWS(2, VECTORS)                                                                                      \
    PRODUCT_ROWS(1, VECTORS)                                                                                      \
  }

#define PRODUCT(ROWS, VECTORS)                                                                                    \
  {                                                                                                               \
    REAL packed[PANEL * VECTORS * LANES] __attribute__((aligned(64)));                                            \
    size_t block = BLOCK / ((k < PANEL ? k : PANEL) + 1) / LEAST_ROWS * LEAST_ROWS;                                \
    for (size_t i0 = 0; i0 < n; i0 += block) {                                                                    \
      size_t end = n - i0 < block ? n : i0 + block;                                                               \
      for (size_t l0 = 0; l0 == 0 || l0 < k; l0 += PANEL) {                                                       \
        size_t depth = k - l0 < PANEL ? k - l0 : PANEL;                                                           \
        size_t j = 0;                                                                                             \
        for (; j + VECTORS * LANES <= m; j += VECTORS * LANES) PRODUCT_COLUMNS(ROWS, VECTORS)                     \
        if (VECTORS > 1 && j < m) PRODUCT_COLUMNS(ROWS, 1)                                                        \
      }                                                                                                           \
    }                                                                                                             \
  }

#ifdef HAS_LEVELS

// Tiles differ between levels, so these are no clones of one function; they have the names that clones would have.
#define TEXT_OF(NAME) #NAME
#define TEXT(NAME) TEXT_OF(NAME)
#define PRODUCT_OF_LEVEL(NAME, CLONE, ARCHITECTURE, ROWS, VECTORS)                                                \
  void SUFFIX(NAME)(PRODUCT_PARAMETERS) __asm__(TEXT(SUFFIX(sluice_gemm)) CLONE);                                 \
  __attribute__((target("arch=" ARCHITECTURE), min_vector_width(512))) void SUFFIX(NAME)(PRODUCT_PARAMETERS)      \
      PRODUCT(ROWS, VECTORS)

// 16 of 32 registers of 512 bits: sums enough to hide an addition's latency, and few rows left over.
PRODUCT_OF_LEVEL(product_v4, ".arch_x86-64-v4.0", "x86-64-v4", 8, 2)
// 12 of 16 registers of 256 bits, a row's number and two vectors of B.
PRODUCT_OF_LEVEL(product_v3, ".arch_x86-64-v3.1", "x86-64-v3", 6, 1)
// 8 of 16 registers of 128 bits.
PRODUCT_OF_LEVEL(product_default, ".default.2", "x86-64", 2, 1)

void SUFFIX(sluice_gemm)(PRODUCT_PARAMETERS) {
  if (__builtin_cpu_supports("x86-64-v4")) SUFFIX(product_v4)(PRODUCT_ARGUMENTS);
  else if (__builtin_cpu_supports("x86-64-v3")) SUFFIX(product_v3)(PRODUCT_ARGUMENTS);
  else SUFFIX(product_default)(PRODUCT_ARGUMENTS);
}

#else

void SUFFIX(sluice_gemm)(PRODUCT_PARAMETERS) PRODUCT(6, 1)

#endif

// The panels one after the other, all rows each: B is read once.
void SUFFIX(sluice_gemm_panels)(size_t n, size_t m, size_t k, const REAL *a, size_t a_row, const REAL *panels,
                                const REAL *bias, REAL *c) {
  for (size_t j = 0; j < m; j += SLUICE_PANEL_COLUMNS) {
    size_t columns = m - j < SLUICE_PANEL_COLUMNS ? m - j : SLUICE_PANEL_COLUMNS;
    SUFFIX(sluice_gemm)(n, columns, k, a, a_row, 1, panels + j * k, columns, bias ? bias + j : 0, c + j, m, 0);
  }
}

void SUFFIX(sluice_pack_panels)(size_t m, size_t k, const REAL *b, REAL *panels) {
  for (size_t j = 0; j < m; j += SLUICE_PANEL_COLUMNS) {
    size_t columns = m - j < SLUICE_PANEL_COLUMNS ? m - j : SLUICE_PANEL_COLUMNS;
    for (size_t l = 0; l < k; l++) memcpy(panels + j * k + l * columns, b + l * m + j, sizeof(REAL) * columns);
  }
}
