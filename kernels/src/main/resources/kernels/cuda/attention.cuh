// Ragged multi-head attention (Vaswani et al. 2017, equation 1): what all its kernels share.
//
// Keys are taken in chunks of CHUNK from position 0, whatever the query sees; each chunk gives its greatest score, the
// sum of its weights, and the weighted sum of its values, and chunks are merged in order (online softmax, Milakov and
// Gimelshein 2018). So a query's bits depend neither on other queries nor on whether its chunks ran side by side.
#pragma once
#include "philox.cuh"
#include "sequences.cuh"

#define CHUNK 256

enum BiasKind { NO_BIAS, DENSE, RELATIVE, ALIBI };

struct AttentionArguments {
  View out; // vectors of a head
  View q;
  Pages k; // ragged: one page that holds all rows
  Pages v;
  const int *first;   // I32 [B], ragged: first row of each sequence; null: paged
  const int *lengths; // I32 [B]
  const int *offsets; // I32 [B + 1]
  const int *starts;  // I32 [B]
  const float *bias;
  float *weights;     // [T, H, max_keys]; null: not asked for
  const int *state;   // null: no dropout
  float *scratch;     // partial results of chunks; null: a block takes them all
  i64 bias_sequence;  // strides
  i64 bias_head;
  i64 bias_query;
  i64 weights_stride; // between tokens
  int sequences;
  int heads;
  int kv_heads;
  int size;
  int value_size;
  int max_keys;
  int causal;
  int window;
  int relu;
  int bias_kind;
  int buckets;
  int bidirectional;
  int max_distance;
  float scale;
  float soft_cap;
  float probability;
};

// One query of one head.
struct Query {
  i64 token;
  int head;
  int sequence; // -1: inert
  i64 i;        // among the sequence's queries
  i64 position;
  i64 first; // keys it may see
  i64 end;
};

DEVICE Query query_of(const AttentionArguments &a, i64 token, int head) {
  Query q = {token, head, sequence_of(a.offsets, a.starts, a.sequences, token), 0, 0, 0, 0};
  if (q.sequence >= 0) {
    q.i = token - a.offsets[q.sequence];
    q.position = a.starts[q.sequence] + q.i;
    i64 length = min((i64)a.lengths[q.sequence], (i64)a.max_keys);
    q.end = a.causal ? min(length, q.position + 1) : length;
    q.first = a.window > 0 ? max((i64)0, q.position - a.window + 1) : 0;
  }
  return q;
}

// Whether a query may see keys of the chunk from position `from` on. A chunk of which it sees none would change nothing.
DEVICE bool sees_chunk(const Query &q, i64 from) { return from < q.end && from + CHUNK > q.first; }

// The first element of key j's row in k or v: head 0.
DEVICE i64 key_row(const AttentionArguments &a, const Pages &p, const Query &q, i64 j) {
  return a.first ? (a.first[q.sequence] + j) * p.page_stride : page_row(p, q.sequence, j);
}

// T5's bucket of a distance (Raffel et al. 2020, section 2.1).
DEVICE i64 bucket(i64 distance, int all, bool bidirectional, int max_distance) {
  int count = bidirectional ? all / 2 : all;
  i64 side = bidirectional && distance > 0 ? count : 0;
  i64 d = bidirectional ? (distance < 0 ? -distance : distance) : max((i64)0, -distance);
  int exact = count / 2;
  if (d < exact) {
    return side + d;
  }
  float share = logf((float)d / exact) / logf((float)max_distance / exact);
  return side + min((i64)count - 1, exact + (i64)(share * (count - exact)));
}

DEVICE float bias_of(const AttentionArguments &a, const Query &q, i64 j) {
  switch (a.bias_kind) {
  case DENSE:
    return a.bias[q.sequence * a.bias_sequence + q.head * a.bias_head + q.i * a.bias_query + j];
  case RELATIVE:
    return a.bias[bucket(j - q.position, a.buckets, a.bidirectional, a.max_distance) * a.bias_query + q.head];
  case ALIBI:
    return -a.bias[q.head] * (float)(j < q.position ? q.position - j : j - q.position);
  default:
    return 0;
  }
}

// The score of key j from its product with the query.
DEVICE float score_of(const AttentionArguments &a, const Query &q, i64 j, float product) {
  float s = a.scale * product + bias_of(a, q, j);
  return a.soft_cap > 0 && s != -INFINITE ? a.soft_cap * tanhf(s / a.soft_cap) : s;
}

// What dropout makes of a weight: number j % 4 of counter (j / 4, i, b H + h).
DEVICE float dropped(const AttentionArguments &a, const Query &q, i64 j, float weight) {
  if (!a.state || weight == 0) {
    return weight;
  }
  float number = draw(a.state, (u32)(j / 4), (u32)q.i, (u32)(q.sequence * a.heads + q.head), (int)(j % 4));
  return number >= a.probability ? weight / (1 - a.probability) : 0;
}

// A sum of the chunks so far and of one more. Spelled out, so that every kernel rounds alike.
DEVICE float merged(float y, float2 factor, float chunk) { return fmaf(chunk, factor.y, __fmul_rn(y, factor.x)); }

// Merges a chunk behind those so far: `most` is the greatest score, `sum` that of exp(s - most); gives the factors for
// both sides' values.
DEVICE float2 merge(float &most, float &sum, float chunk_most, float chunk_sum) {
  float greater = fmaxf(most, chunk_most);
  if (greater == -INFINITE) {
    return make_float2(1, 0);
  }
  float2 factor = make_float2(expf(most - greater), expf(chunk_most - greater));
  sum = merged(sum, factor, chunk_sum);
  most = greater;
  return factor;
}
