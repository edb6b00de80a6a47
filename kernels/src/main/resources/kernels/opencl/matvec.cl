// out = x w for a few rows of x, in both GPU families: what a step of decoding is made of, bound by reading w once. The
// formula, shapes and epilogues are products.cl's.
//
// A group computes X_ROWS rows of OUT_COLUMNS columns; item (c, s) the segments s, s + SLICES, .. of column c. Neighbouring
// items have neighbouring columns, so that they read strips in neighbouring pieces of 16 bytes; x comes from the cache. After
// each SLICES segments their sums are added in order, through local memory or the subgroup's registers.
//
// Estimate, which no GPU has confirmed, at the defaults (16 columns, 16 slices: 256 items; with subgroups 4 columns):
//   local memory    X_ROWS KiB; with subgroups none
//   registers       2 X_ROWS sums, 8 to 16 of chunks, 4 weights, 4 X_ROWS of x, about 14 addresses. Compiled (kernels/gpu-registers,
//                   Q4_0): one row 40 on RDNA 2 and 56 on sm_80, 4 rows 81 and 80, 8 rows 111 and 255, as ptxas loads all of x ahead
//                   F16 by F16, in pairs of halves: one row 42 and 54, 8 rows 111 and 165
//   traffic         one row: F16 1, Q8_0 0.53, Q4_0 0.28 byte a FLOP, all from memory; x from cache, 4 bytes for each weight an item
//                   uses, the same address in OUT_COLUMNS items
//   RTX 4090        1 TB/s and 0.6 us are 0.6 MB in flight: 4.7 KB of each of 128 multiprocessors, which 6 groups of 256 items with 16
//                   bytes each have five times; n = 4096 makes 256 groups, two a multiprocessor
//   RX 7900 XTX     0.96 TB/s: 256 groups of 8 waves on 96 units, 2.7 groups a unit: 11 KB in flight of each, of 6 KB wanted
//   Arc A770        0.56 TB/s: n = 4096 makes 1024 subgroups of SIMD16 for 4096 threads, 256 KB in flight of 0.34 MB wanted at a load
//                   an item, twice that with UNROLL = 2
#include "products.cl"

#ifndef X_ROWS
#define X_ROWS 1 // rows of x
#endif
#ifndef UNROLL
#define UNROLL 2 // chunks an item has on their way at once
#endif
#ifndef OUT_COLUMNS
#ifdef SUBGROUP
#define OUT_COLUMNS 4 // columns of out a group: 16 bytes each, whole cache lines together
#else
#define OUT_COLUMNS 16
#endif
#endif
#ifndef SUBGROUP
#ifndef SLICES
#define SLICES 16 // items that share a column; with subgroups, as many as there are
#endif
#define SUBGROUP_SIZE (OUT_COLUMNS * SLICES) // the emulation of subgroups.cl, for a group of any size
#else
#undef SLICES
#define SLICES (SUBGROUP_SIZE / OUT_COLUMNS)
#endif
#include "subgroups.cl"
#if SUBGROUP_SIZE % OUT_COLUMNS != 0
#error "a group is whole columns: OUT_COLUMNS a divisor of its items"
#endif

#if GATED
#define SIDES 2 // columns of w for one of out: of g and of u
#else
#define SIDES 1
#endif

// sums[side * X_ROWS + i] += rows[i] of x times a chunk of each side's column.
INLINE void add_chunk(float *sums, GLOBAL const uchar *x, const long *rows, INPUT(w), long first, int column, int c, int n,
                      int k) {
  Chunk weights[SIDES];
  UNROLLED
  for (int side = 0; side < SIDES; side++) {
    weights[side] = load_chunk(W_ARGUMENTS, first, column + side * n, c, n, k);
  }
  UNROLLED
  for (int u = 0; u < CHUNK_K / 4; u++) {
    Four v[X_ROWS];
    UNROLLED
    for (int i = 0; i < X_ROWS; i++) {
      v[i] = load_x4(x, rows[i], c + 4 * u, k);
    }
    UNROLLED
    for (int side = 0; side < SIDES; side++) {
      Four b = chunk_weights(weights[side], u);
      UNROLLED
      for (int i = 0; i < X_ROWS; i++) {
        sums[side * X_ROWS + i] = add_four(v[i], b, sums[side * X_ROWS + i]);
      }
    }
  }
}

SUBGROUP_KERNEL(matvec)(PARAMETERS) {
  SUBGROUP_SPACE(space, SIDES *X_ROWS);
  int lane = SUBGROUP_LANE;
  int slice = lane / OUT_COLUMNS;
  int column = (int)get_group_id(0) * OUT_COLUMNS + lane % OUT_COLUMNS;
  int row = (int)get_group_id(1) * X_ROWS;
  int batch = (int)get_group_id(2);
  long first = (long)batch * m + row;
  long w_row = w_batched ? (long)batch * (SOURCE == COLUMNS ? k : n) : 0;
  int w_column = min(column, n - 1); // past n the last column again, which is not stored
  long rows[X_ROWS];
  for (int i = 0; i < X_ROWS; i++) {
    rows[i] = VECTOR(x, first + min(i, m - 1 - row), k);
  }
  float totals[SIDES * X_ROWS];
  for (int i = 0; i < SIDES * X_ROWS; i++) {
    totals[i] = 0.0f;
  }
  for (int round = 0; round < k; round += SLICES * SEGMENT) {
    int from = round + slice * SEGMENT;
    float sums[SIDES * X_ROWS];
    for (int i = 0; i < SIDES * X_ROWS; i++) {
      sums[i] = 0.0f;
    }
#pragma unroll UNROLL
    for (int c = from; c < min(k, from + SEGMENT); c += CHUNK_K) {
      add_chunk(sums, x, rows, W_ARGUMENTS, w_row, w_column, c, n, k);
    }
    SUBGROUP_SHARE(sums, SIDES * X_ROWS, space)
    for (int s = 0; s < SLICES && round + s * SEGMENT < k; s++) {
      UNROLLED
      for (int i = 0; i < SIDES * X_ROWS; i++) {
        totals[i] += SUBGROUP_SHUFFLE(sums, i, lane % OUT_COLUMNS + s * OUT_COLUMNS, space);
      }
    }
  }
  if (slice == 0 && column < n) {
    for (int i = 0; i < X_ROWS && row + i < m; i++) {
      finish(EPILOGUE_ARGUMENTS, first + i, column, totals[i], totals[(SIDES - 1) * X_ROWS + i]);
    }
  }
}
