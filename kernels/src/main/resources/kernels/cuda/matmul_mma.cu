// Products of F16 or BF16 with weights of the same type in panels, on tensor cores with F32 accumulators. Weights are
// the left operand, rows of x the right one. An accumulator sums one segment and is added to a total: matmul.cuh. All
// kernels issue the same mma for an output, so they give the same bits.
//
// matmul_mma: a block takes COLUMNS rows of w by ROWS rows of x, a warp 32 by ROWS / 2 of them, over 32 of k at a time,
// which arrive by cp.async STAGES - 1 steps ahead. 128 by 128 with 8 warps and 65 KiB of dynamic shared memory; 64 by 64
// with 4 and 33 KiB where there would be few blocks.
#include "matmul_mma.cuh"

#define STAGES 4

// Chunk c of the first 32 of k of row n of w; those of the next 32 lie W_STEP behind.
#define W_STEP (4 * PANEL)

DEVICE const uint4 *w_chunk(const MatMulArguments &a, i64 n, int c) {
  i64 blocks = (a.w.k + 31) / 32;
  return (const uint4 *)a.w.view.at + (n / PANEL * blocks * 4 + c) * PANEL + n % PANEL;
}

template <int TYPE, int COLUMNS, int ROWS> DEVICE void matmul_mma(const MatMulArguments &a) {
  const int THREADS = COLUMNS * 2;
  const int W_ROW = COLUMNS + 2; // of sixteen bytes: the four chunks that lanes read together lie in different banks
  const int X_ROW = ROWS + 2;
  const int STAGE = 4 * (W_ROW + X_ROW);
  const int TILES = ROWS / 16; // of 8 rows of x, of a warp
  DYNAMIC_SHARED(uint4, stages);
  int lane = threadIdx.x % WARP;
  int g = lane / 4;
  int t = lane % 4;
  int columns = threadIdx.x / WARP % (COLUMNS / 32) * 32;
  int rows = threadIdx.x / WARP / (COLUMNS / 32) * (ROWS / 2);
  TilePlace tile = tile_place(a, ROWS);
  i64 m0 = tile.row * ROWS;

  const uint4 *w_from[2]; // this thread copies two chunks of each operand a step
  int w_bytes[2];
  for (int i = 0; i < 2; i++) {
    int piece = threadIdx.x + i * THREADS;
    i64 n = mma_column(a, tile.column, COLUMNS, piece % COLUMNS);
    w_bytes[i] = n < a.w.n ? 16 : 0;
    w_from[i] = w_chunk(a, n < a.w.n ? n : 0, piece / COLUMNS);
  }
  int steps = (int)((a.w.k + 31) / 32);
  auto load_step = [&](int step) {
    uint4 *ws = stages + step % STAGES * STAGE;
    uint4 *xs = ws + 4 * W_ROW;
    for (int i = 0; step < steps && i < 2; i++) {
      int piece = threadIdx.x + i * THREADS;
      copy_async(&ws[piece / COLUMNS * W_ROW + piece % COLUMNS], w_from[i] + (i64)step * W_STEP, w_bytes[i]);
      load_x_chunk(a, m0 + piece / 4, step * (i64)32 + piece % 4 * 8, &xs[piece % 4 * X_ROW + piece / 4]);
    }
    commit_copies();
  };

  float total[2][TILES][4] = {};
  float sum[2][TILES][4] = {};
  for (int step = 0; step < STAGES - 1; step++) {
    load_step(step);
  }
  for (int step = 0; step < steps; step++) {
    wait_copies<STAGES - 2>();
    __syncthreads(); // this step is there, and nobody reads the one before any more
    load_step(step + STAGES - 1);
    const uint4 *ws = stages + step % STAGES * STAGE + t * W_ROW + columns + g;
    const uint4 *xs = stages + step % STAGES * STAGE + 4 * W_ROW + t * X_ROW + rows + g;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      uint4 upper = ws[16 * i];
      uint4 lower = ws[16 * i + 8];
#pragma unroll
      for (int j = 0; j < TILES; j++) {
        mma_32<TYPE>(sum[i][j], upper, lower, xs[8 * j]);
      }
    }
    if ((step + 1) % (SEGMENT / 32) == 0 || step + 1 == steps) {
#pragma unroll
      for (int i = 0; i < 8 * TILES; i++) {
        total[i / 4 / TILES][i / 4 % TILES][i % 4] += sum[i / 4 / TILES][i / 4 % TILES][i % 4];
        sum[i / 4 / TILES][i / 4 % TILES][i % 4] = 0;
      }
    }
  }
  wait_copies<0>();
  __syncthreads(); // the operands are read, and give way to sums
  float *sums = (float *)stages;
  stage_sums<COLUMNS>(sums, total, rows, columns);
  __syncthreads();
  finish_tile<COLUMNS, ROWS>(a, tile, sums);
}

// One segment of k of 32 rows of w by eight rows of x, w straight from memory.
template <int TYPE> DEVICE void segment_mma(const MatMulArguments &a, i64 r, const uint4 *const *w, int segment, float (*sum)[4]) {
  int t = threadIdx.x % 4;
  i64 from = (i64)segment * SEGMENT;
  int steps = (int)((min(from + SEGMENT, a.w.k) - from + 31) / 32);
#pragma unroll 4
  for (int step = 0; step < steps; step++) {
    i64 at = (segment * (i64)(SEGMENT / 32) + step) * W_STEP;
    i64 k = from + step * 32 + 8 * t;
    uint4 x = r < a.m && k < a.w.k ? x_chunk(a, r, k) : make_uint4(0, 0, 0, 0);
    mma_32<TYPE>(sum[0], w[0][at], w[1][at], x);
    mma_32<TYPE>(sum[1], w[2][at], w[3][at], x);
  }
}

// Eight rows of x by a panel of w (with gate and up, one of each): a warp takes a segment at a time. Then a thread adds
// the segments of its output, in order. Blocks of the same panel are neighbours.
template <int TYPE> DEVICE void matvec_mma(const MatMulArguments &a) {
  SHARED float parts[ROUND][PANEL][8];
  int warp = threadIdx.x / WARP;
  int g = threadIdx.x % WARP / 4;
  int t = threadIdx.x % 4;
  u32 row_tiles = (u32)((a.m + 7) / 8);
  i64 m0 = blockIdx.x % row_tiles * (i64)8;
  i64 n0 = blockIdx.x / row_tiles * (i64)PANEL;
  i64 outputs = a.gated ? a.w.n / 2 : a.w.n;
  int segments = (int)((a.w.k + SEGMENT - 1) / SEGMENT);
  float total[2] = {};
  for (int set = 0; set < (a.gated ? 2 : 1); set++) {
    const uint4 *w[4];
    for (int i = 0; i < 4; i++) { // rows behind the last are read from the first, and not written
      i64 n = n0 + 8 * i + g;
      w[i] = w_chunk(a, n < outputs ? n + set * outputs : 0, t);
    }
    for (int first = 0; first < segments; first += ROUND) {
      __syncthreads();
      for (int s = first + warp; s < min(first + ROUND, segments); s += 8) {
        float sum[2][4] = {};
        segment_mma<TYPE>(a, m0 + g, w, s, sum);
        for (int i = 0; i < 8; i++) {
          parts[s - first][i / 4 * 16 + i % 4 / 2 * 8 + g][2 * t + i % 2] = sum[i / 4][i % 4];
        }
      }
      __syncthreads();
      for (int s = first; s < min(first + ROUND, segments); s++) {
        total[set] += parts[s - first][threadIdx.x % PANEL][threadIdx.x / PANEL];
      }
    }
  }
  i64 n = n0 + threadIdx.x % PANEL;
  i64 r = m0 + threadIdx.x / PANEL;
  if (n < outputs && r < a.m) {
    finish(a, r, n, total[0], total[1]);
  }
}

KERNEL(256, matmul_mma_f16, MatMulArguments) { matmul_mma<F16, 128, 128>(a); }
KERNEL(256, matmul_mma_bf16, MatMulArguments) { matmul_mma<BF16, 128, 128>(a); }
KERNEL(128, matmul_mma_small_f16, MatMulArguments) { matmul_mma<F16, 64, 64>(a); }
KERNEL(128, matmul_mma_small_bf16, MatMulArguments) { matmul_mma<BF16, 64, 64>(a); }
KERNEL(256, matvec_mma_f16, MatMulArguments) { matvec_mma<F16>(a); }
KERNEL(256, matvec_mma_bf16, MatMulArguments) { matvec_mma<BF16>(a); }
