// out = x w of a weight and rows of x in block floating point, for CPUs: panelproduct.cl and blockfloat.cl have the formula.
// No barriers, no local memory, register tiles of int16.
//
// A work-item has up to TILE_ROWS rows of x, as roundrows.cl makes them, and a panel, of GATED one of each side. Slice by slice
// of DEPTH k it multiplies straight from both: tiles of 12 rows (or 10 .. 2) x 32 columns, 24 sums in registers where there are
// 32 of them, up to 6 rows where there are 16.
// x_sums: x.
//
// Private memory: 128 TILE_ROWS bytes, 12 KB as they are. In L1 lie with them the slice of a panel, 8 KB, and a tile's rows,
// 3 KB.
// Traffic: w once for TILE_ROWS rows, x once for a panel; from L1, 2 + 12 loads for 24 products of 16 lanes.
#include "blockproduct.cl"

#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x of a work-item, even
#endif

// sums[2 i ..] += a block of the rows' x [ROWS][PAIRS], d [ROWS], times one of w.
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float16 *sums, GLOBAL const int *x, GLOBAL const float *d, GLOBAL const uchar *w) {                 \
    int16 low[ROWS], high[ROWS];                                                                                       \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = 0;                                                                                                      \
      high[i] = 0;                                                                                                     \
    }                                                                                                                  \
    for (int j = 0; j < PAIRS; j++) {                                                                                  \
      int16 w0 = W_PAIR(w, j, 0);                                                                                      \
      int16 w1 = W_PAIR(w, j, 1);                                                                                      \
      _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                               \
        int16 pair = (int16)(x[PAIRS * i + j]);                                                                        \
        low[i] = DOT_PAIRS(low[i], w0, pair);                                                                          \
        high[i] = DOT_PAIRS(high[i], w1, pair);                                                                        \
      }                                                                                                                \
    }                                                                                                                  \
    float16 s0 = W_SCALES(w, 0);                                                                                       \
    float16 s1 = W_SCALES(w, 1);                                                                                       \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      sums[2 * i] = ADD_BLOCK(sums[2 * i], low[i], s0, d[i]);                                                          \
      sums[2 * i + 1] = ADD_BLOCK(sums[2 * i + 1], high[i], s1, d[i]);                                                 \
    }                                                                                                                  \
  }
#ifdef __AVX512F__
#define TALL 12
TILE(tile_12, 12)
TILE(tile_10, 10)
TILE(tile_8, 8)
#else
#define TALL 6
#endif
TILE(tile_6, 6)
TILE(tile_4, 4)
TILE(tile_2, 2)

// sums[2 i ..] += a block of `count` rows of x, d, times one of w.
#define CASE(ROWS)                                                                                                     \
  case ROWS:                                                                                                           \
    tile_##ROWS(sums, x, d, w);                                                                                        \
    break;
INLINE void tile(int rows, float16 *sums, GLOBAL const int *x, GLOBAL const float *d, GLOBAL const uchar *w) {
  switch (rows) {
#if TALL == 12
    CASE(12)
    CASE(10)
    CASE(8)
#endif
    CASE(6)
    CASE(4)
    CASE(2)
  }
}

// sums [count][2] = `count` rows of x from row `from` on times a panel.
INLINE void multiply(float16 *sums, GLOBAL const float *x, int from, int count, int m, GLOBAL const uchar *w, int k) {
  int rows = (m + 1) / 2 * 2;
  GLOBAL const int *quants = (GLOBAL const int *)x;
  GLOBAL const float *scales = x + (long)BLOCKS_OF(k) * rows * PAIRS;
  for (int i = 0; i < 2 * count; i++) {
    sums[i] = 0;
  }
  for (int first = 0; first < BLOCKS_OF(k); first += DEPTH / BLOCK_K) {
    int end = min(first + DEPTH / BLOCK_K, BLOCKS_OF(k));
    for (int i = 0, tall; i < count; i += tall) {
      tall = height(count - i, TALL);
      for (int b = first; b < end; b++) {
        long at = (long)b * rows + from + i;
        tile(tall, sums + 2 * i, quants + at * PAIRS, scales + at, w + (long)b * W_BLOCK_BYTES);
      }
    }
  }
}

ITEM_KERNEL(matmulblockfloat)(PARAMETERS) {
  int from = (int)get_global_id(0) * TILE_ROWS;
  int panel = (int)get_global_id(1);
  int real = min(TILE_ROWS, m - from);
  int count = (real + 1) / 2 * 2;
  float16 sums[2 * TILE_ROWS];
  multiply(sums, x_sums, from, count, m, w + w_at + panel * W_PANEL_BYTES(k), k);
#ifdef GATED
  float16 up[2 * TILE_ROWS];
  multiply(up, x_sums, from, count, m, w + w_at + (n / 32 + panel) * W_PANEL_BYTES(k), k);
#else
  float16 *up = sums;
#endif
  for (int i = 0; i < real; i++) {
    finish_row(ARGUMENTS, from + i, panel * 32, (const float *)(sums + 2 * i), (const float *)(up + 2 * i));
  }
}
