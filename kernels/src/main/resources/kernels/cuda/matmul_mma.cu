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

// What a thread copies of a tile's operands, and what its warp multiplies.
template <int COLUMNS, int ROWS> struct MmaTile {
  static const int THREADS = COLUMNS * 2;
  static const int W_ROW = COLUMNS + 2; // of sixteen bytes: the four chunks that lanes read together lie in different banks
  static const int X_ROW = ROWS + 2;
  static const int STAGE = 4 * (W_ROW + X_ROW);
  static const int TILES = ROWS / 16; // of 8 rows of x, of a warp

  uint4 *stages;
  TilePlace place;
  int steps;
  int columns; // of the tile, this warp's first
  int rows;
  const uint4 *w_from[2]; // two chunks of each operand a step
  int w_bytes[2];

  DEVICE_MEMBER void begin(const MatMulArguments &a, uint4 *shared) {
    stages = shared;
    place = tile_place(a, ROWS);
    steps = (int)((a.w.k + 31) / 32);
    columns = threadIdx.x / WARP % (COLUMNS / 32) * 32;
    rows = threadIdx.x / WARP / (COLUMNS / 32) * (ROWS / 2);
    for (int i = 0; i < 2; i++) {
      int piece = threadIdx.x + i * THREADS;
      i64 n = mma_column(a, place.column, COLUMNS, piece % COLUMNS);
      w_bytes[i] = n < a.w.n ? 16 : 0;
      w_from[i] = w_chunk(a, n < a.w.n ? n : 0, piece / COLUMNS);
    }
  }

  DEVICE_MEMBER void load(const MatMulArguments &a, int step) const {
    uint4 *ws = stages + step % STAGES * STAGE;
    uint4 *xs = ws + 4 * W_ROW;
    for (int i = 0; step < steps && i < 2; i++) {
      int piece = threadIdx.x + i * THREADS;
      copy_async(&ws[piece / COLUMNS * W_ROW + piece % COLUMNS], w_from[i] + (i64)step * W_STEP, w_bytes[i]);
      load_x_chunk(a, place.row * ROWS + piece / 4, step * (i64)32 + piece % 4 * 8, &xs[piece % 4 * X_ROW + piece / 4]);
    }
    commit_copies();
  }

  template <int TYPE> DEVICE_MEMBER void multiply(int step, float (*sum)[TILES][4]) const {
    int g = threadIdx.x % WARP / 4;
    int t = threadIdx.x % 4;
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
  }
};

template <int TYPE, int COLUMNS, int ROWS> DEVICE void matmul_mma(const MatMulArguments &a) {
  typedef MmaTile<COLUMNS, ROWS> Tile;
  DYNAMIC_SHARED(uint4, stages);
  Tile tile;
  tile.begin(a, stages);
  float total[2][Tile::TILES][4] = {};
  float sum[2][Tile::TILES][4] = {};
  for (int step = 0; step < STAGES - 1; step++) {
    tile.load(a, step);
  }
  for (int step = 0; step < tile.steps; step++) {
    wait_copies<STAGES - 2>();
    __syncthreads(); // this step is there, and nobody reads the one before any more
    tile.load(a, step + STAGES - 1);
    tile.template multiply<TYPE>(step, sum);
    if ((step + 1) % (SEGMENT / 32) == 0 || step + 1 == tile.steps) {
      end_segment(total, sum);
    }
  }
  wait_copies<0>();
  finish_tile<COLUMNS, ROWS>(a, tile.place, (float *)stages, total, tile.rows, tile.columns);
}

// One segment of k of 32 rows of w by eight rows of x, w straight from memory.
template <int TYPE>
DEVICE void segment_mma(const MatMulArguments &a, const PanelPlace &place, int set, int segment, float (*sum)[4]) {
  int t = threadIdx.x % 4;
  i64 r = place.row + threadIdx.x % WARP / 4;
  i64 from = (i64)segment * SEGMENT;
  int steps = (int)((min(from + SEGMENT, a.w.k) - from + 31) / 32);
  const uint4 *w[4];
  for (int i = 0; i < 4; i++) {
    w[i] = w_chunk(a, place.weight(set, i), t) + segment * (i64)(SEGMENT / 32) * W_STEP;
  }
#pragma unroll 4
  for (int step = 0; step < steps; step++) {
    i64 at = step * W_STEP;
    i64 k = from + step * 32 + 8 * t;
    uint4 x = r < a.m && k < a.w.k ? x_chunk(a, r, k) : make_uint4(0, 0, 0, 0);
    mma_32<TYPE>(sum[0], w[0][at], w[1][at], x);
    mma_32<TYPE>(sum[1], w[2][at], w[3][at], x);
  }
}

template <int TYPE> DEVICE void matvec_mma(const MatMulArguments &a) {
  PanelPlace place = panel_place(a);
  matvec_panel(a, place, [&](int set, int s, float(*sum)[4]) { segment_mma<TYPE>(a, place, set, s, sum); });
}

KERNEL(256, matmul_mma_f16, MatMulArguments) { matmul_mma<F16, 128, 128>(a); }
KERNEL(256, matmul_mma_bf16, MatMulArguments) { matmul_mma<BF16, 128, 128>(a); }
KERNEL(128, matmul_mma_small_f16, MatMulArguments) { matmul_mma<F16, 64, 64>(a); }
KERNEL(128, matmul_mma_small_bf16, MatMulArguments) { matmul_mma<BF16, 64, 64>(a); }
KERNEL(256, matvec_mma_f16, MatMulArguments) { matvec_mma<F16>(a); }
KERNEL(256, matvec_mma_bf16, MatMulArguments) { matvec_mma<BF16>(a); }
