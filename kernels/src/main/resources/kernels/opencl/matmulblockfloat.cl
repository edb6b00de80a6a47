// out = x w of a weight and rows of x in block floating point, for CPUs: panelproduct.cl and blockfloat.cl have the formula.
// No barriers, no local memory, register tiles of int16.
//
// A work-item has up to TILE_ROWS rows of x, as roundrows.cl makes them, and TILE_PANELS panels. Slice by slice of DEPTH k and
// panel by panel it multiplies straight from both: tiles of 12 rows (or 10 .. 2) x 32 columns, 24 sums in registers where there
// are 32 of them, fewer rows where there are 16.
// x_sums: x.
//
// Private memory: 128 TILE_ROWS TILE_PANELS bytes, 147 KB as they are: L2. In L1 lie the slice of a panel, 8 KB, and a tile's
// rows, 3 KB.
// Traffic: w once for TILE_ROWS rows, x once for TILE_PANELS panels; from L1, 2 + 12 loads for 24 products of 16 lanes.
#include "blockproduct.cl"

#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x of a work-item, even
#endif
#ifndef TILE_PANELS
#define TILE_PANELS 12 // most panels of a work-item; half of them for each side of GATED
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

// sums[2 i ..] += `count` rows of x, from a block on, times `blocks` blocks of a panel. rows: there are of x
INLINE void multiply(float16 *sums, GLOBAL const int *x, GLOBAL const float *d, int count, int rows,
                     GLOBAL const uchar *w, int blocks) {
  for (int i = 0, tall; i < count; i += tall) {
    tall = height(count - i, TALL);
    for (int b = 0; b < blocks; b++) {
      long at = (long)b * rows + i;
#define CASE(ROWS)                                                                                                     \
  case ROWS:                                                                                                           \
    tile_##ROWS(sums + 2 * i, x + at * PAIRS, d + at, w + b * W_BLOCK_BYTES);                                          \
    break;
      switch (tall) {
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
  }
}

// most: panels of a work-item, at most TILE_PANELS, of GATED half of them.
ITEM_KERNEL(matmulblockfloat)(PARAMETERS, int most) {
  int from = (int)get_global_id(0) * TILE_ROWS;
  int first = (int)get_global_id(1) * most;
  int panels = min(most, (n + 31) / 32 - first);
#ifdef GATED
  int all = 2 * panels;
  int gap = n / 32 - panels; // the second sides lie behind all first ones
#else
  int all = panels;
  int gap = 0;
#endif
  int real = min(TILE_ROWS, m - from);
  int count = (real + 1) / 2 * 2;
  int rows = (m + 1) / 2 * 2;
  GLOBAL const int *quants = (GLOBAL const int *)x_sums;
  GLOBAL const float *scales = x_sums + (long)BLOCKS_OF(k) * rows * PAIRS;
  float16 sums[TILE_PANELS * 2 * TILE_ROWS];
  for (int p = 0; p < all; p++) {
    for (int i = 0; i < 2 * count; i++) {
      sums[p * 2 * TILE_ROWS + i] = 0;
    }
  }
  for (int block = 0; block < BLOCKS_OF(k); block += DEPTH / BLOCK_K) {
    int blocks = min(DEPTH / BLOCK_K, BLOCKS_OF(k) - block);
    long at = (long)block * rows + from;
    for (int p = 0; p < all; p++) {
      GLOBAL const uchar *panel = w + w_at + (first + p + (p < panels ? 0 : gap)) * W_PANEL_BYTES(k);
      multiply(sums + p * 2 * TILE_ROWS, quants + at * PAIRS, scales + at, count, rows,
               panel + (long)block * W_BLOCK_BYTES, blocks);
    }
  }
  for (int i = 0; i < real; i++) {
    for (int p = 0; p < panels; p++) {
      const float16 *up = sums + (all - panels + p) * 2 * TILE_ROWS + 2 * i;
      finish_row(ARGUMENTS, from + i, (first + p) * 32, (const float *)(sums + p * 2 * TILE_ROWS + 2 * i),
                 (const float *)up);
    }
  }
}
