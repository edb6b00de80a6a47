// out = x w, plain, for CPUs: weights that are not packed, of any type [n, k], of a plain one [k, n].
//
//   out [batches, m, n] = epilogue(x [batches, m, k] times w), w [n, k] (W_ROWS) or [k, n], F32 sums.
//
// Linear's epilogue is fn(sum + bias) + residual; GatedLinear's (GATED) is fn(sum with w's row j) * (sum with row n + j). fn
// and whether there are a bias and a residual are arguments, the same for all items: fewer programs to build.
// W_ROWS: one work-item ROWS rows of one column, 16 partial sums each along k. Otherwise ROWS rows of 16 columns.
// Traffic: w is read m / ROWS times, x n times from cache. The order of a sum depends on k only.
#include "common.cl"
#include "blocks.cl"
#include "math.cl"

#ifndef ROWS
#define ROWS 4 // rows of x that share what was read of w
#endif
#ifndef ITEMS
#define ITEMS 8 // work-items of a group
#endif

#define MATMUL_KERNEL(name) __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void name
#define PARAMETERS                                                                                                     \
  OUTPUT(out), INPUT(x), INPUT(w), FLOATS(bias), INPUT(residual), int fn, int m, int n, int k, int w_batched

// The rows of x that an item reads: past the last one, the last again.
#define X_ROWS(rows, from)                                                                                             \
  long rows[ROWS];                                                                                                     \
  for (int i = 0; i < ROWS; i++) {                                                                                     \
    rows[i] = VECTOR(x, min(from + i, last), k);                                                                       \
  }

#ifdef W_ROWS
// Adds rows of x times one row of w.
INLINE void dot(float *sums, GLOBAL const uchar *x, const long *rows, GLOBAL const uchar *w, long w_row, int k) {
  float16 acc[ROWS];
  for (int i = 0; i < ROWS; i++) {
    acc[i] = (float16)(0.0f);
  }
  int whole = k / 16 * 16;
  for (int c = 0; c < whole; c += 16) {
    float16 weight = LOAD16(W, w, w_row + c);
    for (int i = 0; i < ROWS; i++) {
      acc[i] = fma(LOAD16(X, x, rows[i] + c), weight, acc[i]);
    }
  }
#ifdef W_PLAIN
  if (whole < k) {
    float16 weight;
    LOAD_UP_TO_16(W, w, w_row + whole, k - whole, weight)
    for (int i = 0; i < ROWS; i++) {
      float16 value;
      LOAD_UP_TO_16(X, x, rows[i] + whole, k - whole, value)
      acc[i] = fma(value, weight, acc[i]);
    }
  }
#endif
  for (int i = 0; i < ROWS; i++) {
    sums[i] = sum_of_16(acc[i]);
  }
}

MATMUL_KERNEL(matmul_nk)(PARAMETERS) {
  int column = (int)get_global_id(0);
  int batch = (int)get_global_id(2);
  int from = batch * m + (int)get_global_id(1) * ROWS;
  int last = batch * m + m - 1;
  if (column >= n) {
    return;
  }
  X_ROWS(rows, from)
  float sums[ROWS];
#ifdef GATED
  float up[ROWS];
  dot(sums, x, rows, w, VECTOR(w, column, k), k);
  dot(up, x, rows, w, VECTOR(w, n + column, k), k);
#else
  dot(sums, x, rows, w, VECTOR(w, w_batched * batch * n + column, k), k);
#endif
  for (int i = 0; i < ROWS && from + i <= last; i++) {
    float value = activation(fn, bias ? sums[i] + bias[bias_at + column] : sums[i]);
#ifdef GATED
    value *= up[i];
#endif
    if (residual) {
      value += LOAD(RESIDUAL, residual, VECTOR(residual, from + i, n) + column);
    }
    STORE(OUT, out, VECTOR(out, from + i, n) + column, value);
  }
}
#else
MATMUL_KERNEL(matmul_kn)(PARAMETERS) {
  int column = 16 * (int)get_global_id(0);
  int batch = (int)get_global_id(2);
  int from = batch * m + (int)get_global_id(1) * ROWS;
  int last = batch * m + m - 1;
  if (column >= n) {
    return;
  }
  X_ROWS(rows, from)
  float16 acc[ROWS];
  for (int i = 0; i < ROWS; i++) {
    acc[i] = (float16)(0.0f);
  }
  for (int c = 0; c < k; c++) {
    long w_row = VECTOR(w, w_batched * batch * k + c, n) + column;
    float16 weight;
#ifdef W_PLAIN
    if (column + 16 > n) {
      LOAD_UP_TO_16(W, w, w_row, n - column, weight)
    } else
#endif
    {
      weight = LOAD16(W, w, w_row);
    }
    for (int i = 0; i < ROWS; i++) {
      acc[i] = fma((float16)(LOAD(X, x, rows[i] + c)), weight, acc[i]);
    }
  }
  for (int i = 0; i < ROWS && from + i <= last; i++) {
    float sums[16];
    vstore16(acc[i], 0, sums);
    long to = VECTOR(out, from + i, n) + column;
    for (int c = 0; c < 16 && column + c < n; c++) {
      STORE(OUT, out, to + c, sums[c]);
    }
  }
}
#endif
