// out = x w of a packed weight of 4, 5 or 6 bits and rows of x rounded to Q8_0, for CPUs: panelproduct.cl has the formula.
// No barriers, no local memory, register tiles of short16.
//
// Quants of w, CENTRE less, times those of x are summed in 16 bits over as many k as fit: CENTRE 127 PIECE_K = 32512. That
// sum times the scales of both goes to a sum in F32, with it the sum of x's quants times what CENTRE and the minima of w
// leave. Work-items, slices and tiles are those of matmulpanels.cl; x lies there as pairs of its 16 bits, so that it is
// broadcast as it is loaded. One row of x has the same bits: its sums are the same integers, of weights of 4 bits straight
// from their words.
//
// Private memory: as matmulpanels.cl. For 32 columns and k: 2 multiplications and 2 additions of short16, half the
// instructions of float16's fma on units of 256 bits.
#include "panelproduct.cl"

#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x of a work-item, a multiple of 12
#endif
#ifndef TILE_PANELS
#define TILE_PANELS 12 // most panels of a work-item; half of them for each side of GATED
#endif

#define LINES (DEPTH / 16)
#define PART_K (GROUP_K / PARTS)
#define CENTRE (8 << HIGH_BITS)
#define PIECE_K (PART_K < 256 / CENTRE ? PART_K : 256 / CENTRE)
#define PIECES (DEPTH / PIECE_K)
#define HAS_MIN (TYPE == IS_Q4_1 || TYPE == IS_Q5_1 || TYPE == IS_Q4_K || TYPE == IS_Q5_K)

#define BLOCK_K 32
#define BLOCK_BYTES 34
#define SCALES (DEPTH / BLOCK_K * TILE_ROWS) // of x in a slice

#if HAS_MIN
#define LEAST(i, half_, sum) fma(scales[2 + half_], (float16)(ones[i]), sum)
#else
#define LEAST(i, half_, sum) (sum)
#endif
#define END(i, half_, v)                                                                                               \
  sums[2 * (i) + half_] =                                                                                              \
      fma(scales[half_], convert_float16(convert_int16(v)) * d[i], LEAST(i, half_, sums[2 * (i) + half_]));

// sums[2 i ..] += x [depth / 16][ROWS][16] times PIECE_K k of a piece; d: scales of x, ones: its sums.
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float16 *sums, const int *x, const short16 *piece, const float16 *scales, const float *d,           \
                   const float *ones) {                                                                                \
    short16 low[ROWS], high[ROWS];                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = 0;                                                                                                      \
      high[i] = 0;                                                                                                     \
    }                                                                                                                  \
    for (int from = 0; from < PIECE_K; from += 16, x += 16 * ROWS) {                                                   \
      for (int c = 0; c < min(16, PIECE_K); c++, piece += 2) {                                                         \
        short16 w0 = piece[0];                                                                                         \
        short16 w1 = piece[1];                                                                                         \
        _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                             \
          short16 v = as_short16((int8)(x[16 * i + c]));                                                               \
          low[i] += w0 * v;                                                                                            \
          high[i] += w1 * v;                                                                                           \
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
TILE(tile_1, 1)

// All rows of a slice times a piece that begins at k `at` of the slice; count is 1 or a multiple of 4.
INLINE void tiles(float16 *sums, const int16 *lines, int count, int at, const short16 *piece, const float16 *scales,
                  const float *d, const float *ones) {
#define ROWS_AT(i, rows)                                                                                               \
  sums + 2 * (i), (const int *)(lines + (i) * LINES + (rows) * (at / 16)) + at % 16, piece, scales, d + (i), ones + (i)
  int i = 0;
  for (; i + 12 <= count; i += 12) {
    tile_12(ROWS_AT(i, 12));
  }
  if (count - i == 8) {
    tile_8(ROWS_AT(i, 8));
  } else if (count - i == 4) {
    tile_4(ROWS_AT(i, 4));
  } else if (count - i == 1) {
    tile_1(ROWS_AT(i, 1));
  }
}

// 16 quants as pairs of themselves; their sum to *sum.
INLINE int16 pairs(GLOBAL const char *q, int *sum) {
  int16 v = convert_int16(vload16(0, q));
#if HAS_MIN
  int8 a = v.lo + UPPER_8(int8, v);
  int4 b = a.lo + a.hi;
  int2 c = b.lo + b.hi;
  *sum = c.x + c.y;
#endif
  return (v & 0xffff) | v << 16;
}

// lines [count / 12][LINES][12][16]: the rows of x from `from` on, k from `at` to `at` + depth; behind the last row the
// last again. d [block][row]: their scales; ones [piece][row]: sums of a piece of x.
INLINE void copy_slice(int16 *lines, float16 *d, float *ones, INPUT(x), int from, int count, int real, int k, int at,
                       int depth) {
  // Halves one by one would cost as much as the rest: whole vectors of them are converted.
  ushort16 halves_of_x[SCALES / 16];
  for (int i = 0; i < SCALES / 16; i++) {
    halves_of_x[i] = 0;
  }
  for (int i = 0; i < count; i++) {
    int first = i / 12 * 12;
    int height = min(12, count - first);
    int16 *to = lines + first * LINES + i - first;
    long row = VECTOR(x, from + min(i, real - 1), k) + at;
    for (int b = 0; b < depth / BLOCK_K; b += 2) { // the next slice
      FETCH(x + (row / BLOCK_K + depth / BLOCK_K + b) * BLOCK_BYTES);
    }
    for (int b = 0; b < depth / BLOCK_K; b++) {
      GLOBAL const uchar *block = x + (row / BLOCK_K + b) * BLOCK_BYTES;
      int sums[2];
      for (int half_ = 0; half_ < 2; half_++) {
        to[(2 * b + half_) * height] = pairs((GLOBAL const char *)block + 2 + 16 * half_, sums + half_);
      }
      ((ushort *)halves_of_x)[b * TILE_ROWS + i] = *(GLOBAL const ushort *)block;
#if HAS_MIN
      if (PIECE_K == 32) {
        ones[b * TILE_ROWS + i] = sums[0] + sums[1];
      } else {
        ones[2 * b * TILE_ROWS + i] = sums[0];
        ones[(2 * b + 1) * TILE_ROWS + i] = sums[1];
      }
#endif
    }
  }
  for (int i = 0; i < SCALES / 16; i++) {
    d[i] = vload_half16(i, (const half *)halves_of_x);
  }
#if HAS_MIN
  for (int piece = 0; piece < depth / PIECE_K; piece++) {
    const float *scales = (const float *)d + piece * PIECE_K / BLOCK_K * TILE_ROWS;
    for (int i = 0; i < count; i++) {
      ones[piece * TILE_ROWS + i] *= scales[i];
    }
  }
#endif
}

// The quants of part `part` of a group, CENTRE less: [PART_K][32].
INLINE void expand_group(short16 *piece, GLOBAL const uchar *group, int part) {
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
      piece[i] = convert_short16(value) - (short16)(CENTRE);
    }
  }
}

#if HIGH_BYTES == 0
#define ROW_ALONE
// What one row of x [block][32] of a slice wants: pairs [block][8][2] of its k 4j and 4j + 2, 4j + 1 and 4j + 3; the sums of
// its blocks.
INLINE void make_pairs(int *pairs, int *totals, const int *x, int depth) {
  for (int b = 0; b < depth / BLOCK_K; b++) {
    totals[b] = 0;
    for (int j = 0; j < 8; j++, x += 4) {
      pairs[16 * b + 2 * j] = (x[0] & 0xffff) | (x[2] & 0xffff0000);
      pairs[16 * b + 2 * j + 1] = (x[1] & 0xffff) | (x[3] & 0xffff0000);
      totals[b] += (x[0] >> 16) + (x[1] >> 16) + (x[2] >> 16) + (x[3] >> 16);
    }
  }
}

INLINE float8 both_halves(short16 sums, int less) {
  int8 v = as_int8(sums);
  return convert_float8((v << 16 >> 16) + (v >> 16) - less);
}

// sums [2] += one row times a group: 8 rows of w a vector, two k of each beside each other.
INLINE void row_group(float16 *sums, const int *x, int total, GLOBAL const uchar *group, const float16 *scales,
                      const float *d, const float *ones) {
  short16 low[2] = {0, 0};
  short16 high[2] = {0, 0};
  for (int j = 0; j < 8; j++) {
    short16 even = as_short16((int8)(x[2 * j]));
    short16 odd = as_short16((int8)(x[2 * j + 1]));
#pragma unroll
    for (int i = 0; i < 2; i++) {
      ushort16 q = as_ushort16(vload8(2 * j + i, (GLOBAL const uint *)(group + SCALE_BYTES)));
      low[i] += as_short16(q & (ushort16)(15)) * even + as_short16(q >> (ushort16)(8) & (ushort16)(15)) * odd;
      high[i] += as_short16(q >> (ushort16)(4) & (ushort16)(15)) * even + as_short16(q >> (ushort16)(12)) * odd;
    }
  }
  float16 a = (float16)(both_halves(low[0], CENTRE * total), both_halves(low[1], CENTRE * total));
  float16 b = (float16)(both_halves(high[0], CENTRE * total), both_halves(high[1], CENTRE * total));
  sums[0] = fma(scales[0], a * d[0], LEAST(0, 0, sums[0]));
  sums[1] = fma(scales[1], b * d[0], LEAST(0, 1, sums[1]));
}
#endif

// sums[2 i ..] += the slice's rows times a panel's k from `at` to `at` + depth.
INLINE void multiply(float16 *sums, const int16 *lines, int count, GLOBAL const uchar *panel, int at, int depth,
                     const float *d, const float *ones, const int *pairs_of_row, const int *totals) {
  for (int g = 0; g < depth / GROUP_K; g++) {
    GLOBAL const uchar *head = panel + HEAD_AT(at / GROUP_K + g);
    GLOBAL const uchar *group = panel + GROUP_AT(at / GROUP_K + g);
    for (int part = 0; part < PARTS; part++) {
      short16 quants[2 * PART_K];
      float16 scales[4];
      for (int half_ = 0; half_ < 2; half_++) {
        scales[half_] = scale_of(head, group, part, half_);
#if HAS_MIN
        scales[2 + half_] = fma(scales[half_], (float16)(CENTRE), least_of(head, group, scales[half_], half_));
#endif
      }
#ifdef ROW_ALONE
      if (count == 1) {
        row_group(sums, pairs_of_row + 16 * g, totals[g], group, scales, d + g * TILE_ROWS, ones + g * TILE_ROWS);
        continue;
      }
#endif
      expand_group(quants, group, part);
      for (int c = 0; c < PART_K; c += PIECE_K) {
        int begin = GROUP_K * g + PART_K * part + c;
        tiles(sums, lines, count, begin, quants + 2 * c, scales, d + g * TILE_ROWS, ones + begin / PIECE_K * TILE_ROWS);
      }
    }
  }
}

// most: panels of a work-item, at most TILE_PANELS, of GATED half of them.
ITEM_KERNEL(matmulrounded)(PARAMETERS, int most) {
  int from = (int)get_global_id(0) * TILE_ROWS;
  int first = (int)get_global_id(1) * most;
  int panels = min(most, (n + 31) / 32 - first);
  int real = min(TILE_ROWS, m - from);
  int count = real == 1 ? 1 : (real + 3) / 4 * 4;
  long bytes = PANEL_BYTES(k);
  int16 lines[TILE_ROWS * LINES];
  float16 d[SCALES / 16];
  float ones[PIECES * TILE_ROWS];
  float16 sums[TILE_PANELS * 2 * TILE_ROWS];
  int pairs_of_row[DEPTH / 2];
  int totals[DEPTH / BLOCK_K];
#ifdef GATED
  int sides = 2;
#else
  int sides = 1;
#endif
  for (int p = 0; p < sides * panels; p++) {
    for (int i = 0; i < 2 * count; i++) {
      sums[p * 2 * TILE_ROWS + i] = 0;
    }
  }
  for (int at = 0; at < k; at += DEPTH) {
    int depth = min(DEPTH, k - at);
    copy_slice(lines, d, ones, x, x_at, x_inner, x_stride, from, count, real, k, at, depth);
#ifdef ROW_ALONE
    if (count == 1) {
      make_pairs(pairs_of_row, totals, (const int *)lines, depth);
    }
#endif
    for (int p = 0; p < sides * panels; p++) {
      // The second sides lie behind all first ones.
      long panel = p < panels ? first + p : n / 32 + first + p - panels;
      multiply(sums + p * 2 * TILE_ROWS, lines, count, w + w_at + panel * bytes, at, depth, (const float *)d, ones,
               pairs_of_row, totals);
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
