// What the products with a packed weight, of one row and of many, share: arguments, and how a row of sums is finished.
//
//   out [m, n] = fn(x [m, k] w^T + bias) + residual, or GATED: fn(x w1^T) * (x w2^T) with w = [w1; w2] and n a multiple of 32.
//
// A sum runs over DEPTH k in order, or those of a group, then over such sums: the same in both files, whatever m is, and
// with smaller errors than in one go.
#include "common.cl"
#include "blocks.cl"
#include "math.cl"
#include "panels.cl"

#ifndef DEPTH
#define DEPTH 128 // k of a piece of a plain type, whose sum is one of its own
#endif
#ifndef FN
#define FN IDENTITY
#endif

#define X_BYTES (CAT(IS_, X) == IS_F32 ? 4 : 2)

#define ITEM_KERNEL(name) __kernel __attribute__((reqd_work_group_size(1, 1, 1))) void name
#define PARAMETERS                                                                                                     \
  OUTPUT(out), INPUT(x), GLOBAL const uchar *w, long w_at, FLOATS(bias), INPUT(residual), GLOBAL const float *x_sums,   \
      int m, int n, int k

// Rows of the next tile where `rest`, an even number, are left and tiles have up to `most`: all tiles of a work-item have
// about as many.
INLINE int height(int rest, int most) {
  int tiles = (rest + most - 1) / most;
  return (rest / 2 + tiles - 1) / tiles * 2;
}

// Writes a row's 32 columns from `column` on.
INLINE void finish_row(PARAMETERS, long row, int column, const float *sums, const float *up) {
  int columns = min(32, n - column);
  float done[32];
  for (int c = 0; c < 32; c++) {
    done[c] = sums[c];
  }
  if (bias) {
    for (int c = 0; c < columns; c++) {
      done[c] += bias[bias_at + column + c];
    }
  }
#if FN != IDENTITY
  for (int c = 0; c < 32; c++) {
    done[c] = activation(FN, done[c]);
  }
#endif
#ifdef GATED
  for (int c = 0; c < 32; c++) {
    done[c] *= up[c];
  }
#endif
#ifdef RESIDUAL
  long from = VECTOR(residual, row, n) + column;
  for (int c = 0; c < columns; c++) {
    done[c] += LOAD(RESIDUAL, residual, from + c);
  }
#endif
  long to = VECTOR(out, row, n) + column;
  if (columns == 32) {
    for (int c = 0; c < 32; c++) {
      STORE(OUT, out, to + c, done[c]);
    }
  } else {
    for (int c = 0; c < columns; c++) {
      STORE(OUT, out, to + c, done[c]);
    }
  }
}

#define ARGUMENTS                                                                                                      \
  out, out_at, out_inner, out_stride, x, x_at, x_inner, x_stride, w, w_at, bias, bias_at, residual, residual_at,        \
      residual_inner, residual_stride, x_sums, m, n, k

#if TYPE == IS_F32
#define LOAD_PANEL(p, i) vload16(i, (GLOBAL const float *)(p))
#elif TYPE == IS_F16
#define LOAD_PANEL(p, i) vload_half16(i, (GLOBAL const half *)(p))
#elif TYPE == IS_BF16
#define LOAD_PANEL(p, i) as_float16(convert_uint16(vload16(i, (GLOBAL const ushort *)(p))) << 16)
#endif
