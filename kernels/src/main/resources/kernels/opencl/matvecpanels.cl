// out = x w of a packed weight and one row of x, for CPUs: panelproduct.cl has the formula. A work-item PANELS panels,
// straight from the quants.
// Traffic: w once from memory, x from cache.
#include "panelproduct.cl"

#ifndef PANELS
#define PANELS 1 // panels that share what was read of x
#endif

#ifdef PLAIN
// sums[32 i ..] = x times panel first + i * step.
INLINE void dot_panels(float *sums, GLOBAL const uchar *x, GLOBAL const uchar *w, long panel_bytes, int k) {
  float16 low[PANELS], high[PANELS];
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    low[i] = 0;
    high[i] = 0;
  }
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
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    vstore16(low[i], 2 * i, sums);
    vstore16(high[i], 2 * i + 1, sums);
  }
}
#else
#define CHUNK 8 // groups whose x is made ready together

#if TYPE == IS_Q8_0
// a + x times 4 columns of rows 16 half to 16 half + 15, from column 4j on.
INLINE float16 dot_4(GLOBAL const uchar *quants, int j, int half_, float4 x, float16 a) {
  GLOBAL const char *q = (GLOBAL const char *)(quants + SCALE_BYTES) + 128 * j;
  a = fma(convert_float16(convert_int16(vload16(half_, q))), (float16)(x.x), a);
  a = fma(convert_float16(convert_int16(vload16(2 + half_, q))), (float16)(x.y), a);
  a = fma(convert_float16(convert_int16(vload16(4 + half_, q))), (float16)(x.z), a);
  return fma(convert_float16(convert_int16(vload16(6 + half_, q))), (float16)(x.w), a);
}
#define X_SCALE 1.0f
#define B_SCALE 1.0f
#else
// A quant stays where it lies in its word: one of column 4j + i is 2^8i times too large and its x, by X_SCALE, so much
// smaller; those of rows 16 to 31, and so their sum, are 2^4 times larger still. Powers of two change no bit of a product.
#define X_SCALE ((float16)((float8)((float4)(1, 0x1p-8f, 0x1p-16f, 0x1p-24f), (float4)(1, 0x1p-8f, 0x1p-16f, 0x1p-24f)), \
                           (float8)((float4)(1, 0x1p-8f, 0x1p-16f, 0x1p-24f), (float4)(1, 0x1p-8f, 0x1p-16f, 0x1p-24f))))
#define B_SCALE 0x1p-4f
#if HIGH_BYTES == 0
#define QUANT(at) convert_float16(q & 0xfu << (4 * (at)))
#else
#define QUANT(at) convert_float16((q & 0xfu << (4 * (at))) | (h & HIGH_MASK << (4 * (at) + 4)))
#endif
#endif

// sums[32 i ..] = x times panel first + i * step.
INLINE void dot_panels(float *sums, GLOBAL const uchar *x, GLOBAL const uchar *w, long panel_bytes, int k) {
  float16 low[PANELS], high[PANELS];
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    low[i] = 0;
    high[i] = 0;
  }
  float scaled[32 * CHUNK];
  float sums_of_x[2 * CHUNK];
  for (int from = 0; from < k / 32; from += CHUNK) {
    int groups = min(CHUNK, k / 32 - from);
    for (int i = 0; i < 2 * groups; i++) {
      float16 v = LOAD16(X, x, 32 * from + 16 * i);
#if HAS_LEAST
      sums_of_x[i] = sum_of_16(v);
#endif
      vstore16(v * X_SCALE, i, scaled);
    }
    for (int g = 0; g < groups; g++) {
      long head = HEAD_AT(from + g);
      long group = GROUP_AT(from + g);
#pragma unroll
      for (int part = 0; part < PARTS; part++) {
        float16 a[PANELS], b[PANELS];
#pragma unroll
        for (int i = 0; i < PANELS; i++) {
          a[i] = 0;
          b[i] = 0;
        }
#pragma unroll
        for (int j = part * 8 / PARTS; j < (part + 1) * 8 / PARTS; j++) {
          float4 v = vload4(8 * g + j, scaled);
#pragma unroll
          for (int i = 0; i < PANELS; i++) {
            GLOBAL const uchar *p = w + i * panel_bytes + group;
#if TYPE == IS_Q8_0
            a[i] = dot_4(p, j, 0, v, a[i]);
            b[i] = dot_4(p, j, 1, v, b[i]);
#else
            uint16 q = vload16(j, (GLOBAL const uint *)(p + SCALE_BYTES + HIGH_BYTES));
#if HIGH_BYTES > 0
            uint16 h = high_words(p + SCALE_BYTES, j);
#endif
            a[i] = fma(QUANT(0), (float16)(v.x), a[i]);
            b[i] = fma(QUANT(1), (float16)(v.x), b[i]);
            a[i] = fma(QUANT(2), (float16)(v.y), a[i]);
            b[i] = fma(QUANT(3), (float16)(v.y), b[i]);
            a[i] = fma(QUANT(4), (float16)(v.z), a[i]);
            b[i] = fma(QUANT(5), (float16)(v.z), b[i]);
            a[i] = fma(QUANT(6), (float16)(v.w), a[i]);
#if HIGH_BYTES == 0
            b[i] = fma(QUANT(7), (float16)(v.w), b[i]);
#else
            // The last one's higher bits are at the word's other end: it moves there, 2^28 times smaller.
            b[i] = fma(convert_float16(q >> 28 | (h & HIGH_MASK) << 4), (float16)(v.w * 0x1p28f), b[i]);
#endif
#endif
          }
        }
#pragma unroll
        for (int i = 0; i < PANELS; i++) {
          GLOBAL const uchar *panel = w + i * panel_bytes;
          float16 s0 = scale_of(panel + head, panel + group, part, 0);
          float16 s1 = scale_of(panel + head, panel + group, part, 1);
          low[i] = fma(s0, a[i], low[i]);
          high[i] = fma(s1, b[i] * B_SCALE, high[i]);
#if HAS_LEAST
          float16 ones = (float16)(PARTS == 2 ? sums_of_x[2 * g + part] : sums_of_x[2 * g] + sums_of_x[2 * g + 1]);
          low[i] = fma(least_of(panel + head, panel + group, s0, 0), ones, low[i]);
          high[i] = fma(least_of(panel + head, panel + group, s1, 1), ones, high[i]);
#endif
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    vstore16(low[i], 2 * i, sums);
    vstore16(high[i], 2 * i + 1, sums);
  }
}
#endif

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
