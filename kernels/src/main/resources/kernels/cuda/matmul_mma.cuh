// What products on tensor cores share: rows of x in 16 bits, and which part of the output a block takes. Blocks go through
// the output in bands of BAND row tiles, so that those that run together share rows of both operands in L2.
#pragma once
#include "matmul.cuh"
#include "mma.cuh"

#define BAND 8
#define ROUND 32 // segments whose sums a block of a matrix-vector product holds at a time

// Eight elements of row r of x from k, zeros behind the end. Unaligned rows are read one element at a time.
DEVICE uint4 x_chunk(const MatMulArguments &a, i64 r, i64 k) {
  const u16 *x = (const u16 *)a.x.at + vector_at(a.x, r) + k;
  if (k + 8 <= a.w.k && (u64)x % 16 == 0) {
    return *(const uint4 *)x;
  }
  u32 words[4];
  for (int i = 0; i < 4; i++) {
    u32 low = k + 2 * i < a.w.k ? x[2 * i] : 0;
    u32 high = k + 2 * i + 1 < a.w.k ? x[2 * i + 1] : 0;
    words[i] = low | high << 16;
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

// The same to shared memory, before the next commit_copies is waited for; zeros for rows that are not there.
DEVICE void load_x_chunk(const MatMulArguments &a, i64 r, i64 k, uint4 *to) {
  i64 left = r < a.m ? a.w.k - k : 0;
  const u16 *x = (const u16 *)a.x.at + (left > 0 ? vector_at(a.x, r) + k : 0);
  if (left > 0 && (u64)x % 16 != 0) {
    *to = x_chunk(a, r, k);
  } else {
    copy_async(to, left > 0 ? x : (const u16 *)a.w.view.at, left <= 0 ? 0 : left < 8 ? 2 * (int)left : 16);
  }
}

// Which tiles of rows and columns a block takes.
struct TilePlace {
  i64 row;
  i64 column;
};

// The place of block `block` of all `blocks`, which make up the output.
DEVICE TilePlace tile_place(const MatMulArguments &a, int rows, u32 block, u32 blocks) {
  u32 row_tiles = (u32)((a.m + rows - 1) / rows);
  u32 columns = blocks / row_tiles;
  u32 band = block / (BAND * columns);
  u32 high = min((u32)BAND, row_tiles - band * BAND);
  u32 within = block % (BAND * columns);
  return {band * BAND + within % high, within / high};
}

DEVICE TilePlace tile_place(const MatMulArguments &a, int rows) { return tile_place(a, rows, blockIdx.x, gridDim.x); }

// Row j of w in a block's tile of `columns`; at least w.n: none. Of gate and up, each 32 rows are 16 of one and their 16
// of the other.
DEVICE i64 mma_column(const MatMulArguments &a, i64 tile, int columns, int j) {
  if (!a.gated) {
    return tile * columns + j;
  }
  i64 f = tile * (columns / 2) + j / 32 * 16 + j % 16;
  return f >= a.w.n / 2 ? a.w.n : j % 32 < 16 ? f : f + a.w.n / 2;
}

// A tile's sums in shared memory, [ROWS][COLUMNS + SUMS_PAD].
#define SUMS_PAD 2

// One warp's sums into a tile's: tiles [2][TILES] of 16 rows of w by 8 rows of x, from row `row` of x and `column` of w on.
template <int COLUMNS, int TILES>
DEVICE void stage_sums(float *sums, const float (*total)[TILES][4], int row, int column) {
  int g = threadIdx.x % WARP / 4;
  int t = threadIdx.x % 4;
#pragma unroll
  for (int i = 0; i < 8 * TILES; i++) {
    int r = row + i / 4 % TILES * 8 + 2 * t + i % 2;
    int c = column + i / 4 / TILES * 16 + g + i % 4 / 2 * 8;
    sums[r * (COLUMNS + SUMS_PAD) + c] = total[i / 4 / TILES][i / 4 % TILES][i % 4];
  }
}

// Finishes the outputs of sums [ROWS][COLUMNS + PAD] from a row and a column on; neighbouring threads write neighbouring
// columns. With gate and up, each 32 columns are 16 of one and their 16 of the other.
template <int COLUMNS, int ROWS, int PAD>
DEVICE void finish_sums(const MatMulArguments &a, i64 row, i64 column, const float *sums, int thread, int threads) {
  int width = a.gated ? COLUMNS / 2 : COLUMNS;
  i64 outputs = a.gated ? a.w.n / 2 : a.w.n;
#pragma unroll 1
  for (int i = thread; i < ROWS * width; i += threads) {
    i64 r = row + i / width;
    i64 c = column + i % width;
    int j = a.gated ? i % width / 16 * 32 + i % 16 : i % width;
    const float *sum = &sums[i / width * (COLUMNS + PAD) + j];
    if (r < a.m && c < outputs) {
      finish(a, r, c, sum[0], a.gated ? sum[16] : 0);
    }
  }
}

// Finishes a tile from the sums of its warps, by way of shared memory where the operands were.
template <int COLUMNS, int ROWS, int TILES>
DEVICE void finish_tile(const MatMulArguments &a, const TilePlace &tile, float *sums, const float (*total)[TILES][4], int row,
                        int column) {
  __syncthreads(); // the operands are read
  stage_sums<COLUMNS>(sums, total, row, column);
  __syncthreads();
  i64 first = tile.column * (a.gated ? COLUMNS / 2 : COLUMNS);
  finish_sums<COLUMNS, ROWS, SUMS_PAD>(a, tile.row * ROWS, first, sums, threadIdx.x, blockDim.x);
}

// A segment's sums to the total; the next ones start at zero.
template <int TILES> DEVICE void end_segment(float (*total)[TILES][4], float (*sum)[TILES][4]) {
#pragma unroll
  for (int i = 0; i < 8 * TILES; i++) {
    total[i / 4 / TILES][i / 4 % TILES][i % 4] += sum[i / 4 / TILES][i / 4 % TILES][i % 4];
    sum[i / 4 / TILES][i / 4 % TILES][i % 4] = 0;
  }
}

// What a block of a matrix-vector product takes: eight rows of x by a panel of w.
struct PanelPlace {
  i64 row;
  i64 column;
  i64 outputs;

  // Row 8 i + lane / 4 of the panel, of gate (set 0) or up; rows behind the last are read from the first, and not written.
  DEVICE_MEMBER i64 weight(int set, int i) const {
    i64 n = column + 8 * i + threadIdx.x % WARP / 4;
    return n < outputs ? n + set * outputs : 0;
  }
};

DEVICE PanelPlace panel_place(const MatMulArguments &a) {
  u32 row_tiles = (u32)((a.m + 7) / 8); // blocks of the same panel are neighbours
  return {blockIdx.x % row_tiles * (i64)8, blockIdx.x / row_tiles * (i64)PANEL, a.gated ? a.w.n / 2 : a.w.n};
}

// Eight rows of x by a panel of w (with gate and up, one of each): a warp takes a segment of k at a time, whose sums
// `segment_sums` adds to zeros. Then a thread adds the segments of its output, in order.
template <typename SegmentSums>
DEVICE void matvec_panel(const MatMulArguments &a, const PanelPlace &place, SegmentSums segment_sums) {
  SHARED float parts[ROUND][PANEL][8];
  int g = threadIdx.x % WARP / 4;
  int t = threadIdx.x % 4;
  int segments = (int)((a.w.k + SEGMENT - 1) / SEGMENT);
  float total[2] = {};
  for (int set = 0; set < (a.gated ? 2 : 1); set++) {
    for (int first = 0; first < segments; first += ROUND) {
      __syncthreads();
      for (int s = first + (int)threadIdx.x / WARP; s < min(first + ROUND, segments); s += 8) {
        float sum[2][4] = {};
        segment_sums(set, s, sum);
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
  i64 n = place.column + threadIdx.x % PANEL;
  i64 r = place.row + threadIdx.x / PANEL;
  if (n < place.outputs && r < a.m) {
    finish(a, r, n, total[0], total[1]);
  }
}
