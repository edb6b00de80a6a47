// Attention in F32 arithmetic for every attribute, type and head size, where attention_mma.cu does not take it: a block
// of threads takes one query of up to HEADS heads that share a KV head, so that a key and its value are read once for
// them; a thread takes a key of each chunk, then a column of the values. The grid: tokens, parts of heads, and either 1 or
// the chunks; in that case combine_attention merges what they leave in scratch, [T, H, chunks, 2 + value size].
#include "attention.cuh"

// One query of some heads, and what a block keeps of each.
template <int HEADS> struct HeadGroup {
  Query q; // of the first head
  int kv_head;
  int count; // of heads
  float *queries; // [HEADS][size]
  float *y;       // [HEADS][value size], of the chunks so far
  float most[HEADS];
  float sum[HEADS];

  DEVICE_MEMBER Query query(int h) const {
    Query of_head = q;
    of_head.head += h;
    return of_head;
  }

  DEVICE_MEMBER void begin(const AttentionArguments &a, float *memory) {
    int group = a.heads / a.kv_heads;
    int parts = (group + HEADS - 1) / HEADS;
    kv_head = blockIdx.y / parts;
    int before = blockIdx.y % parts * HEADS;
    count = min(HEADS, group - before);
    q = query_of(a, blockIdx.x, kv_head * group + before);
    queries = memory;
    y = memory + HEADS * a.size;
    for (int h = 0; h < count; h++) {
      i64 from = vector_at(a.q, q.token * a.heads + q.head + h);
      for (int d = threadIdx.x; d < a.size; d += blockDim.x) {
        queries[h * a.size + d] = load(a.q.type, a.q.at, from + d);
      }
    }
    for (int h = 0; h < HEADS; h++) {
      for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
        y[h * a.value_size + c] = 0; // by the thread that sums it
      }
      most[h] = a.relu ? 0 : -INFINITE;
      sum[h] = 0;
    }
  }

  // The products of all queries with the key at an element: eight at a time where keys lie on 16-byte boundaries.
  DEVICE_MEMBER void multiply(const AttentionArguments &a, i64 key, float *product) const {
    bool wide = (u64)a.k.at % 16 == 0 && a.size % 8 == 0 && a.k.page_stride % 8 == 0 && a.k.row % 8 == 0;
    for (int h = 0; h < HEADS; h++) {
      product[h] = 0;
    }
#pragma unroll 1
    for (int d = 0; wide && d < a.size; d += 8) {
      float x[8];
      load_some(a.k.type, a.k.at, key + d, 8, x);
#pragma unroll
      for (int i = 0; i < 8 * HEADS; i++) {
        product[i / 8] = fmaf(queries[i / 8 * a.size + d + i % 8], x[i % 8], product[i / 8]);
      }
    }
#pragma unroll 1
    for (int d = wide ? a.size : 0; d < a.size; d++) {
      float x = load(a.k.type, a.k.at, key + d);
#pragma unroll
      for (int h = 0; h < HEADS; h++) {
        product[h] = fmaf(queries[h * a.size + d], x, product[h]);
      }
    }
  }

  // Scores of a chunk to s, hidden ones -inf, and to the weights if they are asked for.
  DEVICE_MEMBER void score(const AttentionArguments &a, i64 from, float (*s)[CHUNK]) const {
    i64 j = from + threadIdx.x;
    i64 row = j >= q.first && j < q.end ? key_row(a, a.k, q, j) : -1;
    float product[HEADS];
    if (row >= 0) {
      multiply(a, row + (i64)kv_head * a.size, product);
    }
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
      float score = row >= 0 && h < count ? score_of(a, query(h), j, product[h]) : -INFINITE;
      s[h][threadIdx.x] = score;
      if (a.weights && h < count && j < a.max_keys) {
        a.weights[q.token * a.weights_stride + (i64)(q.head + h) * a.max_keys + j] = score;
      }
    }
  }

  // Adds the weighted values of a chunk to the sums so far, times what each side's greatest score makes of it.
  DEVICE_MEMBER void sum_values(const AttentionArguments &a, i64 from, const float (*s)[CHUNK], const float2 *factor) {
    for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
      float part[HEADS] = {};
      for (int j = 0; j < CHUNK; j++) {
        bool any = false; // a hidden key's value may be anything
        for (int h = 0; h < HEADS; h++) {
          any |= s[h][j] != 0;
        }
        if (any) {
          float v = load(a.v.type, a.v.at, key_row(a, a.v, q, from + j) + (i64)kv_head * a.value_size + c);
#pragma unroll
          for (int h = 0; h < HEADS; h++) {
            part[h] = s[h][j] != 0 ? fmaf(s[h][j], v, part[h]) : part[h];
          }
        }
      }
#pragma unroll
      for (int h = 0; h < HEADS; h++) {
        y[h * a.value_size + c] = merged(y[h * a.value_size + c], factor[h], part[h]);
      }
    }
  }

  // One head's result, or for combine_attention what it merges.
  DEVICE_MEMBER void finish(const AttentionArguments &a, int h) const {
    i64 result = q.token * a.heads + q.head + h;
    const float *values = y + h * a.value_size;
    float *to = a.scratch ? a.scratch + (result * gridDim.z + blockIdx.z) * (2 + a.value_size) : nullptr;
    float factor = to || a.relu ? 1 : sum[h] > 0 ? 1 / sum[h] : 0;
    for (int c = threadIdx.x; c < a.value_size; c += blockDim.x) {
      if (to) {
        to[2 + c] = values[c];
      } else {
        store(a.out.type, a.out.at, vector_at(a.out, result) + c, values[c] * factor);
      }
    }
    if (to && threadIdx.x == 0) {
      to[0] = most[h];
      to[1] = sum[h];
    }
  }
};

// Turns a head's scores into weights relative to the chunk's greatest; gives that and their sum.
DEVICE float2 chunk_weights(const AttentionArguments &a, const Query &q, i64 from, float *s, float *space) {
  float score = s[threadIdx.x];
  float most = a.relu ? 0 : block_max(score, space);
  float weight = a.relu ? fmaxf(score, 0.0f) : most == -INFINITE ? 0 : expf(score - most);
  float sum = block_sum(weight, space);
  s[threadIdx.x] = dropped(a, q, from + threadIdx.x, weight);
  __syncthreads();
  return make_float2(most, sum);
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

template <int HEADS> DEVICE void attention(const AttentionArguments &a) {
  DYNAMIC_SHARED(float, queries_and_sums);
  SHARED float s[HEADS][CHUNK];
  SHARED float space[CHUNK / WARP];
  HeadGroup<HEADS> heads;
  heads.begin(a, queries_and_sums);
  // Chunks without visible keys change nothing, and are left out.
  i64 chunk = a.scratch ? blockIdx.z * (i64)CHUNK : heads.q.first / CHUNK * CHUNK;
  i64 end = a.scratch ? min(chunk + CHUNK, heads.q.end) : heads.q.end;
  for (; chunk < end; chunk += CHUNK) {
    __syncthreads();
    heads.score(a, chunk, s);
    float2 factor[HEADS];
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
      if (h < heads.count) {
        float2 made = chunk_weights(a, heads.query(h), chunk, s[h], space);
        factor[h] = merge(heads.most[h], heads.sum[h], made.x, made.y);
      } else {
        s[h][threadIdx.x] = 0;
        factor[h] = make_float2(1, 0);
      }
    }
    __syncthreads();
    heads.sum_values(a, chunk, s, factor);
  }
#pragma unroll
  for (int h = 0; h < HEADS; h++) {
    if (h < heads.count) {
      heads.finish(a, h);
      if (a.weights) {
        finish_weights(a, heads.query(h), heads.most[h], heads.sum[h]);
      }
    }
  }
}

KERNEL(256, attention_1, AttentionArguments) { attention<1>(a); }
KERNEL_WITHIN(256, (256, 2), attention_4, AttentionArguments) { attention<4>(a); }
KERNEL_WITHIN(256, (256, 2), attention_8, AttentionArguments) { attention<8>(a); }

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
