// Products of F16 or BF16 with weights of block types in panels, on tensor cores: quants are multiplied as exact small
// integers and scaled in F32, 32 of k at a time, so the result is that of F32 arithmetic on the dequantised weights:
//
//   out[m, n] = sum over groups of 32: d[n] (q[n] . x[m]) + minimum[n] sum(x[m])
//
// Both kernels do the same for an output, and give the same bits; the order of sums is that of matmul.cuh.
#include "matmul_mma.cuh"
#include "quants.cuh"

#define BLOCK_COLUMNS 128 // rows of w of a block of threads
#define BLOCK_ROWS 64     // rows of x
#define BLOCK_W_ROW (BLOCK_COLUMNS + 2) // of sixteen bytes, as in matmul_mma
#define BLOCK_X_ROW (BLOCK_ROWS + 4)    // two chunks that lanes read half of lie 64 bytes apart, modulo all banks

// Two or three steps' operands, then the tile's sums.
union BlockTiles {
  struct {
    uint4 ws[2][4][BLOCK_W_ROW];
    uint4 xs[3][4][BLOCK_X_ROW];
    float2 scales[2][BLOCK_COLUMNS];
    float x_sums[2][BLOCK_ROWS];
  } in;
  float sums[BLOCK_ROWS * (BLOCK_COLUMNS + SUMS_PAD)];
};

// Elements 4 t to 4 t + 3 and 16 on of the 32 of k from k0, of row r of x; zeros for a row that is not there.
DEVICE uint4 x_quads(const MatMulArguments &a, i64 r, i64 k0, int t) {
  if (r >= a.m) {
    return make_uint4(0, 0, 0, 0);
  }
  const u16 *x = (const u16 *)a.x.at + vector_at(a.x, r) + k0 + 4 * t;
  if ((u64)x % 8 == 0) {
    uint2 first = *(const uint2 *)x;
    uint2 second = *(const uint2 *)(x + 16);
    return make_uint4(first.x, first.y, second.x, second.y);
  }
  return make_uint4(x[0] | (u32)x[1] << 16, x[2] | (u32)x[3] << 16, x[16] | (u32)x[17] << 16, x[18] | (u32)x[19] << 16);
}

DEVICE RawGroup load_weights(const MatMulArguments &a, int type, const Format &f, i64 n, int group, int t) {
  int groups = f.elements / 32;
  i64 blocks = a.w.k / f.elements;
  return load_group(type, panel_block(a.w.view.at, f, blocks, n, group / groups), group % groups, t);
}

// Eight rows of x by a panel of w (with gate and up, one of each): a warp takes a segment of k at a time, and reads w
// straight from memory. Then a thread adds the segments of its output, in order. Blocks of a panel are neighbours.
template <int TYPE, int WEIGHT> DEVICE void matvec_blocks(const MatMulArguments &a) {
  SHARED float parts[ROUND][PANEL][8];
  Format f = format_of(WEIGHT);
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
    for (int first = 0; first < segments; first += ROUND) {
      __syncthreads();
      for (int s = first + warp; s < min(first + ROUND, segments); s += 8) {
        float sum[2][4] = {};
        int to = (int)(min((s + 1) * (i64)SEGMENT, a.w.k) / 32);
#pragma unroll 2
        for (int group = s * (SEGMENT / 32); group < to; group++) {
          uint4 x = x_quads(a, m0 + g, group * (i64)32, t);
          RawGroup raw[4];
#pragma unroll
          for (int i = 0; i < 4; i++) { // rows behind the last are read from the first, and not written
            i64 n = n0 + 8 * i + g;
            raw[i] = load_weights(a, WEIGHT, f, n < outputs ? n + set * outputs : 0, group, t);
          }
          float2 x_sums = has_minimum(WEIGHT) ? sums_of_x<TYPE>(x) : make_float2(0, 0);
          int within = group % (f.elements / 32);
#pragma unroll
          for (int i = 0; i < 2; i++) {
            uint4 upper = quants_of<TYPE>(WEIGHT, raw[2 * i], within, t);
            uint4 lower = quants_of<TYPE>(WEIGHT, raw[2 * i + 1], within, t);
            float2 scales[2] = {scales_of(WEIGHT, raw[2 * i], within), scales_of(WEIGHT, raw[2 * i + 1], within)};
            mma_quants<TYPE>(WEIGHT, sum[i], upper, lower, x, scales, &x_sums.x);
          }
        }
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

// 128 rows of w by 64 of x: eight warps of 32 by 32 each. A group of 32 of k a step: w is loaded a step ahead into
// registers, and its quants go to shared memory; x arrives by cp.async two steps ahead.
template <int TYPE> DEVICE void matmul_blocks(const MatMulArguments &a) {
  SHARED BlockTiles tiles;
  auto &ws = tiles.in.ws;
  auto &xs = tiles.in.xs;
  auto &scales = tiles.in.scales;
  auto &x_sums = tiles.in.x_sums;
  int type = a.w.view.type;
  Format f = format_of(type);
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int g = lane / 4;
  int t = lane % 4;
  int columns = warp % 4 * 32;
  int rows = warp / 4 * 32;
  TilePlace tile = tile_place(a, BLOCK_ROWS);
  i64 m0 = tile.row * BLOCK_ROWS;
  int groups = (int)(a.w.k / 32);
  RawGroup raw[2]; // rows threadIdx.x / 4 and 64 on of the tile

  auto load_w = [&](int group) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      i64 n = mma_column(a, tile.column, BLOCK_COLUMNS, threadIdx.x / 4 + 64 * i);
      raw[i] = load_weights(a, type, f, n < a.w.n ? n : 0, group, t);
    }
  };
  auto store_w = [&](int group) {
    int within = group % (f.elements / 32);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int row = threadIdx.x / 4 + 64 * i;
      ws[group % 2][t][row] = quants_of<TYPE>(type, raw[i], within, t);
      if (t == 0) {
        scales[group % 2][row] = scales_of(type, raw[i], within);
      }
    }
  };
  auto load_x = [&](int group) {
    if (group < groups) {
      int row = threadIdx.x / 4;
      load_x_chunk(a, m0 + row, group * (i64)32 + t * 8, &xs[group % 3][t][row]);
    }
    commit_copies();
  };
  // What lane (g, t) multiplies of row 8 j + g of x: halves of two chunks.
  auto x_operand = [&](int group, int row) {
    uint2 first = ((const uint2 *)&xs[group % 3][t / 2][row + g])[t % 2];
    uint2 second = ((const uint2 *)&xs[group % 3][2 + t / 2][row + g])[t % 2];
    return make_uint4(first.x, first.y, second.x, second.y);
  };
  auto sum_x = [&](int group) { // a warp takes eight rows
    if (has_minimum(type) && group < groups) {
      float2 sums = sums_of_x<TYPE>(x_operand(group, 8 * warp));
      if (g == 0) {
        x_sums[group % 2][8 * warp + 2 * t] = sums.x;
        x_sums[group % 2][8 * warp + 2 * t + 1] = sums.y;
      }
    }
  };

  float total[2][4][4] = {};
  float sum[2][4][4] = {};
  load_x(0);
  load_x(1);
  load_w(0);
  store_w(0);
  wait_copies<1>();
  __syncthreads();
  sum_x(0);
  for (int group = 0; group < groups; group++) {
    wait_copies<0>(); // the next group's x too
    __syncthreads();
    load_x(group + 2);
    if (group + 1 < groups) {
      load_w(group + 1);
    }
    sum_x(group + 1);
    int stage = group % 2;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      uint4 x = x_operand(group, rows + 8 * j);
      const float *sums = &x_sums[stage][rows + 8 * j + 2 * t];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int row = columns + 16 * i + g;
        float2 two[2] = {scales[stage][row], scales[stage][row + 8]};
        mma_quants<TYPE>(type, sum[i][j], ws[stage][t][row], ws[stage][t][row + 8], x, two, sums);
      }
    }
    if (group + 1 < groups) {
      store_w(group + 1);
    }
    if ((group + 1) % (SEGMENT / 32) == 0 || group + 1 == groups) {
#pragma unroll
      for (int i = 0; i < 32; i++) {
        total[i / 16][i / 4 % 4][i % 4] += sum[i / 16][i / 4 % 4][i % 4];
        sum[i / 16][i / 4 % 4][i % 4] = 0;
      }
    }
  }
  __syncthreads(); // the operands are read
  stage_sums<BLOCK_COLUMNS>(tiles.sums, total, rows, columns);
  __syncthreads();
  finish_tile<BLOCK_COLUMNS, BLOCK_ROWS>(a, tile, tiles.sums);
}

KERNEL(256, matmul_blocks_f16, MatMulArguments) { matmul_blocks<F16>(a); }
KERNEL(256, matmul_blocks_bf16, MatMulArguments) { matmul_blocks<BF16>(a); }

#define MATVEC_BLOCKS(name, type)                                                                                      \
  KERNEL(256, matvec_blocks_f16_##name, MatMulArguments) { matvec_blocks<F16, type>(a); }                              \
  KERNEL(256, matvec_blocks_bf16_##name, MatMulArguments) { matvec_blocks<BF16, type>(a); }

MATVEC_BLOCKS(q8_0, Q8_0)
MATVEC_BLOCKS(q4_0, Q4_0)
MATVEC_BLOCKS(q4_1, Q4_1)
MATVEC_BLOCKS(q5_0, Q5_0)
MATVEC_BLOCKS(q5_1, Q5_1)
MATVEC_BLOCKS(q4_k, Q4_K)
MATVEC_BLOCKS(q5_k, Q5_K)
MATVEC_BLOCKS(q6_k, Q6_K)
