// Ragged multi-head attention, for CPUs: no barriers, no local memory, register tiles of float16.
//
//   out [T, heads, DV], q [T, heads, DK]; keys and values [S, key_heads, ..], ragged, or pages (PAGED). F32 throughout;
//   types X (q), KV (keys and values), OUT.
//
// A work-item up to QUERIES queries of one head of one sequence: for each block of 32 keys it turns the keys around,
// S [QUERIES][32] = Q K^T in tiles of 12 x 32, an online softmax (Dao et al. 2022), then O [QUERIES][DV] += P V in tiles of
// 12 x 32. Blocks begin at multiples of 32 keys, so that a query's bits do not depend on those beside it.
// FLOPs: 4 DK a query and key; turning a block around costs 32 DK moves for 64 DK QUERIES multiplications.
// Private memory: 4 (QUERIES (DK + DV + 32) + 32 (DK + DV)) bytes, 44 KB for heads of 64.
#include "common.cl"
#include "math.cl"
#include "philox.cl"
#include "sequences.cl"
#include "attention_common.cl"

#ifndef QUERIES
#define QUERIES 48 // queries of an item
#endif
#define VALUE_STRIDE ((DV + 31) / 32 * 32)

// exp of 16 numbers, none above 0.
INLINE float16 exp_16(float16 x) {
  float16 rounded = fma(x, (float16)(1.442695041f), (float16)(12582912.0f));
  float16 n = rounded - 12582912.0f;
  float16 r = fma(n, (float16)(-0.693359375f), x);
  r = fma(n, (float16)(2.12194440e-4f), r);
  float16 p = fma(r, (float16)(1.381455921e-3f), (float16)(8.368736133e-3f));
  p = fma(p, r, (float16)(0.04166838899f));
  p = fma(p, r, (float16)(0.1666652113f));
  p = fma(p, r, (float16)(0.4999999404f));
  p = fma(p, r * r, r + 1.0f);
  uint16 power = (as_uint16(rounded) << 23) + (126u << 23);
  return select(p * as_float16(power) * 2.0f, (float16)(0.0f), x < -86.6f);
}

INLINE float sum_of_16(float16 v) {
  float8 a = v.lo + v.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.x + c.y;
}

INLINE float most_of_16(float16 v) {
  float8 a = fmax(v.lo, v.hi);
  float4 b = fmax(a.lo, a.hi);
  float2 c = fmax(b.lo, b.hi);
  return fmax(c.x, c.y);
}

// sums [ROWS][32] (rows sums_stride apart) += a [ROWS][depth] times b [depth][32].
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float *sums, int sums_stride, const float *a, int a_stride, const float *b, int b_stride,           \
                   int depth) {                                                                                        \
    float16 low[ROWS], high[ROWS];                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = vload16(0, sums + i * sums_stride);                                                                     \
      high[i] = vload16(1, sums + i * sums_stride);                                                                    \
    }                                                                                                                  \
    for (int c = 0; c < depth; c++) {                                                                                  \
      float16 b0 = vload16(0, b + c * b_stride);                                                                       \
      float16 b1 = vload16(1, b + c * b_stride);                                                                       \
      _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                               \
        float16 v = (float16)(a[i * a_stride + c]);                                                                    \
        low[i] = fma(b0, v, low[i]);                                                                                   \
        high[i] = fma(b1, v, high[i]);                                                                                 \
      }                                                                                                                \
    }                                                                                                                  \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      vstore16(low[i], 0, sums + i * sums_stride);                                                                     \
      vstore16(high[i], 1, sums + i * sums_stride);                                                                    \
    }                                                                                                                  \
  }
TILE(tile_12, 12)
TILE(tile_4, 4)

// count is a multiple of 4.
INLINE void tiles(float *sums, int sums_stride, const float *a, int a_stride, const float *b, int b_stride, int depth,
                  int count) {
  int i = 0;
  for (; i + 12 <= count; i += 12) {
    tile_12(sums + i * sums_stride, sums_stride, a + i * a_stride, a_stride, b, b_stride, depth);
  }
  for (; i < count; i += 4) {
    tile_4(sums + i * sums_stride, sums_stride, a + i * a_stride, a_stride, b, b_stride, depth);
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void attention_tile(PARAMETERS) {
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  int h = (int)get_global_id(1) % heads;
  int b = (int)get_global_id(1) / heads;
  int begin = offsets[offsets_at + b];
  int from = (int)get_global_id(0) * QUERIES;
  int real = min(QUERIES, offsets[offsets_at + b + 1] - begin - from);
  if (real <= 0) {
    return;
  }
  int count = (real + 3) / 4 * 4;
  int key_heads = heads / group;
  int start = starts[starts_at + b];
  int position = start + from;
  int length = start < 0 ? 0 : min(lengths[lengths_at + b], max_keys);
  int end = causal ? min(length, position + real) : length;
  int first = window > 0 ? max(0, position - window + 1) / 32 * 32 : 0;

  float query[QUERIES * DK];
  float s[QUERIES * 32];
  float acc[QUERIES * VALUE_STRIDE];
  float most[QUERIES];
  float sum[QUERIES];
  float keys[DK * 32];
  float values[32 * VALUE_STRIDE];
  for (int i = 0; i < count; i++) {
    long at = VECTOR(q, (begin + from + min(i, real - 1)) * heads + h, DK);
    for (int c = 0; c < DK; c++) {
      query[i * DK + c] = LOAD(X, q, at + c) * scale;
    }
    most[i] = -INFINITY;
    sum[i] = 0;
  }
  for (int i = 0; i < QUERIES * VALUE_STRIDE; i++) {
    acc[i] = 0;
  }
  for (int i = 0; i < 32 * VALUE_STRIDE; i++) {
    values[i] = 0;
  }
  for (int block = first; block < end; block += 32) {
    int here = min(32, end - block);
    for (int j = 0; j < 32; j++) {
      // Past the end, the last key again: masked below.
      long row = (long)KEY_ROW(b, block + min(j, here - 1)) * key_heads + h / group;
      long key_at = VECTOR(k, row, DK);
      for (int c = 0; c < DK; c++) {
        keys[c * 32 + j] = LOAD(KV, k, key_at + c);
      }
      long value_at = VECTOR(v, row, DV);
      for (int c = 0; c < DV; c++) {
        values[j * VALUE_STRIDE + c] = LOAD(KV, v, value_at + c);
      }
    }
    for (int i = 0; i < count * 32; i++) {
      s[i] = 0;
    }
    tiles(s, 32, query, DK, keys, 32, DK, count);
    for (int i = 0; i < count; i++) {
      int p = position + i;
#if BIAS != 0
      for (int j = 0; j < here; j++) {
        s[i * 32 + j] += BIAS_OF(b, h, from + min(i, real - 1), p, block + j);
      }
#endif
      if (cap > 0) {
        for (int j = 0; j < 32; j++) {
          s[i * 32 + j] = capped(s[i * 32 + j], cap);
        }
      }
      int limit = causal ? min(length, p + 1) : length;
      int least = window > 0 ? p - window + 1 : 0;
      int16 key = block + lane;
      float16 s0 = select((float16)(-INFINITY), vload16(0, s + i * 32), key < limit && key >= least);
      key += 16;
      float16 s1 = select((float16)(-INFINITY), vload16(1, s + i * 32), key < limit && key >= least);
      if (relu) {
        vstore16(fmax(s0, 0.0f), 0, s + i * 32);
        vstore16(fmax(s1, 0.0f), 1, s + i * 32);
        continue;
      }
      float now = fmax(most[i], most_of_16(fmax(s0, s1)));
      float zero = now == -INFINITY ? 0.0f : now;
      if (now > most[i]) {
        float less = exp_negative(most[i] - now);
        sum[i] *= less;
        for (int c = 0; c < VALUE_STRIDE; c++) {
          acc[i * VALUE_STRIDE + c] *= less;
        }
        most[i] = now;
      }
      s0 = exp_16(s0 - zero);
      s1 = exp_16(s1 - zero);
      sum[i] += sum_of_16(s0 + s1);
      vstore16(s0, 0, s + i * 32);
      vstore16(s1, 1, s + i * 32);
    }
    if (dropout > 0) {
      for (int i = 0; i < real; i++) {
        for (int j = 0; j < here; j++) {
          float drawn = draw(state + state_at, (uint)(block + j) / 4, from + i, b * heads + h, (block + j) & 3);
          s[i * 32 + j] = drawn >= dropout ? s[i * 32 + j] / (1.0f - dropout) : 0.0f;
        }
      }
    }
    for (int c = 0; c < VALUE_STRIDE; c += 32) {
      tiles(acc + c, VALUE_STRIDE, s, 32, values + c, VALUE_STRIDE, 32, count);
    }
  }
  for (int i = 0; i < real; i++) {
    float factor = relu ? 1.0f : sum[i] > 0 ? 1.0f / sum[i] : 0.0f;
    long to = VECTOR(out, (begin + from + i) * heads + h, DV);
    for (int c = 0; c < DV; c++) {
      STORE(OUT, out, to + c, acc[i * VALUE_STRIDE + c] * factor);
    }
  }
}
