// out = x w of a packed weight and one row of x, for CPUs: panelproduct.cl has the formula. A work-item PANELS panels,
// straight from the quants.
// Traffic: w once from memory, x from cache.
#include "panelproduct.cl"

#ifndef PANELS
#define PANELS 1 // panels that share what was read of x
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

ITEM_KERNEL(matvecpanels)(PARAMETERS) {
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
