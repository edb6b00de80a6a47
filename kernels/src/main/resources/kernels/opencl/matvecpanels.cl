// out = x w of a packed weight and one row of x, for CPUs: panelproduct.cl has the formula. A work-item PANELS panels,
// straight from the quants.
// Traffic: w once from memory, x from cache.
#include "panelproduct.cl"

#ifndef PANELS
#define PANELS 1 // panels that share what was read of x
#endif
#ifndef SUBNORMALS
#define SUBNORMALS 0 // 1: quants are taken as subnormal numbers, for processors that multiply those at full speed
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
  int16 q = vload16(2 * j + half_, (GLOBAL const int *)(quants + SCALE_BYTES));
  a = fma(convert_float16(q << 24 >> 24), (float16)(x.x), a);
  a = fma(convert_float16(q << 16 >> 24), (float16)(x.y), a);
  a = fma(convert_float16(q << 8 >> 24), (float16)(x.z), a);
  return fma(convert_float16(q >> 24), (float16)(x.w), a);
}
#define X_SCALE 1.0f
#define B_SCALE 1.0f
#else
// A quant stays where it lies in 16 bits of its word: in the second byte it is 2^8 times too large and its x, by X_SCALE,
// so much smaller; those of rows 16 to 31, and so their sum, are 2^4 times larger still. Powers of two change no bit of a
// product.
#define X_SCALE ((float16)(1, 0x1p-8f, 1, 0x1p-8f, 1, 0x1p-8f, 1, 0x1p-8f, 1, 0x1p-8f, 1, 0x1p-8f, 1, 0x1p-8f, 1, 0x1p-8f))
#define B_SCALE 0x1p-4f
#if SUBNORMALS
#define NUMBER(bits) as_float16(bits) // times 2^-149
#else
#define NUMBER(bits) convert_float16(bits)
#endif
#if HIGH_BYTES == 0
#define QUANT(at) NUMBER(q & 0xfu << (4 * (at)))
#else
#define QUANT(at) NUMBER((q & 0xfu << (4 * (at))) | (h & HIGH_MASK << (4 * (at) + 4)))
#endif
#endif

#if SUBNORMALS && TYPE != IS_Q8_0
INLINE float power_of_two(int exponent) { return as_float((uint)(exponent + 127) << 23); }

// The exponent of the greatest of n vectors.
INLINE int greatest_exponent(const float16 *x, int n) {
  uint16 most = 1u << 23;
  for (int i = 0; i < n; i++) {
    most = max(most, as_uint16(x[i]) & 0x7fffffffu);
  }
  uint8 a = max(most.lo, UPPER_8(uint8, most));
  uint4 b = max(a.lo, a.hi);
  uint2 c = max(b.lo, b.hi);
  return (int)(max(c.x, c.y) >> 23) - 127;
}

// x [n] times X_SCALE and 2^(127 - exponent): what 2^-149 leaves of products is far from the smallest numbers, unless a
// number is 2^-80 of the greatest and less.
INLINE void scale(float16 *x, int n, int exponent) {
  int half_ = (127 - exponent) / 2;
  for (int i = 0; i < n; i++) {
    x[i] = x[i] * power_of_two(half_) * power_of_two(127 - exponent - half_) * X_SCALE;
  }
}

// The sum of such products of x and quants, times a power of two.
INLINE float16 scaled_down(float16 sum, int exponent, float factor) {
  return exponent > 100 ? sum * 0x1p64f * (power_of_two(exponent - 42) * factor)
                        : sum * (power_of_two(exponent + 22) * factor);
}
#else
INLINE void scale(float16 *x, int n, int exponent) {
  for (int i = 0; i < n; i++) {
    x[i] *= X_SCALE;
  }
}
#define greatest_exponent(x, n) 0
#define scaled_down(sum, exponent, factor) ((sum) * factor)
#endif

// sums[32 i ..] = x times panel first + i * step.
INLINE void dot_panels(float *sums, GLOBAL const uchar *x, GLOBAL const uchar *w, long panel_bytes, int k) {
  float16 low[PANELS], high[PANELS];
#pragma unroll
  for (int i = 0; i < PANELS; i++) {
    low[i] = 0;
    high[i] = 0;
  }
  float16 scaled[2 * CHUNK];
  float sums_of_x[2 * CHUNK];
  for (int from = 0; from < k / 32; from += CHUNK) {
    int groups = min(CHUNK, k / 32 - from);
    for (int i = 0; i < 2 * groups; i++) {
      float16 v = LOAD16(X, x, 32 * from + 16 * i);
#if HAS_LEAST
      sums_of_x[i] = sum_of_16(v);
#endif
      scaled[i] = v;
    }
    int exponent = greatest_exponent(scaled, 2 * groups);
    scale(scaled, 2 * groups, exponent);
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
#pragma unroll 1 // unrolled, one sum follows the other: a chain of fma, and spills
        for (int j = part * 8 / PARTS; j < (part + 1) * 8 / PARTS; j++) {
          float4 v = vload4(8 * g + j, (const float *)scaled);
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
            q >>= 16;
#if HIGH_BYTES > 0
            h = rotate(h, (uint16)(16));
#endif
            a[i] = fma(QUANT(0), (float16)(v.z), a[i]);
            b[i] = fma(QUANT(1), (float16)(v.z), b[i]);
            a[i] = fma(QUANT(2), (float16)(v.w), a[i]);
            b[i] = fma(QUANT(3), (float16)(v.w), b[i]);
#endif
          }
        }
#pragma unroll
        for (int i = 0; i < PANELS; i++) {
          GLOBAL const uchar *panel = w + i * panel_bytes;
          float16 s0 = scale_of(panel + head, panel + group, part, 0);
          float16 s1 = scale_of(panel + head, panel + group, part, 1);
          low[i] = fma(s0, scaled_down(a[i], exponent, 1.0f), low[i]);
          high[i] = fma(s1, scaled_down(b[i], exponent, B_SCALE), high[i]);
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

#ifndef CHAIN
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
#endif
