// What attention_mma.cu is made of: the rows of a group, what is loaded for them, and what a warp holds of them.
#pragma once
#include "attention.cuh"
#include "mma.cuh"

#define LOG2E 1.4426950408889634f
#define LN2 0.6931471805599453f

// Where piece c of 16 bytes lies in rows of PIECES.
template <int PIECES> DEVICE int swizzled(int row, int c) {
  return row * PIECES + (PIECES % 8 == 0 ? c ^ (row & 7) : c ^ (row >> 1 & 3));
}

// The rows of one sequence that attend to one KV head.
struct Group {
  int sequence;
  int kv_head;
  int heads;
  int rows;  // queries times heads
  int start; // position of the first query; negative: inert
  int length;
  i64 token; // of the first query
};

DEVICE Group group_of(const AttentionArguments &a) {
  int b = blockIdx.z;
  int heads = a.heads / a.kv_heads;
  int first = a.offsets[b];
  int length = min(a.lengths[b], a.max_keys);
  return {b, (int)blockIdx.y, heads, (a.offsets[b + 1] - first) * heads, a.starts[b], length, first};
}

// Row r as a query; behind the last one, one that sees nothing.
DEVICE Query query_of(const AttentionArguments &a, const Group &f, int r) {
  int i = r / f.heads;
  Query q = {f.token + i, f.kv_head * f.heads + r % f.heads, f.sequence, i, f.start + i, 0, 0};
  if (r < f.rows && f.start >= 0) {
    q.end = a.causal ? min((i64)f.length, q.position + 1) : f.length;
    q.first = a.window > 0 ? max((i64)0, q.position - a.window + 1) : 0;
  }
  return q;
}

// Rows of q; zeros behind the last.
template <int SIZE> DEVICE void load_queries(const AttentionArguments &a, const Group &f, int row0, int rows, uint4 *qs) {
  for (int i = threadIdx.x; i < rows * (SIZE / 8); i += blockDim.x) {
    int row = i / (SIZE / 8);
    int c = i % (SIZE / 8);
    Query q = query_of(a, f, row0 + row);
    bool there = row0 + row < f.rows && 8 * c < a.size;
    i64 from = there ? vector_at(a.q, q.token * a.heads + q.head) + 8 * c : 0;
    copy_async(&qs[swizzled<SIZE / 8>(row, c)], (const u16 *)a.q.at + from, there ? 16 : 0);
  }
}

// Keys and values of positions from j on; zeros from `end` on. A row's 16-byte pieces are shared by neighbouring threads.
template <int SIZE, int KEYS>
DEVICE void load_keys(const AttentionArguments &a, const Group &f, i64 j, i64 end, uint4 *ks, uint4 *vs) {
  int threads = blockDim.x / KEYS;
  int row = threadIdx.x / threads;
  Query q = {0, 0, f.sequence, 0, 0, 0, 0};
  i64 k = j + row < end ? key_row(a, a.k, q, j + row) : -1;
  i64 v = j + row < end ? key_row(a, a.v, q, j + row) : -1;
  const u16 *k_from = (const u16 *)a.k.at + (k < 0 ? 0 : k + f.kv_head * a.size);
  const u16 *v_from = (const u16 *)a.v.at + (v < 0 ? 0 : v + f.kv_head * a.value_size);
  for (int c = threadIdx.x % threads; c < SIZE / 8; c += threads) {
    bool in_k = k >= 0 && 8 * c < a.size;
    bool in_v = v >= 0 && 8 * c < a.value_size;
    copy_async(&ks[swizzled<SIZE / 8>(row, c)], k_from + (in_k ? 8 * c : 0), in_k ? 16 : 0);
    copy_async(&vs[swizzled<SIZE / 8>(row, c)], v_from + (in_v ? 8 * c : 0), in_v ? 16 : 0);
  }
}

// Biases of the block's rows for keys from j on, to where the scores will be.
template <int KEYS> DEVICE void load_biases(const AttentionArguments &a, const Group &f, int row0, int rows, i64 j, float *to) {
  for (int i = threadIdx.x; i < rows * KEYS; i += blockDim.x) {
    Query q = query_of(a, f, row0 + i / KEYS);
    i64 key = j + i % KEYS;
    to[i / KEYS * (KEYS + 8) + i % KEYS] = key >= q.first && key < q.end ? bias_of(a, q, key) : 0;
  }
}

// What one warp holds of its 16 rows. Element e of an 8-wide tile belongs to row lane / 4 + e / 2 * 8.
template <int TYPE, int SIZE, int KEYS, int SPLIT> struct Flash {
  static const int PIECES = SIZE / 8;
  static const int OWN_KEYS = KEYS / 8 / SPLIT; // tiles of 8 keys that this warp scores
  static const int COLUMNS = SIZE / 8 / SPLIT;  // tiles of 8 columns that it sums

  int lane;
  int part; // of the SPLIT warps
  int row;  // of the block: the first of 16
  int first[2]; // keys that rows lane / 4 and 8 on may see
  int end[2];
  int lowest; // keys that some of the 16 rows may see
  int highest;
  int all_from; // and that all of them see
  int all_to;
  float s[KEYS / 8][4];
  float y[COLUMNS][4]; // of this chunk, times exp2(most)
  float most[2];       // the greatest score, in units of ln 2
  float sum[2];        // over this lane's keys
  float total[COLUMNS][4]; // of the chunks before
  float total_most[2];     // natural
  float total_sum[2];

  DEVICE_MEMBER void begin_rows(const AttentionArguments &a, const Group &f, int row0) {
    lane = threadIdx.x % WARP;
    part = SPLIT == 1 ? 0 : threadIdx.x / WARP % SPLIT;
    row = threadIdx.x / WARP / SPLIT * 16;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      Query q = query_of(a, f, row0 + row + lane / 4 + half * 8);
      first[half] = (int)q.first;
      end[half] = (int)q.end;
      total_most[half] = -INFINITE;
      total_sum[half] = 0;
    }
    bool any = row0 + row < f.rows;
    bool whole = row0 + row + 16 <= f.rows;
    lowest = any ? (int)query_of(a, f, row0 + row).first : 0x7fffffff;
    highest = any ? (int)query_of(a, f, min(row0 + row + 16, f.rows) - 1).end : 0;
    all_from = whole ? (int)query_of(a, f, row0 + row + 15).first : 0x7fffffff;
    all_to = whole ? (int)query_of(a, f, row0 + row).end : 0;
#pragma unroll
    for (int n = 0; n < COLUMNS; n++) {
      total[n][0] = total[n][1] = total[n][2] = total[n][3] = 0;
    }
    begin_chunk();
  }

  DEVICE_MEMBER void begin_chunk() {
#pragma unroll
    for (int n = 0; n < COLUMNS; n++) {
      y[n][0] = y[n][1] = y[n][2] = y[n][3] = 0;
    }
    most[0] = most[1] = -INFINITE;
    sum[0] = sum[1] = 0;
  }

  // s = q k^T for the keys of this warp.
  DEVICE_MEMBER void products(const uint4 *qs, const uint4 *ks) {
#pragma unroll
    for (int n = 0; n < OWN_KEYS; n++) {
      s[n][0] = s[n][1] = s[n][2] = s[n][3] = 0;
    }
#pragma unroll
    for (int d = 0; d < SIZE / 16; d++) {
      uint4 q = load_matrices(&qs[swizzled<PIECES>(row + lane % 16, 2 * d + lane / 16)]);
#pragma unroll
      for (int n = 0; n < OWN_KEYS; n += 2) {
        int key = (part * OWN_KEYS + n) * 8 + lane / 16 * 8 + lane % 8;
        uint4 k = load_matrices(&ks[swizzled<PIECES>(key, 2 * d + lane / 8 % 2)]);
        mma<TYPE>(s[n], q.x, q.y, q.z, q.w, k.x, k.y);
        mma<TYPE>(s[n + 1], q.x, q.y, q.z, q.w, k.z, k.w);
      }
    }
  }

  // Products to scores in units of ln 2, hidden ones to -inf. `biases` is null without any.
  DEVICE_MEMBER void adjust(const AttentionArguments &a, int j, bool all_seen, const float *biases) {
    int key = part * OWN_KEYS * 8 + lane % 4 * 2;
    bool plain = !biases && a.soft_cap <= 0;
    float factor = a.scale * LOG2E;
#pragma unroll
    for (int i = 0; i < OWN_KEYS * 4; i++) {
      int half = i % 4 / 2;
      int k = key + i / 4 * 8 + i % 2;
      float &x = s[i / 4][i % 4];
      if (plain) {
        x *= factor;
      } else {
        x = a.scale * x + (biases ? biases[(row + lane / 4 + half * 8) * (KEYS + 8) + k] : 0);
        x = a.soft_cap > 0 && x != -INFINITE ? a.soft_cap * tanhf(x / a.soft_cap) : x;
        x *= LOG2E;
      }
      if (!all_seen) {
        x = j + k >= first[half] && j + k < end[half] ? x : -INFINITE;
      }
    }
  }

  // This warp's scores to shared memory, for the others of its rows.
  DEVICE_MEMBER void give(float *scores) {
#pragma unroll
    for (int i = 0; i < OWN_KEYS * 2; i++) {
      int at = (row + lane / 4 + i % 2 * 8) * (KEYS + 8) + (part * OWN_KEYS + i / 2) * 8 + lane % 4 * 2;
      *(float2 *)&scores[at] = make_float2(s[i / 2][i % 2 * 2], s[i / 2][i % 2 * 2 + 1]);
    }
  }

  DEVICE_MEMBER void take(const float *scores) {
#pragma unroll
    for (int i = 0; i < KEYS / 4; i++) {
      float2 two = *(const float2 *)&scores[(row + lane / 4 + i % 2 * 8) * (KEYS + 8) + i / 2 * 8 + lane % 4 * 2];
      s[i / 2][i % 2 * 2] = two.x;
      s[i / 2][i % 2 * 2 + 1] = two.y;
    }
  }

  // Scores to weights, and what was summed so far to the new greatest score.
  DEVICE_MEMBER void weigh() {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float greatest = most[half];
#pragma unroll
      for (int n = 0; n < KEYS / 8; n++) {
        greatest = fmaxf(greatest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
      }
      greatest = fmaxf(greatest, __shfl_xor_sync(ALL_LANES, greatest, 1));
      greatest = fmaxf(greatest, __shfl_xor_sync(ALL_LANES, greatest, 2));
      float base = greatest == -INFINITE ? 0 : greatest;
      float factor = exp2_fast(most[half] - base);
      float weights = 0;
#pragma unroll
      for (int n = 0; n < KEYS / 8; n++) {
        s[n][2 * half] = exp2_fast(s[n][2 * half] - base);
        s[n][2 * half + 1] = exp2_fast(s[n][2 * half + 1] - base);
        weights += s[n][2 * half] + s[n][2 * half + 1];
      }
      most[half] = greatest;
      sum[half] = fmaf(sum[half], factor, weights);
#pragma unroll
      for (int n = 0; n < COLUMNS; n++) {
        y[n][2 * half] *= factor;
        y[n][2 * half + 1] *= factor;
      }
    }
  }

  // y += p v for this warp's columns. Neighbouring tiles of p are the left operand as they lie.
  DEVICE_MEMBER void sum_values(const uint4 *vs) {
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) {
      u32 p[4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        p[i] = pack_two<TYPE>(s[2 * k + i / 2][i % 2 * 2], s[2 * k + i / 2][i % 2 * 2 + 1]);
      }
#pragma unroll
      for (int n = 0; n < COLUMNS; n += 2) {
        uint4 v = load_transposed(&vs[swizzled<PIECES>(16 * k + lane % 16, part * COLUMNS + n + lane / 16)]);
        mma<TYPE>(y[n], p[0], p[1], p[2], p[3], v.x, v.y);
        mma<TYPE>(y[n + 1], p[0], p[1], p[2], p[3], v.z, v.w);
      }
    }
  }

  DEVICE_MEMBER void end_chunk() {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float weights = sum[half];
      weights += __shfl_xor_sync(ALL_LANES, weights, 1);
      weights += __shfl_xor_sync(ALL_LANES, weights, 2);
      float2 factor = merge(total_most[half], total_sum[half], most[half] * LN2, weights);
#pragma unroll
      for (int i = 0; i < COLUMNS * 2; i++) {
        float &to = total[i / 2][2 * half + i % 2];
        to = merged(to, factor, y[i / 2][2 * half + i % 2]);
      }
    }
  }

  // The result, or for combine_attention what it merges.
  DEVICE_MEMBER void finish(const AttentionArguments &a, const Group &f, int row0, int chunk, int chunks) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int r = row0 + row + lane / 4 + half * 8;
      if (r >= f.rows) {
        continue;
      }
      Query q = query_of(a, f, r);
      i64 result = q.token * a.heads + q.head;
      float *to = a.scratch ? a.scratch + (result * chunks + chunk) * (2 + a.value_size) : nullptr;
      if (to && part == 0 && lane % 4 == 0) {
        to[0] = total_most[half];
        to[1] = total_sum[half];
      }
      float factor = to ? 1 : total_sum[half] > 0 ? 1 / total_sum[half] : 0;
#pragma unroll
      for (int n = 0; n < COLUMNS; n++) {
        int c = (part * COLUMNS + n) * 8 + lane % 4 * 2;
        float2 two = make_float2(total[n][2 * half] * factor, total[n][2 * half + 1] * factor);
        if (c < a.value_size && to) {
          to[2 + c] = two.x;
          to[3 + c] = two.y;
        } else if (c < a.value_size) {
          store_two(a.out.type, a.out.at, vector_at(a.out, result) + c, two);
        }
      }
    }
  }
};
