// Ragged multi-head attention (Vaswani et al. 2017, equation 1) with its weights, for CPUs: plain, every attribute.
//
//   out [T, heads, dv], weights [T, heads, max_keys], q [T, heads, dk]; keys and values [S, key_heads, ..], ragged, or
//   pages. F32 throughout; types X (q), KV (keys and values), OUT.
//
// One work-item a query of one head, which writes its scores to the weights and reads them again.
// Private memory: 2 ROOM floats, dk and dv at most. Traffic: all keys and values of the sequence for each query, from cache.
#include "common.cl"
#include "math.cl"
#include "philox.cl"
#include "sequences.cl"
#include "attentioncommon.cl"

#ifndef ITEMS
#define ITEMS 1 // work-items of a group
#endif

#define ROOM (64 * TILES) // for heads

#define ATTENTION_KERNEL(name) __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void name

// The score of a key whose first element is key_at.
#define SCORE(s, j)                                                                                                    \
  {                                                                                                                    \
    long key_at = VECTOR(k, KEY_ROW(b, j) * key_heads + h / group, dk);                                                \
    float dot = 0;                                                                                                     \
    {                                                                                                                  \
      ANY_ORDER                                                                                                        \
      for (int c = 0; c < dk; c++) {                                                                                   \
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
      long value_at = VECTOR(v, KEY_ROW(b, j) * key_heads + h / group, dv);                                            \
      for (int c = 0; c < dv; c++) {                                                                                   \
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
  float query[ROOM];                                                                                                     \
  long query_at = VECTOR(q, t * heads + h, dk);                                                                        \
  for (int c = 0; c < dk; c++) {                                                                                       \
    query[c] = LOAD(X, q, query_at + c);                                                                               \
  }                                                                                                                    \
  float acc[ROOM];                                                                                                       \
  for (int c = 0; c < dv; c++) {                                                                                       \
    acc[c] = 0;                                                                                                        \
  }

#define STORE_RESULT(factor)                                                                                           \
  long result_at = VECTOR(out, t * heads + h, dv);                                                                        \
  for (int c = 0; c < dv; c++) {                                                                                       \
    STORE(OUT, out, result_at + c, acc[c] * (factor));                                                                    \
  }

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
