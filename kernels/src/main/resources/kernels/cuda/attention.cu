// Attention in F32 arithmetic for every attribute, type and head size, where attention_mma.cu does not take it: a block
// of threads takes one query of one head, a thread a key of each chunk. The grid: tokens, heads, and either 1 or the
// chunks; in that case combine_attention merges what they leave in scratch, [T, H, chunks, 2 + value size].
#include "attention.cuh"

// The product of a query with the key at an element: eight at a time where keys lie on 16-byte boundaries.
DEVICE float key_product(const AttentionArguments &a, const float *query, i64 key) {
  bool wide = (u64)a.k.at % 16 == 0 && a.size % 8 == 0 && a.k.page_stride % 8 == 0 && a.k.row % 8 == 0;
  float product = 0;
#pragma unroll 1
  for (int d = 0; wide && d < a.size; d += 8) {
    float x[8];
    load_some(a.k.type, a.k.at, key + d, 8, x);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      product = fmaf(query[d + i], x[i], product);
    }
  }
  for (int d = wide ? a.size : 0; d < a.size; d++) {
    product = fmaf(query[d], load(a.k.type, a.k.at, key + d), product);
  }
  return product;
}

// Scores of a chunk to s, hidden ones -inf, and to the weights if they are asked for.
DEVICE void chunk_scores(const AttentionArguments &a, const Query &q, i64 from, const float *query, float *s) {
  i64 j = from + threadIdx.x;
  float score = -INFINITE;
  if (j >= q.first && j < q.end) {
    i64 row = key_row(a, a.k, q, j);
    if (row >= 0) {
      row += (i64)(q.head / (a.heads / a.kv_heads)) * a.size;
      score = score_of(a, q, j, key_product(a, query, row));
    }
  }
  s[threadIdx.x] = score;
  if (a.weights && j < a.max_keys) {
    a.weights[q.token * a.weights_stride + (i64)q.head * a.max_keys + j] = score;
  }
}

// Turns scores into weights relative to the chunk's greatest; gives that and their sum.
DEVICE float2 chunk_weights(const AttentionArguments &a, const Query &q, i64 from, float *s, float *space) {
  float score = s[threadIdx.x];
  float most = a.relu ? 0 : block_max(score, space);
  float weight = a.relu ? fmaxf(score, 0.0f) : most == -INFINITE ? 0 : expf(score - most);
  float sum = block_sum(weight, space);
  s[threadIdx.x] = dropped(a, q, from + threadIdx.x, weight);
  __syncthreads();
  return make_float2(most, sum);
}

// The weighted sum of column c of a chunk's values.
DEVICE float chunk_value(const AttentionArguments &a, const Query &q, i64 from, const float *s, int c) {
  float y = 0;
  for (int j = 0; j < CHUNK; j++) {
    if (s[j] != 0) { // a hidden key's value may be anything
      i64 row = key_row(a, a.v, q, from + j) + (i64)(q.head / (a.heads / a.kv_heads)) * a.value_size;
      y = fmaf(s[j], load(a.v.type, a.v.at, row + c), y);
    }
  }
  return y;
}

// Scores in the weights become weights.
DEVICE void finish_weights(const AttentionArguments &a, const Query &q, float most, float sum) {
  float *w = a.weights + q.token * a.weights_stride + (i64)q.head * a.max_keys;
  __syncthreads();
  for (int j = threadIdx.x; j < a.max_keys; j += blockDim.x) {
    bool seen = j >= q.first && j < q.end && sum > 0;
    w[j] = !seen ? 0 : a.relu ? fmaxf(w[j], 0.0f) : expf(w[j] - most) / sum;
  }
}

KERNEL(256, attention, AttentionArguments) {
  DYNAMIC_SHARED(float, dynamic); // the query, then the result so far
  SHARED float s[CHUNK];
  SHARED float space[CHUNK / WARP];
  float *query = dynamic;
  float *y = dynamic + a.size;
  Query q = query_of(a, blockIdx.x, blockIdx.y);
  i64 from = vector_at(a.q, q.token * a.heads + q.head);
  for (int d = threadIdx.x; d < a.size; d += blockDim.x) {
    query[d] = load(a.q.type, a.q.at, from + d);
  }
  for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
    y[c] = 0;
  }
  float most = a.relu ? 0 : -INFINITE;
  float sum = 0;
  // Chunks without visible keys change nothing, and are left out.
  i64 chunk = a.scratch ? blockIdx.z * (i64)CHUNK : q.first / CHUNK * CHUNK;
  i64 end = a.scratch ? min(chunk + CHUNK, q.end) : q.end;
  for (; chunk < end; chunk += CHUNK) {
    __syncthreads();
    chunk_scores(a, q, chunk, query, s);
    float2 made = chunk_weights(a, q, chunk, s, space);
    float2 factor = merge(most, sum, made.x, made.y);
    for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
      y[c] = merged(y[c], factor, chunk_value(a, q, chunk, s, c));
    }
  }
  i64 result = q.token * a.heads + q.head;
  if (a.scratch) {
    float *to = a.scratch + (result * gridDim.z + blockIdx.z) * (2 + a.value_size);
    for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
      to[2 + c] = y[c];
    }
    if (threadIdx.x == 0) {
      to[0] = most;
      to[1] = sum;
    }
    return;
  }
  float factor = a.relu ? 1 : sum > 0 ? 1 / sum : 0;
  for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
    store(a.out.type, a.out.at, vector_at(a.out, result) + c, y[c] * factor);
  }
  if (a.weights) {
    finish_weights(a, q, most, sum);
  }
}

// Merges the chunks that one query of one head sees, in order; the grid: tokens, heads.
KERNEL(256, combine_attention, AttentionArguments) {
  Query q = query_of(a, blockIdx.x, blockIdx.y);
  i64 result = blockIdx.x * (i64)a.heads + blockIdx.y;
  int chunks = (a.max_keys + CHUNK - 1) / CHUNK;
  const float *from = a.scratch + result * chunks * (2 + a.value_size);
  for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
    float most = a.relu ? 0 : -INFINITE;
    float sum = 0;
    float y = 0;
    for (int i = 0; i < chunks; i++) {
      const float *part = from + i * (i64)(2 + a.value_size);
      if (sees_chunk(q, i * (i64)CHUNK)) {
        float2 factor = merge(most, sum, part[0], part[1]);
        y = merged(y, factor, part[2 + c]);
      }
    }
    store(a.out.type, a.out.at, vector_at(a.out, result) + c, y * (a.relu ? 1 : sum > 0 ? 1 / sum : 0));
  }
}
