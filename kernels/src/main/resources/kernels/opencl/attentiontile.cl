// Ragged multi-head attention of few rows, for CPUs: no barriers, no local memory, register tiles of float16.
//
//   out [T, heads, DV], q [T, heads, DK]; keys and values [S, key_heads, ..], ragged, or pages. F32 throughout;
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
#define VALUE_LINES ((DV + 31) / 32 * 2) // vectors of a row of values

INLINE float most_of_16(float16 v) {
  float8 a = fmax(v.lo, UPPER_8(float8, v));
  float4 b = fmax(a.lo, a.hi);
  float2 c = fmax(b.lo, b.hi);
  return fmax(c.x, c.y);
}

// sums [ROWS][32] (rows sums_stride vectors apart) += a [ROWS][depth] times b [depth][32] (rows b_stride vectors apart).
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float16 *sums, int sums_stride, const float *a, int a_stride, const float16 *b, int b_stride,       \
                   int depth) {                                                                                        \
    float16 low[ROWS], high[ROWS];                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      low[i] = sums[i * sums_stride];                                                                                  \
      high[i] = sums[i * sums_stride + 1];                                                                             \
    }                                                                                                                  \
    for (int c = 0; c < depth; c++) {                                                                                  \
      float16 b0 = b[c * b_stride];                                                                                    \
      float16 b1 = b[c * b_stride + 1];                                                                                \
      _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                               \
        float16 v = (float16)(a[i * a_stride + c]);                                                                    \
        low[i] = fma(b0, v, low[i]);                                                                                   \
        high[i] = fma(b1, v, high[i]);                                                                                 \
      }                                                                                                                \
    }                                                                                                                  \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      sums[i * sums_stride] = low[i];                                                                                  \
      sums[i * sums_stride + 1] = high[i];                                                                             \
    }                                                                                                                  \
  }
TILE(tile_4, 4)
TILE(tile_1, 1)

// count is 1 or a multiple of 4.
INLINE void tiles(float16 *sums, int sums_stride, const float *a, int a_stride, const float16 *b, int b_stride,
                  int depth, int count) {
  if (count == 1) {
    tile_1(sums, sums_stride, a, a_stride, b, b_stride, depth);
    return;
  }
  for (int i = 0; i < count; i += 4) {
    tile_4(sums + i * sums_stride, sums_stride, a + i * a_stride, a_stride, b, b_stride, depth);
  }
}

// keys [KEY_STRIDE][2]: 32 keys, turned around; at: their first elements.
INLINE void load_keys(float16 *keys, GLOBAL const uchar *k, const long *at) {
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
        keys[2 * (c + j) + half_] = v[j];
      }
    }
  }
}

// values [32][VALUE_LINES].
INLINE void load_values(float16 *values, GLOBAL const uchar *v, const long *at) {
  for (int j = 0; j < 32; j++) {
#pragma unroll
    for (int c = 0; c < VALUE_LINES; c++) {
      float16 some = 0;
      if (16 * c < DV) {
        PART(KV, some, v, at[j], 16 * c, DV)
      }
      values[j * VALUE_LINES + c] = some;
    }
  }
}

// Scores s [2] of a row become weights; what was summed before is scaled down to the new maximum.
INLINE void soften(float16 *s, float16 *acc, float *most, float *sum) {
  float now = fmax(*most, most_of_16(fmax(s[0], s[1])));
  float zero = now == -INFINITY ? 0.0f : now;
  if (now > *most) {
    float less = exp_negative(*most - now);
    *sum *= less;
    for (int c = 0; c < VALUE_LINES; c++) {
      acc[c] *= less;
    }
    *most = now;
  }
  s[0] = exp_16(s[0] - zero);
  s[1] = exp_16(s[1] - zero);
  *sum += sum_of_16(s[0] + s[1]);
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
  float16 s[ROWS * 2];
  float16 acc[ROWS * VALUE_LINES];
  float most[ROWS];
  float sum[ROWS];
  float16 keys[KEY_STRIDE * 2];
  float16 values[32 * VALUE_LINES];
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
  for (int i = 0; i < count * VALUE_LINES; i++) {
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
    for (int j = 32; j < min(64, end - block); j++) {
      long row = (long)KEY_ROW(b, block + j) * key_heads + key_head;
      fetch_part(k, VECTOR(k, row, DK), DK);
      fetch_part(v, VECTOR(v, row, DV), DV);
    }
    for (int i = 0; i < count * 2; i++) {
      s[i] = 0;
    }
    tiles(s, 2, query, KEY_STRIDE, keys, 2, KEY_STRIDE, count);
    for (int i = 0; i < count; i++) {
      int p = start + queries[i];
      float16 *row_s = s + i * 2;
      float *scores = (float *)row_s;
      for (int j = 0; bias_kind != NO_BIAS && j < here; j++) {
        scores[j] += BIAS_OF(b, row_heads[i], queries[i], p, block + j);
      }
      if (cap > 0) {
        for (int j = 0; j < 32; j++) {
          scores[j] = capped(scores[j], cap);
        }
      }
      int limit = causal ? min(length, p + 1) : length;
      int least = window > 0 ? p - window + 1 : 0;
      int16 key = block + lane;
      row_s[0] = select((float16)(-INFINITY), row_s[0], key < limit && key >= least);
      key += 16;
      row_s[1] = select((float16)(-INFINITY), row_s[1], key < limit && key >= least);
      if (relu) {
        row_s[0] = fmax(row_s[0], 0.0f);
        row_s[1] = fmax(row_s[1], 0.0f);
      } else {
        soften(row_s, acc + i * VALUE_LINES, most + i, sum + i);
      }
    }
    if (dropout > 0) {
      for (int i = 0; i < real; i++) {
        for (int j = 0; j < here; j++) {
          int key = block + j;
          float drawn = draw(state + state_at, (uint)key / 4, queries[i], b * heads + row_heads[i], key & 3);
          float *weight = (float *)s + i * 32 + j;
          *weight = drawn >= dropout ? *weight / (1.0f - dropout) : 0.0f;
        }
      }
    }
    for (int c = 0; c < VALUE_LINES; c += 2) {
      tiles(acc + c, VALUE_LINES, (const float *)s, 32, values + c, VALUE_LINES, 32, count);
    }
  }
  for (int i = 0; i < real; i++) {
    float factor = relu ? 1.0f : sum[i] > 0 ? 1.0f / sum[i] : 0.0f;
    long to = VECTOR(out, (begin + queries[i]) * heads + row_heads[i], DV);
    for (int c = 0; c < DV; c++) {
      STORE(OUT, out, to + c, ((const float *)(acc + i * VALUE_LINES))[c] * factor);
    }
  }
}
