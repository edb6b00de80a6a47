// Ragged multi-head attention of few rows, for CPUs: no barriers, no local memory, register tiles of float16.
//
//   out [T, heads, DV], q [T, heads, DK]; keys and values [S, key_heads, ..], ragged, or pages (PAGED). F32 throughout;
//   types X (q), KV (keys and values), OUT.
//
// A row is a query of one head. A work-item has up to ROWS rows that share keys: the heads of a group, query by query. For
// each block of 32 keys it turns the keys around, S [ROWS][32] = Q K^T in tiles of 4 x 32, an online softmax (Dao et al.
// 2022), then O [ROWS][DV] += P V in tiles of 4 x 32. Blocks begin at multiples of 32 keys, so that a row's bits do not
// depend on those beside it. attentionlanes.cl does the same for many rows.
// FLOPs: 4 DK a row and key; turning a block around costs 8 DK shuffles for 4 DK ROWS multiplications of float16.
// Private memory: 4 (ROWS (DK + DV + 32) + 32 (DK + DV)) bytes, 21 KB for 8 rows of 64.
#include "common.cl"
#include "blocks.cl"
#include "math.cl"
#include "philox.cl"
#include "sequences.cl"
#include "attentioncommon.cl"
#include "attentionblocks.cl"

#define ROWS (4 * FOURS)
#define KEY_STRIDE ((DK + 15) / 16 * 16)
#define VALUE_STRIDE ((DV + 31) / 32 * 32)

INLINE float most_of_16(float16 v) {
  float8 a = fmax(v.lo, UPPER_8(float8, v));
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
TILE(tile_4, 4)
TILE(tile_1, 1)

// count is 1 or a multiple of 4.
INLINE void tiles(float *sums, int sums_stride, const float *a, int a_stride, const float *b, int b_stride, int depth,
                  int count) {
  if (count == 1) {
    tile_1(sums, sums_stride, a, a_stride, b, b_stride, depth);
    return;
  }
  for (int i = 0; i < count; i += 4) {
    tile_4(sums + i * sums_stride, sums_stride, a + i * a_stride, a_stride, b, b_stride, depth);
  }
}

// keys [KEY_STRIDE][32]: 32 keys, turned around; at: their first elements.
INLINE void load_keys(float *keys, GLOBAL const uchar *k, const long *at) {
  for (int c = 0; c < KEY_STRIDE; c += 16) {
    for (int half_ = 0; half_ < 2; half_++) {
      float16 v[16];
#pragma unroll
      for (int j = 0; j < 16; j++) {
        PART(KV, v[j], k, at[16 * half_ + j], c, DK)
      }
      turn(v);
#pragma unroll
      for (int j = 0; j < 16; j++) {
        vstore16(v[j], 2 * (c + j) + half_, keys);
      }
    }
  }
}

// values [32][VALUE_STRIDE].
INLINE void load_values(float *values, GLOBAL const uchar *v, const long *at) {
  for (int j = 0; j < 32; j++) {
    for (int c = 0; c < VALUE_STRIDE; c += 16) {
      float16 some = 0;
      if (c < DV) {
        PART(KV, some, v, at[j], c, DV)
      }
      vstore16(some, 0, values + j * VALUE_STRIDE + c);
    }
  }
}

// Scores of a row become weights; what was summed before is scaled down to the new maximum.
INLINE void soften(float *s, float16 s0, float16 s1, float *acc, float *most, float *sum) {
  float now = fmax(*most, most_of_16(fmax(s0, s1)));
  float zero = now == -INFINITY ? 0.0f : now;
  if (now > *most) {
    float less = exp_negative(*most - now);
    *sum *= less;
    for (int c = 0; c < VALUE_STRIDE; c++) {
      acc[c] *= less;
    }
    *most = now;
  }
  s0 = exp_16(s0 - zero);
  s1 = exp_16(s1 - zero);
  *sum += sum_of_16(s0 + s1);
  vstore16(s0, 0, s);
  vstore16(s1, 1, s);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void attentiontile(PARAMETERS) {
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  int key_heads = heads / group;
  int key_head = (int)get_global_id(1) % key_heads;
  int b = (int)get_global_id(1) / key_heads;
  int begin = offsets[offsets_at + b];
  int from = (int)get_global_id(0) * ROWS;
  int real = min(ROWS, (offsets[offsets_at + b + 1] - begin) * group - from);
  if (real <= 0) {
    return;
  }
  int count = real == 1 ? 1 : (real + 3) / 4 * 4; // those past the last are the last again
  int start = starts[starts_at + b];
  int length = start < 0 ? 0 : min(lengths[lengths_at + b], max_keys);
  int end = causal ? min(length, start + (from + real - 1) / group + 1) : length;
  int first = window > 0 ? max(0, start + from / group - window + 1) / 32 * 32 : 0;

  int queries[ROWS];
  int row_heads[ROWS];
  float query[ROWS * KEY_STRIDE];
  float s[ROWS * 32];
  float acc[ROWS * VALUE_STRIDE];
  float most[ROWS];
  float sum[ROWS];
  float keys[KEY_STRIDE * 32];
  float values[32 * VALUE_STRIDE];
  for (int i = 0; i < count; i++) {
    int row = from + min(i, real - 1);
    queries[i] = row / group;
    row_heads[i] = key_head * group + row % group;
    long at = VECTOR(q, (begin + queries[i]) * heads + row_heads[i], DK);
    for (int c = 0; c < KEY_STRIDE; c++) {
      query[i * KEY_STRIDE + c] = c < DK ? LOAD(X, q, at + c) * scale : 0.0f;
    }
    most[i] = -INFINITY;
    sum[i] = 0;
  }
  for (int i = 0; i < count * VALUE_STRIDE; i++) {
    acc[i] = 0;
  }
  for (int block = first; block < end; block += 32) {
    int here = min(32, end - block);
    long key_at[32];
    long value_at[32];
    for (int j = 0; j < 32; j++) {
      // Past the end, the last key again: masked below.
      long row = (long)KEY_ROW(b, block + min(j, here - 1)) * key_heads + key_head;
      key_at[j] = VECTOR(k, row, DK);
      value_at[j] = VECTOR(v, row, DV);
    }
    load_keys(keys, k, key_at);
    load_values(values, v, value_at);
    for (int i = 0; i < count * 32; i++) {
      s[i] = 0;
    }
    tiles(s, 32, query, KEY_STRIDE, keys, 32, KEY_STRIDE, count);
    for (int i = 0; i < count; i++) {
      int p = start + queries[i];
      float *scores = s + i * 32;
#if BIAS != 0
      for (int j = 0; j < here; j++) {
        scores[j] += BIAS_OF(b, row_heads[i], queries[i], p, block + j);
      }
#endif
      if (cap > 0) {
        for (int j = 0; j < 32; j++) {
          scores[j] = capped(scores[j], cap);
        }
      }
      int limit = causal ? min(length, p + 1) : length;
      int least = window > 0 ? p - window + 1 : 0;
      int16 key = block + lane;
      float16 s0 = select((float16)(-INFINITY), vload16(0, scores), key < limit && key >= least);
      key += 16;
      float16 s1 = select((float16)(-INFINITY), vload16(1, scores), key < limit && key >= least);
      if (relu) {
        vstore16(fmax(s0, 0.0f), 0, scores);
        vstore16(fmax(s1, 0.0f), 1, scores);
      } else {
        soften(scores, s0, s1, acc + i * VALUE_STRIDE, most + i, sum + i);
      }
    }
    if (dropout > 0) {
      for (int i = 0; i < real; i++) {
        for (int j = 0; j < here; j++) {
          int key = block + j;
          float drawn = draw(state + state_at, (uint)key / 4, queries[i], b * heads + row_heads[i], key & 3);
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
    long to = VECTOR(out, (begin + queries[i]) * heads + row_heads[i], DV);
    for (int c = 0; c < DV; c++) {
      STORE(OUT, out, to + c, acc[i * VALUE_STRIDE + c] * factor);
    }
  }
}
