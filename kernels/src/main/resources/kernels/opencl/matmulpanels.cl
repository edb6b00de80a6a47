// out = x w of a packed weight and many rows of x, for CPUs: panelproduct.cl has the formula. No barriers, no local memory,
// register tiles of float16.
//
// A work-item one panel of up to TILE_ROWS rows of x: a piece of the panel is expanded to F32, then times tiles of 12 (or
// 4) rows x 32 columns, 24 accumulators in registers. x_sums: what panelsums.cl makes of x.
//
// Traffic of the tile: w once for TILE_ROWS rows from memory, x from cache; 24 fma for 2 + 12 loads.
#include "panelproduct.cl"

#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x that share an expanded piece of a panel
#endif

#if TYPE == IS_F32
#define PIECE GLOBAL const float
#else
#define PIECE const float
#endif

// sums[32 i ..] += rows[i] times `depth` k of an expanded piece; blocks: scales holds scale and least of its 32 columns.
#ifdef PLAIN
#define END(i, half_, v) vstore16(vload16(2 * (i) + half_, sums) + v, 2 * (i) + half_, sums);
#else
#if HAS_LEAST
#define END(i, half_, v)                                                                                               \
  {                                                                                                                    \
    float16 sum = fma(vload16(half_, scales), v, vload16(2 * (i) + half_, sums));                                      \
    vstore16(fma(vload16(2 + half_, scales), (float16)(ones[i]), sum), 2 * (i) + half_, sums);                         \
  }
#else
#define END(i, half_, v) vstore16(fma(vload16(half_, scales), v, vload16(2 * (i) + half_, sums)), 2 * (i) + half_, sums);
#endif
#endif
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float *sums, GLOBAL const uchar *const *rows, PIECE *piece, int depth, const float *scales,         \
                   const float *ones) {                                                                                \
    float16 low[ROWS], high[ROWS];                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = 0;                                                                                                      \
      high[i] = 0;                                                                                                     \
    }                                                                                                                  \
    for (int c = 0; c < depth; c++) {                                                                                  \
      float16 w0 = vload16(2 * c, piece);                                                                              \
      float16 w1 = vload16(2 * c + 1, piece);                                                                          \
      _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                               \
        float16 v = (float16)(LOAD(X, rows[i], c));                                                                             \
        low[i] = fma(w0, v, low[i]);                                                                                   \
        high[i] = fma(w1, v, high[i]);                                                                                 \
      }                                                                                                                \
    }                                                                                                                  \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      END(i, 0, low[i])                                                                                                \
      END(i, 1, high[i])                                                                                               \
    }                                                                                                                  \
  }
TILE(tile_12, 12)
TILE(tile_4, 4)

// All rows of a block times a piece; rows past the last are the last again.
INLINE void tiles(float *sums, GLOBAL const uchar *const *rows, int count, int from, PIECE *piece, int depth,
                  const float *scales, const float *ones) {
  int i = 0;
  for (; i + 12 <= count || (i < count && count - i > 8); i += 12) {
    GLOBAL const uchar *at[12];
    for (int j = 0; j < 12; j++) {
      at[j] = rows[i + j] + from * X_BYTES;
    }
    tile_12(sums + 32 * i, at, piece, depth, scales, ones + i);
  }
  for (; i < count; i += 4) {
    GLOBAL const uchar *at[4];
    for (int j = 0; j < 4; j++) {
      at[j] = rows[i + j] + from * X_BYTES;
    }
    tile_4(sums + 32 * i, at, piece, depth, scales, ones + i);
  }
}

#ifndef PLAIN
// The quants of part `part` of a group as F32: [32 / PARTS][32].
INLINE void expand_group(float *piece, GLOBAL const uchar *group, int part) {
#if TYPE == IS_Q8_0
  GLOBAL const char *q = (GLOBAL const char *)(group + SCALE_BYTES);
  for (int i = 0; i < 64; i++) {
    vstore16(convert_float16(vload16(i, q)), i, piece);
  }
#else
  for (int j = part * 8 / PARTS; j < (part + 1) * 8 / PARTS; j++, piece += 128) {
    GLOBAL const uchar *p = group + SCALE_BYTES;
    uint16 q = vload16(j, (GLOBAL const uint *)(p + HIGH_BYTES));
#if HIGH_BYTES == 128
    uint16 h = vload16(j / 4, (GLOBAL const uint *)p) >> (8 * (j % 4));
#elif HIGH_BYTES == 256
    uint16 h = vload16(j / 2, (GLOBAL const uint *)p) >> (16 * (j % 2));
#endif
#pragma unroll
    for (int i = 0; i < 8; i++) {
      uint16 value = q >> (4 * i) & 0xfu;
#if HIGH_BYTES == 128
      value |= (h >> i & 1u) << 4;
#elif HIGH_BYTES == 256
      value |= (h >> (2 * i) & 3u) << 4;
#endif
      vstore16(convert_float16(as_int16(value)), i, piece);
    }
  }
#endif
}
#endif

// sums[32 i ..] = rows[i] times a panel; sums_at: of x_sums, where row 0's begin.
INLINE void multiply(float *sums, GLOBAL const uchar *const *rows, int count, GLOBAL const uchar *panel, int k,
                     GLOBAL const float *x_sums, int last) {
  for (int i = 0; i < 32 * count; i++) {
    sums[i] = 0;
  }
#if TYPE == IS_F32
  for (int from = 0; from < k; from += DEPTH) {
    tiles(sums, rows, count, from, (GLOBAL const float *)panel + 32l * from, min(DEPTH, k - from), 0, 0);
  }
#elif defined(PLAIN)
  float piece[32 * DEPTH];
  for (int from = 0; from < k; from += DEPTH) {
    int depth = min(DEPTH, k - from);
    GLOBAL const uchar *p = panel + (long)from * GROUP_BYTES;
    for (int i = 0; i < 2 * depth; i++) {
      vstore16(LOAD_PANEL(p, i), i, piece);
    }
    tiles(sums, rows, count, from, piece, depth, 0, 0);
  }
#else
  float piece[32 * 32 / PARTS];
  float scales[64];
  float ones[TILE_ROWS];
  for (int g = 0; g < k / 32; g++) {
    GLOBAL const uchar *head = panel + HEAD_AT(g);
    GLOBAL const uchar *group = panel + GROUP_AT(g);
    for (int part = 0; part < PARTS; part++) {
      float16 s0 = scale_of(head, group, part, 0);
      float16 s1 = scale_of(head, group, part, 1);
      vstore16(s0, 0, scales);
      vstore16(s1, 1, scales);
#if HAS_LEAST
      vstore16(least_of(head, group, s0, 0), 2, scales);
      vstore16(least_of(head, group, s1, 1), 3, scales);
      for (int i = 0; i < count; i++) {
        GLOBAL const float *of_row = x_sums + (long)min(i, last) * (k / 16) + 2 * g;
        ones[i] = PARTS == 2 ? of_row[part] : of_row[0] + of_row[1];
      }
#endif
      expand_group(piece, group, part);
      tiles(sums, rows, count, 32 * g + 16 * part, piece, 32 / PARTS, scales, ones);
    }
  }
#endif
}

ITEM_KERNEL(matmulpanels_tile)(PARAMETERS) {
  int from = (int)get_global_id(0) * TILE_ROWS;
  int panel = (int)get_global_id(1);
  int real = min(TILE_ROWS, m - from);
  int count = (real + 3) / 4 * 4;
  long bytes = PANEL_BYTES(k);
  GLOBAL const uchar *rows[TILE_ROWS + 8];
  for (int i = 0; i < TILE_ROWS + 8; i++) {
    rows[i] = x + VECTOR(x, from + min(i, real - 1), k) * X_BYTES;
  }
  float sums[32 * (TILE_ROWS + 8)];
  GLOBAL const float *ones = x_sums + (long)from * (k / 16);
  multiply(sums, rows, count, w + w_at + panel * bytes, k, ones, real - 1);
#ifdef GATED
  float up[32 * (TILE_ROWS + 8)];
  multiply(up, rows, count, w + w_at + (n / 32 + panel) * bytes, k, ones, real - 1);
#else
  float *up = sums;
#endif
  for (int i = 0; i < real; i++) {
    finish_row(ARGUMENTS, from + i, panel * 32, sums + 32 * i, up + 32 * i);
  }
}
