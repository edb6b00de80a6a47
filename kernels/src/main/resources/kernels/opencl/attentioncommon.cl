// What the kernels of attention share: arguments, where keys lie, biases, the soft cap. Attributes of the op are arguments,
// the same for all items: fewer programs to build.
#define NO_BIAS 0
#define DENSE 1
#define RELATIVE 2
#define ALIBI 3

#define PARAMETERS                                                                                                     \
  OUTPUT(out), INPUT(q), INPUT(k), INPUT(v), int dk, int dv, INTS(rows), long rows_stride, int page_size,              \
      INTS(lengths), INTS(offsets), INTS(starts), int sequences, int tokens, int heads, int group, int max_keys,       \
      float scale, int causal, int window, float cap, int relu, int bias_kind, FLOATS(bias), long bias_b, long bias_h, \
      long bias_i, INTS(buckets), int behind, int farthest, INTS(state), float dropout, OUTPUT(weights)

// Row of key j of sequence b, counted in rows of all keys: rows is a block table, or without pages the first rows.
#define KEY_ROW(b, j)                                                                                                  \
  (page_size > 0 ? page_row(rows + rows_at, rows_stride, page_size, b, j) : rows[rows_at + (b)] + (j))

// T5's bucket of a distance (Raffel et al. 2020, section 2.1), without a logarithm: buckets has that of each distance up
// to the farthest; keys behind the query have theirs `behind` further on, or, where that is 0, the bucket of distance 0.
INLINE int relative_bucket(int distance, GLOBAL const int *buckets, int behind, int farthest) {
  int d = behind > 0 ? abs(distance) : max(0, -distance);
  return buckets[min(d, farthest)] + (distance > 0 ? behind : 0);
}

// What is added to the score of query i (absolute position p) and key j.
#define BIAS_OF(b, h, i, p, j)                                                                                         \
  (bias_kind == NO_BIAS ? 0.0f                                                                                         \
   : bias_kind == DENSE ? bias[bias_at + (b) * bias_b + (h) * bias_h + (i) * bias_i + (j)]                             \
   : bias_kind == RELATIVE                                                                                             \
       ? bias[bias_at + relative_bucket((j) - (p), buckets + buckets_at, behind, farthest) * bias_i + (h)]             \
       : -bias[bias_at + (h)] * abs((j) - (p)))

INLINE float capped(float s, float cap) { return cap > 0 && s != -INFINITY ? cap * tanh_any(s / cap) : s; }

