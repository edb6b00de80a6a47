// out = x w of a packed weight and many rows of x, for CPUs: panelproduct.cl has the formula. No barriers, no local memory,
// register tiles of float16.
//
// A work-item has up to TILE_ROWS rows of x and TILE_PANELS panels. For each slice of DEPTH k it copies its part of x,
// tile by tile, so that rows a power of two apart do not push each other out of L1; then, panel by panel, expands the
// slice of the panel to F32 and multiplies: tiles of 12 rows (or 10 .. 2) x 32 columns, 24 accumulators in registers. With
// few rows memory is what takes long: while it multiplies a slice of a panel, it asks for the next one.
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
#define SLICE_BYTES (DEPTH / GROUP_K * GROUP_BYTES) // of a panel, without heads
#define SLICE_PARTS (DEPTH / PART_K)

#if TYPE == IS_F32
#define PIECE GLOBAL const float
#else
#define PIECE const float
#endif

// sums[2 i ..] += x [depth / 16][ROWS][16] times `depth` k of an expanded piece; of block types, scales holds scale and
// least of its 32 columns, ones the rows' sums of x. With every 16 k, `lines` more of 64 bytes from `ahead` on are asked for.
#ifdef PLAIN
#define END(i, half_, v) sums[2 * (i) + half_] += v;
#elif HAS_LEAST
#define END(i, half_, v)                                                                                               \
  sums[2 * (i) + half_] = fma(scales[2 + half_], (float16)(ones[i]), fma(scales[half_], v, sums[2 * (i) + half_]));
#else
#define END(i, half_, v) sums[2 * (i) + half_] = fma(scales[half_], v, sums[2 * (i) + half_]);
#endif
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float16 *sums, const float *x, PIECE *piece, int depth, const float16 *scales, const float *ones,   \
                   GLOBAL const uchar *ahead, int lines) {                                                             \
    float16 low[ROWS], high[ROWS];                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = 0;                                                                                                      \
      high[i] = 0;                                                                                                     \
    }                                                                                                                  \
    for (int from = 0; from < depth; from += 16, x += 16 * ROWS) {                                                     \
      for (int i = 0; i < lines; i++, ahead += 64) {                                                                   \
        FETCH(ahead);                                                                                                  \
      }                                                                                                                \
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
TILE(tile_10, 10)
TILE(tile_8, 8)
TILE(tile_6, 6)
TILE(tile_4, 4)
TILE(tile_2, 2)

// All rows of a slice times a piece that begins at k `at` of the slice. Meanwhile `bytes` from `ahead` on are asked for.
INLINE void tiles(float16 *sums, const float16 *lines, int count, int at, PIECE *piece, int depth, const float16 *scales,
                  const float *ones, GLOBAL const uchar *ahead, int bytes) {
  int line_bytes = 64 * LINES * ((count + 11) / 12); // when every tile asks for one with each of its lines
  int share = (bytes + line_bytes - 1) / line_bytes;
  for (int i = 0, rows; i < count; i += rows, ahead += 64 * LINES * share) {
    rows = height(count - i, 12);
#define CASE(ROWS)                                                                                                     \
  case ROWS:                                                                                                           \
    tile_##ROWS(sums + 2 * i, (const float *)(lines + i * LINES + ROWS * (at / 16)), piece, depth, scales, ones + i,   \
                ahead, share);                                                                                         \
    break;
    switch (rows) {
      CASE(12)
      CASE(10)
      CASE(8)
      CASE(6)
      CASE(4)
      CASE(2)
    }
  }
}

// lines [count / 12][LINES][12][16]: the rows of x from `from` on, k from `at` to `at` + depth; behind the last row the
// last again.
INLINE void copy_slice(float16 *lines, INPUT(x), int from, int count, int real, int k, int at, int depth) {
  for (int first = 0, rows; first < count; first += rows) {
    rows = height(count - first, 12);
    for (int i = 0; i < rows; i++) {
      float16 *to = lines + first * LINES + i;
      long row = VECTOR(x, from + min(first + i, real - 1), k) + at;
      int c = 0;
      for (; c < depth / 16; c++) {
        to[c * rows] = LOAD16(X, x, row + 16 * c);
      }
      if (depth % 16) {
        LOAD_UP_TO_16(X, x, row + 16 * c, depth % 16, to[c * rows])
      }
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
// sums[2 i ..] += the slice's rows times a panel's k from `at` to `at` + depth. ahead: the slice of a panel that follows.
INLINE void multiply(float16 *sums, const float16 *lines, int count, GLOBAL const uchar *panel, int at, int depth,
                     const float *ones, GLOBAL const uchar *ahead) {
  GLOBAL const uchar *p = panel + (long)at * GROUP_BYTES;
#if TYPE == IS_F32
  tiles(sums, lines, count, 0, (GLOBAL const float *)p, depth, 0, ones, ahead, SLICE_BYTES);
#else
  float16 piece[2 * DEPTH];
  for (int i = 0; i < 2 * depth; i++) {
    piece[i] = LOAD_PANEL(p, i);
  }
  tiles(sums, lines, count, 0, (const float *)piece, depth, 0, ones, ahead, SLICE_BYTES);
#endif
}
#else
// As above, but nothing is asked for: these are few bytes. ones [part][row]: sums of the slice's x.
INLINE void multiply(float16 *sums, const float16 *lines, int count, GLOBAL const uchar *panel, int at, int depth,
                     const float *ones, GLOBAL const uchar *ahead) {
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
            ones + (PARTS * g + part) * TILE_ROWS, 0, 0);
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
ITEM_KERNEL(matmulpanels)(PARAMETERS, int most STARTED) {
  SAY_STARTED
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
  long bytes = PANEL_BYTES(k);
  float16 lines[TILE_ROWS * LINES];
  float ones[SLICE_PARTS * TILE_ROWS];
  float16 sums[TILE_PANELS * 2 * TILE_ROWS];
  for (int p = 0; p < all; p++) {
    for (int i = 0; i < 2 * count; i++) {
      sums[p * 2 * TILE_ROWS + i] = 0;
    }
  }
#define PANEL(p) (w + w_at + (first + (p) + ((p) < panels ? 0 : gap)) * bytes)
  for (int at = 0; at < k; at += DEPTH) {
    int depth = min(DEPTH, k - at);
    copy_slice(lines, x, x_at, x_inner, x_stride, from, count, real, k, at, depth);
    load_ones(ones, x_sums + (long)from * (k / 16), count, real, k, at, depth);
    long slice = (long)(at / DEPTH) * SLICE_BYTES;
    for (int p = 0; p < all; p++) {
      GLOBAL const uchar *ahead = p + 1 < all ? PANEL(p + 1) + slice : PANEL(0) + slice + SLICE_BYTES;
      multiply(sums + p * 2 * TILE_ROWS, lines, count, PANEL(p), at, depth, ones, ahead);
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
