// Ragged multi-head attention (Vaswani et al. 2017, equation 1), plain: for every device and every attribute.
//
//   out [T, heads, DV], q [T, heads, DK]; keys and values [S, key_heads, ..], ragged, or pages (PAGED). F32 throughout;
//   types X (q), KV (keys and values), OUT. An online softmax over blocks of KEYS keys (Dao et al. 2022): no score matrix.
//
// One work-item a query of one head. attention_map instead writes the weights [T, heads, max_keys] and reads them again.
// Registers an item: DK + DV + KEYS floats. Traffic: all keys and values of the sequence for each query, from cache.
#include "common.cl"
#include "math.cl"
#include "philox.cl"
#include "sequences.cl"

#ifndef KEYS
#define KEYS 16 // keys between two updates of the softmax
#endif
#ifndef ITEMS
#define ITEMS 1 // work-items of a group
#endif

#define DENSE 1
#define RELATIVE 2
#define ALIBI 3

#define PARAMETERS                                                                                                     \
  OUTPUT(out), INPUT(q), INPUT(k), INPUT(v), INTS(rows), long rows_stride, int page_size, INTS(lengths),               \
      INTS(offsets), INTS(starts), int sequences, int tokens, int heads, int group, int max_keys, float scale,         \
      int causal, int window, float cap, int relu, FLOATS(bias), long bias_b, long bias_h, long bias_i, int buckets,   \
      int bidirectional, int max_distance, INTS(state), float dropout, OUTPUT(weights)

#define ATTENTION_KERNEL(name) __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void name

// Row of key j of sequence b, counted in rows of all keys.
#ifdef PAGED
#define KEY_ROW(b, j) page_row(rows + rows_at, rows_stride, page_size, b, j)
#else
#define KEY_ROW(b, j) (rows[rows_at + (b)] + (j))
#endif

// T5's bucket of a distance (Raffel et al. 2020, section 2.1): half of them exact, the others logarithmic.
INLINE int relative_bucket(int distance, int buckets, int bidirectional, int max_distance) {
  int count = bidirectional ? buckets / 2 : buckets;
  int side = bidirectional && distance > 0 ? count : 0;
  int d = bidirectional ? abs(distance) : max(0, -distance);
  int exact = count / 2;
  if (d < exact) {
    return side + d;
  }
  float share = log((float)d / exact) / log((float)max_distance / exact);
  return side + min(count - 1, exact + (int)(share * (count - exact)));
}

// What is added to the score of query i (absolute position p) and key j.
#define BIAS_OF(b, h, i, p, j)                                                                                         \
  (BIAS == DENSE      ? bias[bias_at + (b) * bias_b + (h) * bias_h + (i) * bias_i + (j)]                               \
   : BIAS == RELATIVE ? bias[bias_at + relative_bucket((j) - (p), buckets, bidirectional, max_distance) * bias_i +     \
                             (h)]                                                                                      \
   : BIAS == ALIBI    ? -bias[bias_at + (h)] * abs((j) - (p))                                                          \
                      : 0.0f)

INLINE float capped(float s, float cap) { return cap > 0 && s != -INFINITY ? cap * tanh_any(s / cap) : s; }

// The score of a key whose first element is key_at.
#define SCORE(s, j)                                                                                                    \
  {                                                                                                                    \
    long key_at = VECTOR(k, KEY_ROW(b, j) * key_heads + h / group, DK);                                                \
    float dot = 0;                                                                                                     \
    {                                                                                                                  \
      ANY_ORDER                                                                                                        \
      for (int c = 0; c < DK; c++) {                                                                                   \
        dot += query[c] * LOAD(KV, k, key_at + c);                                                                     \
      }                                                                                                                \
    }                                                                                                                  \
    s = capped(scale * dot + BIAS_OF(b, h, i, position, j), cap);                                                      \
  }

// acc += weight times the value of key j.
#define ADD_VALUE(weight, j)                                                                                           \
  {                                                                                                                    \
    float kept = weight;                                                                                               \
    if (dropout > 0) {                                                                                                 \
      float drawn = draw(state + state_at, (uint)(j) / 4, i, b * heads + h, (j)&3);                                    \
      kept = drawn >= dropout ? kept / (1.0f - dropout) : 0.0f;                                                        \
    }                                                                                                                  \
    if (kept != 0) {                                                                                                   \
      long value_at = VECTOR(v, KEY_ROW(b, j) * key_heads + h / group, DV);                                            \
      for (int c = 0; c < DV; c++) {                                                                                   \
        acc[c] = fma(kept, LOAD(KV, v, value_at + c), acc[c]);                                                         \
      }                                                                                                                \
    }                                                                                                                  \
  }

// This item's token t and head h, its sequence b, query i and the keys first to end that it sees.
#define OPEN_QUERY                                                                                                     \
  int h = (int)get_global_id(0) % heads;                                                                               \
  int t = (int)get_global_id(0) / heads;                                                                               \
  if (t >= tokens) {                                                                                                   \
    return;                                                                                                            \
  }                                                                                                                    \
  int key_heads = heads / group;                                                                                       \
  int b = sequence_of(offsets + offsets_at, sequences, t);                                                             \
  int start = b < 0 ? -1 : starts[starts_at + b];                                                                      \
  int i = b < 0 ? 0 : t - offsets[offsets_at + b];                                                                     \
  int position = start + i;                                                                                            \
  int end = start < 0 ? 0 : min(lengths[lengths_at + b], max_keys);                                                    \
  end = causal ? min(end, position + 1) : end;                                                                         \
  int first = window > 0 ? max(0, position - window + 1) : 0;                                                          \
  float query[DK];                                                                                                     \
  long query_at = VECTOR(q, t * heads + h, DK);                                                                        \
  for (int c = 0; c < DK; c++) {                                                                                       \
    query[c] = LOAD(X, q, query_at + c);                                                                               \
  }                                                                                                                    \
  float acc[DV];                                                                                                       \
  for (int c = 0; c < DV; c++) {                                                                                       \
    acc[c] = 0;                                                                                                        \
  }

#define STORE_RESULT(factor)                                                                                           \
  long result_at = VECTOR(out, t * heads + h, DV);                                                                        \
  for (int c = 0; c < DV; c++) {                                                                                       \
    STORE(OUT, out, result_at + c, acc[c] * (factor));                                                                    \
  }

#ifndef MAP
ATTENTION_KERNEL(attention)(PARAMETERS) {
  OPEN_QUERY
  float most = -INFINITY;
  float sum = 0;
  for (int from = first; from < end; from += KEYS) {
    float s[KEYS];
    float block_most = most;
    int count = min(KEYS, end - from);
    for (int j = 0; j < count; j++) {
      SCORE(s[j], from + j)
      block_most = fmax(block_most, s[j]);
    }
    if (relu) {
      for (int j = 0; j < count; j++) {
        ADD_VALUE(fmax(s[j], 0.0f), from + j)
      }
      continue;
    }
    if (block_most == -INFINITY) {
      continue;
    }
    float less = exp_negative(most - block_most);
    most = block_most;
    sum *= less;
    for (int c = 0; c < DV; c++) {
      acc[c] *= less;
    }
    for (int j = 0; j < count; j++) {
      float weight = exp_negative(s[j] - most);
      sum += weight;
      ADD_VALUE(weight, from + j)
    }
  }
  STORE_RESULT(relu ? 1.0f : sum > 0 ? 1.0f / sum : 0.0f)
}
#else
ATTENTION_KERNEL(attention_map)(PARAMETERS) {
  OPEN_QUERY
  GLOBAL float *w = (GLOBAL float *)weights + VECTOR(weights, t * heads + h, max_keys);
  for (int j = 0; j < max_keys; j++) {
    w[j] = 0;
  }
  float most = -INFINITY;
  for (int j = first; j < end; j++) {
    float s;
    SCORE(s, j)
    w[j] = relu ? fmax(s, 0.0f) : s;
    most = fmax(most, s);
  }
  if (!relu) {
    float sum = 0;
    for (int j = first; j < end; j++) {
      w[j] = most == -INFINITY ? 0.0f : exp_negative(w[j] - most);
      sum += w[j];
    }
    for (int j = first; j < end; j++) {
      w[j] = sum > 0 ? w[j] / sum : 0.0f;
    }
  }
  for (int j = first; j < end; j++) {
    ADD_VALUE(w[j], j)
  }
  STORE_RESULT(1.0f)
}
#endif
