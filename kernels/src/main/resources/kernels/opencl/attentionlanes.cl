// Ragged multi-head attention of many rows, for CPUs: no barriers, no local memory, register tiles of float16.
//
//   out [T, heads, DV], q [T, heads, DK]; keys and values [S, key_heads, ..], ragged, or pages. F32 throughout;
//   types X (q), KV (keys and values), OUT.
//
// A row is a query of one head. A work-item has up to 16 VECTORS rows that share keys: the heads of a group, query by
// query. Rows are lanes: queries are turned around once, S^T [32][rows] = K Q^T and O^T [DV][rows] += V^T P^T take keys
// and values as they come, number by number, and the softmax needs no sums across lanes. Sums run as those of
// attentiontile.cl do, so that a row has the same bits in both and whatever is beside it.
// FLOPs: 4 DK a row and key; from L1, VECTORS + 8 loads for 8 VECTORS fma; an exp of float16 for DK + DV fma.
// Private memory: 64 VECTORS (DK + DV + 32) + 128 (DK + DV) bytes, 46 KB for 48 rows of 64.
#include "common.cl"
#include "blocks.cl"
#include "math.cl"
#include "philox.cl"
#include "sequences.cl"
#include "attentioncommon.cl"
#include "attentionblocks.cl"

#define ROWS (16 * VECTORS)
#define KEY_LINES ((DK + 15) / 16)
#define VALUE_LINES ((DV + 15) / 16)

#define MOST(a, b) select(b, a, a > b)

// scores [8][VECTORS] of 8 keys [8][16 KEY_LINES] and queries [DK][VECTORS].
INLINE void score(float16 *scores, const float *keys, const float16 *queries) {
  float16 sums[8 * VECTORS];
#pragma unroll
  for (int i = 0; i < 8 * VECTORS; i++) {
    sums[i] = 0;
  }
  for (int c = 0; c < DK; c++) {
#pragma unroll
    for (int j = 0; j < 8; j++) {
      float16 key = (float16)(keys[j * 16 * KEY_LINES + c]);
#pragma unroll
      for (int v = 0; v < VECTORS; v++) {
        sums[j * VECTORS + v] = fma(queries[c * VECTORS + v], key, sums[j * VECTORS + v]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 8 * VECTORS; i++) {
    scores[i] = sums[i];
  }
}

// acc [8][VECTORS] += 8 columns of values [32][16 VALUE_LINES] times weights [32][VECTORS].
INLINE void gather(float16 *acc, const float *values, const float16 *weights) {
  float16 sums[8 * VECTORS];
#pragma unroll
  for (int i = 0; i < 8 * VECTORS; i++) {
    sums[i] = acc[i];
  }
  for (int j = 0; j < 32; j++) {
#pragma unroll
    for (int c = 0; c < 8; c++) {
      float16 value = (float16)(values[j * 16 * VALUE_LINES + c]);
#pragma unroll
      for (int v = 0; v < VECTORS; v++) {
        sums[c * VECTORS + v] = fma(value, weights[j * VECTORS + v], sums[c * VECTORS + v]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 8 * VECTORS; i++) {
    acc[i] = sums[i];
  }
}

// n elements of keys or values that start at `at`, to whole lines.
INLINE void copy_part(float16 *to, GLOBAL const uchar *p, long at, int n) {
  for (int c = 0; c < n; c += 16) {
    PART(KV, to[c / 16], p, at, c, n)
  }
}

#define AT(j) s[(j) * VECTORS]
#define PAIR(j) (AT(j) + AT((j) + 16))
#define FOUR(j) (PAIR(j) + PAIR((j) + 8))
#define EIGHT(j) (FOUR(j) + FOUR((j) + 4))

// Scores [32] of 16 rows become weights; what was summed before is scaled down to the new maximum.
INLINE void soften(float16 *s, float16 *acc, float16 *most, float16 *sum) {
  float16 now = *most;
#pragma unroll
  for (int j = 0; j < 32; j++) {
    now = MOST(AT(j), now);
  }
  if (any(now > *most)) {
    float16 less = select((float16)(1.0f), exp_16(*most - now), now > *most);
    *sum *= less;
    for (int c = 0; c < 16 * VALUE_LINES; c++) {
      acc[c * VECTORS] *= less;
    }
    *most = now;
  }
  float16 zero = select(now, (float16)(0.0f), now == -INFINITY);
#pragma unroll 4
  for (int j = 0; j < 32; j++) {
    AT(j) = exp_16(AT(j) - zero);
  }
  // As sum_of_16 adds.
  float16 even = EIGHT(0) + EIGHT(2);
  *sum += even + (EIGHT(1) + EIGHT(3));
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void attentionlanes(PARAMETERS STARTED) {
  SAY_STARTED
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
  int start = starts[starts_at + b];
  int length = start < 0 ? 0 : min(lengths[lengths_at + b], max_keys);
  int last_query = (from + real - 1) / group;
  int end = causal ? min(length, start + last_query + 1) : length;
  int first = window > 0 ? max(0, start + from / group - window + 1) / 32 * 32 : 0;
  // Keys that all rows see.
  int all_end = causal ? min(length, start + from / group + 1) : length;
  int all_first = window > 0 ? start + last_query - window + 1 : 0;

  int queries[ROWS];
  int row_heads[ROWS];
  float16 query[16 * KEY_LINES * VECTORS];
  float16 s[32 * VECTORS];
  float16 acc[16 * VALUE_LINES * VECTORS];
  float16 most[VECTORS];
  float16 sum[VECTORS];
  int16 limit[VECTORS];
  int16 least[VECTORS];
  float16 keys[32 * KEY_LINES];
  float16 values[32 * VALUE_LINES];
  for (int i = 0; i < ROWS; i++) { // those past the last are the last again
    int row = from + min(i, real - 1);
    queries[i] = row / group;
    row_heads[i] = key_head * group + row % group;
  }
  for (int v = 0; v < VECTORS; v++) {
    for (int c = 0; c < DK; c += 16) {
      float16 block[16];
#pragma unroll
      for (int i = 0; i < 16; i++) {
        long at = VECTOR(q, (begin + queries[16 * v + i]) * heads + row_heads[16 * v + i], DK);
        PART(X, block[i], q, at, c, DK)
        block[i] *= scale;
      }
      turn(block);
#pragma unroll
      for (int i = 0; i < 16; i++) {
        query[(c + i) * VECTORS + v] = block[i];
      }
    }
    int16 position = start + vload16(v, queries);
    limit[v] = causal ? min((int16)(length), position + 1) : (int16)(length);
    least[v] = window > 0 ? position - window + 1 : (int16)(0);
    most[v] = -INFINITY;
    sum[v] = 0;
  }
  for (int i = 0; i < 16 * VALUE_LINES * VECTORS; i++) {
    acc[i] = 0;
  }
  for (int block = first; block < end; block += 32) {
    int here = min(32, end - block);
    for (int j = 0; j < 32; j++) {
      // Past the end, the last key again: masked below.
      long row = (long)KEY_ROW(b, block + min(j, here - 1)) * key_heads + key_head;
      copy_part(keys + j * KEY_LINES, k, VECTOR(k, row, DK), DK);
      copy_part(values + j * VALUE_LINES, v, VECTOR(v, row, DV), DV);
    }
    for (int j = 32; j < min(64, end - block); j++) {
      long row = (long)KEY_ROW(b, block + j) * key_heads + key_head;
      fetch_part(k, VECTOR(k, row, DK), DK);
      fetch_part(v, VECTOR(v, row, DV), DV);
    }
    for (int j = 0; j < 32; j += 8) {
      score(s + j * VECTORS, (const float *)(keys + j * KEY_LINES), query);
    }
    if (bias_kind != NO_BIAS) {
      for (int j = 0; j < here; j++) {
        for (int i = 0; i < ROWS; i++) {
          ((float *)s)[j * ROWS + i] += BIAS_OF(b, row_heads[i], queries[i], start + queries[i], block + j);
        }
      }
    }
    if (cap > 0) {
      for (int i = 0; i < 32 * ROWS; i++) {
        ((float *)s)[i] = capped(((float *)s)[i], cap);
      }
    }
    if (block + 32 > all_end || block < all_first) {
      for (int i = 0; i < 32 * VECTORS; i++) {
        int16 key = (int16)(block + i / VECTORS);
        int v = i % VECTORS;
        s[i] = select((float16)(-INFINITY), s[i], key < limit[v] && key >= least[v]);
      }
    }
    for (int v = 0; v < VECTORS; v++) {
      if (relu) {
        for (int j = 0; j < 32; j++) {
          s[j * VECTORS + v] = MOST(s[j * VECTORS + v], (float16)(0.0f));
        }
      } else {
        soften(s + v, acc + v, most + v, sum + v);
      }
    }
    if (dropout > 0) {
      for (int j = 0; j < here; j++) {
        int key = block + j;
        for (int i = 0; i < real; i++) {
          float drawn = draw(state + state_at, (uint)key / 4, queries[i], b * heads + row_heads[i], key & 3);
          float *weight = (float *)s + j * ROWS + i;
          *weight = drawn >= dropout ? *weight / (1.0f - dropout) : 0.0f;
        }
      }
    }
    for (int c = 0; c < (DV + 7) / 8; c++) {
      gather(acc + 8 * c * VECTORS, (const float *)values + 8 * c, s);
    }
  }
  for (int v = 0; v < VECTORS; v++) {
    float16 factor = relu ? (float16)(1.0f) : select((float16)(0.0f), 1.0f / sum[v], sum[v] > 0);
    for (int c = 0; c < DV; c += 16) {
      float16 block[16];
#pragma unroll
      for (int i = 0; i < 16; i++) {
        block[i] = acc[(c + i) * VECTORS + v] * factor;
      }
      turn(block);
      for (int i = 0; i < min(16, real - 16 * v); i++) {
        long to = VECTOR(out, (begin + queries[16 * v + i]) * heads + row_heads[16 * v + i], DV) + c;
        for (int e = 0; e < min(16, DV - c); e++) {
          STORE(OUT, out, to + e, ((float *)block)[16 * i + e]);
        }
      }
    }
  }
}
