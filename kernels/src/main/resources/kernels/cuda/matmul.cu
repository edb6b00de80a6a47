// Products with weights of any type and layout, in F32 arithmetic: a block computes 64 rows by 64 columns, a thread 4 by
// 4 of them, over 32 of k at a time, which it unpacks into shared memory. With gate and up, a block's columns are 32 of
// each, so that a thread has both for its outputs. The grid: column tiles, row tiles, batches.
#include "matmul.cuh"

#define TILE 64
#define DEPTH 32

// Which row of w is column j of a block's tile; at least w.n: none.
DEVICE i64 tile_column(const MatMulArguments &a, int j) {
  if (!a.gated) {
    return blockIdx.x * (i64)TILE + j;
  }
  // Of each thread's four columns two are gates and two are the ups that belong to them.
  i64 f = blockIdx.x * (i64)(TILE / 2) + j / 4 * 2 + j % 2;
  return f >= a.w.n / 2 ? a.w.n : j % 4 < 2 ? f : f + a.w.n / 2;
}

KERNEL(256, matmul, MatMulArguments) {
  SHARED float xs[DEPTH][TILE + 4];
  SHARED float ws[DEPTH][TILE + 4];
  int tx = threadIdx.x % 16;
  int ty = threadIdx.x / 16;
  int row = threadIdx.x / 4; // this thread unpacks eight of k of a row of both tiles
  int part = threadIdx.x % 4 * 8;
  i64 m0 = blockIdx.y * (i64)TILE;
  i64 batch = a.first_batch + blockIdx.z;
  i64 column = tile_column(a, row);
  bool has_row = m0 + row < a.m;
  i64 from = has_row ? vector_at(a.x, batch * a.m + m0 + row) : 0;
  float total[4][4] = {};
  float sum[4][4] = {};
  for (i64 k0 = 0; k0 < a.w.k; k0 += DEPTH) {
    float w[8] = {};
    if (column < a.w.n && k0 + part < a.w.k) {
      weights(a.w, batch, column, k0 + part, w);
    }
    for (int j = 0; j < 8; j++) {
      i64 k = k0 + part + j;
      xs[part + j][row] = has_row && k < a.w.k ? load(a.x.type, a.x.at, from + k) : 0;
      ws[part + j][row] = w[j];
    }
    __syncthreads();
    for (int k = 0; k < DEPTH; k++) {
      float4 p = *(const float4 *)&xs[k][4 * ty];
      float4 q = *(const float4 *)&ws[k][4 * tx];
      float u[4] = {p.x, p.y, p.z, p.w};
      float v[4] = {q.x, q.y, q.z, q.w};
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          sum[i][j] = fmaf(u[i], v[j], sum[i][j]);
        }
      }
    }
    __syncthreads();
    if ((k0 + DEPTH) % SEGMENT == 0 || k0 + DEPTH >= a.w.k) {
      for (int i = 0; i < 16; i++) {
        total[i / 4][i % 4] += sum[i / 4][i % 4];
        sum[i / 4][i % 4] = 0;
      }
    }
  }
  for (int i = 0; i < 4 && m0 + 4 * ty + i < a.m; i++) {
    i64 r = batch * a.m + m0 + 4 * ty + i;
    for (int j = 0; j < (a.gated ? 2 : 4); j++) {
      i64 c = tile_column(a, 4 * tx + j);
      if (c < a.w.n) {
        finish(a, r, c, total[i][j], a.gated ? total[i][j + 2] : 0);
      }
    }
  }
}
