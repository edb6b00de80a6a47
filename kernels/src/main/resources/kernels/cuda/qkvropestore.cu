// What lies between a combined projection and attention: bias, split, RMS norm of each head of q and k, rotation, and k
// and v into the cache. A block of threads takes one head of one token: y counts the heads of q, then of k, then of v.
#include "sequences.cuh"

struct QkvRopeStoreArguments {
  View q; // vectors of a head
  Pages k;
  Pages v;
  View qkv;            // vectors of a token
  const float *bias;   // null: none
  const float *q_norm; // null: no norms
  const float *k_norm;
  const float *cos_sin;
  const int *positions;
  const int *offsets;
  const int *starts;
  int sequences;
  int heads;
  int kv_heads;
  int size;
  int half;
  int interleaved;
  float eps;
};

// Element i of a head that lies in shared memory, rotated.
DEVICE float rotated(const float *x, int i, const float *cos_sin, int half, int interleaved) {
  if (i >= 2 * half) {
    return x[i];
  }
  int m = interleaved ? i / 2 : i % half;
  bool first = interleaved ? i % 2 == 0 : i < half;
  int other = interleaved ? i ^ 1 : first ? i + half : i - half;
  float c = cos_sin[m];
  float s = cos_sin[half + m];
  return first ? x[i] * c - x[other] * s : x[other] * s + x[i] * c;
}

// A head of a token to shared memory: with its bias, and normalised where there is a weight.
DEVICE void load_head(const QkvRopeStoreArguments &a, i64 t, int head, const float *weight, float *x) {
  SHARED float space[128 / WARP];
  i64 column = (i64)head * a.size;
  i64 from = vector_at(a.qkv, t) + column;
  float squares = 0;
  for (int i = threadIdx.x; i < a.size; i += blockDim.x) {
    float y = load(a.qkv.type, a.qkv.at, from + i);
    x[i] = a.bias ? y + a.bias[column + i] : y;
    squares = fmaf(x[i], x[i], squares);
  }
  if (weight) {
    float factor = 1 / sqrtf(block_sum(squares, space) / a.size + a.eps);
    for (int i = threadIdx.x; i < a.size; i += blockDim.x) {
      x[i] = x[i] * factor * weight[i];
    }
  }
  __syncthreads();
}

KERNEL(128, qkvropestore, QkvRopeStoreArguments) {
  DYNAMIC_SHARED(float, x); // size elements
  i64 t = blockIdx.x;
  int head = blockIdx.y;
  bool is_q = head < a.heads;
  bool is_v = head >= a.heads + a.kv_heads;
  load_head(a, t, head, is_v ? nullptr : is_q ? a.q_norm : a.k_norm, x);
  int position = is_v ? -1 : a.positions[t];
  const float *cos_sin = a.cos_sin + (i64)(position < 0 ? 0 : position) * 2 * a.half;
  int half = position < 0 ? 0 : a.half;
  if (is_q) {
    i64 to = vector_at(a.q, t * a.heads + head);
    for (int i = threadIdx.x; i < a.size; i += blockDim.x) {
      store(a.q.type, a.q.at, to + i, rotated(x, i, cos_sin, half, a.interleaved));
    }
    return;
  }
  const Pages &pages = is_v ? a.v : a.k;
  int b = sequence_of(a.offsets, a.starts, a.sequences, t);
  i64 to = b < 0 ? -1 : page_row(pages, b, (i64)a.starts[b] + t - a.offsets[b]);
  if (to >= 0) {
    to += (i64)(head - a.heads - (is_v ? a.kv_heads : 0)) * a.size;
    for (int i = threadIdx.x; i < a.size; i += blockDim.x) {
      store(pages.type, pages.at, to + i, rotated(x, i, cos_sin, half, a.interleaved));
    }
  }
}
