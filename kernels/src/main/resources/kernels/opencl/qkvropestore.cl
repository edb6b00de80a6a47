// From a combined projection to attention: bias, RMS norm of each head of q and k, rotation of q and k, k and v into the
// cache. qkv [T, (heads + 2 key_heads) * size]: heads of q, then k, then v; q [T, heads, size]; pages
// [P, page_size, key_heads, size]. LANES work-items share a head of a token. Types X, Q and PAGES.
// Estimate, which no GPU has confirmed; registers from kernels/gpu-registers:
//   an element is read once and written once, twice read with norms (the second time from cache): F32 8 bytes, with pages of 16
//   bits 6 to 8, and as much of cos_sin from cache; 3 FLOPs an element, 7 with norms: bound by memory, in decoding by the launch. Of
//   64 items 32 rotate where heads have 64 elements. 4 LANES bytes of local memory, 25 registers (sm_80: 29).
#include "rows.cl"
#include "sequences.cl"

#ifndef QKV // types of the tensors; those of q and of the pages are Q and PAGES
#define QKV X
#endif

#define QKV_AT(c) (LOAD(QKV, qkv, from + (c)) + (bias ? bias[bias_at + column + (c)] : 0.0f))
#define NORMED(c) (norm ? QKV_AT(c) * factor * norm[c] : QKV_AT(c))
#define PUT(c, value)                                                                                                  \
  if (h < heads) {                                                                                                     \
    STORE(Q, q, to + (c), value);                                                                                      \
  } else {                                                                                                             \
    STORE(PAGES, page, to + (c), value);                                                                               \
  }

#define QKV_PARAMETERS                                                                                                 \
  OUTPUT(q), OUTPUT(k_pages), OUTPUT(v_pages), INPUT(qkv), FLOATS(bias), FLOATS(q_norm), FLOATS(k_norm), float eps,     \
      INPUT(cos_sin), INTS(positions), int interleaved, INTS(table), long table_stride, INTS(offsets), INTS(starts),    \
      int sequences, int page_size, int heads, int key_heads, int size, int half_size

// Head r % (heads + 2 key_heads) of token r / (heads + 2 key_heads).
INLINE_LOCAL void qkv_rope_store(QKV_PARAMETERS, int r LANE_PARAMETER(space)) {
  int all = heads + 2 * key_heads;
  int t = r / all;
  int h = r % all;
  int column = h * size;
  long from = VECTOR(qkv, t, all * size) + column;
  long to = VECTOR(q, t * heads + h, size);
  bool is_value = h >= heads + key_heads;
  GLOBAL uchar *page = is_value ? v_pages : k_pages;
  if (h >= heads) {
    int b = sequence_of(offsets + offsets_at, sequences, t);
    int start = b < 0 ? -1 : starts[starts_at + b];
    if (start < 0) {
      return;
    }
    int row = page_row(table + table_at, table_stride, page_size, b, start + t - offsets[offsets_at + b]);
    row = row * key_heads + (h - heads) % key_heads;
    to = is_value ? VECTOR(v_pages, row, size) : VECTOR(k_pages, row, size);
  }
  GLOBAL const float *norm = is_value || !q_norm ? 0 : h < heads ? q_norm + q_norm_at : k_norm + k_norm_at;
  float factor = 1;
  if (norm) {
    float squares = 0;
    for (int c = LANE; c < size; c += LANES) {
      float v = QKV_AT(c);
      squares = fma(v, v, squares);
    }
    factor = 1.0f / sqrt(LANE_SUM(squares, space) / size + eps);
  }
  int position = positions[positions_at + t];
  int rotated = is_value || position < 0 ? 0 : half_size;
  GLOBAL const float *cosine =
      (GLOBAL const float *)cos_sin + VECTOR(cos_sin, 2 * max(position, 0), half_size);
  for (int m = LANE; m < rotated; m += LANES) {
    int i = interleaved ? 2 * m : m;
    int j = interleaved ? 2 * m + 1 : m + half_size;
    float a = NORMED(i);
    float b = NORMED(j);
    float c = cosine[m];
    float s = cosine[half_size + m];
    PUT(i, a * c - b * s)
    PUT(j, a * s + b * c)
  }
  for (int c = 2 * rotated + LANE; c < size; c += LANES) {
    PUT(c, NORMED(c))
  }
}

#ifndef CHAIN
ROW_KERNEL(qkvropestore)(QKV_PARAMETERS) {
  LANE_SPACE(space);
  qkv_rope_store(q, q_at, q_inner, q_stride, k_pages, k_pages_at, k_pages_inner, k_pages_stride, v_pages, v_pages_at,
                 v_pages_inner, v_pages_stride, qkv, qkv_at, qkv_inner, qkv_stride, bias, bias_at, q_norm, q_norm_at, k_norm,
                 k_norm_at, eps, cos_sin, cos_sin_at, cos_sin_inner, cos_sin_stride, positions, positions_at, interleaved,
                 table, table_at, table_stride, offsets, offsets_at, starts, starts_at, sequences, page_size, heads,
                 key_heads, size, half_size, GROUP_ROW LANE_ARGUMENT(space));
}
#endif
