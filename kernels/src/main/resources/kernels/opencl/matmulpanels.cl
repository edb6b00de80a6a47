// out = x w of a packed weight, for CPUs: no barriers, no local memory, register tiles of float16.
//
//   out [m, n] = fn(x [m, k] w^T + bias) + residual, or GATED: fn(x w1^T) * (x w2^T) with w = [w1; w2] and n a multiple of 32.
//
// matmulpanels_row: a work-item PANELS panels of one row of x, straight from the quants.
// matmulpanels_tile: a work-item one panel of up to TILE_ROWS rows of x: a piece of the panel is expanded to F32, then
//   times tiles of 12 (or 4) rows x 32 columns, 24 accumulators in registers. x_sums: what panelsums.cl makes of x.
//
// A sum runs over DEPTH k in order, or those of a group, then over such sums: the same in both kernels, whatever m is, and
// with smaller errors than in one go.
// Traffic of the tile: w once for TILE_ROWS rows from memory, x from cache; 24 fma for 2 + 12 loads.
#include "common.cl"
#include "blocks.cl"
#include "math.cl"
#include "panels.cl"

#ifndef PANELS
#define PANELS 1 // panels that share what was read of x
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x that share an expanded piece of a panel
#endif
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

// ---- one row ----

#if TYPE == IS_F32
#define LOAD_PANEL(p, i) vload16(i, (GLOBAL const float *)(p))
#elif TYPE == IS_F16
#define LOAD_PANEL(p, i) vload_half16(i, (GLOBAL const half *)(p))
#elif TYPE == IS_BF16
#define LOAD_PANEL(p, i) as_float16(convert_uint16(vload16(i, (GLOBAL const ushort *)(p))) << 16)
#endif

// sums[32 i ..] = x times panel first + i * step.
INLINE void dot_panels(float *sums, GLOBAL const uchar *x, GLOBAL const uchar *w, long panel_bytes, int k) {
  float16 low[PANELS], high[PANELS];
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    low[i] = 0;
    high[i] = 0;
  }
#ifdef PLAIN
  for (int from = 0; from < k; from += DEPTH) {
    float16 a[PANELS], b[PANELS];
#pragma unroll
    for (int i = 0; i < PANELS; i++) {
      a[i] = 0;
      b[i] = 0;
    }
    for (int c = from; c < min(k, from + DEPTH); c++) {
      float16 v = (float16)(LOAD(X, x, c));
#pragma unroll
      for (int i = 0; i < PANELS; i++) {
        GLOBAL const uchar *p = w + i * panel_bytes + (long)c * GROUP_BYTES;
        a[i] = fma(LOAD_PANEL(p, 0), v, a[i]);
        b[i] = fma(LOAD_PANEL(p, 1), v, b[i]);
      }
    }
#pragma unroll
    for (int i = 0; i < PANELS; i++) {
      low[i] += a[i];
      high[i] += b[i];
    }
  }
#else
  for (int g = 0; g < k / 32; g++, x += 32 * X_BYTES) {
#if HAS_LEAST
    float sums_of_x[2] = {sum_of_16(LOAD16(X, x, 0)), sum_of_16(LOAD16(X, x, 16))};
#endif
    long head = HEAD_AT(g);
    long group = GROUP_AT(g);
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
      float16 a[PANELS], b[PANELS];
#pragma unroll
      for (int i = 0; i < PANELS; i++) {
        a[i] = 0;
        b[i] = 0;
      }
#if TYPE == IS_Q8_0
      for (int c = 0; c < 32; c++) {
        float16 v = (float16)(LOAD(X, x, c));
#pragma unroll
        for (int i = 0; i < PANELS; i++) {
          GLOBAL const char *q = (GLOBAL const char *)(w + i * panel_bytes + group + SCALE_BYTES);
          a[i] = fma(convert_float16(convert_int16(vload16(2 * c, q))), v, a[i]);
          b[i] = fma(convert_float16(convert_int16(vload16(2 * c + 1, q))), v, b[i]);
        }
      }
#else
#pragma unroll
      for (int j = part * 8 / PARTS; j < (part + 1) * 8 / PARTS; j++) {
        float4 v = (float4)(LOAD(X, x, 4 * j), LOAD(X, x, 4 * j + 1), LOAD(X, x, 4 * j + 2), LOAD(X, x, 4 * j + 3));
#pragma unroll
        for (int i = 0; i < PANELS; i++) {
          GLOBAL const uchar *p = w + i * panel_bytes + group + SCALE_BYTES;
          uint16 q = vload16(j, (GLOBAL const uint *)(p + HIGH_BYTES));
#if HIGH_BYTES == 0
          // A nibble where it lies is q times a power of 16; x is divided by it.
          a[i] = fma(convert_float16(as_int16(q & 0xfu)), (float16)(v.x), a[i]);
          b[i] = fma(convert_float16(as_int16(q & 0xf0u)), (float16)(v.x * 0x1p-4f), b[i]);
          a[i] = fma(convert_float16(as_int16(q & 0xf00u)), (float16)(v.y * 0x1p-8f), a[i]);
          b[i] = fma(convert_float16(as_int16(q & 0xf000u)), (float16)(v.y * 0x1p-12f), b[i]);
          a[i] = fma(convert_float16(as_int16(q & 0xf0000u)), (float16)(v.z * 0x1p-16f), a[i]);
          b[i] = fma(convert_float16(as_int16(q & 0xf00000u)), (float16)(v.z * 0x1p-20f), b[i]);
          a[i] = fma(convert_float16(as_int16(q & 0xf000000u)), (float16)(v.w * 0x1p-24f), a[i]);
          b[i] = fma(convert_float16(as_int16(q >> 28)), (float16)(v.w), b[i]);
#else
#if HIGH_BYTES == 128
          uint16 h = vload16(j / 4, (GLOBAL const uint *)p) >> (8 * (j % 4));
#define QUANT(at) convert_float16(as_int16((q >> (4 * (at)) & 0xfu) | ((h >> (at) & 1u) << 4)))
#else
          uint16 h = vload16(j / 2, (GLOBAL const uint *)p) >> (16 * (j % 2));
#define QUANT(at) convert_float16(as_int16((q >> (4 * (at)) & 0xfu) | ((h >> (2 * (at)) & 3u) << 4)))
#endif
          a[i] = fma(QUANT(0), (float16)(v.x), a[i]);
          b[i] = fma(QUANT(1), (float16)(v.x), b[i]);
          a[i] = fma(QUANT(2), (float16)(v.y), a[i]);
          b[i] = fma(QUANT(3), (float16)(v.y), b[i]);
          a[i] = fma(QUANT(4), (float16)(v.z), a[i]);
          b[i] = fma(QUANT(5), (float16)(v.z), b[i]);
          a[i] = fma(QUANT(6), (float16)(v.w), a[i]);
          b[i] = fma(QUANT(7), (float16)(v.w), b[i]);
#undef QUANT
#endif
        }
      }
#endif
#pragma unroll
      for (int i = 0; i < PANELS; i++) {
        GLOBAL const uchar *panel = w + i * panel_bytes;
        float16 s0 = scale_of(panel + head, panel + group, part, 0);
        float16 s1 = scale_of(panel + head, panel + group, part, 1);
        low[i] = fma(s0, a[i], low[i]);
        high[i] = fma(s1, b[i], high[i]);
#if HAS_LEAST
        float16 ones = (float16)(PARTS == 2 ? sums_of_x[part] : sums_of_x[0] + sums_of_x[1]);
        low[i] = fma(least_of(panel + head, panel + group, s0, 0), ones, low[i]);
        high[i] = fma(least_of(panel + head, panel + group, s1, 1), ones, high[i]);
#endif
      }
    }
  }
#endif
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    vstore16(low[i], 2 * i, sums);
    vstore16(high[i], 2 * i + 1, sums);
  }
}

ITEM_KERNEL(matmulpanels_row)(PARAMETERS) {
  int first = (int)get_global_id(0) * PANELS;
  long bytes = PANEL_BYTES(k);
  GLOBAL const uchar *row = x + x_at * X_BYTES;
  float sums[32 * PANELS];
  dot_panels(sums, row, w + w_at + first * bytes, bytes, k);
#ifdef GATED
  float up[32 * PANELS];
  dot_panels(up, row, w + w_at + (n / 32 + first) * bytes, bytes, k);
#else
  float *up = sums;
#endif
  for (int i = 0; i < PANELS; i++) {
    finish_row(ARGUMENTS, 0, (first + i) * 32, sums + 32 * i, up + 32 * i);
  }
}

// ---- many rows ----

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
