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

// One segment of k of 32 rows of w by eight rows of x, w straight from memory.
template <int TYPE, int WEIGHT>
DEVICE void segment_blocks(const MatMulArguments &a, const PanelPlace &place, int set, int segment, float (*sum)[4]) {
  Format f = format_of(WEIGHT);
  int t = threadIdx.x % 4;
  int to = (int)(min((segment + 1) * (i64)SEGMENT, a.w.k) / 32);
#pragma unroll 2
  for (int group = segment * (SEGMENT / 32); group < to; group++) {
    uint4 x = x_quads(a, place.row + threadIdx.x % WARP / 4, group * (i64)32, t);
    RawGroup raw[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      raw[i] = load_weights(a, WEIGHT, f, place.weight(set, i), group, t);
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
}

template <int TYPE, int WEIGHT> DEVICE void matvec_blocks(const MatMulArguments &a) {
  PanelPlace place = panel_place(a);
  matvec_panel(a, place, [&](int set, int s, float(*sum)[4]) { segment_blocks<TYPE, WEIGHT>(a, place, set, s, sum); });
}

// A tile of 128 rows of w by 64 of x: eight warps of 32 by 32 each. A group of 32 of k a step: w is loaded a step ahead
// into registers, and its quants go to shared memory; x arrives by cp.async two steps ahead.
template <int TYPE> struct BlocksTile {
  BlockTiles *tiles;
  TilePlace place;
  Format f;
  int type;
  int groups;
  int g; // of this lane
  int t;
  int columns; // of the tile, this warp's first
  int rows;
  RawGroup raw[2]; // of rows threadIdx.x / 4 and 64 on of w

  DEVICE_MEMBER void begin(const MatMulArguments &a, BlockTiles *shared) {
    tiles = shared;
    place = tile_place(a, BLOCK_ROWS);
    type = a.w.view.type;
    f = format_of(type);
    groups = (int)(a.w.k / 32);
    g = threadIdx.x % WARP / 4;
    t = threadIdx.x % 4;
    columns = threadIdx.x / WARP % 4 * 32;
    rows = threadIdx.x / WARP / 4 * 32;
  }

  DEVICE_MEMBER void load_w(const MatMulArguments &a, int group) {
#pragma unroll
    for (int i = 0; group < groups && i < 2; i++) {
      i64 n = mma_column(a, place.column, BLOCK_COLUMNS, threadIdx.x / 4 + 64 * i);
      raw[i] = load_weights(a, type, f, n < a.w.n ? n : 0, group, t);
    }
  }

  DEVICE_MEMBER void store_w(int group) {
    int within = group % (f.elements / 32);
#pragma unroll
    for (int i = 0; group < groups && i < 2; i++) {
      int row = threadIdx.x / 4 + 64 * i;
      tiles->in.ws[group % 2][t][row] = quants_of<TYPE>(type, raw[i], within, t);
      if (t == 0) {
        tiles->in.scales[group % 2][row] = scales_of(type, raw[i], within);
      }
    }
  }

  DEVICE_MEMBER void load_x(const MatMulArguments &a, int group) const {
    if (group < groups) {
      int row = threadIdx.x / 4;
      load_x_chunk(a, place.row * BLOCK_ROWS + row, group * (i64)32 + t * 8, &tiles->in.xs[group % 3][t][row]);
    }
    commit_copies();
  }

  // What this lane multiplies of row `row` + g of x: halves of two chunks.
  DEVICE_MEMBER uint4 x_operand(int group, int row) const {
    uint2 first = ((const uint2 *)&tiles->in.xs[group % 3][t / 2][row + g])[t % 2];
    uint2 second = ((const uint2 *)&tiles->in.xs[group % 3][2 + t / 2][row + g])[t % 2];
    return make_uint4(first.x, first.y, second.x, second.y);
  }

  DEVICE_MEMBER void sum_x(int group) const { // a warp takes eight rows
    int row = threadIdx.x / WARP * 8;
    if (has_minimum(type) && group < groups) {
      float2 sums = sums_of_x<TYPE>(x_operand(group, row));
      if (g == 0) {
        tiles->in.x_sums[group % 2][row + 2 * t] = sums.x;
        tiles->in.x_sums[group % 2][row + 2 * t + 1] = sums.y;
      }
    }
  }

  DEVICE_MEMBER void multiply(int group, float (*sum)[4][4]) const {
    int stage = group % 2;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      uint4 x = x_operand(group, rows + 8 * j);
      const float *sums = &tiles->in.x_sums[stage][rows + 8 * j + 2 * t];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int row = columns + 16 * i + g;
        float2 two[2] = {tiles->in.scales[stage][row], tiles->in.scales[stage][row + 8]};
        mma_quants<TYPE>(type, sum[i][j], tiles->in.ws[stage][t][row], tiles->in.ws[stage][t][row + 8], x, two, sums);
      }
    }
  }
};

template <int TYPE> DEVICE void matmul_blocks(const MatMulArguments &a) {
  SHARED BlockTiles tiles;
  BlocksTile<TYPE> tile;
  tile.begin(a, &tiles);
  float total[2][4][4] = {};
  float sum[2][4][4] = {};
  tile.load_x(a, 0);
  tile.load_x(a, 1);
  tile.load_w(a, 0);
  tile.store_w(0);
  wait_copies<1>();
  __syncthreads();
  tile.sum_x(0);
  for (int group = 0; group < tile.groups; group++) {
    wait_copies<0>(); // the next group's x too
    __syncthreads();
    tile.load_x(a, group + 2);
    tile.load_w(a, group + 1);
    tile.sum_x(group + 1);
    tile.multiply(group, sum);
    tile.store_w(group + 1);
    if ((group + 1) % (SEGMENT / 32) == 0 || group + 1 == tile.groups) {
      end_segment(total, sum);
    }
  }
  finish_tile<BLOCK_COLUMNS, BLOCK_ROWS>(a, tile.place, tiles.sums, total, tile.rows, tile.columns);
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
