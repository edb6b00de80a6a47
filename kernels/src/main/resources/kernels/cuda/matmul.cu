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

struct MatMulTile {
  float xs[DEPTH][TILE + 4];
  float ws[DEPTH][TILE + 4];
};

// A thread unpacks eight of k of a row of both operands.
DEVICE void unpack_step(const MatMulArguments &a, i64 batch, i64 k0, MatMulTile &tile) {
  int row = threadIdx.x / 4;
  int part = threadIdx.x % 4 * 8;
  i64 r = blockIdx.y * (i64)TILE + row;
  i64 column = tile_column(a, row);
  i64 from = r < a.m ? vector_at(a.x, batch * a.m + r) : 0;
  float w[8] = {};
  if (column < a.w.n && k0 + part < a.w.k) {
    weights(a.w, batch, column, k0 + part, w);
  }
  for (int j = 0; j < 8; j++) {
    i64 k = k0 + part + j;
    tile.xs[part + j][row] = r < a.m && k < a.w.k ? load(a.x.type, a.x.at, from + k) : 0;
    tile.ws[part + j][row] = w[j];
  }
}

// Adds the products of a step to this thread's 4 by 4 sums.
DEVICE void multiply_step(const MatMulTile &tile, float (*sum)[4]) {
  for (int k = 0; k < DEPTH; k++) {
    float4 p = *(const float4 *)&tile.xs[k][threadIdx.x / 16 * 4];
    float4 q = *(const float4 *)&tile.ws[k][threadIdx.x % 16 * 4];
    float u[4] = {p.x, p.y, p.z, p.w};
    float v[4] = {q.x, q.y, q.z, q.w};
    for (int i = 0; i < 16; i++) {
      sum[i / 4][i % 4] = fmaf(u[i / 4], v[i % 4], sum[i / 4][i % 4]);
    }
  }
}

KERNEL(256, matmul, MatMulArguments) {
  SHARED MatMulTile tile;
  i64 batch = a.first_batch + blockIdx.z;
  float total[4][4] = {};
  float sum[4][4] = {};
  for (i64 k0 = 0; k0 < a.w.k; k0 += DEPTH) {
    unpack_step(a, batch, k0, tile);
    __syncthreads();
    multiply_step(tile, sum);
    __syncthreads();
    if ((k0 + DEPTH) % SEGMENT == 0 || k0 + DEPTH >= a.w.k) {
      for (int i = 0; i < 16; i++) {
        total[i / 4][i % 4] += sum[i / 4][i % 4];
        sum[i / 4][i % 4] = 0;
      }
    }
  }
  i64 row = blockIdx.y * (i64)TILE + threadIdx.x / 16 * 4;
  for (int i = 0; i < 4 && row + i < a.m; i++) {
    for (int j = 0; j < (a.gated ? 2 : 4); j++) {
      i64 c = tile_column(a, threadIdx.x % 16 * 4 + j);
      if (c < a.w.n) {
        finish(a, batch * a.m + row + i, c, total[i][j], a.gated ? total[i][j + 2] : 0);
      }
    }
  }
}
