// out = x w of a packed weight and many rows of x, for CPUs: panelproduct.cl has the formula. No barriers, no local memory,
// register tiles of float16.
//
// A work-item has up to TILE_ROWS rows of x and TILE_PANELS panels. For each slice of DEPTH k it copies its part of x,
// tile by tile, so that rows a power of two apart do not push each other out of L1; then, panel by panel, expands the
// slice of the panel to F32 and multiplies: tiles of 12 (or 8 or 4) rows x 32 columns, 24 accumulators in registers.
// x_sums: what panelsums.cl makes of x.
//
// Private memory: 4 (TILE_ROWS DEPTH + 32 DEPTH + 32 TILE_ROWS TILE_PANELS) bytes, 209 KB as they are: L2. In L1 lie the
// slice of a panel, 16 KB, and a tile's rows, 6 KB.
// Traffic: w once for TILE_ROWS rows, x once for TILE_PANELS panels; from L1, 2 + 12 loads for 24 fma.
#include "panelproduct.cl"

#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x of a work-item, a multiple of 12
#endif
#ifndef TILE_PANELS
#define TILE_PANELS 12 // most panels of a work-item; half of them for each side of GATED
#endif

#define LINES (DEPTH / 16) // lines of 16 k in a slice
#ifdef PLAIN
#define PART_K DEPTH // k under one scale
#else
#define PART_K (GROUP_K / PARTS)
#endif
#define SLICE_PARTS (DEPTH / PART_K)

#if TYPE == IS_F32
#define PIECE GLOBAL const float
#else
#define PIECE const float
#endif

// sums[2 i ..] += x [depth / 16][ROWS][16] times `depth` k of an expanded piece; of block types, scales holds scale and
// least of its 32 columns, ones the rows' sums of x.
#ifdef PLAIN
#define END(i, half_, v) sums[2 * (i) + half_] += v;
#elif HAS_LEAST
#define END(i, half_, v)                                                                                               \
  sums[2 * (i) + half_] = fma(scales[2 + half_], (float16)(ones[i]), fma(scales[half_], v, sums[2 * (i) + half_]));
#else
#define END(i, half_, v) sums[2 * (i) + half_] = fma(scales[half_], v, sums[2 * (i) + half_]);
#endif
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float16 *sums, const float *x, PIECE *piece, int depth, const float16 *scales, const float *ones) {  \
    float16 low[ROWS], high[ROWS];                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = 0;                                                                                                      \
      high[i] = 0;                                                                                                     \
    }                                                                                                                  \
    for (int from = 0; from < depth; from += 16, x += 16 * ROWS) {                                                     \
      int end = min(16, depth - from);                                                                                 \
      for (int c = 0; c < end; c++, piece += 32) {                                                                     \
        float16 w0 = vload16(0, piece);                                                                                \
        float16 w1 = vload16(1, piece);                                                                                \
        _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                             \
          float16 v = (float16)(x[16 * i + c]);                                                                        \
          low[i] = fma(w0, v, low[i]);                                                                                 \
          high[i] = fma(w1, v, high[i]);                                                                               \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      END(i, 0, low[i])                                                                                                \
      END(i, 1, high[i])                                                                                               \
    }                                                                                                                  \
  }
TILE(tile_12, 12)
TILE(tile_8, 8)
TILE(tile_4, 4)

// All rows of a slice times a piece that begins at k `at` of the slice.
INLINE void tiles(float16 *sums, const float16 *lines, int count, int at, PIECE *piece, int depth, const float16 *scales,
                  const float *ones) {
  int i = 0;
  for (; i + 12 <= count; i += 12) {
    tile_12(sums + 2 * i, (const float *)(lines + i * LINES + 12 * (at / 16)), piece, depth, scales, ones + i);
  }
  if (count - i == 8) {
    tile_8(sums + 2 * i, (const float *)(lines + i * LINES + 8 * (at / 16)), piece, depth, scales, ones + i);
  } else if (count - i == 4) {
    tile_4(sums + 2 * i, (const float *)(lines + i * LINES + 4 * (at / 16)), piece, depth, scales, ones + i);
  }
}

// lines [count / 12][LINES][12][16]: the rows of x from `from` on, k from `at` to `at` + depth; behind the last row the
// last again.
INLINE void copy_slice(float16 *lines, INPUT(x), int from, int count, int real, int k, int at, int depth) {
  for (int i = 0; i < count; i++) {
    int first = i / 12 * 12;
    int height = min(12, count - first);
    float16 *to = lines + first * LINES + i - first;
    long row = VECTOR(x, from + min(i, real - 1), k) + at;
    int c = 0;
    for (; c < depth / 16; c++) {
      to[c * height] = LOAD16(X, x, row + 16 * c);
    }
    if (depth % 16) {
      LOAD_UP_TO_16(X, x, row + 16 * c, depth % 16, to[c * height])
    }
  }
}

#ifndef PLAIN
// The quants of part `part` of a group as F32: [PART_K][32].
INLINE void expand_group(float16 *piece, GLOBAL const uchar *group, int part) {
#if TYPE == IS_Q8_0
  GLOBAL const int *q = (GLOBAL const int *)(group + SCALE_BYTES);
  for (int j = 0; j < 8; j++, piece += 8) {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      piece[i] = convert_float16(vload16(2 * j + i % 2, q) << (24 - i / 2 * 8) >> 24);
    }
  }
#else
  for (int j = part * 8 / PARTS; j < (part + 1) * 8 / PARTS; j++, piece += 8) {
    GLOBAL const uchar *p = group + SCALE_BYTES;
    uint16 q = vload16(j, (GLOBAL const uint *)(p + HIGH_BYTES));
#if HIGH_BYTES > 0
    uint16 h = high_words(p, j);
#endif
#pragma unroll
    for (int i = 0; i < 8; i++) {
      uint16 value = q >> (4 * i) & 0xfu;
#if HIGH_BYTES > 0
      value |= (h >> (4 * i + 4) % 32 & HIGH_MASK) << 4;
#endif
      piece[i] = convert_float16(as_int16(value));
    }
  }
#endif
}
#endif

#ifdef PLAIN
// sums[2 i ..] += the slice's rows times a panel's k from `at` to `at` + depth.
INLINE void multiply(float16 *sums, const float16 *lines, int count, GLOBAL const uchar *panel, int at, int depth,
                     const float *ones) {
  GLOBAL const uchar *p = panel + (long)at * GROUP_BYTES;
#if TYPE == IS_F32
  tiles(sums, lines, count, 0, (GLOBAL const float *)p, depth, 0, ones);
#else
  float16 piece[2 * DEPTH];
  for (int i = 0; i < 2 * depth; i++) {
    piece[i] = LOAD_PANEL(p, i);
  }
  tiles(sums, lines, count, 0, (const float *)piece, depth, 0, ones);
#endif
}
#else
// As above; ones [part][row]: sums of the slice's x.
INLINE void multiply(float16 *sums, const float16 *lines, int count, GLOBAL const uchar *panel, int at, int depth,
                     const float *ones) {
  for (int g = 0; g < depth / GROUP_K; g++) {
    GLOBAL const uchar *head = panel + HEAD_AT(at / GROUP_K + g);
    GLOBAL const uchar *group = panel + GROUP_AT(at / GROUP_K + g);
    for (int part = 0; part < PARTS; part++) {
      float16 piece[2 * PART_K];
      float16 scales[4];
      scales[0] = scale_of(head, group, part, 0);
      scales[1] = scale_of(head, group, part, 1);
#if HAS_LEAST
      scales[2] = least_of(head, group, scales[0], 0);
      scales[3] = least_of(head, group, scales[1], 1);
#endif
      expand_group(piece, group, part);
      tiles(sums, lines, count, GROUP_K * g + PART_K * part, (const float *)piece, PART_K, scales,
            ones + (PARTS * g + part) * TILE_ROWS);
    }
  }
}
#endif

// ones [part][row] of a slice: x_sums begins with its first row.
INLINE void load_ones(float *ones, GLOBAL const float *x_sums, int count, int real, int k, int at, int depth) {
#if HAS_LEAST && !defined(PLAIN)
  for (int i = 0; i < count; i++) {
    GLOBAL const float *of_row = x_sums + (long)min(i, real - 1) * (k / 16) + at / 16;
    for (int part = 0; part < depth / PART_K; part++) {
      ones[part * TILE_ROWS + i] = PARTS == 2 ? of_row[part] : of_row[2 * part] + of_row[2 * part + 1];
    }
  }
#endif
}

// most: panels of a work-item, at most TILE_PANELS, of GATED half of them.
ITEM_KERNEL(matmulpanels)(PARAMETERS, int most) {
  int from = (int)get_global_id(0) * TILE_ROWS;
  int first = (int)get_global_id(1) * most;
  int panels = min(most, (n + 31) / 32 - first);
  int real = min(TILE_ROWS, m - from);
  int count = (real + 3) / 4 * 4;
  long bytes = PANEL_BYTES(k);
  float16 lines[TILE_ROWS * LINES];
  float ones[SLICE_PARTS * TILE_ROWS];
  float16 sums[TILE_PANELS * 2 * TILE_ROWS];
#ifdef GATED
  int sides = 2;
#else
  int sides = 1;
#endif
  for (int i = 0; i < sides * panels * 2 * TILE_ROWS; i++) {
    sums[i] = 0;
  }
  for (int at = 0; at < k; at += DEPTH) {
    int depth = min(DEPTH, k - at);
    copy_slice(lines, x, x_at, x_inner, x_stride, from, count, real, k, at, depth);
    load_ones(ones, x_sums + (long)from * (k / 16), count, real, k, at, depth);
    for (int p = 0; p < sides * panels; p++) {
      // The second sides lie behind all first ones.
      long panel = p < panels ? first + p : n / 32 + first + p - panels;
      multiply(sums + p * 2 * TILE_ROWS, lines, count, w + w_at + panel * bytes, at, depth, ones);
    }
  }
  for (int i = 0; i < real; i++) {
    for (int p = 0; p < panels; p++) {
      const float16 *up = sums + (panels * (sides - 1) + p) * 2 * TILE_ROWS + 2 * i;
      finish_row(ARGUMENTS, from + i, (first + p) * 32, (const float *)(sums + p * 2 * TILE_ROWS + 2 * i),
                 (const float *)up);
    }
  }
}
